// Captured answers and requests through the codecs, on the command line.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/status.h"
#include "source/replay/options.h"
#include "source/replay/replay.h"

namespace omni::replay {
namespace {

constexpr int kFailed = 1, kUsageError = 2;

bool read_all(const std::string& file, std::string& out) {
  std::ifstream opened;
  if (file != "-") opened.open(file, std::ios::binary);
  std::istream& in = file == "-" ? std::cin : opened;
  if (!in) return false;
  out.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return !in.bad();
}

int run(const std::vector<std::string_view>& words) {
  absl::StatusOr<Options> options = parse_options(words);
  if (!options.ok()) {
    std::cerr << "replay: " << message(options.status()) << "; --help tells more\n";
    return kUsageError;
  }
  if (options->asks_for_help) {
    std::cout << usage();
    return 0;
  }
  std::string input;
  if (!read_all(options->file, input)) {
    std::cerr << "replay: cannot read " << options->file << '\n';
    return kFailed;
  }
  const Outcome outcome =
      options->is_request ? replay_request(*options, input) : replay_answer(*options, input);
  std::cout << outcome.output << std::flush;
  for (const std::string& note : outcome.notes) std::cerr << "replay: " << note << '\n';
  return outcome.has_failed || !std::cout ? kFailed : 0;
}

}  // namespace
}  // namespace omni::replay

int main(int argc, char** argv) {
  return omni::replay::run(std::vector<std::string_view>(argv + 1, argv + argc));
}
