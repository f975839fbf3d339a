#include "source/llm/gemini/logprobs.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "source/base/format.h"
#include "source/json/each.h"
#include "source/llm/text.h"

namespace omni::llm::gemini {
namespace {

using json::each;
using json::Kind;
using json::Skimmed;

// One token, in either form.
struct Token {
  Text text{""};
  std::string_view logprob = "0";
  std::optional<Skimmed> top;
};

absl::Status read(const Skimmed& value, Token& out) {
  return each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "token") return take_text(member, out.text);
    if ((key == "logProbability" || key == "logprob") && member.kind == Kind::kNumber)
      out.logprob = member.raw;
    if (key == "top_logprobs" && member.kind == Kind::kArray) out.top = member;
    return absl::OkStatus();
  });
}

// OpenAI's, without the end: the bytes are those of the text.
void open_entry(std::string& out, const Token& token) {
  json::Builder json(out);
  json.object().text("token", token.text.inside()).member("logprob", token.logprob);
  json.array("bytes");
  for (const char byte : token.text.decoded())
    json.item(std::to_string(static_cast<unsigned char>(byte)));
  json.end_array();
}

absl::Status append_top(std::string& out, const Skimmed& row) {
  return each(row, [&](const Skimmed& value) -> absl::Status {
    Token token;
    OMNI_RETURN_IF_ERROR(read(value, token));
    if (out.back() != '[') out += ',';
    open_entry(out, token);
    out += '}';
    return absl::OkStatus();
  });
}

absl::Status rows_of(const Skimmed& list, std::vector<Skimmed>& out) {
  return each(list, [&](const Skimmed& step) {
    Skimmed row;
    OMNI_RETURN_IF_ERROR(each(step, [&](const Skimmed& member) {
      if (member.key == "candidates" && member.kind == Kind::kArray) row = member;
      return absl::OkStatus();
    }));
    out.push_back(row);
    return absl::OkStatus();
  });
}

void write_token(json::Builder& json, const Token& token) {
  json.object().text("token", token.text.inside()).member("logProbability", token.logprob);
  json.end_object();
}

double number_of(std::string_view raw) {
  double out = 0;
  std::from_chars(raw.data(), raw.data() + raw.size(), out);
  return out;
}

}  // namespace

absl::Status read_logprobs(const Skimmed& result, std::string& entries) {
  std::optional<Skimmed> chosen;
  std::vector<Skimmed> rows;
  OMNI_RETURN_IF_ERROR(each(result, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "chosenCandidates" && member.kind == Kind::kArray) chosen = member;
    return member.key == "topCandidates" ? rows_of(member, rows) : absl::OkStatus();
  }));
  if (!chosen) return absl::OkStatus();
  size_t at = 0;
  return each(*chosen, [&](const Skimmed& value) -> absl::Status {
    Token token;
    OMNI_RETURN_IF_ERROR(read(value, token));
    if (!entries.empty()) entries += ',';
    open_entry(entries, token);
    entries += R"(,"top_logprobs":[)";
    if (at < rows.size()) OMNI_RETURN_IF_ERROR(append_top(entries, rows[at]));
    ++at;
    entries += "]}";
    return absl::OkStatus();
  });
}

void write_logprobs(json::Builder& json, std::string_view entries) {
  std::string chosen = "[", top = "[";
  json::Builder chosen_json(chosen), top_json(top);
  double sum = 0;
  int64_t count = 0;
  const std::string row = "[" + std::string(entries) + "]";
  json::Skimmer skimmer(row, Kind::kArray);
  for (Skimmed value; skimmer.next(value);) {
    Token token;
    if (!read(value, token).ok()) continue;
    sum += number_of(token.logprob);
    ++count;
    write_token(chosen_json, token);
    top_json.object().array("candidates");
    if (token.top)
      (void)each(*token.top, [&](const Skimmed& other) -> absl::Status {
        Token likely;
        OMNI_RETURN_IF_ERROR(read(other, likely));
        write_token(top_json, likely);
        return absl::OkStatus();
      });
    top_json.end_array().end_object();
  }
  if (count == 0) return;
  json.key("avgLogprobs");
  append_format(json.out(), "{}", sum / static_cast<double>(count));
  json.after_value();
  json.object("logprobsResult").member("topCandidates", top + "]");
  json.member("chosenCandidates", chosen + "]").end_object();
}

}  // namespace omni::llm::gemini
