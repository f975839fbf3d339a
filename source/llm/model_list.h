// What a gateway offers, as rows that each dialect writes in its own shape.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/catalog/names.h"
#include "source/catalog/provider.h"
#include "source/llm/call_error.h"

namespace omni::llm {

struct ListedModel {
  std::string id;          // What clients ask for.
  std::string root;        // What it leads to.
  std::string_view owner;  // The provider's id, or "alias".
  const Provider* provider = nullptr;
  const Model* model = nullptr;  // Null: nothing is known of it.

  std::string_view title() const {
    return model == nullptr || model->name.empty() ? std::string_view(id) : model->name;
  }
};

// May a client see the model it would ask for as `id`?
using Visible =
    absl::FunctionRef<bool(std::string_view id, const Provider& provider, std::string_view model)>;

// Every model under its provider's id in file order, then the aliases by the alphabet; hidden ones
// and those of providers without an account are left out. `only`: of this provider, no aliases.
std::vector<ListedModel> list_models(const ProviderList& providers, const AliasMap& aliases,
                                     Visible visible, const Provider* only = nullptr);

// The row for a name that a client might use; nullopt when it leads nowhere or is not visible, and
// then `why` says so.
std::optional<ListedModel> find_model(std::string_view id, const ProviderList& providers,
                                      const AliasMap& aliases, Visible visible, std::string& why);

// How a listing was asked for.
struct ListQuery {
  std::string_view target;  // With its query: Anthropic's and Gemini's listings come in pages.
  int64_t now = 0;          // Seconds since 1970 of the configuration: Ollama's modified_at.
};

// The whole listing, or the page that was asked for; an error names the parameter.
std::variant<std::string, CallError> render_models(Dialect dialect,
                                                   absl::Span<const ListedModel> models,
                                                   const ListQuery& query);
std::string render_model(Dialect dialect, const ListedModel& model, const ListQuery& query);

}  // namespace omni::llm
