#include "source/llm/gemini/schema.h"

#include <algorithm>

#include "source/base/strings.h"
#include "source/json/skim.h"
#include "source/json/writer.h"
#include "source/llm/gemini/names.h"

namespace omni::llm::gemini {
namespace {

using json::Kind;
using json::Skimmed;

constexpr std::string_view kCounts[] = {"minItems",      "maxItems",      "minLength", "maxLength",
                                        "minProperties", "maxProperties", "minimum",   "maximum"};

// Of two words for a field the one of JSON Schema.
std::string_view known_key(std::string_view key) {
  for (const std::string_view known :
       {"anyOf", "prefixItems", "propertyOrdering", "additionalProperties"})
    if (is_key(key, known)) return known;
  for (const std::string_view known : kCounts)
    if (is_key(key, known)) return known;
  return key;
}

// As deep as the document, which is_valid() has bounded.
class Converter {
 public:
  explicit Converter(std::string& out) : out_(out) {}

  void schema(const Skimmed& value) {
    if (value.kind != Kind::kObject) {
      out_ += value.raw;
      return;
    }
    bool is_nullable = false, has_type = false;
    each(value, [&](const Skimmed& member) {
      is_nullable |= member.key == "nullable" && member.is_true();
      has_type |= member.key == "type";
    });
    bool is_first = true;
    out_ += '{';
    each(value, [&](const Skimmed& member) {
      const std::string_view key = known_key(member.key);
      // A hint of the vendor's own, and what the type says now.
      if (key == "nullable" || key == "propertyOrdering" || is_unspecified(member)) return;
      if (!std::exchange(is_first, false)) out_ += ',';
      json::append_quoted(out_, key);
      out_ += ':';
      member_value(key, member, is_nullable, has_type);
    });
    out_ += '}';
  }

 private:
  template <class Visit>
  static void each(const Skimmed& value, Visit visit) {
    json::Skimmer skimmer(value);
    Skimmed member;
    while (skimmer.next(member)) visit(member);
  }

  static bool is_unspecified(const Skimmed& member) {
    return member.key == "type" && member.raw == "\"TYPE_UNSPECIFIED\"";
  }

  void member_value(std::string_view key, const Skimmed& member, bool is_nullable, bool has_type) {
    const bool is_count =
        std::find(std::begin(kCounts), std::end(kCounts), key) != std::end(kCounts);
    if (key == "type" && member.kind == Kind::kString) {
      const std::string type = lower(member.raw);
      out_ += is_nullable ? "[" + type + ",\"null\"]" : type;
    } else if (key == "enum" && member.kind == Kind::kArray && is_nullable) {
      array(member, "null", false);
    } else if ((key == "properties" || key == "$defs") && member.kind == Kind::kObject) {
      properties(member);
    } else if (key == "items" || key == "additionalProperties") {
      schema(member);
    } else if ((key == "anyOf" || key == "prefixItems") && member.kind == Kind::kArray) {
      const bool adds_null = key == "anyOf" && is_nullable && !has_type;
      array(member, adds_null ? R"({"type":"null"})" : "", true);
    } else if (is_count && member.kind == Kind::kString && json_number(member.inside())) {
      out_ += member.inside();
    } else {
      out_ += member.raw;
    }
  }

  static bool json_number(std::string_view text) { return parse_int(text).has_value(); }

  void properties(const Skimmed& value) {
    bool is_first = true;
    out_ += '{';
    each(value, [&](const Skimmed& member) {
      if (!std::exchange(is_first, false)) out_ += ',';
      json::append_quoted(out_, member.key);
      out_ += ':';
      schema(member);
    });
    out_ += '}';
  }

  void array(const Skimmed& value, std::string_view last, bool of_schemas) {
    bool is_first = true;
    out_ += '[';
    each(value, [&](const Skimmed& item) {
      if (!std::exchange(is_first, false)) out_ += ',';
      if (of_schemas) {
        schema(item);
      } else {
        out_ += item.raw;
      }
    });
    if (!last.empty()) {
      if (!is_first) out_ += ',';
      out_ += last;
    }
    out_ += ']';
  }

  std::string& out_;
};

}  // namespace

void append_json_schema(std::string& out, RawJson schema) {
  Skimmed value;
  value.kind = schema.substr(0, 1) == "{" ? Kind::kObject : Kind::kNull;
  value.raw = schema;
  value.readable = {schema.data(), schema.data() + schema.size()};
  Converter(out).schema(value);
}

}  // namespace omni::llm::gemini
