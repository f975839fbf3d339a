#include "source/server/restart.h"

#include <absl/time/time.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"

extern char** environ;

namespace omni {
namespace {

constexpr absl::Duration kPollEvery = absl::Milliseconds(20);
constexpr int kMostPolls = 500;  // Ten seconds.
constexpr int kFirstFd = 64;     // Descriptors are numbered from here in the child.

std::vector<std::string> environment_with(const std::string& inheritance) {
  std::vector<std::string> out;
  const std::string prefix = fmt::format("{}=", Inheritance::kVariable);
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, prefix.c_str(), prefix.size()) != 0) out.emplace_back(*entry);
  out.push_back(prefix + inheritance);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// The file this process was started from: after an upgrade, the newer one at the same path.
std::string own_binary() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  std::string out(path, size > 0 ? static_cast<size_t>(size) : 0);
  constexpr std::string_view kDeleted = " (deleted)";
  if (out.size() > kDeleted.size() &&
      out.compare(out.size() - kDeleted.size(), kDeleted.size(), kDeleted) == 0)
    out.resize(out.size() - kDeleted.size());
  return access(out.c_str(), X_OK) == 0 ? out : "/proc/self/exe";
}

std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<char>(hex_value(text[i]) * 16 + hex_value(text[i + 1])));
  return out;
}

}  // namespace

// "ready=70;ticket=HEX;64=0,127.0.0.1:20128;64.name=HEX;65=...". What a version does not know it
// passes over.
std::string Inheritance::text() const {
  std::string out = fmt::format("ready={};ticket={}", ready_fd, to_hex(ticket_key));
  for (const HandedSocket& socket : sockets)
    out += fmt::format(";{0}={1},{2};{0}.name={3}", socket.fd, socket.listener, socket.address,
                       to_hex(socket.name));
  return out;
}

Inheritance Inheritance::parse(const std::string& text) {
  Inheritance out;
  for (const std::string_view part : split(text, ';')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equals), value = part.substr(equals + 1);
    if (name == "ready") {
      out.ready_fd = static_cast<int>(parse_int(value).value_or(-1));
    } else if (name == "ticket") {
      out.ticket_key = from_hex(value);
    } else if (name.ends_with(".name")) {
      if (!out.sockets.empty()) out.sockets.back().name = from_hex(value);
    } else if (const auto fd = parse_int(name)) {
      const size_t comma = value.find(',');
      if (comma == std::string_view::npos) continue;
      out.sockets.push_back(
          {.fd = static_cast<int>(*fd),
           .listener = static_cast<size_t>(parse_int(value.substr(0, comma)).value_or(0)),
           .address = std::string(value.substr(comma + 1)),
           .name = ""});
    }
  }
  return out;
}

void Inheritance::tell_ready() {
  if (ready_fd < 0) return;
  // The parent that is gone by now needs no telling.
  [[maybe_unused]] const ssize_t written = write(ready_fd, "1", 1);
  close(std::exchange(ready_fd, -1));
}

std::vector<HandedSocket> Inheritance::take(const net::ListenAddress& address, size_t listener,
                                            const std::string& name) {
  std::vector<HandedSocket> out;
  std::erase_if(sockets, [&](const HandedSocket& socket) {
    const absl::StatusOr<net::ListenAddress> bound = net::ListenAddress::parse(socket.address);
    if (!bound.ok() || bound->host != address.host || bound->unix_path != address.unix_path)
      return false;
    const bool is_of_listener =
        socket.name.empty() ? socket.listener == listener : socket.name == name;
    const bool takes_any_port = !address.is_unix() && address.port == 0;
    if (takes_any_port ? !is_of_listener : bound->port != address.port) return false;
    out.push_back(socket);
    return true;
  });
  return out;
}

void Inheritance::close_rest() {
  for (const HandedSocket& socket : sockets) close(socket.fd);
  sockets.clear();
}

Restart::Restart(Dispatcher& dispatcher, const std::vector<std::string>& arguments,
                 Inheritance handed, OnDone on_done)
    : dispatcher_(dispatcher), on_done_(std::move(on_done)) {
  const absl::Status status = spawn(arguments, std::move(handed));
  timer_ = dispatcher_.make_timer([this, status] {
    if (!status.ok()) return done(status);
    poll();
  });
  timer_->arm(kPollEvery);
}

Restart::~Restart() {
  if (pipe_ >= 0) close(pipe_);
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

absl::Status Restart::spawn(const std::vector<std::string>& arguments, Inheritance handed) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return failed(fmt::format("pipe: {}", std::strerror(errno)));
  pipe_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Descriptors are moved in two steps, so that none is overwritten before it is copied.
  int number = kFirstFd;
  for (HandedSocket& socket : handed.sockets) {
    posix_spawn_file_actions_adddup2(&actions, socket.fd, number + 512);
    socket.fd = number++;
  }
  posix_spawn_file_actions_adddup2(&actions, ends[1], number + 512);
  handed.ready_fd = number++;
  for (int fd = kFirstFd; fd < number; ++fd) {
    posix_spawn_file_actions_adddup2(&actions, fd + 512, fd);
    posix_spawn_file_actions_addclose(&actions, fd + 512);
  }
  std::vector<std::string> argument_texts = arguments,
                           variable_texts = environment_with(handed.text());
  const std::vector<char*> argv = pointers(argument_texts), variables = pointers(variable_texts);
  pid_t pid = -1;
  const int code =
      posix_spawn(&pid, own_binary().c_str(), &actions, nullptr, argv.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (code != 0)
    return failed(fmt::format("cannot start the new process: {}", std::strerror(code)));
  child_ = pid;
  return absl::OkStatus();
}

void Restart::poll() {
  char byte = 0;
  const ssize_t got = read(pipe_, &byte, 1);
  if (got == 1) {
    child_ = -1;  // It lives its own life now.
    return done(absl::OkStatus());
  }
  if (got == 0)
    return done(failed("the new process ended before it served; see its last lines above"));
  if (++polls_ > kMostPolls)
    return done(failed("the new process was silent for 10 s and was ended"));
  timer_->arm(kPollEvery);
}

void Restart::done(absl::Status status) {
  // The callback may destroy this object.
  OnDone callback = std::move(on_done_);
  callback(std::move(status));
}

}  // namespace omni
