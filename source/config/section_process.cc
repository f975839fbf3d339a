// workers, storage, shutdown, log and admin: what concerns the process as a whole.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/strings.h"
#include "source/config/scalar.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr int64_t kMaxWorkers = 256;

// The value of `key` as one of `words`; nullopt when absent or wrong.
template <class Value, size_t kCount>
std::optional<Value> one_of(MappingReader& reader, std::string_view key,
                            const std::array<std::pair<std::string_view, Value>, kCount>& words) {
  const std::optional<std::string> text = reader.text(key);
  if (!text) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& [name, value] : words) {
    if (name == *text) return value;
    names.emplace_back(name);
  }
  reader.fail(key, fmt::format("expected one of {}, found '{}'{}", fmt::join(names, ", "), *text,
                               suggestion(*text, names)));
  return std::nullopt;
}

bool is_cidr(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  std::array<unsigned char, 16> bytes;
  int64_t bits = 0;
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
    bits = 32;
  else if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1)
    bits = 128;
  else
    return false;
  if (slash == std::string::npos) return true;
  const std::string length = text.substr(slash + 1);
  const std::optional<int64_t> prefix = parse_int(length);
  return prefix && length[0] != '-' && *prefix <= bits;
}

void read_bounds(MappingReader& reader, absl::Duration& age, uint64_t& bytes) {
  age = reader.duration("age", absl::Hours(1), absl::Hours(24 * 36500)).value_or(age);
  if (const auto size = reader.size_bytes("size", kMiB, 16 * kMiB * kMiB))
    bytes = static_cast<uint64_t>(*size);
}

void read_retention(MappingReader& storage, SectionContext& context) {
  StorageConfig& out = context.config.storage;
  const ConfigValue* value = storage.find("retention");
  if (value == nullptr) return;
  MappingReader retention(*value, "storage.retention", context.errors);
  read_bounds(retention, out.retention_age, out.retention_bytes);
  if (const ConfigValue* own = retention.find("receipts")) {
    MappingReader receipts(*own, "storage.retention.receipts", context.errors);
    read_bounds(receipts, out.receipts_age, out.receipts_bytes);
    receipts.done();
  }
  retention.done();
}

}  // namespace

void read_process(MappingReader& root, SectionContext& context) {
  if (const ConfigValue* workers = root.find("workers")) {
    if (workers->kind != ConfigValue::Kind::kScalar || workers->text != "auto") {
      const absl::StatusOr<int64_t> count = as_integer(*workers);
      if (!count.ok() || *count < 1 || *count > kMaxWorkers)
        root.fail("workers", fmt::format("expected auto or a number from 1 to {}", kMaxWorkers));
      else
        context.config.workers = static_cast<uint32_t>(*count);
    }
  }
  if (const ConfigValue* value = root.find("storage")) {
    MappingReader storage(*value, "storage", context.errors);
    if (const auto path = storage.text("path")) {
      context.config.storage.path = *path;
      if (path->empty()) storage.fail("path", "must not be empty");
    }
    if (const auto size = storage.size_bytes("map_size", 16 * kMiB, 16 * kMiB * kMiB))
      context.config.storage.map_size_bytes = static_cast<uint64_t>(*size);
    read_retention(storage, context);
    storage.done();
  }
  if (const ConfigValue* value = root.find("shutdown")) {
    MappingReader shutdown(*value, "shutdown", context.errors);
    if (const auto drain = shutdown.duration("drain", absl::ZeroDuration(), absl::Hours(24)))
      context.config.shutdown.drain = *drain;
    shutdown.done();
  }
}

void read_log(MappingReader& root, SectionContext& context) {
  using Level = LogConfig::Level;
  using Format = LogConfig::Format;
  constexpr std::array<std::pair<std::string_view, Level>, 4> kLevels = {{
      {"debug", Level::kDebug},
      {"info", Level::kInfo},
      {"warning", Level::kWarning},
      {"error", Level::kError},
  }};
  constexpr std::array<std::pair<std::string_view, Format>, 2> kFormats = {
      {{"json", Format::kJson}, {"text", Format::kText}}};
  const ConfigValue* value = root.find("log");
  if (value == nullptr) return;
  MappingReader log(*value, "log", context.errors);
  if (const auto level = one_of(log, "level", kLevels)) context.config.log.level = *level;
  if (const auto format = one_of(log, "format", kFormats)) context.config.log.format = *format;
  if (const auto access = log.boolean("access")) context.config.log.access = *access;
  log.done();
}

void read_admin(MappingReader& root, SectionContext& context) {
  AdminConfig& admin = context.config.admin;
  if (const ConfigValue* value = root.find("admin")) {
    MappingReader reader(*value, "admin", context.errors);
    if (auto password = reader.text("password")) admin.password = Secret(*std::move(password));
    if (reader.has("allow")) {
      admin.allow = reader.text_list("allow");
      const std::vector<MappingReader::Item> items = reader.items("allow");
      for (const MappingReader::Item& item : items)
        if (item.value->kind == ConfigValue::Kind::kScalar && !is_cidr(item.value->text))
          context.errors.add(item.value->at, item.path,
                             fmt::format("'{}' is not an address or a range such as 10.0.0.0/8",
                                         item.value->text));
    }
    reader.done();
  }
  if (admin.password.empty())
    admin.password = Secret(context.input.environment("INITIAL_PASSWORD").value_or(""));
}

}  // namespace omni
