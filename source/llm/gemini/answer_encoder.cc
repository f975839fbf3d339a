#include "source/llm/gemini/answer_encoder.h"

#include "source/json/builder.h"
#include "source/llm/gemini/logprobs.h"
#include "source/llm/gemini/names.h"
#include "source/llm/gemini/usage.h"
#include "source/llm/logprobs.h"

namespace omni::llm::gemini {

void AnswerEnd::start(const Event& started, std::string_view model, std::string_view fallback_id) {
  std::string object;
  json::Builder json(object);
  json.object();
  if (started.model.is_given()) {
    json.text("modelVersion", started.model.inside());
  } else {
    json.string("modelVersion", model);
  }
  if (started.id.is_given() && !started.id.is_empty()) {
    json.text("responseId", started.id.inside());
  } else {
    json.string("responseId", fallback_id);
  }
  json.end_object();
  names = "," + object.substr(1);
}

void AnswerEnd::write(std::string& out) const {
  if (usage.is_known()) {
    out += R"(,"usageMetadata":)";
    append_usage(out, usage);
  }
  out += names;
}

void append_candidate(std::string& out, std::string_view parts, int index,
                      const CandidateEnd& end) {
  json::Builder json(out);
  json.object().object("content").array("parts");
  if (!parts.empty()) json.item(parts);
  json.end_array().string("role", "model").end_object();
  if (!end.finish_reason.empty()) json.string("finishReason", end.finish_reason);
  json.number("index", index);
  if (!end.sources.empty()) json.member("groundingMetadata", end.sources);
  if (!end.logprobs.empty()) write_logprobs(json, end.logprobs);
  json.end_object();
}

ContentEncoder::Choice& ContentEncoder::choice(int index) {
  while (choices_.size() <= static_cast<size_t>(index)) choices_.emplace_back();
  return choices_[static_cast<size_t>(index)];
}

void ContentEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      return end_.start(event, model_, fallback_id_);
    case Event::Kind::kUsage:
      end_.usage = *event.usage;
      return;
    case Event::Kind::kDone:
      return write(out);
    case Event::Kind::kFailed:
      return;
    case Event::Kind::kLogprobs:
      return append_logprob_entries(choice(event.choice).logprobs, event.raw);
    case Event::Kind::kCitations:
      if (event.origin == Dialect::kGemini) choice(event.choice).sources = event.raw;
      return;
    default: {
      Choice& in = choice(event.choice);
      if (event.kind == Event::Kind::kStopped) in.stop = event.stop;
      in.writer.put(event, in.parts);
    }
  }
}

void ContentEncoder::write(std::string& out) {
  out += R"({"candidates":[)";
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (i > 0) out += ',';
    const Choice& in = choices_[i];
    append_candidate(out, in.parts, static_cast<int>(i),
                     {finish_reason(in.stop), in.sources, in.logprobs});
  }
  out += ']';
  end_.write(out);
}

}  // namespace omni::llm::gemini
