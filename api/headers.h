// Header fields in order, and all of their text, in one allocation: a head is read, passed on and
// written by every exchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace omni {

// Names are lower case (RFC 9113 section 8.2.1; harmless in HTTP/1). Views are valid until the next
// call that is not const.
class Headers {
  // The value follows the name.
  struct Entry {
    uint32_t at, name_size, value_size;
  };

 public:
  struct Field {
    std::string_view name, value;
  };
  // Bytes behind the last value that may be read, whatever they are.
  static constexpr size_t kSpareBytes = 16;

  Headers() = default;
  Headers(const Headers& other) { assign(other); }
  Headers(Headers&& other) noexcept { swap(other); }
  Headers& operator=(const Headers& other) {
    if (this != &other) assign(other);
    return *this;
  }
  Headers& operator=(Headers&& other) noexcept {
    Headers(std::move(other)).swap(*this);
    return *this;
  }
  void swap(Headers& other) noexcept;

  // `name` must be lower case already.
  void add(std::string_view name, std::string_view value);
  // Removes every field of that name, then adds this one.
  void set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
  }
  // Both remove and return how many fields went: those of a name, those for whose name `wanted` is
  // true.
  size_t remove(std::string_view name);
  template <class Wanted>
  size_t remove_if(Wanted wanted);
  void clear() { text_size_ = count_ = text_bytes_ = 0; }
  void reserve(size_t fields, size_t text_bytes) {
    const size_t wanted = block_bytes(fields, text_bytes);
    if (wanted > capacity_) move_to(wanted);
  }

  // The first field of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  // The same, empty when absent.
  std::string_view value(std::string_view name) const { return get(name).value_or(""); }
  size_t count(std::string_view name) const {
    size_t found = 0;
    for (size_t i = 0; i < count_; ++i) found += is_named(entry(i), name) ? 1 : 0;
    return found;
  }

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Field operator[](size_t index) const { return field(entry(index)); }
  // Bytes of all names and values.
  size_t text_bytes() const { return text_bytes_; }

  // For a reader that checks and copies in one go: the text of fields is written in place and then
  // announced. Requires a reserve() before. Nothing else may touch the headers while it lives.
  class Filler {
   public:
    explicit Filler(Headers& headers)
        : headers_(headers),
          at_(headers.block_.get() + headers.text_size_),
          next_(&headers.entry(headers.count_)) {}
    ~Filler() { headers_.take(at_, next_); }
    Filler(const Filler&) = delete;
    Filler& operator=(const Filler&) = delete;

    char* at() const { return at_; }
    // Bytes that may be written there; 0 when there is no room for another field.
    size_t room() const {
      const ptrdiff_t left = reinterpret_cast<char*>(next_) - at_;
      return left > static_cast<ptrdiff_t>(kSpareBytes) ? static_cast<size_t>(left) - kSpareBytes
                                                        : 0;
    }
    // The name stands at at(), the value behind it.
    void add(size_t name_size, size_t value_size) {
      *next_-- = {static_cast<uint32_t>(at_ - headers_.block_.get()),
                  static_cast<uint32_t>(name_size), static_cast<uint32_t>(value_size)};
      at_ += name_size + value_size;
    }

   private:
    Headers& headers_;
    char* at_;
    Entry* next_;
  };

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
  Iterator end() const { return {this, count_}; }

 private:
  // Entries stand at the end of the block, the first one last.
  Entry& entry(size_t index) const {
    return reinterpret_cast<Entry*>(block_.get() + capacity_)[-1 - static_cast<ptrdiff_t>(index)];
  }
  Field field(const Entry& entry) const {
    const char* name = block_.get() + entry.at;
    return {{name, entry.name_size}, {name + entry.name_size, entry.value_size}};
  }
  bool is_named(const Entry& entry, std::string_view name) const {
    return entry.name_size == name.size() &&
           std::char_traits<char>::compare(block_.get() + entry.at, name.data(), name.size()) == 0;
  }
  static size_t block_bytes(size_t fields, size_t text_bytes) {
    return (text_bytes + kSpareBytes + fields * sizeof(Entry) + 15) / 16 * 16;
  }
  // Moves to a block of so many bytes; returns the one before, which `add` may still read from.
  std::unique_ptr<char[]> move_to(size_t capacity);
  void append(std::string_view name, std::string_view value);
  // What a filler has left: the end of the text, and the place of the next entry.
  void take(const char* text_end, const Entry* next);
  void add_growing(std::string_view name, std::string_view value);
  void assign(const Headers& other);

  // Text of removed fields stays until clear(): heads are short-lived.
  std::unique_ptr<char[]> block_;
  uint32_t capacity_ = 0;
  uint32_t text_size_ = 0;
  uint32_t count_ = 0;
  uint32_t text_bytes_ = 0;
};

inline void Headers::swap(Headers& other) noexcept {
  block_.swap(other.block_);
  std::swap(capacity_, other.capacity_);
  std::swap(text_size_, other.text_size_);
  std::swap(count_, other.count_);
  std::swap(text_bytes_, other.text_bytes_);
}

inline void Headers::append(std::string_view name, std::string_view value) {
  using Text = std::char_traits<char>;  // Copies nothing from nowhere, which memcpy may not.
  char* at = block_.get() + text_size_;
  Text::copy(at, name.data(), name.size());
  Text::copy(at + name.size(), value.data(), value.size());
  entry(count_++) = {text_size_, static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(value.size())};
  const auto bytes = static_cast<uint32_t>(name.size() + value.size());
  text_size_ += bytes;
  text_bytes_ += bytes;
}

inline void Headers::take(const char* text_end, const Entry* next) {
  const auto size = static_cast<uint32_t>(text_end - block_.get());
  text_bytes_ += size - text_size_;
  text_size_ = size;
  count_ += static_cast<uint32_t>(&entry(count_) - next);
}

inline void Headers::add(std::string_view name, std::string_view value) {
  const size_t bytes = text_size_ + name.size() + value.size();
  if (bytes + kSpareBytes + (count_ + size_t{1}) * sizeof(Entry) > capacity_)
    return add_growing(name, value);
  append(name, value);
}

inline void Headers::add_growing(std::string_view name, std::string_view value) {
  const size_t wanted = block_bytes(count_ + size_t{4}, text_size_ + name.size() + value.size());
  const std::unique_ptr<char[]> before = move_to(wanted + capacity_ + 128);
  append(name, value);
}

inline std::unique_ptr<char[]> Headers::move_to(size_t capacity) {
  if (capacity > UINT32_MAX) std::abort();  // Nobody has a head of four gigabytes.
  auto block = std::make_unique_for_overwrite<char[]>(capacity);
  if (block_ != nullptr) {
    std::memcpy(block.get(), block_.get(), text_size_);
    const size_t entry_bytes = count_ * sizeof(Entry);
    std::memcpy(block.get() + capacity - entry_bytes, block_.get() + capacity_ - entry_bytes,
                entry_bytes);
  }
  block_.swap(block);
  capacity_ = static_cast<uint32_t>(capacity);
  return block;
}

inline void Headers::assign(const Headers& other) {
  Headers copy;
  if (other.count_ > 0) {
    copy.reserve(other.count_, other.text_bytes_);
    for (const Field field : other) copy.append(field.name, field.value);
  }
  swap(copy);
}

template <class Wanted>
size_t Headers::remove_if(Wanted wanted) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    const Entry each = entry(i);
    if (wanted(field(each).name)) {
      text_bytes_ -= each.name_size + each.value_size;
    } else {
      entry(kept++) = each;
    }
  }
  return std::exchange(count_, kept) - kept;
}

inline size_t Headers::remove(std::string_view name) {
  return remove_if([&](std::string_view other) { return other == name; });
}

inline std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (size_t i = 0; i < count_; ++i)
    if (is_named(entry(i), name)) return field(entry(i)).value;
  return std::nullopt;
}

}  // namespace omni
