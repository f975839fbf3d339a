// Undoes the content codings of a message (RFC 9110 section 8.4) while it arrives.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/coding/decoder.h"

namespace omni::coding {

// For one body. Any split of it gives the same bytes, each as soon as what came tells it: where the
// sender flushed, nothing is held back. Memory is bounded by the windows of the codings, what one
// feed() may give by kMaxFeedBytes; the total is for whoever gathers it.
class BodyDecoder {
 public:
  // 64 times the largest read. Events that are flushed one by one do not shrink as far.
  static constexpr size_t kMaxFeedBytes = size_t{16} * 1024 * 1024;
  static constexpr size_t kMaxCodings = 2;

  // `content_encoding` lists them in the order in which they were applied. Null when it names none
  // but `identity`. Not OK: one that is not known, or too many.
  static absl::StatusOr<std::unique_ptr<BodyDecoder>> make(std::string_view content_encoding);

  // Replaces `bytes` by what they stand for, perhaps nothing. Not OK, and nothing may follow: not
  // that coding's data, where `bytes` is what stood before the fault; or more than may come out
  // (kResourceExhausted), where it is empty.
  absl::Status feed(Buffer& bytes);
  // OK when what came is whole.
  absl::Status finish() const;

 private:
  struct Step {
    explicit Step(std::string_view coding);
    absl::Status decode(Buffer& bytes);

    std::string name;
    std::unique_ptr<Decoder> decoder;  // Null: not known.
    Output output;
  };

  // The coding applied last comes first.
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace omni::coding
