#include "source/llm/tool_schema.h"

#include "source/json/skim.h"

namespace omni::llm {
namespace {

constexpr std::string_view kType = R"("type":"object")";
constexpr std::string_view kProperties = R"("properties":{})";

// What of a schema's top level the rules ask for.
struct Found {
  bool has_type = false, is_object = true, has_properties = false, is_empty = true;
};

Found look(RawJson schema) {
  Found out;
  json::Skimmer skimmer(schema, json::Kind::kObject);
  for (json::Skimmed member; skimmer.next(member);) {
    out.is_empty = false;
    if (member.key == "properties") out.has_properties = true;
    if (member.key != "type") continue;
    out.has_type = true;
    out.is_object = member.raw == R"("object")";
  }
  return out;
}

}  // namespace

void append_tool_schema(std::string& out, RawJson schema, SchemaRule rule) {
  if (schema.empty()) schema = "{}";
  const Found found = look(schema);
  const bool adds_type = !found.has_type;
  const bool adds_properties =
      rule == SchemaRule::kWithProperties && found.is_object && !found.has_properties;
  if (schema.front() != '{' || (!adds_type && !adds_properties)) {
    out += schema;
    return;
  }
  out += '{';
  if (adds_type) out += kType;
  if (adds_type && adds_properties) out += ',';
  if (adds_properties) out += kProperties;
  if (!found.is_empty) out += ',';
  out += schema.substr(1);
}

}  // namespace omni::llm
