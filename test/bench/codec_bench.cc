// What the codecs cost: a whole 1 KB exchange through four passes, and one event of a stream
// relayed from an upstream to a client. Bytes only, no sockets.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>

#include "source/base/check.h"
#include "source/http/http1/client_codec.h"
#include "source/http/http1/server_codec.h"
#include "source/http/http2/client_codec.h"
#include "source/http/http2/server_codec.h"

namespace omni {
namespace {

struct StillClock final : Clock {
  absl::Time now() const override { return absl::UnixEpoch(); }
  absl::Duration since_start() const override { return absl::ZeroDuration(); }
};

const std::string& request_bytes() {
  static const std::string bytes = [] {
    const std::string body(1024, 'x');
    return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1.0\r\n"
           "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nContent-Type: application/json\r\n"
           "Authorization: Bearer sk-0123456789abcdef0123456789abcdef\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return bytes;
}

const std::string& response_bytes() {
  static const std::string bytes = [] {
    const std::string body(600, 'y');
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 10:00:00 "
           "GMT\r\nServer: mock\r\nX-Request-Id: 0123456789abcdef\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return bytes;
}

// A block as a reader lends it: one block for ever, so that its price is not measured.
class Reader {
 public:
  explicit Reader(const std::string& bytes)
      : block_(Block::create(64 * 1024)), size_(bytes.size()) {
    std::memcpy(block_->data(), bytes.data(), size_);
    block_->set_used(size_);
    block_->lend();
  }
  ~Reader() { block_->unref(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  void read(Buffer& in) {
    block_->ref();
    in.append(Slice(block_->data(), size_, block_));
  }

 private:
  Block* block_;
  size_t size_;
};

struct Client final : ClientEvents {
  ServerCodec* server = nullptr;
  StreamId server_id = 0;
  void on_response_headers(StreamId, ResponseHead&& head) override {
    server->send_headers(server_id, head);
  }
  void on_response_body(StreamId, Buffer&& body) override {
    server->send_body(server_id, std::move(body));
  }
  void on_response_complete(StreamId) override { server->send_complete(server_id); }
  void on_reset(StreamId, ResetReason, bool) override { OMNI_CHECK(false); }
};

struct Server final : ServerEvents {
  ClientCodec* client = nullptr;
  Client* answers = nullptr;
  StreamId client_id = 0;
  void on_request_headers(StreamId id, RequestHead&& head) override {
    answers->server_id = id;
    client_id = client->open(head);
  }
  void on_request_body(StreamId, Buffer&& body) override {
    client->send_body(client_id, std::move(body));
  }
  void on_request_complete(StreamId) override { client->send_complete(client_id); }
  void on_reset(StreamId, ResetReason) override { OMNI_CHECK(false); }
};

// A gateway without anything in between.
struct Relay {
  Relay() : server(server_events, {}, "http"), client(client_events, {}) {
    server_events.client = &client;
    server_events.answers = &client_events;
    client_events.server = &server;
  }
  Server server_events;
  Client client_events;
  Http1ServerCodec server;
  Http1ClientCodec client;
};

void relay_exchange(benchmark::State& state) {
  Relay relay;
  Reader request(request_bytes());
  Reader response(response_bytes());
  for (auto _ : state) {
    Buffer in, out;
    request.read(in);
    OMNI_CHECK(relay.server.feed(in).ok());
    relay.client.drain(out);
    benchmark::DoNotOptimize(out.size());
    out.clear();
    response.read(in);
    OMNI_CHECK(relay.client.feed(in).ok());
    relay.server.drain(out);
    benchmark::DoNotOptimize(out.size());
  }
}
BENCHMARK(relay_exchange)->Name("http1/exchange_1kb_four_passes");

struct Answering final : ServerEvents {
  ServerCodec* codec = nullptr;
  ResponseHead head;
  Buffer body;
  void on_request_headers(StreamId, RequestHead&&) override {}
  void on_request_body(StreamId, Buffer&&) override {}
  void on_request_complete(StreamId id) override {
    codec->send_headers(id, head);
    codec->send_body(id, body.share());
    codec->send_complete(id);
    codec->forget(id);
  }
  void on_reset(StreamId, ResetReason) override {}
};

void serve(benchmark::State& state) {
  Answering events;
  events.head.headers.add("content-type", "application/json");
  events.head.headers.add("x-request-id", "0123456789abcdef");
  events.body = Buffer(std::string(600, 'y'));
  events.head.content_length = events.body.size();
  Http1ServerCodec codec(events, {}, "http");
  events.codec = &codec;
  Reader request(request_bytes());
  for (auto _ : state) {
    Buffer in, out;
    request.read(in);
    OMNI_CHECK(codec.feed(in).ok());
    codec.drain(out);
    benchmark::DoNotOptimize(out.size());
  }
}
BENCHMARK(serve)->Name("http1/serve_1kb");

void relay_event(benchmark::State& state) {
  Relay relay;
  Buffer in(request_bytes());
  OMNI_CHECK(relay.server.feed(in).ok());
  Buffer out;
  relay.client.drain(out);
  in.append("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  OMNI_CHECK(relay.client.feed(in).ok());
  relay.server.drain(out);
  Reader event("c8\r\ndata: " + std::string(192, 'e') + "\n\n\r\n");
  for (auto _ : state) {
    out.clear();
    event.read(in);
    OMNI_CHECK(relay.client.feed(in).ok());
    relay.server.drain(out);
    benchmark::DoNotOptimize(out.size());
  }
}
BENCHMARK(relay_event)->Name("http1/relay_200b_event");

struct Ignoring final : ClientEvents {
  void on_response_headers(StreamId, ResponseHead&&) override {}
  void on_response_body(StreamId, Buffer&&) override {}
  void on_response_complete(StreamId) override {}
  void on_reset(StreamId, ResetReason, bool) override { OMNI_CHECK(false); }
};

// Both ends, since neither can be fed from a recording: HPACK and stream ids move on.
void http2_exchange(benchmark::State& state) {
  StillClock clock;
  Answering events;
  events.head.headers.add("content-type", "application/json");
  events.body = Buffer(std::string(600, 'y'));
  events.head.content_length = events.body.size();
  Http2ServerCodec server(events, {}, clock);
  events.codec = &server;
  Ignoring ignoring;
  Http2ClientCodec client(ignoring, {}, clock);
  RequestHead head;
  head.method = "POST";
  head.target = "/v1/chat/completions";
  head.authority = "127.0.0.1";
  head.headers.add("authorization", "Bearer sk-0123456789abcdef0123456789abcdef");
  head.headers.add("content-type", "application/json");
  for (auto _ : state) {
    const StreamId id = client.open(head);
    Buffer wire;
    client.drain(wire);
    OMNI_CHECK(server.feed(wire).ok());
    server.drain(wire);
    OMNI_CHECK(client.feed(wire).ok());
    benchmark::DoNotOptimize(id);
  }
}
BENCHMARK(http2_exchange)->Name("http2/exchange_both_ends");

}  // namespace
}  // namespace omni
