// The messages of a request as items.
#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

#include "source/llm/codec.h"
#include "source/llm/parts.h"
#include "source/llm/responses/tool_space.h"
#include "source/llm/tool_names.h"

namespace omni::llm::responses {

// Writes into the open `input` array: a message, its thoughts and its calls are items of their own.
// Ids are left out: a provider that does not keep items looks for them in vain.
class ItemWriter {
 public:
  ItemWriter(json::Builder& json, const Request& request, const NameRule& names, Dropped& dropped)
      : json_(json), request_(request), names_(names), dropped_(dropped), spaces_(&request) {}

  void write(const Message& message);

 private:
  void message(const Message& message);
  void assistant(const Message& message);
  // Texts and refusals from `at` on, as one message; returns the first part behind them.
  size_t spoken(const Message& message, size_t at);
  void reasoning(const Part& thought);
  void call(const Part& call);
  void result(const Part& result);
  void content(const Part& part);
  void image(const Media& media);
  void file(const Media& media);
  void opaque(const Part& part);
  void note_losses(const Part& part);

  json::Builder& json_;
  const Request& request_;
  const NameRule names_;
  Dropped& dropped_;
  const ToolSpaces spaces_;
  std::unordered_set<std::string_view> custom_calls_;  // Their ids.
};

}  // namespace omni::llm::responses
