// Records what codecs report and checks the order of events: headers once and first, nothing after
// complete or reset. Used by tests and fuzz targets.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "source/base/check.h"

namespace omni::test {

template <class Head>
struct Recorded {
  Head head;
  std::string body;
  int pieces = 0;  // Body events.
  bool has_head = false;
  bool is_complete = false;
  bool was_processed = true;  // Of a reset that a client saw.
  std::optional<ResetReason> reset;

  bool is_over() const { return is_complete || reset.has_value(); }
};

class ServerRecorder final : public ServerEvents {
 public:
  using Hook = std::function<void(StreamId)>;

  std::map<StreamId, Recorded<RequestHead>> requests;
  std::vector<StreamId> order;
  Hook after_headers, after_body, after_complete, after_reset;
  bool keeps_bodies = true;

  Recorded<RequestHead>& last() {
    OMNI_CHECK(!order.empty());
    return requests[order.back()];
  }

  void on_request_headers(StreamId id, RequestHead&& head) override {
    OMNI_CHECK(requests.count(id) == 0);
    order.push_back(id);
    requests[id].head = std::move(head);
    if (after_headers) after_headers(id);
  }
  void on_request_body(StreamId id, Buffer&& body) override {
    Recorded<RequestHead>& request = known(id);
    OMNI_CHECK(!body.empty());
    if (keeps_bodies) request.body += body.to_string();
    ++request.pieces;
    if (after_body) after_body(id);
  }
  void on_request_complete(StreamId id) override {
    known(id).is_complete = true;
    if (after_complete) after_complete(id);
  }
  void on_reset(StreamId id, ResetReason reason) override {
    OMNI_CHECK(requests.count(id) == 1 && !requests[id].reset);
    requests[id].reset = reason;
    if (after_reset) after_reset(id);
  }

 private:
  Recorded<RequestHead>& known(StreamId id) {
    OMNI_CHECK(requests.count(id) == 1);
    OMNI_CHECK(!requests[id].is_over());
    return requests[id];
  }
};

class ClientRecorder final : public ClientEvents {
 public:
  using Hook = std::function<void(StreamId)>;

  std::map<StreamId, Recorded<ResponseHead>> answers;
  Hook after_headers, after_body, after_complete, after_reset;

  void on_response_headers(StreamId id, ResponseHead&& head) override {
    OMNI_CHECK(!answers[id].has_head && !answers[id].is_over());
    answers[id].has_head = true;
    answers[id].head = std::move(head);
    if (after_headers) after_headers(id);
  }
  void on_response_body(StreamId id, Buffer&& body) override {
    OMNI_CHECK(!body.empty());
    known(id).body += body.to_string();
    ++answers[id].pieces;
    if (after_body) after_body(id);
  }
  void on_response_complete(StreamId id) override {
    known(id).is_complete = true;
    if (after_complete) after_complete(id);
  }
  void on_reset(StreamId id, ResetReason reason, bool processed) override {
    OMNI_CHECK(!answers[id].is_over());
    answers[id].reset = reason;
    answers[id].was_processed = processed;
    if (after_reset) after_reset(id);
  }

 private:
  Recorded<ResponseHead>& known(StreamId id) {
    OMNI_CHECK(answers[id].has_head);
    OMNI_CHECK(!answers[id].is_over());
    return answers[id];
  }
};

}  // namespace omni::test
