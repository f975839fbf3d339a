// Reading a client's request field by field, with errors that name the field as the client wrote
// it.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "source/json/skim.h"
#include "source/llm/call_error.h"
#include "source/llm/text.h"

namespace omni::llm {

// Where a value stands: `messages[3].content`. On the stack of whoever walks there; becomes text
// only for an error.
struct Place {
  const Place* up = nullptr;
  std::string_view key;
  int index = -1;

  std::string text() const;
};

// Each function is false once something was refused; the first error stands. A null counts as not
// given everywhere.
class FieldWalk {
 public:
  using Member = absl::FunctionRef<bool(const json::Skimmed& value, const Place& place)>;

  std::optional<CallError>& error() { return error_; }
  // `place: message`.
  bool fail(const Place& place, std::string_view message);

  // The document itself.
  bool document(std::string_view body, Member visit);
  bool members(const json::Skimmed& object, const Place& place, Member visit);
  bool items(const json::Skimmed& array, const Place& place, Member visit);

  bool text(const json::Skimmed& value, const Place& place, Text& out);
  bool required(const Text& text, const Place& object, std::string_view key);
  bool boolean(const json::Skimmed& value, const Place& place, std::optional<bool>& out);
  bool integer(const json::Skimmed& value, const Place& place, std::optional<int64_t>& out);
  // A number that stays as it was written.
  bool number(const json::Skimmed& value, const Place& place, std::string_view& out);
  // Any value, or an object, that is well-formed to its end.
  bool raw(const json::Skimmed& value, const Place& place, std::string_view& out);
  bool raw_object(const json::Skimmed& value, const Place& place, std::string_view& out);
  // A string that is one of `words`: its index.
  bool word(const json::Skimmed& value, const Place& place,
            std::initializer_list<std::string_view> words, int& out);

 private:
  bool walk(json::Skimmer& skimmer, const Place& place, bool is_array, Member visit);

  std::optional<CallError> error_;
};

// Splits `data:TYPE;base64,DATA`; false when `url` is none, not in Base64, or
// says nothing of type or data.
bool split_data_url(std::string_view url, std::string_view& type, std::string_view& data);

}  // namespace omni::llm
