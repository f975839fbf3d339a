#include "source/exe/version.h"

#include <fmt/format.h>

#include "source/coding/library_versions.h"
#include "source/http/library_versions.h"
#include "source/net/library_versions.h"
#include "source/store/library_versions.h"

namespace omni {

std::string version_text() {
  return fmt::format("omniroute {} ({})\n{}\n{}{}{}\n{}\n{}\n", OMNI_VERSION, OMNI_COMMIT,
                     nghttp2_version_text(), net::library_versions(), store::library_versions(),
                     coding::zlib_version_text(), coding::brotli_version_text(),
                     coding::zstd_version_text());
}

}  // namespace omni
