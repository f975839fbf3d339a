// Looks at an LMDB file before LMDB does: LMDB maps whatever it is given and dies of SIGBUS in a
// truncated file, so the meta pages are read here, and the tree is walked in a child process.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

namespace omni::store {

struct DataFile {
  bool exists = false;
  uint64_t size_bytes = 0;
  uint64_t needed_bytes = 0;  // (last page number + 1) x page size; 0 for an empty file.
  // Not yet an error: LMDB does not write pages that a transaction took and gave back, so a sound
  // file may end early. Only a walk can tell.
  bool is_short() const { return size_bytes < needed_bytes; }
};

// kFailedPrecondition `not ours` for a file that is no LMDB file, kDataLoss for one that is shorter
// than its two meta pages or whose meta pages make no sense.
absl::StatusOr<DataFile> inspect_data_file(const std::string& path);

struct WalkReport {
  bool is_complete = true;  // False when the limit was reached.
  uint64_t damaged_records = 0;
  std::string first_damage;
};

// Visits every page of the environment in `folder` and checks every record, in a forked child that
// may die of it: kDataLoss says how. Records with a wrong checksum are counted, not errors. Nobody
// has the environment open. Blocks for up to `limit`.
absl::StatusOr<WalkReport> walk_in_child(const std::string& folder, absl::Duration limit);

}  // namespace omni::store
