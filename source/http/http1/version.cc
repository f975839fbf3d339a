#include <llhttp.h>

#include <fmt/format.h>

#include "source/http/library_versions.h"

namespace omni {

std::string llhttp_version() {
  return fmt::format("llhttp {}.{}.{}", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR,
                     LLHTTP_VERSION_PATCH);
}

}  // namespace omni
