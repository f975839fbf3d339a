// Events into Responses answers and streams.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/json/builder.h"
#include "source/llm/codec.h"
#include "source/llm/responses/proof.h"
#include "source/llm/responses/response_object.h"
#include "source/llm/responses/tool_space.h"

namespace omni::llm::responses {

// A stream in the vendor's order of events, each with its type on the event line too and no [DONE];
// or a plain answer, which is what the stream's last event holds. Each part is an item. Answers
// have one choice here, others are left out.
class ResponseEncoder final : public AnswerEncoder {
 public:
  explicit ResponseEncoder(const AnswerOptions& options);

  void put(const Event& event, std::string& out) override;

 private:
  using Fill = absl::FunctionRef<void(json::Builder& json)>;

  // What is open: an item, and what of it the next events will repeat.
  struct Open {
    std::string id, call_id, name, text, citations, logprobs;
    bool is_custom = false;
    int citation_count = 0;
    Proof proof;
    std::string proof_text;
  };

  void began(const Event& event, std::string& out);
  void delta(const Event& event, std::string& out);
  void settle(const Event& next, std::string& out);
  void signature(const Event& event, std::string& out);
  void citation(const Event& event, std::string& out);
  void logprobs(const Event& event);
  void finish(std::string& out);
  void fail(const Error& error, std::string& out);

  void start(const Event& event, std::string& out);
  void open(std::string_view prefix);
  void begin_message(PartKind kind, std::string& out);
  void end_message(PartKind kind, std::string& out);
  void begin_call(const Event& event, std::string& out);
  void end_call(std::string& out);
  void end_reasoning(std::string& out);
  // A proof that is nobody's thought.
  void whole_proof(Proof::Of of, const Signature& signature, std::string& out);
  void whole_item(const Event& event, std::string& out);
  void keep_proof(Proof::Of of, const Signature& signature);

  // An item's object, as it stands when it is begun or finished.
  void write_message(json::Builder& json, PartKind kind, bool is_done);
  void write_call(json::Builder& json, bool is_done);
  void write_reasoning(json::Builder& json, bool is_done);
  void write_part(json::Builder& json, PartKind kind, bool is_done);
  void write_place(json::Builder& json, bool has_content_index);
  std::string_view status(bool is_done) const {
    return !is_done ? "in_progress" : is_cut_ ? "incomplete" : "completed";
  }

  // One event; nothing in a plain answer.
  void tell(std::string_view type, std::string& out, Fill fill);
  void tell_item(bool is_done, std::string& out, Fill write);
  void tell_response(std::string_view type, const ResponseObject::State& state, std::string& out);

  const bool is_stream_;
  ResponseObject response_;
  const ToolSpaces spaces_;
  bool has_started_ = false;
  int64_t sequence_ = 0;
  int index_ = 0;  // Of the open item, or of the next.
  Open open_;
  std::optional<PartKind> ending_;  // The open item has all of its text.
  bool is_cut_ = false;             // Of the item that ends: the answer was cut off in it.
  std::string output_;              // The finished items, with commas between them.
  StopReason stop_ = StopReason::kEnd;
  Usage usage_;
};

}  // namespace omni::llm::responses
