// The description of every path (api/openapi.yaml), which is part of the program.
#pragma once

#include <string>
#include <string_view>

namespace omni {

// As JSON; made when first asked for. Main thread.
const std::string& openapi_json();

// A YAML document without tags and anchors as JSON; empty when it is broken. Scalars are typed by
// the core schema (yaml.org/spec/1.2.2, section 10.3.2), quoted ones are text.
std::string yaml_as_json(std::string_view yaml);

}  // namespace omni
