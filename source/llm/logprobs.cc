#include "source/llm/logprobs.h"

#include "source/json/skim.h"

namespace omni::llm {

std::string logprobs_of(std::string_view entries) {
  std::string out = R"({"content":[)";
  out += entries;
  out += R"(],"refusal":null})";
  return out;
}

void append_logprob_entries(std::string& entries, RawJson logprobs) {
  json::Skimmer skimmer(logprobs, json::Kind::kObject);
  for (json::Skimmed member; skimmer.next(member);) {
    if (member.key != "content" || member.kind != json::Kind::kArray) continue;
    json::Skimmer row(member);
    for (json::Skimmed entry; row.next(entry);) {
      if (!entries.empty()) entries += ',';
      entries += entry.raw;
    }
  }
}

}  // namespace omni::llm
