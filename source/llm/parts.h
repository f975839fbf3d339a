// What encoders of every dialect do with parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/json/builder.h"
#include "source/llm/request.h"

namespace omni::llm {

// Names of what had to be left out, each once, in the order they came up. They are a client's words
// and end up in a header: what is not visible ASCII is replaced, and there are only so many.
class Dropped {
 public:
  Dropped() = default;
  explicit Dropped(std::vector<std::string>&& names) : names_(std::move(names)) {}
  void add(std::string_view name);
  // Names with commas between them.
  void add_each(std::string_view names);
  std::vector<std::string> take() { return std::move(names_); }

 private:
  std::vector<std::string> names_;
};

// What the client's dialect calls settings that others do not have.
struct SettingNames {
  std::string_view stop, top_p, top_k, frequency_penalty, presence_penalty;
};
SettingNames setting_names(Dialect origin);

// A member whose key a client made up.
void append_extra(json::Builder& json, std::string_view key, RawJson value);

// The texts of `parts`, `separator` (as it stands between quotes) between them, between quotes.
void append_texts(std::string& out, const std::vector<Part>& parts, std::string_view separator);
bool has_text(const std::vector<Part>& parts);
bool has_kind(const std::vector<Part>& parts, PartKind kind);
// What a client that wrote a kOpaque part calls what is lost with it: Chat Completions has such a
// thing in one place, an earlier answer's `audio`.
inline std::string_view opaque_name(const Part& opaque) {
  return opaque.origin == Dialect::kOpenai ? "audio" : "content";
}

// A tool that runs at its own provider, asked for at another. Agents offer such tools (a web
// search) with each request, beside their own: there it is left out and named, since a model may
// leave an offer aside. Where it stands alone or is what must be called, nothing would be left of
// what was asked, and the request is refused.
bool may_leave_out(const Tool& hosted, const Request& request);

// The schema of a custom tool's arguments where all arguments are objects;
// append_arguments_object() writes them so.
inline constexpr std::string_view kFreeTextSchema =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})";

// Arguments as an object: `{}` for none; text that is no JSON object, which models do write, stays
// readable as {"_arguments": "..."}.
void append_arguments_object(std::string& out, const Part& call);
// Arguments as what stands between a string's quotes.
void append_arguments_text(std::string& out, const Part& call);

// Servers of OpenAI's dialects refuse an id of the end user that is too long: the vendor's own 64
// characters, others 128 at most. Nothing but statistics hangs on it.
bool takes_user(Text user, bool is_strict);

// `data:TYPE;base64,DATA` or the URL, between quotes.
void append_media_url(std::string& out, const Media& media);

// Effort as a budget and the reverse (tokens).
int64_t budget_of(Reasoning::Effort effort);
Reasoning::Effort effort_of(int64_t budget);
// low, medium, high and so on; empty for kUnset.
std::string_view name_of(Reasoning::Effort effort);

}  // namespace omni::llm
