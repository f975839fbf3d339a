// Each mistake in the file gives exactly these lines: FILE:LINE:COLUMN: path: message.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

struct Case {
  std::string yaml;
  std::string lines;
};

void expect_lines(FakeWorld& world, const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(world.errors(c.yaml), c.lines) << c.yaml;
}

TEST(ErrorsTest, UnknownKeysPointAtTheKeyAndSuggestANeighbour) {
  FakeWorld world;
  expect_lines(
      world,
      {{"provders: []\n", "gateway.yaml:1:1: provders: unknown key; did you mean 'providers'?\n"},
       {"log:\n  levle: info\n",
        "gateway.yaml:2:3: log.levle: unknown key; did you mean 'level'?\n"},
       {"log: { zzz: 1 }\n", "gateway.yaml:1:8: log.zzz: unknown key\n"},
       {"providers:\n  - { id: d, type: demo, base_url: http://x }\n",
        "gateway.yaml:2:26: providers[0].base_url: unknown key\n"},
       {"listeners:\n  - routes:\n      - match: { prefix: /v1 }\n        filters:\n"
        "          - auth: { requird: true }\n          - translation: {}\n"
        "          - routing: {}\n          - upstream: {}\n",
        "gateway.yaml:5:21: listeners[0].routes[0].filters[0].auth.requird: unknown key; did you "
        "mean 'required'?\n"}});
}

TEST(ErrorsTest, OfAMisspelledKeyOnlyTheMisspellingIsTold) {
  FakeWorld world;
  expect_lines(
      world, {{"providers:\n  - { id: m, dialekt: openai, base_url: http://x/v1, auth: none }\n",
               "gateway.yaml:2:14: providers[0].dialekt: unknown key; did you mean 'dialect'?\n"},
              {"providers:\n  - { id: m, dialekt: openai, base_ulr: http://x/v1, auth: none }\n",
               "gateway.yaml:2:14: providers[0].dialekt: unknown key; did you mean 'dialect'?\n"
               "gateway.yaml:2:31: providers[0].base_ulr: unknown key; did you mean 'base_url'?\n"},
              {"providers:\n  - { id: m, dialekt: openai, auth: none }\n",
               "gateway.yaml:2:5: providers[0]: a provider without a type needs a base_url\n"
               "gateway.yaml:2:14: providers[0].dialekt: unknown key; did you mean 'dialect'?\n"}});
}

TEST(ErrorsTest, WrongTypesPointAtTheValue) {
  FakeWorld world;
  expect_lines(
      world,
      {{"workers: many\n", "gateway.yaml:1:10: workers: expected auto or a number from 1 to 256\n"},
       {"workers: 0\n", "gateway.yaml:1:10: workers: expected auto or a number from 1 to 256\n"},
       {"storage: here\n",
        "gateway.yaml:1:10: storage: expected a mapping, found a single value\n"},
       {"keys: [sk-secret]\n",
        "gateway.yaml:1:8: keys[0]: expected a mapping, found a single value\n"},
       {"providers: { id: x }\n",
        "gateway.yaml:1:12: providers: expected a list, found a mapping\n"},
       {"storage: { path: 5 }\n",
        "gateway.yaml:1:18: storage.path: expected text, found a number; put it in quotes\n"},
       {"storage: { path: true }\n",
        "gateway.yaml:1:18: storage.path: expected text, found a truth value; put it in quotes\n"},
       {"storage: { path: }\n", "gateway.yaml:1:12: storage.path: expected text, found nothing\n"},
       {"storage: { path: [a] }\n",
        "gateway.yaml:1:18: storage.path: expected text, found a list\n"},
       {"settings: { require_api_key: yes }\n",
        "gateway.yaml:1:30: settings.require_api_key: expected true or false, found the text "
        "'yes'\n"},
       {"settings: { require_api_key: \"true\" }\n",
        "gateway.yaml:1:30: settings.require_api_key: expected true or false, found the text "
        "'true'\n"},
       {"settings: { require_api_key: True }\n",
        "gateway.yaml:1:30: settings.require_api_key: expected true or false, found the text "
        "'True'\n"},
       {"storage: { map_size: 4GB }\n",
        "gateway.yaml:1:22: storage.map_size: expected a size such as 64KiB, 4MiB or 1GiB, found "
        "the text '4GB'\n"},
       {"storage: { map_size: 1KiB }\n",
        "gateway.yaml:1:22: storage.map_size: must be from 16384KiB to 17179869184KiB\n"},
       {"storage: { retention: { age: 90 } }\n",
        "gateway.yaml:1:30: storage.retention.age: expected a duration such as 250ms, 5s, 2m, 1h "
        "or 7d, found the number 90\n"},
       {"storage: { retention: { size: 1KiB } }\n",
        "gateway.yaml:1:31: storage.retention.size: must be from 1024KiB to 17179869184KiB\n"},
       {"storage: { retention: { receipts: { age: 90 } } }\n",
        "gateway.yaml:1:42: storage.retention.receipts.age: expected a duration such as 250ms, 5s, "
        "2m, 1h or 7d, found the number 90\n"},
       {"shutdown: { drain: 30 }\n",
        "gateway.yaml:1:20: shutdown.drain: expected a duration such as 250ms, 5s, 2m, 1h or 7d, "
        "found the number 30\n"},
       {"log: { level: trace }\n",
        "gateway.yaml:1:15: log.level: expected one of debug, info, warning, error, found "
        "'trace'\n"},
       {"log: { level: wraning }\n",
        "gateway.yaml:1:15: log.level: expected one of debug, info, warning, error, found "
        "'wraning'; did you mean 'warning'?\n"},
       {"admin: { allow: [10.0.0.0/8, 10.0.0.0/33, nowhere] }\n",
        "gateway.yaml:1:30: admin.allow[1]: '10.0.0.0/33' is not an address or a range such as "
        "10.0.0.0/8\n"
        "gateway.yaml:1:43: admin.allow[2]: 'nowhere' is not an address or a range such as "
        "10.0.0.0/8\n"}});
}

TEST(ErrorsTest, YamlThatIsNotOursIsRefused) {
  FakeWorld world;
  expect_lines(
      world,
      {{"", "gateway.yaml:1:1: yaml: the file is empty\n"},
       {"# only a comment\n", "gateway.yaml:1:1: yaml: the file is empty\n"},
       {"- a\n", "gateway.yaml:1:1: yaml: the file must hold a mapping (key: value)\n"},
       {"just text\n", "gateway.yaml:1:1: yaml: the file must hold a mapping (key: value)\n"},
       {"workers: 1\nworkers: 2\n", "gateway.yaml:2:1: workers: set twice; first at line 1\n"},
       {"log:\n  level: info\n  format: json\n  level: error\n",
        "gateway.yaml:4:3: log.level: set twice; first at line 2\n"},
       {"workers: &w 1\n", "gateway.yaml:1:10: workers: anchors (&name) are not allowed\n"},
       {"workers: !!int 1\n", "gateway.yaml:1:10: workers: tags (!name) are not allowed\n"},
       {"log:\n  <<: { level: info }\n",
        "gateway.yaml:2:3: log.<<: merge keys (<<) are not allowed\n"},
       {"workers: 1\n---\nworkers: 2\n",
        "gateway.yaml:2:1: yaml: a file holds one document; this is a second one\n"},
       {"? [a]\n: 1\nworkers: 1\n", "gateway.yaml:1:3: yaml: a key must be plain text\n"},
       {"workers: 1\n\tx: 2\n",
        "gateway.yaml:2:1: yaml: illegal tab when looking for indentation\n"},
       {"log: { level: info\n", "gateway.yaml:2:1: yaml: end of map flow not found\n"},
       {"storage: { path: \"open\n",
        "gateway.yaml:1:18: storage.path: the closing quote is missing\n"},
       {"log:\n  # \xff\n", "gateway.yaml:2:5: yaml: the file is not valid UTF-8\n"},
       {"log:\n  # \x04\n", "gateway.yaml:2:5: yaml: the file holds a control character\n"},
       {"storage: { path: \"a\\0b\" }\n",
        "gateway.yaml:1:18: storage.path: the text holds a NUL character\n"}});
}

TEST(ErrorsTest, ColumnsCountCharactersNotBytes) {
  FakeWorld world;
  EXPECT_EQ(world.errors("storage: { path: \"\xc3\xa9\xc3\xa9\", zzz: 1 }\n"),
            "gateway.yaml:1:24: storage.zzz: unknown key\n");
  EXPECT_EQ(world.errors("\xef\xbb\xbfzzz: 1\n"), "gateway.yaml:1:1: zzz: unknown key\n");
  EXPECT_EQ(world.errors("log:\r\n  zzz: 1\r\n"), "gateway.yaml:2:3: log.zzz: unknown key\n");
}

TEST(ErrorsTest, ListenersSayWhatIsWrong) {
  FakeWorld world;
  world.files["cert.pem"] = "-----BEGIN CERTIFICATE-----\n";
  world.files["other.pem"] = "something else\n";
  const std::string open =
      "open to other hosts without a key: set auth.required on every route, "
      "settings.require_api_key or tls.client_ca, or say allow_open: true\n";
  expect_lines(
      world,
      {{"listeners: [{ address: 0.0.0.0:80 }]\n",
        "gateway.yaml:1:24: listeners[0].address: " + open},
       {"listeners: [{ address: \"[::]:80\" }]\n",
        "gateway.yaml:1:24: listeners[0].address: " + open},
       {"listeners: [{ address: 0.0.0.0:80, allow_open: true }]\n", ""},
       {"listeners: [{ address: 0.0.0.0:80 }]\nsettings: { require_api_key: true }\n", ""},
       {"listeners: [{ address: unix:/run/omni.sock }, { address: 127.0.0.1:0 }]\n", ""},
       {"listeners: [{ address: \":80\" }]\n",
        "gateway.yaml:1:24: listeners[0].address: name the address: 127.0.0.1:80, or 0.0.0.0:80 "
        "for all\n"},
       {"listeners: [{ address: 127.0.0.1 }]\n",
        "gateway.yaml:1:24: listeners[0].address: expected host:port, [v6]:port or unix:/path\n"},
       {"listeners: [{ address: \"127.0.0.1:99999\" }]\n",
        "gateway.yaml:1:24: listeners[0].address: '99999' is not a port from 0 to 65535\n"},
       {"listeners: [{ address: \"::1:80\" }]\n",
        "gateway.yaml:1:24: listeners[0].address: an IPv6 address is written in brackets, such as "
        "[::1]:20128\n"},
       {"listeners: [{ address: example.com:80 }]\n",
        "gateway.yaml:1:24: listeners[0].address: 'example.com' is not an IP address\n"},
       {"listeners: [{ name: a, address: 127.0.0.1:1 }, { name: a, address: 127.0.0.1:1 }]\n",
        "gateway.yaml:1:56: listeners[1].name: another listener is named 'a'\n"
        "gateway.yaml:1:68: listeners[1].address: another listener has the address 127.0.0.1:1\n"},
       {"listeners:\n  - tls: { certificate: none.pem, private_key: other.pem }\n",
        "gateway.yaml:2:25: listeners[0].tls.certificate: cannot read none.pem: no such file\n"
        "gateway.yaml:2:48: listeners[0].tls.private_key: other.pem holds no private key in PEM "
        "form\n"},
       {"listeners:\n  - tls: { certificate: cert.pem }\n",
        "gateway.yaml:2:10: listeners[0].tls: 'private_key' is missing\n"},
       {"listeners: [{ limits: { body_bytes: 2TiB, header_count: 1, idle_timeout: 0s } }]\n",
        "gateway.yaml:1:37: listeners[0].limits.body_bytes: must be from 1KiB to 1048576KiB\n"
        "gateway.yaml:1:57: listeners[0].limits.header_count: must be from 16 to 1000\n"
        "gateway.yaml:1:74: listeners[0].limits.idle_timeout: must be from 100ms to 24h\n"}});
}

TEST(ErrorsTest, MutualTlsIsEnoughForAnOpenAddress) {
  FakeWorld world;
  world.files["cert.pem"] = "-----BEGIN CERTIFICATE-----\n";
  world.files["key.pem"] = "-----BEGIN EC PRIVATE KEY-----\n";
  const std::string head =
      "listeners:\n  - address: 0.0.0.0:443\n    tls: { certificate: cert.pem, "
      "private_key: key.pem";
  EXPECT_EQ(world.errors(head + ", client_ca: cert.pem }\n"), "");
  EXPECT_NE(world.errors(head + " }\n"), "");
  world.environment["REQUIRE_API_KEY"] = "true";
  EXPECT_EQ(world.errors(head + " }\n"), "");
}

std::string row(const std::string& filters) {
  return "listeners:\n  - routes:\n      - match: { prefix: /v1 }\n        filters:\n" + filters;
}

TEST(ErrorsTest, ARowThatCannotWorkIsRefusedWithTheReason) {
  FakeWorld world;
  world.registry.add<FakePlain<kCache>>();
  const std::string row_path = "listeners[0].routes[0].filters";
  expect_lines(
      world,
      {{row("          - cache: {}\n          - auth: {}\n          - translation: {}\n"
            "          - routing: {}\n          - upstream: {}\n"),
        "gateway.yaml:6:13: " + row_path +
            "[1].auth: must come before cache: a cached answer would be served to a client that "
            "shows no key\n"},
       {row("          - translation: {}\n          - upstream: {}\n          - routing: {}\n"),
        "gateway.yaml:7:13: " + row_path +
            "[2].routing: nothing may follow upstream, which ends the row\n"},
       {row("          - routing: {}\n          - upstream: {}\n"),
        "gateway.yaml:5:11: " + row_path + ": the row has no translation filter\n"},
       {row("          - translation: {}\n          - routing: {}\n"),
        "gateway.yaml:5:11: " + row_path + ": the row has no upstream filter\n"},
       {row("          - translation: {}\n          - routing: {}\n          - upstream: {}\n"
            "          - upstream: {}\n"),
        "gateway.yaml:8:13: " + row_path + "[3].upstream: this filter is in the row already\n"},
       {row("          - routing: {}\n          - translation: {}\n          - upstream: {}\n"),
        "gateway.yaml:6:13: " + row_path +
            "[1].translation: must come before routing: routing reads the model that translation "
            "finds in the request\n"},
       {row("          - translaton: {}\n          - translation: {}\n          - routing: {}\n"
            "          - upstream: {}\n"),
        "gateway.yaml:5:13: " + row_path +
            "[0].translaton: unknown filter; did you mean 'translation'?\n"},
       {row("          - translation\n          - translation: {}\n          - routing: {}\n"
            "          - upstream: {}\n"),
        "gateway.yaml:5:13: " + row_path +
            "[0]: expected one filter with its settings, such as auth: {}\n"},
       {row("          - translation: {}\n          - routing: {}\n"
            "          - upstream: { timeout: 0s }\n"),
        "gateway.yaml:7:34: " + row_path + "[2].upstream.timeout: must be positive\n"},
       {row("          - translation:\n          - routing:\n          - upstream:\n"), ""},
       {row("          - translation: {}\n          - routing: {}\n          - upstream: {}\n") +
            "settings: { require_api_key: true }\n",
        "gateway.yaml:5:11: " + row_path +
            ": settings.require_api_key is true, but the row has no auth filter\n"}});
}

TEST(ErrorsTest, PrefixesMustBePathsThatClientsCanReach) {
  FakeWorld world;
  const std::string filters =
      ", filters: [{ translation: {} }, { routing: {} }, { upstream: {} }] }";
  const auto route = [&](const std::string& match) {
    return "listeners:\n- routes:\n  - { match: " + match + filters + "\n";
  };
  expect_lines(
      world,
      {{route("{ prefix: v1 }"),
        "gateway.yaml:3:24: listeners[0].routes[0].match.prefix: must begin with /\n"},
       {route("{ prefix: /v1/ }"),
        "gateway.yaml:3:24: listeners[0].routes[0].match.prefix: must not end in /\n"},
       {route("{ prefix: /v1/../x }"),
        "gateway.yaml:3:24: listeners[0].routes[0].match.prefix: holds a dot segment\n"},
       {route("{ prefix: /api/chat }"),
        "gateway.yaml:3:24: listeners[0].routes[0].match.prefix: client paths below /api are "
        "served as /v1 and /v1beta; the rest of /api is management\n"},
       {route("{}"), "gateway.yaml:3:14: listeners[0].routes[0].match: 'prefix' is missing\n"},
       {route("{ prefix: /v1 }") + "  - { match: { prefix: /v1 }" + filters + "\n",
        "gateway.yaml:4:14: listeners[0].routes[1].match: another route has the prefix /v1\n"}});
}

TEST(ErrorsTest, EveryMistakeOfAFileIsReportedAtOnceInOrder) {
  FakeWorld world;
  EXPECT_EQ(world.errors("aliases: { fast: opnai/gpt }\n"
                         "providers:\n"
                         "  - id: openai\n"
                         "    type: opnai\n"
                         "    accounts: [{ api_key: \"${NOT_SET}\" }]\n"
                         "  - id: openai\n"
                         "    type: demo\n"
                         "log: { level: loud, colour: red }\n"),
            "gateway.yaml:1:18: aliases.fast: no provider is named 'opnai'; did you mean "
            "'openai'?\n"
            "gateway.yaml:4:11: providers[0].type: unknown provider type 'opnai'; did you mean "
            "'openai'?\n"
            "gateway.yaml:5:27: providers[0].accounts[0].api_key: the environment variable NOT_SET "
            "is not set; ${NOT_SET:-default} would give a default\n"
            "gateway.yaml:6:9: providers[1].id: another provider has the id or alias 'openai'\n"
            "gateway.yaml:8:15: log.level: expected one of debug, info, warning, error, found "
            "'loud'\n"
            "gateway.yaml:8:21: log.colour: unknown key\n");
}

TEST(ErrorsTest, AFileThatIsNotThereIsOneLine) {
  FakeWorld world;
  const LoadResult result = load_config("missing.yaml", world.env());
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].text(),
            "missing.yaml:1:1: yaml: cannot read missing.yaml: no such file");
}

TEST(ErrorsTest, AFloodOfErrorsIsCut) {
  FakeWorld world;
  std::string text;
  for (int i = 0; i < 500; ++i) text += "zzz" + std::to_string(i) + ": 1\n";
  const LoadResult result = world.load(text);
  ASSERT_EQ(result.errors.size(), 201u);
  EXPECT_EQ(result.errors.back().message, "and 300 more errors");
}

}  // namespace
}  // namespace omni
