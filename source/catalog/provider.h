// Providers, their models and prices: immutable data that a snapshot holds.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/secret.h"
#include "source/base/strings.h"
#include "source/catalog/dialect.h"
#include "source/catalog/origin.h"
#include "source/catalog/proxy_choice.h"
#include "source/catalog/service_tier.h"

namespace omni {

namespace routing {
struct AccountCell;
struct ProviderCell;
}  // namespace routing

struct TierPrice;

// US dollars per million tokens.
struct Price {
  double input = 0;
  double output = 0;
  std::optional<double> cached;          // Reading a prompt cache; absent: as input.
  std::optional<double> cache_write;     // Absent: as input.
  std::optional<double> cache_write_1h;  // To live for an hour; absent: as cache_write.
  std::optional<double> reasoning;       // Absent: as output.
  std::optional<double> audio_input;     // Absent: as input.
  std::optional<double> audio_output;    // Absent: as output.
  bool is_configured = false;            // By the file rather than the catalogue.
  std::vector<TierPrice> tiers;          // Of other service tiers than the standard one.
};

// What a tier costs, all of it: nothing is taken from the standard one's price.
struct TierPrice {
  ServiceTier tier = ServiceTier::kStandard;
  Price price;  // Without tiers.
};

// What `tier` costs: its own price, else the standard one, which is `price` itself.
const Price& price_in(const Price& price, ServiceTier tier);

// What a model reads or writes; bits.
enum Modality : uint8_t { kText = 1, kImage = 2, kAudio = 4, kVideo = 8, kFile = 16 };
// "text", "image" and so on.
std::string_view name_of(Modality modality);
std::optional<Modality> modality_from(std::string_view name);

// What a request may need of a model beside the modalities it reads; a bit among those of Modality.
inline constexpr uint8_t kToolCalls = 32;

struct Model {
  std::string id;  // As the provider names it.
  std::string name;
  int64_t context = 0;     // Tokens; 0: not known.
  int64_t max_output = 0;  // Tokens; 0: not known.
  std::optional<Price> price;
  uint8_t inputs = 0;               // Modalities; 0: not known.
  uint8_t outputs = 0;              // The same.
  std::optional<bool> calls_tools;  // Absent: not known.
  bool hidden = false;              // Listed nowhere; served when asked for by name.
};

struct Account {
  std::string name;
  Secret api_key;
  // A prepared credential header, so that a request copies it and computes nothing.
  std::string header_name;  // Lower case; empty for AuthStyle::kNone.
  Secret header_value;
  int priority = 1;  // Lower first.
  int weight = 1;
  ProxyChoice proxy;       // Its own; before the key's and the provider's.
  std::string connection;  // "provider/account".
  // What is known of its health; null in what no snapshot was made of.
  std::shared_ptr<routing::AccountCell> cell;
};

// How requests are spread over the accounts of a provider.
enum class AccountSpread : uint8_t {
  kFillFirst,   // The lowest priority number that works.
  kRoundRobin,  // In turn, a few requests each.
  kWeighted,
  kRandom,
  kLeastUsed,
  kPowerOfTwo,   // The less busy of two drawn ones.
  kExpiryFirst,  // Whose limits are whole again soonest: what is left until then is lost.
};

struct Provider {
  std::string id;
  std::string alias;  // Second prefix, or empty.
  std::string type;   // Catalogue entry, or empty for a custom one.
  Dialect dialect = Dialect::kOpenai;
  AuthStyle auth = AuthStyle::kBearer;
  bool is_demo = false;  // Answers inside the process; has no origin.
  std::string base_url;  // As configured, for people.
  BaseUrl base;          // With the proxy of the provider, the settings or the environment.
  std::vector<Account> accounts;
  std::vector<std::string> absent_accounts;  // Named in the file, but their key came out empty.
  std::vector<Model> models;
  bool only_models = false;       // Model ids outside `models` are refused.
  bool usage_in_streams = false;  // May be asked for stream_options.include_usage.
  AccountSpread spread = AccountSpread::kFillFirst;
  int sticky_limit = 3;  // Requests in a row that round robin gives to one account.
  // A conversation stays with its account, whose prompt cache is warm, for so long after each
  // request; zero: it does not.
  absl::Duration session_affinity = absl::Minutes(5);
  // A 429 speaks of one model only.
  bool limits_by_model = false;
  std::string managed_by = "config";
  std::shared_ptr<routing::ProviderCell> cell;  // As Account::cell.

  const Model* find_model(std::string_view model_id) const;
};

// All providers of a snapshot, found by id or alias.
class ProviderList {
 public:
  ProviderList() = default;
  // Ids and aliases are unique: the loader has checked.
  explicit ProviderList(std::vector<Provider> providers);
  ProviderList(const ProviderList&) = delete;
  ProviderList& operator=(const ProviderList&) = delete;

  // By id or alias; null when unknown. Valid as long as the snapshot.
  const Provider* find(std::string_view prefix) const;
  const std::vector<Provider>& all() const { return providers_; }
  // Providers that list `model_id`, in file order.
  std::vector<const Provider*> listing(std::string_view model_id) const;

 private:
  std::vector<Provider> providers_;
  StringMap<const Provider*> by_prefix_;
  StringMap<std::vector<const Provider*>> by_model_;
};

// What the catalogue knows about a provider type: defaults for a Provider of that type.
struct ProviderType {
  std::string_view name;
  Dialect dialect;
  AuthStyle auth;
  std::string_view base_url;
  bool usage_in_streams;
  std::vector<Model> models;
};

// Null when unknown. Valid for ever.
const ProviderType* find_provider_type(std::string_view name);
std::vector<std::string> provider_type_names();

// The credential header of a style: name and value.
std::string_view auth_header_name(AuthStyle style);
std::string auth_header_value(AuthStyle style, std::string_view key);

}  // namespace omni
