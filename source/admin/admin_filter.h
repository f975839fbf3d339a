// The end of every management exchange: an owned copy of the request goes to the main thread, an
// owned answer comes back. The worker's loop never waits.
#pragma once

#include <memory>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_registry.h"
#include "source/admin/control_plane.h"

namespace omni {

class AdminFilter final : public Filter {
 public:
  // `plane` lives on `control`; both outlive every exchange.
  AdminFilter(FilterContext& context, Dispatcher& control, ControlPlane& plane);
  ~AdminFilter() override;

  Wants wants() const override { return {.whole_request = true}; }
  Next on_request_headers(RequestHead& head) override;
  Next on_request_body(Buffer& bytes) override;
  Next on_request_complete() override;

  // Stamps out filters for a row of its own.
  static FilterTemplate make_template(Dispatcher& control, ControlPlane& plane);

 private:
  void answer(AdminReply&& reply);

  FilterContext& context_;
  Dispatcher& control_;
  ControlPlane& plane_;
  AdminRequest request_;
  // Null once the filter is gone. Read and written on the exchange's worker only.
  std::shared_ptr<AdminFilter*> self_;
};

}  // namespace omni
