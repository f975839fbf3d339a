// combos: names that stand for several targets; and how requests are spread over the accounts of
// one provider.
#include <absl/time/time.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/strings.h"
#include "source/config/section.h"
#include "source/config/stage_rules.h"
#include "source/routing/combo.h"

namespace omni {
namespace {

using routing::ComboConfig;
using routing::ComboStep;

constexpr double kMostTargetWeight = 1e6;

ComboStep read_step(const MappingReader::Item& item, routing::Strategy strategy,
                    ConfigErrors& errors) {
  MappingReader reader(*item.value, item.path, errors);
  ComboStep out;
  out.model = reader.text("model").value_or("");
  out.combo = reader.text("combo").value_or("");
  if (reader.has("model") == reader.has("combo"))
    errors.add(item.value->at, item.path, "a target has either a model or a combo");
  out.account = reader.text("account").value_or("");
  if (!out.account.empty() && out.model.empty()) reader.fail("account", "is for a model only");
  out.weight = reader.number("weight", 0).value_or(1);
  if (out.weight > kMostTargetWeight) reader.fail("weight", "must not be more than 1000000");
  read_stage(reader, strategy, out);
  reader.done();
  return out;
}

template <class Value>
void read_word(MappingReader& reader, std::string_view key, const std::vector<std::string>& words,
               std::optional<Value> (*from)(std::string_view), Value& into) {
  const std::optional<std::string> word = reader.text(key);
  if (!word) return;
  if (const std::optional<Value> value = from(*word)) {
    into = *value;
    return;
  }
  reader.fail(key, fmt::format("expected one of {}, found '{}'{}", fmt::join(words, ", "), *word,
                               suggestion(*word, words)));
}

void read_weights(MappingReader& rules, ConfigErrors& errors, routing::AutoRule& out) {
  const ConfigValue* value = rules.find("weights");
  if (value == nullptr) return;
  MappingReader reader(*value, rules.path_of("weights"), errors);
  routing::Weights weights{};
  float sum = 0;
  for (size_t i = 0; i < routing::kFactors; ++i) {
    const std::string_view name = routing::name_of(static_cast<routing::Factor>(i));
    const double weight = reader.number(name, 0).value_or(0);
    if (weight > kMostTargetWeight) reader.fail(name, "must not be more than 1000000");
    weights[i] = static_cast<float>(weight);
    sum += weights[i];
  }
  reader.done();
  if (sum <= 0) rules.fail("weights", "one of them must be more than zero");
  out.weights = weights;
}

void read_scoring(MappingReader& reader, ConfigErrors& errors, ComboConfig& out) {
  if (out.strategy != routing::Strategy::kAuto) {
    for (const std::string_view key : {"mode", "task", "weights"})
      if (reader.has(key)) reader.fail(key, "is for the strategy auto only");
  }
  read_word(reader, "mode", routing::pack_names(), routing::pack_from, out.scoring.pack);
  read_word(reader, "task", routing::task_names(), routing::task_from, out.scoring.task);
  read_weights(reader, errors, out.scoring);
}

void read_rules(MappingReader& combo, ConfigErrors& errors, ComboConfig& out) {
  routing::Rules& rules = out.rules;
  rules.max_retries = 1;
  rules.target_timeout = absl::Seconds(120);
  const ConfigValue* value = combo.find("config");
  if (value == nullptr) return;
  MappingReader reader(*value, combo.path_of("config"), errors);
  const auto duration = [&](std::string_view key, absl::Duration most, absl::Duration& into) {
    into = reader.duration(key, absl::ZeroDuration(), most).value_or(into);
  };
  rules.max_retries = static_cast<int>(reader.integer("max_retries", 0, 10).value_or(1));
  duration("retry_delay", absl::Minutes(5), rules.retry_delay);
  duration("fallback_delay", absl::Seconds(30), rules.fallback_delay);
  duration("target_timeout", absl::Hours(1), rules.target_timeout);
  duration("timeout", absl::Hours(1), rules.timeout);
  rules.hedge.enabled = reader.boolean("hedging").value_or(false);
  duration("hedge_delay", absl::Minutes(1), rules.hedge.delay);
  rules.hedge.share = reader.number("hedge_share", 0).value_or(rules.hedge.share);
  if (rules.hedge.share > 1) reader.fail("hedge_share", "must not be more than 1");
  constexpr double kNanos = 1e9, kMostDollars = 1e6;
  const double dollars = reader.number("hedge_max_cost", 0).value_or(0);
  if (dollars > kMostDollars)
    reader.fail("hedge_max_cost", "must not be more than 1000000");
  else
    rules.hedge.max_cost_nanos = static_cast<int64_t>(dollars * kNanos);
  out.sticky = static_cast<int>(reader.integer("sticky_limit", 1, 1000).value_or(1));
  read_scoring(reader, errors, out);
  read_stage_rules(reader, out);
  reader.done();
}

void read_strategy(MappingReader& reader, ComboConfig& out) {
  const std::optional<std::string> name = reader.text("strategy");
  if (!name) return;
  if (const auto strategy = routing::strategy_from(*name)) {
    out.strategy = *strategy;
    return;
  }
  const std::vector<std::string> names = routing::strategy_names();
  reader.fail("strategy", fmt::format("expected one of {}, found '{}'{}", fmt::join(names, ", "),
                                      *name, suggestion(*name, names)));
}

ComboConfig read_combo(const MappingReader::Item& item, SectionContext& context, StringSet& names) {
  MappingReader reader(*item.value, item.path, context.errors);
  ComboConfig out;
  out.name = reader.required_text("name").value_or("");
  if (reader.has("name")) {
    if (out.name.empty() || out.name.size() > 128)
      reader.fail("name", "must have 1 to 128 characters");
    else if (routing::is_auto_name(out.name))
      reader.fail("name", "'auto' is reserved");
    else if (!names.insert(out.name).second)
      reader.fail("name", fmt::format("another combo is named '{}'", out.name));
  }
  read_strategy(reader, out);
  for (const MappingReader::Item& target : reader.items("targets"))
    out.steps.push_back(read_step(target, out.strategy, context.errors));
  if (out.steps.empty() && !reader.has("targets"))
    reader.missing("targets", "'targets' is missing");
  else if (out.steps.empty())
    reader.fail("targets", "names no target");
  out.proxy = read_proxy(reader, context);
  read_rules(reader, context.errors, out);
  check_stages(reader, out);
  reader.done();
  return out;
}

void tell_step(const MappingReader::Item& combo, const routing::FlattenFailure& failure,
               ConfigErrors& errors) {
  MappingReader reader(*combo.value, combo.path, errors);
  const std::vector<MappingReader::Item> steps = reader.items("targets");
  if (failure.step < steps.size())
    return errors.add(steps[failure.step].value->at, steps[failure.step].path, failure.message);
  MappingReader rules(*reader.find("config"), reader.path_of("config"), errors);
  rules.fail("handoff_model", failure.message);
}

// By their prefixes as well; from here on they go by their ids.
void settle_handoff_providers(const MappingReader::Item& combo, const ProviderList& providers,
                              routing::HandoffRule& rule, ConfigErrors& errors) {
  for (std::string& name : rule.providers) {
    if (const Provider* provider = providers.find(name)) {
      name = provider->id;
      continue;
    }
    MappingReader reader(*combo.value, combo.path, errors);
    MappingReader rules(*reader.find("config"), reader.path_of("config"), errors);
    rules.fail("handoff_providers", fmt::format("no provider is named '{}'", name));
  }
}

}  // namespace

void read_combos(MappingReader& root, SectionContext& context) {
  const std::vector<MappingReader::Item> items = root.items("combos");
  if (items.empty()) return;
  StringSet names;
  std::vector<ComboConfig>& combos = context.config.combos;
  for (const MappingReader::Item& item : items) combos.push_back(read_combo(item, context, names));
  // Where they lead can be said only when all are known; of what is broken already it would be
  // noise.
  if (!context.errors.empty()) return;
  const ProviderList providers(context.config.providers);
  routing::Flattener flattener(combos, providers, context.config.aliases);
  for (size_t i = 0; i < items.size(); ++i) {
    routing::Combo made;
    const auto failure = flattener.flatten(combos[i], made);
    if (failure) tell_step(items[i], *failure, context.errors);
    settle_handoff_providers(items[i], providers, combos[i].handoff, context.errors);
  }
}

}  // namespace omni
