#include "test/support/llhttp_heads.h"

#include <llhttp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "source/base/strings.h"

namespace omni::test {
namespace {

// The grammar, byte by byte.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }
bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_token_char(char c) {
  return is_alnum(c) || (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}
size_t token_prefix(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && is_token_char(text[size])) ++size;
  return size;
}
bool is_token(std::string_view text) { return !text.empty() && token_prefix(text) == text.size(); }
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || !is_control(c); });
}
bool is_target(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

// Registered name or IPv4 address: unreserved, percent and sub-delims (RFC 3986 section 3.2.2).
bool is_name(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_alnum(c) || (c != '\0' && std::strchr("-._~%!$&'()*+,;=", c) != nullptr);
  });
}

bool is_bracketed_address(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view inside = host.substr(1, host.size() - 2);
  return std::all_of(inside.begin(), inside.end(), [](char c) {
    return is_alnum(c) || c == ':' || c == '.' || c == '%' || c == '-' || c == '_';
  });
}

bool is_authority(std::string_view text) {
  std::string_view host = text;
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return false;
    host = text.substr(0, colon);
    if (host.empty()) return false;
  }
  return !host.empty() && host.front() == '[' ? is_bracketed_address(host) : is_name(host);
}

bool is_made_by_codec(std::string_view name) {
  for (const std::string_view word :
       {"te", "host", "expect", "upgrade", "trailer", "connection", "keep-alive", "content-length",
        "http2-settings", "proxy-connection", "transfer-encoding"})
    if (name == word) return true;
  return false;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18 || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  return static_cast<uint64_t>(*parse_int(text));
}

// Refuses what llhttp would let pass, and finds where the head ends.
class HeadGuard {
 public:
  using Kind = HeadType;
  enum class Verdict : uint8_t { kIncomplete, kComplete, kFault };

  HeadGuard(Kind kind, const CodecLimits& limits)
      : limit_bytes_(limits.header_bytes), limit_count_(limits.header_count), kind_(kind) {}

  // `bytes` is everything of this head so far and begins with what was given before; each byte is
  // looked at once, however often more is added.
  Verdict scan(std::string_view bytes);

  // After kComplete: where the first line begins (an empty line before a request is skipped, RFC
  // 9112 section 2.2) and where the byte after the closing empty line is.
  size_t begin() const { return begin_; }
  size_t end() const { return line_; }
  // After kFault.
  const Fault& fault() const { return fault_; }

 private:
  Verdict fail(int status, const char* why);
  Fault check_line(std::string_view line);
  Fault check_request_line(std::string_view line) const;
  Fault check_status_line(std::string_view line) const;
  Fault check_field(std::string_view line) const;

  size_t limit_bytes_, limit_count_;
  size_t begin_ = 0;
  size_t line_ = 0;    // Start of the line that has not ended yet.
  size_t looked_ = 0;  // No LF lies between line_ and here.
  size_t fields_ = 0;
  Kind kind_;
  bool first_line_done_ = false;
  Fault fault_;
};

constexpr Fault kFine;

HeadGuard::Verdict HeadGuard::fail(int status, const char* why) {
  fault_ = {status, why};
  return Verdict::kFault;
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
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) || line[9] == '0' ||
      line[9] > '5')
    return {400, "The status is not a number from 100 to 599."};
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

struct ParsedHead {
  struct Field {
    std::string_view name, value;
  };

  std::string_view method, target;
  int status = 0;
  int minor_version = 1;
  std::vector<Field> fields;
};

struct Collector {
  ParsedHead* out;
  bool complete = false;
};

Collector& collector(llhttp_t* parser) { return *static_cast<Collector*>(parser->data); }

int on_url(llhttp_t* parser, const char* at, size_t size) {
  collector(parser).out->target = {at, size};
  return 0;
}

int on_field(llhttp_t* parser, const char* at, size_t size) {
  collector(parser).out->fields.push_back({{at, size}, {}});
  return 0;
}

int on_value(llhttp_t* parser, const char* at, size_t size) {
  collector(parser).out->fields.back().value = {at, size};
  return 0;
}

// Stops llhttp here: bodies are framed by our own, stricter rules.
int on_headers_complete(llhttp_t* parser) {
  Collector& self = collector(parser);
  self.complete = true;
  self.out->status = parser->status_code;
  self.out->minor_version = parser->http_minor;
  return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = on_url;
  settings.on_header_field = on_field;
  settings.on_header_value = on_value;
  settings.on_headers_complete = on_headers_complete;
  return settings;
}

Fault parse(llhttp_type_t type, std::string_view head, ParsedHead& out) {
  static const llhttp_settings_t settings = make_settings();
  Collector self{&out};
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  parser.data = &self;
  const llhttp_errno_t error = llhttp_execute(&parser, head.data(), head.size());
  if (error == HPE_INVALID_TRANSFER_ENCODING)
    return {501, "The only Transfer-Encoding spoken here is chunked."};
  if (!self.complete || parser.http_major != 1) return {400, "The head is not valid HTTP/1."};
  for (ParsedHead::Field& field : out.fields) {
    std::string_view& value = field.value;
    while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
  }
  return {};
}

// Fields that decide about the message itself, collected while the others are copied.
struct Special {
  std::string_view content_length, transfer_encoding, host, expect;
  int content_lengths = 0, transfer_encodings = 0, hosts = 0, expects = 0;
  std::vector<std::string_view> connection;
};

// True when `name` was special and is not passed on. `name` is lower case.
bool collect(std::string_view name, std::string_view value, Special& special) {
  if (!is_made_by_codec(name)) return false;
  if (name == "content-length") {
    special.content_length = value;
    ++special.content_lengths;
  } else if (name == "transfer-encoding") {
    special.transfer_encoding = value;
    ++special.transfer_encodings;
  } else if (name == "host") {
    special.host = value;
    ++special.hosts;
  } else if (name == "expect") {
    special.expect = value;
    ++special.expects;
  } else if (name == "connection") {
    special.connection.push_back(value);
  }
  return true;
}

void copy_fields(const ParsedHead& parsed, Special& special, Headers& out) {
  size_t text_bytes = 0;
  for (const ParsedHead::Field& field : parsed.fields)
    text_bytes += field.name.size() + field.value.size();
  out.reserve(parsed.fields.size(), text_bytes);
  std::array<char, 64> small;
  for (const ParsedHead::Field& field : parsed.fields) {
    if (field.name.size() > small.size()) {
      out.add(lower(field.name), field.value);
      continue;
    }
    for (size_t i = 0; i < field.name.size(); ++i) small[i] = lower(field.name[i]);
    const std::string_view name(small.data(), field.name.size());
    if (!collect(name, field.value, special)) out.add(name, field.value);
  }
}

// Applies the Connection field: its two words, and the fields that it names (RFC 9110 7.6.1).
void apply_connection(const Special& special, Framing& framing, Headers& headers) {
  bool close = false;
  bool keep = false;
  for (const std::string_view value : special.connection) {
    for (std::string_view word : split(value, ',')) {
      word = trim(word);
      if (word.empty()) continue;
      if (equals_ignoring_case(word, "close")) {
        close = true;
      } else if (equals_ignoring_case(word, "keep-alive")) {
        keep = true;
      } else {
        headers.remove(lower(word));
      }
    }
  }
  framing.keeps_alive = !close && (keep || !framing.is_old);
}

Fault frame_body(const Special& special, Framing& framing, std::optional<uint64_t>& length) {
  if (special.transfer_encodings > 0) {
    if (framing.is_old) return {400, "HTTP/1.0 has no Transfer-Encoding."};
    if (special.content_lengths > 0)
      return {400, "Content-Length and Transfer-Encoding exclude each other."};
    if (special.transfer_encodings > 1 ||
        !equals_ignoring_case(special.transfer_encoding, "chunked"))
      return {501, "The only Transfer-Encoding spoken here is chunked."};
    framing.is_chunked = true;
    return {};
  }
  if (special.content_lengths > 1) return {400, "There is more than one Content-Length."};
  if (special.content_lengths == 1) {
    length = parse_length(special.content_length);
    if (!length) return {400, "The Content-Length is not a number."};
  }
  return {};
}

Fault split_absolute_target(std::string_view target, RequestHead& out) {
  const size_t colon = target.find("://");
  const std::string_view scheme = target.substr(0, colon);
  if (colon == std::string_view::npos ||
      (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")))
    return {400, "The request target is neither a path nor an http URL."};
  const std::string_view rest = target.substr(colon + 3);
  const size_t path = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, path);
  if (authority.empty() || !is_authority(authority))
    return {400, "The authority in the request target is malformed."};
  out.authority = authority;
  out.target = path == std::string_view::npos ? std::string_view() : rest.substr(path);
  if (out.target.empty() && out.method == "OPTIONS") out.target = "*";
  if (out.target.empty() || out.target[0] == '?') out.target.insert(0, "/");
  return {};
}

// RFC 9112 section 3.2: one Host, whose value gives way to an absolute target's authority.
Fault locate(const ParsedHead& parsed, const Special& special, const Framing& framing,
             RequestHead& out) {
  if (special.hosts > 1) return {400, "There is more than one Host."};
  if (special.hosts == 0 && !framing.is_old) return {400, "There is no Host."};
  if (!is_authority(special.host)) return {400, "The Host is malformed."};
  if (out.method == "CONNECT") return {405, "CONNECT is not served here."};
  const std::string_view target = parsed.target;
  if (target.empty()) return {400, "The request target is missing."};
  if (target[0] == '/' || (target == "*" && out.method == "OPTIONS")) {
    out.target = target;
    out.authority = special.host;
    return {};
  }
  return split_absolute_target(target, out);
}

Fault interpret_request(const ParsedHead& parsed, std::string_view scheme, Framing& framing,
                        RequestHead& out) {
  Special special;
  framing.is_old = parsed.minor_version == 0;
  out.method = parsed.method;
  out.scheme = scheme;
  copy_fields(parsed, special, out.headers);
  apply_connection(special, framing, out.headers);
  if (const Fault fault = locate(parsed, special, framing, out)) return fault;
  if (const Fault fault = frame_body(special, framing, out.content_length)) return fault;
  out.has_body = framing.is_chunked || out.content_length.value_or(0) > 0;
  if (special.expects > 0 && !framing.is_old) {
    if (special.expects > 1 || !equals_ignoring_case(special.expect, "100-continue"))
      return {417, "The only expectation met here is 100-continue."};
    framing.expects_continue = out.has_body;
  }
  return {};
}

Fault interpret_response(const ParsedHead& parsed, Framing& framing, ResponseHead& out) {
  Special special;
  framing.is_old = parsed.minor_version == 0;
  out.status = parsed.status;
  copy_fields(parsed, special, out.headers);
  apply_connection(special, framing, out.headers);
  return frame_body(special, framing, out.content_length);
}

}  // namespace

OracleHead read_head_by_llhttp(HeadType type, std::string_view bytes, const CodecLimits& limits) {
  OracleHead out;
  HeadGuard guard(type, limits);
  const HeadGuard::Verdict verdict = guard.scan(bytes);
  out.fault = guard.fault();
  out.is_complete = verdict == HeadGuard::Verdict::kComplete;
  if (!out.is_complete) return out;
  out.size = guard.end();
  if (type == HeadType::kTrailers) return out;
  const std::string_view head = bytes.substr(guard.begin(), guard.end() - guard.begin());
  ParsedHead parsed;
  parsed.method = head.substr(0, head.find(' '));
  out.fault = parse(type == HeadType::kRequest ? HTTP_REQUEST : HTTP_RESPONSE, head, parsed);
  if (out.fault) return out;
  out.fault = type == HeadType::kRequest
                  ? interpret_request(parsed, "http", out.framing, out.request)
                  : interpret_response(parsed, out.framing, out.response);
  return out;
}

}  // namespace omni::test
