#include "test/support/relay.h"

namespace omni::test {

std::vector<ClientKind> client_kinds() {
  std::vector<ClientKind> out;
  for (const Dialect dialect : kDialects)
    for (const Form form : {Form::kStream, Form::kPlain}) out.push_back({dialect, form});
  out.push_back({Dialect::kGemini, Form::kArray});
  return out;
}

std::string name_of(ClientKind kind) {
  constexpr std::string_view kForms[] = {"plain", "stream", "array"};
  return std::string(name_of(kind.dialect)) + " " +
         std::string(kForms[static_cast<size_t>(kind.form)]);
}

Relay::Relay(Dialect from, std::vector<ClientKind> kinds, const llm::Request* request,
             size_t max_event_bytes)
    : kinds_(std::move(kinds)),
      reader_(from, {.id_seed = "seed", .request = request}, max_event_bytes) {
  for (const ClientKind& kind : kinds_)
    clients_.push_back(
        {llm::make_answer_encoder(kind.dialect, {.stream = kind.form != Form::kPlain,
                                                 .model = "named-model",
                                                 .fallback_id = "fallback",
                                                 .now = 1700000000,
                                                 .is_json_array = kind.form == Form::kArray}),
         {}});
}

void Relay::put(const llm::Event& event) {
  if (is_done_ || has_failed_) return;
  is_done_ |= event.kind == llm::Event::Kind::kDone;
  has_failed_ |= event.kind == llm::Event::Kind::kFailed;
  for (Client& client : clients_) client.encoder->put(event, client.out);
}

void Relay::feed(std::string_view bytes) {
  if (!status_.ok() || has_failed_) return;
  status_ = reader_.feed(Buffer(bytes), [this](const llm::Event& event) { put(event); });
}

void Relay::whole(std::string_view body) {
  status_ = reader_.whole(body, [this](const llm::Event& event) { put(event); });
  end(true);
}

void Relay::finish() {
  if (status_.ok() && !has_failed_)
    status_ = reader_.finish([this](const llm::Event& event) { put(event); });
  end(false);
}

// The filter chain writes the last event of a stream, the encoder that of an array; instead of a
// plain answer there is an error's body, and nothing else.
void Relay::end(bool is_whole) {
  const llm::Error error{.status = 502, .code = "broken", .message = "It broke off."};
  llm::Event event;
  event.kind = llm::Event::Kind::kFailed;
  event.error = &error;
  for (size_t i = 0; i < clients_.size(); ++i) {
    Client& client = clients_[i];
    const Dialect dialect = kinds_[i].dialect;
    if (is_done_) continue;
    if (kinds_[i].form == Form::kPlain) {
      client.out += llm::render_error(dialect, error);
    } else if (has_failed_ && !is_whole) {
      continue;
    } else if (kinds_[i].form == Form::kArray) {
      client.encoder->put(event, client.out);
    } else {
      client.out += llm::render_stream_error(dialect, error);
    }
  }
}

std::string relay_stream(Dialect from, ClientKind to, std::string_view bytes) {
  Relay relay(from, {to});
  relay.feed(bytes);
  relay.finish();
  return relay.out(0);
}

}  // namespace omni::test
