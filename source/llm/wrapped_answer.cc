#include "source/llm/wrapped_answer.h"

#include <absl/status/status.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "source/json/builder.h"
#include "source/json/skim.h"
#include "source/llm/anthropic/tool_writer.h"
#include "source/llm/member_value.h"
#include "source/llm/text.h"

namespace omni::llm {
namespace {

constexpr std::string_view kMember = "answer";
constexpr int kMostChoices = 1024;

// A schema that says nothing of its root is left to the server, as is one that stands elsewhere.
bool is_object(RawJson schema) {
  bool has_type = false, has_object_type = false, has_properties = false, has_other = false;
  json::Skimmer skimmer(schema, json::Kind::kObject);
  for (json::Skimmed member; skimmer.next(member);) {
    const std::string_view key = member.key;
    if (key == "type") has_type = true, has_object_type = member.raw == R"("object")";
    if (key == "properties") has_properties = true;
    for (const std::string_view other : {"anyOf", "oneOf", "enum", "const", "items", "prefixItems"})
      has_other |= key == other;
  }
  return has_type ? has_object_type : has_properties || !has_other;
}

bool is_wrapped(const Request& request, Dialect target) {
  const bool takes_objects_only = target == Dialect::kOpenai ||
                                  target == Dialect::kOpenaiResponses ||
                                  target == Dialect::kAnthropic;
  return takes_objects_only && request.origin != target &&
         request.format.kind == OutputFormat::Kind::kSchema && !is_object(request.format.schema);
}

bool is_definitions(std::string_view key) { return key == "$defs" || key == "definitions"; }

// References begin at the root: what they name stays there.
void wrap(std::string& out, RawJson schema) {
  std::string inner, definitions;
  json::Builder inner_json(inner), definitions_json(definitions);
  inner_json.object();
  definitions_json.object();
  json::Skimmer skimmer(schema, json::Kind::kObject);
  for (json::Skimmed member; skimmer.next(member);) {
    std::string key;
    append_escaped(key, member.key);
    (is_definitions(key) ? definitions_json : inner_json).member(key, member.raw);
  }
  inner_json.end_object();
  json::Builder json(out);
  json.object().string("type", "object").object("properties").member(kMember, inner).end_object();
  json.array("required").string_item(kMember).end_array().boolean("additionalProperties", false);
  if (definitions.size() > 1) out += "," + definitions.substr(1);
  json.end_object();
}

class Unwrapper final : public AnswerDecoder {
 public:
  // An empty `tool`: the answer is text.
  Unwrapper(std::unique_ptr<AnswerDecoder> decoder, std::string_view tool)
      : decoder_(std::move(decoder)), tool_(tool) {}

  absl::Status event(const sse::Event& event, Emit emit) override {
    return decoder_->event(event, [&](const Event& said) { put(said, emit); });
  }
  absl::Status whole(std::string_view body, Emit emit) override {
    return decoder_->whole(body, [&](const Event& said) { put(said, emit); });
  }
  void finish(Emit emit) override {
    decoder_->finish([&](const Event& said) { put(said, emit); });
  }

 private:
  struct Choice {
    MemberValue value{kMember};
    bool is_answer = false;  // The open part.
  };

  void put(const Event& event, Emit emit);
  void began(const Event& event);
  static void tell(const Event& event, const std::string& text, Emit emit);
  // An upstream's indexes may be anything.
  Choice& choice(int index) {
    const auto at = static_cast<size_t>(std::clamp(index, 0, kMostChoices - 1));
    while (choices_.size() <= at) choices_.emplace_back();
    return choices_[at];
  }

  const std::unique_ptr<AnswerDecoder> decoder_;
  const std::string_view tool_;
  std::deque<Choice> choices_;
};

// A text that something interrupted goes on in its next part; of several texts each may be it.
void Unwrapper::began(const Event& event) {
  Choice& in = choice(event.choice);
  in.is_answer = tool_.empty() ? event.part_kind == PartKind::kText
                               : event.part_kind == PartKind::kToolCall && event.name.is(tool_);
  if (!in.is_answer || in.value.is_open()) return;
  in.value = MemberValue(kMember);
}

void Unwrapper::tell(const Event& event, const std::string& text, Emit emit) {
  if (text.empty()) return;
  Event delta = event;
  delta.kind = Event::Kind::kDelta;
  delta.text = Text(text);
  emit(delta);
}

void Unwrapper::put(const Event& event, Emit emit) {
  if (event.kind == Event::Kind::kPartBegan) began(event);
  const bool is_delta = event.kind == Event::Kind::kDelta;
  if (!is_delta && event.kind != Event::Kind::kPartEnded) return emit(event);
  Choice& in = choice(event.choice);
  if (!in.is_answer) return emit(event);
  std::string text;
  if (is_delta) {
    in.value.put(event.text.inside(), text);
  } else {
    in.value.finish(text);
  }
  tell(event, text, emit);
  if (!is_delta) emit(event);
}

}  // namespace

void append_format_schema(std::string& out, const Request& request, Dialect target) {
  if (is_wrapped(request, target)) {
    wrap(out, request.format.schema);
  } else {
    out += request.format.schema;
  }
}

std::unique_ptr<AnswerDecoder> unwrapped(std::unique_ptr<AnswerDecoder> decoder,
                                         const Request* request, Dialect target) {
  if (decoder == nullptr || request == nullptr || !is_wrapped(*request, target)) return decoder;
  const std::string_view tool =
      target == Dialect::kAnthropic ? anthropic::kFormatTool : std::string_view();
  return std::make_unique<Unwrapper>(std::move(decoder), tool);
}

}  // namespace omni::llm
