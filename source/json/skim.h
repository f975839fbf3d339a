// Reading a few members of a large object: nested values are stepped over 64 bytes at a time and
// never parsed. What is skipped is the next reader's to judge; what is visited is well-formed.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "source/json/reader.h"

namespace omni::json {

// One member of an object. Views of the document; `key` may also live in the walk's scratch and
// dies with the call.
struct Skimmed {
  std::string_view key;  // Escapes resolved: `m\u006fdel` is `model`.
  Kind kind = Kind::kNull;
  std::string_view raw;             // The value's bytes, quotes and brackets included.
  const char* key_begin = nullptr;  // The key's opening quote.

  bool is_true() const { return kind == Kind::kBoolean && raw.front() == 't'; }
  // A string with its escapes resolved.
  absl::StatusOr<std::string> text() const;
  absl::StatusOr<double> number() const;
  absl::StatusOr<int64_t> integer() const;  // Refuses 1.5 and 1e300, takes 2.0.
};

using VisitSkimmed = absl::FunctionRef<absl::Status(const Skimmed& member)>;

// Visits every member of the object, repeated ones as they come, and walks to its end. Errors are
// kInvalidArgument: not an object, a broken member, something behind the object. Needs no padding;
// re-entrant, so `raw` of an object can be skimmed in turn. A status from `visit` ends the walk.
absl::Status skim_object(std::string_view document, VisitSkimmed visit);
// The same for the items of an array; `key` is empty.
absl::Status skim_array(std::string_view document, VisitSkimmed visit);

// The size of the object or array that `text` begins with; 0 when it does not end. Strings are
// respected; whether brackets match in kind is not looked at.
size_t nested_size(std::string_view text);

}  // namespace omni::json
