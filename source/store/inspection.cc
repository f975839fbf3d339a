#include "source/store/inspection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/store/ownership.h"

namespace omni::store {
namespace {

// LMDB's data format 1, as in a 64-bit little-endian build: a page header of 16 bytes, then
// magic (4), version (4), address (8), map size (8), two trees of 48 bytes whose first word holds
// the page size (4), last page (8), transaction (8). All machines we run on are of that kind.
constexpr size_t kMetaBytes = 152;
constexpr size_t kMagicAt = 16, kVersionAt = 20, kPageSizeAt = 40, kLastPageAt = 136;
constexpr size_t kTransactionAt = 144;
constexpr uint32_t kMagic = 0xBEEFC0DE;
constexpr uint32_t kDataVersion = 1;
constexpr uint32_t kLeastPage = 512, kLargestPage = 65536;

struct Meta {
  uint32_t page_size;
  uint64_t last_page, transaction;
};

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

absl::Status not_ours(std::string_view why) {
  return failed(fmt::format("not ours: data.mdb is not a store ({})", why));
}

absl::Status truncated(uint64_t size, uint64_t needed) {
  return error(absl::StatusCode::kDataLoss,
               fmt::format("truncated: data.mdb has {} bytes and needs {}", size, needed));
}

// Nothing when the file ends before it.
std::optional<std::array<char, kMetaBytes>> read_meta_at(int fd, off_t at) {
  std::array<char, kMetaBytes> bytes;
  if (::pread(fd, bytes.data(), bytes.size(), at) != static_cast<ssize_t>(bytes.size())) {
    return std::nullopt;
  }
  return bytes;
}

absl::StatusOr<Meta> parse_meta(const std::array<char, kMetaBytes>& bytes) {
  if (load_little32(bytes.data() + kMagicAt) != kMagic) return not_ours("wrong magic number");
  if (load_little32(bytes.data() + kVersionAt) != kDataVersion) {
    return not_ours("another version of LMDB's format");
  }
  const Meta out{load_little32(bytes.data() + kPageSizeAt),
                 load_little64(bytes.data() + kLastPageAt),
                 load_little64(bytes.data() + kTransactionAt)};
  const bool is_power = (out.page_size & (out.page_size - 1)) == 0;
  if (!is_power || out.page_size < kLeastPage || out.page_size > kLargestPage ||
      out.last_page > (uint64_t{1} << 46)) {
    return error(absl::StatusCode::kDataLoss, "damaged: data.mdb has a meta page without sense");
  }
  return out;
}

}  // namespace

absl::StatusOr<DataFile> inspect_data_file(const std::string& path) {
  const OpenFile file(path);
  if (file.fd() < 0 && errno == ENOENT) return DataFile{};
  if (file.fd() < 0) return system_status(errno, path);
  struct stat about;
  if (::fstat(file.fd(), &about) != 0) return system_status(errno, path);
  if (!S_ISREG(about.st_mode)) return not_ours("not a file");
  DataFile out{true, static_cast<uint64_t>(about.st_size), 0};
  if (out.size_bytes == 0) return out;
  const auto first = read_meta_at(file.fd(), 0);
  if (!first.has_value()) return not_ours("shorter than a page");
  OMNI_ASSIGN_OR_RETURN(const Meta one, parse_meta(*first));
  const auto second = read_meta_at(file.fd(), static_cast<off_t>(one.page_size));
  if (!second.has_value()) return truncated(out.size_bytes, uint64_t{2} * one.page_size);
  OMNI_ASSIGN_OR_RETURN(const Meta two, parse_meta(*second));
  const Meta& newer = two.transaction > one.transaction ? two : one;
  out.needed_bytes = (newer.last_page + 1) * one.page_size;
  return out;
}

}  // namespace omni::store
