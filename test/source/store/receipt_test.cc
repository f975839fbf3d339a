#include "source/store/receipt.h"

#include <algorithm>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "source/base/record_codec.h"
#include "source/store/receipt_block.h"
#include "source/store/receipt_log.h"
#include "source/store/retention.h"
#include "test/source/store/store_fixture.h"
#include "test/source/store/timed_loop.h"

namespace omni::store {
namespace {

Receipt full() {
  Receipt out;
  out.ended_us = 1'793'491'200'123'456;
  out.flags = Receipt::kStreamed | Receipt::kKeyLimited | Receipt::kTranslated;
  out.status = 200;
  out.request_us = 101;
  out.first_byte_us = 345'679;
  out.total_us = 1'234'568;
  out.bytes_in = 1024;
  out.bytes_out = 70'000;
  out.input_tokens = 1200;
  out.output_tokens = 350;
  out.cached_tokens = 100;
  out.cost_nanodollars = 390'000;
  out.targets = 3;
  out.answered = 2;
  out.method = "POST";
  out.path = "/v1/chat/completions";
  out.peer = "192.0.2.1:4711";
  out.protocol = "HTTP/1.1";
  out.key_id = "key_01";
  out.key_name = "Búild server";
  out.session = "ext:a";
  out.model_asked = "best";
  out.combo = "best";
  out.strategy = "priority";
  out.dialect = "openai";
  out.target_dialect = "anthropic";
  out.price.source = ReceiptPrice::Source::kFile;
  out.price.version = "0123456789ab";
  out.price.rates[0] = 1'250'000;
  out.price.rates[7] = 0;
  out.steps = {{"auth", ReceiptStep::State::kPassed, 321},
               {"upstream", ReceiptStep::State::kAnswered, 9000}};
  out.tries = {{.provider = "p0",
                .account = "a",
                .model = "m",
                .reason = "refused",
                .upstream_id = "req_1",
                .end = ReceiptTry::End::kFailed,
                .status = 500,
                .start_us = 130,
                .first_byte_us = 900,
                .total_us = 1000},
               {.provider = "p1",
                .account = "b",
                .model = "m",
                .end = ReceiptTry::End::kAnswered,
                .is_hedge = true,
                .status = 200,
                .start_us = 1130,
                .first_byte_us = 900,
                .total_us = 1'000'000}};
  out.skips = {{"p2", "c", "m", "cooling_down", 2800}, {"p3", "", "m", "breaker_open", 0}};
  out.dropped = {"logit_bias", "seed"};
  return out;
}

std::string encoded(const Receipt& receipt) {
  std::string out(receipt.bound(), '\0');
  out.resize(receipt.encode(out.data()));
  return out;
}

TEST(ReceiptTest, WhatIsWrittenIsRead) {
  for (const Receipt& receipt : {full(), Receipt()}) {
    const std::string bytes = encoded(receipt);
    const auto read = Receipt::parse(bytes);
    ASSERT_TRUE(read.ok()) << message(read.status());
    EXPECT_TRUE(*read == receipt);
  }
  EXPECT_LT(encoded(full()).size(), 420u);
}

// The files were made by another program from docs/store_format.md.
TEST(ReceiptTest, TheBytesOnDiskAreFrozen) {
  const std::string folder = OMNI_SOURCE_DIR "/test/golden/store/";
  EXPECT_EQ(encoded(full()), read_bytes(folder + "receipt_v1.bin"));
  std::string key(ReceiptId::kKeyBytes, '\0');
  ReceiptId{.ms = 1'793'491'200'123, .exchange = 0x8cc4bae100000007}.write_key(key.data());
  EXPECT_EQ(key, read_bytes(folder + "receipt_key.bin"));
}

TEST(ReceiptTest, ATierSharesTheByteOfThePricesSource) {
  Receipt receipt = full();
  for (const ReceiptPrice::Source source :
       {ReceiptPrice::Source::kNobodyAnswered, ReceiptPrice::Source::kProvider})
    for (const ServiceTier tier : {ServiceTier::kUnsaid, ServiceTier::kUltrafast}) {
      receipt.price.source = source;
      receipt.price.tier = tier;
      const std::string bytes = encoded(receipt);
      EXPECT_EQ(bytes.size(), encoded(full()).size());
      const auto read = Receipt::parse(bytes);
      ASSERT_TRUE(read.ok()) << message(read.status());
      EXPECT_TRUE(*read == receipt);
    }
}

TEST(ReceiptTest, AClearedOneIsAsNew) {
  Receipt receipt = full();
  receipt.price.tier = ServiceTier::kFlex;
  receipt.clear();
  EXPECT_TRUE(receipt == Receipt());
}

TEST(ReceiptTest, TheLargestNumbersHaveRoom) {
  Receipt receipt = full();
  constexpr uint64_t kMost = ~uint64_t{0};
  for (uint64_t* each :
       {&receipt.flags, &receipt.status, &receipt.request_us, &receipt.first_byte_us,
        &receipt.total_us, &receipt.bytes_in, &receipt.bytes_out, &receipt.input_tokens,
        &receipt.output_tokens, &receipt.cached_tokens, &receipt.cache_write_tokens,
        &receipt.reasoning_tokens, &receipt.targets, &receipt.answered})
    *each = kMost;
  receipt.ended_us = -1;
  receipt.cost_nanodollars = kMost - 1;
  for (auto& rate : receipt.price.rates) rate = kMost;
  for (ReceiptStep& each : receipt.steps) each.spent_ns = kMost;
  for (ReceiptTry& each : receipt.tries)
    each.status = each.start_us = each.first_byte_us = each.total_us = kMost;
  for (ReceiptSkip& each : receipt.skips) each.left_ms = kMost;
  std::string bytes(receipt.bound(), '\0');
  const size_t size = receipt.encode(bytes.data());
  ASSERT_LE(size, bytes.size());
  bytes.resize(size);
  const auto read = Receipt::parse(bytes);  // Views of `bytes`.
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(*read == receipt);
}

TEST(ReceiptTest, EveryCutIsRefused) {
  const std::string bytes = encoded(full());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Receipt::parse(std::string_view(bytes).substr(0, size)).ok()) << size;
  EXPECT_EQ(Receipt::parse(bytes + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST(ReceiptTest, ANewerVersionSaysSo) {
  std::string bytes = encoded(full());
  bytes[0] = 2;
  EXPECT_EQ(Receipt::parse(bytes).status().code(), absl::StatusCode::kFailedPrecondition);
}

// Whatever the bytes, reading ends and takes no more memory than they are worth.
TEST(ReceiptTest, DamageIsReadWithoutHarm) {
  const std::string good = encoded(full());
  std::minstd_rand chance(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (size_t changes = 1 + chance() % 4; changes > 0; --changes)
      bytes[chance() % bytes.size()] = static_cast<char>(chance());
    const auto read = Receipt::parse(bytes);
    if (!read.ok()) continue;
    std::string again(read->bound(), '\0');
    EXPECT_LE(read->encode(again.data()), again.size());
  }
}

TEST(ReceiptIdTest, TextAndKeyLeadBack) {
  std::mt19937_64 chance(7);
  for (int round = 0; round < 1000; ++round) {
    const ReceiptId id{.ms = static_cast<int64_t>(chance() >> (16 + round % 48)),
                       .exchange = chance() >> (round % 64)};
    EXPECT_EQ(ReceiptId::from_text(view_of(id.text())), id);
    std::string key(ReceiptId::kKeyBytes, '\0');
    id.write_key(key.data());
    EXPECT_EQ(ReceiptId::from_key(key), id);
  }
  const ReceiptId last{.ms = (int64_t{1} << 48) - 1, .exchange = ~uint64_t{0}};
  EXPECT_EQ(view_of(last.text()), "3ZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(view_of(ReceiptId().text()), "00000000000000000000000");
}

TEST(ReceiptIdTest, LaterIsBehind) {
  std::vector<ReceiptId> ids;
  for (const int64_t ms : std::initializer_list<int64_t>{1, 2, 255, 256, 1'793'491'200'000})
    for (const uint64_t exchange :
         {uint64_t{1}, uint64_t{2}, uint64_t{255}, uint64_t{256}, ~uint64_t{0}})
      ids.push_back({ms, exchange});
  for (size_t i = 1; i < ids.size(); ++i) {
    std::string before(ReceiptId::kKeyBytes, '\0'), after = before;
    ids[i - 1].write_key(before.data());
    ids[i].write_key(after.data());
    EXPECT_LT(before, after);
    EXPECT_LT(view_of(ids[i - 1].text()), view_of(ids[i].text()));
  }
}

TEST(ReceiptIdTest, WhatIsNoIdIsRefused) {
  EXPECT_TRUE(ReceiptId::from_text("3zzzzzzzzzzzzzzzzzzzzzz").has_value()) << "either case";
  for (const std::string_view text :
       {"", "0", "0000000000000000000000", "000000000000000000000000", "4ZZZZZZZZZZZZZZZZZZZZZZ",
        "0000000000U000000000000", "0000000000-000000000000", "req_0000000000000000000",
        "0000000000000000000000\xc3", "00000000000000000000I00"})
    EXPECT_FALSE(ReceiptId::from_text(text).has_value()) << text;
}

class ReceiptLogTest : public StoreTest {
 protected:
  ReceiptLogTest() { stats_.attach_thread(); }
  ~ReceiptLogTest() override { stats_.detach_thread(); }
  static std::string key_of(const ReceiptId& id) {
    std::string out(ReceiptId::kKeyBytes, '\0');
    id.write_key(out.data());
    return out;
  }
};

TEST_F(ReceiptLogTest, ReceiptsAreFoundByTheirIdInWhateverOrderTheyEnd) {
  ASSERT_TRUE(open().ok());
  {
    ReceiptLog log(*store_, loop_, ReceiptLog::Stats(stats_));
    for (const int64_t ms : {5000, 3000, 9000, 1000}) {
      Receipt receipt = full();
      receipt.status = static_cast<uint64_t>(ms);
      log.append({ms, 7}, receipt);
    }
  }
  ASSERT_TRUE(open().ok());
  for (const int64_t ms : {1000, 3000, 5000, 9000}) {
    const auto bytes = find_receipt(*store_, {ms, 7});
    ASSERT_TRUE(bytes.ok() && bytes->has_value()) << ms;
    const auto read = Receipt::parse(**bytes);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->status, static_cast<uint64_t>(ms));
  }
  EXPECT_EQ(find_receipt(*store_, {1000, 8}).value(), std::nullopt);
  EXPECT_EQ(find_receipt(*store_, {1001, 7}).value(), std::nullopt);
}

TEST_F(ReceiptLogTest, ManyShareARowAndEachIsFound) {
  ASSERT_TRUE(open().ok());
  constexpr int kAll = 2000;
  {
    // Two workers, and every tenth of the exchanges ran for seconds.
    ReceiptLog logs[] = {ReceiptLog(*store_, loop_, ReceiptLog::Stats(stats_)),
                         ReceiptLog(*store_, loop_, ReceiptLog::Stats(stats_))};
    for (int i = 0; i < kAll; ++i) {
      Receipt receipt = full();
      receipt.status = static_cast<uint64_t>(i);
      logs[i % 2].append({100'000 + i * 3 - (i % 10 == 0 ? 7777 : 0), static_cast<uint64_t>(i)},
                         receipt);
    }
  }
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < kAll; ++i) {
    const ReceiptId id{100'000 + i * 3 - (i % 10 == 0 ? 7777 : 0), static_cast<uint64_t>(i)};
    const auto bytes = find_receipt(*store_, id);
    ASSERT_TRUE(bytes.ok() && bytes->has_value()) << i;
    EXPECT_EQ(Receipt::parse(**bytes)->status, static_cast<uint64_t>(i));
  }
  EXPECT_LT(rows(kReceiptsTable).size(), static_cast<size_t>(kAll / 10));
}

TEST(ReceiptBlockTest, NoBlockSpansMoreThanItMay) {
  std::vector<std::string> keys;
  for (const int64_t ms : {5000, 1000, 1001, 2000, 2001, 2002}) {
    keys.emplace_back(ReceiptId::kKeyBytes, '\0');
    ReceiptId{.ms = ms, .exchange = 1}.write_key(keys.back().data());
  }
  std::vector<ReceiptRow> rows;
  for (const std::string& key : keys) rows.push_back({key, "value"});
  std::vector<int64_t> firsts;
  std::string last;
  ASSERT_TRUE(make_blocks(rows, [&](std::string_view key, std::string_view block) {
                firsts.push_back(ReceiptId::from_key(key).ms);
                last = block;
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(firsts, (std::vector<int64_t>{1000, 2001, 5000}));
  EXPECT_EQ(find_in_block(last, keys[0]), "value");
  EXPECT_EQ(find_in_block(last, keys[1]), std::nullopt);
}

TEST(ReceiptBlockTest, ADamagedBlockHoldsNothing) {
  std::string key(ReceiptId::kKeyBytes, 'k'), other(ReceiptId::kKeyBytes, 'l'), block;
  std::vector<ReceiptRow> rows = {{key, "first"}, {other, "second"}};
  ASSERT_TRUE(make_blocks(rows, [&](std::string_view, std::string_view made) {
                block = made;
                return absl::OkStatus();
              }).ok());
  ASSERT_EQ(find_in_block(block, other), "second");
  for (size_t size = 0; size < block.size(); ++size) {
    const auto found = find_in_block(block.substr(0, size), other);
    EXPECT_FALSE(found) << size;
  }
  for (size_t at = 0; at < block.size(); ++at) {
    std::string damaged = block;
    damaged[at] = static_cast<char>(~damaged[at]);
    const auto found = find_in_block(damaged, other);
    if (found) {
      EXPECT_LE(found->size(), damaged.size());
    }
  }
}

TEST_F(ReceiptLogTest, OldOnesGoAndOfTooManyTheOldest) {
  ASSERT_TRUE(open().ok());
  TimedLoop home(loop_);
  const int64_t now = absl::ToUnixMillis(home.time.now());
  // Rows of one receipt each: they are further apart than a block spans.
  const auto log_many = [&](int64_t from_ms, int count) {
    ReceiptLog log(*store_, loop_, ReceiptLog::Stats(stats_));
    for (int i = 0; i < count; ++i) log.append({from_ms + int64_t{i} * 1500, 1}, full());
  };
  log_many(now - int64_t{86'400'000} * 40, 25);
  log_many(now - 3'600'000, 60);
  const Retention::Rule rule = Retention::of_receipts();
  ASSERT_EQ(rule.step_rows, 15u);
  Retention by_age(*store_, home, rule, {.age = absl::Hours(24 * 30)});
  for (const size_t left : {70u, 60u}) {
    by_age.step();
    ASSERT_TRUE(loop_.run_until([&] { return rows(kReceiptsTable).size() == left; })) << left;
  }
  Retention by_size(*store_, home, rule, {.age = absl::Hours(24 * 30), .bytes = 10'000});
  by_size.step();
  ASSERT_TRUE(loop_.run_until([&] { return rows(kReceiptsTable).size() == 45; }));
  EXPECT_EQ(ReceiptId::from_key(rows(kReceiptsTable)[0].first).ms, now - 3'600'000 + 15 * 1500);
}

}  // namespace
}  // namespace omni::store
