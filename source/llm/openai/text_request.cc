#include "source/llm/openai/text_request.h"

#include "source/llm/field_walk.h"
#include "source/llm/openai/setting_reader.h"

namespace omni::llm::openai {
namespace {

using json::Kind;
using json::Skimmed;

class TextDecoder {
 public:
  explicit TextDecoder(Request& out) : out_(out) { out.origin = Dialect::kOpenai; }

  std::optional<CallError> run(std::string_view body) {
    walk_.document(body, [&](const Skimmed& value, const Place& at) { return member(value, at); });
    if (!walk_.error()) finish();
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool prompt(const Skimmed& value, const Place& at);
  bool logprobs(const Skimmed& value, const Place& at);
  bool suffix(const Skimmed& value, const Place& at);
  void finish();

  FieldWalk walk_;
  Request& out_;
  Text prompt_, system_;
  std::optional<int64_t> best_of_;
};

bool TextDecoder::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  // Read by the call already.
  if (key == "model" || key == "stream" || key == "stream_options") return true;
  if (key == "prompt") return prompt(value, at);
  if (key == "suffix") return suffix(value, at);
  if (key == "system") return walk_.text(value, at, system_);
  if (key == "logprobs") return logprobs(value, at);
  if (key == "best_of") return walk_.integer(value, at, best_of_);
  if (key == "echo") {
    std::optional<bool> echo;
    if (!walk_.boolean(value, at, echo)) return false;
    out_.echo = *echo;
    return true;
  }
  return read_setting(walk_, value, at, out_);
}

bool TextDecoder::prompt(const Skimmed& value, const Place& at) {
  if (value.kind == Kind::kString) return walk_.text(value, at, prompt_);
  if (value.kind != Kind::kArray) return walk_.fail(at, "must be a string");
  int count = 0;
  return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
    if (item.kind != Kind::kString)
      return walk_.fail(at, "token ids cannot be sent to a chat model; send text");
    if (++count > 1) return walk_.fail(at, "only one prompt can be sent at a time");
    return walk_.text(item, place, prompt_);
  });
}

bool TextDecoder::suffix(const Skimmed& value, const Place& at) {
  Text suffix;
  if (!walk_.text(value, at, suffix)) return false;
  return suffix.is_empty() || walk_.fail(at, "a chat model cannot fill in before a suffix");
}

// A number here, where chats have a switch and a number.
bool TextDecoder::logprobs(const Skimmed& value, const Place& at) {
  std::optional<int64_t> count;
  if (!walk_.integer(value, at, count)) return false;
  if (*count < 0 || *count > 20) return walk_.fail(at, "must be between 0 and 20");
  out_.logprobs = true;
  if (*count > 0) out_.top_logprobs = value.raw;
  return true;
}

void TextDecoder::finish() {
  if (!prompt_.is_given()) {
    walk_.fail(Place{nullptr, "prompt"}, "is missing");
  } else if (best_of_ && *best_of_ > out_.choices) {
    walk_.fail(Place{nullptr, "best_of"}, "must not be more than n: answers are not compared here");
  } else {
    if (!system_.is_empty())
      out_.messages.push_back({.role = Role::kSystem, .parts = {{.text = system_}}});
    out_.messages.push_back({.role = Role::kUser, .parts = {{.text = prompt_}}});
  }
}

}  // namespace

std::optional<CallError> decode_text_request(std::string_view body, Request& out) {
  return TextDecoder(out).run(body);
}

}  // namespace omni::llm::openai
