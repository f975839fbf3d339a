// One upstream's answer towards clients of every dialect at once, ended as the gateway ends it.
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/llm/answer_reader.h"

namespace omni::test {

enum class Form : uint8_t {
  kPlain,
  kStream,
  kArray,  // Gemini's streams without alt=sse: one JSON array.
};

struct ClientKind {
  Dialect dialect = Dialect::kOpenai;
  Form form = Form::kPlain;
};
inline constexpr Dialect kDialects[] = {Dialect::kOpenai, Dialect::kOpenaiResponses,
                                        Dialect::kAnthropic, Dialect::kGemini, Dialect::kOllama};
// Each dialect plain and streamed, and the array.
std::vector<ClientKind> client_kinds();
std::string name_of(ClientKind kind);

class Relay {
 public:
  // `request`: what is answered, where that matters.
  explicit Relay(Dialect from, std::vector<ClientKind> kinds = client_kinds(),
                 const llm::Request* request = nullptr, size_t max_event_bytes = 8 * 1024 * 1024);

  // After an error nothing is taken any more.
  void feed(std::string_view bytes);
  void whole(std::string_view body);
  // The upstream has gone. An answer that is not complete becomes an error of each client.
  void finish();

  // In the order of the kinds.
  const std::string& out(size_t i) const { return clients_[i].out; }
  const std::vector<ClientKind>& kinds() const { return kinds_; }
  // The upstream said that it is done, and nothing was wrong until then.
  bool is_done() const { return is_done_; }
  // What could not be read; OK where the stream just ended.
  const absl::Status& status() const { return status_; }

 private:
  struct Client {
    std::unique_ptr<llm::AnswerEncoder> encoder;
    std::string out;
  };
  void put(const llm::Event& event);
  void end(bool is_whole);

  const std::vector<ClientKind> kinds_;
  llm::AnswerReader reader_;
  std::vector<Client> clients_;
  absl::Status status_;
  bool is_done_ = false, has_failed_ = false;
};

// All of `bytes` for one client.
std::string relay_stream(Dialect from, ClientKind to, std::string_view bytes);

}  // namespace omni::test
