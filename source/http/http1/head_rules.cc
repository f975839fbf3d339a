#include "source/http/http1/head_rules.h"

#include "source/http/octets.h"
#include "source/http/vocabulary.h"

namespace omni {
namespace {

constexpr Fault kFine;

}  // namespace

Fault check_request_line(std::string_view line) {
  if (has_control(line)) return {400, "The first line holds a control character."};
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

Fault check_status_line(std::string_view line) {
  if (has_control(line)) return {400, "The first line holds a control character."};
  const bool is_known = line.size() >= 12 && line.substr(0, 7) == "HTTP/1." &&
                        (line[7] == '0' || line[7] == '1') && line[8] == ' ';
  if (!is_known) return {400, "The status line is not HTTP/1."};
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) || line[9] == '0' ||
      line[9] > '5')
    return {400, "The status is not a number from 100 to 599."};
  if (line.size() > 12 && line[12] != ' ') return {400, "The status line is malformed."};
  return kFine;
}

Fault check_field(std::string_view line) {
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
