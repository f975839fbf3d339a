#include "source/catalog/provider.h"

#include <algorithm>
#include <utility>

namespace omni {

namespace {

constexpr std::pair<Modality, std::string_view> kModalities[] = {
    {kText, "text"}, {kImage, "image"}, {kAudio, "audio"}, {kVideo, "video"}, {kFile, "file"}};

}  // namespace

std::string_view name_of(Modality modality) {
  for (const auto& [bit, name] : kModalities)
    if (bit == modality) return name;
  return {};
}

std::optional<Modality> modality_from(std::string_view name) {
  for (const auto& [bit, word] : kModalities)
    if (word == name) return bit;
  return std::nullopt;
}

const Price& price_in(const Price& price, ServiceTier tier) {
  for (const TierPrice& other : price.tiers)
    if (other.tier == tier) return other.price;
  return price;
}

const Model* Provider::find_model(std::string_view model_id) const {
  const auto it = std::find_if(models.begin(), models.end(),
                               [&](const Model& model) { return model.id == model_id; });
  return it == models.end() ? nullptr : &*it;
}

ProviderList::ProviderList(std::vector<Provider> providers) : providers_(std::move(providers)) {
  for (const Provider& provider : providers_) {
    by_prefix_.emplace(provider.id, &provider);
    if (!provider.alias.empty()) by_prefix_.emplace(provider.alias, &provider);
    for (const Model& model : provider.models) by_model_[model.id].push_back(&provider);
  }
}

const Provider* ProviderList::find(std::string_view prefix) const {
  const auto it = by_prefix_.find(prefix);
  return it == by_prefix_.end() ? nullptr : it->second;
}

std::vector<const Provider*> ProviderList::listing(std::string_view model_id) const {
  const auto it = by_model_.find(model_id);
  return it == by_model_.end() ? std::vector<const Provider*>() : it->second;
}

std::string_view auth_header_name(AuthStyle style) {
  switch (style) {
    case AuthStyle::kBearer:
      return "authorization";
    case AuthStyle::kXApiKey:
      return "x-api-key";
    case AuthStyle::kXGoogApiKey:
      return "x-goog-api-key";
    case AuthStyle::kApiKey:
      return "api-key";
    case AuthStyle::kNone:
      return {};
  }
  return {};
}

std::string auth_header_value(AuthStyle style, std::string_view key) {
  if (style == AuthStyle::kNone) return {};
  if (style == AuthStyle::kBearer) return "Bearer " + std::string(key);
  return std::string(key);
}

}  // namespace omni
