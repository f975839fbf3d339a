// The sections of the file, one reader each. A reader fills its part of the GatewayConfig and
// records every error; it never stops at the first.
#pragma once

#include <string>
#include <string_view>

#include "api/filter_env.h"
#include "source/config/loader.h"
#include "source/config/mapping_reader.h"

namespace omni {

struct SectionContext {
  ConfigErrors& errors;
  const LoadEnv& env;
  const ConfigInput& input;  // Records what it reads, unlike env.input.
  GatewayConfig& config;
};

// Each takes the mapping of the whole file. Settings come first and aliases after providers:
// later readers look at what earlier ones made.
void read_settings(MappingReader& root, SectionContext& context);
void read_process(MappingReader& root, SectionContext& context);  // workers, storage, shutdown
void read_log(MappingReader& root, SectionContext& context);
void read_admin(MappingReader& root, SectionContext& context);
void read_resilience(MappingReader& root, SectionContext& context);
void read_providers(MappingReader& root, SectionContext& context);
void read_aliases(MappingReader& root, SectionContext& context);
void read_combos(MappingReader& root, SectionContext& context);
void read_keys(MappingReader& root, SectionContext& context);
void read_listeners(MappingReader& root, SectionContext& context);

// The rows of filters of one listener: `routes`, or the default rows without it.
// Returns whether every row demands a key.
bool read_routes(MappingReader& listener, SectionContext& context, ListenerConfig& out);

// The accounts and models of one provider.
void read_accounts(MappingReader& provider, SectionContext& context, const ProviderType* type,
                   Provider& out);
void read_models(MappingReader& provider, SectionContext& context, const ProviderType* type,
                 Provider& out);
// How requests are spread over them.
void read_spread(MappingReader& provider, Provider& out);

// Who a client is and which may come in: `ip_filter` and `trusted_proxies` of the settings.
void read_client_rules(MappingReader& settings, SettingsConfig& out);

// What `proxy` says at one place: a URL, `direct`, or a mapping. Settings have been read as far as
// `allow_private_provider_urls`.
ProxyChoice read_proxy(MappingReader& reader, SectionContext& context);
// HTTP_PROXY and its like.
EnvironmentProxies read_environment_proxies(SectionContext& context);
// Everything about proxies that other sections depend on; differs when any of it does.
std::string proxies_key(const SettingsConfig& settings, const ConfigInput& input);

// An error unless `text` is one printable ASCII word, as a header value must be.
bool check_header_text(MappingReader& reader, std::string_view key, std::string_view text);
// An error unless the PEM file under `key` can be read and holds `marker`.
void check_pem_file(MappingReader& reader, std::string_view key, const std::string& path,
                    std::string_view marker, SectionContext& context);

}  // namespace omni
