// How ResponseEncoder writes items and events.
#include "source/llm/responses/answer_encoder.h"

namespace omni::llm::responses {

void ResponseEncoder::write_place(json::Builder& json, bool has_content_index) {
  json.text("item_id", open_.id).number("output_index", index_);
  if (has_content_index) json.number("content_index", 0);
}

void ResponseEncoder::write_part(json::Builder& json, PartKind kind, bool is_done) {
  const std::string_view text = is_done ? std::string_view(open_.text) : std::string_view();
  json.object();
  if (kind == PartKind::kRefusal) {
    json.string("type", "refusal").text("refusal", text).end_object();
    return;
  }
  json.string("type", "output_text").array("annotations");
  if (is_done && !open_.citations.empty()) json.item(open_.citations);
  json.end_array().array("logprobs");
  if (is_done && !open_.logprobs.empty()) json.item(open_.logprobs);
  json.end_array().text("text", text).end_object();
}

void ResponseEncoder::write_message(json::Builder& json, PartKind kind, bool is_done) {
  json.object().text("id", open_.id).string("type", "message");
  json.string("status", status(is_done)).array("content");
  if (is_done) write_part(json, kind, true);
  json.end_array().string("role", "assistant").end_object();
}

void ResponseEncoder::write_call(json::Builder& json, bool is_done) {
  const std::string_view text = is_done ? std::string_view(open_.text) : std::string_view();
  json.object().text("id", open_.id);
  json.string("type", open_.is_custom ? "custom_tool_call" : "function_call");
  json.string("status", status(is_done));
  json.text(open_.is_custom ? "input" : "arguments", text).text("call_id", open_.call_id);
  if (const auto* in_space = spaces_.find(open_.name))
    json.text("name", in_space->second).text("namespace", in_space->first);
  else
    json.text("name", open_.name);
  json.end_object();
}

void ResponseEncoder::write_reasoning(json::Builder& json, bool is_done) {
  json.object().text("id", open_.id).string("type", "reasoning").array("summary");
  if (is_done && !open_.text.empty())
    json.object().string("type", "summary_text").text("text", open_.text).end_object();
  json.end_array();
  if (is_done && open_.proof.is_given()) {
    json.begin_text("encrypted_content");
    put_proof(json.out(), open_.proof);
    json.end_text();
  }
  json.end_object();
}

void ResponseEncoder::tell(std::string_view type, std::string& out, Fill fill) {
  if (!is_stream_) return;
  out += "event: ";
  out += type;
  out += "\ndata: ";
  json::Builder json(out);
  json.object().string("type", type).number("sequence_number", sequence_++);
  fill(json);
  json.end_object();
  out += "\n\n";
}

void ResponseEncoder::tell_item(bool is_done, std::string& out, Fill write) {
  tell(is_done ? "response.output_item.done" : "response.output_item.added", out,
       [&](json::Builder& json) {
         json.number("output_index", index_).key("item");
         write(json);
       });
  if (!is_done) return;
  if (!output_.empty()) output_ += ',';
  json::Builder json(output_);
  write(json);
  ++index_;
}

void ResponseEncoder::tell_response(std::string_view type, const ResponseObject::State& state,
                                    std::string& out) {
  tell(type, out, [&](json::Builder& json) {
    json.key("response");
    response_.append(json.out(), state);
  });
  // A plain answer is its last state.
  if (!is_stream_ && state.status != "in_progress") response_.append(out, state);
}

}  // namespace omni::llm::responses
