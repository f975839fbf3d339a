#include "source/http/http1/wire.h"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "source/http/octets.h"
#include "source/http/vocabulary.h"

namespace omni {
namespace {

// Up to here one copy is cheaper than three slices, each with its own iovec and reference.
constexpr size_t kCopiedChunkBytes = 1024;
// Left free behind a head, so that a short body's chunk or length line lands in the same block, and
// copying sixteen bytes at a time may write over it.
constexpr size_t kLineSpare = 96;

// Fills a block whose size was computed before.
class Pen {
 public:
  explicit Pen(size_t capacity)
      : block_(Block::create(capacity + kLineSpare)), at_(block_->data()) {}

  void put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // `field` is of Headers, so that something behind its text may be read.
  void put(const Headers::Field& field) {
    char* at = at_;
    if (!copy_plain_token(field.name, at) && !is_token(field.name)) return;
    at += field.name.size();
    std::memcpy(at, ": ", 2);
    at += 2;
    if (!copy_plain_value(field.value, at) && !is_field_value(field.value)) return;
    at += field.value.size();
    std::memcpy(at, "\r\n", 2);
    at_ = at + 2;
  }
  void put(char c) { *at_++ = c; }
  void put_number(uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  void finish(Buffer& out) {
    const auto size = static_cast<size_t>(at_ - block_->data());
    block_->set_used(size);
    out.append(Slice(block_->data(), size, block_));
  }

 private:
  Block* block_;
  char* at_;
};

// The longest of everything that put_framing() and put_connection() may write.
constexpr size_t kFixedBytes = 128;
constexpr size_t kFieldOverhead = 4;  // ": " and CRLF

void put_fields(const Headers& headers, Pen& pen) {
  for (const Headers::Field field : headers)
    if (!is_made_by_codec(field.name)) pen.put(field);
}

void put_framing(std::optional<uint64_t> length, BodyFraming framing, Pen& pen) {
  if (framing == BodyFraming::kChunked) {
    pen.put("transfer-encoding: chunked\r\n");
  } else if (length) {
    pen.put("content-length: ");
    pen.put_number(*length);
    pen.put("\r\n");
  }
}

void put_connection(ConnectionWord word, Pen& pen) {
  if (word == ConnectionWord::kClose) pen.put("connection: close\r\n");
  if (word == ConnectionWord::kKeepAlive) pen.put("connection: keep-alive\r\n");
}

void append_chunk(Buffer&& body, Buffer& out) {
  std::array<char, kCopiedChunkBytes + 24> line;
  char* at = std::to_chars(line.data(), line.data() + 16, body.size(), 16).ptr;
  *at++ = '\r';
  *at++ = '\n';
  const bool is_copied = body.size() <= kCopiedChunkBytes;
  if (is_copied) {
    for (size_t i = 0; i < body.slice_count(); ++i) {
      const std::string_view bytes = body.slice(i).view();
      std::memcpy(at, bytes.data(), bytes.size());
      at += bytes.size();
    }
    *at++ = '\r';
    *at++ = '\n';
  }
  out.append({line.data(), static_cast<size_t>(at - line.data())});
  if (is_copied) return body.clear();
  out.append(std::move(body));
  out.append_static("\r\n");
}

}  // namespace

void write_response_head(const ResponseHead& head, std::optional<uint64_t> length,
                         BodyFraming framing, ConnectionWord word, Buffer& out) {
  const std::string_view reason = reason_phrase(head.status);
  Pen pen(kFixedBytes + reason.size() + head.headers.text_bytes() +
          head.headers.size() * kFieldOverhead);
  pen.put("HTTP/1.1 ");
  pen.put_number(static_cast<uint64_t>(head.status));
  pen.put(' ');
  pen.put(reason);
  pen.put("\r\n");
  put_fields(head.headers, pen);
  put_framing(length, framing, pen);
  put_connection(word, pen);
  pen.put("\r\n");
  pen.finish(out);
}

void write_request_head(const RequestHead& head, std::optional<uint64_t> length,
                        BodyFraming framing, Buffer& out) {
  Pen pen(kFixedBytes + head.method.size() + head.target.size() * 3 + 1 + head.authority.size() +
          head.headers.text_bytes() + head.headers.size() * kFieldOverhead);
  pen.put(is_token(head.method) ? std::string_view(head.method) : "GET");
  pen.put(' ');
  if (is_target(head.target)) {
    pen.put(head.target);
  } else {
    pen.put(encode_target(head.target));
  }
  pen.put(" HTTP/1.1\r\nhost: ");
  if (is_authority(head.authority)) pen.put(head.authority);
  pen.put("\r\n");
  put_fields(head.headers, pen);
  put_framing(length, framing, pen);
  pen.put("\r\n");
  pen.finish(out);
}

bool BodyWriter::write(Buffer&& body, Buffer& out) {
  if (body.empty()) return true;
  switch (framing_) {
    case BodyFraming::kNone:
      body.clear();
      return true;
    case BodyFraming::kChunked:
      append_chunk(std::move(body), out);
      return true;
    case BodyFraming::kUntilClose:
      out.append(std::move(body));
      return true;
    case BodyFraming::kFixed:
      break;
  }
  const bool fits = body.size() <= left_;
  if (fits) {
    left_ -= body.size();
    out.append(std::move(body));
  } else {
    out.append(body.take(left_));
    left_ = 0;
  }
  return fits;
}

bool BodyWriter::finish(Buffer& out) {
  if (framing_ == BodyFraming::kChunked) out.append_static("0\r\n\r\n");
  return framing_ != BodyFraming::kFixed || left_ == 0;
}

}  // namespace omni
