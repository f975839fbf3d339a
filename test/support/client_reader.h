// The rules of the five dialects, as the vendors' libraries hold a stream to them; for
// client_view.h alone.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/client_view.h"
#include "test/support/json.h"

namespace omni::test {

std::string text_of(const nlohmann::json& object, const char* key);
// -1 where there is none.
int64_t count_of(const nlohmann::json& object, const char* key);
// Null where there is none.
const nlohmann::json& member_of(const nlohmann::json& object, const char* key);

// One event of a stream, whatever its transport.
struct Framed {
  std::string type, data;
};

// What every dialect's reading has in common.
class ClientReader {
 public:
  explicit ClientReader(Dialect dialect) : dialect_(dialect) {}

  void stream(std::string_view bytes);
  void array(std::string_view bytes);
  void whole(const nlohmann::json& body);
  Told take() { return std::move(told_); }

 private:
  void require(bool holds, std::string_view rule) {
    if (!holds && told_.problem.empty()) told_.problem = rule;
  }
  void blame(bool holds, std::string_view fault) {
    if (!holds && told_.upstream_fault.empty()) told_.upstream_fault = fault;
  }
  std::vector<Framed> split(std::string_view bytes);
  void event(const Framed& framed);
  void error(const nlohmann::json& said);
  void call(std::string id, std::string name, const nlohmann::json& arguments);
  nlohmann::json parse_arguments(const std::string& text);

  void chat_chunk(const nlohmann::json& chunk);
  void chat_delta(const nlohmann::json& delta);
  void chat_call(const nlohmann::json& said);
  void chat_usage(const nlohmann::json& usage);
  void chat_end();
  void message_event(const std::string& type, const nlohmann::json& event);
  void block_delta(const nlohmann::json& delta);
  void message_usage(const nlohmann::json& usage);
  void message_end();
  void response(const nlohmann::json& response);
  void content_chunk(const nlohmann::json& chunk);
  void line(const nlohmann::json& line);

  const Dialect dialect_;
  Told told_;
  nlohmann::json turn_;
  std::vector<std::string> pieces_;  // Arguments while they come.
  int open_block_ = -1;
  bool has_begun_ = false, is_over_ = false, is_whole_ = false;
};

}  // namespace omni::test
