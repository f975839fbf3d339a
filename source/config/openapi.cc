#include "source/config/openapi.h"

#include <yaml-cpp/yaml.h>

#include "source/base/strings.h"
#include "source/json/valid.h"
#include "source/json/writer.h"

// The file itself, put into the program by the assembler.
__asm__(
    ".pushsection .rodata\n"
    "omni_openapi_begin:\n"
    ".incbin \"" OMNI_OPENAPI_FILE
    "\"\n"
    "omni_openapi_end:\n"
    ".popsection\n");
extern "C" const char omni_openapi_begin[];
extern "C" const char omni_openapi_end[];

namespace omni {
namespace {

// What stands unquoted is JSON's own spelling of it, or text.
std::string scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return json::quoted(text);
  if (text == "~") return "null";
  const bool may_be_value =
      text == "true" || text == "false" || text == "null" ||
      (!text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')));
  // A number alone is no document to the reader, an item is.
  return may_be_value && json::is_valid("[" + text + "]") && text.find(',') == std::string::npos
             ? text
             : json::quoted(text);
}

void append(const YAML::Node& node, std::string& out) {
  if (node.IsMap()) {
    out += '{';
    bool first = true;
    for (const auto& entry : node) {
      if (!first) out += ',';
      first = false;
      out += json::quoted(entry.first.Scalar());
      out += ':';
      append(entry.second, out);
    }
    out += '}';
  } else if (node.IsSequence()) {
    out += '[';
    for (size_t i = 0; i < node.size(); ++i) {
      if (i > 0) out += ',';
      append(node[i], out);
    }
    out += ']';
  } else {
    out += node.IsScalar() ? scalar(node) : "null";
  }
}

}  // namespace

std::string yaml_as_json(std::string_view yaml) {
  std::string out;
  try {
    append(YAML::Load(std::string(yaml)), out);
  } catch (const YAML::Exception&) {
    return {};
  }
  return out;
}

const std::string& openapi_json() {
  static const auto* made = new std::string(yaml_as_json(
      {omni_openapi_begin, static_cast<size_t>(omni_openapi_end - omni_openapi_begin)}));
  return *made;
}

}  // namespace omni
