// The benchmark's client. One thread, one epoll; each connection sends its next request when the
// answer to the last one is whole. Prints one line of JSON.
//   load run   --port P --path /... --model M [--key K] --connections N --seconds S
//              [--body-bytes B] [--stream]     latency in microseconds, errors, events
//   load hold  ... --connections N             opens N streams, prints, holds until stdin ends
//   load start ... --log FILE -- COMMAND...    starts COMMAND, prints how long its first 200 took
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/bench/wire.h"

namespace omni::bench {
namespace {

struct Options {
  uint16_t port = 0;
  std::string path = "/v1/chat/completions", model = "bench-model", key, log = "/dev/null";
  int connections = 1;
  double seconds = 1;
  size_t body_bytes = 1024;
  bool stream = false;
  std::vector<char*> command;
};

std::string make_request(const Options& options) {
  std::string body = "{\"model\":\"" + options.model + "\",";
  if (options.stream) body += "\"stream\":true,";
  if (options.path == "/v1/messages") body += "\"max_tokens\":1024,";
  body += "\"messages\":[{\"role\":\"user\",\"content\":\"";
  const std::string_view end = "\"}],\"temperature\":0.5}";
  // Prose with an escaped line end now and then, as prompts have.
  const std::string_view line =
      "The same words again, so that a large prompt is not a rare one.\\n";
  while (body.size() + end.size() + line.size() <= options.body_bytes) body += line;
  while (body.size() + end.size() < options.body_bytes) body += '.';
  body += end;
  std::string head = "POST " + options.path +
                     " HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(options.port) +
                     "\r\ncontent-type: application/json\r\n";
  if (!options.key.empty()) head += "authorization: Bearer " + options.key + "\r\n";
  return head + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  send_at_once(fd);
  return fd;
}

struct Client {
  int fd = -1;
  size_t sent = 0;
  uint64_t begun_ns = 0;
  uint64_t first_ns = 0;
  ResponseReader reader;
};

double percentile_us(std::vector<uint64_t>& samples, double share) {
  if (samples.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + at, samples.end());
  return static_cast<double>(samples[static_cast<size_t>(at)]) / 1000;
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), request_(make_request(options)), epoll_(epoll_create1(0)) {
    for (int i = 0; i < options.connections; ++i) {
      auto client = std::make_unique<Client>();
      open(*client);
      clients_.push_back(std::move(client));
    }
  }

  void run() {
    const uint64_t start = now_ns();
    const uint64_t end = start + static_cast<uint64_t>(options_.seconds * 1e9);
    for (auto& client : clients_) begin(*client);
    while (now_ns() < end && errors_ < 100) turn(100);
    report(static_cast<double>(now_ns() - start) / 1e9);
  }

  // Opens every stream, waits until each has sent something, then keeps them while stdin is open.
  void hold() {
    for (auto& client : clients_) begin(*client);
    const uint64_t give_up = now_ns() + 20'000'000'000u;
    while (count_open() < options_.connections && errors_ == 0 && now_ns() < give_up) turn(100);
    std::printf("{\"open\":%d,\"errors\":%llu}\n", count_open(), errors_);
    std::fflush(stdout);
    pollfd input{STDIN_FILENO, POLLIN, 0};
    while (poll(&input, 1, 0) == 0) turn(50);
  }

 private:
  void open(Client& client) {
    client.fd = connect_to(options_.port);
    if (client.fd < 0) {
      ++errors_;
      return;
    }
    fcntl(client.fd, F_SETFL, O_NONBLOCK);
    watch(client, EPOLL_CTL_ADD, EPOLLIN);
  }

  void watch(Client& client, int operation, uint32_t events) {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = &client;
    epoll_ctl(epoll_, operation, client.fd, &wanted);
  }

  void begin(Client& client) {
    client.reader.begin();
    client.sent = 0;
    client.first_ns = 0;
    client.begun_ns = now_ns();
    if (client.fd >= 0) write(client);
  }

  void write(Client& client) {
    const ssize_t sent =
        send(client.fd, request_.data() + client.sent, request_.size() - client.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return fail(client, "send");
    const bool was_waiting = client.sent > 0;
    client.sent += sent < 0 ? 0 : static_cast<size_t>(sent);
    if (client.sent < request_.size()) {
      watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    } else if (was_waiting) {
      watch(client, EPOLL_CTL_MOD, EPOLLIN);
    }
  }

  void turn(int timeout_ms) {
    epoll_event ready[256];
    const int count = epoll_wait(epoll_, ready, 256, timeout_ms);
    for (int i = 0; i < count; ++i) {
      auto& client = *static_cast<Client*>(ready[i].data.ptr);
      if ((ready[i].events & EPOLLOUT) != 0 && client.sent < request_.size()) write(client);
      if (client.fd >= 0 && (ready[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read(client);
    }
  }

  void read(Client& client) {
    static char bytes[65536];
    const ssize_t got = recv(client.fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return fail(client, "closed before the end");
    if (!client.reader.feed({bytes, static_cast<size_t>(got)})) return fail(client, "not HTTP");
    if (client.first_ns == 0 && client.reader.has_body()) client.first_ns = now_ns();
    if (client.reader.is_complete()) finish(client);
  }

  void finish(Client& client) {
    const uint64_t now = now_ns();
    if (client.reader.status() != 200)
      return fail(client, "status " + std::to_string(client.reader.status()));
    if (options_.stream && !client.reader.ends_with_done())
      return fail(client, "the stream has no last event");
    events_ += client.reader.events();
    whole_ns_.push_back(now - client.begun_ns);
    first_ns_.push_back(client.first_ns - client.begun_ns);
    begin(client);
  }

  void fail(Client& client, const std::string& why) {
    if (++errors_ == 1) first_error_ = why;
    close(client.fd);
    open(client);
    begin(client);
  }

  int count_open() const {
    return static_cast<int>(std::count_if(clients_.begin(), clients_.end(), [](const auto& client) {
      return client->first_ns != 0 && !client->reader.is_complete();
    }));
  }

  void report(double seconds) {
    std::printf(
        "{\"requests\":%zu,\"errors\":%llu,\"error\":\"%s\",\"seconds\":%.3f,"
        "\"events\":%llu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"first_p50_us\":%.1f,"
        "\"first_p99_us\":%.1f}\n",
        whole_ns_.size(), errors_, first_error_.c_str(), seconds, events_,
        percentile_us(whole_ns_, 0.5), percentile_us(whole_ns_, 0.99),
        percentile_us(first_ns_, 0.5), percentile_us(first_ns_, 0.99));
  }

  const Options& options_;
  const std::string request_;
  int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<uint64_t> whole_ns_, first_ns_;
  unsigned long long errors_ = 0, events_ = 0;
  std::string first_error_;
};

// One request on a fresh connection; true for a whole 200.
bool ask_once(const Options& options, const std::string& request) {
  const int fd = connect_to(options.port);
  if (fd < 0) return false;
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bool ok = send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size());
  ResponseReader reader;
  char bytes[8192];
  while (ok && !reader.is_complete()) {
    const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    ok = got > 0 && reader.feed({bytes, static_cast<size_t>(got)});
  }
  close(fd);
  return ok && reader.status() == 200;
}

int start(Options& options) {
  const std::string request = make_request(options);
  options.command.push_back(nullptr);
  const uint64_t begun = now_ns();
  const pid_t pid = fork();
  if (pid == 0) {
    const int log = ::open(options.log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    const int nothing = ::open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(options.command[0], options.command.data());
    _exit(127);
  }
  while (!ask_once(options, request)) {
    if (now_ns() - begun > 10'000'000'000u || waitpid(pid, nullptr, WNOHANG) == pid) {
      kill(pid, SIGKILL);
      std::fprintf(stderr, "load: no answer from %s, see %s\n", options.command[0],
                   options.log.c_str());
      return 1;
    }
    usleep(500);
  }
  std::printf("{\"start_ms\":%.2f,\"pid\":%d}\n", static_cast<double>(now_ns() - begun) / 1e6, pid);
  return 0;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--stream") {
      options.stream = true;
      continue;
    }
    if (name == "--") {
      options.command.assign(argv + i + 1, argv + argc);
      return !options.command.empty();
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    if (name == "--port")
      options.port = static_cast<uint16_t>(number(value));
    else if (name == "--path")
      options.path = value;
    else if (name == "--model")
      options.model = value;
    else if (name == "--key")
      options.key = value;
    else if (name == "--log")
      options.log = value;
    else if (name == "--connections")
      options.connections = static_cast<int>(number(value));
    else if (name == "--seconds")
      options.seconds = std::strtod(value, nullptr);
    else if (name == "--body-bytes")
      options.body_bytes = number(value);
    else
      return false;
  }
  return options.port != 0;
}

}  // namespace
}  // namespace omni::bench

int main(int argc, char** argv) {
  using namespace omni::bench;
  Options options;
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (!parse(argc, argv, options) || (verb != "run" && verb != "hold" && verb != "start")) {
    std::fprintf(stderr, "usage: load run|hold|start --port P [options]; see load.cc\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (verb == "start") return options.command.empty() ? 2 : start(options);
  options.stream = options.stream || verb == "hold";
  Load load(options);
  if (verb == "hold") {
    load.hold();
  } else {
    load.run();
  }
}
