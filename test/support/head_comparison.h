// One head by our reader and by llhttp, side by side. Used by tests and by a fuzz target.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "source/http/http1/head_reader.h"
#include "test/support/llhttp_heads.h"

namespace omni::test {

// What became of a head, as text that can be compared.
inline std::string describe(const Headers& headers, std::optional<uint64_t> length,
                            const Framing& framing) {
  std::string out;
  for (const Headers::Field field : headers)
    out.append("\n").append(field.name).append(": ").append(field.value);
  out += "\ntext " + std::to_string(headers.text_bytes());
  out += length ? "\nlength " + std::to_string(*length) : "";
  out += framing.is_chunked ? "\nchunked" : "";
  out += framing.keeps_alive ? "\nkept" : "";
  out += framing.expects_continue ? "\nexpects" : "";
  out += framing.is_old ? "\nold" : "";
  return out;
}

inline std::string describe(const RequestHead& head, const Framing& framing) {
  return head.method + " " + head.target + " " + head.authority + " " + head.scheme +
         (head.has_body ? " body" : "") + describe(head.headers, head.content_length, framing);
}

inline std::string describe(const ResponseHead& head, const Framing& framing) {
  return std::to_string(head.status) + describe(head.headers, head.content_length, framing);
}

struct Outcome {
  int status = 0;    // Of a refusal.
  size_t left = 0;   // Bytes behind a complete head.
  std::string head;  // Of one that was accepted; "more" when it is not complete.
};

// `piece` gives the size of each next piece.
inline Outcome read_by_us(HeadType type, std::string_view bytes, const CodecLimits& limits,
                          const std::function<size_t()>& piece) {
  HeadReader reader(static_cast<HeadReader::Kind>(type), limits);
  HeadReader::Verdict verdict = HeadReader::Verdict::kIncomplete;
  Buffer in;
  size_t at = 0;
  while (at < bytes.size() && verdict == HeadReader::Verdict::kIncomplete) {
    const std::string_view next = bytes.substr(at, std::max<size_t>(piece(), 1));
    // Of its own, so that the sanitizer sees each byte read beyond it.
    const std::string copy(next);
    Buffer slice;
    slice.append_static(copy);
    in.append(std::move(slice));
    at += next.size();
    verdict = reader.read(in);
    if (verdict != HeadReader::Verdict::kIncomplete) at -= in.size();
    in.clear();
  }
  Outcome out;
  out.left = bytes.size() - at;
  if (verdict == HeadReader::Verdict::kFault) out.status = reader.fault().status;
  if (verdict == HeadReader::Verdict::kIncomplete) out.head = "more";
  if (verdict != HeadReader::Verdict::kComplete || type == HeadType::kTrailers) return out;
  Framing framing;
  RequestHead request;
  ResponseHead response;
  const Fault fault = type == HeadType::kRequest ? reader.finish("http", framing, request)
                                                 : reader.finish(framing, response);
  out.status = fault.status;
  if (fault) return out;
  out.head = type == HeadType::kRequest ? describe(request, framing) : describe(response, framing);
  return out;
}

inline Outcome read_by_llhttp(HeadType type, std::string_view bytes, const CodecLimits& limits) {
  const OracleHead oracle = read_head_by_llhttp(type, bytes, limits);
  Outcome out;
  out.status = oracle.fault.status;
  out.left = bytes.size() - oracle.size;
  if (!oracle.is_complete && !oracle.fault) out.head = "more";
  if (!oracle.is_complete || oracle.fault || type == HeadType::kTrailers) return out;
  out.head = type == HeadType::kRequest ? describe(oracle.request, oracle.framing)
                                        : describe(oracle.response, oracle.framing);
  return out;
}

// Why the two differ, or empty. A head that is wrong in more than one way may be refused for
// another reason: llhttp judges a Transfer-Encoding or CONNECT before a Host.
inline std::string difference(HeadType type, std::string_view bytes, const CodecLimits& limits,
                              const std::function<size_t()>& piece) {
  const Outcome ours = read_by_us(type, bytes, limits, piece);
  const Outcome theirs = read_by_llhttp(type, bytes, limits);
  if (ours.head != theirs.head) return "heads differ: " + ours.head + "\nand: " + theirs.head;
  if ((ours.status == 0) != (theirs.status == 0) ||
      (ours.status != theirs.status && (ours.status / 100 == 5) + (theirs.status / 100 == 5) != 1 &&
       (ours.status == 405) + (theirs.status == 405) != 1))
    return "statuses differ: " + std::to_string(ours.status) + ", " + std::to_string(theirs.status);
  if (ours.status == 0 && ours.head != "more" && ours.left != theirs.left) return "sizes differ";
  return "";
}

}  // namespace omni::test
