#include "source/admin/receipt_view.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "source/admin/receipt_verdict.h"
#include "source/json/builder.h"
#include "source/llm/cost.h"

namespace omni {
namespace {

using json::Builder;

int64_t number(uint64_t value) { return static_cast<int64_t>(value); }
// Of what is one more than it is, and 0 when it never happened.
int64_t before(uint64_t value) { return number(value) - 1; }

std::string time_text(int64_t us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(us), absl::UTCTimeZone());
}

std::string micros(uint64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

void put(Builder& out, std::string_view name, std::string_view text) {
  text.empty() ? out.null(name) : out.string(name, text);
}

void put_moment(Builder& out, std::string_view name, int64_t us) {
  us < 0 ? out.null(name) : out.number(name, us);
}

void put_target(Builder& out, const ReceiptTry& made) {
  out.string("provider", made.provider);
  put(out, "account", made.account);
  put(out, "model", made.model);
}

void put_head(Builder& out, const ReceiptId& id, const Receipt& receipt) {
  out.string("id", view_of(id.text()));
  out.string("requestId", fmt::format("req_{:016x}", id.exchange));
  out.string("time", time_text(receipt.ended_us - std::max<int64_t>(before(receipt.total_us), 0)));
  out.string("endTime", time_text(receipt.ended_us));
  out.number("status", number(receipt.status));
  put(out, "error", receipt.error_code);
  out.boolean("aborted", receipt.has(Receipt::kAborted));
  out.boolean("streamed", receipt.has(Receipt::kStreamed));
  out.boolean("background", receipt.has(Receipt::kBackground));
  out.string("method", receipt.method);
  out.string("path", receipt.path);
  out.string("protocol", receipt.protocol);
  out.string("client", receipt.peer);
  if (receipt.key_id.empty() && receipt.key_name.empty()) {
    out.null("apiKey");
  } else {
    out.object("apiKey").string("id", receipt.key_id).string("name", receipt.key_name).end_object();
  }
  put(out, "sessionId", receipt.session);
}

void put_model(Builder& out, const Receipt& receipt) {
  put(out, "modelAsked", receipt.model_asked);
  if (receipt.answered > 0 && receipt.answered <= receipt.tries.size()) {
    out.object("served");
    put_target(out, receipt.tries[receipt.answered - 1]);
    out.end_object();
  } else {
    out.null("served");
  }
  if (receipt.combo.empty()) {
    out.null("combo");
  } else {
    out.object("combo")
        .string("name", receipt.combo)
        .string("strategy", receipt.strategy)
        .number("targets", number(receipt.targets))
        .end_object();
  }
  out.object("dialect");
  put(out, "client", receipt.dialect);
  put(out, "target", receipt.target_dialect);
  out.end_object();
}

void put_verdicts(Builder& out, const Receipt& receipt) {
  out.array("verdicts");
  for (const ReceiptVerdict& each : verdicts_of(receipt))
    out.object()
        .string("filter", each.filter)
        .string("verdict", each.verdict)
        .string("reason", each.reason)
        .member("us", micros(each.spent_ns))
        .end_object();
  out.end_array();
}

void put_attempts(Builder& out, const Receipt& receipt) {
  static constexpr std::string_view kResults[] = {"answered", "failed", "hedge_lost", "cut"};
  out.array("attempts");
  for (const ReceiptTry& made : receipt.tries) {
    out.object();
    put_target(out, made);
    out.string("result", kResults[static_cast<size_t>(made.end)]);
    out.number("status", number(made.status));
    put(out, "reason", made.reason);
    out.boolean("hedge", made.is_hedge);
    out.number("startUs", number(made.start_us));
    put_moment(out, "firstByteUs", made.first_byte_us > 0 ? number(made.first_byte_us) : -1);
    out.number("us", number(made.total_us));
    put(out, "upstreamRequestId", made.upstream_id);
    out.end_object();
  }
  out.end_array();
}

void put_skips(Builder& out, const Receipt& receipt) {
  out.array("skipped");
  for (const ReceiptSkip& skip : receipt.skips) {
    out.object().string("provider", skip.provider);
    put(out, "account", skip.account);
    out.string("model", skip.model);
    out.string("reason", skip.why).string("message", explain_skip(skip.why));
    put_moment(out, "retryAfterMs", skip.left_ms > 0 ? number(skip.left_ms) : -1);
    out.end_object();
  }
  out.end_array();
}

void put_price(Builder& out, const ReceiptPrice& price) {
  static constexpr std::string_view kRates[] = {"input",      "output",       "cached",
                                                "cacheWrite", "cacheWrite1h", "reasoning",
                                                "audioInput", "audioOutput"};
  static constexpr std::string_view kSources[] = {"nobody answered", "no price", "catalogue",
                                                  "file", "provider"};
  out.object("price").string("source", kSources[static_cast<size_t>(price.source)]);
  put(out, "version", price.version);
  if (price.tier != ServiceTier::kUnsaid) out.string("tier", name_of(price.tier));
  out.object("perMillion");
  for (size_t i = 0; i < price.rates.size(); ++i)
    if (price.rates[i])
      out.member(kRates[i],
                 fmt::format("{}.{:06}", *price.rates[i] / 1'000'000, *price.rates[i] % 1'000'000));
  out.end_object().end_object();
}

void put_cost(Builder& out, const Receipt& receipt) {
  out.object("tokens")
      .number("input", number(receipt.input_tokens))
      .number("output", number(receipt.output_tokens))
      .number("cached", number(receipt.cached_tokens))
      .number("cacheWrite", number(receipt.cache_write_tokens))
      .number("reasoning", number(receipt.reasoning_tokens))
      .boolean("estimated", receipt.has(Receipt::kEstimated))
      .end_object();
  if (receipt.cost_nanodollars)
    out.member("cost", llm::dollars(number(*receipt.cost_nanodollars)));
  else
    out.null("cost");
  put_price(out, receipt.price);
}

void put_phases(Builder& out, const Receipt& receipt) {
  uint64_t filters_ns = 0;
  for (const ReceiptStep& each : receipt.steps) filters_ns += each.spent_ns;
  out.object("phases");
  put_moment(out, "requestUs", before(receipt.request_us));
  out.member("filtersUs", micros(filters_ns));
  const int64_t first = before(receipt.first_byte_us);
  const auto begins_first = std::min_element(
      receipt.tries.begin(), receipt.tries.end(),
      [](const ReceiptTry& a, const ReceiptTry& b) { return a.start_us < b.start_us; });
  const bool has_waited = first >= 0 && begins_first != receipt.tries.end();
  put_moment(out, "targetsUs",
             has_waited ? std::max<int64_t>(first - number(begins_first->start_us), 0) : -1);
  put_moment(out, "firstByteUs", first);
  put_moment(out, "answerUs", first < 0 ? -1 : before(receipt.total_us) - first);
  put_moment(out, "totalUs", before(receipt.total_us));
  out.end_object();
  out.object("bytes")
      .number("in", number(receipt.bytes_in))
      .number("out", number(receipt.bytes_out))
      .end_object();
}

}  // namespace

std::string render_receipt(const ReceiptId& id, const Receipt& receipt) {
  std::string text;
  Builder out(text);
  out.object();
  put_head(out, id, receipt);
  put_model(out, receipt);
  put_verdicts(out, receipt);
  put_attempts(out, receipt);
  put_skips(out, receipt);
  put_cost(out, receipt);
  put_phases(out, receipt);
  out.end_object();
  return text;
}

}  // namespace omni
