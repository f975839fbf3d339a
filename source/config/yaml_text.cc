#include "source/config/yaml_text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "source/base/format.h"
#include "source/base/strings.h"
#include "source/config/encoding.h"

namespace omni {
namespace {

constexpr std::string_view kWholeFile = "yaml";

// Builds the tree from the parser's events. An event handler never sees an alias expanded, so
// nothing here can grow beyond the text itself.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, int file, const YamlLimits& limits, size_t& nodes,
              ConfigErrors& errors)
      : text_(text), places_(text), file_(file), limits_(limits), nodes_(nodes), errors_(errors) {}

  ConfigValue take() { return std::move(root_); }
  bool has_stopped() const { return stopped_; }
  ConfigPosition position(const YAML::Mark& mark) const {
    const size_t offset = mark.is_null() ? 0 : static_cast<size_t>(mark.pos);
    const TextPlaces::Place place = places_.at(offset);
    return {file_, place.line, place.column};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    errors_.add(position(mark), kWholeFile, "a file holds one document; this is a second one");
    stopped_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (!count(mark)) return;
    if (expects_key()) return refuse_key(mark, "a key must not be empty");
    ConfigValue value;
    // The parser reports a null at the token after it.
    value.at = frames_.empty() || !frames_.back().has_key ? position(mark) : frames_.back().key_at;
    place(std::move(value));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (!count(mark)) return;
    errors_.add(position(mark), path(), "aliases (*name) are not allowed");
    if (expects_key()) return refuse_key(mark, {});
    place(ConfigValue{.at = position(mark)});
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    if (!stopped_) errors_.add(position(mark), path(), "anchors (&name) are not allowed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    if (!count(mark)) return;
    check_tag(mark, tag);
    check_quotes(mark, tag);
    if (expects_key()) return open_key(mark, text);
    if (text.find('\0') != std::string::npos)
      errors_.add(position(mark), path(), "the text holds a NUL character");
    ConfigValue value;
    value.kind = ConfigValue::Kind::kScalar;
    value.at = position(mark);
    value.text = text;
    value.is_quoted = tag == "!";
    place(std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, ConfigValue::Kind::kList);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, ConfigValue::Kind::kMapping);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    ConfigValue value;
    std::string key;
    ConfigPosition key_at;
    bool has_key = false;
    bool drop_value = false;  // The key was refused: its value is read and forgotten.
    StringMap<ConfigPosition> seen;
  };

  bool count(const YAML::Mark& mark) {
    if (stopped_) return false;
    if (++nodes_ <= limits_.nodes) return true;
    errors_.add(position(mark), kWholeFile,
                fmt::format("more than {} values in the file and what it includes", limits_.nodes));
    stopped_ = true;
    return false;
  }

  bool expects_key() const {
    return !frames_.empty() && frames_.back().value.kind == ConfigValue::Kind::kMapping &&
           !frames_.back().has_key;
  }

  std::string path() const {
    std::string out;
    for (const Frame& frame : frames_) {
      if (frame.value.kind == ConfigValue::Kind::kList)
        append_format(out, "[{}]", frame.value.items.size());
      else if (frame.has_key)
        append_format(out, "{}{}", out.empty() ? "" : ".", frame.key);
    }
    return out.empty() ? std::string(kWholeFile) : out;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    errors_.add(position(mark), path(), "tags (!name) are not allowed");
  }

  // The parser takes the end of the file for the end of a quoted text.
  void check_quotes(const YAML::Mark& mark, const std::string& tag) {
    const size_t start = static_cast<size_t>(mark.pos);
    if (tag != "!" || start >= text_.size()) return;
    const char quote = text_[start];
    if (quote != '"' && quote != '\'') return;
    for (size_t i = start + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\' && quote == '"') {
        ++i;
      } else if (text_[i] == quote) {
        if (quote == '"' || i + 1 >= text_.size() || text_[i + 1] != quote) return;
        ++i;
      }
    }
    errors_.add(position(mark), path(), "the closing quote is missing");
    stopped_ = true;  // It swallowed the rest.
  }

  void refuse_key(const YAML::Mark& mark, std::string_view why) {
    Frame& frame = frames_.back();
    if (!why.empty()) errors_.add(position(mark), path(), why);
    frame.key.clear();
    frame.key_at = position(mark);
    frame.has_key = frame.drop_value = true;
  }

  void open_key(const YAML::Mark& mark, const std::string& key) {
    Frame& frame = frames_.back();
    frame.key = key;
    frame.key_at = position(mark);
    frame.has_key = true;
    if (key == "<<") {
      errors_.add(frame.key_at, path(), "merge keys (<<) are not allowed");
      frame.drop_value = true;
      return;
    }
    const auto [first, is_new] = frame.seen.emplace(key, frame.key_at);
    if (is_new) return;
    errors_.add(frame.key_at, path(),
                fmt::format("set twice; first at line {}", first->second.line));
    frame.drop_value = true;
  }

  void open(const YAML::Mark& mark, const std::string& tag, ConfigValue::Kind kind) {
    if (!count(mark)) return;
    if (frames_.size() >= limits_.depth) {
      errors_.add(position(mark), path(),
                  fmt::format("nested deeper than {} levels", limits_.depth));
      stopped_ = true;
      return;
    }
    check_tag(mark, tag);
    if (expects_key()) {
      refuse_key(mark, "a key must be plain text");
      key_depth_.push_back(frames_.size());
    }
    Frame frame;
    frame.value.kind = kind;
    frame.value.at = position(mark);
    frames_.push_back(std::move(frame));
  }

  void close() {
    if (stopped_ || frames_.empty()) return;
    ConfigValue value = std::move(frames_.back().value);
    frames_.pop_back();
    // What ends here was itself a key: its value is still to come, and is forgotten.
    if (!key_depth_.empty() && key_depth_.back() == frames_.size()) {
      key_depth_.pop_back();
      return;
    }
    place(std::move(value));
  }

  void place(ConfigValue value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.kind == ConfigValue::Kind::kList) {
      frame.value.items.push_back(std::move(value));
      return;
    }
    if (!frame.drop_value)
      frame.value.entries.push_back({std::move(frame.key), frame.key_at, std::move(value)});
    frame.key.clear();
    frame.has_key = frame.drop_value = false;
  }

  const std::string_view text_;
  const TextPlaces places_;
  const int file_;
  const YamlLimits& limits_;
  size_t& nodes_;
  ConfigErrors& errors_;
  std::vector<Frame> frames_;
  std::vector<size_t> key_depth_;
  ConfigValue root_;
  int documents_ = 0;
  bool stopped_ = false;
};

// A plain ${...} between braces or brackets is cut at the brace, and the parser's own words for
// that help nobody.
std::string explain(std::string_view text, const std::string& said) {
  const bool is_about_braces = said.find("flow") != std::string::npos;
  for (size_t at = text.find("${"); is_about_braces && at != std::string_view::npos;
       at = text.find("${", at + 1))
    if (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '[' || text[at - 1] == ','))
      return said + "; between braces or brackets, ${...} must stand in quotes";
  return said;
}

}  // namespace

ConfigValue parse_yaml(std::string_view text, int file, const YamlLimits& limits, size_t& nodes,
                       ConfigErrors& errors) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, 3) == kByteOrderMark) text.remove_prefix(3);
  if (text.size() > limits.text_bytes) {
    errors.add({file, 1, 1}, kWholeFile,
               fmt::format("the file is larger than {} bytes", limits.text_bytes));
    return {};
  }
  if (const std::optional<EncodingError> bad = check_encoding(text)) {
    const TextPlaces::Place place = TextPlaces(text).at(bad->offset);
    errors.add({file, place.line, place.column}, kWholeFile, bad->message);
    return {};
  }
  TreeBuilder builder(text, file, limits, nodes, errors);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (!builder.has_stopped() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& broken) {
    if (!builder.has_stopped())
      errors.add(builder.position(broken.mark), kWholeFile, explain(text, broken.msg));
  } catch (const std::exception& broken) {
    errors.add({file, 1, 1}, kWholeFile, broken.what());
  }
  return builder.take();
}

}  // namespace omni
