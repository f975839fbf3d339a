#include "source/llm/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/json/edit.h"
#include "source/json/skim.h"
#include "source/json/splice.h"
#include "source/json/valid.h"
#include "source/json/writer.h"
#include "source/llm/decoded.h"
#include "source/llm/responses/history.h"
#include "source/llm/session.h"
#include "source/llm/side_request.h"
#include "source/llm/system_prompt.h"

namespace omni::llm {

struct Call::Fields {
  Dialect dialect = Dialect::kOpenai;
  bool only_model = false;
  const char* base = nullptr;
  std::string_view model;  // In the body, or in `resolved` when it held escapes.
  std::string resolved;
  Span model_value;
  Span messages, system, tools;
  bool has_model = false, has_messages = false, offers_tools = false;
  std::optional<bool> stream;
  std::optional<Span> stream_value;  // Of the standard field.
  std::optional<bool> alias;         // What a non-standard field asks for.
  std::vector<Span> aliases;         // Whole members, without a comma.
  bool asked_for_usage = false;
  Span usage_edit;
  std::string_view usage_text;  // A literal.
  bool has_stream_options = false;
  int64_t choices = 1;
  ServiceTier service_tier = ServiceTier::kUnsaid;
  std::optional<CallError> error;

  Span span_of(std::string_view part) const {
    return {static_cast<uint32_t>(part.data() - base), static_cast<uint32_t>(part.size())};
  }
  // Notes what is wrong and lets the walk go on: a document that is broken further down is told as
  // that, and a bad model goes before the other fields.
  absl::Status refuse(std::string_view param, std::string message) {
    if (!error || (param == "model" && error->param != "model"))
      error = CallError{400, "bad_request", std::move(message), std::string(param)};
    return absl::OkStatus();
  }
  absl::Status read(std::string_view text);
  absl::Status member(const json::Skimmed& value);
  void mark(const json::Skimmed& value);
  void read_tier(const json::Skimmed& value);
  absl::Status read_model(const json::Skimmed& value);
  absl::Status read_stream(const json::Skimmed& value);
  absl::Status read_alias(const json::Skimmed& value);
  absl::Status read_stream_options(const json::Skimmed& value);
  absl::Status check_range(const json::Skimmed& value, double high);
  absl::Status check_count(const json::Skimmed& value);
};

namespace {

// The demo provider and other readers of the whole body want this much behind it.
constexpr size_t kReadAhead = 64;

std::string_view word(json::Kind kind) {
  switch (kind) {
    case json::Kind::kObject:
      return "object";
    case json::Kind::kArray:
      return "array";
    case json::Kind::kString:
      return "string";
    case json::Kind::kNumber:
      return "number";
    case json::Kind::kBoolean:
      return "boolean";
    default:
      return "null";
  }
}

bool holds_something(std::string_view array) {
  const size_t first = array.find_first_not_of(" \t\r\n", 1);
  return first != std::string_view::npos && array[first] != ']';
}

bool is_stream_alias(std::string_view key) {
  return key == "streaming" || key == "non_stream" || key == "disable_stream" ||
         key == "disable_streaming";
}

// A client that lists event streams and no JSON wants a stream when its body does not say.
bool accept_asks_for_stream(std::string_view accept) {
  return accept.find("text/event-stream") != std::string_view::npos &&
         accept.find("application/json") == std::string_view::npos &&
         accept.find("*/*") == std::string_view::npos;
}

}  // namespace

absl::Status Call::Fields::read_model(const json::Skimmed& value) {
  if (std::exchange(has_model, true)) return refuse("model", "model: given twice");
  if (value.kind != json::Kind::kString)
    return refuse("model", fmt::format("model: Expected string, received {}", word(value.kind)));
  model_value = span_of(value.raw);
  if (value.is_plain) {
    model = value.inside();
  } else {
    OMNI_ASSIGN_OR_RETURN(resolved, value.text());
    model = resolved;
  }
  if (!json::is_utf8(model)) return refuse("model", "model: not valid UTF-8");
  return absl::OkStatus();
}

absl::Status Call::Fields::read_stream(const json::Skimmed& value) {
  if (stream_value) return refuse("stream", "stream: given twice");
  stream_value = span_of(value.raw);
  if (value.kind == json::Kind::kNull) return absl::OkStatus();
  if (value.kind != json::Kind::kBoolean) return refuse("stream", "stream: must be a boolean");
  stream = value.is_true();
  return absl::OkStatus();
}

absl::Status Call::Fields::read_alias(const json::Skimmed& value) {
  if (value.kind != json::Kind::kBoolean)
    return refuse(value.key, fmt::format("{}: must be a boolean", value.key));
  const char* end = value.raw.data() + value.raw.size();
  aliases.push_back(span_of({value.key_begin, static_cast<size_t>(end - value.key_begin)}));
  const bool on = value.is_true();
  // "streaming" outranks the negatives, which only ever say no.
  if (value.key == "streaming") {
    alias = on;
  } else if (on && !alias) {
    alias = false;
  }
  return absl::OkStatus();
}

absl::Status Call::Fields::read_stream_options(const json::Skimmed& value) {
  if (std::exchange(has_stream_options, true))
    return refuse("stream_options", "stream_options: given twice");
  if (value.kind == json::Kind::kNull) {
    usage_edit = span_of(value.raw);
    usage_text = R"({"include_usage":true})";
    return absl::OkStatus();
  }
  if (value.kind != json::Kind::kObject)
    return refuse("stream_options", "stream_options: must be an object");
  bool is_empty = true, is_said = false;
  json::Skimmer skimmer(value);
  json::Skimmed option;
  while (skimmer.next(option)) {
    is_empty = false;
    if (option.key != "include_usage") continue;
    is_said = true;
    if (option.kind != json::Kind::kBoolean && option.kind != json::Kind::kNull) {
      OMNI_RETURN_IF_ERROR(
          refuse("stream_options", "stream_options.include_usage: must be a boolean"));
      continue;
    }
    usage_edit = span_of(option.raw);
    usage_text = "true";
    asked_for_usage = option.is_true();
  }
  if (!skimmer.ok()) return skimmer.status();
  if (is_said) return absl::OkStatus();
  usage_edit = span_of(value.raw.substr(1, 0));
  usage_text = is_empty ? R"("include_usage":true)" : R"("include_usage":true,)";
  return absl::OkStatus();
}

absl::Status Call::Fields::check_range(const json::Skimmed& value, double high) {
  if (value.kind == json::Kind::kNull) return absl::OkStatus();
  if (value.kind != json::Kind::kNumber)
    return refuse(value.key, fmt::format("{}: must be a number", value.key));
  OMNI_ASSIGN_OR_RETURN(const double number, value.number());
  if (number >= 0 && number <= high) return absl::OkStatus();
  return refuse(value.key, fmt::format("{}: must be between 0 and {}", value.key, high));
}

absl::Status Call::Fields::check_count(const json::Skimmed& value) {
  if (value.kind == json::Kind::kNull) return absl::OkStatus();
  if (value.kind == json::Kind::kNumber) {
    const absl::StatusOr<int64_t> count = value.integer();
    if (count.ok() && *count >= 1) {
      if (value.key == "n") choices = *count;
      return absl::OkStatus();
    }
  }
  return refuse(value.key, fmt::format("{}: must be a positive integer", value.key));
}

// What tells conversations apart, by each dialect's name for it.
void Call::Fields::mark(const json::Skimmed& value) {
  const std::string_view key = value.key;
  switch (key.size()) {
    case 5:
      if (key == "tools" && value.kind == json::Kind::kArray) {
        tools = span_of(value.raw);
        offers_tools |= holds_something(value.raw);
      }
      if (key == "input") messages = span_of(value.raw);
      return;
    case 6:
      if (key == "system") system = span_of(value.raw);
      if (key == "prompt") messages = span_of(value.raw);
      return;
    case 8:
      if (key == "messages" || key == "contents") messages = span_of(value.raw);
      return;
    case 9:  // What tools were called at first.
      if (key == "functions" && value.kind == json::Kind::kArray)
        offers_tools |= holds_something(value.raw);
      return;
    case 11:
      if (key == "serviceTier") read_tier(value);
      return;
    case 12:
      if (key == "instructions") system = span_of(value.raw);
      if (key == "service_tier") read_tier(value);
      return;
    case 17:
      if (key == "systemInstruction") system = span_of(value.raw);
      return;
    case 18:
      if (key == "system_instruction") system = span_of(value.raw);
      return;
    default:
      return;
  }
}

// No word that counts has escapes.
void Call::Fields::read_tier(const json::Skimmed& value) {
  if (value.kind == json::Kind::kString) service_tier = service_tier_from(value.inside());
}

// By length first: most members are none of ours, and one look tells.
absl::Status Call::Fields::member(const json::Skimmed& value) {
  const std::string_view key = value.key;
  mark(value);
  if (dialect == Dialect::kGemini) return absl::OkStatus();  // Its path says it all.
  if (only_model) return key == "model" ? read_model(value) : absl::OkStatus();
  switch (key.size()) {
    case 1:
      if (key == "n") return check_count(value);
      break;
    case 5:
      if (key == "model") return read_model(value);
      if (key == "top_p") return check_range(value, 1);
      break;
    case 6:
      if (key == "stream") return read_stream(value);
      break;
    case 8:
      if (key == "messages" && std::exchange(has_messages, true))
        return refuse("messages", "messages: given twice");
      break;
    case 10:
      if (key == "max_tokens") return check_count(value);
      [[fallthrough]];
    case 9:
      if (is_stream_alias(key)) return read_alias(value);
      break;
    case 17:
      if (key == "max_output_tokens") return check_count(value);
      if (is_stream_alias(key)) return read_alias(value);
      break;
    case 11:
      if (key == "temperature") return check_range(value, 2);
      break;
    case 14:
      if (key == "stream_options" && family_of(dialect) == Dialect::kOpenai)
        return read_stream_options(value);
      if (is_stream_alias(key)) return read_alias(value);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status Call::Fields::read(std::string_view text) {
  base = text.data();
  json::Skimmer skimmer(text, json::Kind::kObject, json::Skimmer::Behind::kBlanks,
                        json::Skimmer::Inner::kChecked);
  json::Skimmed value;
  while (skimmer.next(value)) OMNI_RETURN_IF_ERROR(member(value));
  if (!skimmer.ok()) return skimmer.status();
  if (!has_stream_options) {
    usage_edit = span_of({skimmer.closing(), 0});
    usage_text = R"(,"stream_options":{"include_usage":true})";
  }
  return absl::OkStatus();
}

namespace {

// Puts a member in front of those of an object.
void put_first(std::string& object, std::string member) {
  const size_t open = object.find('{');
  if (object[object.find_first_not_of(" \t\r\n", open + 1)] != '}') member += ',';
  object.insert(open + 1, member);
}

// The body with `stream` set and the aliases gone; rare, so it may copy.
Buffer with_stream(std::string_view body, std::vector<Span> removed,
                   std::optional<Span> stream_value, bool wanted) {
  std::string out(body);
  const std::string_view text = wanted ? "true" : "false";
  // From the back, so that positions in front stay true.
  if (stream_value) removed.push_back(*stream_value);
  std::sort(removed.begin(), removed.end(), [](Span a, Span b) { return a.at > b.at; });
  for (const Span& span : removed) {
    if (stream_value && span.at == stream_value->at) {
      out.replace(span.at, span.size, text);
      continue;
    }
    size_t begin = span.at, end = span.at + span.size;
    const size_t next = out.find_first_not_of(" \t\r\n", end);
    if (next != std::string::npos && out[next] == ',') {
      end = next + 1;
    } else if (const size_t before = out.find_last_not_of(" \t\r\n", begin - 1);
               out[before] == ',') {
      begin = before;
    }
    out.erase(begin, end - begin);
  }
  if (!stream_value) put_first(out, fmt::format(R"("stream":{})", text));
  return Buffer(out);
}

Buffer with_model(std::string_view body, std::string_view model) {
  std::string out(body);
  put_first(out, fmt::format(R"("model":{})", json::quoted(model)));
  return Buffer(out);
}

// Where it is broken, if it is and not just something else than an object.
[[gnu::cold]] CallError no_json(std::string_view text, const absl::Status& status) {
  std::string out = fmt::format("Invalid JSON body: {}", message(status));
  if (!json::is_valid(text)) out += fmt::format(" (byte {})", json::first_fault(text));
  return {400, "bad_request", std::move(out), ""};
}

}  // namespace

std::optional<CallError> Call::read(Buffer&& body, std::string_view accept,
                                    const SystemPrompt* prompt, std::string_view route_model) {
  const std::string_view text = body.flatten(kReadAhead);
  Fields fields;
  fields.dialect = dialect_;
  if (const absl::Status status = fields.read(text); !status.ok()) return no_json(text, status);
  if (fields.error) return std::move(fields.error);
  if (dialect_ == Dialect::kGemini) {
    body_ = std::move(body);
    remember_marks(fields);
    return finish_reading(prompt, route_model);
  }
  if (!fields.has_model && !route_model.empty())
    return read(with_model(text, route_model), accept, prompt);
  if (fields.model.empty() && route_model.empty())
    return CallError{400, "bad_request", "Missing model", "model"};

  // Ollama streams unless it is told not to (its API reference, "Generate a chat completion").
  const bool is_ollama = family_of(dialect_) == Dialect::kOllama;
  const bool said = fields.stream.value_or(is_ollama);
  const bool wanted = fields.stream  ? *fields.stream
                      : fields.alias ? *fields.alias
                                     : is_ollama || accept_asks_for_stream(accept);
  // Providers refuse fields that they do not know, so no alias may reach one.
  if (wanted != said || !fields.aliases.empty()) {
    Buffer changed = with_stream(text, std::move(fields.aliases), fields.stream_value, wanted);
    return read(std::move(changed), "application/json", prompt, route_model);
  }
  body_ = std::move(body);
  remember(fields, wanted);
  return finish_reading(prompt, route_model);
}

std::optional<CallError> Call::read_named(Buffer&& body, std::string_view route_model) {
  const std::string_view text = body.flatten(kReadAhead);
  Fields fields;
  fields.dialect = dialect_;
  fields.only_model = true;
  if (const absl::Status status = fields.read(text); !status.ok()) return no_json(text, status);
  if (fields.error) return std::move(fields.error);
  if (dialect_ != Dialect::kGemini) {
    if (!fields.has_model && !route_model.empty())
      return read_named(with_model(text, route_model), route_model);
    if (fields.model.empty() && route_model.empty())
      return CallError{400, "bad_request", "Missing model", "model"};
    model_ = fields.model;
    model_value_ = fields.model_value;
  }
  body_ = std::move(body);
  return finish_reading(nullptr, route_model);
}

void Call::keep(Buffer&& body) {
  body.flatten(kReadAhead);
  body_ = std::move(body);
  read_ = true;
}

// What else asks for edits is rare, so it may copy, and read the result again.
std::optional<CallError> Call::finish_reading(const SystemPrompt* prompt,
                                              std::string_view route_model) {
  read_ = true;
  body_bytes_ = body_.size();
  if (!route_model.empty()) model_ = route_model;
  if (prompt == nullptr || !prompt->is_on()) return std::nullopt;
  std::string text(body());
  add_system_prompt(*prompt, dialect_, text);
  return read(Buffer(text), wants_stream_ ? "text/event-stream" : "application/json", nullptr,
              route_model);
}

void Call::remember_marks(const Fields& fields) {
  messages_ = fields.messages;
  system_ = fields.system;
  tools_ = fields.tools;
  service_tier_ = fields.service_tier;
  offers_tools_ = fields.offers_tools;
}

std::string Call::fingerprint() const {
  const auto text = [this](Span span) { return body().substr(span.at, span.size); };
  return llm::fingerprint(model_, {text(messages_), text(system_), text(tools_)});
}

void Call::remember(const Fields& fields, bool wants_stream) {
  remember_marks(fields);
  model_ = fields.model;
  model_value_ = fields.model_value;
  wants_stream_ = wants_stream;
  asked_for_usage_ = fields.asked_for_usage;
  choices_ = static_cast<int>(std::min<int64_t>(fields.choices, 1024));
  usage_edit_ = fields.usage_edit;
  usage_text_ = fields.usage_text;
}

Buffer Call::render_same_dialect(std::string_view target_model, bool with_usage) const {
  if (dialect_ == Dialect::kGemini) return body_.share();
  json::Edit edits[2];
  size_t count = 0;
  // Escapes in the body's spelling make it another text, which is well: it is written anew.
  if (body().substr(model_value_.at + 1, model_value_.size - 2) != target_model)
    edits[count++] = {model_value_.at, model_value_.size, json::quoted(target_model)};
  if (with_usage && wants_stream_ && !asked_for_usage_) {
    edits[count++] = {usage_edit_.at, usage_edit_.size, std::string(usage_text_)};
    if (count == 2 && edits[1].at < edits[0].at) std::swap(edits[0], edits[1]);
  }
  return json::splice(body_, edits, count);
}

Buffer Call::render_with_history(std::string_view target_model, bool with_reasoning) const {
  std::string text = responses::expand(body(), *history_, with_reasoning);
  json::set_member(text, {"model"}, json::quoted(target_model));
  return Buffer(text);
}

const Resolution& Call::target_names(const ProviderList& providers, const AliasMap& aliases) {
  if (!resolution_) resolution_ = resolve_name(model_, providers, aliases);
  return *resolution_;
}

Call::Call() = default;
Call::~Call() = default;
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&&) noexcept = default;

const Decoded& Call::decoded() {
  if (decoded_) return *decoded_;
  decoded_ = std::make_unique<Decoded>();
  if (history_) decoded_->text = responses::expand(body(), *history_, true);
  const std::string_view text = history_ ? std::string_view(decoded_->text) : body();
  if (!json::is_utf8(text)) {
    decoded_->error = CallError{400, "bad_request", "Invalid JSON body: not valid UTF-8", ""};
  } else {
    decoded_->error = decode_request(dialect_, text, decoded_->request);
    if (!decoded_->error) choices_ = decoded_->request.choices;
  }
  return *decoded_;
}

Request& Call::edit() {
  if (edited_) return edited_->request;
  edited_ = std::make_unique<Decoded>();
  if (!read_) return edited_->request;
  edited_->error = decoded().error;
  copy_request(decoded().request, edited_->request);
  return edited_->request;
}

const Decoded& Call::asked() { return edited_ ? *edited_ : decoded(); }

const Request* Call::decoded_request() const {
  return decoded_ && !decoded_->error ? &decoded_->request : nullptr;
}

void Call::release_decoded() {
  edited_.reset();
  decoded_.reset();
  body_.clear();
}

const Digest& Call::digest() {
  if (digest_) return *digest_;
  const std::string_view text = body();
  std::string canonical = fmt::format("{}\n{}\n{}\n", name_of(dialect_), model_, wants_stream_);
  canonical.append(text.substr(0, model_value_.at));
  canonical.append(text.substr(model_value_.at + model_value_.size));
  digest_ = std::make_unique<Digest>(sha256(canonical));
  return *digest_;
}

}  // namespace omni::llm
