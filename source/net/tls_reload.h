// Reads a listener's certificate files again when they change.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/time/time.h>

#include <memory>

#include "source/event/file_watch.h"
#include "source/net/tls_context.h"

namespace omni::net {

class TlsReload {
 public:
  using OnReload = absl::AnyInvocable<void(absl::Status)>;

  // `on_reload` is told how each attempt went; after a failed one the old files stay in force. It
  // must not destroy this object.
  TlsReload(Loop& loop, std::shared_ptr<TlsServer> server, OnReload on_reload,
            absl::Duration debounce = FileWatch::kDebounce);

 private:
  std::shared_ptr<TlsServer> server_;
  OnReload on_reload_;
  FileWatch watch_;
};

}  // namespace omni::net
