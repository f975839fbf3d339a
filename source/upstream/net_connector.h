// The connector of production: a net::Dial for each attempt.
#pragma once

#include <memory>

#include "source/net/dialer.h"
#include "source/upstream/connector.h"

namespace omni::upstream {

class NetConnector final : public Connector {
 public:
  explicit NetConnector(const net::DialContext& context) : context_(context) {}

  [[nodiscard]] std::unique_ptr<Attempt> connect(const Origin& origin, absl::Duration limit,
                                                 ConnectEvents& events) override;

 private:
  const net::DialContext context_;
};

}  // namespace omni::upstream
