#include "filters/upstream/answer_coding.h"

#include <string>
#include <utility>

#include "source/base/status.h"

namespace omni::filters {

absl::StatusOr<std::unique_ptr<coding::BodyDecoder>> take_codings(ResponseHead& head) {
  if (!head.headers.get("content-encoding")) return nullptr;
  // Fields of one name are one list (RFC 9110 section 5.3).
  std::string codings;
  for (const Headers::Field field : head.headers)
    if (field.name == "content-encoding") codings.append(field.value).append(",");
  OMNI_ASSIGN_OR_RETURN(std::unique_ptr<coding::BodyDecoder> decoder,
                        coding::BodyDecoder::make(codings));
  head.headers.remove("content-encoding");
  if (!decoder) return nullptr;
  head.content_length.reset();
  // RFC 9530, and RFC 3230 and 2616 before it: hashes of the coded bytes.
  for (const std::string_view name : {"content-digest", "repr-digest", "digest", "content-md5"})
    head.headers.remove(name);
  return decoder;
}

}  // namespace omni::filters
