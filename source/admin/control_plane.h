// The management side as requests see it: it lives on the main thread and is talked to by messages.
#pragma once

#include <absl/functional/any_invocable.h>

#include <string>
#include <utility>
#include <vector>

#include "source/base/secret.h"

namespace omni {

// An owned copy of a management request, so that it can cross threads.
struct AdminRequest {
  std::string method;
  std::string path;    // Canonical.
  std::string target;  // As sent, with the query.
  Secret authorization;
  std::string body;
};

struct AdminReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using AdminDone = absl::AnyInvocable<void(AdminReply)>;

// Main thread only.
class ControlPlane {
 public:
  // `done` runs once, on the main thread; perhaps before this returns.
  virtual void handle(AdminRequest request, AdminDone done) = 0;

 protected:
  ~ControlPlane() = default;
};

}  // namespace omni
