// The client's side of a chain: what left it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/http/filter_chain.h"

namespace omni::test {

class RecordingSink final : public ChainSink {
 public:
  void send_headers(ResponseHead&& sent) override {
    events.push_back("headers");
    head = std::move(sent);
  }
  void send_body(Buffer&& bytes) override {
    events.push_back("body");
    body += bytes.to_string();
  }
  void send_complete() override { events.push_back("complete"); }
  void abort() override { events.push_back("abort"); }
  void hold_request_body(bool hold) override { events.push_back(hold ? "hold" : "release"); }
  void request_moved() override {}

  bool is_complete() const { return !events.empty() && events.back() == "complete"; }
  bool is_aborted() const { return !events.empty() && events.back() == "abort"; }

  std::optional<ResponseHead> head;
  std::string body;
  std::vector<std::string> events;
};

}  // namespace omni::test
