// Which conversation a request belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace omni::llm {

// What tells conversations apart, as the client wrote it: JSON values, empty where there is none.
struct SessionMarks {
  std::string_view messages;  // The row of messages, or the one text that stands for it.
  std::string_view system;    // What instructs the model from outside the row.
  std::string_view tools;
};

// The name that a client gave its session, as "ext:..."; empty for none. At most 64 characters of
// it count, and what cannot stand in a header is replaced.
std::string external_session(std::string_view named);

// 16 hexadecimal digits for clients that name none: of the model, the instructions, the first user
// message and the tools' names. Later turns of a conversation have the same.
std::string fingerprint(std::string_view model, const SessionMarks& marks);

}  // namespace omni::llm
