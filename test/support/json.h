// JSON as the tests read it. Each file would instantiate the whole library anew, which costs more
// than the rest of the file: here it is once for all.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>

NLOHMANN_JSON_NAMESPACE_BEGIN
extern template class basic_json<>;
namespace detail {
extern template class json_sax_dom_parser<basic_json<>>;
extern template class json_sax_dom_callback_parser<basic_json<>>;
extern template class lexer<basic_json<>, iterator_input_adapter<const char*>>;
extern template class parser<basic_json<>, iterator_input_adapter<const char*>>;
extern template class serializer<basic_json<>>;
}  // namespace detail
// For GoogleTest, which would print it as the container that it also is.
void PrintTo(const json& value, std::ostream* out);
NLOHMANN_JSON_NAMESPACE_END

namespace omni::test {

// Throws what the library does when `text` is not JSON: such a test fails.
nlohmann::json parse_json(std::string_view text);
// "Discarded" instead.
nlohmann::json parse_json_if_valid(std::string_view text);

}  // namespace omni::test
