// Names of tools where a vendor takes fewer than the client's own: they are changed on the way
// there, and back in what the model answers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "source/base/strings.h"
#include "source/llm/request.h"

namespace omni::llm {

// The names that a vendor takes: so many letters, digits, `_` and `marks`.
struct NameRule {
  size_t limit = 0;  // 0: every name is taken.
  std::string_view marks;
  bool begins_with_letter = false;  // Or with `_`.
};

// platform.openai.com/docs/api-reference/chat/create: tools[].function.name.
inline constexpr NameRule kOpenaiNames{64, "-"};
// docs.claude.com/en/api/messages: tools[].name.
inline constexpr NameRule kAnthropicNames{128, "-"};
// ai.google.dev/api/caching#FunctionDeclaration.
inline constexpr NameRule kGeminiNames{64, ".:-", true};

// Appends the name as the vendor takes it, as it stands between quotes. One that fits stays; of
// another the rest is replaced, and a hash of the whole name keeps two of them apart. The same name
// becomes the same each time.
void append_wire_name(std::string& out, Text name, const NameRule& rule);

// The way back.
class RenamedTools {
 public:
  RenamedTools() = default;
  // Null: no names are known. Empty as well where all of them fit.
  RenamedTools(const Request* request, const NameRule& rule);

  // What the client calls the tool that the upstream calls `sent`: a view of this, or `sent`.
  Text client_name(Text sent) const;

 private:
  StringMap<std::string> by_wire_name_;  // Both as they stand between quotes.
};

}  // namespace omni::llm
