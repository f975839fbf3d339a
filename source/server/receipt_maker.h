// The receipt of a finished exchange, from what its facts and its trail hold.
#pragma once

#include "source/http/exchange_host.h"
#include "source/store/receipt.h"

namespace omni {

// Of a client path, as it was asked for when there is no canonical one.
bool has_receipt_path(Exchange& exchange);
// It has a receipt: they are on, and no key that was presented asks for none.
bool gives_receipt(const Facts& facts);
// `out` is cleared first; its views are of the exchange and its snapshot. `price` is price_of() the
// answer.
void fill_receipt(const Finished& finished, const Price* price, Receipt& out);

}  // namespace omni
