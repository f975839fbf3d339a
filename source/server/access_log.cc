#include "source/server/access_log.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "api/cost.h"
#include "api/snapshot.h"
#include "source/base/check.h"
#include "source/json/pen.h"
#include "source/log/log_line.h"
#include "source/server/unnoted.h"
#include "source/store/receipt_id.h"

namespace omni {
namespace {

// A member's name as a literal that templates can take.
template <size_t kSize>
struct Name {
  char text[kSize];
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is what is meant.
  consteval Name(const char (&name)[kSize]) { std::copy_n(name, kSize, text); }
};

// `,"name":` or ` name=`, made when this is compiled.
template <bool kJson, Name kName>
consteval auto make_opening() {
  constexpr size_t kLength = sizeof kName.text - 1, kAround = kJson ? 4 : 2;
  std::array<char, kLength + kAround> out{};
  char* at = out.data();
  *at++ = kJson ? ',' : ' ';
  if (kJson) *at++ = '"';
  at = std::copy_n(kName.text, kLength, at);
  if (kJson) *at++ = '"';
  *at = kJson ? ':' : '=';
  return out;
}

// Writes members into one line.
template <bool kJson>
class Line {
 public:
  explicit Line(char* at) : pen_(at) {}

  json::Pen& pen() { return pen_; }

  template <Name kName>
  void name() {
    static constexpr auto kOpening = make_opening<kJson, kName>();
    std::memcpy(pen_.room(kOpening.size()), kOpening.data(), kOpening.size());
  }
  template <Name kName>
  void text(std::string_view value) {
    if (value.empty()) return;
    name<kName>();
    pen_.quoted(value);
  }
  // For values that hold nothing a JSON string must escape.
  template <Name kName>
  void word(std::string_view value) {
    name<kName>();
    pen_.put('"');
    pen_.put(value);
    pen_.put('"');
  }
  template <Name kName>
  void number(int64_t value) {
    if (value < 0) return;
    name<kName>();
    pen_.number(value);
  }
  template <Name kName>
  void flag(bool value) {
    if (!value) return;
    name<kName>();
    pen_.literal("true");
  }

 private:
  json::Pen pen_;
};

// What clients choose is cut: a line beyond the log's ring would be dropped, and with it the trace
// of the request.
constexpr size_t kMostText = 1024;
std::string_view cut(std::string_view text) { return text.substr(0, kMostText); }

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

// What the fixed parts of a line and its numbers come to at most; the same of an attempt.
constexpr size_t kLineBytes = 904, kAttemptBytes = 128;

// Those that were over, and of a client that left those that it did not wait for.
template <class Each>
void each_attempt(const Finished& finished, Each each) {
  const Facts& facts = finished.exchange.facts();
  for (const Attempt& attempt : facts.attempts) each(attempt);
  if (!finished.aborted) return;
  each_unnoted(facts, [&](const Underway& underway, std::string_view reason) {
    Attempt cut;
    cut.provider = underway.target->provider;
    cut.model = underway.target->model;
    cut.reason = reason;
    cut.total_us = finished.phases.end - underway.began_us;
    const bool is_answer = facts.answer.is_committed && facts.answer.provider == cut.provider &&
                           facts.answer.model == cut.model;
    if (is_answer) cut.status = 200;
    each(cut);
  });
}

// No line is longer.
size_t line_bound(const Finished& finished, std::string_view path) {
  const Facts& facts = finished.exchange.facts();
  const Answer& answer = facts.answer;
  size_t quoted = path.size() + cut(facts.call.model()).size() + facts.error_code.size();
  if (facts.principal.key != nullptr) quoted += facts.principal.key->name.size();
  if (answer.provider != nullptr)
    quoted += answer.provider->id.size() + answer.account.size() + answer.model.size();
  size_t plain = kLineBytes + finished.exchange.public_id().size() + finished.peer.size() +
                 finished.protocol.size() + finished.exchange.request().method.size();
  each_attempt(finished, [&](const Attempt& attempt) {
    quoted += attempt.model.size() + attempt.reason.size();
    plain += kAttemptBytes + attempt.provider->id.size();
  });
  return plain + json::quoted_bound(quoted);
}

void put_attempt(json::Pen& pen, const Attempt& attempt) {
  pen.literal(R"({"target":")");
  pen.put(attempt.provider->id);
  pen.put('/');
  pen.inside(attempt.model);
  pen.literal(R"(","status":)");
  pen.number(attempt.status);
  pen.literal(R"(,"first_byte_us":)");
  pen.number(attempt.first_byte_us);
  pen.literal(R"(,"us":)");
  pen.number(attempt.total_us);
  if (!attempt.reason.empty()) {
    pen.literal(R"(,"reason":)");
    pen.quoted(attempt.reason);
  }
  pen.put('}');
}

template <bool kJson>
void put_attempts(Line<kJson>& line, const Finished& finished) {
  char separator = '[';
  each_attempt(finished, [&](const Attempt& attempt) {
    if (separator == '[') line.template name<"attempts">();
    line.pen().put(separator);
    put_attempt(line.pen(), attempt);
    separator = ',';
  });
  if (separator == ',') line.pen().put(']');
}

ServiceTier tier_of(const Facts& facts) {
  if (facts.answer.provider == nullptr) return ServiceTier::kUnsaid;
  return billed_tier(facts, usage_of_answer(facts));
}

// No price is not a price of nothing.
template <bool kJson>
void put_cost(Line<kJson>& line, const Facts& facts) {
  const bool is_answered = facts.answer.provider != nullptr && facts.usage.is_known();
  if (!is_answered && !cost_of_asides(facts)) return;
  const std::optional<int64_t> cost = cost_of(facts);
  line.template name<"cost">();
  line.pen().put(cost ? llm::dollars(*cost) : std::string("null"));
  if (cost) return;
  line.template name<"priced">();
  line.pen().literal("false");
}

template <bool kJson>
void put_answer(Line<kJson>& line, const Facts& facts) {
  const Answer& answer = facts.answer;
  line.template text<"model">(cut(facts.call.model()));
  if (answer.provider != nullptr) {
    line.template text<"provider">(answer.provider->id);
    line.template text<"account">(answer.account);
    line.template text<"target">(answer.model);
  }
  line.template flag<"stream">(answer.is_stream);
  const llm::Usage usage = whole_usage(facts, facts.usage);
  line.template number<"input_tokens">(usage.input);
  line.template number<"output_tokens">(usage.output);
  line.template number<"cached_tokens">(usage.cached);
  line.template flag<"estimated">(usage.estimated);
  if (const ServiceTier tier = tier_of(facts); tier > ServiceTier::kStandard)
    line.template word<"tier">(name_of(tier));
  put_cost(line, facts);
}

template <bool kJson>
char* put_line(char* at, const Finished& finished, std::string_view path) {
  Exchange& exchange = finished.exchange;
  const Facts& facts = exchange.facts();
  Line<kJson> line(at);
  if (kJson) line.pen().literal(R"({"time":")");
  put_time(line.pen(), finished.at);
  if (kJson) {
    line.pen().literal(R"(","level":"info","message":"access")");
  } else {
    line.pen().literal(" info access");
  }
  line.template word<"request_id">(exchange.public_id());
  if (facts.trail.receipt_ms != 0)
    line.template word<"receipt">(
        view_of(ReceiptId{.ms = facts.trail.receipt_ms, .exchange = exchange.id()}.text()));
  if (facts.principal.key != nullptr) line.template text<"key">(facts.principal.key->name);
  line.template word<"peer">(finished.peer);
  line.template word<"protocol">(finished.protocol);
  line.template word<"method">(exchange.request().method);
  line.template text<"path">(path);
  line.template number<"status">(finished.status);
  put_answer(line, facts);
  line.template text<"error">(facts.error_code);
  line.template flag<"aborted">(finished.aborted);
  line.template number<"bytes_in">(static_cast<int64_t>(finished.bytes_in));
  line.template number<"bytes_out">(static_cast<int64_t>(finished.bytes_out));
  line.template number<"request_us">(finished.phases.request_complete);
  line.template number<"first_byte_us">(finished.phases.first_byte);
  line.template number<"us">(finished.phases.end);
  put_attempts(line, finished);
  if (kJson) line.pen().put('}');
  line.pen().put('\n');
  return line.pen().at();
}

// Who answered; when nobody did, who was asked last, so that failures count where they happen.
void note_target(const Facts& facts, UsageView& record) {
  if (facts.answer.provider != nullptr) {
    record.model_sent = facts.answer.model;
    record.provider = facts.answer.provider->id;
    record.account = facts.answer.account;
  } else if (!facts.attempts.empty()) {
    const Attempt& last = facts.attempts.back();
    record.model_sent = last.model;
    record.provider = last.provider->id;
    record.account = last.account;
  }
}

}  // namespace

std::optional<int64_t> cost_of(const Facts& facts) {
  return cost_of(facts, price_of(facts.answer));
}

std::optional<int64_t> cost_of(const Facts& facts, const Price* price) {
  return cost_of(facts, usage_of_answer(facts), price);
}

void append_access_line(std::string& out, LogFormat format, const Finished& finished) {
  const std::string_view path = cut(path_of(finished.exchange.request().target));
  const size_t before = out.size(), bound = line_bound(finished, path);
  out.resize(before + bound);
  char* begin = out.data() + before;
  char* end = format == LogFormat::kJson ? put_line<true>(begin, finished, path)
                                         : put_line<false>(begin, finished, path);
  const auto size = static_cast<size_t>(end - begin);
  OMNI_CHECK(size <= bound);
  out.resize(before + size);
}

bool is_recorded(const Finished& finished) {
  const Facts& facts = finished.exchange.facts();
  const bool uses_tokens = facts.endpoint == Endpoint::kChat || facts.endpoint == Endpoint::kEmbed;
  return uses_tokens && facts.call.is_read() && !facts.plan.empty() &&
         (facts.principal.key == nullptr || !facts.principal.key->no_log);
}

UsageView usage_view(const Finished& finished, const Price* price) {
  Exchange& exchange = finished.exchange;
  const Facts& facts = exchange.facts();
  UsageView record;
  record.time_us = absl::ToUnixMicros(finished.at);
  record.exchange_id = exchange.public_id();
  if (const GatewayKey* key = facts.principal.key; key != nullptr) {
    record.key_id = key->id;
    record.key_name = key->name;
  }
  record.model_asked = facts.call.model();
  note_target(facts, record);
  record.dialect = name_of(facts.call.dialect());
  record.status = static_cast<uint16_t>(finished.status);
  record.is_streamed = facts.answer.is_stream;
  const llm::Usage usage = whole_usage(facts, facts.usage);
  record.is_estimated = usage.estimated;
  record.is_aborted = finished.aborted;
  record.input_tokens = count_of(usage.input);
  record.output_tokens = count_of(usage.output);
  record.cached_tokens = count_of(usage.cached);
  record.cache_write_tokens = count_of(usage.cache_write);
  record.reasoning_tokens = count_of(usage.reasoning);
  record.total_us = finished.phases.end;
  record.first_byte_us = finished.phases.first_byte;
  record.cost_nanodollars = cost_of(facts, price);
  record.tier = tier_of(facts);
  return record;
}

}  // namespace omni
