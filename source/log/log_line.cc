#include "source/log/log_line.h"

#include <time.h>

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

void put_time(json::Pen& pen, absl::Time time) {
  struct Second {
    int64_t unix_seconds = -1;
    char text[20] = {};
  };
  thread_local Second cached;
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1000000, rest = micros % 1000000;
  if (rest < 0) {
    rest += 1000000;
    --seconds;
  }
  if (seconds != cached.unix_seconds) {
    const time_t value = static_cast<time_t>(seconds);
    tm parts;
    gmtime_r(&value, &parts);
    strftime(cached.text, sizeof cached.text, "%Y-%m-%dT%H:%M:%S", &parts);
    cached.unix_seconds = seconds;
  }
  pen.put({cached.text, 19});
  pen.put('.');
  pen.six_digits(static_cast<uint32_t>(rest));
  pen.put('Z');
}

void append_time(std::string& out, absl::Time time) {
  char text[27];
  json::Pen pen(text);
  put_time(pen, time);
  out.append(text, sizeof text);
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
