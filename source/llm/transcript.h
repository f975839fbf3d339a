// A conversation as text that a person could read, for a model that is to say what it is about.
#pragma once

#include <cstddef>
#include <string>

#include "source/base/digest.h"
#include "source/llm/request.h"

namespace omni::llm {

struct TranscriptLimits {
  size_t messages = 30;             // The last ones.
  size_t message_bytes = 8192;      // Of each, its beginning.
  size_t whole_bytes = 256 * 1024;  // Older ones give way.
};

// Plain UTF-8: who said what, in order, with tools by name. What the system says is left out, and
// what is no text is named only.
std::string write_transcript(const Request& request, const TranscriptLimits& limits);

// How far a conversation has come: how many messages, and what they say.
struct Reached {
  size_t messages = 0;
  Digest digest{};

  bool operator==(const Reached&) const = default;
};

// The first `messages` of the conversation, or all there are. What the system says, and thoughts,
// which clients leave out later, do not count.
Reached reached(const Request& request, size_t messages = SIZE_MAX);

}  // namespace omni::llm
