// A store that several processes use, one after the other, and the loop of all of them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/stats/registry.h"
#include "source/store/lmdb_store.h"
#include "test/support/fake_dispatcher.h"

namespace omni::test {

class KeeperTest : public ::testing::Test {
 protected:
  KeeperTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "keeper-XXXXXX").string();
    OMNI_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    open();
  }
  ~KeeperTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  // As a new process does; whatever was written before is there.
  void open() {
    store_.reset();
    LmdbStore::Options options;
    options.path = path_ + "/store";
    options.map_size_bytes = options.bulk_map_size_bytes = uint64_t{16} << 20;
    options.stats = &stats_;
    auto opened = LmdbStore::open(std::move(options));
    ASSERT_TRUE(opened.ok()) << message(opened.status());
    store_ = *std::move(opened);
  }

  std::string path_;
  StatRegistry stats_;
  FakeDispatcher loop_;
  std::unique_ptr<LmdbStore> store_;
};

}  // namespace omni::test
