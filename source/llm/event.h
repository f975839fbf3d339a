// What an answer says, piece by piece, whatever dialect it comes in. A plain answer is told in the
// same events as a stream, so that either form of either dialect can become any other.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <cstdint>
#include <string_view>

#include "source/llm/error.h"
#include "source/llm/request.h"
#include "source/llm/usage.h"

namespace omni::llm {

enum class StopReason : uint8_t {
  kEnd,
  kStopSequence,
  kLength,
  kToolCalls,
  kFiltered,
  kRefusal,
  kPaused,     // Anthropic: pause_turn, to be continued.
  kMalformed,  // Gemini: a tool call that the model broke; never a clean end.
};

// Order: kStarted once, then for each choice (kPartBegan kDelta* kPartEnded)* without overlap and
// kStopped; at last kDone or kFailed, once. kUsage comes whenever it is known, before kStarted too.
// Views die when the call returns.
struct Event {
  enum class Kind : uint8_t {
    kStarted,    // id, model, created_at (0: not said).
    kPartBegan,  // part_kind; of a tool call id, name, is_custom, signature; of
                 // an image media; of a kOpaque part raw, in `origin`'s form.
    kDelta,      // text: more of the part's text or arguments.
    kSignature,  // signature, or redacted, of the open part.
    kCitations,  // raw: one citation, or Gemini's grounding, in `origin`'s form.
    kLogprobs,   // raw: OpenAI's logprobs object for what was just said.
    kPartEnded,
    kStopped,  // stop, stop_sequence: the choice is finished.
    kUsage,    // usage so far, all of it; the last one counts.
    kDone,     // The upstream's own terminal event was seen.
    kFailed,   // error: an error event in the middle, or a stream that broke off.
  };
  Kind kind = Kind::kDone;
  int choice = 0;
  PartKind part_kind = PartKind::kText;
  bool is_custom = false;
  StopReason stop = StopReason::kEnd;
  Dialect origin = Dialect::kOpenai;
  Text id, model, name, text, stop_sequence;
  Signature signature, redacted;
  int64_t created_at = 0;  // Seconds since 1970.
  RawJson raw;
  const Media* media = nullptr;
  const Usage* usage = nullptr;
  const Error* error = nullptr;
};

using Emit = absl::FunctionRef<void(const Event&)>;

}  // namespace omni::llm
