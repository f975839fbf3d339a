#include "source/store/tables.h"

#include <cstring>
#include <utility>

#include "source/base/status.h"
#include "source/store/record_codec.h"

namespace omni {
namespace {

using store::RecordReader;
using store::RecordWriter;

constexpr uint8_t kKeyVersion = 1;
constexpr uint8_t kUsageVersion = 1;
constexpr size_t kDisplayPrefixBytes = 7;

}  // namespace

std::string GatewayKeyRecord::encode() const {
  RecordWriter out(kKeyVersion);
  out.text(id);
  out.text(name);
  out.raw(as_bytes(hash));
  // No more than this may ever reach the disk: the rest of a key is secret.
  out.text(std::string_view(display_prefix).substr(0, kDisplayPrefixBytes));
  out.i64(created_at_us);
  out.boolean(is_disabled);
  out.boolean(is_banned);
  out.boolean(no_log);
  out.optional_i64(expires_at_us);
  out.texts(allowed_models);
  return std::move(out).take();
}

absl::StatusOr<GatewayKeyRecord> GatewayKeyRecord::decode(std::string_view bytes) {
  RecordReader in(bytes);
  OMNI_RETURN_IF_ERROR(store::check_version(in.u8(), kKeyVersion, "key"));
  GatewayKeyRecord out;
  out.id = in.text();
  out.name = in.text();
  const std::string_view hash = in.raw(out.hash.size());
  if (!hash.empty()) std::memcpy(out.hash.data(), hash.data(), hash.size());
  out.display_prefix = in.text();
  out.created_at_us = in.i64();
  out.is_disabled = in.boolean();
  out.is_banned = in.boolean();
  out.no_log = in.boolean();
  out.expires_at_us = in.optional_i64();
  out.allowed_models = in.texts();
  OMNI_RETURN_IF_ERROR(in.finish("key"));
  return out;
}

std::string UsageRecord::encode() const {
  RecordWriter out(kUsageVersion);
  out.i64(time_us);
  for (const std::string* each : {&exchange_id, &key_id, &key_name, &model_asked, &model_sent,
                                  &provider, &account, &dialect}) {
    out.text(*each);
  }
  out.u16(status);
  out.boolean(is_streamed);
  out.boolean(is_estimated);
  out.boolean(is_aborted);
  for (const uint64_t each :
       {input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens}) {
    out.u64(each);
  }
  out.i64(total_us);
  out.i64(first_byte_us);
  out.optional_i64(cost_nanodollars);
  return std::move(out).take();
}

absl::StatusOr<UsageRecord> UsageRecord::decode(std::string_view bytes) {
  RecordReader in(bytes);
  OMNI_RETURN_IF_ERROR(store::check_version(in.u8(), kUsageVersion, "usage"));
  UsageRecord out;
  out.time_us = in.i64();
  for (std::string* each : {&out.exchange_id, &out.key_id, &out.key_name, &out.model_asked,
                            &out.model_sent, &out.provider, &out.account, &out.dialect}) {
    *each = in.text();
  }
  out.status = in.u16();
  out.is_streamed = in.boolean();
  out.is_estimated = in.boolean();
  out.is_aborted = in.boolean();
  for (uint64_t* each : {&out.input_tokens, &out.output_tokens, &out.cached_tokens,
                         &out.cache_write_tokens, &out.reasoning_tokens}) {
    *each = in.u64();
  }
  out.total_us = in.i64();
  out.first_byte_us = in.i64();
  out.cost_nanodollars = in.optional_i64();
  OMNI_RETURN_IF_ERROR(in.finish("usage"));
  return out;
}

std::string usage_key(int64_t time_us, uint32_t sequence) {
  std::string out;
  store::append_big64(out, static_cast<uint64_t>(time_us) * 1000);
  store::append_big32(out, sequence);
  return out;
}

}  // namespace omni
