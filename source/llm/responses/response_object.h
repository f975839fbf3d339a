// The response object that every answer is, and that opens and closes a stream
// (platform.openai.com/docs/api-reference/responses/object).
#pragma once

#include <string>
#include <string_view>

#include "source/llm/codec.h"

namespace omni::llm::responses {

// What answers say beside what the model said: the id, and the request's settings.
class ResponseObject {
 public:
  explicit ResponseObject(const AnswerOptions& options);

  void start(const Event& started);
  // What ids of items are made from.
  std::string_view id_stem() const { return id_stem_; }

  // How it stands; `output` are items with commas between them.
  struct State {
    std::string_view status = "in_progress";
    std::string_view incomplete_reason, output;
    const Usage* usage = nullptr;
    const Error* error = nullptr;
  };
  void append(std::string& out, const State& state) const;

 private:
  const std::string model_, fallback_id_;
  const int64_t now_;
  const std::string kept_id_;  // Empty: the upstream's own id will do.
  const bool is_background_;
  std::string id_, id_stem_, said_model_;
  int64_t created_ = 0;
  // The request's settings: what stands before and behind `output`.
  std::string before_, behind_;
};

}  // namespace omni::llm::responses
