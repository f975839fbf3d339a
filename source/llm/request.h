// One request to a model, whatever dialect it came in: what the five vendors' requests have in
// common, in order, and verbatim where only one of them has it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/dialect.h"
#include "source/llm/text.h"

namespace omni::llm {

// JSON that is carried as it stood: a view of the body it came from, or of Request::keep(). Empty:
// not given.
using RawJson = std::string_view;

// A proof that only the provider that made it understands: a thinking signature, encrypted
// reasoning. Dropped on the way to another dialect's provider, never shown as text.
struct Signature {
  Text value;
  Dialect origin = Dialect::kOpenai;

  bool is_for(Dialect target) const { return value.is_given() && origin == target; }
};

// An image, a sound or a document: exactly one of url, data and file_id is given.
struct Media {
  Text url;         // https: or gs:; a data: URL has been taken apart.
  Text data;        // Base64.
  Text media_type;  // "image/png"; given with `data`, where known with `url`.
  Text file_id;     // Of the provider's own file store.
  Text filename;
  Text detail;  // OpenAI: low, high, auto.

  bool is_empty() const { return url.is_empty() && data.is_empty() && file_id.is_empty(); }
};

enum class PartKind : uint8_t {
  kText,
  kRefusal,
  kImage,
  kAudio,
  kFile,
  kToolCall,
  kToolResult,
  kReasoning,
  kOpaque,  // Only its own dialect knows it: `raw`.
};

struct Part {
  PartKind kind = PartKind::kText;
  Text text;  // kText, kRefusal; kReasoning: what may be read of it, perhaps empty.

  // kToolCall, kToolResult. A result knows the name where its dialect tells it or the call does.
  Text id, name;
  // kToolCall: exactly one. Arguments are a JSON object, written out or inside a string;
  // `is_custom` ones are free text in `arguments_text`.
  RawJson arguments;
  Text arguments_text;
  bool is_custom = false;
  // kToolResult.
  std::vector<Part> content;
  bool is_error = false;
  RawJson structured;  // Gemini: the response object itself. `content` holds it as text.

  Media media;                        // kImage, kAudio, kFile.
  Signature signature;                // kReasoning; kToolCall and kText of Gemini.
  Signature redacted;                 // kReasoning: encrypted content.
  RawJson citations;                  // kText: as its dialect writes them.
  RawJson cache_control;              // Anthropic's marker.
  Dialect origin = Dialect::kOpenai;  // Of raw and citations.
  RawJson raw;                        // kOpaque; of others all of it, where `origin` says more.
  // Members that only `origin` knows, with commas between them: named where they are lost.
  std::string_view own_members;
};

enum class Role : uint8_t { kSystem, kDeveloper, kUser, kAssistant, kTool };

// Roles as the client gave them. System text that a dialect keeps outside the row of messages comes
// first. A kTool message holds kToolResult parts, and nothing else.
struct Message {
  Role role = Role::kUser;
  Text name;
  Text phase;  // Responses, kAssistant: commentary or final_answer.
  std::vector<Part> parts;
};

struct Tool {
  enum class Kind : uint8_t {
    kFunction,
    kCustom,  // OpenAI: takes free text.
    kHosted,  // Runs at the provider: web search and the like. `raw`, for its own dialect.
    kSpace,   // Responses: a namespace, `raw`, whose tools follow it one by one.
  };
  Kind kind = Kind::kFunction;
  Text name, description;
  RawJson schema;  // JSON Schema of the arguments; may be missing.
  std::optional<bool> strict;
  RawJson cache_control;
  Dialect origin = Dialect::kOpenai;
  Text space, bare;  // Of a tool in a namespace, whose `name` holds both.
  // kHosted, kSpace: all of it; kCustom: its format, as Chat Completions writes it; kFunction: all
  // of it, where `origin` says more.
  RawJson raw;
  std::string_view own_members;  // As in Part.
};

struct ToolChoice {
  enum class Kind : uint8_t { kUnset, kAuto, kNone, kRequired, kNamed };
  Kind kind = Kind::kUnset;
  std::vector<Text> names;  // kNamed: one. kRequired, kAuto: those allowed, empty for all.
};

struct OutputFormat {
  enum class Kind : uint8_t { kUnset, kText, kJson, kSchema };
  Kind kind = Kind::kUnset;
  Text name, description;
  RawJson schema;
  std::optional<bool> strict;
};

// How hard to think. A client gives an effort or a budget; encoders turn one into the other.
struct Reasoning {
  enum class Effort : uint8_t { kUnset, kNone, kMinimal, kLow, kMedium, kHigh, kMax };
  Effort effort = Effort::kUnset;
  std::optional<int64_t> budget;  // Tokens; 0 is off, -1 the provider's choice.
  bool is_adaptive = false;       // Anthropic: as much as the model finds right.
  std::optional<bool> visible;    // Show thoughts or a summary.
  Text summary;                   // Responses: auto, concise, detailed.

  bool is_given() const { return effort != Effort::kUnset || budget || is_adaptive; }
};

// A top-level member without a neutral meaning: its own dialect takes it back, an encoder that
// knows it by this very name may pass it on.
struct Extra {
  std::string_view key;
  RawJson value;
};

// Views die with the body that was decoded, and with this.
struct Request {
  Dialect origin = Dialect::kOpenai;
  std::vector<Message> messages;
  std::vector<Tool> tools;
  ToolChoice tool_choice;
  std::optional<bool> parallel_tool_calls;
  OutputFormat format;
  Reasoning reasoning;
  std::optional<int64_t> max_tokens;
  // Numbers as they stood, so that 0.1 stays 0.1.
  RawJson temperature, top_p, top_k, frequency_penalty, presence_penalty, seed;
  std::vector<Text> stop;
  int choices = 1;
  std::optional<bool> logprobs;
  RawJson top_logprobs;
  Text user;         // An id of the end user.
  RawJson metadata;  // An object of strings.
  std::vector<Extra> extras;
  bool echo = false;  // Text completions: the answer begins with the prompt.

  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // Owns text that was made while decoding.
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

 private:
  std::deque<std::string> kept_;
};

}  // namespace omni::llm
