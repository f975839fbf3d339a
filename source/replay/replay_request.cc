#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <variant>

#include "source/llm/call.h"
#include "source/llm/decoded.h"
#include "source/llm/error.h"
#include "source/replay/replay.h"

namespace omni::replay {
namespace {

// What the client is told instead.
Outcome refused(const Options& options, const llm::CallError& error) {
  Outcome out;
  out.has_failed = true;
  out.notes.push_back(
      fmt::format("refused with {} {}: {}", error.status, error.code, error.message));
  out.output = llm::render_error(
      options.from,
      {.status = error.status, .code = error.code, .message = error.message, .param = error.param});
  return out;
}

}  // namespace

Outcome replay_request(const Options& options, std::string_view body) {
  llm::Call call;
  call.set_dialect(options.from);
  // Gemini's path says what its body does not.
  if (options.from == Dialect::kGemini)
    call.set_path_model(options.model, options.wanted == Form::kStream, false);
  if (const auto error = call.read(Buffer(body), "")) return refused(options, *error);
  const llm::Decoded& decoded = call.decoded();
  if (decoded.error) return refused(options, *decoded.error);

  llm::RequestOptions how;
  how.model = options.model.empty() ? call.model() : options.model;
  how.stream = options.wanted ? options.wanted == Form::kStream : call.wants_stream();
  llm::EncodeResult result = llm::encode_request(options.to, decoded.request, how);
  if (const auto* error = std::get_if<llm::CallError>(&result)) return refused(options, *error);

  auto& encoded = std::get<llm::EncodedRequest>(result);
  Outcome out;
  out.output = std::move(encoded.body);
  if (!encoded.dropped.empty())
    out.notes.push_back(fmt::format("dropped: {}", fmt::join(encoded.dropped, ", ")));
  if (!encoded.format_tool.empty())
    out.notes.push_back(
        fmt::format("the answer's format is asked for as a call of '{}'", encoded.format_tool));
  return out;
}

}  // namespace omni::replay
