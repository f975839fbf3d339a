// The contents of a GenerateContent request.
#pragma once

#include <string>
#include <vector>

#include "source/llm/call_error.h"
#include "source/llm/call_ids.h"
#include "source/llm/codec.h"
#include "source/llm/parts.h"

namespace omni::llm::gemini {

// Writes Content after Content into the open `contents` array; neighbours of one role are one
// Content, since the vendor's models want the roles to alternate. System text is not its business.
class ContentWriter {
 public:
  // `needs_proof`: the model refuses calls that nobody signed.
  ContentWriter(json::Builder& json, const Request& request, bool needs_proof, Dropped& dropped,
                std::optional<CallError>& error)
      : json_(json),
        request_(request),
        names_(request),
        needs_proof_(needs_proof),
        dropped_(dropped),
        error_(error) {}

  void write(const Message& message);
  void finish();
  bool has_written() const { return has_written_; }

 private:
  void begin_content(bool is_model);
  void end_content();
  void flush_media();
  void reasoning(const std::vector<Part>& parts, size_t at);
  void part(const Part& part);
  bool takes_proof(const Part& part) const;
  void call(const Part& call);
  void result(const Part& result);
  std::string response(const Part& result);
  void media(const Part& part);
  // Ends the part that is open.
  void end_part(const Part& part);
  void refuse(std::string message);

  json::Builder& json_;
  const Request& request_;
  const CallNames names_;
  const bool needs_proof_;
  Dropped& dropped_;
  std::optional<CallError>& error_;
  bool is_open_ = false, is_model_ = false, has_written_ = false;
  bool has_call_ = false;           // The open Content.
  const Part* proof_ = nullptr;     // Its signature belongs to the next part.
  std::vector<const Part*> media_;  // Of results, not written yet.
};

}  // namespace omni::llm::gemini
