#include "source/http/http1/head_parser.h"

#include <llhttp.h>

#include "source/base/strings.h"

namespace omni {
namespace {

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

bool is_space(char c) { return c == ' ' || c == '\t'; }

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

}  // namespace

Fault parse_request_head(std::string_view head, ParsedHead& out) {
  out.method = head.substr(0, head.find(' '));
  return parse(HTTP_REQUEST, head, out);
}

Fault parse_response_head(std::string_view head, ParsedHead& out) {
  return parse(HTTP_RESPONSE, head, out);
}

}  // namespace omni
