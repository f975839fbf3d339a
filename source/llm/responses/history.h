// Responses that continue others, and how an answer is kept for those that will continue it
// (platform.openai.com/docs/guides/conversation-state). Pure: where they are kept is another's
// business.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace omni::llm::responses {

// What came before the input of a request that names a previous response.
struct History {
  // Input items with commas between them, oldest first: what the model was told and what it said.
  std::string items;
  // False: some of it is known to nobody but the provider.
  bool is_whole = true;
  // Who keeps the previous response under the id that the client gave; empty: nobody but us.
  std::string provider, account;
};

// What answers say of being kept.
struct Keeping {
  std::string id;        // Given to answers that bring none which their provider keeps.
  std::string previous;  // The request's previous_response_id, as JSON; empty: none.
  bool is_background = false;
};

// The value of `input` as items with commas between them: a text is one user's message.
std::string items_of_input(std::string_view input);
// The same of a response object's `output`.
std::string_view items_of_output(std::string_view object);
// The body with the history in front of its input and without previous_response_id. Reasoning that
// only its own provider can read is left out for others that speak this dialect.
std::string expand(std::string_view body, const History& history, bool with_reasoning);

// Some of them are reasoning.
bool has_reasoning(std::string_view items);

// The items of one response as a list, each with an id: those that have none get one made from
// `stem` and their place.
std::string number_items(std::string_view items, std::string_view stem);

// A response object as it stands when it is begun, from the request's body.
std::string queued_object(std::string_view body, const Keeping& keeping, std::string_view model,
                          int64_t created_at);
// Sets status and error of an object whose making ended early. `code` empty: no error, as for one
// that was cancelled.
void end_object(std::string& object, std::string_view status, std::string_view code,
                std::string_view message);

}  // namespace omni::llm::responses
