#include "source/server/access_log.h"

#include <fmt/format.h>

#include <cmath>

#include "api/snapshot.h"
#include "source/json/writer.h"
#include "source/log/log_line.h"

namespace omni {
namespace {

// Writes members into one line. Names are given as JSON wants them, `,"name":`, so that the common
// form copies them whole; the text form takes the name out of that.
class Line {
 public:
  Line(std::string& out, LogFormat format) : out_(out), json_(format == LogFormat::kJson) {}

  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    json::append_quoted(out_, value);
  }
  // For values that hold nothing a JSON string must escape.
  void word(std::string_view name, std::string_view value) {
    begin(name);
    out_.push_back('"');
    out_.append(value);
    out_.push_back('"');
  }
  void number(std::string_view name, int64_t value) {
    if (value < 0) return;
    begin(name);
    const fmt::format_int digits(value);
    out_.append(digits.data(), digits.size());
  }
  void flag(std::string_view name, bool value) {
    if (!value) return;
    begin(name);
    out_.append("true");
  }
  void begin(std::string_view name) {
    if (json_) {
      out_.append(name);
      return;
    }
    out_.push_back(' ');
    out_.append(name.substr(2, name.size() - 4));
    out_.push_back('=');
  }

 private:
  std::string& out_;
  const bool json_;
};

// What clients choose is cut: a line beyond the log's ring would be dropped, and with it the trace
// of the request.
constexpr size_t kMostText = 1024;
std::string_view cut(std::string_view text) { return text.substr(0, kMostText); }

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

void append_member(std::string& out, std::string_view name, int64_t value) {
  out += name;
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

// `text` quoted, without the quotes.
void append_inside(std::string& out, std::string_view text) {
  const size_t quote = out.size();
  json::append_quoted(out, text);
  out.pop_back();
  out.erase(quote, 1);
}

void append_attempts(Line& line, std::string& out, const Facts& facts) {
  if (facts.attempts.empty()) return;
  line.begin(R"(,"attempts":)");
  out += '[';
  for (size_t i = 0; i < facts.attempts.size(); ++i) {
    const Attempt& attempt = facts.attempts[i];
    if (i > 0) out += ',';
    out += R"({"target":")";
    out += attempt.provider->id;
    out += '/';
    append_inside(out, attempt.model);
    out += '"';
    append_member(out, R"(,"status":)", attempt.status);
    append_member(out, R"(,"first_byte_us":)", attempt.first_byte_us);
    append_member(out, R"(,"us":)", attempt.total_us);
    if (!attempt.reason.empty()) {
      out += R"(,"reason":)";
      json::append_quoted(out, attempt.reason);
    }
    out += '}';
  }
  out += ']';
}

void append_answer(Line& line, const Facts& facts) {
  const Answer& answer = facts.answer;
  line.text(R"(,"model":)", cut(facts.call.model()));
  if (answer.provider != nullptr) {
    line.text(R"(,"provider":)", answer.provider->id);
    line.text(R"(,"account":)", answer.account);
    line.text(R"(,"target":)", answer.model);
  }
  line.flag(R"(,"stream":)", answer.is_stream);
  line.number(R"(,"input_tokens":)", facts.usage.input);
  line.number(R"(,"output_tokens":)", facts.usage.output);
  line.number(R"(,"cached_tokens":)", facts.usage.cached);
  line.flag(R"(,"estimated":)", facts.usage.estimated);
}

uint64_t count(int64_t tokens) { return tokens < 0 ? 0 : static_cast<uint64_t>(tokens); }

std::optional<int64_t> cost_of(const Facts& facts) {
  if (facts.answer.provider == nullptr) return std::nullopt;
  const Model* model = facts.answer.provider->find_model(facts.answer.model);
  if (model == nullptr || !model->price) return std::nullopt;
  const Price& price = *model->price;
  const auto cached = static_cast<double>(count(facts.usage.cached));
  const auto written = static_cast<double>(count(facts.usage.cache_write));
  const double fresh =
      std::max(0.0, static_cast<double>(count(facts.usage.input)) - cached - written);
  // Dollars per million tokens are a thousand nanodollars per token.
  const double nano = 1000.0 * (fresh * price.input + cached * price.cached.value_or(price.input) +
                                written * price.cache_write.value_or(price.input) +
                                static_cast<double>(count(facts.usage.output)) * price.output);
  return static_cast<int64_t>(std::llround(nano));
}

}  // namespace

void append_access_line(std::string& out, LogFormat format, absl::Time now,
                        const Finished& finished) {
  Exchange& exchange = finished.exchange;
  const Facts& facts = exchange.facts();
  const bool is_json = format == LogFormat::kJson;
  out += is_json ? R"({"time":")" : "";
  append_time(out, now);
  out += is_json ? R"(","level":"info","message":"access")" : " info access";
  Line line(out, format);
  line.word(R"(,"request_id":)", exchange.public_id());
  if (facts.principal.key != nullptr) line.text(R"(,"key":)", facts.principal.key->name);
  line.word(R"(,"peer":)", finished.peer);
  line.word(R"(,"protocol":)", finished.protocol);
  line.word(R"(,"method":)", exchange.request().method);
  line.text(R"(,"path":)", cut(path_of(exchange.request().target)));
  line.number(R"(,"status":)", finished.status);
  append_answer(line, facts);
  line.text(R"(,"error":)", facts.error_code);
  line.flag(R"(,"aborted":)", finished.aborted);
  line.number(R"(,"bytes_in":)", static_cast<int64_t>(finished.bytes_in));
  line.number(R"(,"bytes_out":)", static_cast<int64_t>(finished.bytes_out));
  line.number(R"(,"request_us":)", finished.phases.request_complete);
  line.number(R"(,"first_byte_us":)", finished.phases.first_byte);
  line.number(R"(,"us":)", finished.phases.end);
  append_attempts(line, out, facts);
  out += is_json ? "}\n" : "\n";
}

bool is_recorded(const Finished& finished) {
  const Facts& facts = finished.exchange.facts();
  return facts.endpoint == Endpoint::kChat && facts.call.is_read() && !facts.plan.targets.empty() &&
         (facts.principal.key == nullptr || !facts.principal.key->no_log);
}

UsageRecord usage_record(absl::Time now, const Finished& finished) {
  Exchange& exchange = finished.exchange;
  const Facts& facts = exchange.facts();
  UsageRecord record;
  record.time_us = absl::ToUnixMicros(now);
  record.exchange_id = exchange.public_id();
  if (const GatewayKey* key = facts.principal.key; key != nullptr) {
    record.key_id = key->id;
    record.key_name = key->name;
  }
  record.model_asked = facts.call.model();
  record.model_sent = facts.answer.model;
  if (facts.answer.provider != nullptr) record.provider = facts.answer.provider->id;
  record.account = facts.answer.account;
  record.dialect = name_of(facts.call.dialect());
  record.status = static_cast<uint16_t>(finished.status);
  record.is_streamed = facts.answer.is_stream;
  record.is_estimated = facts.usage.estimated;
  record.is_aborted = finished.aborted;
  record.input_tokens = count(facts.usage.input);
  record.output_tokens = count(facts.usage.output);
  record.cached_tokens = count(facts.usage.cached);
  record.cache_write_tokens = count(facts.usage.cache_write);
  record.reasoning_tokens = count(facts.usage.reasoning);
  record.total_us = finished.phases.end;
  record.first_byte_us = finished.phases.first_byte;
  record.cost_nanodollars = cost_of(facts);
  return record;
}

}  // namespace omni
