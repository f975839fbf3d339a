// GET /api/receipts/{id}.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/event.h"
#include "api/store.h"
#include "source/admin/control_plane.h"
#include "source/store/receipt_id.h"

namespace omni {

// Main thread only.
class ReceiptSource {
 public:
  // Has every worker hand its receipts to the store; then `done` runs on the main thread.
  virtual void flush_receipts(absl::AnyInvocable<void()> done) = 0;

 protected:
  ~ReceiptSource() = default;
};

// Main thread only.
class ReceiptApi final : public ControlPlane {
 public:
  // All of it outlives this.
  ReceiptApi(Store& store, Dispatcher& home, ReceiptSource& source)
      : store_(store), home_(home), source_(source) {}

  // Of a request that may be answered: who asks is settled. Requests still reading when this dies
  // are never answered.
  void handle(AdminRequest request, AdminDone done) override;

 private:
  struct Search {
    ReceiptId id;
    AdminDone done;
    bool is_last = false;
    std::unique_ptr<Pending> pending;
    // What a reader thread has found.
    std::shared_ptr<std::optional<std::string>> found;
  };

  void fetch(uint64_t number);
  void fetched(uint64_t number, const absl::Status& status);
  void settle(uint64_t number);

  Store& store_;
  Dispatcher& home_;
  ReceiptSource& source_;
  uint64_t last_number_ = 0;
  std::map<uint64_t, Search> searches_;
};

}  // namespace omni
