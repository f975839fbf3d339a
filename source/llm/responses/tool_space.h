// Tools in namespaces: {type: namespace, name, tools}. Agents put the tools of one MCP server in
// one. Elsewhere they are functions whose names hold both; their calls come back in two members.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "source/base/strings.h"
#include "source/llm/request.h"

namespace omni::llm::responses {

// One name for both, decoded, that every provider takes: 64 characters at most.
std::string name_in_space(std::string_view space, std::string_view name);

// What an answer's encoder keeps of a request.
class ToolSpaces {
 public:
  // Null: there are none.
  explicit ToolSpaces(const Request* request);

  // The namespace and the name in it, as they stand between quotes; null for other tools.
  const std::pair<std::string, std::string>* find(std::string_view name) const;

 private:
  StringMap<std::pair<std::string, std::string>> by_name_;
};

}  // namespace omni::llm::responses
