#include "filters/upstream/rendered_request.h"

#include <string>
#include <utility>
#include <variant>

#include "api/exchange.h"
#include "api/snapshot.h"
#include "source/json/edit.h"
#include "source/json/writer.h"
#include "source/llm/decoded.h"
#include "source/llm/responses/history.h"
#include "source/llm/thinking_budget.h"
#include "source/llm/token_count.h"

namespace omni::filters {
namespace {

// Servers that take their vendor's own fields and no others.
bool is_strict(const Provider& provider) {
  return provider.type == "openai" || provider.type == "azure";
}

Buffer render(Exchange& exchange, const Target& target, std::optional<llm::CallError>& error) {
  llm::Call& call = exchange.facts().call;
  Answer& answer = exchange.facts().answer;
  const Provider& provider = *target.provider;
  // A member of Chat Completions alone, whatever else a provider of that vendor speaks.
  const bool may_ask_usage =
      provider.usage_in_streams && provider.dialect == Dialect::kOpenai && call.wants_stream();
  answer.dropped.clear();
  answer.format_tool.clear();
  answer.hide_usage_chunk = false;
  // What a request continues is told to whoever did not keep it.
  const llm::responses::History* history = call.history();
  const bool is_kept_there = history != nullptr && provider.id == exchange.facts().kept->provider;
  if (history != nullptr && !is_kept_there && !history->is_whole) {
    error = llm::CallError{404, "previous_response_not_found",
                           "What the previous response continues is not known here any more.",
                           "previous_response_id"};
    return {};
  }
  if (history != nullptr && !is_kept_there && provider.dialect == call.dialect() &&
      !call.is_edited()) {
    if (llm::responses::has_reasoning(history->items)) answer.dropped = {"reasoning"};
    return call.render_with_history(target.model, false);
  }
  if (asked_in(provider, call) == call.dialect() && !call.is_edited()) {
    const bool ask_usage = may_ask_usage && !call.asked_for_usage();
    answer.hide_usage_chunk = ask_usage;
    return call.render_same_dialect(target.model, ask_usage);
  }
  const llm::Decoded& decoded = call.asked();
  if (decoded.error) {
    error = decoded.error;
    return {};
  }
  // What a client asks for by itself is between it and the provider, as it is where its own words
  // are sent.
  const bool passes_usage = call.is_edited() && provider.dialect == Dialect::kOpenai &&
                            call.wants_stream() && call.asked_for_usage();
  answer.hide_usage_chunk =
      may_ask_usage && call.dialect() == Dialect::kOpenai && !call.asked_for_usage();
  const Model* model = provider.find_model(target.model);
  llm::EncodeResult result =
      llm::encode_request(provider.dialect, decoded.request,
                          {.model = target.model,
                           .stream = call.wants_stream(),
                           .ask_usage = may_ask_usage || passes_usage,
                           .max_output = model != nullptr ? model->max_output : 0,
                           .is_strict = is_strict(provider),
                           .takes_cache_control = provider.type == "openrouter"});
  if (auto* refused = std::get_if<llm::CallError>(&result)) {
    error = std::move(*refused);
    return {};
  }
  auto& encoded = std::get<llm::EncodedRequest>(result);
  answer.dropped = std::move(encoded.dropped);
  answer.format_tool = std::move(encoded.format_tool);
  return Buffer(encoded.body);
}

}  // namespace

Buffer render_request(Exchange& exchange, const Target& target,
                      std::optional<llm::CallError>& error) {
  Buffer body = render(exchange, target, error);
  const llm::ThinkingBudget& thinking = exchange.snapshot().settings.thinking;
  if (error || !thinking.is_on()) return body;
  llm::Call& call = exchange.facts().call;
  const bool counts = thinking.mode == llm::ThinkingBudget::Mode::kAdaptive;
  const int64_t budget =
      llm::budget_for(thinking, counts && !call.asked().error ? &call.asked().request : nullptr);
  std::string text(body.flatten());
  llm::set_thinking(thinking, budget, target.provider->dialect, target.model, text);
  return Buffer(text);
}

// Gemini's may name the model again, inside.
Buffer render_count_request(Exchange& exchange, const Target& target,
                            std::optional<llm::CallError>& error) {
  Buffer body = render(exchange, target, error);
  const Dialect dialect = target.provider->dialect;
  const bool is_own = dialect == exchange.facts().call.dialect();
  if (error || (is_own && dialect != Dialect::kGemini)) return body;
  std::string text(body.flatten());
  if (!is_own) {
    llm::make_count_request(dialect, target.model, text);
  } else if (json::find_member(text, {"generateContentRequest", "model"})) {
    json::set_member(text, {"generateContentRequest", "model"},
                     json::quoted("models/" + target.model));
  } else {
    return body;
  }
  return Buffer(text);
}

}  // namespace omni::filters
