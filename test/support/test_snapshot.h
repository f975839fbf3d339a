// Snapshots for tests, built in a line or two instead of from a file.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/snapshot.h"

namespace omni::test {

class SnapshotBuilder {
 public:
  // A provider at https://ID.example/v1 that lists `models`, with one account named "main" whose
  // key is "sk-ID-secret".
  SnapshotBuilder& provider(std::string id, std::vector<std::string> models) {
    Provider made;
    made.base_url = "https://" + id + ".example/v1";
    made.base = *parse_base_url(made.base_url);
    for (std::string& model : models) made.models.push_back(Model{.id = std::move(model)});
    made.accounts.push_back(account("main", "sk-" + id + "-secret"));
    made.id = std::move(id);
    providers_.push_back(std::move(made));
    return *this;
  }
  SnapshotBuilder& demo() {
    Provider made;
    made.id = "demo";
    made.is_demo = true;
    made.auth = AuthStyle::kNone;
    made.models = {Model{.id = "echo"}, Model{.id = "lorem"}};
    providers_.push_back(std::move(made));
    return *this;
  }
  // The provider added last, for what has no verb here.
  Provider& last() { return providers_.back(); }
  SnapshotBuilder& alias(std::string name, std::string target) {
    aliases_.emplace(std::move(name), std::move(target));
    return *this;
  }
  SnapshotBuilder& key(std::string_view presented, GatewayKey key) {
    key.hash = keys_.hash(presented);
    keys_.has_limits |= key.limits.any();
    keys_.by_hash.emplace(key.hash, std::make_shared<const GatewayKey>(std::move(key)));
    return *this;
  }

  std::shared_ptr<Snapshot> build() {
    auto made = std::make_shared<Snapshot>();
    made->providers = std::make_shared<const ProviderList>(std::move(providers_));
    made->aliases = std::make_shared<const AliasMap>(std::move(aliases_));
    made->keys = std::make_shared<const KeySection>(std::move(keys_));
    return made;
  }

  static Account account(std::string name, std::string key) {
    Account made;
    made.name = std::move(name);
    made.header_name = "authorization";
    made.header_value = Secret("Bearer " + key);
    made.api_key = Secret(std::move(key));
    return made;
  }

 private:
  std::vector<Provider> providers_;
  AliasMap aliases_;
  KeySection keys_{.hash = KeyedDigest("pepper"), .by_hash = {}};
};

}  // namespace omni::test
