// What a request holds besides text, found without decoding it.
#pragma once

#include <cstdint>
#include <string_view>

#include "source/catalog/dialect.h"

namespace omni::llm {

// The modalities (catalog's bits) of the parts in `body`, a chat of the client's dialect, by the
// words that only such parts have as a name or value. Quotes inside a JSON string are escaped, so
// that nothing a user writes can look like one; a tool's schema can, and then a modality too many
// is found. Any thread; as fast as memmem, a few times over the body.
uint8_t modalities_in(Dialect dialect, std::string_view body);

}  // namespace omni::llm
