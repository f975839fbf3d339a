// OpenAI's model listing (platform.openai.com/docs/api-reference/models), with the limits and
// prices that the catalogue knows.
#pragma once

#include <absl/functional/function_ref.h>

#include <string>
#include <string_view>

#include "source/catalog/names.h"
#include "source/catalog/provider.h"

namespace omni::llm::openai {

// {"object":"list","data":[...]}: every model under its provider's id, then the aliases; `visible`
// gets the name that an entry would be asked for by.
std::string render_models(
    const ProviderList& providers, const AliasMap& aliases,
    absl::FunctionRef<bool(std::string_view id, const Provider&, const Model&)> visible);

// One entry, under the name it was asked for.
std::string render_model(std::string_view id, const Provider& provider, std::string_view model);

}  // namespace omni::llm::openai
