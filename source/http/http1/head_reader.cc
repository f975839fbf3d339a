#include "source/http/http1/head_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "source/base/strings.h"
#include "source/http/http1/head_rules.h"
#include "source/http/octets.h"

namespace omni {
namespace {

// Longer names go the slow way.
constexpr size_t kShortName = 48;
// Room for the fields of most heads; more is made when it does not do.
constexpr size_t kUsualFields = 16;
constexpr size_t kUsualTextBytes = 512;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool starts_with(const char* at, const char* end, std::string_view text) {
  return end - at >= static_cast<ptrdiff_t>(text.size()) &&
         std::memcmp(at, text.data(), text.size()) == 0;
}

}  // namespace

HeadReader::Verdict HeadReader::fail(int status, const char* why) {
  fault_ = {status, why};
  return Verdict::kFault;
}

void HeadReader::restart() {
  taken_ = fields_ = 0;
  skipped_line_ = false;
  first_line_done_ = kind_ == Kind::kTrailers;
  fault_ = {};
  lines_.clear();
  // A connection that waits keeps nothing of a long line.
  if (partial_.capacity() > kShortName) std::string().swap(partial_);
  partial_.clear();
}

Fault HeadReader::finish(std::string_view scheme, Framing& framing, RequestHead& out) {
  const Fault fault = interpret_request(std::move(lines_), scheme, framing, out);
  restart();
  return fault;
}

Fault HeadReader::finish(Framing& framing, ResponseHead& out) {
  const Fault fault = interpret_response(std::move(lines_), framing, out);
  restart();
  return fault;
}

HeadReader::Verdict HeadReader::read(Buffer& in) {
  while (!in.empty()) {
    // A head that does not end within the limit is refused, whatever may follow.
    const std::string_view window = in.front().substr(0, limit_bytes_ - taken_);
    const char* at = window.data();
    const Verdict verdict = read_slice(at, window.data() + window.size());
    const auto used = static_cast<size_t>(at - window.data());
    taken_ += used;
    in.drop(used);
    if (verdict != Verdict::kIncomplete) return verdict;
    if (taken_ < limit_bytes_) continue;
    if (!first_line_done_ && kind_ == Kind::kRequest)
      return fail(414, "The request line is too long.");
    return fail(431, "The header fields are too large.");
  }
  return Verdict::kIncomplete;
}

// Moves `at` behind what was taken, which is everything while the head is incomplete.
HeadReader::Verdict HeadReader::read_slice(const char*& at, const char* end) {
  if (lines_.headers.empty() && kind_ != Kind::kTrailers)
    lines_.headers.reserve(kUsualFields, std::min(kUsualTextBytes, static_cast<size_t>(end - at)));
  if (!partial_.empty()) {
    at = complete_line(at, end);
    if (partial_.back() != '\n') return Verdict::kIncomplete;
    const Verdict verdict = take_line(partial_);
    partial_.clear();
    if (verdict != Verdict::kIncomplete) return verdict;
  }
  while (at < end) {
    at = first_line_done_ ? read_fields(at, end) : read_first_line(at, end);
    if (first_line_done_ && starts_with(at, end, "\r\n")) {
      at += 2;
      return Verdict::kComplete;
    }
    const void* found = std::memchr(at, '\n', static_cast<size_t>(end - at));
    if (found == nullptr) {
      partial_.assign(at, end);
      at = end;
      break;
    }
    const char* next = static_cast<const char*>(found) + 1;
    const std::string_view line(at, static_cast<size_t>(next - at));
    at = next;
    const Verdict verdict = take_line(line);
    if (verdict != Verdict::kIncomplete) return verdict;
  }
  return Verdict::kIncomplete;
}

// Adds to the line that was begun before; returns what is behind.
const char* HeadReader::complete_line(const char* at, const char* end) {
  const void* found = std::memchr(at, '\n', static_cast<size_t>(end - at));
  const char* next = found == nullptr ? end : static_cast<const char*>(found) + 1;
  partial_.append(at, next);
  return next;
}

// This and the next two take lines of the shape that nearly all have, and return what is behind
// them: a line that is incomplete, wrong or odd, or the end of the head.
const char* HeadReader::read_first_line(const char* at, const char* end) {
  constexpr std::string_view kUsualStatusLine = "HTTP/1.1 200 OK\r\n";
  if (kind_ == Kind::kRequest) {
    at = read_request_line(at, end);
  } else if (starts_with(at, end, kUsualStatusLine)) {
    lines_.status = 200;
    first_line_done_ = true;
    at += kUsualStatusLine.size();
  }
  return first_line_done_ ? read_fields(at, end) : at;
}

const char* HeadReader::read_request_line(const char* at, const char* end) {
  constexpr std::string_view kRest = " HTTP/1.1\r\n";
  const bool is_post = starts_with(at, end, "POST ");
  if (!is_post && !starts_with(at, end, "GET ")) return at;
  const char* target = at + (is_post ? 5 : 4);
  const char* target_end = find_target_end(target, end);
  if (target_end == target || !starts_with(target_end, end, kRest)) return at;
  lines_.method = std::string(is_post ? "POST" : "GET", is_post ? 4 : 3);
  lines_.target = std::string(target, target_end);
  first_line_done_ = true;
  return target_end + kRest.size();
}

const char* HeadReader::read_fields(const char* at, const char* end) {
  if (kind_ == Kind::kTrailers) return at;
  Headers::Filler filler(lines_.headers);
  size_t fields = fields_;
  for (; fields < limit_count_; ++fields) {
    const size_t room = filler.room();
    if (room < kShortName || at == end || *at == '\r') break;
    char* const name = filler.at();
    const auto left = static_cast<size_t>(end - at);
    const size_t name_size = lower_token(at, at + std::min(left, kShortName), name);
    const char* value = at + name_size;
    if (name_size == 0 || name_size == left || *value++ != ':') break;
    if (value < end && *value == ' ') ++value;
    while (value < end && is_blank(*value)) ++value;
    const size_t value_room = std::min(room - name_size, static_cast<size_t>(end - value));
    const char* value_end = copy_to_control(value, value + value_room, name + name_size);
    if (!starts_with(value_end, end, "\r\n")) break;
    at = value_end + 2;
    while (value_end > value && is_blank(value_end[-1])) --value_end;
    const auto value_size = static_cast<size_t>(value_end - value);
    const FieldKind kind = field_kind({name, name_size});
    if (kind == FieldKind::kOrdinary) {
      filler.add(name_size, value_size);
    } else {
      take_special(kind, {value, value_size}, {value_end, static_cast<size_t>(at - 2 - value_end)});
    }
  }
  fields_ = fields;
  return at;
}

// `line` ends with LF.
HeadReader::Verdict HeadReader::take_line(std::string_view line) {
  if (line.size() < 2 || line[line.size() - 2] != '\r') return fail(400, "A line ends without CR.");
  line.remove_suffix(2);
  if (line.empty()) {
    if (first_line_done_) return Verdict::kComplete;
    if (skipped_line_ || kind_ != Kind::kRequest) return fail(400, "The first line is empty.");
    skipped_line_ = true;
    return Verdict::kIncomplete;
  }
  if (!first_line_done_) {
    first_line_done_ = true;
    fault_ = take_first_line(line);
    return fault_ ? Verdict::kFault : Verdict::kIncomplete;
  }
  if (++fields_ > limit_count_) return fail(431, "There are too many header fields.");
  fault_ = check_field(line);
  if (fault_) return Verdict::kFault;
  const size_t colon = line.find(':');
  take_field(lower(line.substr(0, colon)), line.substr(colon + 1));
  return Verdict::kIncomplete;
}

Fault HeadReader::take_first_line(std::string_view line) {
  if (kind_ == Kind::kResponse) {
    if (const Fault fault = check_status_line(line)) return fault;
    lines_.is_old = line[7] == '0';
    lines_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    return {};
  }
  if (const Fault fault = check_request_line(line)) return fault;
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  lines_.is_old = line.back() == '0';
  lines_.method = line.substr(0, first);
  lines_.target = line.substr(first + 1, last - first - 1);
  return {};
}

// `value` may have white space around it.
void HeadReader::take_field(std::string_view name, std::string_view value) {
  if (kind_ == Kind::kTrailers) return;
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  std::string_view padding = value;
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  padding.remove_prefix(value.size());
  const FieldKind kind = field_kind(name);
  if (kind == FieldKind::kOrdinary) return lines_.headers.add(name, value);
  take_special(kind, value, padding);
}

void HeadReader::take_special(FieldKind kind, std::string_view value, std::string_view padding) {
  if (kind == FieldKind::kHost && kind_ == Kind::kRequest) lines_.host = std::string(value);
  lines_.special.take(kind, value, padding);
}

}  // namespace omni
