#include "source/net/tls_reload.h"

#include <string>
#include <utility>
#include <vector>

namespace omni::net {
namespace {

std::vector<std::string> paths_of(const TlsServerFiles& files) {
  std::vector<std::string> out = {files.certificate, files.private_key};
  if (!files.client_ca.empty()) out.push_back(files.client_ca);
  return out;
}

}  // namespace

TlsReload::TlsReload(Loop& loop, std::shared_ptr<TlsServer> server, OnReload on_reload,
                     absl::Duration debounce)
    : server_(std::move(server)),
      on_reload_(std::move(on_reload)),
      watch_(
          loop, paths_of(server_->files()), [this] { on_reload_(server_->reload()); }, debounce) {}

}  // namespace omni::net
