#include <fmt/format.h>

#include "source/base/format.h"
#include "source/base/strings.h"
#include "source/json/each.h"
#include "source/llm/openai/text_encoder.h"

namespace omni::llm::openai {
namespace {

using json::Skimmed;

struct Token {
  Text token;
  std::string_view logprob = "null";
  std::optional<Skimmed> top;
};

absl::Status read_token(const Skimmed& value, Token& out) {
  return json::each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "token") return take_text(member, out.token);
    if (member.key == "logprob" && member.kind == json::Kind::kNumber) out.logprob = member.raw;
    if (member.key == "top_logprobs" && member.kind == json::Kind::kArray) out.top = member;
    return absl::OkStatus();
  });
}

// A list of {token, logprob} as one object.
std::string render_top(const Skimmed& list) {
  std::string out = "{";
  (void)json::each(list, [&](const Skimmed& item) -> absl::Status {
    Token token;
    const absl::Status status = read_token(item, token);
    if (!status.ok()) return status;
    append_format(out, R"({}"{}":{})", out.size() > 1 ? "," : "", token.token.inside(),
                  token.logprob);
    return absl::OkStatus();
  });
  return out + "}";
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

}  // namespace

std::string text_logprobs(std::string_view chat, size_t& offset) {
  std::string tokens, logprobs, tops, offsets;
  json::Skimmer skimmer(chat, json::Kind::kObject);
  for (Skimmed member; skimmer.next(member);) {
    if (member.key != "content" || member.kind != json::Kind::kArray) continue;
    (void)json::each(member, [&](const Skimmed& item) -> absl::Status {
      Token token;
      const absl::Status status = read_token(item, token);
      if (!status.ok()) return status;
      append(tokens, fmt::format("\"{}\"", token.token.inside()));
      append(logprobs, token.logprob);
      append(tops, token.top ? render_top(*token.top) : std::string("null"));
      append(offsets, std::to_string(offset));
      offset += length_of(token.token.decoded());
      return absl::OkStatus();
    });
  }
  return fmt::format(
      R"({{"tokens":[{}],"token_logprobs":[{}],"top_logprobs":[{}],"text_offset":[{}]}})", tokens,
      logprobs, tops, offsets);
}

}  // namespace omni::llm::openai
