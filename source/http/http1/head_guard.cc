#include "source/http/http1/head_guard.h"

#include <algorithm>
#include <cstring>

#include "source/http/vocabulary.h"

namespace omni {
namespace {

constexpr Fault kFine;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

HeadGuard::Verdict HeadGuard::fail(int status, const char* why) {
  fault_ = {status, why};
  return Verdict::kFault;
}

void HeadGuard::restart() {
  begin_ = line_ = looked_ = fields_ = 0;
  first_line_done_ = false;
  fault_ = {};
}

HeadGuard::Verdict HeadGuard::scan(std::string_view bytes) {
  // A head that does not end within the limit is refused, whatever may follow.
  const std::string_view seen = bytes.substr(0, std::min(bytes.size(), limit_bytes_));
  while (looked_ < seen.size()) {
    const void* found = std::memchr(seen.data() + looked_, '\n', seen.size() - looked_);
    if (found == nullptr) {
      looked_ = seen.size();
      break;
    }
    const auto at = static_cast<size_t>(static_cast<const char*>(found) - seen.data());
    if (at == line_ || seen[at - 1] != '\r') return fail(400, "A line ends without CR.");
    const std::string_view line = seen.substr(line_, at - 1 - line_);
    const bool is_start = line_ == 0;
    line_ = looked_ = at + 1;
    if (line.empty()) {
      if (first_line_done_ || kind_ == Kind::kTrailers) return Verdict::kComplete;
      if (!is_start || kind_ != Kind::kRequest) return fail(400, "The first line is empty.");
      begin_ = line_;
      continue;
    }
    if (const Fault fault = check_line(line)) {
      fault_ = fault;
      return Verdict::kFault;
    }
  }
  if (bytes.size() < limit_bytes_) return Verdict::kIncomplete;
  if (!first_line_done_ && kind_ == Kind::kRequest)
    return fail(414, "The request line is too long.");
  return fail(431, "The header fields are too large.");
}

Fault HeadGuard::check_line(std::string_view line) {
  if (!first_line_done_ && kind_ != Kind::kTrailers) {
    first_line_done_ = true;
    if (has_control(line)) return {400, "The first line holds a control character."};
    return kind_ == Kind::kRequest ? check_request_line(line) : check_status_line(line);
  }
  if (++fields_ > limit_count_) return {431, "There are too many header fields."};
  return check_field(line);
}

Fault HeadGuard::check_request_line(std::string_view line) const {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return {400, "The request line is not METHOD TARGET VERSION."};
  if (!is_token(line.substr(0, first))) return {400, "The method is malformed."};
  if (!is_target(line.substr(first + 1, last - first - 1)))
    return {400, "The request target is malformed."};
  const std::string_view version = line.substr(last + 1);
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7]))
    return {400, "The protocol is not HTTP."};
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  return kFine;
}

Fault HeadGuard::check_status_line(std::string_view line) const {
  const bool is_known = line.size() >= 12 && line.substr(0, 7) == "HTTP/1." &&
                        (line[7] == '0' || line[7] == '1') && line[8] == ' ';
  if (!is_known) return {400, "The status line is not HTTP/1."};
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) || line[9] == '0')
    return {400, "The status is not a three-digit number."};
  if (line.size() > 12 && line[12] != ' ') return {400, "The status line is malformed."};
  return kFine;
}

Fault HeadGuard::check_field(std::string_view line) const {
  const size_t colon = token_prefix(line);
  if (colon == 0) {
    if (line[0] == ' ' || line[0] == '\t') return {400, "A header line is folded."};
    return {400, "A header name is empty or malformed."};
  }
  if (colon == line.size()) return {400, "A header line has no colon."};
  if (line[colon] == ' ' || line[colon] == '\t')
    return {400, "White space stands before the colon of a header."};
  if (line[colon] != ':') return {400, "A header name is malformed."};
  if (!is_field_value(line.substr(colon + 1)))
    return {400, "A header value holds a control character."};
  return kFine;
}

}  // namespace omni
