// An attempt over HTTP: the request in the target's words, the answer watched until it commits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/upstream.h"
#include "filters/upstream/attempt.h"
#include "filters/upstream/commit_watch.h"
#include "filters/upstream/embedding_try.h"
#include "filters/upstream/way_back.h"
#include "source/coding/body_decoder.h"
#include "source/llm/call_error.h"

namespace omni::filters {

class HttpAttempt final : public TargetAttempt, public UpstreamEvents, private TurnWork {
 public:
  // Everything outlives the attempt. `limit` runs until the commit.
  HttpAttempt(Exchange& exchange, const Target& target, const UpstreamTimeouts& timeouts,
              AttemptEvents& events);

  void hold(bool hold) override;

  void on_response_headers(ResponseHead&& head) override;
  void on_response_body(Buffer&& bytes) override;
  void on_response_complete() override;
  void on_failure(UpstreamFailure kind, absl::Status why, bool sent) override;

 private:
  enum class State : uint8_t {
    kWaiting,    // No head yet.
    kStream,     // Events are held until the first content.
    kPlain,      // The body is gathered.
    kRefused,    // An error body is gathered.
    kCommitted,  // Bytes pass through.
    kOver,
  };
  // A body held before the commit, and an error body, is no larger than this.
  static constexpr size_t kHoldBytes = 1024 * 1024;
  // A stream for a client that wants one document is held whole.
  static constexpr size_t kGatherBytes = 32 * 1024 * 1024;

  void on_turn() override;
  void learn_quota();
  void note_upstream_id();
  void take_body(Buffer&& bytes);
  [[gnu::cold]] void on_broken_coding(const absl::Status& why);
  void watch_stream(Buffer&& bytes);
  void note_first_content();
  bool gathers_stream() const;
  Dialect dialect() const;
  void gather(Buffer&& bytes);
  void commit();
  void note_tier(Answer& answer) const;
  void finish_plain();
  bool is_count() const;
  bool is_kept() const;
  void finish_count();
  bool is_embedding() const;
  [[gnu::cold]] void finish_refused();
  void check_deadline();
  void watch_deadline();
  [[gnu::cold]] void fail(int status, std::string_view code, std::string_view message,
                          routing::Failure::Kind kind = routing::Failure::Kind::kInvalid,
                          int retry_after_seconds = 0);
  void pass(Buffer&& bytes);
  void end_whole();
  void await_end();
  [[gnu::cold]] void end_broken(int status, std::string_view code, std::string message);
  void record(int status, std::string_view reason);
  std::string_view account_name() const;
  std::string masked(std::string_view text) const;

  Exchange& exchange_;
  const Target& target_;
  AttemptEvents& events_;
  const absl::Duration commit_limit_;
  const int64_t began_us_;
  int64_t first_byte_us_ = 0, first_token_us_ = 0;
  ShortText upstream_id_;
  State state_ = State::kWaiting;
  TurnTask<HttpAttempt, &HttpAttempt::finish_plain> finishing_{*this};
  ResponseHead head_;
  std::unique_ptr<coding::BodyDecoder> decoder_;  // Of an answer in a content coding.
  bool is_unreadable_ = false;                    // An error body in one that is not known.
  Buffer held_;
  std::unique_ptr<CommitWatch> watch_;
  EmbeddingTry embedding_;
  WayBack way_back_;
  std::unique_ptr<Timer> deadline_;          // Of a begun answer that has not committed.
  std::unique_ptr<llm::CallError> refusal_;  // The target cannot be asked this: told at turn's end.
  std::unique_ptr<UpstreamRequest> request_;
};

}  // namespace omni::filters
