// An answer of one dialect and form into another.
#pragma once

#include <memory>
#include <string>

#include "api/exchange.h"
#include "filters/translation/output_guess.h"
#include "source/llm/answer_reader.h"
#include "source/llm/format_tool.h"

namespace omni::filters {

// For one answer, on its way to the client. `exchange` outlives it.
class Transcoder {
 public:
  Transcoder(Exchange& exchange, size_t max_event_bytes, size_t max_plain_bytes);

  // Replaces `bytes` by what the client gets for them, perhaps nothing.
  absl::Status feed(Buffer& bytes);
  // The upstream's answer has ended: what remains to be sent.
  absl::Status finish(Buffer& out);

  // Ends the client's answer with an error of ours; what comes after is not told.
  void fail(const llm::Error& error, Buffer& out);

  bool is_done() const { return is_done_; }
  // An error event went to the client already.
  bool has_failed() const { return has_failed_; }
  const std::string& failure_code() const { return failure_code_; }
  const llm::Usage& usage() const { return usage_; }
  const OutputGuess& written() const { return written_; }

 private:
  void put(const llm::Event& event);
  [[gnu::cold]] void put_failure(const llm::Event& event);

  const Answer& answer_;
  const bool from_stream_;
  const size_t max_plain_bytes_;
  llm::AnswerReader reader_;
  llm::FormatTool format_tool_;
  std::string id_, model_;
  std::unique_ptr<llm::AnswerEncoder> encoder_;
  Buffer plain_;
  std::string out_;
  llm::Usage usage_;
  OutputGuess written_;
  bool is_done_ = false, has_failed_ = false;
  std::string failure_code_;
};

}  // namespace omni::filters
