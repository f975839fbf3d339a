// Requests for embeddings, read.
#include <utility>

#include "source/llm/embedding.h"
#include "source/llm/field_walk.h"
#include "source/llm/gemini/names.h"

namespace omni::llm {
namespace {

using gemini::is_key;
using json::Kind;
using json::Skimmed;

class Decoder {
 public:
  Decoder(EmbeddingForm client, EmbeddingRequest& out) : client_(client), out_(out) {}

  std::optional<CallError> run(std::string_view body) {
    // A text that is too long is an error at OpenAI, and nothing else is meant by its clients.
    if (client_ == EmbeddingForm::kOpenai) out_.truncate = false;
    walk_.document(body, [&](const Skimmed& value, const Place& at) { return member(value, at); });
    if (!walk_.error()) finish();
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool openai_member(const Skimmed& value, const Place& at);
  bool ollama_member(const Skimmed& value, const Place& at);
  bool gemini_member(const Skimmed& value, const Place& at);
  bool gemini_setting(const Skimmed& value, const Place& at);
  bool batch(const Skimmed& value, const Place& at);
  bool same_dimensions(const Place& at);
  bool input(const Skimmed& value, const Place& at);
  bool item(const Skimmed& value, const Place& at);
  bool content(const Skimmed& value, const Place& at);
  bool part(const Skimmed& value, const Place& at, std::string& joined);
  bool given_text(const Skimmed& value, const Place& at);
  bool dimensions(const Skimmed& value, const Place& at);
  bool truncate(const Skimmed& value, const Place& at);
  bool extra(std::string_view key);
  void finish();

  const EmbeddingForm client_;
  EmbeddingRequest& out_;
  FieldWalk walk_;
  // Of the requests of a batch, which others have to be told once for all.
  std::optional<int64_t> first_dimensions_;
  bool has_first_ = false;
};

// `model` was read by the call already.
bool Decoder::member(const Skimmed& value, const Place& at) {
  switch (client_) {
    case EmbeddingForm::kOpenai:
      return value.key == "model" || openai_member(value, at);
    case EmbeddingForm::kOllama:
    case EmbeddingForm::kOllamaOlder:
      return value.key == "model" || ollama_member(value, at);
    case EmbeddingForm::kGeminiBatch:
      return value.key == "requests" ? batch(value, at) : extra(value.key);
    default:
      return gemini_member(value, at);
  }
}

bool Decoder::openai_member(const Skimmed& value, const Place& at) {
  if (value.key == "input") return input(value, at);
  if (value.key == "dimensions") return dimensions(value, at);
  if (value.key != "encoding_format") return extra(value.key);
  int format = 0;
  if (!walk_.word(value, at, {"float", "base64"}, format)) return false;
  out_.is_base64 = format == 1;
  return true;
}

bool Decoder::ollama_member(const Skimmed& value, const Place& at) {
  if (client_ == EmbeddingForm::kOllamaOlder)
    return value.key == "prompt" ? given_text(value, at) : extra(value.key);
  if (value.key == "input") return input(value, at);
  if (value.key == "dimensions") return dimensions(value, at);
  return value.key == "truncate" ? truncate(value, at) : extra(value.key);
}

// Its settings stood beside the content before there was an object for them, and may still.
bool Decoder::gemini_member(const Skimmed& value, const Place& at) {
  if (value.key == "model") return true;
  if (value.key == "content") return content(value, at);
  if (!is_key(value.key, "embedContentConfig")) return gemini_setting(value, at);
  return walk_.members(value, at,
                       [&](auto& inner, auto& place) { return gemini_setting(inner, place); });
}

bool Decoder::gemini_setting(const Skimmed& value, const Place& at) {
  if (is_key(value.key, "outputDimensionality")) return dimensions(value, at);
  if (is_key(value.key, "autoTruncate")) return truncate(value, at);
  return extra(value.key);
}

bool Decoder::batch(const Skimmed& value, const Place& at) {
  return walk_.items(value, at, [&](const Skimmed& request, const Place& place) {
    const size_t before = out_.texts.size();
    out_.dimensions.reset();
    const bool is_read = walk_.members(
        request, place, [&](auto& inner, auto& where) { return gemini_member(inner, where); });
    if (!is_read) return false;
    if (out_.texts.size() == before) return walk_.fail(Place{&place, "content"}, "is missing");
    return same_dimensions(place);
  });
}

bool Decoder::same_dimensions(const Place& at) {
  if (!std::exchange(has_first_, true)) first_dimensions_ = out_.dimensions;
  if (out_.dimensions == first_dimensions_) return true;
  return walk_.fail(Place{&at, "outputDimensionality"}, "must be the same in all requests");
}

bool Decoder::input(const Skimmed& value, const Place& at) {
  if (value.kind == Kind::kString) return given_text(value, at);
  if (value.kind != Kind::kArray) return walk_.fail(at, "must be a string or an array of them");
  return walk_.items(value, at, [&](auto& inner, auto& place) { return item(inner, place); });
}

// Token ids of one text or of several are for OpenAI's servers to judge.
bool Decoder::item(const Skimmed& value, const Place& at) {
  const bool is_tokens = value.kind == Kind::kNumber || value.kind == Kind::kArray;
  if (is_tokens && client_ == EmbeddingForm::kOpenai) return out_.is_tokens = true;
  Text text;
  if (value.kind != Kind::kString) return walk_.fail(at, "must be a string");
  if (!walk_.text(value, at, text)) return false;
  out_.texts.emplace_back(text.inside());
  return true;
}

bool Decoder::given_text(const Skimmed& value, const Place& at) {
  Text text;
  if (!walk_.text(value, at, text)) return false;
  if (text.is_empty()) return walk_.fail(at, "must not be empty");
  out_.texts.emplace_back(text.inside());
  return true;
}

// Parts make one text. A line apart, lest the last word of one and the first of the next be a
// third.
bool Decoder::content(const Skimmed& value, const Place& at) {
  std::string joined;
  bool has_parts = false;
  const bool is_read = walk_.members(value, at, [&](const Skimmed& inner, const Place& place) {
    if (inner.key != "parts") return true;
    return walk_.items(inner, place, [&](const Skimmed& one, const Place& where) {
      if (std::exchange(has_parts, true)) joined += "\\n";
      return part(one, where, joined);
    });
  });
  if (!is_read) return false;
  if (!has_parts) return walk_.fail(Place{&at, "parts"}, "is missing");
  out_.texts.push_back(std::move(joined));
  return true;
}

bool Decoder::part(const Skimmed& value, const Place& at, std::string& joined) {
  return walk_.members(value, at, [&](const Skimmed& inner, const Place& place) {
    Text text;
    if (inner.key == "text") {
      if (!walk_.text(inner, place, text)) return false;
      joined += text.inside();
      return true;
    }
    walk_.fail(place, "only text can be embedded by a model of this provider");
    walk_.error()->code = "unsupported_value";
    return false;
  });
}

bool Decoder::dimensions(const Skimmed& value, const Place& at) {
  if (!walk_.integer(value, at, out_.dimensions)) return false;
  return *out_.dimensions > 0 || walk_.fail(at, "must be a positive integer");
}

bool Decoder::truncate(const Skimmed& value, const Place& at) {
  out_.truncate_name = value.key;
  return walk_.boolean(value, at, out_.truncate);
}

// Each request of a batch may have them: they are named once.
bool Decoder::extra(std::string_view key) {
  for (const std::string& known : out_.extra)
    if (known == key) return true;
  // Nobody reads the names of more.
  constexpr size_t kMost = 64;
  if (out_.extra.size() < kMost) out_.extra.emplace_back(key);
  return true;
}

void Decoder::finish() {
  if (!out_.texts.empty() || out_.is_tokens) return;
  const std::string_view key = client_ == EmbeddingForm::kOllamaOlder   ? "prompt"
                               : client_ == EmbeddingForm::kGemini      ? "content"
                               : client_ == EmbeddingForm::kGeminiBatch ? "requests"
                                                                        : "input";
  walk_.fail(Place{nullptr, key}, "must hold something to embed");
}

}  // namespace

std::optional<CallError> decode_embedding(EmbeddingForm client, std::string_view body,
                                          EmbeddingRequest& out) {
  return Decoder(client, out).run(body);
}

}  // namespace omni::llm
