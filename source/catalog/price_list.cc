#include "source/catalog/price_list.h"

#include <bit>
#include <cstdint>
#include <string>

#include "source/base/fnv.h"
#include "source/catalog/provider.h"

namespace omni {
namespace {

// A name for a list.
class Sum {
 public:
  void add(std::string_view text) { word_ = fnv1a(uint8_t{0xff}, fnv1a(text, word_)); }
  void add(double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8)
      word_ = fnv1a(static_cast<uint8_t>(bits >> shift), word_);
  }
  uint64_t word() const { return word_; }

 private:
  uint64_t word_ = kFnvBasis;
};

void add(Sum& sum, const Price& price) {
  for (const double rate :
       {price.input, price.output, price.cached.value_or(-1), price.cache_write.value_or(-1),
        price.cache_write_1h.value_or(-1), price.reasoning.value_or(-1),
        price.audio_input.value_or(-1), price.audio_output.value_or(-1)})
    sum.add(rate);
}

std::string make_version() {
  Sum sum;
  for (const std::string& name : provider_type_names()) {
    for (const Model& model : find_provider_type(name)->models) {
      if (!model.price) continue;
      sum.add(name);
      sum.add(model.id);
      add(sum, *model.price);
      for (const TierPrice& other : model.price->tiers) {
        sum.add(name_of(other.tier));
        add(sum, other.price);
      }
    }
  }
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(sum.word() >> shift) & 15];
  return out;
}

}  // namespace

std::string_view price_list_version() {
  static const std::string kVersion = make_version();
  return kVersion;
}

}  // namespace omni
