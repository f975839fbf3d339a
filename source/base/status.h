// Making and reading absl::Status with std::string_view, and the two macros that pass one on.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <utility>

namespace omni {

// Making an error is never the hot path: the compiler moves what leads here out of its way.
[[gnu::cold]] inline absl::Status error(absl::StatusCode code, std::string_view text) {
  return absl::Status(code, absl::string_view(text.data(), text.size()));
}
[[gnu::cold]] inline absl::Status invalid(std::string_view text) {
  return error(absl::StatusCode::kInvalidArgument, text);
}
[[gnu::cold]] inline absl::Status failed(std::string_view text) {
  return error(absl::StatusCode::kFailedPrecondition, text);
}
[[gnu::cold]] inline absl::Status unavailable(std::string_view text) {
  return error(absl::StatusCode::kUnavailable, text);
}

// The text of `status`, valid as long as `status` is.
inline std::string_view message(const absl::Status& status) {
  return std::string_view(status.message().data(), status.message().size());
}

// The same code with "`context`: " before the text.
inline absl::Status with_context(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  return error(status.code(), std::string(context) + ": " + std::string(message(status)));
}

}  // namespace omni

#define OMNI_RETURN_IF_ERROR(expression)                                           \
  do {                                                                             \
    if (absl::Status omni_status_ = (expression); !omni_status_.ok()) [[unlikely]] \
      return omni_status_;                                                         \
  } while (false)

#define OMNI_CONCAT_INNER(a, b) a##b
#define OMNI_CONCAT(a, b) OMNI_CONCAT_INNER(a, b)
#define OMNI_ASSIGN_OR_RETURN(target, expression) \
  OMNI_ASSIGN_OR_RETURN_AS(OMNI_CONCAT(omni_result_, __LINE__), target, expression)
#define OMNI_ASSIGN_OR_RETURN_AS(result, target, expression) \
  auto result = (expression);                                \
  if (!result.ok()) [[unlikely]]                             \
    return result.status();                                  \
  target = *std::move(result)
