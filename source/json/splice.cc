#include "source/json/splice.h"

#include "source/base/check.h"

namespace omni::json {

Buffer splice(const Buffer& original, const std::vector<Edit>& edits) {
  OMNI_CHECK(original.slice_count() <= 1);
  Buffer out;
  if (original.empty()) return out;
  const Slice& whole = original.slice(0);
  size_t at = 0;
  for (const Edit& edit : edits) {
    OMNI_CHECK(edit.at >= at && edit.at + edit.size <= whole.size());
    if (edit.at > at) out.append(whole.part(at, edit.at - at));
    out.append(edit.text);
    at = edit.at + edit.size;
  }
  if (at < whole.size()) out.append(whole.part(at, whole.size() - at));
  return out;
}

}  // namespace omni::json
