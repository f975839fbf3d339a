// Events into GenerateContentResponse, whole or as a stream.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "source/llm/codec.h"
#include "source/llm/gemini/part_writer.h"

namespace omni::llm::gemini {

// What stands behind the candidates of every response.
struct AnswerEnd {
  std::string names;  // ,"modelVersion":"...","responseId":"..."}
  Usage usage;

  void start(const Event& started, std::string_view model, std::string_view fallback_id);
  // The usage, where it is known by now, and the names.
  void write(std::string& out) const;
};

// Writes a response a delta, as server-sent events or as the items of one JSON array, and the
// finish reasons with the usage in the last one. The stream simply ends.
class ContentStreamEncoder final : public AnswerEncoder {
 public:
  explicit ContentStreamEncoder(const AnswerOptions& options)
      : is_array_(options.is_json_array),
        model_(options.model),
        fallback_id_(options.fallback_id) {}

  void put(const Event& event, std::string& out) override;

 private:
  struct Choice {
    PartWriter parts{true};
    std::string last;  // Parts that go with the finish reason.
    std::string sources, logprobs;
    bool has_stopped = false;
    StopReason stop = StopReason::kEnd;
  };

  Choice& choice(int index);
  void piece(const Event& event, std::string& out);
  void finish(std::string& out);
  void fail(const Error& error, std::string& out);
  void open(std::string& out);
  void close(std::string& out);

  const bool is_array_;
  const std::string model_, fallback_id_;
  bool has_begun_ = false;
  AnswerEnd end_;
  std::deque<Choice> choices_;
};

// One response, written when the answer is done.
class ContentEncoder final : public AnswerEncoder {
 public:
  explicit ContentEncoder(const AnswerOptions& options)
      : model_(options.model), fallback_id_(options.fallback_id) {}

  void put(const Event& event, std::string& out) override;

 private:
  struct Choice {
    PartWriter writer{false};
    std::string parts, sources, logprobs;
    StopReason stop = StopReason::kEnd;
  };

  Choice& choice(int index);
  void write(std::string& out);

  const std::string model_, fallback_id_;
  AnswerEnd end_;
  std::deque<Choice> choices_;
};

// {"content":{...},"finishReason":"STOP","index":0} and what is told of a whole candidate at its
// end.
struct CandidateEnd {
  std::string_view finish_reason, sources;
  std::string_view logprobs;  // Entries in OpenAI's form, with commas between them.
};
void append_candidate(std::string& out, std::string_view parts, int index, const CandidateEnd& end);

}  // namespace omni::llm::gemini
