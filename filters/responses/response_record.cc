#include "filters/responses/response_record.h"

#include "source/base/digest.h"
#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni::filters {
namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

std::string ResponseRecord::encode() const {
  RecordWriter out(kVersion);
  for (const std::string* text : {&owner, &id, &parent, &provider, &account, &session})
    out.text(*text);
  out.i64(created_us);
  out.i64(used_us);
  out.u8(static_cast<uint8_t>(state));
  out.boolean(is_background);
  out.boolean(is_deleted);
  out.boolean(is_whole);
  out.u32(children);
  out.u64(bytes);
  out.u64(maker.process);
  out.u32(maker.worker);
  return std::move(out).take();
}

absl::StatusOr<ResponseRecord> ResponseRecord::decode(std::string_view bytes) {
  RecordReader in(bytes);
  OMNI_RETURN_IF_ERROR(check_version(in.u8(), kVersion, "response"));
  ResponseRecord out;
  for (std::string* text :
       {&out.owner, &out.id, &out.parent, &out.provider, &out.account, &out.session})
    *text = in.text();
  out.created_us = in.i64();
  out.used_us = in.i64();
  const uint8_t state = in.u8();
  out.is_background = in.boolean();
  out.is_deleted = in.boolean();
  out.is_whole = in.boolean();
  out.children = in.u32();
  out.bytes = in.u64();
  out.maker.process = in.u64();
  out.maker.worker = in.u32();
  OMNI_RETURN_IF_ERROR(in.finish("response"));
  if (state > static_cast<uint8_t>(State::kOver))
    return error(absl::StatusCode::kDataLoss, "response: unknown state");
  out.state = static_cast<State>(state);
  return out;
}

std::string response_key(int64_t time_us, uint64_t chance) {
  std::string out;
  append_big64(out, static_cast<uint64_t>(time_us));
  append_big64(out, chance);
  return out;
}

// Whoever guesses an id of another owner finds nothing: it is another name.
std::string id_key(std::string_view owner, std::string_view id) {
  std::string text(owner);
  text += '\0';
  text += id;
  return std::string(as_bytes(sha256(text)).substr(0, kResponseKeyBytes));
}

std::string body_key(std::string_view key, BodyKind kind) {
  std::string out(key);
  out += static_cast<char>(kind);
  return out;
}

std::string age_key(int64_t used_us, std::string_view key) {
  std::string out;
  append_big64(out, static_cast<uint64_t>(used_us));
  out += key;
  return out;
}

}  // namespace omni::filters
