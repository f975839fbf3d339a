#include "source/llm/gemini/answer_encoder.h"
#include "source/llm/gemini/error.h"
#include "source/llm/gemini/names.h"
#include "source/llm/logprobs.h"

namespace omni::llm::gemini {

ContentStreamEncoder::Choice& ContentStreamEncoder::choice(int index) {
  while (choices_.size() <= static_cast<size_t>(index)) choices_.emplace_back();
  return choices_[static_cast<size_t>(index)];
}

void ContentStreamEncoder::open(std::string& out) {
  if (!is_array_) {
    out += "data: ";
  } else {
    out += has_begun_ ? "\n,\n" : "[";
  }
  has_begun_ = true;
}

void ContentStreamEncoder::close(std::string& out) {
  if (!is_array_) out += "\n\n";
}

void ContentStreamEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      return end_.start(event, model_, fallback_id_);
    case Event::Kind::kUsage:
      end_.usage = *event.usage;
      return;
    case Event::Kind::kCitations:
      if (event.origin == Dialect::kGemini) choice(event.choice).sources = event.raw;
      return;
    case Event::Kind::kLogprobs:
      return append_logprob_entries(choice(event.choice).logprobs, event.raw);
    case Event::Kind::kStopped: {
      Choice& in = choice(event.choice);
      in.has_stopped = true;
      in.stop = event.stop;
      in.parts.put(event, in.last);
      return;
    }
    case Event::Kind::kDone:
      return finish(out);
    case Event::Kind::kFailed:
      return fail(*event.error, out);
    default:
      return piece(event, out);
  }
}

void ContentStreamEncoder::piece(const Event& event, std::string& out) {
  std::string parts;
  choice(event.choice).parts.put(event, parts);
  if (parts.empty()) return;
  open(out);
  out += R"({"candidates":[)";
  append_candidate(out, parts, event.choice, {});
  out += ']';
  out += end_.names;
  close(out);
}

// The vendor says nothing of its own at the end: the finish reason is the end, and the usage stands
// beside it.
void ContentStreamEncoder::finish(std::string& out) {
  open(out);
  out += R"({"candidates":[)";
  bool is_first = true;
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& in = choices_[i];
    if (!in.has_stopped) continue;
    if (!std::exchange(is_first, false)) out += ',';
    const std::string_view parts = in.last.empty() ? R"({"text":""})" : std::string_view(in.last);
    append_candidate(out, parts, static_cast<int>(i),
                     {finish_reason(in.stop), in.sources, in.logprobs});
  }
  out += ']';
  end_.write(out);
  close(out);
  if (is_array_) out += "\n]\n";
}

void ContentStreamEncoder::fail(const Error& error, std::string& out) {
  open(out);
  out += render_error(error);
  close(out);
  if (is_array_) out += "\n]\n";
}

}  // namespace omni::llm::gemini
