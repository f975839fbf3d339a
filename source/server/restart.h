// Restart in place: a new process of our own binary takes the listening sockets over while this one
// drains, so that no connection fails.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/event.h"
#include "source/net/listener.h"

namespace omni {

// A listening socket on its way to the next process.
struct HandedSocket {
  int fd = -1;
  size_t listener = 0;  // Its place in the file of the process that hands it over.
  std::string address;  // With the real port.
  std::string name;     // Of the listener; empty when a version before this one hands it over.
};

// What this process was given by the one before it.
struct Inheritance {
  std::vector<HandedSocket> sockets;
  int ready_fd = -1;       // Write a byte when serving.
  std::string ticket_key;  // Of TLS session tickets.

  bool is_empty() const { return sockets.empty(); }
  // Reads `text`, the value of kVariable in our environment.
  static Inheritance parse(const std::string& text);
  std::string text() const;
  void tell_ready();
  // Takes out the sockets that a listener of the new file has at `address`, wherever it stood in
  // the old one. Only of a port 0 the place is asked, and only when there is no name to ask for.
  std::vector<HandedSocket> take(const net::ListenAddress& address, size_t listener,
                                 const std::string& name);
  // Of listeners that are gone.
  void close_rest();

  static constexpr char kVariable[] = "OMNIROUTE_INHERIT";
};

// One attempt. Destroying it before it is done ends the child.
class Restart {
 public:
  // Told once: OK when the child serves, else why it does not.
  using OnDone = absl::AnyInvocable<void(absl::Status)>;

  // `arguments` are those this process was started with.
  Restart(Dispatcher& dispatcher, const std::vector<std::string>& arguments, Inheritance handed,
          OnDone on_done);
  ~Restart();

 private:
  absl::Status spawn(const std::vector<std::string>& arguments, Inheritance handed);
  void poll();
  void done(absl::Status status);

  Dispatcher& dispatcher_;
  OnDone on_done_;
  int child_ = -1;
  int pipe_ = -1;
  int polls_ = 0;
  std::unique_ptr<Timer> timer_;
};

}  // namespace omni
