#include "source/replay/options.h"

#include <fmt/format.h>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::replay {
namespace {

absl::Status read_dialect(std::string_view name, Dialect& out) {
  const std::optional<Dialect> found = dialect_from(name);
  if (!found) return invalid(fmt::format("there is no dialect '{}'", name));
  out = *found;
  return absl::OkStatus();
}

absl::Status read_form(std::string_view word, std::optional<Form>& out) {
  if (word != "plain" && word != "stream")
    return invalid(fmt::format("a form is plain or stream, not '{}'", word));
  out = word == "plain" ? Form::kPlain : Form::kStream;
  return absl::OkStatus();
}

absl::Status read_size(std::string_view word, size_t& out) {
  const std::optional<int64_t> size = parse_int(word);
  if (!size || *size < 1) return invalid(fmt::format("'{}' is no number of bytes", word));
  out = static_cast<size_t>(*size);
  return absl::OkStatus();
}

// Reads the words one by one; a value may follow its option as a word or behind '='.
class Reader {
 public:
  explicit Reader(const std::vector<std::string_view>& words) : words_(words) {}

  absl::StatusOr<Options> read() {
    while (at_ < words_.size() && !out_.asks_for_help) OMNI_RETURN_IF_ERROR(read_word());
    if (out_.asks_for_help) return std::move(out_);
    OMNI_RETURN_IF_ERROR(check());
    return std::move(out_);
  }

 private:
  absl::Status read_word() {
    std::string_view word = words_[at_++];
    if (word == "-" || word.substr(0, 1) != "-") return read_file(word);
    const size_t equals = word.find('=');
    inline_value_.reset();
    if (equals != std::string_view::npos) inline_value_ = word.substr(equals + 1);
    word = word.substr(0, equals);
    if (read_flag(word))
      return inline_value_ ? invalid(fmt::format("{} takes no value", word)) : absl::OkStatus();
    return read_valued(word);
  }

  absl::Status read_file(std::string_view word) {
    if (!out_.file.empty()) return invalid(fmt::format("one file at a time: '{}'", word));
    out_.file = word;
    return absl::OkStatus();
  }

  bool read_flag(std::string_view word) {
    if (word == "--help" || word == "-h") return out_.asks_for_help = true;
    if (word == "--request") return out_.is_request = true;
    if (word == "--json-array") return out_.is_json_array = true;
    if (word != "--plain" && word != "--stream") return false;
    out_.wanted = word == "--plain" ? Form::kPlain : Form::kStream;
    return true;
  }

  absl::Status read_valued(std::string_view word) {
    if (word != "--from" && word != "--to" && word != "--input" && word != "--split" &&
        word != "--model")
      return invalid(fmt::format("there is no option '{}'", word));
    if (!inline_value_ && at_ == words_.size())
      return invalid(fmt::format("{} takes a value", word));
    const std::string_view value = inline_value_ ? *inline_value_ : words_[at_++];
    if (word == "--from") return has_from_ = true, read_dialect(value, out_.from);
    if (word == "--to") return has_to_ = true, read_dialect(value, out_.to);
    if (word == "--input") return read_form(value, out_.given);
    if (word == "--split") return read_size(value, out_.piece_bytes);
    out_.model = value;
    return absl::OkStatus();
  }

  absl::Status check() {
    if (!has_from_ || !has_to_) return invalid("--from and --to name the two dialects");
    if (out_.file.empty()) return invalid("a file is missing; '-' is standard input");
    if (out_.is_request && (out_.given || out_.piece_bytes > 0 || out_.is_json_array))
      return invalid("--input, --split and --json-array are for answers");
    if (out_.is_request && out_.from == Dialect::kGemini && out_.model.empty())
      return invalid("--model is needed: Gemini's requests name the model in their path");
    if (!out_.is_json_array) return absl::OkStatus();
    if (out_.to != Dialect::kGemini || out_.wanted == Form::kPlain)
      return invalid("--json-array is a form of Gemini's streams");
    out_.wanted = Form::kStream;
    return absl::OkStatus();
  }

  const std::vector<std::string_view>& words_;
  size_t at_ = 0;
  std::optional<std::string_view> inline_value_;
  bool has_from_ = false, has_to_ = false;
  Options out_;
};

}  // namespace

std::string_view usage() {
  return "usage: replay --from DIALECT --to DIALECT [OPTION...] FILE\n"
         "Prints what a client of one dialect gets for an answer that a provider gave in another,\n"
         "or with --request what the provider gets for a client's request. FILE '-' is standard\n"
         "input. Dialects: openai, openai-responses, anthropic, gemini, ollama.\n"
         "  --plain, --stream      what the client asked for (default: what FILE is; of a request\n"
         "                         what it says itself)\n"
         "  --input plain|stream   what FILE is, where a look at it does not tell\n"
         "  --json-array           a stream of Gemini's without alt=sse\n"
         "  --split N              feed FILE in pieces of N bytes; the output is the same\n"
         "  --request              FILE is a request's body; what was left out goes to standard\n"
         "                         error\n"
         "  --model NAME           of a request: the model that is asked for (default: its own);\n"
         "                         of an answer: the one it names where it does not say\n"
         "Exit status: 0; 1 when something cannot be read or said, or the answer is not complete:\n"
         "standard error says what, and the output is what the client would be told; 2 when these\n"
         "words are wrong.\n";
}

absl::StatusOr<Options> parse_options(const std::vector<std::string_view>& words) {
  return Reader(words).read();
}

}  // namespace omni::replay
