#include "source/log/log_line.h"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <time.h>

#include <iterator>

#include "source/json/writer.h"
#include "source/log/log.h"

namespace omni {
namespace {

std::string_view word(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    default:
      return "error";
  }
}

}  // namespace

void append_time(std::string& out, absl::Time time) {
  struct Second {
    int64_t unix_seconds = -1;
    char text[20] = {};
  };
  thread_local Second cached;
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = micros / 1000000;
  if (seconds != cached.unix_seconds) {
    const time_t value = static_cast<time_t>(seconds);
    tm parts;
    gmtime_r(&value, &parts);
    strftime(cached.text, sizeof cached.text, "%Y-%m-%dT%H:%M:%S", &parts);
    cached.unix_seconds = seconds;
  }
  out.append(cached.text, 19);
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(".{:06}Z"), micros % 1000000);
}

std::string message_line(LogFormat format, absl::Time time, LogLevel level, std::string_view text) {
  std::string out;
  if (format == LogFormat::kJson) {
    out += R"({"time":")";
    append_time(out, time);
    out += R"(","level":")";
    out += word(level);
    out += R"(","message":)";
    json::append_quoted(out, text);
    out += "}\n";
    return out;
  }
  append_time(out, time);
  out += ' ';
  out += word(level);
  out += ' ';
  for (const char c : text) out += c == '\n' || c == '\r' ? ' ' : c;
  out += '\n';
  return out;
}

}  // namespace omni
