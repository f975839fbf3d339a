// The libraries behind the codecs, for `omniroute version`.
#pragma once

#include <string>

namespace omni {

// "nghttp2 x.y.z".
std::string nghttp2_version_text();

}  // namespace omni
