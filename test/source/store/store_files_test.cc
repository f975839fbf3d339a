// What a store says of folders and files that are not as it left them.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "source/base/strings.h"
#include "source/store/environment.h"
#include "source/store/rows.h"
#include "test/source/store/store_fixture.h"

namespace omni::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class StoreFilesTest : public StoreTest {
 protected:
  // A store with enough in it that cutting the file hurts.
  void fill() {
    ASSERT_TRUE(open().ok());
    for (int i = 0; i < 20; ++i) {
      const std::string key = "key" + std::to_string(i);
      ASSERT_TRUE(put(kStateTable, key, std::string(6000, static_cast<char>('a' + i))).ok());
      ASSERT_TRUE(put(kBulkTable, key, std::string(6000, 'b')).ok());
    }
    store_.reset();
  }
  void leave_running() { write_bytes(path_ + "/running", "1\n"); }
  std::string refusal() {
    const absl::Status status = open();
    store_.reset();  // The tests change the file under it.
    return status.ok() ? "it opened" : std::string(message(status));
  }
  void flip(const std::string& file, size_t at) {
    std::string bytes = read_bytes(file);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    write_bytes(file, bytes);
  }
};

TEST_F(StoreFilesTest, MakesAFolderThatOnlyItsOwnerMayEnter) {
  path_ = root_ + "/a/b/store/";
  ASSERT_TRUE(open().ok());
  struct stat about;
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((path_ + "/state/data.mdb").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(StoreFilesTest, RefusesASecondUserAndNamesTheFirst) {
  ASSERT_TRUE(open().ok());
  const auto second = LmdbStore::open(options());
  EXPECT_EQ(std::string(message(second.status())),
            "the store at " + path_ + " is in use by process " + std::to_string(::getpid()));
}

TEST_F(StoreFilesTest, AProcessStartedByTheOwnerMayShareTheStoreAndTakeItOver) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(put(kStateTable, "a", "from the old one").ok());
  int go[2], ready[2];
  ASSERT_EQ(::pipe(go), 0);
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // A new process in all but name: the copies of the parent's objects are never touched.
    const auto say = [&](bool is_good) {
      const char c = is_good ? 'y' : 'n';
      if (::write(ready[1], &c, 1) != 1) ::_exit(2);
    };
    auto inheriting = options();
    inheriting.inherit = true;
    inheriting.stats = nullptr;
    ::execl("/proc/self/exe", "omni_store_test", "--gtest_filter=*InheritChild*",
            "--gtest_also_run_disabled_tests",
            ("--inherit=" + path_ + "," + std::to_string(ready[1]) + "," + std::to_string(go[0]))
                .c_str(),
            nullptr);
    say(false);
    ::_exit(3);
  }
  char answer = 'n';
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);  // It has read our value and written its own.
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(get(kStateTable, "b"), "from the new one");
  ASSERT_TRUE(put(kStateTable, "c", "both write").ok());
  store_.reset();
  EXPECT_EQ(read_bytes(path_ + "/running"), std::to_string(child) + "\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_THAT(refusal(), HasSubstr("is in use by process " + std::to_string(child)));
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_TRUE(open().ok());
  EXPECT_THAT(store_->warnings(), IsEmpty());
  EXPECT_EQ(get(kStateTable, "c"), "both write");
}

// The other side of the test above, in its own process.
TEST(InheritChild, DISABLED_Run) {
  std::string arguments;
  for (const std::string& each : ::testing::internal::GetArgvs()) {
    if (each.starts_with("--inherit=")) arguments = each.substr(10);
  }
  const std::vector<std::string_view> parts = split(arguments, ',');
  ASSERT_EQ(parts.size(), 3u);
  LmdbStore::Options options;
  options.path = std::string(parts[0]);
  options.inherit = true;
  options.map_size_bytes = options.bulk_map_size_bytes = uint64_t{64} << 20;
  auto store = LmdbStore::open(std::move(options));
  bool is_good = store.ok();
  if (is_good) {
    const auto found = (*store)->get(kStateTable, "a");
    is_good = found.ok() && found->value_or("") == "from the old one";
    QueueLoop loop;
    std::optional<absl::Status> done;
    const auto pending = (*store)->update(
        loop, [](Update& u) { return u.put(kStateTable, "b", "from the new one"); },
        [&](absl::Status status) { done = std::move(status); });
    is_good = is_good && loop.run_until([&] { return done.has_value(); }) && done->ok();
  }
  const char c = is_good ? 'y' : 'n';
  ASSERT_EQ(::write(static_cast<int>(*parse_int(parts[1])), &c, 1), 1);
  char go;
  ASSERT_EQ(::read(static_cast<int>(*parse_int(parts[2])), &go, 1), 1);
}

TEST_F(StoreFilesTest, RefusesAFileInPlaceOfItsFolder) {
  write_bytes(path_, "something else");
  EXPECT_EQ(refusal(), "the store at " + path_ + " is not ours: it is not a folder");
}

TEST_F(StoreFilesTest, SaysWhenItMayNotWriteThere) {
  path_ = "/proc/store";
  EXPECT_THAT(refusal(), StartsWith("the store at /proc/store: make its folder: "));
  path_ = "/proc/1/fdinfo";  // A folder in which nobody can make a file.
  EXPECT_THAT(refusal(), StartsWith("the store at /proc/1/fdinfo: "));
}

TEST_F(StoreFilesTest, SaysThatTheDiskIsReadOnly) {
  fill();
  if (::mount(path_.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "no right to mount";
  }
  EXPECT_EQ(::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  const std::string said = refusal();
  ::umount(path_.c_str());
  EXPECT_THAT(said, HasSubstr("the file system is read-only"));
  EXPECT_TRUE(open().ok());
}

TEST_F(StoreFilesTest, AcknowledgesNothingUntilANewStoreIsOnTheDiskWhole) {
  const std::string in_the_way = path_ + "/format.next";
  std::filesystem::create_directories(in_the_way);
  ASSERT_TRUE(open().ok());
  EXPECT_THAT(std::string(message(put(kStateTable, "a", "1"))), HasSubstr("Is a directory"));
  std::filesystem::remove(in_the_way);
  EXPECT_TRUE(put(kStateTable, "a", "2").ok());
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kStateTable, "a"), "2");
}

TEST_F(StoreFilesTest, AFullDiskIsAStatusOfTheUpdate) {
  std::filesystem::create_directories(path_);
  if (::mount("store-test", path_.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    GTEST_SKIP() << "no right to mount";
  }
  EXPECT_TRUE(open().ok());
  absl::Status status;
  int written = 0;
  while (store_ != nullptr && status.ok() && written < 500) {
    status = put(kStateTable, std::to_string(written++), std::string(8000, 'x'));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(message(status)), HasSubstr("the disk is full"));
  EXPECT_EQ(rows(kStateTable).size(), static_cast<size_t>(written - 1));
  store_.reset();
  EXPECT_TRUE(open().ok());
  EXPECT_EQ(rows(kStateTable).size(), static_cast<size_t>(written - 1));
  store_.reset();
  ::umount(path_.c_str());
}

TEST_F(StoreFilesTest, RefusesForeignFiles) {
  fill();
  const std::string ours = read_bytes(state_file());
  write_bytes(state_file(), std::string(20000, 'x'));
  EXPECT_EQ(refusal(), "the store at " + path_ +
                           " is not ours: state: data.mdb is not a store (wrong magic number)");
  write_bytes(state_file(), "short");
  EXPECT_THAT(refusal(), HasSubstr("not ours"));
  write_bytes(state_file(), read_bytes(bulk_file()));
  EXPECT_THAT(refusal(), HasSubstr("its state and bulk are mixed up"));
  write_bytes(state_file(), ours);
  EXPECT_TRUE(open().ok());
}

TEST_F(StoreFilesTest, RefusesAnotherProgramsLmdbFile) {
  std::filesystem::create_directories(path_ + "/state");
  MDB_env* env = nullptr;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_open(env, (path_ + "/state").c_str(), 0, 0600), 0);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &dbi), 0);
  MDB_val key = to_val("their key"), value = to_val("their value");
  ASSERT_EQ(mdb_put(txn, dbi, &key, &value, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  const std::string before = read_bytes(state_file());
  EXPECT_THAT(refusal(), HasSubstr("not ours"));
  EXPECT_EQ(read_bytes(state_file()), before);
}

TEST_F(StoreFilesTest, RefusesATruncatedFileBeforeItCanCrash) {
  fill();
  for (const std::string& file : {state_file(), bulk_file()}) {
    const std::string whole = read_bytes(file);
    for (const size_t pages : {2u, 3u, 9u}) {
      write_bytes(file, whole.substr(0, pages * 4096));
      EXPECT_THAT(refusal(), AllOf(HasSubstr(" is truncated: "), HasSubstr(": data.mdb has "),
                                   HasSubstr("needs " + std::to_string(whole.size()))));
    }
    write_bytes(file, whole.substr(0, 4096));
    EXPECT_THAT(refusal(), HasSubstr("truncated"));
    write_bytes(file, "");
    EXPECT_THAT(refusal(), HasSubstr(": data.mdb is empty"));
    write_bytes(file, whole);
  }
  EXPECT_TRUE(open().ok());
}

TEST_F(StoreFilesTest, RefusesAMissingStateAndMakesAMissingBulkAnew) {
  fill();
  const std::string whole = read_bytes(state_file());
  std::filesystem::remove(state_file());
  EXPECT_EQ(refusal(), "the store at " + path_ + " is damaged: state: data.mdb is missing");
  write_bytes(state_file(), whole);
  std::filesystem::remove_all(path_ + "/bulk");
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kBulkTable, "key1"), "nothing");
  EXPECT_EQ(get(kStateTable, "key1").size(), 6000u);
}

TEST_F(StoreFilesTest, BeginsAnewInEmptyFilesOfAStoreThatWasNeverFinished) {
  std::filesystem::create_directories(path_ + "/state");
  write_bytes(state_file(), "");
  leave_running();
  EXPECT_TRUE(open().ok());
}

TEST_F(StoreFilesTest, AFlippedBitInARecordIsAnErrorThatNamesIt) {
  fill();
  const std::string bytes = read_bytes(state_file());
  const size_t at = bytes.find("cccccccccccccccc");  // The value of key2.
  ASSERT_NE(at, std::string::npos);
  flip(state_file(), at + 5);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kStateTable, "key2"),
            "table things, key 6b657932: the record is damaged (its checksum does not match)");
  EXPECT_EQ(get(kStateTable, "key3").size(), 6000u);
  int visited = 0;
  const absl::Status scanned = store_->scan(kStateTable, "", [&](auto, auto) { return ++visited; });
  EXPECT_EQ(scanned.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(visited, 19);
  // After an unclean end the check finds it first, and says so.
  store_.reset();
  leave_running();
  ASSERT_TRUE(open().ok());
  ASSERT_EQ(store_->warnings().size(), 1u);
  EXPECT_THAT(store_->warnings()[0], AllOf(HasSubstr("1 damaged record"), HasSubstr("6b657932")));
  ASSERT_TRUE(put(kStateTable, "key2", "healed").ok());
  EXPECT_EQ(get(kStateTable, "key2"), "healed");
}

TEST_F(StoreFilesTest, AWreckedTreeIsAMessageAndNoCrash) {
  fill();
  const std::string whole = read_bytes(state_file());
  int refused = 0;
  // Every page after the two meta pages in turn: its head and its list of places.
  for (size_t page = 2; page * 4096 < whole.size(); ++page) {
    std::string bytes = whole;
    for (size_t i = 8; i < 64; ++i) bytes[page * 4096 + i] = '\xa5';
    write_bytes(state_file(), bytes);
    leave_running();
    const std::string said = refusal();
    if (said == "it opened") continue;  // A page that nothing uses.
    ++refused;
    EXPECT_THAT(said, StartsWith("the store at " + path_ + " is damaged: state: "));
  }
  EXPECT_GT(refused, 2);
  write_bytes(state_file(), whole);
  EXPECT_TRUE(open().ok());
}

TEST_F(StoreFilesTest, RefusesAStoreOfANewerFormat) {
  fill();
  write_bytes(path_ + "/format", "omniroute store format 2\n");
  EXPECT_EQ(refusal(), "the store at " + path_ +
                           " is of format 2, written by a newer program: this one knows up to 1");
  write_bytes(path_ + "/format", "something else\n");
  EXPECT_THAT(refusal(), HasSubstr("not ours"));
  write_bytes(path_ + "/format", "omniroute store format 1\n");
  ASSERT_TRUE(open().ok());
  // The record inside says it too.
  ASSERT_TRUE(put({Realm::kState, "meta"}, "format", std::string("\x07\0", 2) + "12345678").ok());
  store_.reset();
  EXPECT_THAT(refusal(), HasSubstr("is of format 7, written by a newer program"));
}

TEST_F(StoreFilesTest, RefusesAStoreWhosePepperIsGone) {
  fill();
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(update([](Update& u) { return u.erase({Realm::kState, "secrets"}, "pepper"); }).ok());
  store_.reset();
  EXPECT_THAT(refusal(), HasSubstr("its pepper is gone"));
}

}  // namespace
}  // namespace omni::store
