#include "test/support/golden_case.h"

#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::test {
namespace {

constexpr std::string_view kSectionMark = "=== ";
constexpr std::string_view kSections[] = {"client request", "upstream request", "upstream answer",
                                          "client answer"};

std::optional<Dialect> dialect_of(std::string_view word) {
  if (word == "openai") return Dialect::kOpenai;
  if (word == "responses") return Dialect::kOpenaiResponses;
  if (word == "anthropic") return Dialect::kAnthropic;
  if (word == "gemini") return Dialect::kGemini;
  if (word == "ollama") return Dialect::kOllama;
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  absl::StatusOr<GoldenCase> run() {
    OMNI_RETURN_IF_ERROR(name());
    std::ifstream file(path_);
    std::string line;
    while (std::getline(file, line)) {
      ++line_;
      OMNI_RETURN_IF_ERROR(section_ == nullptr || starts_section(line) ? head(line) : body(line));
    }
    for (auto& [name, text] : case_.sections) text = std::string(trim(text));
    if (case_.sections.empty()) return fail("no section");
    return std::move(case_);
  }

 private:
  absl::Status fail(std::string_view reason) const {
    return invalid(fmt::format("{}:{}: {}", path_, line_, reason));
  }
  static bool starts_section(std::string_view line) {
    return line.substr(0, kSectionMark.size()) == kSectionMark;
  }

  absl::Status name() {
    const std::filesystem::path path(path_);
    const std::string pair = path.parent_path().filename(), stem = path.stem();
    const size_t bar = std::min(pair.find('_'), pair.size());
    const auto client = dialect_of(std::string_view(pair).substr(0, bar));
    const auto upstream = dialect_of(std::string_view(pair).substr(std::min(bar + 1, pair.size())));
    if (!client || !upstream) return fail("the folder's name is not CLIENT_UPSTREAM");
    case_.client = *client;
    case_.upstream = *upstream;
    case_.name = pair + "_" + stem;
    return absl::OkStatus();
  }

  absl::Status head(std::string_view line) {
    if (starts_section(line)) {
      const std::string_view name = trim(line.substr(kSectionMark.size()));
      if (std::find(std::begin(kSections), std::end(kSections), name) == std::end(kSections))
        return fail(fmt::format("no such section: {}", name));
      section_ = &case_.sections[std::string(name)];
      return absl::OkStatus();
    }
    if (trim(line).empty() || line.front() == '#') return absl::OkStatus();
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fail("not `name: value`");
    return field(line.substr(0, colon), trim(line.substr(colon + 1)));
  }

  absl::Status field(std::string_view name, std::string_view value) {
    if (name == "target") {
      case_.target = value;
    } else if (name == "dropped") {
      case_.dropped = value;
    } else if (name == "refused") {
      case_.refused = value;
    } else if (name == "stream") {
      case_.is_stream = value == "yes";
    } else if (name == "fails") {
      case_.fails = value == "yes";
    } else if (name == "cache") {
      case_.marks_cache = value == "yes";
    } else if (name == "status") {
      if (!absl::SimpleAtoi(std::string(value), &case_.status)) return fail("not a number");
    } else if (std::find(std::begin(kSections), std::end(kSections), name) == std::end(kSections)) {
      return fail(fmt::format("no such field: {}", name));
    }
    return absl::OkStatus();
  }

  absl::Status body(std::string_view line) {
    *section_ += line;
    *section_ += '\n';
    return absl::OkStatus();
  }

  const std::string& path_;
  GoldenCase case_;
  std::string* section_ = nullptr;
  int line_ = 0;
};

}  // namespace

std::string_view GoldenCase::text(std::string_view section) const {
  const auto at = sections.find(section);
  return at == sections.end() ? std::string_view() : std::string_view(at->second);
}

absl::StatusOr<GoldenCase> read_golden_case(const std::string& path) { return Reader(path).run(); }

std::vector<std::string> find_golden_files(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".golden") out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace omni::test
