// resilience: how long places rest after failures.
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/catalog/names.h"
#include "source/config/section.h"

namespace omni {
namespace {

void read_ms(MappingReader& reader, std::string_view key, absl::Duration least, int64_t& into) {
  if (const std::optional<absl::Duration> read = reader.duration(key, least, absl::Hours(24)))
    into = absl::ToInt64Milliseconds(*read);
}

void read_cooldown(MappingReader& resilience, ConfigErrors& errors, routing::Policy& policy) {
  routing::CooldownCell::Rule& out = policy.cooldown;
  const ConfigValue* value = resilience.find("cooldown");
  if (value == nullptr) return;
  MappingReader reader(*value, resilience.path_of("cooldown"), errors);
  read_ms(reader, "api_key_base", absl::ZeroDuration(), out.base_ms);
  // No account signs in by OAuth yet; the setting has its place.
  int64_t unused_ms = 0;
  read_ms(reader, "oauth_base", absl::ZeroDuration(), unused_ms);
  read_ms(reader, "max", absl::ZeroDuration(), out.max_ms);
  if (out.max_ms < out.base_ms && reader.has("max"))
    reader.fail("max", "must not be less than api_key_base");
  policy.keeps_hints = reader.boolean("keep_hints").value_or(policy.keeps_hints);
  reader.done();
}

void read_breaker(MappingReader& resilience, ConfigErrors& errors,
                  routing::BreakerCell::Rule& out) {
  const ConfigValue* value = resilience.find("breaker");
  if (value == nullptr) return;
  MappingReader reader(*value, resilience.path_of("breaker"), errors);
  out.failures =
      static_cast<int>(reader.integer("api_key_failures", 1, 1000).value_or(out.failures));
  read_ms(reader, "api_key_reset", absl::Seconds(1), out.reset_ms);
  reader.done();
}

void read_wait(MappingReader& resilience, ConfigErrors& errors, routing::WaitRule& out) {
  const ConfigValue* value = resilience.find("wait_for_cooldown");
  if (value == nullptr) return;
  MappingReader reader(*value, resilience.path_of("wait_for_cooldown"), errors);
  out.enabled = reader.boolean("enabled").value_or(out.enabled);
  out.max_retries =
      static_cast<int>(reader.integer("max_retries", 0, 10).value_or(out.max_retries));
  out.max_wait =
      reader.duration("max_wait", absl::ZeroDuration(), absl::Minutes(5)).value_or(out.max_wait);
  reader.done();
}

void read_queue(MappingReader& resilience, ConfigErrors& errors, routing::QueueRule& out) {
  const ConfigValue* value = resilience.find("request_queue");
  if (value == nullptr) return;
  MappingReader reader(*value, resilience.path_of("request_queue"), errors);
  out.enabled = reader.boolean("enabled").value_or(out.enabled);
  out.per_minute = reader.integer("requests_per_minute", 0, 1000000).value_or(out.per_minute);
  read_ms(reader, "min_gap", absl::ZeroDuration(), out.min_gap_ms);
  out.concurrent = reader.integer("concurrent", 0, 10000).value_or(out.concurrent);
  read_ms(reader, "max_wait", absl::ZeroDuration(), out.max_wait_ms);
  reader.done();
}

void read_emergency(MappingReader& resilience, SectionContext& context,
                    routing::EmergencyRule& out) {
  const ConfigValue* value = resilience.find("emergency_fallback");
  if (value == nullptr) return;
  MappingReader reader(*value, resilience.path_of("emergency_fallback"), context.errors);
  out.model = reader.required_text("model").value_or("");
  out.max_tokens = reader.integer("max_tokens", 1, 1000000).value_or(out.max_tokens);
  // Where it leads to cannot be said of providers that are broken already.
  if (reader.has("model") && context.errors.empty()) {
    const Resolution found =
        resolve_name(out.model, ProviderList(context.config.providers), context.config.aliases);
    if (!found.ok()) reader.fail("model", found.failure.message);
  }
  reader.done();
}

}  // namespace

void read_resilience(MappingReader& root, SectionContext& context) {
  const ConfigValue* value = root.find("resilience");
  if (value == nullptr) return;
  MappingReader reader(*value, "resilience", context.errors);
  routing::Policy& policy = context.config.resilience;
  read_queue(reader, context.errors, policy.queue);
  read_cooldown(reader, context.errors, policy);
  read_breaker(reader, context.errors, policy.breaker);
  read_wait(reader, context.errors, policy.wait);
  read_emergency(reader, context, policy.emergency);
  reader.done();
}

}  // namespace omni
