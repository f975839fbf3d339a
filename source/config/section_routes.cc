// routes: rows of filters, and which orders can work.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/config/not_built.h"
#include "source/config/scalar.h"
#include "source/config/section.h"
#include "source/config/yaml_node.h"

namespace omni {
namespace {

constexpr std::array<std::string_view, 10> kVocabulary = {
    "auth",        "limits",      "responses",   "idempotency", "cache",
    "compression", "model_guard", "translation", "routing",     "upstream"};
// In every row: behind auth, in this order, where the row does not say.
constexpr std::array<std::string_view, 2> kBuiltIn = {"limits", "responses"};
constexpr std::array<std::string_view, 4> kDefaultRow = {"auth", "translation", "routing",
                                                         "upstream"};
constexpr std::array<std::string_view, 3> kNeeded = {"translation", "routing", "upstream"};
constexpr std::array<std::string_view, 2> kDefaultPrefixes = {"/v1", "/v1beta"};

struct OrderRule {
  std::string_view first, then, reason;
};
constexpr std::array<OrderRule, 15> kOrder = {{
    {"auth", "limits", "what is limited depends on the key"},
    {"limits", "responses", "what is kept takes room, which a request over its limit may not"},
    {"limits", "translation", "money and tokens are counted in what translation finds"},
    {"auth", "responses", "what is kept belongs to the key it was made with"},
    {"responses", "translation", "what a request continues is part of what is translated"},
    {"responses", "cache", "what a request continues is part of what is looked up"},
    {"auth", "idempotency", "an answer would be repeated to a client that shows no key"},
    {"auth", "cache", "a cached answer would be served to a client that shows no key"},
    {"auth", "compression", "work would be done for a client that shows no key"},
    {"auth", "model_guard", "which models are allowed depends on the key"},
    {"auth", "translation", "work would be done for a client that shows no key"},
    {"idempotency", "routing", "a repeated request would be routed again"},
    {"cache", "routing", "a cached answer needs no target"},
    {"compression", "routing", "the target gets what compression leaves"},
    {"translation", "routing", "routing reads the model that translation finds in the request"},
}};

// One entry of a row: `- name: { settings }`.
struct Use {
  std::string name;
  std::string path;
  ConfigPosition name_at;
  const ConfigValue* settings;
};

class RowReader {
 public:
  explicit RowReader(SectionContext& context) : context_(context) {}

  std::vector<FilterUse> read(MappingReader& route) {
    for (const MappingReader::Item& item : route.items("filters")) read_use(item);
    check_order();
    for (const std::string_view name : kNeeded)
      if (!has(name)) route.fail("filters", fmt::format("the row has no {} filter", name));
    if (context_.config.settings.require_api_key && !has("auth"))
      route.fail("filters", "settings.require_api_key is true, but the row has no auth filter");
    return make_filters();
  }

  bool demands_key() const {
    for (const Use& use : uses_) {
      if (use.name != "auth") continue;
      const ConfigValue* required = use.settings->find("required");
      return context_.config.settings.require_api_key ||
             (required != nullptr && required->kind == ConfigValue::Kind::kScalar &&
              required->text == "true");
    }
    return false;
  }

 private:
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const Use* find(std::string_view name) const {
    for (const Use& use : uses_)
      if (use.name == name) return &use;
    return nullptr;
  }

  void read_use(const MappingReader::Item& item) {
    const ConfigValue& value = *item.value;
    if (value.kind != ConfigValue::Kind::kMapping || value.entries.size() != 1) {
      context_.errors.add(value.at, item.path,
                          "expected one filter with its settings, such as auth: {}");
      return;
    }
    const ConfigEntry& entry = value.entries[0];
    Use use{entry.key, fmt::format("{}.{}", item.path, entry.key), entry.key_at, &entry.value};
    if (has(use.name))
      context_.errors.add(use.name_at, use.path, "this filter is in the row already");
    else
      uses_.push_back(std::move(use));
  }

  void check_order() {
    const Use* upstream = find("upstream");
    for (size_t i = 0; i + 1 < uses_.size(); ++i)
      if (&uses_[i] == upstream)
        context_.errors.add(uses_[i + 1].name_at, uses_[i + 1].path,
                            "nothing may follow upstream, which ends the row");
    for (const OrderRule& rule : kOrder) {
      const Use* first = find(rule.first);
      const Use* then = find(rule.then);
      if (first != nullptr && then != nullptr && first > then)
        context_.errors.add(first->name_at, first->path,
                            fmt::format("must come before {}: {}", rule.then, rule.reason));
    }
  }

  void add_built_in() {
    static const ConfigValue kDefaults{.kind = ConfigValue::Kind::kMapping};
    size_t place = !uses_.empty() && uses_.front().name == "auth" ? 1 : 0;
    for (const std::string_view name : kBuiltIn) {
      if (const Use* own = find(name); own != nullptr) {
        place = static_cast<size_t>(own - uses_.data()) + 1;
        continue;
      }
      if (!context_.env.registry.knows(name)) continue;
      const auto at = uses_.begin() + static_cast<std::ptrdiff_t>(place++);
      uses_.insert(at, Use{std::string(name), std::string(name), {}, &kDefaults});
    }
  }

  std::vector<FilterUse> make_filters() {
    std::vector<FilterUse> out;
    add_built_in();
    for (const Use& use : uses_) {
      if (!context_.env.registry.knows(use.name)) {
        refuse(use);
        continue;
      }
      FilterEnv env{context_.env.stats, context_.env.store,
                    context_.config.settings.require_api_key};
      const size_t before = context_.errors.size();
      const YamlNode node(*use.settings, use.path, context_.errors);
      absl::StatusOr<FilterTemplate> made = context_.env.registry.parse(use.name, node, env);
      if (made.ok() && context_.errors.size() == before)
        out.push_back({use.name, *std::move(made)});
      else if (context_.errors.size() == before)  // The filter made the error without its node.
        context_.errors.add(use.name_at, use.path, message(made.status()));
    }
    return out;
  }

  void refuse(const Use& use) {
    if (std::find(kVocabulary.begin(), kVocabulary.end(), use.name) == kVocabulary.end()) {
      context_.errors.add(
          use.name_at, use.path,
          "unknown filter" + suggestion(use.name, {kVocabulary.begin(), kVocabulary.end()}));
    } else if (!is_switched_off(use.name, *use.settings, use.path, context_.errors)) {
      context_.errors.add(use.name_at, use.path, kNotAvailable);
    }
  }

  SectionContext& context_;
  std::vector<Use> uses_;
};

// Empty when it is fine; else what is wrong.
std::string check_prefix(std::string_view prefix) {
  if (prefix.empty() || prefix[0] != '/') return "must begin with /";
  if (prefix == "/") return {};
  if (prefix.back() == '/') return "must not end in /";
  if (prefix.find("//") != std::string_view::npos) return "holds an empty segment";
  if (prefix == "/api" || prefix.starts_with("/api/"))
    return "client paths below /api are served as /v1 and /v1beta; the rest of /api is management";
  for (const char c : prefix)
    if (c <= ' ' || c > '~' || c == '%' || c == '?' || c == '#' || c == '*' || c == '\\')
      return "holds a character that no path prefix has";
  if (prefix.find("/.") != std::string_view::npos) return "holds a dot segment";
  return {};
}

std::string read_prefix(MappingReader& route) {
  const ConfigValue* value = route.find("match");
  if (value == nullptr) {
    route.missing("match", "'match' is missing");
    return {};
  }
  MappingReader match(*value, route.path_of("match"), route.errors());
  const std::optional<std::string> prefix = match.required_text("prefix");
  match.done();
  if (!prefix) return {};
  const std::string wrong = check_prefix(*prefix);
  if (!wrong.empty()) match.fail("prefix", wrong);
  return *prefix;
}

ConfigValue default_row() {
  ConfigValue row{.kind = ConfigValue::Kind::kMapping};
  ConfigValue filters{.kind = ConfigValue::Kind::kList};
  for (const std::string_view name : kDefaultRow) {
    ConfigValue use{.kind = ConfigValue::Kind::kMapping};
    use.entries.push_back({std::string(name), {}, {.kind = ConfigValue::Kind::kMapping}});
    filters.items.push_back(std::move(use));
  }
  row.entries.push_back({"filters", {}, std::move(filters)});
  return row;
}

}  // namespace

bool read_routes(MappingReader& listener, SectionContext& context, ListenerConfig& out) {
  const ConfigValue* routes = listener.find("routes");
  if (routes == nullptr || routes->kind == ConfigValue::Kind::kNull) {
    const ConfigValue row = default_row();
    for (const std::string_view prefix : kDefaultPrefixes) {
      MappingReader route(row, listener.path_of("routes"), context.errors);
      out.routes.push_back({std::string(prefix), RowReader(context).read(route)});
    }
    return context.config.settings.require_api_key;
  }
  bool all_demand_key = true;
  for (const MappingReader::Item& item : listener.items("routes")) {
    MappingReader route(*item.value, item.path, context.errors);
    RouteConfig made;
    made.prefix = read_prefix(route);
    RowReader row(context);
    made.filters = row.read(route);
    all_demand_key = all_demand_key && row.demands_key();
    route.done();
    for (const RouteConfig& other : out.routes)
      if (other.prefix == made.prefix && !made.prefix.empty())
        route.fail("match", fmt::format("another route has the prefix {}", made.prefix));
    out.routes.push_back(std::move(made));
  }
  std::stable_sort(
      out.routes.begin(), out.routes.end(),
      [](const RouteConfig& a, const RouteConfig& b) { return a.prefix.size() > b.prefix.size(); });
  return all_demand_key;
}

}  // namespace omni
