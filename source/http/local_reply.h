// Turning an answer made here into bytes of the client's dialect.
#pragma once

#include <cstddef>
#include <string_view>

#include "api/http.h"
#include "source/buffer/buffer.h"
#include "source/catalog/dialect.h"

namespace omni {

// Fills `head` and returns the body.
Buffer render_local_reply(Dialect dialect, const LocalReply& reply, ResponseHead& head);

// 413 for a body beyond `limit_bytes`.
LocalReply body_too_large(size_t limit_bytes);

// 415 for a body in a content coding, which the header lists.
LocalReply body_coded(std::string_view content_encoding);

}  // namespace omni
