#include "source/store/receipt_block.h"

#include <algorithm>

#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/store/receipt.h"

namespace omni {
namespace {

constexpr size_t kCountBytes = 4, kEndBytes = 4;
constexpr size_t kEntryBytes = ReceiptId::kKeyBytes + kEndBytes;

void append_little32(std::string& out, size_t number) {
  char bytes[4];
  store_little32(bytes, static_cast<uint32_t>(number));
  out.append(bytes, sizeof bytes);
}

std::string make_block(const ReceiptRow* begin, const ReceiptRow* end) {
  const auto count = static_cast<size_t>(end - begin);
  size_t values = 0;
  for (const ReceiptRow* row = begin; row != end; ++row) values += row->value.size();
  std::string out;
  out.reserve(kCountBytes + count * kEntryBytes + values);
  append_little32(out, count);
  values = 0;
  for (const ReceiptRow* row = begin; row != end; ++row) {
    out += row->key;
    append_little32(out, values += row->value.size());
  }
  for (const ReceiptRow* row = begin; row != end; ++row) out += row->value;
  return out;
}

int64_t ms_of(const ReceiptRow& row) { return ReceiptId::from_key(row.key).ms; }

}  // namespace

absl::Status make_blocks(
    std::vector<ReceiptRow>& rows,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view block)> take) {
  std::sort(rows.begin(), rows.end(),
            [](const ReceiptRow& a, const ReceiptRow& b) { return a.key < b.key; });
  const ReceiptRow* const end = rows.data() + rows.size();
  for (const ReceiptRow* first = rows.data(); first != end;) {
    const ReceiptRow* last = first + 1;
    while (last != end && last - first < static_cast<ptrdiff_t>(kMostInBlock) &&
           ms_of(*last) - ms_of(*first) <= kBlockSpanMs)
      ++last;
    OMNI_RETURN_IF_ERROR(take(first->key, make_block(first, last)));
    first = last;
  }
  return absl::OkStatus();
}

std::optional<std::string_view> find_in_block(std::string_view block, std::string_view key) {
  if (block.size() < kCountBytes) return std::nullopt;
  const size_t count = load_little32(block.data());
  if (count > kMostInBlock || block.size() < kCountBytes + count * kEntryBytes) return std::nullopt;
  const std::string_view entries = block.substr(kCountBytes, count * kEntryBytes);
  const std::string_view values = block.substr(kCountBytes + count * kEntryBytes);
  size_t begin = 0;
  for (size_t at = 0; at < entries.size(); at += kEntryBytes) {
    const size_t end = load_little32(entries.data() + at + ReceiptId::kKeyBytes);
    if (end < begin || end > values.size()) return std::nullopt;
    if (entries.substr(at, ReceiptId::kKeyBytes) == key) return values.substr(begin, end - begin);
    begin = end;
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<std::string>> find_receipt(const Store& store, const ReceiptId& id) {
  std::string key(ReceiptId::kKeyBytes, '\0'), from = key;
  id.write_key(key.data());
  ReceiptId{.ms = std::max<int64_t>(id.ms - kBlockSpanMs, 0), .exchange = 0}.write_key(from.data());
  std::optional<std::string> found;
  OMNI_RETURN_IF_ERROR(
      store.scan(kReceiptsTable, from, [&](std::string_view first, std::string_view block) {
        if (first > key) return false;
        if (const auto value = find_in_block(block, key)) found = std::string(*value);
        return !found.has_value();
      }));
  return found;
}

}  // namespace omni
