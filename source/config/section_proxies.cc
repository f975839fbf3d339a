// proxy, wherever it may stand, and the proxies of the environment.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/secret.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/catalog/ip_address.h"
#include "source/catalog/proxy.h"
#include "source/catalog/proxy_choice.h"
#include "source/config/section.h"

namespace omni {
namespace {

bool says(const ConfigInput& input, const char* variable, std::string_view word) {
  const std::optional<std::string> text = input.environment(variable);
  return text && equals_ignoring_case(*text, word);
}

// The lower-case spelling is the older one and goes first, as with curl. Empty counts as not set.
std::optional<std::string> variable_of(const ConfigInput& input, std::string_view upper) {
  for (const std::string& name : {lower(upper), std::string(upper)}) {
    std::optional<std::string> text = input.environment(name);
    if (text && !text->empty()) return text;
  }
  return std::nullopt;
}

// What the place where it is written does not say.
absl::Status settle(Proxy& proxy, const SectionContext& context) {
  if (proxy.type == Proxy::Type::kSocks5 && says(context.input, "ENABLE_SOCKS5_PROXY", "false"))
    return invalid("the environment's ENABLE_SOCKS5_PROXY forbids socks5");
  proxy.allow_private |= context.config.settings.allow_private_provider_urls;
  proxy.fails_open = says(context.input, "PROXY_FAIL_OPEN", "true");
  return absl::OkStatus();
}

absl::StatusOr<Proxy> proxy_from_parts(std::string_view type, std::string_view host,
                                       std::optional<int64_t> port) {
  const std::optional<IpAddress> address = IpAddress::parse(host);
  const bool is_bare_v6 = address && host.find(':') != std::string_view::npos && host[0] != '[';
  if (host.empty() || (!address && host.find_first_of("@:/[]") != std::string_view::npos))
    return invalid("is a host name or an address and no more");
  std::string url = fmt::format(fmt::runtime(is_bare_v6 ? "{}://[{}]" : "{}://{}"), type, host);
  if (port) url += fmt::format(":{}", *port);
  return parse_proxy(url);
}

std::string read_type(MappingReader& reader) {
  std::string type = reader.text("type").value_or("http");
  const std::vector<std::string> known = {"http", "https", "socks5"};
  if (std::find(known.begin(), known.end(), type) == known.end())
    reader.fail("type", fmt::format("expected one of http, https, socks5, found '{}'{}", type,
                                    suggestion(type, known)));
  return type;
}

// {type, host, port, username, password}, as the management API has it, and what a URL cannot say.
std::optional<Proxy> read_mapping(const ConfigValue& value, std::string path,
                                  SectionContext& context) {
  MappingReader reader(value, std::move(path), context.errors);
  const size_t errors_before = context.errors.size();
  const std::string type = read_type(reader);
  const std::optional<std::string> host = reader.required_text("host");
  const std::optional<int64_t> port = reader.integer("port", 1, 65535);
  std::string username = reader.text("username").value_or("");
  Secret password(reader.text("password").value_or(""));
  const bool allow_private = reader.boolean("allow_private_network").value_or(false);
  std::string ca_file = reader.text("ca_file").value_or("");
  if (!ca_file.empty() && type != "https") reader.fail("ca_file", "is for type https only");
  check_pem_file(reader, "ca_file", ca_file, "-----BEGIN CERTIFICATE-----", context);
  reader.done();
  if (context.errors.size() != errors_before) return std::nullopt;
  absl::StatusOr<Proxy> proxy = proxy_from_parts(type, *host, port);
  if (!proxy.ok()) {
    reader.fail("host", message(proxy.status()));
    return std::nullopt;
  }
  proxy->username = std::move(username);
  proxy->password = std::move(password);
  proxy->allow_private |= allow_private;
  proxy->ca_file = std::move(ca_file);
  const absl::Status credentials = proxy->check_credentials();
  if (!credentials.ok()) reader.fail("username", message(credentials));
  const absl::Status status = settle(*proxy, context);
  if (!status.ok()) reader.fail("type", message(status));
  return *std::move(proxy);
}

std::optional<Proxy> from_environment(std::string_view variable, SectionContext& context) {
  const std::optional<std::string> text = variable_of(context.input, variable);
  if (!text) return std::nullopt;
  absl::StatusOr<Proxy> proxy = parse_proxy(*text);
  absl::Status status = proxy.ok() ? settle(*proxy, context) : proxy.status();
  if (status.ok()) return *std::move(proxy);
  // A proxy that is demanded and cannot be used must not lead to requests without one.
  context.errors.add({}, fmt::format("environment.{}", variable), message(status));
  return std::nullopt;
}

std::string key_of(const std::optional<Proxy>& proxy) { return proxy ? proxy->key() : "none"; }

}  // namespace

ProxyChoice read_proxy(MappingReader& reader, SectionContext& context) {
  const ConfigValue* value = reader.find("proxy");
  if (value == nullptr) return {};
  if (value->kind == ConfigValue::Kind::kMapping)
    return {.is_made = true, .proxy = read_mapping(*value, reader.path_of("proxy"), context)};
  const std::optional<std::string> text = reader.text("proxy");
  if (!text || (text->empty() && value->used_default)) return {};
  if (*text == "direct") return {.is_made = true, .proxy = std::nullopt};
  absl::StatusOr<Proxy> proxy = parse_proxy(*text);
  const absl::Status status = proxy.ok() ? settle(*proxy, context) : proxy.status();
  if (status.ok()) return {.is_made = true, .proxy = *std::move(proxy)};
  reader.fail("proxy", message(status));
  return {};
}

EnvironmentProxies read_environment_proxies(SectionContext& context) {
  return {.http = from_environment("HTTP_PROXY", context),
          .https = from_environment("HTTPS_PROXY", context),
          .all = from_environment("ALL_PROXY", context),
          .no_proxy = NoProxy(variable_of(context.input, "NO_PROXY").value_or(""))};
}

std::string proxies_key(const SettingsConfig& settings, const ConfigInput& input) {
  const EnvironmentProxies& environment = settings.environment_proxies;
  std::string out =
      fmt::format(";{};{};{};{};{};{};{};{}", settings.allow_private_provider_urls,
                  says(input, "PROXY_FAIL_OPEN", "true"), settings.proxy.is_made,
                  key_of(settings.proxy.proxy), key_of(environment.http), key_of(environment.https),
                  key_of(environment.all), variable_of(input, "NO_PROXY").value_or(""));
  return out;
}

}  // namespace omni
