// settings.ip_filter and settings.trusted_proxies: who a client is and which may come in.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/catalog/address_set.h"
#include "source/catalog/client_rules.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr std::string_view kUnixSockets = "unix";

// Each wrong entry is told where it stands.
AddressSet read_addresses(MappingReader& reader, std::string_view key, bool* has_unix) {
  AddressSet::Builder out;
  for (const MappingReader::Item& item : reader.items(key)) {
    if (item.value->kind != ConfigValue::Kind::kScalar) {
      reader.errors().add(item.value->at, item.path, "expected an address");
      continue;
    }
    if (has_unix != nullptr && item.value->text == kUnixSockets) {
      *has_unix = true;
      continue;
    }
    const absl::Status status = out.add(item.value->text);
    if (!status.ok()) reader.errors().add(item.value->at, item.path, message(status));
  }
  return std::move(out).build();
}

IpFilter read_ip_filter(const ConfigValue& value, std::string path, ConfigErrors& errors) {
  MappingReader reader(value, std::move(path), errors);
  IpFilter out;
  out.enabled = reader.boolean("enabled").value_or(false);
  const std::string mode = reader.text("mode").value_or("blacklist");
  if (mode == "whitelist")
    out.mode = IpFilter::Mode::kWhitelist;
  else if (mode != "blacklist")
    reader.fail("mode", fmt::format("expected one of blacklist, whitelist, found '{}'{}", mode,
                                    suggestion(mode, {"blacklist", "whitelist"})));
  out.blacklist = read_addresses(reader, "blacklist", nullptr);
  out.whitelist = read_addresses(reader, "whitelist", nullptr);
  reader.done();
  return out;
}

}  // namespace

void read_client_rules(MappingReader& settings, SettingsConfig& out) {
  if (const ConfigValue* value = settings.find("ip_filter"))
    out.ip_filter = read_ip_filter(*value, settings.path_of("ip_filter"), settings.errors());
  out.trusted_proxies.addresses =
      read_addresses(settings, "trusted_proxies", &out.trusted_proxies.unix_sockets);
}

}  // namespace omni
