#include "source/base/random.h"

#include <sys/random.h>

#include "source/base/check.h"

namespace omni {

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  size_t done = 0;
  while (done < count) {
    const ssize_t got = getrandom(out.data() + done, count - done, 0);
    OMNI_CHECK(got > 0);
    done += static_cast<size_t>(got);
  }
  return out;
}

uint64_t random_word() {
  thread_local uint64_t state = [] {
    uint64_t seed = 0;
    OMNI_CHECK(getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed));
    return seed;
  }();
  const uint64_t word = mixed(state);
  state += 0x9E3779B97F4A7C15ull;
  return word;
}

}  // namespace omni
