#include "source/store/receipt.h"

#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni {
namespace {

constexpr uint8_t kVersion = 1;

// The fields in the order of the bytes: for writing, reading and measuring alike. Written out
// rather than listed, so that each is handled where it stands.
template <class Self, class Do>
void each_number(Self& self, Do handle) {
  handle(self.flags);
  handle(self.status);
  handle(self.request_us);
  handle(self.first_byte_us);
  handle(self.total_us);
  handle(self.bytes_in);
  handle(self.bytes_out);
  handle(self.input_tokens);
  handle(self.output_tokens);
  handle(self.cached_tokens);
  handle(self.cache_write_tokens);
  handle(self.reasoning_tokens);
  handle(self.targets);
  handle(self.answered);
}
constexpr size_t kNumbers = 14;

template <class Self, class Do>
void each_text(Self& self, Do handle) {
  handle(self.method);
  handle(self.path);
  handle(self.peer);
  handle(self.protocol);
  handle(self.key_id);
  handle(self.key_name);
  handle(self.session);
  handle(self.model_asked);
  handle(self.combo);
  handle(self.strategy);
  handle(self.dialect);
  handle(self.target_dialect);
  handle(self.error_code);
  handle(self.refusal);
  handle(self.price.version);
}

template <class Self, class Do>
void each_text_of_try(Self& self, Do handle) {
  handle(self.provider);
  handle(self.account);
  handle(self.model);
  handle(self.reason);
  handle(self.upstream_id);
}

template <class Self, class Do>
void each_number_of_try(Self& self, Do handle) {
  handle(self.status);
  handle(self.start_us);
  handle(self.first_byte_us);
  handle(self.total_us);
}
constexpr size_t kNumbersOfTry = 4;

template <class Self, class Do>
void each_text_of_skip(Self& self, Do handle) {
  handle(self.provider);
  handle(self.account);
  handle(self.model);
  handle(self.why);
}

constexpr size_t kNumber = PackedWriter::kMostNumberBytes;

// The source and the tier share a byte: receipts of versions that knew no tiers have none.
constexpr int kTierShift = 4;

void write(PackedWriter& out, const ReceiptPrice& price) {
  out.u8(static_cast<uint8_t>(static_cast<unsigned>(price.source) |
                              static_cast<unsigned>(price.tier) << kTierShift));
  uint8_t known = 0;
  for (size_t i = 0; i < price.rates.size(); ++i) known |= price.rates[i] ? 1u << i : 0u;
  out.u8(known);
  for (const std::optional<uint64_t>& rate : price.rates)
    if (rate) out.number(*rate);
}

// False for what no writer writes, here and below.
bool read(RecordReader& in, ReceiptPrice& price) {
  const uint8_t both = in.u8(), known = in.u8();
  const auto source = static_cast<uint8_t>(both & ((1u << kTierShift) - 1));
  const auto tier = static_cast<uint8_t>(both >> kTierShift);
  price.source = static_cast<ReceiptPrice::Source>(source);
  price.tier = static_cast<ServiceTier>(tier);
  for (size_t i = 0; i < price.rates.size(); ++i)
    if ((known >> i & 1) != 0) price.rates[i] = in.packed_number();
  return source <= static_cast<uint8_t>(ReceiptPrice::Source::kProvider) &&
         tier <= static_cast<uint8_t>(ServiceTier::kUltrafast);
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
  each_text_of_try(made, [&](std::string_view& text) { text = in.packed_text(); });
  each_number_of_try(made, [&](uint64_t& number) { number = in.packed_number(); });
  return end <= static_cast<uint8_t>(ReceiptTry::End::kCut);
}

bool read(RecordReader& in, ReceiptSkip& skip) {
  each_text_of_skip(skip, [&](std::string_view& text) { text = in.packed_text(); });
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
  // Version, where the price is from, which rates are known; time, cost, rates and four counts.
  size_t out = 3 + (kNumbers + 2 + ReceiptPrice::kRates + 4) * kNumber;
  const auto add = [&](std::string_view text) { out += PackedWriter::bound(text); };
  each_text(*this, add);
  for (const ReceiptStep& each : steps) out += PackedWriter::bound(each.filter) + 1 + kNumber;
  for (const ReceiptTry& each : tries) {
    each_text_of_try(each, add);
    out += 1 + kNumbersOfTry * kNumber;
  }
  for (const ReceiptSkip& each : skips) {
    each_text_of_skip(each, add);
    out += kNumber;
  }
  for (const std::string_view each : dropped) add(each);
  return out;
}

size_t Receipt::encode(char* to) const {
  PackedWriter out(to);
  const auto put_number = [&](uint64_t number) { out.number(number); };
  const auto put_text = [&](std::string_view text) { out.text(text); };
  out.u8(kVersion);
  out.number(static_cast<uint64_t>(ended_us));
  each_number(*this, put_number);
  // One more than it is; 0: there is none.
  out.number(cost_nanodollars ? *cost_nanodollars + 1 : 0);
  each_text(*this, put_text);
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
    each_text_of_try(each, put_text);
    each_number_of_try(each, put_number);
  }
  out.number(skips.size());
  for (const ReceiptSkip& each : skips) {
    each_text_of_skip(each, put_text);
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
  each_number(out, [&](uint64_t& number) { number = in.packed_number(); });
  if (const uint64_t cost = in.packed_number(); cost > 0) out.cost_nanodollars = cost - 1;
  each_text(out, [&](std::string_view& text) { text = in.packed_text(); });
  const bool is_good = read(in, out.price) && read_list(in, out.steps) &&
                       read_list(in, out.tries) && read_list(in, out.skips) &&
                       read_list(in, out.dropped);
  if (!is_good) return error(absl::StatusCode::kDataLoss, "receipt record: holds an unknown word");
  OMNI_RETURN_IF_ERROR(in.finish("receipt"));
  return out;
}

}  // namespace omni
