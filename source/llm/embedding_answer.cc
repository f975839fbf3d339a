// Answers of the embedding endpoints, read and written.
#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "source/base/status.h"
#include "source/json/builder.h"
#include "source/json/each.h"
#include "source/json/escapes.h"
#include "source/llm/embedding.h"

namespace omni::llm {
namespace {

using json::Kind;
using json::Skimmed;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Calls `visit` with the text of each number; false when `array` is anything but an array of them.
template <class Visit>
bool each_number(std::string_view array, Visit visit) {
  if (array.size() < 2 || array.front() != '[' || array.back() != ']') return false;
  const char* at = array.data() + 1;
  const char* const end = array.data() + array.size() - 1;
  const auto skip = [&] {
    while (at != end && is_blank(*at)) ++at;
  };
  skip();
  while (at != end) {
    const char* const begin = at;
    at = json::number_end(at, end);
    if (at == nullptr) return false;
    visit(std::string_view(begin, static_cast<size_t>(at - begin)));
    skip();
    if (at == end) return true;
    if (*at++ != ',') return false;
    skip();
    if (at == end) return false;
  }
  return true;
}

bool is_vector(std::string_view raw) {
  bool has_numbers = false;
  return each_number(raw, [&](std::string_view) { has_numbers = true; }) && has_numbers;
}

// Where an answer has what.
struct Names {
  std::string_view vectors;
  Kind kind;
  std::string_view usage, tokens;  // `tokens` within the object `usage`, or at the top.
};

Names names_of(EmbeddingForm form) {
  switch (form) {
    case EmbeddingForm::kOllama:
      return {"embeddings", Kind::kArray, "", "prompt_eval_count"};
    case EmbeddingForm::kOllamaOlder:
      return {"embedding", Kind::kArray, "", ""};
    case EmbeddingForm::kGemini:
      return {"embedding", Kind::kObject, "usageMetadata", "promptTokenCount"};
    case EmbeddingForm::kGeminiBatch:
      return {"embeddings", Kind::kArray, "usageMetadata", "promptTokenCount"};
    default:
      return {"data", Kind::kArray, "usage", "prompt_tokens"};
  }
}

// A count that makes no sense was not said.
void take_tokens(const Skimmed& value, int64_t& tokens) {
  if (value.kind != Kind::kNumber) return;
  const absl::StatusOr<int64_t> count = value.integer();
  if (count.ok() && *count >= 0) tokens = *count;
}

absl::Status take_tokens_of(const Skimmed& usage, std::string_view name, int64_t& tokens) {
  return json::each(usage, [&](const Skimmed& inner) {
    if (inner.key == name) take_tokens(inner, tokens);
    return absl::OkStatus();
  });
}

// Walks the whole answer and gives what holds its vectors to `visit`.
template <class Visit>
absl::Status walk(EmbeddingForm form, std::string_view body, int64_t& tokens, Visit visit) {
  const Names names = names_of(form);
  bool has_vectors = false;
  OMNI_RETURN_IF_ERROR(json::skim_object(body, [&](const Skimmed& member) {
    if (member.key == names.vectors) {
      has_vectors = true;
      if (member.kind != names.kind)
        return invalid(fmt::format("\"{}\" is of the wrong type", names.vectors));
      return absl::Status(visit(member));
    }
    if (names.usage.empty() && member.key == names.tokens) take_tokens(member, tokens);
    if (!names.usage.empty() && member.key == names.usage)
      return take_tokens_of(member, names.tokens, tokens);
    return absl::OkStatus();
  }));
  return has_vectors ? absl::OkStatus() : invalid(fmt::format("there is no \"{}\"", names.vectors));
}

struct Placed {
  int64_t index;
  std::string_view vector;
};

// OpenAI's servers say which text a vector belongs to, and may give them in any order; of others
// the order is all there is.
absl::Status read_one(EmbeddingForm form, const Skimmed& item, Placed& out) {
  if (form == EmbeddingForm::kOllama) {
    out.vector = item.raw;
    return absl::OkStatus();
  }
  const std::string_view key = form == EmbeddingForm::kOpenai ? "embedding" : "values";
  return json::each(item, [&](const Skimmed& member) -> absl::Status {
    if (member.key == key) out.vector = member.raw;
    if (form == EmbeddingForm::kOpenai && member.key == "index") {
      OMNI_ASSIGN_OR_RETURN(out.index, member.integer());
    }
    return absl::OkStatus();
  });
}

absl::Status put_in_order(std::vector<Placed>& found, size_t texts, EmbeddingAnswer& out) {
  if (found.size() != texts)
    return invalid(fmt::format("there are {} vectors for {} texts", found.size(), texts));
  std::stable_sort(found.begin(), found.end(),
                   [](const Placed& a, const Placed& b) { return a.index < b.index; });
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].index != static_cast<int64_t>(i))
      return invalid(fmt::format("there is no vector of index {}", i));
    if (!is_vector(found[i].vector))
      return invalid(fmt::format("the vector of index {} is no array of numbers", i));
    out.vectors.push_back(found[i].vector);
  }
  return absl::OkStatus();
}

// IEEE 754 single precision, little-endian: what numpy and the vendor's libraries read.
std::string base64_of(std::string_view vector) {
  std::string bytes;
  each_number(vector, [&](std::string_view number) {
    float value = 0;
    // Stays zero where the number is too small for one.
    std::from_chars(number.data(), number.data() + number.size(), value);
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(bits >> shift));
  });
  std::string out;
  absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()), &out);
  return out;
}

void put_openai(json::Builder& json, const EmbeddingAnswer& answer, const EmbeddingReply& reply) {
  json.string("object", "list").array("data");
  int64_t index = 0;
  for (const std::string_view vector : answer.vectors) {
    json.object().string("object", "embedding").number("index", index++);
    if (reply.is_base64) {
      json.text("embedding", base64_of(vector));
    } else {
      json.member("embedding", vector);
    }
    json.end_object();
  }
  const int64_t tokens = std::max<int64_t>(0, answer.tokens);
  json.end_array().string("model", reply.model).object("usage");
  json.number("prompt_tokens", tokens).number("total_tokens", tokens).end_object();
}

void put_ollama(json::Builder& json, const EmbeddingAnswer& answer, const EmbeddingReply& reply) {
  json.string("model", reply.model).array("embeddings");
  for (const std::string_view vector : answer.vectors) json.item(vector);
  json.end_array().number("total_duration", reply.total_ns).number("load_duration", 0);
  if (answer.tokens >= 0) json.number("prompt_eval_count", answer.tokens);
}

void put_gemini(json::Builder& json, EmbeddingForm client, const EmbeddingAnswer& answer) {
  if (client == EmbeddingForm::kGemini) {
    json.object("embedding").member("values", answer.vectors.front()).end_object();
  } else {
    json.array("embeddings");
    for (const std::string_view vector : answer.vectors)
      json.object().member("values", vector).end_object();
    json.end_array();
  }
  if (answer.tokens < 0) return;
  json.object("usageMetadata").number("promptTokenCount", answer.tokens).end_object();
}

}  // namespace

absl::Status read_embeddings(EmbeddingForm target, std::string_view body, size_t texts,
                             EmbeddingAnswer& out) {
  std::vector<Placed> found;
  OMNI_RETURN_IF_ERROR(walk(target, body, out.tokens, [&](const Skimmed& vectors) {
    return json::each(vectors, [&](const Skimmed& item) {
      Placed& placed = found.emplace_back();
      placed.index = static_cast<int64_t>(found.size()) - 1;
      return read_one(target, item, placed);
    });
  }));
  return put_in_order(found, texts, out);
}

absl::Status check_embeddings(EmbeddingForm form, std::string_view body, int64_t& tokens) {
  return walk(form, body, tokens, [](const Skimmed&) { return absl::OkStatus(); });
}

std::string render_embeddings(EmbeddingForm client, const EmbeddingAnswer& answer,
                              const EmbeddingReply& reply) {
  std::string out;
  json::Builder json(out);
  json.object();
  switch (client) {
    case EmbeddingForm::kOllama:
      put_ollama(json, answer, reply);
      break;
    case EmbeddingForm::kOllamaOlder:
      json.member("embedding", answer.vectors.front());
      break;
    case EmbeddingForm::kGemini:
    case EmbeddingForm::kGeminiBatch:
      put_gemini(json, client, answer);
      break;
    default:
      put_openai(json, answer, reply);
  }
  json.end_object();
  return out;
}

}  // namespace omni::llm
