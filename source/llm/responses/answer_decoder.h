// Responses answers and streams into events
// (platform.openai.com/docs/api-reference/responses-streaming).
#pragma once

#include "source/llm/codec.h"
#include "source/llm/responses/item_teller.h"
#include "source/llm/responses/stream_event.h"

namespace omni::llm::responses {

class ResponseDecoder final : public AnswerDecoder {
 public:
  explicit ResponseDecoder(const DecoderOptions& options) : items_(options.id_seed) {
    items_.tracker().expect_renamed(options.request, kOpenaiNames);
  }

  absl::Status event(const sse::Event& event, Emit emit) override;
  absl::Status whole(std::string_view body, Emit emit) override;
  // Only a terminal event completes an answer.
  void finish(Emit) override {}

 private:
  struct Response;

  bool is_repeated(int64_t sequence);
  absl::Status item_event(const StreamEvent& said, Emit emit);
  absl::Status text_event(const StreamEvent& said, bool is_full, Emit emit);
  absl::Status read(json::Skimmer& skimmer, Response& out);
  absl::Status take(const json::Skimmed& member, Response& out);
  absl::Status complete(const Response& response, Emit emit);
  void fail(std::string_view error, Emit emit);
  void emit_usage(Emit emit);

  ItemTeller items_;
  int64_t last_sequence_ = -1;
  bool is_numbered_ = false;  // Sequence numbers grow, as they should.
  bool is_over_ = false;
  Usage usage_;
};

}  // namespace omni::llm::responses
