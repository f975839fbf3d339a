#include "source/llm/losses.h"

#include "source/llm/parts.h"

namespace omni::llm {
namespace {

void name_in(const std::vector<Part>& parts, Dialect target, Dropped& dropped) {
  for (const Part& part : parts) {
    name_in(part.content, target, dropped);
    if (part.origin == target) continue;
    dropped.add_each(part.own_members);
    if (!part.citations.empty()) dropped.add("citations");
    if (part.kind == PartKind::kOpaque) dropped.add(opaque_name(part));
  }
}

}  // namespace

void name_losses(const Request& request, Dialect target, std::vector<std::string>& dropped) {
  Dropped names(std::move(dropped));
  for (const Message& message : request.messages) name_in(message.parts, target, names);
  for (const Tool& tool : request.tools)
    if (tool.origin != target) names.add_each(tool.own_members);
  dropped = names.take();
}

}  // namespace omni::llm
