// Reading a few members of a large object: nested values are stepped over 64 bytes at a time and
// never parsed. What is skipped is the next reader's to judge, unless the walk is told to check it;
// what is visited is well-formed.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace omni::json {

enum class Kind : uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull };

// Bytes of one document that may be read, whoever asks for a part of it.
struct Readable {
  const char* begin = nullptr;
  const char* end = nullptr;
};

// One member of an object. Views of the document; `key` may also live in the walk's scratch and
// dies with the next step.
struct Skimmed {
  std::string_view key;  // Escapes resolved: `m\u006fdel` is `model`.
  Kind kind = Kind::kNull;
  // A string known to hold neither escapes nor control characters, so that its bytes are its text;
  // a number known to be at most 15 digits and nothing else.
  bool is_plain = false;
  std::string_view raw;             // The value's bytes, quotes and brackets included.
  const char* key_begin = nullptr;  // The key's opening quote.
  Readable readable;

  bool is_true() const { return kind == Kind::kBoolean && raw.front() == 't'; }
  // The bytes between the quotes of a string.
  std::string_view inside() const { return raw.substr(1, raw.size() - 2); }
  // A string with its escapes resolved.
  absl::StatusOr<std::string> text() const;
  absl::StatusOr<double> number() const;
  absl::StatusOr<int64_t> integer() const;  // Refuses 1.5 and 1e300, takes 2.0.
  // Of a plain number.
  int64_t plain_integer() const {
    int64_t out = 0;
    for (const char c : raw) out = out * 10 + (c - '0');
    return out;
  }
};

// Steps over one object or array, repeated keys as they come:
//     while (skimmer.next(member)) ...;
//     if (!skimmer.ok()) return skimmer.status();
// Errors are kInvalidArgument: not an object, a broken member, something behind the object. Needs
// no padding. Skimmers of one document may be nested.
class Skimmer {
 public:
  // What may stand behind the closing bracket: blanks, or what is no part of this walk.
  enum class Behind : bool { kBlanks, kAnything };
  // Whether what is stepped over must be JSON, too. Then the document is, when the walk is over.
  enum class Inner : bool { kSkipped, kChecked };
  // `kind` is what the document must be: kObject, or kArray, whose items have an empty key.
  Skimmer(std::string_view document, Kind kind, Behind behind = Behind::kBlanks,
          Inner inner = Inner::kSkipped);
  // The object or array that another walk gave, while its document is whole.
  explicit Skimmer(const Skimmed& nested);
  Skimmer(const Skimmer&) = delete;
  Skimmer& operator=(const Skimmer&) = delete;

  // False at the end of the document and at the first thing that is broken; not to be called again
  // then.
  bool next(Skimmed& member);
  bool ok() const { return error_.empty(); }
  absl::Status status() const;
  // The document's closing bracket, once next() has returned false and all is well.
  const char* closing() const { return closing_; }

 private:
  // Positions are handed on as pointers; null means that error_ is set.
  const char* begin_walk();
  const char* between_members();
  const char* end_or_comma();
  const char* take_key(const char* at, Skimmed& member);
  const char* take_usual_key(const char* at, Skimmed& member);
  const char* take_digits(const char* at, Skimmed& member);
  const char* take_value(const char* at, Skimmed& member);
  const char* take_string(const char* at, Skimmed& member);
  const char* take_nested(const char* at, Skimmed& member);
  const char* take_scalar(const char* at, Skimmed& member);
  const char* resolve_key(Skimmed& member);
  const char* finish(const char* at);
  [[gnu::cold]] const char* fail(std::string_view text) {
    error_ = text;
    return nullptr;
  }
  const char* skip_blanks(const char* at) const;
  const char* string_end(const char* at, bool& is_plain) const;
  const char* far_string_end(const char* at) const;
  uint32_t special_bytes(const char* at) const;
  uint32_t special_bytes_near_end(const char* at) const;

  const char* at_;
  const char* const end_;
  const Readable readable_;
  const bool is_object_;
  const Behind behind_;
  const Inner inner_;
  bool has_begun_ = false;
  const char* closing_ = nullptr;
  std::string_view error_;
  std::string key_;  // One that holds escapes.
};

// Visits every member of the object, to its end. A status from `visit` ends the walk.
using VisitSkimmed = absl::FunctionRef<absl::Status(const Skimmed& member)>;
absl::Status skim_object(std::string_view document, VisitSkimmed visit);

// The size of the object or array that `text` begins with; 0 when it does not end. Strings are
// respected; whether brackets match in kind is not looked at.
size_t nested_size(std::string_view text);
// The same, where bytes around `text` may be read too.
size_t nested_size(std::string_view text, const Readable& readable);

}  // namespace omni::json
