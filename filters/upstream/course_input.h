// What choosing among targets goes by, of a client's request and of those that are made beside it.
#pragma once

#include <cstddef>

#include "api/exchange.h"
#include "source/routing/course.h"

namespace omni::filters {

// For a request of so many bytes that carries the conversation of `client`'s call to targets of
// `combo`, which may be null. It begins now; its `skips` are the client's.
routing::CourseInput course_input_of(Exchange& client, const routing::Combo* combo, size_t bytes);

}  // namespace omni::filters
