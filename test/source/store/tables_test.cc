// The bytes on disk, frozen: the files in test/golden/store were made by another program from
// docs/store_format.md, and an old store must stay readable.
#include "source/store/tables.h"

#include <algorithm>

#include "source/store/envelope.h"
#include "test/source/store/store_fixture.h"

namespace omni::store {
namespace {

std::string golden(const std::string& name) {
  const std::string bytes = read_bytes(std::string(OMNI_SOURCE_DIR "/test/golden/store/") + name);
  EXPECT_FALSE(bytes.empty()) << name;
  return bytes;
}

GatewayKeyRecord full_key() {
  GatewayKeyRecord key;
  key.id = "key_01";
  key.name = "Búild server";
  for (size_t i = 0; i < key.hash.size(); ++i) key.hash[i] = static_cast<uint8_t>(i);
  key.display_prefix = "sk-om-a";
  key.created_at_us = 1'700'000'000'123'456;
  key.is_banned = true;
  key.no_log = true;
  key.expires_at_us = 1'800'000'000'000'000;
  key.allowed_models = {"gpt-4o", "claude-*"};
  return key;
}

// With what version 2 has added.
GatewayKeyRecord limited_key() {
  GatewayKeyRecord key = full_key();
  key.allowed_connections = {"openai/main"};
  key.rules.rate_limits = {{60, 60, Measure::kRequests}, {100'000, 3600, Measure::kTokens}};
  key.rules.budget = MoneyBudget{.limit_nanos = 50'000'000'000,
                                 .period = BudgetPeriod::kMonthly,
                                 .warn_nanos = 40'000'000'000};
  key.rules.max_sessions = 3;
  key.schedule = Schedule{.from = 22 * 60, .until = 6 * 60, .days = 0x1f};
  key.schedule->zone_name = "Europe/Berlin";
  EXPECT_TRUE(load_zone(key.schedule->zone_name, key.schedule->zone));
  return key;
}

GatewayKeyRecord least_key() {
  GatewayKeyRecord key;
  key.id = "k";
  return key;
}

UsageRecord full_usage() {
  UsageRecord usage;
  usage.time_us = 1'700'000'000'123'456;
  usage.exchange_id = "x-1";
  usage.key_id = "key_01";
  usage.key_name = "Build";
  usage.model_asked = "fast";
  usage.model_sent = "gpt-4o-2024";
  usage.provider = "openai";
  usage.account = "main";
  usage.dialect = "openai_chat";
  usage.status = 429;
  usage.is_streamed = true;
  usage.is_aborted = true;
  usage.input_tokens = 10;
  usage.output_tokens = 20;
  usage.cached_tokens = 30;
  usage.cache_write_tokens = 40;
  usage.reasoning_tokens = uint64_t{1} << 40;
  usage.total_us = 2'500'000;
  usage.first_byte_us = 300'000;
  usage.cost_nanodollars = 123'456'789;
  usage.tier = ServiceTier::kFlex;
  return usage;
}

UsageRecord least_usage() {
  UsageRecord usage;
  usage.time_us = -1;
  return usage;
}

template <class Record>
void expect_frozen(const Record& record, const std::string& name) {
  const std::string bytes = golden(name);
  EXPECT_TRUE(record.encode() == bytes) << name;
  const absl::StatusOr<Record> decoded = Record::decode(bytes);
  ASSERT_TRUE(decoded.ok()) << message(decoded.status());
  EXPECT_TRUE(*decoded == record) << name;
}

template <class Record>
void expect_refuses_every_cut(const Record& record) {
  const std::string bytes = record.encode();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Record::decode(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_EQ(Record::decode(bytes + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST(TablesTest, KeyRecordsKeepTheirBytes) {
  expect_frozen(limited_key(), "gateway_key_v2.bin");
  expect_frozen(least_key(), "gateway_key_least_v2.bin");
}

TEST(TablesTest, KeyRecordsOfTheFirstVersionAreRead) {
  const auto full = GatewayKeyRecord::decode(golden("gateway_key_v1.bin"));
  ASSERT_TRUE(full.ok()) << message(full.status());
  EXPECT_TRUE(*full == full_key());
  const auto least = GatewayKeyRecord::decode(golden("gateway_key_least_v1.bin"));
  ASSERT_TRUE(least.ok()) << message(least.status());
  EXPECT_TRUE(*least == least_key());
}

TEST(TablesTest, ALimitThatNobodyWritesIsDamage) {
  GatewayKeyRecord key = limited_key();
  key.rules.rate_limits[0].window_seconds = 0;
  EXPECT_EQ(GatewayKeyRecord::decode(key.encode()).status().code(), absl::StatusCode::kDataLoss);
}

TEST(TablesTest, SpendRecordsKeepTheirBytes) {
  const SpendRecord spend{.number = 677, .nanos = 12'345'678'901, .unpriced = 3, .is_told = true};
  expect_frozen(spend, "spend_v1.bin");
  expect_refuses_every_cut(spend);
}

TEST(TablesTest, UsageRecordsKeepTheirBytes) {
  expect_frozen(full_usage(), "usage_v2.bin");
  expect_frozen(least_usage(), "usage_least_v2.bin");
  EXPECT_TRUE(usage_key(1'700'000'000'123'456, 7) == golden("usage_key.bin"));
}

TEST(TablesTest, UsageRecordsOfTheFirstVersionAreRead) {
  UsageRecord standard = full_usage();
  standard.tier = ServiceTier::kUnsaid;
  const auto full = UsageRecord::decode(golden("usage_v1.bin"));
  ASSERT_TRUE(full.ok()) << message(full.status());
  EXPECT_TRUE(*full == standard);
  const auto least = UsageRecord::decode(golden("usage_least_v1.bin"));
  ASSERT_TRUE(least.ok()) << message(least.status());
  EXPECT_TRUE(*least == least_usage());
}

TEST(TablesTest, ATierThatNobodyWritesIsDamage) {
  std::string bytes = full_usage().encode();
  bytes.back() = 8;
  EXPECT_EQ(UsageRecord::decode(bytes).status().code(), absl::StatusCode::kDataLoss);
}

TEST(TablesTest, EnvelopesKeepTheirBytes) {
  const std::string payload = golden("gateway_key_v1.bin");
  std::string sealed(kEnvelopeBytes + payload.size(), '\0');
  seal(EnvelopeKind::kWhole, payload, sealed.data());
  EXPECT_TRUE(sealed == golden("envelope_whole_v1.bin"));
  const auto opened = open_envelope(sealed, "keys", "k");
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->payload == payload);
  const std::string bytes = golden("envelope_chunked_v1.bin");
  const auto head = open_envelope(bytes, "keys", "k");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->kind, EnvelopeKind::kChunked);
}

TEST_F(StoreTest, LongValuesLieOnDiskAsTheFormatSays) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(put(kBulkTable, "long", std::string(70'000, 'v')).ok());
  store_.reset();
  const std::string file = read_bytes(bulk_file());
  EXPECT_NE(file.find(golden("envelope_chunked_v1.bin")), std::string::npos);
  EXPECT_NE(file.find(golden("chunk_key.bin")), std::string::npos);
  EXPECT_NE(file.find("things#chunks"), std::string::npos);
}

TEST(TablesTest, AnyFlippedBitBreaksAnEnvelope) {
  const std::string good = golden("envelope_whole_v1.bin");
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    const auto opened = open_envelope(bad, "keys", "ab");
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << i;
  }
  const auto empty = open_envelope("", "keys", "ab");
  EXPECT_EQ(std::string(message(empty.status())),
            "table keys, key 6162: the record is damaged (it is too short)");
}

TEST(TablesTest, RecordsThatEndEarlyOrLateAreDamaged) {
  expect_refuses_every_cut(limited_key());
  expect_refuses_every_cut(full_usage());
}

TEST(TablesTest, ARecordOfANewerVersionSaysSo) {
  std::string bytes = full_usage().encode();
  bytes[0] = 3;
  EXPECT_EQ(std::string(message(UsageRecord::decode(bytes).status())),
            "usage record: version 3 was written by a newer program, this one knows up to 2");
}

TEST(TablesTest, ADamagedLengthCostsNoMemory) {
  std::string bytes = least_key().encode();
  std::fill(bytes.end() - 4, bytes.end(), '\xff');  // The count of allowed models.
  EXPECT_FALSE(GatewayKeyRecord::decode(bytes).ok());
}

TEST(TablesTest, NoMoreThanSevenCharactersOfAKeyAreStored) {
  GatewayKeyRecord key = least_key();
  key.display_prefix = "sk-omni-SECRET";
  EXPECT_EQ(key.encode().find("i-SECRET"), std::string::npos);
  EXPECT_EQ(GatewayKeyRecord::decode(key.encode())->display_prefix, "sk-omni");
}

TEST(TablesTest, UsageKeysSortByTime) {
  EXPECT_LT(usage_key(1, 0xffffffff), usage_key(2, 0));
  EXPECT_LT(usage_key(255, 9), usage_key(256, 1));
}

TEST_F(StoreTest, ATableGivesRecordsBack) {
  ASSERT_TRUE(open().ok());
  const Table<GatewayKeyRecord> keys(*store_, kKeysTable);
  ASSERT_TRUE(update([&](Update& u) { return keys.put(u, "key_01", full_key()); }).ok());
  const auto found = keys.get("key_01");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_TRUE(**found == full_key());
  EXPECT_FALSE((*keys.get("other")).has_value());
}

}  // namespace
}  // namespace omni::store
