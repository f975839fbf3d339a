// The command line: serve, check, version.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "filters/all_filters.h"
#include "source/base/status.h"
#include "source/config/check.h"
#include "source/exe/version.h"
#include "source/server/memory.h"
#include "source/server/server.h"

namespace omni {
namespace {

constexpr std::string_view kUsage =
    "usage: omniroute serve --config FILE    run the gateway in the foreground\n"
    "       omniroute check --config FILE    say what is wrong with a configuration\n"
    "       omniroute version                version, commit and library versions\n";

constexpr int kUsageError = 2;

struct Arguments {
  std::string command, config;
  bool ok = false;
};

Arguments parse(const std::vector<std::string_view>& words) {
  Arguments out;
  if (words.empty()) return out;
  out.command = words[0];
  for (size_t i = 1; i < words.size(); ++i) {
    constexpr std::string_view kInline = "--config=";
    if ((words[i] == "--config" || words[i] == "-c") && i + 1 < words.size()) {
      out.config = words[++i];
    } else if (words[i].substr(0, kInline.size()) == kInline) {
      out.config = words[i].substr(kInline.size());
    } else {
      return out;
    }
  }
  const bool needs_config = out.command == "serve" || out.command == "check";
  out.ok = needs_config ? !out.config.empty() : out.command == "version" && words.size() == 1;
  return out;
}

int serve(const std::string& config, const FilterRegistry& filters) {
  // The name look-ups share this pool; four threads are soon taken by one slow resolver. Before any
  // loop.
  setenv("UV_THREADPOOL_SIZE", "16", 0);
  const char* inherited = std::getenv(Inheritance::kVariable);
  Inheritance inheritance = Inheritance::parse(inherited != nullptr ? inherited : "");
  unsetenv(Inheritance::kVariable);
  Server server(config, filters, std::move(inheritance));
  if (const absl::Status status = server.start(); !status.ok()) {
    std::cerr << "omniroute: cannot start: " << message(status) << '\n';
    return 1;
  }
  return server.run();
}

int run(const std::vector<std::string_view>& words) {
  if (!words.empty() && (words[0] == "--help" || words[0] == "-h" || words[0] == "help")) {
    std::cout << kUsage;
    return 0;
  }
  const Arguments arguments = parse(words);
  if (!arguments.ok) {
    std::cerr << kUsage;
    return kUsageError;
  }
  if (arguments.command == "version") {
    std::cout << version_text();
    return 0;
  }
  FilterRegistry filters;
  register_all_filters(filters);
  if (arguments.command == "check") return check_config(arguments.config, filters, std::cout);
  return serve(arguments.config, filters);
}

}  // namespace
}  // namespace omni

int main(int argc, char** argv) {
  return omni::run(std::vector<std::string_view>(argv + 1, argv + argc));
}
