// What clients do with a kept response: read it, follow its making, list what it was told, delete
// it, or end its making (platform.openai.com/docs/api-reference/responses).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/background.h"
#include "api/exchange.h"
#include "api/filter.h"
#include "filters/responses/response_log.h"

namespace omni::filters {

class KeptEndpoint {
 public:
  // All arguments outlive it.
  KeptEndpoint(FilterContext& context, const ResponseLog& log) : context_(context), log_(log) {}

  // kContinue: the provider that keeps the response is to answer, by facts.kept.
  Next begin();
  // Answers the request that began a response in the background.
  void answer_begun(const std::string& key, const ResponseRecord& record, std::string_view object,
                    bool as_stream);

 private:
  using Found = absl::StatusOr<std::optional<FoundResponse>>;

  void found(Found found);
  void read(FoundResponse&& found);
  void read_stream(FoundResponse&& found);
  void follow(const std::string& key, const JobMaker& maker);
  void replay(FoundResponse&& found);
  void list(FoundResponse&& found);
  void cancel(FoundResponse&& found);
  void cancelled(FoundResponse&& found);
  void erase(FoundResponse&& found);
  void erased(absl::StatusOr<bool> was_there);
  bool forward(const ResponseRecord& record);
  void begin_stream();
  void respond(std::string_view body);
  void refuse(int status, std::string_view code, std::string message, std::string_view param = "");
  [[gnu::cold]] void refuse_unknown();
  std::string_view owner() const;
  std::string_view id() const;
  bool is_alive(const ResponseRecord& record) const;
  bool ask(ResponseLog::Want want);

  FilterContext& context_;
  const ResponseLog& log_;
  std::unique_ptr<Pending> pending_;
  std::unique_ptr<Pending> job_;  // What we wait for of a job.
  int64_t after_ = -1;            // Events up to this number are not wanted.
  bool wants_stream_ = false;
  bool was_missed_ = false;  // The job ended while we asked for it.
};

}  // namespace omni::filters
