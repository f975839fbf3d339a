// Snapshots for tests, built in a line or two instead of from a file.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/snapshot.h"
#include "source/routing/auto_pool.h"
#include "source/routing/cell_registry.h"

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
  // All providers before it.
  SnapshotBuilder& combo(routing::ComboConfig config) {
    combos_.push_back(std::move(config));
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
    cells_.attach(providers_);
    made->providers = std::make_shared<const ProviderList>(std::move(providers_));
    made->combos = make_combos(*made->providers);
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
  std::shared_ptr<const routing::ComboList> make_combos(const ProviderList& providers) {
    std::vector<routing::Combo> out;
    routing::Flattener flattener(combos_, providers, aliases_);
    for (const routing::ComboConfig& each : combos_) {
      routing::Combo made{.name = each.name, .strategy = each.strategy, .rules = each.rules};
      made.panel = each.panel;
      made.handoff = each.handoff;
      flattener.flatten(each, made);
      if (made.strategy == routing::Strategy::kAuto) routing::prepare_scores(each.scoring, made);
      cells_.attach(made);
      out.push_back(std::move(made));
    }
    for (routing::Combo& made : routing::make_auto_combos(providers)) {
      cells_.attach(made);
      out.push_back(std::move(made));
    }
    return std::make_shared<const routing::ComboList>(std::move(out));
  }

  std::vector<Provider> providers_;
  std::vector<routing::ComboConfig> combos_;
  routing::CellRegistry cells_;
  AliasMap aliases_;
  KeySection keys_{.hash = KeyedDigest("pepper"), .by_hash = {}};
};

}  // namespace omni::test
