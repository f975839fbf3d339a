// The libraries behind the codecs, for `omniroute version`.
#pragma once

#include <string>

namespace omni {

// "llhttp x.y.z" and "nghttp2 x.y.z".
std::string llhttp_version();
std::string nghttp2_version_text();

}  // namespace omni
