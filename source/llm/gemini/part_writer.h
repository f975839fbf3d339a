// Events of one candidate into the parts of its Content.
#pragma once

#include <optional>
#include <string>

#include "source/llm/event.h"

namespace omni::llm::gemini {

// A tool call appears when its arguments are whole: the dialect knows no piece of one. What stands
// for a signature alone goes with the part behind it, as the vendor had it.
class PartWriter {
 public:
  // Streams write each piece of text at once, as a part of its own; plain answers whole parts.
  explicit PartWriter(bool is_stream) : is_stream_(is_stream) {}

  // Appends the parts that are complete with this event, commas between them.
  void put(const Event& event, std::string& parts);

 private:
  void began(const Event& event, std::string& parts);
  void delta(const Event& event, std::string& parts);
  void signature(const Event& event, std::string& parts);
  void ended(const Event& event, std::string& parts);
  void media(const Event& event, std::string& parts);
  void call(std::string& parts);
  // A text or a thought, with the signature that waits.
  void text(std::string_view inside, bool is_thought, std::string& parts);
  // What waits for a part to go with is a part of its own.
  void flush(std::string& parts);
  void append_proof(std::string& parts);

  const bool is_stream_;
  std::string text_;       // Of the open part, or arguments.
  std::string proof_;      // As it stands in its field.
  std::string id_, name_;  // Of the open call.
  std::string call_proof_;
  bool is_custom_ = false;
  bool has_text_ = false;       // The open part has told some.
  bool proof_is_lone_ = false;  // proof_ belongs to the part behind.
};

}  // namespace omni::llm::gemini
