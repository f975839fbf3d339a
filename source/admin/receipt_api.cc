#include "source/admin/receipt_api.h"

#include <string>
#include <string_view>
#include <utility>

#include "source/admin/admin_error.h"
#include "source/admin/receipt_view.h"
#include "source/base/status.h"
#include "source/store/receipt.h"
#include "source/store/receipt_block.h"

namespace omni {
namespace {

constexpr std::string_view kPath = "/api/receipts/";

AdminReply show(const ReceiptId& id, std::string_view bytes) {
  const absl::StatusOr<Receipt> receipt = Receipt::parse(bytes);
  if (!receipt.ok()) return admin_error(500, "store_failed", message(receipt.status()));
  AdminReply out;
  out.body = render_receipt(id, *receipt);
  return out;
}

// A process that took over in place knows a table which its predecessor made after that only when
// it has written to it itself.
absl::Status touch_table(Update& update) {
  const std::string nobodys(ReceiptId::kKeyBytes, '\0');
  OMNI_RETURN_IF_ERROR(update.put(kReceiptsTable, nobodys, ""));
  return update.erase(kReceiptsTable, nobodys);
}

}  // namespace

void ReceiptApi::handle(AdminRequest request, AdminDone done) {
  const std::string_view path(request.path);
  if (path.size() <= kPath.size() || path.substr(0, kPath.size()) != kPath)
    return done(admin_error(404, "not_found", "There is nothing at this path."));
  const std::optional<ReceiptId> id = ReceiptId::from_text(path.substr(kPath.size()));
  if (!id)
    return done(admin_error(400, "invalid_receipt_id",
                            "That is no receipt's id: it has 23 digits of Crockford's base 32."));
  const uint64_t number = ++last_number_;
  searches_[number] = {.id = *id, .done = std::move(done), .pending = nullptr, .found = nullptr};
  fetch(number);
}

void ReceiptApi::fetch(uint64_t number) {
  Search& search = searches_[number];
  search.found = std::make_shared<std::optional<std::string>>();
  search.pending = store_.read(
      home_,
      [id = search.id, found = search.found](const Store& store) -> absl::Status {
        OMNI_ASSIGN_OR_RETURN(*found, find_receipt(store, id));
        return absl::OkStatus();
      },
      [this, number](const absl::Status& status) { fetched(number, status); });
}

void ReceiptApi::fetched(uint64_t number, const absl::Status& status) {
  Search& search = searches_[number];
  const bool is_there = search.found->has_value();
  if (status.ok() && !is_there && !std::exchange(search.is_last, true)) return settle(number);
  AdminReply reply;
  if (!status.ok())
    reply = admin_error(500, "store_failed", message(status));
  else if (!is_there)
    reply = admin_error(404, "receipt_not_found",
                        "There is no such receipt: the exchange has not ended, it has been "
                        "removed, or there never was one.");
  else
    reply = show(search.id, **search.found);
  AdminDone done = std::move(search.done);
  searches_.erase(number);
  done(std::move(reply));
}

// Whoever has the answer may ask for its receipt, although that is on its way to the disk still.
void ReceiptApi::settle(uint64_t number) {
  source_.flush_receipts([this, number] {
    searches_[number].pending =
        store_.update(home_, touch_table, [this, number](const absl::Status&) { fetch(number); });
  });
}

}  // namespace omni
