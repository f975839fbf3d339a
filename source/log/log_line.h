// What a line of the log looks like.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "source/json/pen.h"

namespace omni {

enum class LogLevel : uint8_t;
enum class LogFormat : uint8_t;

// {"time":...,"level":...,"message":...} or "TIME LEVEL message", with the newline.
std::string message_line(LogFormat format, absl::Time time, LogLevel level, std::string_view text);

// RFC 3339 in UTC with microseconds: "2026-01-02T03:04:05.678901Z". The date part is kept per
// thread and second, so that a busy log formats it once.
void put_time(json::Pen& pen, absl::Time time);
void append_time(std::string& out, absl::Time time);

}  // namespace omni
