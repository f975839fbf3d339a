// Changes to single members of a document that leave every other byte as it stands. Each is a pass
// over the document: for edits that an operator or a client rarely asks for.
#pragma once

#include <absl/types/span.h>

#include <optional>
#include <string>
#include <string_view>

#include "source/json/skim.h"

namespace omni::json {

// Keys from the root down, through objects only: {"a", "b"}. Not {{"a", "b"}}, which is one text
// from the first pointer to the second.
using Path = absl::Span<const std::string_view>;

// The first member there; nothing when there is none, or when the way to it is broken.
std::optional<Skimmed> find_member(std::string_view document, Path path);

// Takes out every member there, each with one comma. True when there was one.
bool remove_member(std::string& document, Path path);

// Sets the value of the first member there, or puts the member first into its object; objects on
// the way are made. Nothing happens where something on the way is not an object.
void set_member(std::string& document, Path path, std::string_view value);

}  // namespace omni::json
