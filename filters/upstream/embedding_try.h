// An embedding on its way to one target and back.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <optional>
#include <string>

#include "api/exchange.h"
#include "api/http.h"
#include "source/buffer/buffer.h"
#include "source/llm/call_error.h"
#include "source/llm/embedding.h"

namespace omni::filters {

// Appends what the provider's base_url is followed by.
void append_embedding_path(std::string& out, const Facts& facts, const Target& target);

// What the request was decides how the answer is told.
class EmbeddingTry {
 public:
  // The request as the target is to get it; empty and an error where it cannot be asked this.
  Buffer render(Exchange& exchange, const Target& target, std::optional<llm::CallError>& error);
  // The answer's bytes are the client's as they come.
  bool passes() const { return client_ == target_; }
  // Puts a whole 2xx answer into the client's words. Not OK when it is none.
  absl::Status finish(Exchange& exchange, ResponseHead& head, Buffer& body,
                      llm::Usage& usage) const;

 private:
  Buffer pass(const llm::Call& call, const Target& target) const;
  Buffer translate(Facts& facts, const Target& target, std::optional<llm::CallError>& error);

  llm::EmbeddingForm client_ = llm::EmbeddingForm::kOpenai;
  llm::EmbeddingForm target_ = llm::EmbeddingForm::kOpenai;
  size_t texts_ = 0;
  bool is_base64_ = false;
};

}  // namespace omni::filters
