#include "source/simulate/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/skim.h"

namespace omni::simulate {
namespace {

using json::Skimmed;

absl::Status take(const Skimmed& member, double least, double& out) {
  OMNI_ASSIGN_OR_RETURN(out, member.number());
  if (member.kind != json::Kind::kNumber || !(out >= least) || !std::isfinite(out))
    return invalid(fmt::format("'{}' must be a number from {}", member.key, least));
  return absl::OkStatus();
}

absl::Status take(const Skimmed& member, int64_t& out) {
  double number = 0;
  OMNI_RETURN_IF_ERROR(take(member, 0, number));
  out = std::llround(number);
  return absl::OkStatus();
}

// Seconds in the file.
absl::Status take_ms(const Skimmed& member, int64_t& out) {
  double seconds = 0;
  OMNI_RETURN_IF_ERROR(take(member, 0, seconds));
  out = std::llround(seconds * 1000);
  return absl::OkStatus();
}

absl::Status take_behaviour(const Skimmed& member, Behaviour& out) {
  if (member.key == "first_token_ms") return take(member, 0, out.first_token_ms);
  if (member.key == "failing") return take(member, 0, out.failing);
  if (member.key == "limit_per_minute") return take(member, out.per_minute);
  if (member.key == "retry_after") return take_ms(member, out.retry_after_ms);
  if (member.key == "status") {
    int64_t status = 0;
    OMNI_RETURN_IF_ERROR(take(member, status));
    out.status = static_cast<int>(std::clamp<int64_t>(status, 400, 599));
    return absl::OkStatus();
  }
  return invalid(fmt::format("'{}' is not known", member.key));
}

absl::Status take_arrival(const Skimmed& member, Arrival& out) {
  if (member.key == "input") return take(member, out.input_tokens);
  if (member.key == "output") return take(member, out.output_tokens);
  if (member.key == "session") {
    OMNI_ASSIGN_OR_RETURN(out.session, member.text());
    return absl::OkStatus();
  }
  return invalid(fmt::format("'{}' is not known", member.key));
}

absl::Status read_line(std::string_view line, Trace& trace) {
  Arrival arrival;
  Behaviour behaviour;
  bool has_target = false;
  // Which of the two it is shows in any order of its members.
  const absl::Status kind = json::skim_object(line, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "at") {
      OMNI_RETURN_IF_ERROR(take_ms(member, arrival.at_ms));
      behaviour.at_ms = arrival.at_ms;
    } else if (member.key == "target") {
      OMNI_ASSIGN_OR_RETURN(behaviour.target, member.text());
      has_target = true;
    }
    return absl::OkStatus();
  });
  OMNI_RETURN_IF_ERROR(kind);
  OMNI_RETURN_IF_ERROR(json::skim_object(line, [&](const Skimmed& member) {
    if (member.key == "at" || member.key == "target") return absl::OkStatus();
    return has_target ? take_behaviour(member, behaviour) : take_arrival(member, arrival);
  }));
  if (has_target)
    trace.behaviours.push_back(std::move(behaviour));
  else
    trace.arrivals.push_back(std::move(arrival));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Trace> read_trace(std::string_view text) {
  Trace out;
  size_t number = 0;
  for (const std::string_view each : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(each);
    if (line.empty() || line.front() == '#') continue;
    if (const absl::Status status = read_line(line, out); !status.ok())
      return invalid(fmt::format("line {}: {}", number, message(status)));
  }
  const auto by_time = [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; };
  std::stable_sort(out.arrivals.begin(), out.arrivals.end(), by_time);
  std::stable_sort(out.behaviours.begin(), out.behaviours.end(), by_time);
  return out;
}

}  // namespace omni::simulate
