// Reading JSON in one pass, on demand: what is not asked for is skipped, not parsed. simdjson stays
// behind this header.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace omni::json {

// Bytes that must be readable after a document (their values do not matter).
inline constexpr size_t kPadding = 64;
// Nesting beyond this is refused in whatever is read.
inline constexpr int kMaxDepth = 256;

enum class Kind : uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull };

class Value;
// A member or an item. The value may be read once, during the call; views that it gives live until
// read() returns. A status that is not OK stops the walk and is what read() returns.
using VisitMember = absl::FunctionRef<absl::Status(std::string_view key, Value& value)>;
using VisitItem = absl::FunctionRef<absl::Status(Value& value)>;

class Value {
 public:
  Kind kind() const { return kind_; }
  // Where the value begins in the document, and the quote of its key (null for an item).
  const char* begin() const { return begin_; }
  const char* key_begin() const { return key_begin_; }
  // The bytes of a scalar as they stand, quotes included, white space excluded.
  std::string_view raw() const;
  // A string with its escapes resolved.
  absl::StatusOr<std::string_view> text();
  absl::StatusOr<double> number();
  absl::StatusOr<int64_t> integer();  // Refuses 1.5 and 1e300, takes 2.0.
  absl::StatusOr<bool> boolean();
  // Every member of an object, keys with their escapes resolved, repeated ones as they come.
  absl::Status members(VisitMember visit);
  absl::Status items(VisitItem visit);

 private:
  friend struct Access;
  Value(void* value, Kind kind, const char* begin, int depth)
      : value_(value), kind_(kind), begin_(begin), depth_(depth) {}

  void* value_;
  Kind kind_;
  const char* begin_;
  const char* key_begin_ = nullptr;
  int depth_;
};

// Parses `document`, which must have kPadding readable bytes after it, and visits its members. The
// top level is walked to its end even when nobody asks for more, so that repeated keys are seen;
// anything but white space after it is an error, as is any root but an object. Errors are
// kInvalidArgument with a short reason. One document at a time per thread; not re-entrant.
absl::Status read_object(std::string_view document, VisitMember visit);

}  // namespace omni::json
