#include "source/coding/body_decoder.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::coding {
namespace {

std::unique_ptr<Decoder> make_decoder(std::string_view coding) {
  // RFC 9110 section 8.4.1.3: the two names are one.
  if (coding == "gzip" || coding == "x-gzip") return make_gzip_decoder();
  if (coding == "deflate") return make_deflate_decoder();
  if (coding == "br") return make_brotli_decoder();
  if (coding == "zstd") return make_zstd_decoder();
  return nullptr;
}

}  // namespace

absl::Status too_large() {
  return error(absl::StatusCode::kResourceExhausted, "a little data stands for too much");
}

absl::Status bytes_behind_the_end() { return invalid("bytes follow the end of the data"); }

BodyDecoder::Step::Step(std::string_view coding)
    : name(lower(coding)), decoder(make_decoder(name)), output(kMaxFeedBytes) {}

absl::Status BodyDecoder::Step::decode(Buffer& bytes) {
  absl::Status status;
  for (size_t i = 0; i < bytes.slice_count() && status.ok(); ++i)
    status = decoder->decode(bytes.slice(i).view(), output);
  bytes = output.take();
  return with_context(status, name);
}

absl::StatusOr<std::unique_ptr<BodyDecoder>> BodyDecoder::make(std::string_view content_encoding) {
  auto made = std::make_unique<BodyDecoder>();
  for (std::string_view coding : split(content_encoding, ',')) {
    coding = trim(coding);
    if (coding.empty() || equals_ignoring_case(coding, "identity")) continue;
    if (made->steps_.size() == kMaxCodings)
      return invalid(fmt::format("more than {} content codings", kMaxCodings));
    auto step = std::make_unique<Step>(coding);
    if (!step->decoder)
      return invalid(fmt::format("content coding '{}' is not known", coding.substr(0, 40)));
    made->steps_.insert(made->steps_.begin(), std::move(step));
  }
  if (made->steps_.empty()) return nullptr;
  return made;
}

absl::Status BodyDecoder::feed(Buffer& bytes) {
  absl::Status first;
  for (const auto& step : steps_) {
    absl::Status status = step->decode(bytes);
    if (first.ok()) first = std::move(status);
  }
  if (absl::IsResourceExhausted(first)) bytes.clear();
  return first;
}

absl::Status BodyDecoder::finish() const {
  for (const auto& step : steps_)
    if (!step->decoder->is_complete())
      return invalid(fmt::format("{}: the data ends too early", step->name));
  return absl::OkStatus();
}

}  // namespace omni::coding
