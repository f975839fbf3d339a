#include "source/store/receipt.h"

#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni {
namespace {

constexpr uint8_t kVersion = 1;

// The fields in the order of the bytes: for writing, reading and measuring alike.
template <class Self>
auto numbers_of(Self& self) {
  return std::array{
      &self.flags,         &self.status,        &self.request_us,         &self.first_byte_us,
      &self.total_us,      &self.bytes_in,      &self.bytes_out,          &self.input_tokens,
      &self.output_tokens, &self.cached_tokens, &self.cache_write_tokens, &self.reasoning_tokens,
      &self.targets,       &self.answered};
}

template <class Self>
auto texts_of(Self& self) {
  return std::array{&self.method,     &self.path,     &self.peer,         &self.protocol,
                    &self.key_id,     &self.key_name, &self.session,      &self.model_asked,
                    &self.combo,      &self.strategy, &self.dialect,      &self.target_dialect,
                    &self.error_code, &self.refusal,  &self.price.version};
}

template <class Self>
auto texts_of_try(Self& self) {
  return std::array{&self.provider, &self.account, &self.model, &self.reason, &self.upstream_id};
}

template <class Self>
auto numbers_of_try(Self& self) {
  return std::array{&self.status, &self.start_us, &self.first_byte_us, &self.total_us};
}

template <class Self>
auto texts_of_skip(Self& self) {
  return std::array{&self.provider, &self.account, &self.model, &self.why};
}

constexpr size_t kNumber = PackedWriter::kMostNumberBytes;

template <class Texts>
size_t bound_of(const Texts& texts) {
  size_t out = 0;
  for (const std::string_view* each : texts) out += PackedWriter::bound(*each);
  return out;
}

void write(PackedWriter& out, const ReceiptPrice& price) {
  out.u8(static_cast<uint8_t>(price.source));
  uint8_t known = 0;
  for (size_t i = 0; i < price.rates.size(); ++i) known |= price.rates[i] ? 1u << i : 0u;
  out.u8(known);
  for (const std::optional<uint64_t>& rate : price.rates)
    if (rate) out.number(*rate);
}

// False for what no writer writes, here and below.
bool read(RecordReader& in, ReceiptPrice& price) {
  const uint8_t source = in.u8(), known = in.u8();
  price.source = static_cast<ReceiptPrice::Source>(source);
  for (size_t i = 0; i < price.rates.size(); ++i)
    if ((known >> i & 1) != 0) price.rates[i] = in.packed_number();
  return source <= static_cast<uint8_t>(ReceiptPrice::Source::kFile);
}

bool read(RecordReader& in, ReceiptStep& step) {
  step.filter = in.packed_text();
  const uint8_t state = in.u8();
  step.state = static_cast<ReceiptStep::State>(state);
  step.spent_ns = in.packed_number();
  return state <= static_cast<uint8_t>(ReceiptStep::State::kRefused);
}

constexpr uint8_t kHedgeBit = 0x80;

bool read(RecordReader& in, ReceiptTry& made) {
  const uint8_t how = in.u8();
  made.is_hedge = (how & kHedgeBit) != 0;
  const uint8_t end = how & ~kHedgeBit;
  made.end = static_cast<ReceiptTry::End>(end);
  for (std::string_view* text : texts_of_try(made)) *text = in.packed_text();
  for (uint64_t* number : numbers_of_try(made)) *number = in.packed_number();
  return end <= static_cast<uint8_t>(ReceiptTry::End::kCut);
}

bool read(RecordReader& in, ReceiptSkip& skip) {
  for (std::string_view* text : texts_of_skip(skip)) *text = in.packed_text();
  skip.left_ms = in.packed_number();
  return true;
}

bool read(RecordReader& in, std::string_view& text) {
  text = in.packed_text();
  return true;
}

template <class Item>
bool read_list(RecordReader& in, std::vector<Item>& list) {
  bool is_good = true;
  for (size_t left = in.packed_count(); left > 0 && is_good; --left)
    is_good = read(in, list.emplace_back());
  return is_good;
}

}  // namespace

void Receipt::clear() {
  auto kept_steps = std::move(steps);
  auto kept_tries = std::move(tries);
  auto kept_skips = std::move(skips);
  auto kept_dropped = std::move(dropped);
  kept_steps.clear();
  kept_tries.clear();
  kept_skips.clear();
  kept_dropped.clear();
  *this = Receipt();
  steps = std::move(kept_steps);
  tries = std::move(kept_tries);
  skips = std::move(kept_skips);
  dropped = std::move(kept_dropped);
}

size_t Receipt::bound() const {
  // Version, time, whether there is a cost and the cost, the price, and four counts.
  size_t out = 2 + (3 + numbers_of(*this).size() + price.rates.size() + 4) * kNumber;
  out += bound_of(texts_of(*this));
  for (const ReceiptStep& each : steps) out += PackedWriter::bound(each.filter) + 1 + kNumber;
  for (const ReceiptTry& each : tries)
    out += bound_of(texts_of_try(each)) + 1 + numbers_of_try(each).size() * kNumber;
  for (const ReceiptSkip& each : skips) out += bound_of(texts_of_skip(each)) + kNumber;
  for (const std::string_view each : dropped) out += PackedWriter::bound(each);
  return out;
}

size_t Receipt::encode(char* to) const {
  PackedWriter out(to);
  out.u8(kVersion);
  out.number(static_cast<uint64_t>(ended_us));
  for (const uint64_t* number : numbers_of(*this)) out.number(*number);
  // One more than it is; 0: there is none.
  out.number(cost_nanodollars ? *cost_nanodollars + 1 : 0);
  for (const std::string_view* text : texts_of(*this)) out.text(*text);
  write(out, price);
  out.number(steps.size());
  for (const ReceiptStep& each : steps) {
    out.text(each.filter);
    out.u8(static_cast<uint8_t>(each.state));
    out.number(each.spent_ns);
  }
  out.number(tries.size());
  for (const ReceiptTry& each : tries) {
    out.u8(static_cast<uint8_t>(static_cast<uint8_t>(each.end) | (each.is_hedge ? kHedgeBit : 0)));
    for (const std::string_view* text : texts_of_try(each)) out.text(*text);
    for (const uint64_t* number : numbers_of_try(each)) out.number(*number);
  }
  out.number(skips.size());
  for (const ReceiptSkip& each : skips) {
    for (const std::string_view* text : texts_of_skip(each)) out.text(*text);
    out.number(each.left_ms);
  }
  out.number(dropped.size());
  for (const std::string_view each : dropped) out.text(each);
  return static_cast<size_t>(out.at() - to);
}

absl::StatusOr<Receipt> Receipt::parse(std::string_view bytes) {
  RecordReader in(bytes);
  OMNI_RETURN_IF_ERROR(check_version(in.u8(), kVersion, "receipt"));
  Receipt out;
  out.ended_us = static_cast<int64_t>(in.packed_number());
  for (uint64_t* number : numbers_of(out)) *number = in.packed_number();
  if (const uint64_t cost = in.packed_number(); cost > 0) out.cost_nanodollars = cost - 1;
  for (std::string_view* text : texts_of(out)) *text = in.packed_text();
  const bool is_good = read(in, out.price) && read_list(in, out.steps) &&
                       read_list(in, out.tries) && read_list(in, out.skips) &&
                       read_list(in, out.dropped);
  if (!is_good) return error(absl::StatusCode::kDataLoss, "receipt record: holds an unknown word");
  OMNI_RETURN_IF_ERROR(in.finish("receipt"));
  return out;
}

}  // namespace omni
