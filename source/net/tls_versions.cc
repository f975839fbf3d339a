#include <fmt/format.h>
#include <openssl/crypto.h>
#include <uv.h>

#include "source/net/library_versions.h"

namespace omni::net {

std::string library_versions() {
  return fmt::format("libuv {}\n{}\n", uv_version_string(), OpenSSL_version(OPENSSL_VERSION));
}

}  // namespace omni::net
