// The catalogue: what is known about each provider type. A base_url ends where the vendor's own
// does. Models are the ones people ask for by name; a provider takes other ids as well. A price is
// listed only where the vendor publishes one rate for the model.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/catalog/provider.h"

namespace omni {
namespace {

Model priced(std::string_view id, std::string_view name, int64_t context, int64_t max_output,
             Price price) {
  return {std::string(id), std::string(name), context, max_output, std::move(price)};
}

Price with_tiers(Price standard, std::vector<TierPrice> tiers) {
  standard.tiers = std::move(tiers);
  return standard;
}

TierPrice flex(Price price) { return {ServiceTier::kFlex, std::move(price)}; }
TierPrice priority(Price price) { return {ServiceTier::kPriority, std::move(price)}; }

Model unpriced(std::string_view id, std::string_view name, int64_t context = 0,
               int64_t max_output = 0) {
  return {std::string(id), std::string(name), context, max_output, std::nullopt};
}

std::vector<Model> openai_models() {
  return {
      priced("gpt-5", "GPT-5", 400000, 128000,
             with_tiers({1.25, 10, 0.125}, {flex({0.625, 5, 0.0625}), priority({2.5, 20, 0.25})})),
      priced(
          "gpt-5-mini", "GPT-5 mini", 400000, 128000,
          with_tiers({0.25, 2, 0.025}, {flex({0.125, 1, 0.0125}), priority({0.45, 3.6, 0.045})})),
      priced("gpt-5-nano", "GPT-5 nano", 400000, 128000,
             with_tiers({0.05, 0.4, 0.005}, {flex({0.025, 0.2, 0.0025})})),
      priced("gpt-4.1", "GPT-4.1", 1047576, 32768,
             with_tiers({2, 8, 0.5}, {priority({3.5, 14, 0.875})})),
      priced("gpt-4.1-mini", "GPT-4.1 mini", 1047576, 32768,
             with_tiers({0.4, 1.6, 0.1}, {priority({0.7, 2.8, 0.175})})),
      priced("gpt-4.1-nano", "GPT-4.1 nano", 1047576, 32768,
             with_tiers({0.1, 0.4, 0.025}, {priority({0.2, 0.8, 0.05})})),
      priced("gpt-4o", "GPT-4o", 128000, 16384,
             with_tiers({2.5, 10, 1.25}, {priority({4.25, 17, 2.125})})),
      priced("gpt-4o-mini", "GPT-4o mini", 128000, 16384,
             with_tiers({0.15, 0.6, 0.075}, {priority({0.25, 1, 0.125})})),
      priced("o3", "o3", 200000, 100000,
             with_tiers({2, 8, 0.5}, {flex({1, 4, 0.25}), priority({3.5, 14, 0.875})})),
      priced("o4-mini", "o4-mini", 200000, 100000,
             with_tiers({1.1, 4.4, 0.275}, {flex({0.55, 2.2, 0.1375}), priority({2, 8, 0.5})})),
  };
}

std::vector<Model> anthropic_models() {
  return {
      priced("claude-opus-4-5", "Claude Opus 4.5", 200000, 64000, {5, 25, 0.5, 6.25}),
      priced("claude-sonnet-4-5", "Claude Sonnet 4.5", 200000, 64000, {3, 15, 0.3, 3.75}),
      priced("claude-haiku-4-5", "Claude Haiku 4.5", 200000, 64000, {1, 5, 0.1, 1.25}),
      priced("claude-opus-4-1", "Claude Opus 4.1", 200000, 32000, {15, 75, 1.5, 18.75}),
  };
}

std::vector<Model> gemini_models() {
  return {
      unpriced("gemini-2.5-pro", "Gemini 2.5 Pro", 1048576, 65536),  // Priced by prompt length.
      priced("gemini-2.5-flash", "Gemini 2.5 Flash", 1048576, 65536, {0.3, 2.5, 0.03}),
      priced("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", 1048576, 65536, {0.1, 0.4, 0.01}),
  };
}

std::vector<Model> groq_models() {
  return {
      priced("llama-3.3-70b-versatile", "Llama 3.3 70B", 131072, 32768, {0.59, 0.79}),
      priced("llama-3.1-8b-instant", "Llama 3.1 8B", 131072, 131072, {0.05, 0.08}),
      unpriced("openai/gpt-oss-120b", "GPT-OSS 120B", 131072, 65536),
      unpriced("openai/gpt-oss-20b", "GPT-OSS 20B", 131072, 65536),
  };
}

std::vector<Model> deepseek_models() {
  return {
      priced("deepseek-chat", "DeepSeek Chat", 131072, 8192, {0.28, 0.42, 0.028}),
      priced("deepseek-reasoner", "DeepSeek Reasoner", 131072, 65536, {0.28, 0.42, 0.028}),
  };
}

std::vector<Model> mistral_models() {
  return {
      unpriced("mistral-large-latest", "Mistral Large"),
      unpriced("mistral-medium-latest", "Mistral Medium"),
      unpriced("mistral-small-latest", "Mistral Small"),
  };
}

std::vector<Model> xai_models() {
  return {
      priced("grok-4", "Grok 4", 256000, 0, {3, 15, 0.75}),
      priced("grok-3-mini", "Grok 3 mini", 131072, 0, {0.3, 0.5, 0.075}),
  };
}

std::vector<Model> demo_models() {
  return {
      priced("echo", "Repeats the last user message", 0, 0, {0, 0}),
      priced("lorem", "Streams text at a set pace", 0, 0, {0, 0}),
  };
}

// What the models of a vendor read; they all write text.
std::vector<Model> reading(uint8_t inputs, std::vector<Model> models) {
  for (Model& model : models) {
    model.inputs = inputs;
    model.outputs = kText;
  }
  return models;
}

// Whether they call the tools that a request offers, as their vendors document it.
std::vector<Model> calling(bool calls_tools, std::vector<Model> models) {
  for (Model& model : models) model.calls_tools = calls_tools;
  return models;
}

std::vector<ProviderType> make_types() {
  constexpr Dialect kOpenai = Dialect::kOpenai;
  constexpr AuthStyle kBearer = AuthStyle::kBearer;
  return {
      {"demo", kOpenai, AuthStyle::kNone, "", false, calling(false, reading(kText, demo_models()))},
      {"openai", kOpenai, kBearer, "https://api.openai.com/v1", true,
       calling(true, reading(kText | kImage, openai_models()))},
      {"anthropic", Dialect::kAnthropic, AuthStyle::kXApiKey, "https://api.anthropic.com/v1", false,
       calling(true, reading(kText | kImage | kFile, anthropic_models()))},
      {"gemini", Dialect::kGemini, AuthStyle::kXGoogApiKey,
       "https://generativelanguage.googleapis.com/v1beta", false,
       calling(true, reading(kText | kImage | kAudio | kVideo | kFile, gemini_models()))},
      {"ollama", Dialect::kOllama, AuthStyle::kNone, "http://127.0.0.1:11434", false, {}},
      {"openrouter", kOpenai, kBearer, "https://openrouter.ai/api/v1", true, {}},
      {"groq", kOpenai, kBearer, "https://api.groq.com/openai/v1", true,
       calling(true, reading(kText, groq_models()))},
      {"xai", kOpenai, kBearer, "https://api.x.ai/v1", true, calling(true, xai_models())},
      {"mistral", kOpenai, kBearer, "https://api.mistral.ai/v1", false,
       calling(true, mistral_models())},
      {"codestral", kOpenai, kBearer, "https://codestral.mistral.ai/v1", false, {}},
      {"deepseek", kOpenai, kBearer, "https://api.deepseek.com/v1", true,
       calling(true, reading(kText, deepseek_models()))},
      {"perplexity", kOpenai, kBearer, "https://api.perplexity.ai", false, {}},
      {"together", kOpenai, kBearer, "https://api.together.xyz/v1", true, {}},
      {"fireworks", kOpenai, kBearer, "https://api.fireworks.ai/inference/v1", true, {}},
      {"cerebras", kOpenai, kBearer, "https://api.cerebras.ai/v1", true, {}},
      {"cohere", kOpenai, kBearer, "https://api.cohere.com/compatibility/v1", false, {}},
      {"nvidia", kOpenai, kBearer, "https://integrate.api.nvidia.com/v1", false, {}},
      {"nebius", kOpenai, kBearer, "https://api.tokenfactory.nebius.com/v1", true, {}},
      {"siliconflow", kOpenai, kBearer, "https://api.siliconflow.com/v1", false, {}},
      {"hyperbolic", kOpenai, kBearer, "https://api.hyperbolic.xyz/v1", false, {}},
      {"huggingface", kOpenai, kBearer, "https://router.huggingface.co/v1", false, {}},
      {"deepinfra", kOpenai, kBearer, "https://api.deepinfra.com/v1/openai", true, {}},
      {"sambanova", kOpenai, kBearer, "https://api.sambanova.ai/v1", true, {}},
      {"moonshot", kOpenai, kBearer, "https://api.moonshot.ai/v1", false, {}},
      {"vercel-ai-gateway", kOpenai, kBearer, "https://ai-gateway.vercel.sh/v1", false, {}},
      {"lmstudio", kOpenai, AuthStyle::kNone, "http://127.0.0.1:1234/v1", true, {}},
      {"vllm", kOpenai, AuthStyle::kNone, "http://127.0.0.1:8000/v1", true, {}},
  };
}

// Never destroyed: pointers into it are valid for ever.
const std::vector<ProviderType>& types() {
  static const auto* all = new std::vector<ProviderType>(make_types());
  return *all;
}

}  // namespace

const ProviderType* find_provider_type(std::string_view name) {
  for (const ProviderType& type : types())
    if (type.name == name) return &type;
  return nullptr;
}

std::vector<std::string> provider_type_names() {
  std::vector<std::string> names;
  for (const ProviderType& type : types()) names.emplace_back(type.name);
  return names;
}

}  // namespace omni
