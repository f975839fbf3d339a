#include "source/llm/openai/setting_reader.h"

namespace omni::llm::openai {
namespace {

using json::Skimmed;

bool read_choices(FieldWalk& walk, const Skimmed& value, const Place& at, Request& out) {
  std::optional<int64_t> count;
  if (!walk.integer(value, at, count)) return false;
  if (*count < 1 || *count > 128) return walk.fail(at, "must be between 1 and 128");
  out.choices = static_cast<int>(*count);
  return true;
}

bool read_stop(FieldWalk& walk, const Skimmed& value, const Place& at, Request& out) {
  if (value.kind == json::Kind::kString) return walk.text(value, at, out.stop.emplace_back());
  return walk.items(value, at, [&](const Skimmed& item, const Place& place) {
    return walk.text(item, place, out.stop.emplace_back());
  });
}

bool read_extra(FieldWalk& walk, const Skimmed& value, const Place& at, Request& request) {
  Extra& out = request.extras.emplace_back();
  out.key = request.keep(std::string(value.key));
  return walk.raw(value, at, out.value);
}

}  // namespace

bool read_setting(FieldWalk& walk, const Skimmed& value, const Place& at, Request& out) {
  const std::string_view key = value.key;
  // The newer name wins.
  if (key == "max_completion_tokens") return walk.integer(value, at, out.max_tokens);
  if (key == "max_tokens") return out.max_tokens ? true : walk.integer(value, at, out.max_tokens);
  if (key == "stop") return read_stop(walk, value, at, out);
  if (key == "n") return read_choices(walk, value, at, out);
  if (key == "user") return walk.text(value, at, out.user);
  if (key == "temperature") return walk.number(value, at, out.temperature);
  if (key == "top_p") return walk.number(value, at, out.top_p);
  if (key == "top_k") return walk.number(value, at, out.top_k);
  if (key == "frequency_penalty") return walk.number(value, at, out.frequency_penalty);
  if (key == "presence_penalty") return walk.number(value, at, out.presence_penalty);
  if (key == "seed") return walk.number(value, at, out.seed);
  return read_extra(walk, value, at, out);
}

}  // namespace omni::llm::openai
