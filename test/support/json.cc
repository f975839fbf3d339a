#include "test/support/json.h"

NLOHMANN_JSON_NAMESPACE_BEGIN
template class basic_json<>;
namespace detail {
template class json_sax_dom_parser<basic_json<>>;
template class json_sax_dom_callback_parser<basic_json<>>;
template class lexer<basic_json<>, iterator_input_adapter<const char*>>;
template class parser<basic_json<>, iterator_input_adapter<const char*>>;
template class serializer<basic_json<>>;
}  // namespace detail
void PrintTo(const json& value, std::ostream* out) { *out << value.dump(); }
NLOHMANN_JSON_NAMESPACE_END

namespace omni::test {

nlohmann::json parse_json(std::string_view text) { return nlohmann::json::parse(text); }

nlohmann::json parse_json_if_valid(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace omni::test
