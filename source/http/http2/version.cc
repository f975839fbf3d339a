#include <nghttp2/nghttp2.h>

#include "source/http/library_versions.h"

namespace omni {

std::string nghttp2_version_text() {
  return std::string("nghttp2 ") + nghttp2_version(0)->version_str;
}

}  // namespace omni
