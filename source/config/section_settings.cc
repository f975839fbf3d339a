// settings and resilience: what the management API can change too.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "source/base/strings.h"
#include "source/config/not_built.h"
#include "source/config/section.h"

namespace omni {
namespace {

bool is_true(const std::optional<std::string>& variable) {
  return variable && (equals_ignoring_case(*variable, "true") || *variable == "1");
}

}  // namespace

void read_settings(MappingReader& root, SectionContext& context) {
  SettingsConfig& settings = context.config.settings;
  if (const ConfigValue* value = root.find("settings")) {
    MappingReader reader(*value, "settings", context.errors);
    settings.require_api_key = reader.boolean("require_api_key").value_or(false);
    settings.allow_private_provider_urls =
        reader.boolean("allow_private_provider_urls").value_or(false);
    if (const auto origin = reader.text("cors_allow_origin")) {
      if (check_header_text(reader, "cors_allow_origin", *origin))
        settings.cors_allow_origin = *origin;
    }
    refuse_not_built(reader, "system_prompt", "settings.system_prompt");
    refuse_not_built(reader, "thinking_budget", "settings.thinking_budget");
    reader.done();
  }
  // Each of them is enough by itself: the environment adds to what the file says.
  if (is_true(context.input.environment("REQUIRE_API_KEY"))) settings.require_api_key = true;
  if (is_true(context.input.environment("OMNIROUTE_ALLOW_PRIVATE_PROVIDER_URLS")))
    settings.allow_private_provider_urls = true;
}

void read_resilience(MappingReader& root, SectionContext& context) {
  const ConfigValue* value = root.find("resilience");
  if (value == nullptr) return;
  MappingReader reader(*value, "resilience", context.errors);
  refuse_not_built(reader, "request_queue", "resilience.request_queue");
  refuse_not_built(reader, "cooldown", "resilience.cooldown");
  refuse_not_built(reader, "breaker", "resilience.breaker");
  refuse_not_built(reader, "wait_for_cooldown", "resilience.wait_for_cooldown");
  reader.done();
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
