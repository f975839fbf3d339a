// What is wrong with a line of a head, by name: strict about every byte that has been used to
// smuggle requests past another parser (RFC 9112 sections 2.2, 3, 5.1, 5.2, 11.2). Lines are
// without their CRLF. The reader only asks about lines that it did not understand at once.
#pragma once

#include <string_view>

#include "source/http/fault.h"

namespace omni {

Fault check_request_line(std::string_view line);
Fault check_status_line(std::string_view line);
Fault check_field(std::string_view line);

}  // namespace omni
