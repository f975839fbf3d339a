#include "source/admin/admin_filter.h"

#include <utility>

namespace omni {

AdminFilter::AdminFilter(FilterContext& context, Dispatcher& control, ControlPlane& plane)
    : context_(context),
      control_(control),
      plane_(plane),
      self_(std::make_shared<AdminFilter*>(this)) {}

AdminFilter::~AdminFilter() { *self_ = nullptr; }

Next AdminFilter::on_request_headers(RequestHead& head) {
  request_.method = head.method;
  request_.target = head.target;
  request_.path = context_.exchange().facts().path;
  request_.authorization = Secret(std::string(head.headers.value("authorization")));
  return Next::kContinue;
}

Next AdminFilter::on_request_body(Buffer& bytes) {
  request_.body = bytes.to_string();
  bytes.clear();
  return Next::kContinue;
}

Next AdminFilter::on_request_complete() {
  Dispatcher& home = context_.exchange().dispatcher();
  control_.post([&plane = plane_, &home, self = self_, request = std::move(request_)]() mutable {
    plane.handle(std::move(request), [&home, self = std::move(self)](AdminReply reply) mutable {
      home.post([self = std::move(self), reply = std::move(reply)]() mutable {
        if (*self != nullptr) (*self)->answer(std::move(reply));
      });
    });
  });
  return Next::kContinue;
}

void AdminFilter::answer(AdminReply&& reply) {
  context_.exchange().facts().answer.source = Answer::Source::kLocal;
  ResponseHead head;
  head.status = reply.status;
  head.content_length = reply.body.size();
  head.headers.add("content-type", reply.content_type);
  head.headers.add("cache-control", "no-store");
  for (const auto& [name, value] : reply.headers) head.headers.add(name, value);
  context_.respond_headers(std::move(head));
  context_.respond_body(Buffer(reply.body));
  context_.respond_complete();
}

FilterTemplate AdminFilter::make_template(Dispatcher& control, ControlPlane& plane) {
  return [&control, &plane](FilterContext& context) -> std::unique_ptr<Filter> {
    return std::make_unique<AdminFilter>(context, control, plane);
  };
}

}  // namespace omni
