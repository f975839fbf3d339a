// A filter's context without a chain: notes what the filter asks for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/exchange.h"
#include "api/filter.h"

namespace omni::test {

class FakeContext final : public FilterContext {
 public:
  explicit FakeContext(Exchange& exchange) : exchange_(exchange) {}

  Exchange& exchange() override { return exchange_; }
  void resume_request() override { ++request_resumes; }
  void resume_response() override { ++response_resumes; }
  void reply(LocalReply reply) override { replies.push_back(std::move(reply)); }
  void respond_headers(ResponseHead&& head) override { response = std::move(head); }
  void respond_body(Buffer&& bytes) override {
    if (on_body) on_body(bytes);
    body += bytes.to_string();
  }
  void respond_complete() override { complete = true; }

  std::vector<LocalReply> replies;
  std::optional<ResponseHead> response;
  std::string body;
  bool complete = false;
  int request_resumes = 0;
  int response_resumes = 0;
  std::function<void(Buffer&)> on_body;

 private:
  Exchange& exchange_;
};

}  // namespace omni::test
