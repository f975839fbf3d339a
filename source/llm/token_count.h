// How many tokens a request has, asked of its provider or estimated here, without running it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/llm/request.h"

namespace omni::llm {

// Vendors with an endpoint for it: Anthropic (POST /v1/messages/count_tokens), Gemini
// (POST models/MODEL:countTokens) and OpenAI (POST /v1/responses/input_tokens).
bool can_count(Dialect provider);

// Makes what encode_request() wrote for a generation into the body of that endpoint, which takes
// fewer members, or wants them one level down.
void make_count_request(Dialect provider, std::string_view model, std::string& body);

// The count in an answer of that endpoint; nullopt when it is not there.
std::optional<int64_t> read_count(Dialect provider, std::string_view body);

// The answer for a client of Anthropic's, Gemini's or OpenAI's endpoint
// (POST /v1/responses/input_tokens).
std::string render_count(Dialect client, int64_t tokens, bool is_estimate);

// By length: about four bytes to a token, and a flat number for each image or document.
int64_t estimate_tokens(const Request& request);

}  // namespace omni::llm
