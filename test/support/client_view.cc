#include "test/support/client_view.h"

#include "test/support/client_reader.h"
#include "test/support/json.h"
#include "test/support/response_accumulator.h"

namespace omni::test {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : std::string();
}
int64_t count_of(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_number_integer()
             ? object[key].get<int64_t>()
             : -1;
}
const json& member_of(const json& object, const char* key) {
  static const json kNone;
  return object.is_object() && object.contains(key) ? object[key] : kNone;
}

std::vector<Framed> ClientReader::split(std::string_view bytes) {
  std::vector<Framed> out;
  const bool is_lines = dialect_ == Dialect::kOllama;
  const std::string_view end_mark = is_lines ? "\n" : "\n\n";
  while (!bytes.empty()) {
    const size_t end = bytes.find(end_mark);
    require(end != std::string_view::npos, "the last event has no end");
    if (end == std::string_view::npos) break;
    std::string_view frame = bytes.substr(0, end);
    bytes.remove_prefix(end + end_mark.size());
    Framed framed;
    if (!is_lines && frame.substr(0, 7) == "event: ") {
      framed.type = frame.substr(7, frame.find('\n') - 7);
      frame.remove_prefix(frame.find('\n') + 1);
    }
    if (!is_lines) {
      require(frame.substr(0, 6) == "data: ", "an event without data");
      frame.remove_prefix(std::min<size_t>(6, frame.size()));
    }
    require(frame.find('\n') == std::string_view::npos, "data in two lines");
    framed.data = frame;
    out.push_back(std::move(framed));
  }
  return out;
}

void ClientReader::stream(std::string_view bytes) {
  if (dialect_ == Dialect::kOpenaiResponses) {
    // An error of ours has no number; the vendor's libraries raise before they look for one.
    const size_t failed = bytes.find("event: error\n");
    const Accumulated built = accumulate(bytes.substr(0, failed));
    require(built.error.empty(), built.error);
    const std::string last = built.types.empty() ? "" : built.types.back();
    if (failed == std::string_view::npos) {
      require(last == "response.completed" || last == "response.incomplete" ||
                  last == "response.failed",
              "the stream has no end");
      if (last != "response.failed")
        require(built.output == built.last["output"], "the items are not those of the response");
      return response(built.last);
    }
    require(last != "response.completed" && last != "response.incomplete",
            "an error behind the end");
    for (const Framed& framed : split(bytes.substr(failed)))
      error(parse_json_if_valid(framed.data));
    return;
  }
  for (const Framed& framed : split(bytes)) event(framed);
  if (dialect_ == Dialect::kOpenai) chat_end();
  if (dialect_ == Dialect::kAnthropic) message_end();
}

void ClientReader::array(std::string_view bytes) {
  const json row = parse_json_if_valid(bytes);
  require(row.is_array() && !row.empty(), "no array");
  if (!row.is_array()) return;
  for (const json& chunk : row) {
    require(!is_over_, "an element behind the end");
    content_chunk(chunk);
  }
}

void ClientReader::event(const Framed& framed) {
  require(!is_over_, "an event behind the end: " + framed.data);
  if (dialect_ == Dialect::kOpenai && framed.data == "[DONE]") {
    is_over_ = told_.is_finished = true;
    return;
  }
  const json data = parse_json_if_valid(framed.data);
  require(data.is_object(), "no JSON object: " + framed.data);
  if (!data.is_object()) return;
  if (dialect_ == Dialect::kOpenai) return chat_chunk(data);
  if (dialect_ == Dialect::kGemini) return content_chunk(data);
  if (dialect_ == Dialect::kOllama) return line(data);
  require(framed.type == text_of(data, "type"), "event line and type differ");
  message_event(framed.type, data);
}

void ClientReader::error(const json& said) {
  require(!is_over_, "an error behind the end");
  is_over_ = true;
  const json& inner = member_of(said, "error");
  told_.error = inner.is_string() ? inner.get<std::string>() : text_of(inner, "message");
  if (told_.error.empty()) told_.error = text_of(said, "message");
  require(!told_.error.empty(), "an error without a message");
}

json ClientReader::parse_arguments(const std::string& text) {
  json out = parse_json_if_valid(text);
  blame(out.is_object(), "arguments are no JSON object: " + text);
  return out;
}

void ClientReader::call(std::string id, std::string name, const json& arguments) {
  require(!id.empty() && !name.empty(), "a call without id or name");
  for (const Told::Call& other : told_.calls) blame(other.id != id, "two calls of one id");
  told_.calls.push_back({std::move(id), std::move(name), arguments});
}

void ClientReader::whole(const json& body) {
  is_whole_ = true;
  require(body.is_object(), "no JSON object");
  if (body.contains("error") && !member_of(body, "error").is_null()) return error(body);
  if (dialect_ == Dialect::kOpenaiResponses) return response(body);
  if (dialect_ == Dialect::kGemini) return content_chunk(body);
  if (dialect_ == Dialect::kOllama) return line(body);
  told_.is_finished = has_begun_ = true;
  if (dialect_ == Dialect::kAnthropic) {
    told_.finish = text_of(body, "stop_reason");
    turn_ = {{"role", "assistant"}, {"content", member_of(body, "content")}};
    message_usage(member_of(body, "usage"));
    return message_end();
  }
  const json& choice = member_of(body, "choices")[0];
  turn_ = member_of(choice, "message");
  told_.text = text_of(turn_, "content");
  told_.thoughts = text_of(turn_, "reasoning_content");
  told_.refusal = text_of(turn_, "refusal");
  told_.finish = text_of(choice, "finish_reason");
  chat_usage(member_of(body, "usage"));
  chat_end();
}

Told read_as_client(ClientKind kind, std::string_view bytes) {
  ClientReader reader(kind.dialect);
  if (kind.form == Form::kStream) reader.stream(bytes);
  if (kind.form == Form::kArray) reader.array(bytes);
  if (kind.form == Form::kPlain) reader.whole(parse_json_if_valid(bytes));
  return reader.take();
}

}  // namespace omni::test
