// A model provider that costs next to nothing, for measuring what stands before it. One thread, one
// epoll. Answers any POST in the shape of OpenAI's chat completions, as a stream when asked for
// one.
//   mock_upstream PORT
//   GET /bench/set?events=64&gap_us=0    how streams behave from now on
//   GET /bench/stats                     {"connections":..,"requests":..,"streams":..,"open":..}
// Without a gap, one event is one send() and open streams take turns.
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/bench/wire.h"

namespace omni::bench {
namespace {

struct Connection {
  int fd = -1;
  std::string in;
  std::string unsent;
  bool is_streaming = false;
  bool wants_usage = false;
  bool is_closed = false;
  bool waits_for_room = false;
  int next_event = 0;
  int events = 0;
  uint64_t gap_ns = 0;
  uint64_t due_ns = 0;
};

// What is sent, made once.
struct Texts {
  std::string answer, stream_head, role, finish, usage, done;
  std::vector<std::string> words;

  Texts() {
    const std::string body =
        R"({"id":"chatcmpl-bench","object":"chat.completion","created":1,)"
        R"("model":"bench-model","choices":[{"index":0,"message":{"role":"assistant","content":")" +
        repeat("A gateway should be quick, and say so with numbers. ", 6) +
        R"("},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":20,)"
        R"("completion_tokens":66,"total_tokens":86,"prompt_tokens_details":{"cached_tokens":0}}})";
    answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: bench\r\n"
        "content-length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    stream_head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        "cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";
    role = event(R"([{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}])");
    for (const char* word : {" one", " two", " three", " four", " five", " six"})
      words.push_back(event(R"([{"index":0,"delta":{"content":")" + std::string(word) +
                            R"("},"finish_reason":null}])"));
    finish = event(R"([{"index":0,"delta":{},"finish_reason":"stop"}])");
    usage = event(R"([],"usage":{"prompt_tokens":20,"completion_tokens":64,"total_tokens":84})");
    done = chunk("data: [DONE]\n\n") + "0\r\n\r\n";
  }

  static std::string repeat(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  }
  static std::string chunk(const std::string& data) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + data + "\r\n";
  }
  static std::string event(const std::string& choices) {
    return chunk(R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,)"
                 R"("model":"bench-model","choices":)" +
                 choices + "}\n\n");
  }
};

class Upstream {
 public:
  explicit Upstream(int listener) : listener_(listener), epoll_(epoll_create1(0)) {
    watch(listener, EPOLL_CTL_ADD, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    for (;;) {
      epoll_event ready[256];
      const int count = epoll_wait(epoll_, ready, 256, wait_ms());
      for (int i = 0; i < count; ++i) {
        auto* connection = static_cast<Connection*>(ready[i].data.ptr);
        if (connection == nullptr) {
          accept_all();
        } else if (!connection->is_closed) {
          if ((ready[i].events & EPOLLOUT) != 0) flush(*connection);
          if ((ready[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read(*connection);
        }
      }
      run_streams();
      closed_.clear();
    }
  }

 private:
  void watch(int fd, int operation, uint32_t events, Connection* connection) {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = connection;
    epoll_ctl(epoll_, operation, fd, &wanted);
  }

  int wait_ms() const {
    if (!eager_.empty()) return 0;
    if (paced_.empty()) return -1;
    const uint64_t now = now_ns(), due = paced_.begin()->first;
    return due <= now ? 0 : static_cast<int>((due - now + 999'999) / 1'000'000);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      send_at_once(fd);
      auto* connection = new Connection;
      connection->fd = fd;
      ++connections_;
      watch(fd, EPOLL_CTL_ADD, EPOLLIN, connection);
    }
  }

  void close(Connection& connection) {
    if (connection.is_closed) return;
    connection.is_closed = true;
    if (connection.is_streaming) {
      --open_;
      paced_.erase({connection.due_ns, &connection});
    }
    ::close(connection.fd);
    // Later entries of this turn's ready list may still point here.
    closed_.emplace_back(&connection);
  }

  void read(Connection& connection) {
    static char bytes[262144];
    const ssize_t got = recv(connection.fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return close(connection);
    connection.in.append(bytes, static_cast<size_t>(got));
    while (!connection.is_closed && !connection.is_streaming && answer_next(connection)) {
    }
  }

  // Answers the first request in `in`; false when it is not whole.
  bool answer_next(Connection& connection) {
    const size_t end = connection.in.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string_view head(connection.in.data(), end + 2);
    const size_t length = number(header(head, "content-length"));
    if (connection.in.size() < end + 4 + length) return false;
    const std::string_view body(connection.in.data() + end + 4, length);
    if (head.substr(0, 4) == "GET ") {
      send(connection, control(head));
    } else {
      ++requests_;
      // The load generator writes `stream` first, and a gateway appends what it asks for.
      if (body.substr(0, 512).find("\"stream\":true") != std::string_view::npos) {
        const std::string_view tail = body.substr(length > 512 ? length - 512 : 0);
        begin_stream(connection, tail.find("\"include_usage\":true") != std::string_view::npos);
      } else {
        send(connection, texts_.answer);
      }
    }
    if (!connection.is_closed) connection.in.erase(0, end + 4 + length);
    return true;
  }

  std::string control(std::string_view head) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const auto value = [line](std::string_view name, uint64_t otherwise) {
      const size_t at = line.find(name);
      return at == std::string_view::npos ? otherwise : number(line.substr(at + name.size()));
    };
    events_ = static_cast<int>(value("events=", static_cast<uint64_t>(events_)));
    gap_ns_ = value("gap_us=", gap_ns_ / 1000) * 1000;
    char body[160];
    const int size = std::snprintf(
        body, sizeof body, R"({"connections":%llu,"requests":%llu,"streams":%llu,"open":%llu})",
        connections_, requests_, streams_, open_);
    return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
           std::to_string(size) + "\r\n\r\n" + body;
  }

  void begin_stream(Connection& connection, bool wants_usage) {
    ++streams_;
    ++open_;
    connection.is_streaming = true;
    connection.wants_usage = wants_usage;
    connection.next_event = 0;
    connection.events = events_;
    connection.gap_ns = gap_ns_;
    connection.due_ns = now_ns();
    send(connection, texts_.stream_head);
    if (!connection.is_closed) step(connection);
  }

  // Sends the next event of a stream and says when the one after it is due.
  void step(Connection& connection) {
    const int at = connection.next_event++;
    if (at + 1 < connection.events) {
      send(connection, at == 0 ? texts_.role : texts_.words[static_cast<size_t>(at) % 6]);
      if (connection.is_closed) return;
      if (connection.gap_ns > 0) {
        connection.due_ns += connection.gap_ns;
        paced_.insert({connection.due_ns, &connection});
      } else if (!connection.waits_for_room) {
        eager_.push_back(&connection);
      }
      return;
    }
    connection.is_streaming = false;
    --open_;
    send(connection, texts_.finish);
    if (connection.wants_usage) send(connection, texts_.usage);
    send(connection, texts_.done);
  }

  void run_streams() {
    for (size_t turn = eager_.size(); turn > 0; --turn) {
      Connection* connection = eager_.front();
      eager_.pop_front();
      if (!connection->is_closed) step(*connection);
    }
    const uint64_t now = now_ns();
    while (!paced_.empty() && paced_.begin()->first <= now) {
      Connection* connection = paced_.begin()->second;
      paced_.erase(paced_.begin());
      step(*connection);
    }
  }

  void send(Connection& connection, std::string_view bytes) {
    if (connection.is_closed) return;
    if (connection.unsent.empty()) {
      const ssize_t sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return close(connection);
      bytes.remove_prefix(sent < 0 ? 0 : static_cast<size_t>(sent));
      if (bytes.empty()) return;
      connection.waits_for_room = true;
      watch(connection.fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT, &connection);
    }
    connection.unsent.append(bytes);
  }

  void flush(Connection& connection) {
    const std::string& unsent = connection.unsent;
    const ssize_t sent = ::send(connection.fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN ? void() : close(connection);
    connection.unsent.erase(0, static_cast<size_t>(sent));
    if (!connection.unsent.empty()) return;
    connection.waits_for_room = false;
    watch(connection.fd, EPOLL_CTL_MOD, EPOLLIN, &connection);
    if (connection.is_streaming && connection.gap_ns == 0) eager_.push_back(&connection);
  }

  const Texts texts_;
  int listener_;
  int epoll_;
  int events_ = 64;
  uint64_t gap_ns_ = 0;
  unsigned long long connections_ = 0, requests_ = 0, streams_ = 0, open_ = 0;
  std::deque<Connection*> eager_;                     // Streams without a gap, in turn.
  std::set<std::pair<uint64_t, Connection*>> paced_;  // Streams with one, by due time.
  std::vector<std::unique_ptr<Connection>> closed_;   // Freed at the end of the turn.
};

}  // namespace
}  // namespace omni::bench

int main(int argc, char** argv) {
  using namespace omni::bench;
  if (argc != 2) {
    std::fprintf(stderr, "usage: mock_upstream PORT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(static_cast<uint16_t>(number(argv[1])));
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 4096) != 0) {
    std::perror("mock_upstream");
    return 1;
  }
  Upstream(listener).run();
}
