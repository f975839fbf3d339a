// HTTP messages as the program sees them, whatever version carried them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace omni {

// Header fields in order. Names are lower case (RFC 9113 section 8.2.1; harmless in HTTP/1).
// All text lives in one string, so a head costs two allocations whatever its size.
// Views are valid until the next call that is not const.
class Headers {
 public:
  struct Field {
    std::string_view name, value;
  };

  // `name` must be lower case already.
  void add(std::string_view name, std::string_view value);
  // Removes every field of that name, then adds this one.
  void set(std::string_view name, std::string_view value);
  // Returns how many fields went.
  size_t remove(std::string_view name);
  // Removes every field for which `wanted(name)` is true.
  template <class Wanted>
  void remove_if(Wanted wanted);
  void clear();
  void reserve(size_t fields, size_t text_bytes);

  // The first field of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  // The same, empty when absent.
  std::string_view value(std::string_view name) const;
  size_t count(std::string_view name) const;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Field operator[](size_t index) const { return field(entries_[index]); }
  // Bytes of all names and values.
  size_t text_bytes() const { return text_bytes_; }

  class Iterator {
   public:
    Iterator(const Headers* headers, size_t at) : headers_(headers), at_(at) {}
    Field operator*() const { return (*headers_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    const Headers* headers_;
    size_t at_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, entries_.size()}; }

 private:
  struct Entry {
    uint32_t name_at, name_size, value_at, value_size;
  };
  Field field(const Entry& entry) const {
    const std::string_view text(text_);
    return {text.substr(entry.name_at, entry.name_size),
            text.substr(entry.value_at, entry.value_size)};
  }
  bool is_named(const Entry& entry, std::string_view name) const {
    return entry.name_size == name.size() &&
           text_.compare(entry.name_at, entry.name_size, name.data(), name.size()) == 0;
  }

  // Text of removed fields stays until clear(): heads are short-lived.
  std::string text_;
  std::vector<Entry> entries_;
  size_t text_bytes_ = 0;
};

inline void Headers::add(std::string_view name, std::string_view value) {
  const auto at = static_cast<uint32_t>(text_.size());
  const auto name_size = static_cast<uint32_t>(name.size());
  text_.append(name).append(value);
  entries_.push_back({at, name_size, at + name_size, static_cast<uint32_t>(value.size())});
  text_bytes_ += name.size() + value.size();
}

inline void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

template <class Wanted>
void Headers::remove_if(Wanted wanted) {
  size_t kept = 0;
  for (const Entry entry : entries_) {
    if (wanted(field(entry).name)) {
      text_bytes_ -= entry.name_size + entry.value_size;
    } else {
      entries_[kept++] = entry;
    }
  }
  entries_.resize(kept);
}

inline size_t Headers::remove(std::string_view name) {
  const size_t before = entries_.size();
  remove_if([&](std::string_view other) { return other == name; });
  return before - entries_.size();
}

inline void Headers::clear() {
  text_.clear();
  entries_.clear();
  text_bytes_ = 0;
}

inline void Headers::reserve(size_t fields, size_t text_bytes) {
  entries_.reserve(fields);
  text_.reserve(text_bytes);
}

inline std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (is_named(entry, name)) return field(entry).value;
  return std::nullopt;
}

inline std::string_view Headers::value(std::string_view name) const {
  return get(name).value_or(std::string_view());
}

inline size_t Headers::count(std::string_view name) const {
  size_t found = 0;
  for (const Entry& entry : entries_) found += is_named(entry, name) ? 1 : 0;
  return found;
}

struct RequestHead {
  std::string method;     // As sent, case-sensitive (RFC 9110 section 9.1).
  std::string target;     // Path and query as sent: "/v1/models?x=1".
  std::string authority;  // Host, or :authority.
  std::string scheme;     // "http" or "https".
  // Without Host, pseudo-headers, hop-by-hop fields and content-length: codecs take these off when
  // they read a head, and leave out the last two when they write one.
  Headers headers;
  // The length the sender announced; nullopt when chunked or HTTP/2 without content-length.
  std::optional<uint64_t> content_length;
  bool has_body = false;  // False when headers are followed by complete at once.
};

struct ResponseHead {
  int status = 200;
  Headers headers;
  // As in RequestHead. Codecs frame by it; a nullopt body is chunked, or ends with the stream.
  std::optional<uint64_t> content_length;
};

// An answer made here instead of upstream. Neutral: it is rendered in the client's dialect.
struct LocalReply {
  int status = 500;
  std::string code;             // Stable word, listed in docs/errors.md: "model_not_found".
  std::string message;          // One sentence for a person; never holds a secret.
  std::string param;            // The field at fault in the client's terms, or empty.
  int retry_after_seconds = 0;  // 0: no Retry-After.
  std::vector<std::pair<std::string, std::string>> headers;  // Extra ones, names lower case.
  std::string type;  // A provider's own word for the kind of error; empty: what the status says.
};

}  // namespace omni
