#include "source/llm/call_ids.h"

#include <fmt/format.h>

namespace omni::llm {

Text CallIds::make(Text name) {
  return Text(request_.keep(fmt::format("call_{}_{}", ++made_, name.inside())));
}

Text CallIds::of_call(Text given, Text name) {
  const bool is_known = given.is_given() && !given.is_empty();
  const Text id = is_known ? given : make(name);
  const size_t index = calls_.size();
  calls_.push_back({id, name});
  by_id_[std::string(id.inside())] = index;
  by_name_[std::string(name.inside())].push_back(index);
  all_.push_back(index);
  return id;
}

CallIds::Call* CallIds::take_oldest(Row& row) {
  while (!row.empty()) {
    Call& call = calls_[row.front()];
    row.pop_front();
    if (call.is_answered) continue;
    call.is_answered = true;
    return &call;
  }
  return nullptr;
}

Text CallIds::of_result(Text given, Text& name) {
  const bool has_name = name.is_given() && !name.is_empty();
  if (given.is_given() && !given.is_empty()) {
    const auto found = by_id_.find(given.inside());
    if (found == by_id_.end()) return given;
    calls_[found->second].is_answered = true;
    if (!has_name) name = calls_[found->second].name;
    return given;
  }
  Call* call = nullptr;
  if (!has_name) {
    call = take_oldest(all_);
  } else if (const auto row = by_name_.find(name.inside()); row != by_name_.end()) {
    call = take_oldest(row->second);
  }
  if (call == nullptr) return make(name);
  if (!has_name) name = call->name;
  return call->id;
}

CallNames::CallNames(const Request& request) {
  for (const Message& message : request.messages)
    for (const Part& part : message.parts)
      if (part.kind == PartKind::kToolCall) by_id_[std::string(part.id.inside())] = part.name;
}

Text CallNames::of(const Part& result) const {
  if (result.name.is_given() && !result.name.is_empty()) return result.name;
  const auto found = by_id_.find(result.id.inside());
  return found == by_id_.end() ? Text() : found->second;
}

}  // namespace omni::llm
