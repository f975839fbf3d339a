// Checks for our own bugs. A failed check ends the process with file, line and the broken sentence;
// it is never used for what a peer, a disk or a user may do.
#pragma once

namespace omni {

// Prints and aborts. Async-signal-safe enough to be called from anywhere.
[[noreturn, gnu::cold]] void check_failed(const char* file, int line, const char* expression);

}  // namespace omni

#define OMNI_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::omni::check_failed(__FILE__, __LINE__, #condition))
