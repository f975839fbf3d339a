#include "source/llm/gemini/config_writer.h"

#include <algorithm>

#include "source/llm/gemini/config_reader.h"
#include "source/llm/gemini/names.h"
#include "source/llm/parts.h"

namespace omni::llm::gemini {
namespace {

using Effort = Reasoning::Effort;

bool is_pro(std::string_view model) { return model.find("pro") != std::string_view::npos; }

// What the vendor's models take at most.
int64_t largest_budget(std::string_view model) {
  return model.find("flash") != std::string_view::npos ? 24576 : 32768;
}

// What the vendor takes an effort for (ai.google.dev/gemini-api/docs/openai#thinking).
int64_t usual_budget(Effort effort, std::string_view model) {
  if (effort == Effort::kMedium) return 8192;
  if (effort == Effort::kHigh) return 24576;
  return std::min(budget_of(effort), largest_budget(model));
}

class Config {
 public:
  Config(json::Builder& json, const Request& request, const RequestOptions& options,
         Dropped& dropped)
      : json_(json), request_(request), options_(options), dropped_(dropped) {}

  void write() {
    sampling();
    limits();
    format();
    thinking();
    if (request_.origin != Dialect::kGemini) return;
    for (const Extra& extra : request_.extras)
      if (extra.key.substr(0, kInConfig.size()) == kInConfig)
        append_extra(json_, extra.key.substr(kInConfig.size()), extra.value);
  }

 private:
  void number(std::string_view key, RawJson value) {
    if (!value.empty()) json_.member(key, value);
  }
  void sampling();
  void limits();
  void format();
  void thinking();
  void effort();
  void budget(int64_t tokens);
  std::optional<bool> shows_thoughts() const;
  bool has_extra(std::string_view camel) const;

  json::Builder& json_;
  const Request& request_;
  const RequestOptions& options_;
  Dropped& dropped_;
};

void Config::sampling() {
  number("temperature", request_.temperature);
  number("topP", request_.top_p);
  number("topK", request_.top_k);
  number("seed", request_.seed);
  number("presencePenalty", request_.presence_penalty);
  number("frequencyPenalty", request_.frequency_penalty);
  if (request_.logprobs) json_.boolean("responseLogprobs", *request_.logprobs);
  number("logprobs", request_.top_logprobs);
}

void Config::limits() {
  if (request_.max_tokens) {
    const int64_t asked = *request_.max_tokens;
    json_.number("maxOutputTokens",
                 options_.max_output > 0 ? std::min(asked, options_.max_output) : asked);
  }
  if (request_.choices > 1) json_.number("candidateCount", request_.choices);
  if (request_.stop.empty()) return;
  json_.array("stopSequences");
  for (const Text& stop : request_.stop) json_.text_item(stop.inside());
  json_.end_array();
}

bool Config::has_extra(std::string_view camel) const {
  return std::any_of(request_.extras.begin(), request_.extras.end(), [&](const Extra& extra) {
    return extra.key.substr(0, kInConfig.size()) == kInConfig &&
           is_key(extra.key.substr(kInConfig.size()), camel);
  });
}

// `responseJsonSchema` takes JSON Schema; `responseSchema` is the older OpenAPI subset.
void Config::format() {
  using Kind = OutputFormat::Kind;
  const OutputFormat& format = request_.format;
  if (format.description.is_given()) dropped_.add("description");
  if (format.kind == Kind::kUnset) return;
  if (!has_extra("responseMimeType"))
    json_.string("responseMimeType",
                 format.kind == Kind::kText ? "text/plain" : "application/json");
  if (format.kind == Kind::kSchema) number("responseJsonSchema", format.schema);
}

void Config::thinking() {
  const Reasoning& reasoning = request_.reasoning;
  const std::optional<bool> shows = shows_thoughts();
  if (!reasoning.is_given() && !shows) return;
  json_.object("thinkingConfig");
  effort();
  if (shows) json_.boolean("includeThoughts", *shows);
  json_.end_object();
}

// Who asks for thinking elsewhere sees it, and Gemini shows it only when told to.
std::optional<bool> Config::shows_thoughts() const {
  const Reasoning& reasoning = request_.reasoning;
  if (reasoning.visible) return reasoning.visible;
  if (request_.origin == Dialect::kGemini) return std::nullopt;
  if (reasoning.summary.is_given()) return true;
  const bool is_off = reasoning.effort == Effort::kNone || reasoning.budget.value_or(-1) == 0;
  if (!reasoning.is_given() || is_off) return std::nullopt;
  return true;
}

void Config::budget(int64_t tokens) {
  const bool is_pro_of_old = is_pro(options_.model) && !is_third_generation(options_.model);
  // The model that cannot stop thinking takes 128 as its least.
  if (request_.origin != Dialect::kGemini && is_pro_of_old && tokens == 0) tokens = 128;
  json_.number("thinkingBudget", tokens);
}

void Config::effort() {
  const Reasoning& reasoning = request_.reasoning;
  const bool has_effort = reasoning.effort != Effort::kUnset;
  const bool by_level = has_effort && (is_third_generation(options_.model) ||
                                       (request_.origin == Dialect::kGemini && !reasoning.budget));
  if (by_level) {
    // There is no off; the larger models begin at low.
    const bool is_least = reasoning.effort == Effort::kNone || reasoning.effort == Effort::kMinimal;
    json_.string("thinkingLevel", is_least && is_pro(options_.model) ? "low"
                                  : is_least                         ? "minimal"
                                  : reasoning.effort == Effort::kMax ? "high"
                                                                     : name_of(reasoning.effort));
  } else if (reasoning.budget) {
    const bool is_own = request_.origin == Dialect::kGemini;
    budget(is_own ? *reasoning.budget
                  : std::min(*reasoning.budget, largest_budget(options_.model)));
  } else if (has_effort) {
    budget(usual_budget(reasoning.effort, options_.model));
  } else if (reasoning.is_adaptive) {
    budget(-1);
  }
}

}  // namespace

void write_config(json::Builder& json, const Request& request, const RequestOptions& options,
                  Dropped& dropped) {
  std::string members;
  json::Builder inner(members);
  inner.object();
  Config(inner, request, options, dropped).write();
  inner.end_object();
  if (members != "{}") json.member("generationConfig", members);
}

}  // namespace omni::llm::gemini
