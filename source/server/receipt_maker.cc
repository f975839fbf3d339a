#include "source/server/receipt_maker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "api/cost.h"
#include "api/snapshot.h"
#include "source/catalog/price_list.h"
#include "source/http/path.h"
#include "source/routing/combo.h"
#include "source/server/access_log.h"
#include "source/server/unnoted.h"

namespace omni {
namespace {

std::string_view shown(std::string_view text) { return text.substr(0, kMostReceiptText); }

std::string_view path_of(Exchange& exchange) {
  const std::string& path = exchange.facts().path;
  const std::string_view target(exchange.request().target);
  // Keys may stand in the query.
  return path.empty() ? target.substr(0, target.find('?')) : std::string_view(path);
}

const GatewayKey* key_of(const Facts& facts) {
  return facts.principal.key != nullptr ? facts.principal.key : facts.trail.refused_key;
}

llm::Usage usage_of(const Facts& facts) { return whole_usage(facts, usage_of_answer(facts)); }

void put_flag(Receipt& out, Receipt::Flag flag, bool is_set) {
  if (is_set) out.flags |= flag;
}

void put_flags(const Finished& finished, Receipt& out) {
  const Facts& facts = finished.exchange.facts();
  const Answer& answer = facts.answer;
  put_flag(out, Receipt::kStreamed, answer.is_stream);
  put_flag(out, Receipt::kAborted, finished.aborted);
  put_flag(out, Receipt::kUnknownKey, facts.trail.has_unknown_key);
  put_flag(out, Receipt::kKeyRefused, facts.trail.refused_key != nullptr);
  put_flag(out, Receipt::kKeyLimited,
           facts.principal.key != nullptr && facts.principal.key->limits.any());
  put_flag(out, Receipt::kTranslated,
           answer.provider != nullptr && answer.dialect != facts.call.dialect());
  put_flag(out, Receipt::kBackground, !facts.kept->job.empty());
}

void put_numbers(const Finished& finished, Receipt& out) {
  const Facts& facts = finished.exchange.facts();
  out.status = count_of(finished.status);
  out.request_us = count_of(finished.phases.request_complete + 1);
  out.first_byte_us = count_of(finished.phases.first_byte + 1);
  out.total_us = count_of(finished.phases.end + 1);
  out.bytes_in = finished.bytes_in;
  out.bytes_out = finished.bytes_out;
  const llm::Usage usage = usage_of(facts);
  put_flag(out, Receipt::kEstimated, usage.estimated);
  out.input_tokens = count_of(usage.input);
  out.output_tokens = count_of(usage.output);
  out.cached_tokens = count_of(usage.cached);
  out.cache_write_tokens = count_of(usage.cache_write);
  out.reasoning_tokens = count_of(usage.reasoning);
  out.targets = facts.plan.combo != nullptr ? facts.plan.places.size() : facts.plan.targets.size();
}

void put_texts(const Finished& finished, Receipt& out) {
  Exchange& exchange = finished.exchange;
  const Facts& facts = exchange.facts();
  out.method = shown(exchange.request().method);
  out.path = shown(path_of(exchange));
  out.peer = shown(finished.peer);
  out.protocol = finished.protocol;
  if (const GatewayKey* key = key_of(facts)) {
    out.key_id = key->id;
    out.key_name = key->name;
  }
  out.session = shown(facts.session);
  out.model_asked = shown(facts.call.model());
  if (facts.plan.combo != nullptr) {
    out.combo = facts.plan.combo->name;
    out.strategy = routing::name_of(facts.plan.combo->strategy);
  }
  out.dialect = name_of(facts.call.dialect());
  if (facts.answer.provider != nullptr) out.target_dialect = name_of(facts.answer.dialect);
  out.error_code = shown(facts.error_code);
  out.refusal = shown(*facts.trail.refusal);
  for (const std::string& each : facts.answer.dropped) out.dropped.push_back(shown(each));
}

// Picodollars a token, as cost_of() reckons.
uint64_t rate(double per_million) {
  return static_cast<uint64_t>(std::llround(std::clamp(per_million, 0.0, 1e9) * 1e6));
}

void put_price(Exchange& exchange, const Price* standard, ReceiptPrice& out) {
  using Source = ReceiptPrice::Source;
  const Facts& facts = exchange.facts();
  if (facts.answer.provider == nullptr) return;
  const llm::Usage& usage = usage_of_answer(facts);
  out.tier = billed_tier(facts, usage);
  out.source = usage.cost_nanos >= 0     ? Source::kProvider
               : standard == nullptr     ? Source::kNone
               : standard->is_configured ? Source::kFile
                                         : Source::kCatalogue;
  if (standard == nullptr || out.source == Source::kProvider) return;
  out.version = standard->is_configured
                    ? std::string_view(exchange.snapshot().source_hash).substr(0, 12)
                    : price_list_version();
  const Price* price = &price_in(*standard, out.tier);
  const std::optional<double> rates[] = {
      price->input,          price->output,    price->cached,      price->cache_write,
      price->cache_write_1h, price->reasoning, price->audio_input, price->audio_output};
  for (size_t i = 0; i < out.rates.size(); ++i)
    if (rates[i]) out.rates[i] = rate(*rates[i]);
}

void put_steps(const Facts& facts, Receipt& out) {
  bool is_behind_all = true;
  for (const Step& step : facts.trail.steps)
    out.steps.push_back(
        {step.filter, static_cast<ReceiptStep::State>(step.state), count_of(step.spent_ns)});
  // Who has no part in the request's way in passes it on unasked.
  for (size_t i = out.steps.size(); i-- > 0;) {
    ReceiptStep& step = out.steps[i];
    const bool was_asked = step.state >= ReceiptStep::State::kPassed;
    if (!is_behind_all && !was_asked) step.state = ReceiptStep::State::kPassed;
    is_behind_all &= !was_asked;
  }
}

bool is_answer(const ReceiptTry& made, const Answer& answer) {
  return made.provider == answer.provider->id && made.model == answer.model &&
         made.account == answer.account;
}

void put_attempts(const Facts& facts, Receipt& out) {
  using End = ReceiptTry::End;
  for (const Attempt& attempt : facts.attempts) {
    ReceiptTry& made = out.tries.emplace_back();
    made.provider = attempt.provider->id;
    made.account = attempt.account;
    made.model = attempt.model;
    made.reason = shown(attempt.reason);
    made.upstream_id = attempt.upstream_id.view();
    made.is_hedge = attempt.is_hedge;
    made.end = attempt.reason == kHedgeLost ? End::kLost
               : attempt.reason.empty()     ? End::kAnswered
                                            : End::kFailed;
    made.status = count_of(attempt.status);
    made.start_us = count_of(attempt.start_us);
    made.first_byte_us = count_of(attempt.first_byte_us);
    made.total_us = count_of(attempt.total_us);
  }
}

void put_underway(const Finished& finished, Receipt& out) {
  const Facts& facts = finished.exchange.facts();
  each_unnoted(facts, [&](const Underway& each, std::string_view reason) {
    ReceiptTry& made = out.tries.emplace_back();
    made.provider = each.target->provider->id;
    if (each.target->account != nullptr) made.account = each.target->account->name;
    made.model = each.target->model;
    made.reason = shown(reason);
    made.end = ReceiptTry::End::kCut;
    made.is_hedge = &each == &facts.trail.underway[1];
    made.start_us = count_of(each.began_us);
    made.total_us = count_of(finished.phases.end - each.began_us);
    if (facts.answer.is_committed && is_answer(made, facts.answer)) made.status = 200;
  });
}

// An answer that was made here has a provider whom nobody asked.
void put_own_answer(const Answer& answer, Receipt& out) {
  ReceiptTry& made = out.tries.emplace_back();
  made.provider = answer.provider->id;
  made.account = answer.account;
  made.model = answer.model;
  made.reason = "answered_here";
  made.end = ReceiptTry::End::kAnswered;
  made.status = out.status;
}

void put_tries(const Finished& finished, Receipt& out) {
  const Facts& facts = finished.exchange.facts();
  put_attempts(facts, out);
  put_underway(finished, out);
  if (facts.answer.provider == nullptr) return;
  if (out.tries.empty() || facts.answer.source == Answer::Source::kLocal)
    put_own_answer(facts.answer, out);
  for (size_t i = out.tries.size(); i > 0 && out.answered == 0; --i)
    if (is_answer(out.tries[i - 1], facts.answer)) out.answered = i;
}

// Who failed in this request is not told of a second time for resting after it.
void put_skips(const Facts& facts, absl::Time now, Receipt& out) {
  const int64_t now_ms = absl::ToUnixMillis(now);
  for (const routing::Skipped& each : facts.trail.skipped) {
    const std::string_view account =
        each.account != nullptr ? std::string_view(each.account->name) : "";
    const auto is_same = [&](const ReceiptTry& made) {
      return made.provider == each.provider->id && made.model == each.model &&
             (account.empty() || made.account == account);
    };
    if (std::any_of(out.tries.begin(), out.tries.end(), is_same)) continue;
    out.skips.push_back(
        {each.provider->id, account, each.model, each.why, count_of(each.until_ms - now_ms)});
  }
}

}  // namespace

bool has_receipt_path(Exchange& exchange) {
  const std::string_view path = path_of(exchange);
  return is_below(path, "/v1") || is_below(path, "/v1beta") || is_below(path, "/api/v1") ||
         is_below(path, "/api/v1beta");
}

bool gives_receipt(const Facts& facts) {
  const GatewayKey* key = key_of(facts);
  return facts.trail.is_on && (key == nullptr || !key->no_log);
}

void fill_receipt(const Finished& finished, const Price* price, Receipt& out) {
  const Facts& facts = finished.exchange.facts();
  out.clear();
  out.ended_us = absl::ToUnixMicros(finished.at);
  put_flags(finished, out);
  put_numbers(finished, out);
  put_texts(finished, out);
  put_price(finished.exchange, price, out.price);
  if (const std::optional<int64_t> cost = cost_of(facts, price))
    out.cost_nanodollars = count_of(*cost);
  put_steps(facts, out);
  put_tries(finished, out);
  put_skips(facts, finished.at, out);
}

}  // namespace omni
