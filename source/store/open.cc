// Opening a store: who has it, what the files look like, whether they are ours and of a version we
// know. Every refusal says what a person can do about it.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "source/base/random.h"
#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/base/system_clock.h"
#include "source/store/batch.h"
#include "source/store/environment.h"
#include "source/store/fetcher.h"
#include "source/store/inspection.h"
#include "source/store/lmdb_store.h"
#include "source/store/ownership.h"
#include "source/store/writer.h"

namespace omni {
namespace {

constexpr uint8_t kFormat = 1;  // Of the store as a whole; the tables have versions of their own.
constexpr std::string_view kFormatLine = "omniroute store format ";
constexpr TableId kMetaTables[] = {{Realm::kState, "meta"}, {Realm::kBulk, "meta"}};
constexpr std::string_view kFormatKey = "format";
constexpr TableId kSecretsTable{Realm::kState, "secrets"};
constexpr std::string_view kPepperKey = "pepper";
constexpr size_t kPepperBytes = 32;
constexpr absl::Duration kWalkLimit = absl::Seconds(30);

absl::Status make_folder(const std::string& path) {
  std::error_code code;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (!parent.empty()) std::filesystem::create_directories(parent, code);
  if (code) return store::system_status(code.value(), "make its folder");
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return store::system_status(errno, "make its folder");
  }
  struct stat about;
  if (::stat(path.c_str(), &about) != 0) return store::system_status(errno, path);
  if (!S_ISDIR(about.st_mode)) return failed("is not ours: it is not a folder");
  return absl::OkStatus();
}

absl::Status newer_format(int64_t format) {
  return failed(fmt::format("is of format {}, written by a newer program: this one knows up to {}",
                            format, kFormat));
}

// Whether the file that a finished store has is there.
absl::StatusOr<bool> check_format_file(const std::string& folder) {
  const std::string text = store::read_file(folder + "/format");
  if (text.empty()) return false;
  const std::string_view line = trim(text);
  const bool is_ours = line.substr(0, kFormatLine.size()) == kFormatLine;
  const auto format = is_ours ? parse_int(line.substr(kFormatLine.size())) : std::nullopt;
  if (!format.has_value() || *format < 1)
    return failed("is not ours: its file `format` is foreign");
  if (*format > kFormat) return newer_format(*format);
  return true;
}

// Puts `part` where it reads well: "is truncated: state: data.mdb has 5 bytes and ...".
absl::Status name_part(const absl::Status& status, std::string_view part) {
  if (status.ok()) return status;
  std::string text = fmt::format("{}: {}", part, message(status));
  for (const std::string_view verdict : {"not ours: ", "truncated: ", "damaged: "}) {
    if (message(status).substr(0, verdict.size()) != verdict) continue;
    text = fmt::format("is {}{}: {}", verdict, part, message(status).substr(verdict.size()));
  }
  // Bulk may be lost, and whoever reads the message should know.
  if (part == "bulk") {
    text += " (it holds usage, logs and caches only: move the folder bulk away to go on without)";
  }
  return error(status.code(), text);
}

struct PartCheck {
  const std::string& folder;
  bool is_made;    // The store was finished once, so its files must be there.
  bool must_walk;  // Its last user did not close it.
  bool is_state;
};

absl::Status check_part(const PartCheck& part, std::vector<std::string>& warnings) {
  const std::string path = part.folder + "/data.mdb";
  if (::mkdir(part.folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return store::system_status(errno, "make its folder");
  }
  OMNI_ASSIGN_OR_RETURN(const store::DataFile file, store::inspect_data_file(path));
  if (part.is_made && !file.exists && part.is_state) {
    return error(absl::StatusCode::kDataLoss, "damaged: data.mdb is missing");
  }
  if (part.is_made && file.exists && file.size_bytes == 0) {
    return error(absl::StatusCode::kDataLoss, "truncated: data.mdb is empty");
  }
  if (file.size_bytes == 0 || (!part.must_walk && !file.is_short())) return absl::OkStatus();
  const absl::StatusOr<store::WalkReport> report = store::walk_in_child(part.folder, kWalkLimit);
  if (file.is_short() && (!report.ok() || !report->is_complete)) {
    return error(absl::StatusCode::kDataLoss,
                 fmt::format("truncated: data.mdb has {} bytes and needs {}", file.size_bytes,
                             file.needed_bytes));
  }
  if (!report.ok()) return with_context(report.status(), "damaged");
  if (report->damaged_records > 0) {
    warnings.push_back(fmt::format("{}: {} damaged record(s), the first: {}", part.folder,
                                   report->damaged_records, report->first_damage));
  }
  if (!report->is_complete) {
    warnings.push_back(fmt::format("{}: too large to be checked in {}", part.folder,
                                   absl::FormatDuration(kWalkLimit)));
  }
  // Nothing that is in use lies beyond the end; give back what the header promises.
  if (file.is_short() && ::truncate(path.c_str(), static_cast<off_t>(file.needed_bytes)) != 0) {
    return store::system_status(errno, path);
  }
  return absl::OkStatus();
}

absl::Status check_meta(store::Batch& batch, TableId meta, bool may_be_new) {
  OMNI_ASSIGN_OR_RETURN(const auto found, batch.get(meta, kFormatKey));
  if (found.has_value()) {
    RecordReader in(*found);
    const uint8_t format = in.u8();
    const uint8_t realm = in.u8();
    in.i64();
    OMNI_RETURN_IF_ERROR(in.finish("meta"));
    if (format > kFormat) return newer_format(format);
    if (realm == static_cast<uint8_t>(meta.realm)) return absl::OkStatus();
    return failed("is not ours: its state and bulk are mixed up");
  }
  if (!may_be_new) return failed("is not ours: a data.mdb is another program's");
  RecordWriter out(kFormat);
  out.u8(static_cast<uint8_t>(meta.realm));
  out.i64(absl::ToUnixMicros(wall_now()));
  return batch.put(meta, kFormatKey, std::move(out).take());
}

}  // namespace

LmdbStore::LmdbStore() = default;

LmdbStore::~LmdbStore() {
  // Before the environments: their threads use them.
  fetcher_.reset();
  writer_.reset();
  bulk_.reset();
  state_.reset();
}

absl::StatusOr<std::unique_ptr<LmdbStore>> LmdbStore::open(Options options) {
  while (options.path.size() > 1 && options.path.back() == '/') options.path.pop_back();
  std::unique_ptr<LmdbStore> out(new LmdbStore());
  const absl::Status status = out->start(options);
  if (status.ok()) return out;
  const bool is_verdict = message(status).substr(0, 3) == "is ";
  return error(status.code(), fmt::format("the store at {}{} {}", options.path,
                                          is_verdict ? "" : ":", message(status)));
}

absl::Status LmdbStore::start(Options& options) {
  const std::string& path = options.path;
  OMNI_RETURN_IF_ERROR(make_folder(path));
  OMNI_ASSIGN_OR_RETURN(ownership_, store::Ownership::take(path, options.inherit));
  OMNI_ASSIGN_OR_RETURN(const bool is_made, check_format_file(path));
  const std::string state = path + "/state", bulk = path + "/bulk";
  const bool must_walk = ownership_->was_left_running();
  OMNI_RETURN_IF_ERROR(
      name_part(check_part({state, is_made, must_walk, true}, warnings_), "state"));
  OMNI_RETURN_IF_ERROR(name_part(check_part({bulk, is_made, must_walk, false}, warnings_), "bulk"));
  using store::Environment;
  OMNI_ASSIGN_OR_RETURN(state_, Environment::open(state, Realm::kState, options.map_size_bytes));
  OMNI_ASSIGN_OR_RETURN(bulk_, Environment::open(bulk, Realm::kBulk, options.bulk_map_size_bytes));
  // A disk that is slow to sync does not hold up the first answer, only the first write.
  state_->postpone_syncs();
  bulk_->postpone_syncs();
  OMNI_RETURN_IF_ERROR(prepare_tables(is_made));
  OMNI_RETURN_IF_ERROR(ownership_->mark_running());
  const auto settle = [this, path, is_made]() -> absl::Status {
    OMNI_RETURN_IF_ERROR(state_->sync_commits());
    OMNI_RETURN_IF_ERROR(bulk_->sync_commits());
    const std::string format = fmt::format("{}{}\n", kFormatLine, kFormat);
    if (!is_made) OMNI_RETURN_IF_ERROR(store::write_file(path + "/format", format, true));
    ownership_->sync_folder();
    return absl::OkStatus();
  };
  writer_ = std::make_unique<store::Writer>(store::Writer::Parts{
      *state_, *bulk_, *ownership_, settle, options.stats, std::move(options.report)});
  fetcher_ = std::make_unique<store::Fetcher>(options.stats);
  return absl::OkStatus();
}

absl::Status LmdbStore::prepare_tables(bool is_made) {
  store::Batch batch(*state_, *bulk_);
  const auto prepare = [&](Update&) -> absl::Status {
    for (const TableId meta : kMetaTables) {
      const store::Environment& here = environment(meta.realm);
      // Bulk may be made anew; a file that has tables and no meta record is somebody else's.
      const bool may_be_new = here.is_empty() && !(is_made && meta.realm == Realm::kState);
      OMNI_RETURN_IF_ERROR(check_meta(batch, meta, may_be_new));
    }
    OMNI_ASSIGN_OR_RETURN(const auto found, batch.get(kSecretsTable, kPepperKey));
    if (found.has_value()) {
      pepper_ = Secret(std::string(*found));
      return absl::OkStatus();
    }
    // Without it no gateway key matches any more: making another would hide the loss.
    if (is_made) return error(absl::StatusCode::kDataLoss, "is damaged: state: its pepper is gone");
    pepper_ = Secret(random_bytes(kPepperBytes));
    return batch.put(kSecretsTable, kPepperKey, pepper_.reveal());
  };
  Store::Work work = prepare;
  store::Batch::Touched touched;
  OMNI_RETURN_IF_ERROR(batch.run(work, touched));
  const store::Batch::Outcome outcome = batch.commit();
  OMNI_RETURN_IF_ERROR(outcome.state);
  return outcome.bulk;
}

}  // namespace omni
