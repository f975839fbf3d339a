#include "filters/responses/asked.h"

#include <fmt/format.h>

#include <utility>

#include "source/json/skim.h"

namespace omni::filters {
namespace {

using json::Kind;
using json::Skimmed;

std::optional<llm::CallError> read_flag(const Skimmed& member, bool& out) {
  if (member.kind == Kind::kNull) return std::nullopt;
  if (member.kind != Kind::kBoolean) return wrong(member.key, "must be a boolean");
  out = member.is_true();
  return std::nullopt;
}

std::optional<llm::CallError> read_member(const Skimmed& member, Asked& out) {
  if (member.key == "store") return read_flag(member, out.store);
  if (member.key == "background") return read_flag(member, out.in_background);
  if (member.key == "input") out.input = member.raw;
  if (member.key != "previous_response_id" || member.kind == Kind::kNull) return std::nullopt;
  absl::StatusOr<std::string> id =
      member.kind == Kind::kString ? member.text() : absl::StatusOr<std::string>("");
  if (!id.ok() || id->empty()) return wrong(member.key, "must be the id of a response");
  out.previous_id = *std::move(id);
  return std::nullopt;
}

}  // namespace

llm::CallError wrong(std::string_view key, std::string_view must) {
  return {400, "bad_request", fmt::format("{}: {}", key, must), std::string(key)};
}

std::optional<llm::CallError> read_asked(std::string_view body, Asked& out) {
  json::Skimmer skimmer(body, Kind::kObject);
  for (Skimmed member; skimmer.next(member);)
    if (std::optional<llm::CallError> error = read_member(member, out)) return error;
  if (out.in_background && !out.store)
    return wrong("background", "what is made in the background must be kept: store is false");
  return std::nullopt;
}

}  // namespace omni::filters
