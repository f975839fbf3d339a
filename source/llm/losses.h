// What is lost on the way to another dialect whatever its encoder does.
#pragma once

#include <string>
#include <vector>

#include "source/llm/request.h"

namespace omni::llm {

// Adds to `dropped`, by the client's own names, what stands in parts and tools of `request` that
// only their own dialect knows, and so `target` was not sent.
void name_losses(const Request& request, Dialect target, std::vector<std::string>& dropped);

}  // namespace omni::llm
