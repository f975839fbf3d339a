// The items of `input` (platform.openai.com/docs/api-reference/responses/create).
#pragma once

#include <string_view>
#include <unordered_map>

#include "source/llm/field_walk.h"
#include "source/llm/request.h"
#include "source/llm/responses/proof.h"

namespace omni::llm::responses {

// Reads items in order. What the model said in one turn, thoughts, text and calls, becomes one
// message.
class ItemReader {
 public:
  ItemReader(FieldWalk& walk, Request& request) : walk_(walk), request_(request) {}

  // False when the walk has an error.
  bool read(const json::Skimmed& value, const Place& at);

 private:
  struct Item;

  bool message(const Item& item, const Place& at);
  bool call(const Item& item, const Place& at, bool is_custom);
  bool output(const Item& item, const Place& at, bool is_custom);
  bool reasoning(const Item& item, const json::Skimmed& whole, const Place& at);
  bool thoughts(const json::Skimmed& value, const Place& at, std::string& out);
  bool hosted(const json::Skimmed& whole, const Place& at);
  bool reference(const Place& at);
  Message& assistant();
  void attach(const Proof& proof);

  FieldWalk& walk_;
  Request& request_;
  Signature next_signature_;                           // For the text or call that follows.
  std::unordered_map<std::string_view, Text> called_;  // Names by call id.
};

}  // namespace omni::llm::responses
