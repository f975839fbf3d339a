// The way back: the upstream's answer in the client's dialect, and what it says about tokens.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "filters/translation/output_guess.h"
#include "filters/translation/progress.h"
#include "filters/translation/transcoder.h"
#include "source/llm/openai/answer.h"
#include "source/sse/framer.h"

namespace omni::filters {

// Same dialect and form on both sides: bytes pass through as they are, whole events at a time, and
// are only looked at. Otherwise they are transcoded. A stream that ends without the upstream's own
// terminal event becomes an error in the client's dialect, never a clean finish. Requests are
// rendered by `upstream`, once per attempt.
class TranslationFilter final : public Filter {
 public:
  static constexpr std::string_view kName = "translation";
  // One event beyond this ends the stream with an error.
  static constexpr size_t kMaxEventBytes = 8 * 1024 * 1024;
  // A plain answer in another dialect is read whole.
  static constexpr size_t kMaxPlainBytes = 32 * 1024 * 1024;

  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env);
  };

  TranslationFilter(const Config&, FilterContext& context) : context_(context) {}

  Next on_response_headers(ResponseHead& head) override;
  Next on_response_body(Buffer& bytes) override;
  Next on_response_complete() override;

 private:
  struct Stream {
    explicit Stream(const Facts& facts);
    sse::Framer framer;
    llm::openai::StreamWatch watch;
    int frames_to_skip = 0;  // They show nothing, as was found before the commit.
    FrameGuess written;
  };

  // Bytes of another dialect than OpenAI's that pass as they are.
  struct Observed {
    explicit Observed(const Facts& facts, std::string_view id_seed);
    llm::AnswerReader reader;
    llm::Usage usage;
    OutputGuess written;
    bool is_done = false;
    std::string failure_code;  // Of an error event, which the client gets as it is.
    void see(const llm::Event& event);
  };

  void begin(ResponseHead& head);
  void begin_late();
  void begin_transcoding(ResponseHead& head);
  void begin_progress(ResponseHead& head);
  Next pass(Buffer& bytes);
  Next finish();
  // For what the end of the answer still has to say.
  void send(Buffer&& bytes);
  Next finish_transcoding();
  Next observe(Buffer& bytes);
  Next finish_observing();
  Next fail_incomplete();
  bool fail_in_array(std::string_view code, std::string_view message, Buffer& out);
  bool see(std::string_view frame);
  void finish_tail();
  void note_usage(const llm::Usage& said, int64_t output_guess);
  void note_progress();
  void note_so_far(const llm::Usage& said, int64_t output_guess);
  Next fail(std::string_view code, std::string_view message);

  FilterContext& context_;
  // One of the three, or none: an answer of ours, or a plain one that passes.
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Observed> observed_;
  std::unique_ptr<Transcoder> transcoder_;
  std::unique_ptr<Progress> progress_;
  bool awaits_answer_ = false;  // The client has had its head early.
  int64_t request_bytes_ = 0;
};

}  // namespace omni::filters
