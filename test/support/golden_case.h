// Cases of test/golden: what two vendors' wires hold for one exchange, in plain files.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/dialect.h"

namespace omni::test {

// One file; test/golden/README.md says how it is written.
struct GoldenCase {
  std::string name;  // `client_upstream_case`, as gtest takes it.
  Dialect client = Dialect::kOpenai, upstream = Dialect::kOpenai;
  std::string target;
  std::string dropped, refused;
  bool is_stream = false;
  bool marks_cache = false;
  bool fails = false;  // The answer breaks off with an error.
  int status = 200;
  std::map<std::string, std::string, std::less<>> sections;

  bool is_same_dialect() const { return client == upstream; }
  bool has(std::string_view section) const { return sections.find(section) != sections.end(); }
  // Empty when there is none.
  std::string_view text(std::string_view section) const;
};

// Not OK: the reason, beginning with the path and line.
absl::StatusOr<GoldenCase> read_golden_case(const std::string& path);

// All files `CLIENT_UPSTREAM/CASE.golden` below `folder`, sorted.
std::vector<std::string> find_golden_files(const std::string& folder);

}  // namespace omni::test
