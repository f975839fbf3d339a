#include "source/upstream/net_connector.h"

#include <utility>

namespace omni::upstream {
namespace {

class NetAttempt final : public Connector::Attempt {
 public:
  NetAttempt(const net::DialContext& context, const Origin& origin, absl::Duration limit,
             ConnectEvents& events)
      : dial_(context, origin, limit, [&events](net::DialResult result) {
          if (result.connection != nullptr) {
            events.on_connected(std::move(result.connection));
          } else {
            events.on_connect_failed(result.failure, std::move(result.why));
          }
        }) {}

  bool is_at_proxy() const override { return dial_.is_at_proxy(); }

 private:
  net::Dial dial_;
};

}  // namespace

std::unique_ptr<Connector::Attempt> NetConnector::connect(const Origin& origin,
                                                          absl::Duration limit,
                                                          ConnectEvents& events) {
  return std::make_unique<NetAttempt>(context_, origin, limit, events);
}

}  // namespace omni::upstream
