#include "source/store/library_versions.h"

#include <lmdb.h>

namespace omni::store {

std::string library_versions() {
  return std::string(mdb_version(nullptr, nullptr, nullptr)) + "\n";
}

}  // namespace omni::store
