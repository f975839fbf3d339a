// State of the Responses API: answers are kept, and requests continue them, whichever provider and
// dialect is behind. Built into every row, in front of translation.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/background.h"
#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "filters/responses/answer_keeper.h"
#include "filters/responses/asked.h"
#include "filters/responses/kept_endpoints.h"
#include "filters/responses/response_log.h"

namespace omni::filters {

// A previous response is looked up among those of the same gateway key; what another key has is
// not found. Where its provider keeps it too, the request passes as it is, to the same account;
// for any other target what came before is put in front of the input. Requests for the background
// are answered at once and made in an exchange of their own, unless the provider does so itself.
class ResponsesFilter final : public Filter {
 public:
  static constexpr std::string_view kName = "responses";

  struct Config {
    std::shared_ptr<const ResponseLog> log;
    Counter lost;  // Answers that could not be kept.
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env);
  };

  ResponsesFilter(const Config& config, FilterContext& context)
      : config_(config), context_(context) {}

  // Others pass by.
  static bool applies(Exchange& exchange);

  Wants wants() const override;
  Next on_request_headers(RequestHead& head) override;
  Next on_response_headers(ResponseHead& head) override;
  Next on_response_body(Buffer& bytes) override;
  Next on_response_complete() override;
  void on_end() noexcept override;

 private:
  Next begin();
  void previous_found(absl::StatusOr<std::optional<FoundResponse>> found);
  void take_history(FoundResponse&& found);
  Next go_on();
  bool must_run_here() const;
  NewResponse as_asked() const;
  void start_job();
  void job_kept(const absl::Status& status, const NewResponse& job);
  void refuse(int status, std::string_view code, std::string message, std::string_view param);

  const Config& config_;
  FilterContext& context_;
  Asked asked_;
  std::string input_;     // Items; the body is let go with the commit.
  std::string previous_;  // The key of what is continued.
  std::vector<std::string> stale_;
  std::unique_ptr<AnswerKeeper> keeper_;
  std::unique_ptr<KeptEndpoint> endpoint_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace omni::filters
