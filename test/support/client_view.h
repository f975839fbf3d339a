// An answer as a client's library takes it: strict where the vendors' libraries are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/json.h"
#include "test/support/relay.h"

namespace omni::test {

struct Told {
  struct Call {
    std::string id, name;
    nlohmann::json arguments;
  };
  std::string text, thoughts, refusal;
  std::vector<Call> calls;
  std::string
      finish;  // The dialect's own word; empty: the answer does not say that it is finished.
  bool is_finished = false;  // The dialect's terminal event, or the whole document.
  std::string error;         // The message of an error event or body.
  int64_t input = -1, output = -1, cached = -1;
  nlohmann::json
      turn;  // What this client sends back: the assistant's turn, or an array of turns or items.
  std::string problem;  // The first rule of the dialect that was broken.
  // What only the upstream can be to blame for: arguments that are no JSON, one id for two calls.
  std::string upstream_fault;
};

// What a client of this kind makes of everything it got.
Told read_as_client(ClientKind kind, std::string_view bytes);

// The request of the next turn: the answer in its place, a result for each of its calls, and a
// user's message behind it.
std::string next_request(Dialect dialect, const Told& told);

}  // namespace omni::test
