"""The page of errors and the sources that make them."""
import unittest

import tools

errors = tools.load("tools/gen_errors_doc.py")

SOURCE = '''
  return chain_->reply({.status = 503,
                        .code = "overloaded"});
  std::string code = "model_not_found";
  return refuse(401, "invalid_api_key", "Invalid API key");
  return fail("upstream_event_too_large", "The provider sent ...");
  return {504, "upstream_timeout"};
  case 431:
    return "headers_too_large";
  fail(502, error.code.empty() ? "upstream_error" : error.code);
  fail(error.code);
'''


class ErrorsTest(unittest.TestCase):
    def test_each_way_to_name_a_code_is_found(self):
        self.assertEqual({"overloaded": {503}, "model_not_found": set(), "invalid_api_key": {401},
                          "upstream_event_too_large": set(), "upstream_timeout": {504},
                          "headers_too_large": {431}, "upstream_error": set()},
                         errors.codes_in(SOURCE))

    def test_a_code_without_a_meaning_and_a_meaning_without_a_code_are_named(self):
        found = errors.complaints_about({"a": set(), "b": set()}, {"b": 0, "c": 0})
        self.assertEqual(2, len(found), found)
        self.assertIn("the code a has no meaning", found[0])
        self.assertIn("the meaning of c has no code", found[1])


if __name__ == "__main__":
    unittest.main()
