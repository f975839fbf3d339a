// The walk of inspection.h. Everything in the child happens between fork() and _exit(): it starts
// no thread, takes no lock of ours and leaves the parent's files alone.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/base/system_clock.h"
#include "source/store/envelope.h"
#include "source/store/environment.h"
#include "source/store/inspection.h"
#include "source/store/ownership.h"

namespace omni::store {
namespace {

constexpr size_t kPageBytes = 4096;  // Touching one byte in each is enough to meet a missing page.

class Walk {
 public:
  Walk(const std::string& folder, absl::Duration limit)
      : folder_(folder), deadline_(monotonic_now() + limit) {}

  absl::Status run() {
    MDB_env* raw = nullptr;
    OMNI_RETURN_IF_ERROR(lmdb_status(mdb_env_create(&raw), "check"));
    const Env env(raw);
    mdb_env_set_maxdbs(raw, 2 * kMaxTables);
    OMNI_RETURN_IF_ERROR(lmdb_status(
        mdb_env_open(raw, folder_.c_str(), MDB_RDONLY | MDB_NOLOCK, kFileMode), "check"));
    MDB_txn* txn = nullptr;
    OMNI_RETURN_IF_ERROR(lmdb_status(mdb_txn_begin(raw, nullptr, MDB_RDONLY, &txn), "check"));
    absl::Status status = walk_all(txn);
    mdb_txn_abort(txn);
    return status;
  }
  const WalkReport& report() const { return report_; }

 private:
  absl::Status walk_all(MDB_txn* txn) {
    constexpr MDB_dbi kFreeList = 0;
    OMNI_RETURN_IF_ERROR(walk_tree(txn, kFreeList, {}, nullptr));
    MDB_dbi main = 0;
    OMNI_RETURN_IF_ERROR(lmdb_status(mdb_dbi_open(txn, nullptr, 0, &main), "check"));
    std::vector<std::string> names;
    OMNI_RETURN_IF_ERROR(walk_tree(txn, main, {}, &names));
    for (const std::string& name : names) {
      MDB_dbi dbi = 0;
      const int code = mdb_dbi_open(txn, name.c_str(), 0, &dbi);
      if (code == MDB_INCOMPATIBLE) continue;  // Opening it for real says `not ours`.
      OMNI_RETURN_IF_ERROR(lmdb_status(code, name));
      OMNI_RETURN_IF_ERROR(walk_tree(txn, dbi, name, nullptr));
    }
    return absl::OkStatus();
  }

  // `table` is empty for LMDB's own trees, whose values have no envelope.
  absl::Status walk_tree(MDB_txn* txn, MDB_dbi dbi, std::string_view table,
                         std::vector<std::string>* keys) {
    MDB_stat stat;
    OMNI_RETURN_IF_ERROR(lmdb_status(mdb_stat(txn, dbi, &stat), table));
    MDB_cursor* raw = nullptr;
    OMNI_RETURN_IF_ERROR(lmdb_status(mdb_cursor_open(txn, dbi, &raw), table));
    const Cursor cursor(raw);
    MDB_val key, value;
    size_t count = 0;
    int code;
    while ((code = mdb_cursor_get(raw, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
      // More records than the tree has: its pages go round in a circle.
      if (++count > stat.ms_entries) break;
      if (count % 256 == 0 && monotonic_now() > deadline_) {
        report_.is_complete = false;
        return absl::OkStatus();
      }
      if (keys != nullptr) keys->emplace_back(to_view(key));
      check(table, to_view(key), to_view(value));
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return lmdb_status(code, table);
    if (count == stat.ms_entries) return absl::OkStatus();
    return error(
        absl::StatusCode::kDataLoss,
        fmt::format("table {} has not the {} records it should have", table, stat.ms_entries));
  }

  void check(std::string_view table, std::string_view key, std::string_view value) {
    if (table.empty()) {
      for (size_t i = 0; i < value.size(); i += kPageBytes) touched_ = value[i];
      return;
    }
    const absl::StatusOr<Opened> opened = open_envelope(value, table, key);
    if (opened.ok()) return;
    if (report_.damaged_records++ == 0) report_.first_damage = message(opened.status());
  }

  const std::string& folder_;
  const absl::Duration deadline_;
  WalkReport report_;
  volatile char touched_ = 0;
};

void prepare_child(absl::Duration limit) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A crash is an expected answer here: no core file, no handler of a sanitizer, no stack trace.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM, SIGTERM, SIGINT}) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t all;
  sigemptyset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::close(STDERR_FILENO);
  ::alarm(static_cast<unsigned>(absl::ToInt64Seconds(limit)) + 5);
}

// One line: `E message` or `R complete damaged first`.
[[noreturn]] void run_child(const std::string& folder, absl::Duration limit, int out) {
  prepare_child(limit);
  Walk walk(folder, limit);
  const absl::Status status = walk.run();
  const WalkReport& report = walk.report();
  const std::string line = status.ok() ? fmt::format("R{}{} {}", report.is_complete ? 1 : 0,
                                                     report.damaged_records, report.first_damage)
                                       : fmt::format("E{}", message(status));
  const ssize_t wrote = ::write(out, line.data(), line.size());
  ::_exit(wrote == static_cast<ssize_t>(line.size()) ? 0 : 1);
}

absl::StatusOr<WalkReport> parse(std::string_view line, int wait_status) {
  const auto damaged = [](std::string_view why) { return error(absl::StatusCode::kDataLoss, why); };
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    if (signal == SIGALRM) return damaged("reading it does not come to an end");
    return damaged(fmt::format("reading it crashes ({})", strsignal(signal)));
  }
  if (line.empty()) return damaged("reading it failed");
  if (line[0] == 'E') return damaged(line.substr(1));
  WalkReport out;
  const size_t space = line.find(' ');
  if (line.size() < 3 || space == std::string_view::npos) return damaged("reading it failed");
  out.is_complete = line[1] == '1';
  out.damaged_records = static_cast<uint64_t>(parse_int(line.substr(2, space - 2)).value_or(0));
  out.first_damage = line.substr(space + 1);
  return out;
}

}  // namespace

absl::StatusOr<WalkReport> walk_in_child(const std::string& folder, absl::Duration limit) {
  int ends[2];
  if (::pipe(ends) != 0) return system_status(errno, "check");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    run_child(folder, limit, ends[1]);
  }
  const int code = errno;
  ::close(ends[1]);
  std::string line;
  if (child > 0) {
    char piece[512];
    ssize_t got;
    while ((got = ::read(ends[0], piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)) {
      if (got > 0) line.append(piece, static_cast<size_t>(got));
    }
  }
  ::close(ends[0]);
  if (child < 0) return system_status(code, "check");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return parse(line, status);
}

}  // namespace omni::store
