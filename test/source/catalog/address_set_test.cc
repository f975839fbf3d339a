#include "source/catalog/address_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/base/system_clock.h"

namespace omni {
namespace {

AddressSet set_of(const std::vector<std::string>& entries) {
  AddressSet::Builder out;
  for (const std::string& entry : entries) {
    const absl::Status status = out.add(entry);
    EXPECT_TRUE(status.ok()) << status;
  }
  return std::move(out).build();
}
bool has(const AddressSet& set, std::string_view address) {
  return set.contains(*IpAddress::parse(address));
}

TEST(AddressSetTest, KnowsAddressesNetworksAndPatterns) {
  const struct {
    std::string entry, inside, outside;
  } cases[] = {
      {"203.0.113.7", "203.0.113.7", "203.0.113.8"},
      {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
      {"10.1.2.3/8", "10.0.0.0", "9.255.255.255"},
      {"0.0.0.0/0", "255.1.2.3", "::1"},
      {"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
      {"192.168.*.*", "192.168.77.1", "192.169.0.0"},
      {"192.168.*", "192.168.77.1", "192.167.255.255"},
      {"10.*.0.1", "10.77.0.1", "10.77.0.2"},
      {"*.*.*.9", "1.2.3.9", "1.2.3.8"},
      {"*", "::1", "1.2.3.4.5"},
      {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
      {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
      {"2001:db8::8000:0:0:0/65", "2001:db8::8000:0:0:1", "2001:db8::7fff:0:0:1"},
      {"::/0", "2001:db8::1", "10.0.0.1"},
      {"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"},
      {"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"},
      {"10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"},
  };
  for (const auto& [entry, inside, outside] : cases) {
    const AddressSet set = set_of({entry});
    EXPECT_FALSE(set.empty());
    EXPECT_TRUE(has(set, inside)) << entry << " " << inside;
    if (IpAddress::parse(outside)) {
      EXPECT_FALSE(has(set, outside)) << entry << " " << outside;
    }
  }
  EXPECT_TRUE(set_of({}).empty());
  EXPECT_FALSE(has(set_of({}), "10.0.0.1"));
}

TEST(AddressSetTest, SaysWhatIsNoEntry) {
  AddressSet::Builder builder;
  for (const std::string_view entry :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "::1/129",
        "::ffff:10.0.0.0/95", "10.0.*.x", "10.*.1", "1.2.3.4.*", "300.*", "01.*", "2001:db8::*",
        "**", "10.0.0.1-10.0.0.9", "/8"}) {
    const absl::Status status = builder.add(entry);
    EXPECT_FALSE(status.ok()) << entry;
    EXPECT_NE(message(status).find("'" + std::string(entry) + "'"), std::string_view::npos);
  }
  AddressSet::Builder fresh;
  EXPECT_FALSE(fresh.add("nonsense").ok());
  EXPECT_TRUE(std::move(fresh).build().empty());
}

// The rules again, one entry at a time and without any preparation.
bool matches(const std::string& entry, const IpAddress& address) {
  if (entry == "*") return true;
  if (entry.find('*') != std::string::npos) {
    if (address.is_v6) return false;
    const std::string text = address.text();
    const std::vector<std::string_view> have = split(text, '.');
    const std::vector<std::string_view> want = split(entry, '.');
    for (size_t i = 0; i < want.size(); ++i)
      if (want[i] != "*" && want[i] != have[i]) return false;
    return true;
  }
  const size_t slash = entry.find('/');
  const IpAddress network = *IpAddress::parse(entry.substr(0, slash));
  if (network.is_v6 != address.is_v6) return false;
  const int most = network.is_v6 ? 128 : 32;
  const int64_t bits =
      slash == std::string::npos ? most : *parse_int(std::string_view(entry).substr(slash + 1));
  const auto bit = [&](const IpAddress& from, int64_t at) {
    const int64_t place = most - 1 - at;  // Counted from the least significant.
    return (place >= 64 ? from.high >> (place - 64) : from.low >> place) & 1;
  };
  for (int64_t at = 0; at < bits; ++at)
    if (bit(network, at) != bit(address, at)) return false;
  return true;
}

// The same numbers in each run (Knuth's MMIX).
struct Numbers {
  uint64_t state = 20261129;
  uint32_t next(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33) % below;
  }
};

// Few different bytes, so that entries overlap and addresses meet them.
std::string an_address(Numbers& numbers) {
  if (numbers.next(4) == 0)
    return fmt::format("2001:db8:{:x}::{:x}", numbers.next(8), numbers.next(8));
  return fmt::format("{}.{}.{}.{}", 10 + numbers.next(4), numbers.next(6), numbers.next(6),
                     numbers.next(256));
}
std::string an_entry(Numbers& numbers) {
  const std::string address = an_address(numbers);
  const bool is_v6 = address.find(':') != std::string::npos;
  const uint32_t form = numbers.next(is_v6 ? 2 : 3);
  if (form == 0) return address;
  if (form == 1) return fmt::format("{}/{}", address, 20 + numbers.next(is_v6 ? 109 : 13));
  std::string out;
  for (const std::string_view part : split(address, '.')) {
    if (!out.empty()) out += '.';
    out += numbers.next(3) == 0 ? "*" : std::string(part);
  }
  return out == "*.*.*.*" ? address : out;
}

TEST(AddressSetTest, AgreesWithANaiveMatcher) {
  Numbers numbers;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> entries;
    for (uint32_t i = numbers.next(30); i > 0; --i) entries.push_back(an_entry(numbers));
    const AddressSet set = set_of(entries);
    for (int i = 0; i < 500; ++i) {
      const IpAddress address = *IpAddress::parse(an_address(numbers));
      bool expected = false;
      for (const std::string& entry : entries) expected = expected || matches(entry, address);
      ASSERT_EQ(set.contains(address), expected)
          << address.text() << " in " << fmt::format("{}", fmt::join(entries, " "));
    }
  }
}

TEST(AddressSetTest, AThousandEntriesCostLittle) {
  Numbers numbers;
  std::vector<std::string> entries;
  for (int i = 0; i < 1000; ++i) {
    const std::string address = fmt::format("{}.{}.{}.{}", 1 + numbers.next(200), numbers.next(256),
                                            numbers.next(256), numbers.next(256));
    entries.push_back(i % 4 == 0   ? address + "/24"
                      : i % 4 == 1 ? fmt::format("{}.*.7.{}", 1 + i % 200, i % 256)
                                   : address);
  }
  const AddressSet set = set_of(entries);
  // By turns one that is listed, as it stands or as a part of what is, and one that hardly is.
  std::vector<IpAddress> asked;
  for (uint32_t i = 0; i < 1024; ++i) {
    const std::string& entry = entries[numbers.next(1000)];
    std::string address = entry.substr(0, entry.find('/'));
    if (address.find('*') != std::string::npos) address.replace(address.find('*'), 1, "9");
    if (i % 2 == 0)
      address = fmt::format("{}.{}.{}.{}", 1 + numbers.next(200), numbers.next(256),
                            numbers.next(256), numbers.next(256));
    asked.push_back(*IpAddress::parse(address));
  }
  constexpr int kRounds = 500;
  size_t found = 0;
  const int64_t begin = monotonic_ns();
  for (int round = 0; round < kRounds; ++round)
    for (const IpAddress& address : asked) found += set.contains(address) ? 1 : 0;
  const double each =
      static_cast<double>(monotonic_ns() - begin) / (kRounds * static_cast<double>(asked.size()));
  std::cout << fmt::format("1,000 entries: {:.1f} ns per look-up, {} of {} found\n", each, found,
                           kRounds * asked.size());
  RecordProperty("ns_per_lookup", fmt::format("{:.1f}", each));
  EXPECT_LT(each, 5000) << "far beyond 200 ns, even under sanitizers";
}

}  // namespace
}  // namespace omni
