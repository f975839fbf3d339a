// Compares what was written with what a case of test/golden expects.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace omni::test {

// The expected side is JSON with placeholders, which test/golden/README.md lists. One object for
// one case: a named id is the same wherever it stands.
class GoldenPattern {
 public:
  // What is not as expected, a line each, with the place in front; empty when all is.
  std::vector<std::string> document(std::string_view expected, std::string_view actual);
  // The same for server-sent events or lines of JSON, in order.
  std::vector<std::string> stream(std::string_view expected, std::string_view actual);

 private:
  using Json = nlohmann::json;
  using Differences = std::vector<std::string>;
  using Ids = std::map<std::string, std::string>;

  void compare(const Json& expected, const Json& actual, const std::string& at, Differences& out);
  void text(const std::string& expected, const Json& actual, const std::string& at,
            Differences& out);
  void one_of(const Json& expected, const Json& actual, const std::string& at, Differences& out);
  void object(const Json& expected, const Json& actual, const std::string& at, Differences& out);
  void array(const Json& expected, const Json& actual, const std::string& at, Differences& out);
  bool is_named(const std::string& name, const Json& actual);

  Ids ids_;
};

}  // namespace omni::test
