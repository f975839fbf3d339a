// A loaded configuration: plain data, validated, with every default filled in. One struct per
// section of the file; docs/configuration.md has the reference.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/filter_registry.h"
#include "source/base/digest.h"
#include "source/base/secret.h"
#include "source/catalog/client_rules.h"
#include "source/catalog/names.h"
#include "source/catalog/provider.h"
#include "source/catalog/proxy_choice.h"
#include "source/config/config_error.h"
#include "source/limits/key_limits.h"
#include "source/limits/schedule.h"
#include "source/llm/system_prompt.h"
#include "source/llm/thinking_budget.h"
#include "source/routing/combo.h"
#include "source/routing/policy.h"

namespace omni {

struct StorageConfig {
  std::string path = "./data";  // Relative to the working directory.
  uint64_t map_size_bytes = uint64_t{4} << 30;
  // Of usage records, whichever they reach first.
  absl::Duration retention_age = absl::Hours(24 * 90);
  uint64_t retention_bytes = 0;  // 0: half of map_size_bytes.
  // Of receipts.
  absl::Duration receipts_age = absl::Hours(24 * 30);
  uint64_t receipts_bytes = 0;  // 0: a quarter of map_size_bytes.
};

struct TlsConfig {
  std::string certificate;  // PEM; empty: no TLS. Checked to be readable.
  std::string private_key;
  std::string client_ca;  // Mutual TLS when not empty.

  bool is_on() const { return !certificate.empty(); }
  bool operator==(const TlsConfig&) const = default;
};

struct ListenerLimits {
  size_t header_bytes = 64 * 1024;
  size_t header_count = 128;
  size_t body_bytes = 32 * 1024 * 1024;
  uint32_t concurrent_streams = 100;
  uint32_t max_connections = 10000;                   // Over all workers.
  absl::Duration header_timeout = absl::Seconds(15);  // From first byte of a head to its last.
  absl::Duration body_timeout = absl::Seconds(60);    // Between two pieces of a request body.
  absl::Duration idle_timeout = absl::Minutes(5);     // Of a connection without a request.

  bool operator==(const ListenerLimits&) const = default;
};

struct FilterUse {
  std::string name;
  FilterTemplate filter;
};

struct RouteConfig {
  std::string prefix;
  std::vector<FilterUse> filters;
};

struct ListenerConfig {
  size_t id = 0;  // Given by the Reloader; see ListenerRoutes::id.
  std::string name;
  std::string address;        // As written: host:port, [v6]:port or unix:/path. Checked.
  std::string plain_address;  // The same, in the one way of writing it that all others mean.
  bool takes_any_port = false;
  TlsConfig tls;
  ConfigPlace address_at, tls_at;  // For what turns out when it is put in force.
  bool management = true;
  bool allow_open = false;
  ListenerLimits limits;
  std::vector<RouteConfig> routes;  // Longest prefix first.

  // Both are served by the same sockets, in one configuration and in the next. Names may change;
  // of ports that the kernel chose the name is all there is to know them by.
  bool has_sockets_of(const ListenerConfig& other) const {
    return plain_address == other.plain_address && (!takes_any_port || name == other.name);
  }
};

// A gateway key of the file, before it is hashed.
struct KeyConfig {
  // A value that the key had before, and that clients may go on with until they have the new one.
  struct Previous {
    Secret key;
    absl::Time until;
  };

  std::string name;
  Secret key;
  std::vector<Previous> previous;
  std::vector<std::string> allowed_models, allowed_connections;
  bool disabled = false;
  bool no_log = false;
  std::optional<absl::Time> expires_at;
  std::optional<Schedule> schedule;
  ProxyChoice proxy;
  KeyRules rules;
};

struct SettingsConfig {
  bool require_api_key = false;  // The environment's REQUIRE_API_KEY included.
  bool allow_private_provider_urls = false;
  std::string cors_allow_origin = "*";
  llm::SystemPrompt system_prompt;  // Off when it is not enabled.
  llm::ThinkingBudget thinking;
  IpFilter ip_filter;
  TrustedProxies trusted_proxies;
  ProxyChoice proxy;
  EnvironmentProxies environment_proxies;
  bool receipts = true;  // Of client requests.
};

struct AdminConfig {
  Secret password;  // The initial one; the environment's INITIAL_PASSWORD included. May be empty.
  std::vector<std::string> allow = {"127.0.0.0/8", "::1/128"};
};

struct LogConfig {
  enum class Level { kDebug, kInfo, kWarning, kError };
  enum class Format { kJson, kText };
  Level level = Level::kInfo;
  Format format = Format::kJson;
  bool access = true;
};

struct ShutdownConfig {
  absl::Duration drain = absl::Seconds(30);  // After it, exchanges still running are cut.
};

struct GatewayConfig {
  uint32_t workers = 0;  // 0: one per core.
  StorageConfig storage;
  std::vector<ListenerConfig> listeners;  // At least one.
  std::vector<Provider> providers;
  AliasMap aliases;
  std::vector<routing::ComboConfig> combos;
  routing::Policy resilience = {.wait = {.enabled = true}};
  std::vector<KeyConfig> keys;
  SettingsConfig settings;
  AdminConfig admin;
  LogConfig log;
  ShutdownConfig shutdown;

  std::string source;                // The file, as it was named.
  std::string source_hash;           // Hexadecimal; of every file that was read.
  std::vector<std::string> sources;  // Every file that was read, `source` first. Watch these.

  // Content of a section, for sharing it with the snapshot before.
  struct SectionHashes {
    Digest providers{}, aliases{}, combos{}, keys{}, listeners{};
  } hashes;
};

// Stable for ever for a given kind and name: what the management API calls a file entry.
std::string file_entry_id(std::string_view kind, std::string_view name);

}  // namespace omni
