#include "source/llm/openai/models.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/format.h"
#include "source/json/writer.h"

namespace omni::llm::openai {
namespace {

// SDKs want a time; models of a catalogue have none that means anything.
constexpr int64_t kCreated = 1700000000;

void append_price(std::string& out, const Price& price) {
  append_format(out, R"(,"pricing":{{"input":{},"output":{})", price.input, price.output);
  if (price.cached) append_format(out, R"(,"cached":{})", *price.cached);
  if (price.cache_write) append_format(out, R"(,"cache_write":{})", *price.cache_write);
  out += '}';
}

void append_modalities(std::string& out, std::string_view key, uint8_t bits) {
  if (bits == 0) return;
  append_format(out, R"(,"{}":[)", key);
  bool first = true;
  for (const Modality modality : {kText, kImage, kAudio, kVideo, kFile}) {
    if ((bits & modality) == 0) continue;
    append_format(out, R"({}"{}")", std::exchange(first, false) ? "" : ",", name_of(modality));
  }
  out += ']';
}

void append_known(std::string& out, const Model& model) {
  if (!model.name.empty()) out += ",\"name\":" + json::quoted(model.name);
  if (model.context > 0) append_format(out, R"(,"context_length":{})", model.context);
  if (model.max_output > 0) append_format(out, R"(,"max_output_tokens":{})", model.max_output);
  append_modalities(out, "input_modalities", model.inputs);
  append_modalities(out, "output_modalities", model.outputs);
  if (model.calls_tools)
    append_format(out, R"(,"capabilities":{{"tool_calling":{}}})", *model.calls_tools);
  if (model.price) append_price(out, *model.price);
}

void append_entry(std::string& out, const ListedModel& listed) {
  append_format(
      out,
      R"({{"id":{},"object":"model","created":{},"owned_by":{},"root":{},"permission":[],"parent":null)",
      json::quoted(listed.id), kCreated, json::quoted(listed.owner), json::quoted(listed.root));
  if (listed.model != nullptr) append_known(out, *listed.model);
  out += '}';
}

}  // namespace

std::string render_models(absl::Span<const ListedModel> models) {
  std::string out = R"({"object":"list","data":[)";
  bool first = true;
  for (const ListedModel& model : models) {
    if (!std::exchange(first, false)) out += ',';
    append_entry(out, model);
  }
  return out + "]}";
}

std::string render_model(const ListedModel& model) {
  std::string out;
  append_entry(out, model);
  return out;
}

}  // namespace omni::llm::openai
