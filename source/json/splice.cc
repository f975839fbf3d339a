#include "source/json/splice.h"

#include <cstring>

#include "source/base/check.h"

namespace omni::json {
namespace {

// Up to here one copy is cheaper than slices.
constexpr size_t kShortBytes = 2048;

// Calls `put` with every piece of the result, in order.
template <class PutOld, class PutNew>
void walk(size_t size, const Edit* edits, size_t count, PutOld put_old, PutNew put_new) {
  size_t at = 0;
  for (const Edit* edit = edits; edit != edits + count; ++edit) {
    OMNI_CHECK(edit->at >= at && edit->at + edit->size <= size);
    if (edit->at > at) put_old(at, edit->at - at);
    put_new(std::string_view(edit->text));
    at = edit->at + edit->size;
  }
  if (at < size) put_old(at, size - at);
}

Buffer splice_short(std::string_view original, const Edit* edits, size_t count, size_t room) {
  Block* block = Block::create(room);
  char* pen = block->data();
  const auto put = [&](std::string_view text) {
    std::memcpy(pen, text.data(), text.size());
    pen += text.size();
  };
  walk(
      original.size(), edits, count,
      [&](size_t at, size_t size) { put(original.substr(at, size)); }, put);
  const auto size = static_cast<size_t>(pen - block->data());
  block->set_used(size);
  Buffer out;
  out.append(Slice(block->data(), size, block));
  return out;
}

}  // namespace

Buffer splice(const Buffer& original, const Edit* edits, size_t count) {
  OMNI_CHECK(original.slice_count() <= 1);
  if (original.empty()) return Buffer();
  if (count == 0) return original.share();
  const Slice& whole = original.slice(0);
  size_t room = whole.size();
  for (const Edit* edit = edits; edit != edits + count; ++edit) room += edit->text.size();
  if (room <= kShortBytes) return splice_short(whole.view(), edits, count, room);
  Buffer out;
  walk(
      whole.size(), edits, count, [&](size_t at, size_t size) { out.append(whole.part(at, size)); },
      [&](std::string_view text) { out.append(text); });
  return out;
}

}  // namespace omni::json
