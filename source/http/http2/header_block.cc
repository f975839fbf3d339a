#include "source/http/http2/header_block.h"

#include <charconv>

#include "source/http/vocabulary.h"

namespace omni {
namespace {

// nghttp2 takes pointers that are not const and does not write through them.
uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

void HeaderBlock::add(std::string_view name, std::string_view value) {
  fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void HeaderBlock::add_all(const Headers& headers) {
  for (const Headers::Field field : headers) {
    if (is_made_by_codec(field.name) || !is_token(field.name) || !is_field_value(field.value))
      continue;
    add(field.name, field.value);
  }
}

void HeaderBlock::add_length(uint64_t length) {
  char* const begin = length_.data();
  const char* const end = std::to_chars(begin, begin + length_.size(), length).ptr;
  add("content-length", {begin, static_cast<size_t>(end - begin)});
}

void HeaderBlock::add_status(int status) {
  char* const begin = status_.data();
  const char* const end = std::to_chars(begin, begin + status_.size(), status).ptr;
  add(":status", {begin, static_cast<size_t>(end - begin)});
}

uint32_t to_error_code(ResetReason reason) {
  switch (reason) {
    case ResetReason::kCancelled:
      return NGHTTP2_CANCEL;
    case ResetReason::kRefused:
      return NGHTTP2_REFUSED_STREAM;
    case ResetReason::kProtocolError:
      return NGHTTP2_PROTOCOL_ERROR;
    case ResetReason::kInternal:
      break;
  }
  return NGHTTP2_INTERNAL_ERROR;
}

ResetReason to_reset_reason(uint32_t error_code) {
  switch (error_code) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_CANCEL:
      return ResetReason::kCancelled;
    case NGHTTP2_REFUSED_STREAM:
      return ResetReason::kRefused;
    case NGHTTP2_INTERNAL_ERROR:
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return ResetReason::kInternal;
    default:
      return ResetReason::kProtocolError;
  }
}

}  // namespace omni
