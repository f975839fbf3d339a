// What management shows of a receipt.
#pragma once

#include <string>

#include "source/store/receipt.h"

namespace omni {

// {id, requestId, time, status, ..., verdicts: [...], attempts: [...], skipped: [...]}.
std::string render_receipt(const ReceiptId& id, const Receipt& receipt);

}  // namespace omni
