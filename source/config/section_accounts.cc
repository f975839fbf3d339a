// The accounts and models of a provider.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/strings.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr int64_t kMostTokens = 1'000'000'000;
constexpr int64_t kMostWeight = 1'000'000;

struct ReadAccount {
  Account account;
  bool is_left_out = false;  // Its key is a ${NAME:-} that fell back to nothing.
};

ReadAccount read_account(const MappingReader::Item& item, SectionContext& context, bool is_first,
                         bool is_keyless) {
  MappingReader reader(*item.value, item.path, context.errors);
  ReadAccount out;
  out.account.name =
      (is_first ? reader.text("name").value_or("main") : reader.required_text("name").value_or(""));
  if (out.account.name.empty() && reader.has("name")) reader.fail("name", "must not be empty");
  out.account.priority = static_cast<int>(reader.integer("priority", 0, kMostWeight).value_or(1));
  out.account.weight = static_cast<int>(reader.integer("weight", 0, kMostWeight).value_or(1));
  out.account.proxy = read_proxy(reader, context);
  const ConfigValue* key = reader.find("api_key");
  const std::optional<std::string> text =
      is_keyless ? reader.text("api_key") : reader.required_text("api_key");
  if (text && text->empty() && key->used_default)
    out.is_left_out = true;
  else if (text && check_header_text(reader, "api_key", *text))
    out.account.api_key = Secret(*text);
  reader.done();
  return out;
}

Price read_rates(MappingReader& reader, const ConfigValue& value) {
  Price price;
  for (const std::string_view key : {"input", "output"})
    if (value.kind != ConfigValue::Kind::kScalar && !reader.has(key))
      reader.missing(key, fmt::format("'{}' is missing", key));
  price.is_configured = true;
  price.input = reader.number("input", 0).value_or(0);
  price.output = reader.number("output", 0).value_or(0);
  price.cached = reader.number("cached", 0);
  price.cache_write = reader.number("cache_write", 0);
  price.cache_write_1h = reader.number("cache_write_1h", 0);
  price.reasoning = reader.number("reasoning", 0);
  price.audio_input = reader.number("audio_input", 0);
  price.audio_output = reader.number("audio_output", 0);
  return price;
}

std::vector<TierPrice> read_tiers(const ConfigValue& value, std::string path,
                                  ConfigErrors& errors) {
  MappingReader reader(value, std::move(path), errors);
  std::vector<TierPrice> out;
  for (const ServiceTier tier : kPricedTiers) {
    const ConfigValue* found = reader.find(name_of(tier));
    if (found == nullptr) continue;
    MappingReader rates(*found, reader.path_of(name_of(tier)), errors);
    out.push_back({tier, read_rates(rates, *found)});
    rates.done();
  }
  reader.done();
  return out;
}

Price read_price(const ConfigValue& value, std::string path, ConfigErrors& errors) {
  MappingReader reader(value, std::move(path), errors);
  Price price = read_rates(reader, value);
  if (const ConfigValue* tiers = reader.find("tiers"))
    price.tiers = read_tiers(*tiers, reader.path_of("tiers"), errors);
  reader.done();
  return price;
}

// What the catalogue's resolver would refuse in a request can never be reached either.
bool is_model_id(std::string_view id) {
  if (id.empty() || id.size() > 256 || id.find("..") != std::string_view::npos) return false;
  for (const char c : id)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '%' || c == '?' || c == '#')
      return false;
  return true;
}

// A list of words that each stand for a bit.
uint8_t read_modalities(MappingReader& reader, std::string_view key) {
  uint8_t out = 0;
  for (const std::string& word : reader.text_list(key)) {
    if (const std::optional<Modality> modality = modality_from(word))
      out |= *modality;
    else
      reader.fail(key, "each must be one of text, image, audio, video, file");
  }
  return out;
}

Model read_model(const MappingReader::Item& item, ConfigErrors& errors) {
  MappingReader reader(*item.value, item.path, errors);
  Model model;
  model.id = reader.required_text("id").value_or("");
  if (reader.has("id") && !is_model_id(model.id))
    reader.fail("id", "must be 1 to 256 characters without spaces, '..', '%', '?' and '#'");
  model.name = reader.text("name").value_or(model.id);
  model.context = reader.integer("context", 0, kMostTokens).value_or(0);
  model.max_output = reader.integer("max_output", 0, kMostTokens).value_or(0);
  model.inputs = read_modalities(reader, "input_modalities");
  model.outputs = read_modalities(reader, "output_modalities");
  model.calls_tools = reader.boolean("tool_calling");
  model.hidden = reader.boolean("hidden").value_or(false);
  if (const ConfigValue* price = reader.find("price"))
    model.price = read_price(*price, reader.path_of("price"), errors);
  reader.done();
  return model;
}

void prepare(Account& account, AuthStyle style) {
  if (account.api_key.empty()) return;
  account.header_name = std::string(auth_header_name(style));
  account.header_value = Secret(auth_header_value(style, account.api_key.reveal()));
}

// The style when the file names none: what the accounts show, where the type leaves it open.
void settle_auth(MappingReader& provider, const ProviderType* type, bool has_accounts,
                 Provider& out) {
  if (provider.has("auth")) return;
  const bool has_key = std::any_of(out.accounts.begin(), out.accounts.end(),
                                   [](const Account& account) { return !account.api_key.empty(); });
  if (type == nullptr && !has_accounts) out.auth = AuthStyle::kNone;
  if (out.auth == AuthStyle::kNone && has_key) out.auth = AuthStyle::kBearer;
}

constexpr std::array<std::pair<std::string_view, AccountSpread>, 7> kSpreads = {{
    {"fill-first", AccountSpread::kFillFirst},
    {"round-robin", AccountSpread::kRoundRobin},
    {"weighted", AccountSpread::kWeighted},
    {"random", AccountSpread::kRandom},
    {"least-used", AccountSpread::kLeastUsed},
    {"p2c", AccountSpread::kPowerOfTwo},
    {"expiry-first", AccountSpread::kExpiryFirst},
}};

}  // namespace

void read_accounts(MappingReader& provider, SectionContext& context, const ProviderType* type,
                   Provider& out) {
  const std::vector<MappingReader::Item> items = provider.items("accounts");
  const bool is_keyless = out.auth == AuthStyle::kNone;
  StringSet names;
  for (const MappingReader::Item& item : items) {
    ReadAccount read = read_account(item, context, &item == &items[0], is_keyless);
    if (!read.account.name.empty() && !names.insert(read.account.name).second)
      context.errors.add(item.value->at, item.path,
                         fmt::format("another account is named '{}'", read.account.name));
    if (provider.has("auth") && is_keyless && !read.account.api_key.empty())
      context.errors.add(item.value->at, item.path, "has an api_key, but auth is none");
    read.account.connection = fmt::format("{}/{}", out.id, read.account.name);
    if (read.is_left_out)
      out.absent_accounts.push_back(read.account.name);
    else
      out.accounts.push_back(std::move(read.account));
  }
  settle_auth(provider, type, !items.empty(), out);
  if (!items.empty()) {
    for (Account& account : out.accounts) prepare(account, out.auth);
  } else if (out.auth == AuthStyle::kNone) {
    out.accounts.push_back({.name = "main", .connection = fmt::format("{}/main", out.id)});
  } else if (!provider.has("accounts")) {
    provider.missing("accounts",
                     "'accounts' is missing; a provider that needs no key says auth: none");
  } else {
    provider.fail("accounts", "names no account");
  }
}

void read_models(MappingReader& provider, SectionContext& context, const ProviderType* type,
                 Provider& out) {
  out.only_models = provider.boolean("only_models").value_or(false);
  if (type != nullptr && !out.only_models) out.models = type->models;
  StringMap<size_t> places;
  for (size_t i = 0; i < out.models.size(); ++i) places.emplace(out.models[i].id, i);
  StringSet listed;
  for (const MappingReader::Item& item : provider.items("models")) {
    Model model = read_model(item, context.errors);
    if (!model.id.empty() && !listed.insert(model.id).second)
      context.errors.add(item.value->at, item.path,
                         fmt::format("the model '{}' is listed twice", model.id));
    const auto [known, is_new] = places.emplace(model.id, out.models.size());
    if (is_new)
      out.models.push_back(std::move(model));
    else
      out.models[known->second] = std::move(model);
  }
  if (out.only_models && listed.empty())
    provider.fail("only_models", "needs at least one entry in models");
}

void read_spread(MappingReader& provider, Provider& out) {
  out.sticky_limit = static_cast<int>(provider.integer("sticky_limit", 1, 1000).value_or(3));
  out.session_affinity =
      provider.duration("session_affinity", absl::ZeroDuration(), absl::Hours(24))
          .value_or(out.session_affinity);
  // Google and GitHub count each model by itself.
  out.limits_by_model = out.type == "gemini" || out.type == "github";
  const std::optional<std::string> name = provider.text("account_strategy");
  if (!name) return;
  std::vector<std::string> names;
  for (const auto& [known, spread] : kSpreads) {
    if (known == *name) {
      out.spread = spread;
      return;
    }
    names.emplace_back(known);
  }
  provider.fail("account_strategy",
                fmt::format("expected one of {}, found '{}'{}", fmt::join(names, ", "), *name,
                            suggestion(*name, names)));
}

}  // namespace omni
