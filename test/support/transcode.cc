#include "test/support/transcode.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <variant>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/llm/answer_reader.h"
#include "test/support/json.h"

namespace omni::test {
namespace {

constexpr llm::DecoderOptions kDecoder{.id_seed = "seed"};

llm::AnswerOptions encoder_options(bool stream) {
  return {.stream = stream, .model = "named-model", .fallback_id = "fallback", .now = 1700000000};
}

// Follows a transcoding and says how it ended.
struct Run {
  explicit Run(Dialect to, bool stream)
      : encoder(llm::make_answer_encoder(to, encoder_options(stream))) {}

  void put(const llm::Event& event) {
    is_over |= event.kind == llm::Event::Kind::kDone || event.kind == llm::Event::Kind::kFailed;
    encoder->put(event, out);
  }
  std::string result(const absl::Status& status) {
    if (!status.ok()) return fmt::format("{}BROKEN {}", out, message(status));
    return is_over ? out : out + "INCOMPLETE";
  }

  std::unique_ptr<llm::AnswerEncoder> encoder;
  std::string out;
  bool is_over = false;
};

}  // namespace

std::string transcode_request(Dialect from, Dialect to, std::string_view body,
                              const llm::RequestOptions& options) {
  llm::Request request;
  if (const auto error = llm::decode_request(from, body, request))
    return fmt::format("ERROR {}: {}", error->param, error->message);
  llm::EncodeResult result = llm::encode_request(to, request, options);
  if (const auto* error = std::get_if<llm::CallError>(&result))
    return fmt::format("ERROR {}: {}", error->param, error->message);
  auto& encoded = std::get<llm::EncodedRequest>(result);
  if (!encoded.dropped.empty())
    encoded.body += fmt::format("\nDROPPED {}", fmt::join(encoded.dropped, ", "));
  return encoded.body;
}

std::string transcode_stream(Dialect from, Dialect to, std::string_view bytes, size_t piece,
                             bool to_stream) {
  Run run(to, to_stream);
  const auto emit = [&](const llm::Event& event) { run.put(event); };
  llm::AnswerReader reader(from, kDecoder, 8 * 1024 * 1024);
  const size_t step = piece == 0 ? std::max<size_t>(1, bytes.size()) : piece;
  for (size_t at = 0; at < bytes.size(); at += step)
    if (const absl::Status status = reader.feed(Buffer(bytes.substr(at, step)), emit); !status.ok())
      return run.result(status);
  return run.result(reader.finish(emit));
}

std::string transcode_answer(Dialect from, Dialect to, std::string_view body, bool to_stream) {
  Run run(to, to_stream);
  llm::AnswerReader reader(from, kDecoder, 8 * 1024 * 1024);
  return run.result(reader.whole(body, [&](const llm::Event& event) { run.put(event); }));
}

std::string canonical(std::string_view json) {
  const auto parsed = parse_json_if_valid(json);
  return parsed.is_discarded() ? fmt::format("NOT JSON: {}", json) : parsed.dump();
}

}  // namespace omni::test
