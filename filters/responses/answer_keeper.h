// Watches an answer on its way to a client and keeps it. The client gets its last part when the
// response is on the disk: what it was told is over can be continued.
#pragma once

#include <memory>
#include <string>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/stats.h"
#include "filters/responses/response_log.h"
#include "source/sse/framer.h"

namespace omni::filters {

class AnswerKeeper {
 public:
  // `response` as far as the request tells; its key is given for one that was begun before. All
  // arguments outlive the keeper.
  AnswerKeeper(FilterContext& context, const ResponseLog& log, Counter lost, NewResponse response);

  void on_headers(const ResponseHead& head);
  Next on_body(Buffer& bytes);
  Next on_complete();
  // The exchange ends, in whatever way.
  void on_end();

 private:
  // One event beyond this cannot be kept.
  static constexpr size_t kMaxEventBytes = 32 * 1024 * 1024;
  // Of a stream that is kept whole, so that it can be read again.
  static constexpr size_t kMostEventBytes = 8 * 1024 * 1024;

  bool is_job() const { return response_.is_update; }
  Next watch(Buffer& bytes);
  bool see(std::string_view frame);
  void note_progress(std::string_view object);
  void keep(std::string_view object);
  void keep_failure(std::string_view body);
  void fill(std::string_view object);
  void send_rest();

  FilterContext& context_;
  const ResponseLog& log_;
  const Counter lost_;  // Could not be kept.
  NewResponse response_;
  enum class Kind : uint8_t { kNone, kStream, kPlain, kRefusal } kind_ = Kind::kNone;
  sse::Framer framer_{kMaxEventBytes};
  std::string joined_;
  std::string held_;  // What goes out when all is kept; of a plain answer, the whole of it.
  bool has_begun_ = false, is_over_ = false;  // Of the answer: its first and last event were seen.
  bool has_too_many_events_ = false;
  bool awaits_complete_ = false;
  std::unique_ptr<Pending> pending_;
};

}  // namespace omni::filters
