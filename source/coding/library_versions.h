// The libraries behind the codings, for `omniroute version`.
#pragma once

#include <string>

namespace omni::coding {

// "NAME x.y.z" each.
std::string zlib_version_text();
std::string brotli_version_text();
std::string zstd_version_text();

}  // namespace omni::coding
