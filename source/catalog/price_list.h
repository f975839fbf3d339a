// Which prices the catalogue knows, in one word.
#pragma once

#include <string_view>

namespace omni {

// Eight hexadecimal digits that change whenever a price of the catalogue does: two receipts with
// the same ones were priced alike. Any thread; valid for ever.
std::string_view price_list_version();

}  // namespace omni
