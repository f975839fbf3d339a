// settings and resilience: what the management API can change too.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/strings.h"
#include "source/config/section.h"
#include "source/llm/text.h"

namespace omni {
namespace {

bool is_true(const std::optional<std::string>& variable) {
  return variable && (equals_ignoring_case(*variable, "true") || *variable == "1");
}

constexpr size_t kMaxPromptBytes = 50000;

// As it will stand in requests.
std::string read_prompt(MappingReader& reader, std::string_view key) {
  const std::optional<std::string> text = reader.text(key);
  if (!text) return {};
  if (text->size() > kMaxPromptBytes) reader.fail(key, "is longer than 50000 bytes");
  std::string out;
  llm::append_escaped(out, *text);
  return out;
}

void read_system_prompt(MappingReader& settings, llm::SystemPrompt& out) {
  const ConfigValue* value = settings.find("system_prompt");
  if (value == nullptr) return;
  MappingReader reader(*value, settings.path_of("system_prompt"), settings.errors());
  const bool is_enabled = reader.boolean("enabled").value_or(false);
  if (reader.has("prompt") && reader.has("prefix_prompt"))
    reader.fail_at_key("prefix_prompt", "is another name of `prompt`: give one of the two");
  llm::SystemPrompt prompt;
  prompt.before = read_prompt(reader, reader.has("prompt") ? "prompt" : "prefix_prompt");
  prompt.after = read_prompt(reader, "suffix_prompt");
  reader.done();
  if (is_enabled) out = std::move(prompt);
}

struct Mode {
  std::string_view name;
  llm::ThinkingBudget::Mode mode;
};
constexpr Mode kModes[] = {{"passthrough", llm::ThinkingBudget::Mode::kPassthrough},
                           {"auto", llm::ThinkingBudget::Mode::kAuto},
                           {"custom", llm::ThinkingBudget::Mode::kCustom},
                           {"adaptive", llm::ThinkingBudget::Mode::kAdaptive}};

struct Level {
  std::string_view name;
  int64_t tokens;
};
constexpr Level kLevels[] = {
    {"none", 0}, {"low", 1024}, {"medium", 10240}, {"high", llm::ThinkingBudget::kMost}};

// Null when absent or none of them.
template <class Entry, size_t kCount>
const Entry* one_of(MappingReader& reader, std::string_view key, const Entry (&table)[kCount]) {
  const std::optional<std::string> text = reader.text(key);
  if (!text) return nullptr;
  std::vector<std::string> names;
  for (const Entry& entry : table) {
    if (entry.name == *text) return &entry;
    names.emplace_back(entry.name);
  }
  reader.fail(key, fmt::format("expected one of {}, found '{}'{}", fmt::join(names, ", "), *text,
                               suggestion(*text, names)));
  return nullptr;
}

void read_thinking_budget(MappingReader& settings, llm::ThinkingBudget& out) {
  const ConfigValue* value = settings.find("thinking_budget");
  if (value == nullptr) return;
  MappingReader reader(*value, settings.path_of("thinking_budget"), settings.errors());
  if (const Mode* mode = one_of(reader, "mode", kModes)) out.mode = mode->mode;
  out.custom_budget =
      reader.integer("custom_budget", 0, llm::ThinkingBudget::kMost).value_or(out.custom_budget);
  if (const Level* level = one_of(reader, "effort_level", kLevels)) out.base_budget = level->tokens;
  reader.done();
}

}  // namespace

void read_settings(MappingReader& root, SectionContext& context) {
  SettingsConfig& settings = context.config.settings;
  // Each of them is enough by itself: the environment adds to what the file says. It comes first,
  // because proxies ask.
  settings.allow_private_provider_urls =
      is_true(context.input.environment("OMNIROUTE_ALLOW_PRIVATE_PROVIDER_URLS"));
  if (const ConfigValue* value = root.find("settings")) {
    MappingReader reader(*value, "settings", context.errors);
    settings.require_api_key = reader.boolean("require_api_key").value_or(false);
    if (const auto allow = reader.boolean("allow_private_provider_urls"))
      settings.allow_private_provider_urls |= *allow;
    settings.receipts = reader.boolean("receipts").value_or(true);
    if (const auto origin = reader.text("cors_allow_origin")) {
      if (check_header_text(reader, "cors_allow_origin", *origin))
        settings.cors_allow_origin = *origin;
    }
    read_system_prompt(reader, settings.system_prompt);
    read_thinking_budget(reader, settings.thinking);
    read_client_rules(reader, settings);
    settings.proxy = read_proxy(reader, context);
    reader.done();
  }
  settings.environment_proxies = read_environment_proxies(context);
  if (is_true(context.input.environment("REQUIRE_API_KEY"))) settings.require_api_key = true;
}

bool check_header_text(MappingReader& reader, std::string_view key, std::string_view text) {
  if (text.empty()) {
    reader.fail(key, "must not be empty");
    return false;
  }
  for (const char c : text) {
    if (c > ' ' && c <= '~') continue;
    reader.fail(key, "holds a space, a line end or a character outside ASCII");
    return false;
  }
  return true;
}

}  // namespace omni
