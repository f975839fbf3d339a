#include "source/llm/call_ids.h"

#include <fmt/format.h>

#include "source/base/fnv.h"

#include <cstdint>

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
  if (!is_known) nameless_[std::string(name.inside())].push_back(index);
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
  const bool has_id = given.is_given() && !given.is_empty();
  const auto found = has_id ? by_id_.find(given.inside()) : by_id_.end();
  if (found != by_id_.end()) {
    calls_[found->second].is_answered = true;
    if (!has_name) name = calls_[found->second].name;
    return given;
  }
  Call* call = nullptr;
  StringMap<Row>& rows = has_id ? nameless_ : by_name_;
  if (!has_name) {
    call = has_id ? nullptr : take_oldest(all_);
  } else if (const auto row = rows.find(name.inside()); row != rows.end()) {
    call = take_oldest(row->second);
  }
  if (call == nullptr) return has_id ? given : make(name);
  if (!has_name) name = call->name;
  return call->id;
}

std::string short_id(Text id, size_t limit) {
  if (id.inside().size() <= limit) return std::string(id.inside());
  const std::string whole = id.decoded();
  std::string out;
  if (whole.size() <= limit) {
    append_escaped(out, whole);
    return out;
  }
  return fmt::format("call_{:016x}", fnv1a(whole));
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
