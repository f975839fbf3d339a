#include "filters/routing/auto_wish.h"

#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "source/base/strings.h"
#include "source/llm/decoded.h"
#include "source/routing/auto_pool.h"
#include "source/routing/auto_score.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

LocalReply refuse_header(std::string_view name, std::string message) {
  return {.status = 400,
          .code = "invalid_header",
          .message = std::move(message),
          .param = std::string(name)};
}

std::optional<LocalReply> read_mode(const Headers& headers, Plan& plan) {
  const std::string mode = lower(trim(headers.value("x-omniroute-mode")));
  if (mode.empty()) return std::nullopt;
  const std::optional<routing::Pack> pack = routing::pack_from(mode);
  if (!pack)
    return refuse_header("X-OmniRoute-Mode", fmt::format("X-OmniRoute-Mode is one of {}",
                                                         fmt::join(routing::pack_names(), ", ")));
  plan.pack = static_cast<uint8_t>(*pack);
  return std::nullopt;
}

// Tokens in and out: a quarter of the bytes, and what the client lets the model write.
struct Size {
  double in = 0, out = 0;
};
Size size_of(llm::Call& call) {
  constexpr double kBytesPerToken = 4, kUsualOutput = 1024;
  Size size{.in = static_cast<double>(call.body().size()) / kBytesPerToken, .out = kUsualOutput};
  const llm::Decoded& decoded = call.decoded();
  if (!decoded.error && decoded.request.max_tokens)
    size.out = static_cast<double>(*decoded.request.max_tokens);
  return size;
}

// In US dollars; infinite where no price is known.
double estimate(const routing::ComboTarget& target, const Size& size) {
  if (target.target.provider->is_demo) return 0;
  const Model* model = target.target.provider->find_model(target.target.model);
  if (model == nullptr || !model->price) return HUGE_VAL;
  return (size.in * model->price->input + size.out * model->price->output) / 1e6;
}

std::optional<LocalReply> keep_within(double budget, bool is_strict, llm::Call& call, Plan& plan) {
  const Size size = size_of(call);
  const auto cost = [&](uint16_t place) { return estimate(plan.combo->targets[place], size); };
  const auto cheapest =
      *std::min_element(plan.places.begin(), plan.places.end(),
                        [&](uint16_t a, uint16_t b) { return cost(a) < cost(b); });
  const double least = cost(cheapest);
  if (least > budget && is_strict)
    return LocalReply{
        .status = 402,
        .code = "request_over_budget",
        .message = fmt::format(
            "No target of '{}' is estimated to answer for ${:.6f} or less{}", plan.combo->name,
            budget,
            std::isfinite(least) ? fmt::format("; the cheapest takes ${:.6f}", least) : "")};
  const auto is_dear = [&](uint16_t place) {
    return least > budget ? place != cheapest : cost(place) > budget;
  };
  plan.places.erase(std::remove_if(plan.places.begin(), plan.places.end(), is_dear),
                    plan.places.end());
  return std::nullopt;
}

std::optional<LocalReply> read_budget(const Headers& headers, llm::Call& call, Plan& plan) {
  const std::string_view text = trim(headers.value("x-omniroute-budget"));
  const std::string fallback = lower(trim(headers.value("x-omniroute-budget-fallback")));
  if (!fallback.empty() && fallback != "cheapest" && fallback != "strict")
    return refuse_header("X-OmniRoute-Budget-Fallback",
                         "X-OmniRoute-Budget-Fallback is cheapest or strict");
  if (text.empty()) return std::nullopt;
  double budget = 0;
  const bool is_number = absl::SimpleAtod({text.data(), text.size()}, &budget);
  if (!is_number || !std::isfinite(budget) || budget <= 0)
    return refuse_header("X-OmniRoute-Budget",
                         "X-OmniRoute-Budget is a number of US dollars above zero");
  return keep_within(budget, fallback == "strict", call, plan);
}

}  // namespace

std::optional<LocalReply> grant_wishes(const Headers& headers, llm::Call& call, Plan& plan) {
  if (std::optional<LocalReply> refusal = read_mode(headers, plan)) return refusal;
  return read_budget(headers, call, plan);
}

LocalReply refuse_auto(std::string_view name) {
  const std::vector<std::string> known = routing::auto_names();
  if (std::find(known.begin(), known.end(), name) != known.end())
    return {.status = 503,
            .code = "no_connected_providers",
            .message = fmt::format("No connected providers match '{}'", name)};
  std::vector<std::string> near = nearest(name, known, 3);
  if (near.empty()) near = {"auto", "auto/fast", "auto/coding"};
  return {
      .status = 400,
      .code = "model_not_found",
      .message = fmt::format("Unknown model '{}'; did you mean {}?", name, fmt::join(near, ", ")),
      .param = "model"};
}

}  // namespace omni::filters
