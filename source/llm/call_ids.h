// Which result answers which tool call, in dialects that may leave the ids of calls out.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "source/base/strings.h"
#include "source/llm/request.h"

namespace omni::llm {

// While a request is decoded: every call and result gets an id, the same for the same history, so
// that a provider's prompt cache holds. Calls and results in the order they stand in.
class CallIds {
 public:
  // Ids that are made live as long as `request`.
  explicit CallIds(Request& request) : request_(request) {}

  // `given`, or one made of the call's number and name.
  Text of_call(Text given, Text name);
  // `given`, or that of the oldest call of this name without a result (where no name is given
  // either: of the oldest call). An id that no call has stands for a call without one: Gemini CLI
  // makes up such ids. A result that answers nothing gets an id of its own. Fills `name` where the
  // call knows it.
  Text of_result(Text given, Text& name);

 private:
  struct Call {
    Text id, name;
    bool is_answered = false;
  };
  using Row = std::deque<size_t>;  // Indexes of calls_.

  // The first of `row` without a result, which it is then no more; null when there is none.
  Call* take_oldest(Row& row);
  Text make(Text name);

  Request& request_;
  std::deque<Call> calls_;
  StringMap<size_t> by_id_;
  StringMap<Row> by_name_;
  StringMap<Row> nameless_;  // Of calls without an id, by the call's name.
  Row all_;
  int made_ = 0;
};

// `id`, or a shorter one for it, the same each time, where a server takes `limit` characters; as it
// stands between quotes.
std::string short_id(Text id, size_t limit);

// While a request is encoded: the name that a result's call had.
class CallNames {
 public:
  // Views of `request`.
  explicit CallNames(const Request& request);

  // Not given when no call has the result's id and the result knows no name.
  Text of(const Part& result) const;

 private:
  StringMap<Text> by_id_;
};

}  // namespace omni::llm
