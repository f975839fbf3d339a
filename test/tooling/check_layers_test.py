import unittest

import tools

layers = tools.load("tools/check_layers.py")


def breaches(path, *lines):
    """What the tool says about one file made of `lines`."""
    text = "\n".join(lines) + "\n"
    if path.endswith(".h"):
        text = "#pragma once\n" + text
    with tools.Tree({path: text}) as tree:
        return layers.check_tree(tree.root)


class IncludesTest(unittest.TestCase):
    def test_lower_layers_and_the_own_folder_may_be_included(self):
        self.assertEqual([], breaches(
            "source/http/exchange.cc", '#include "source/http/lane.h"', '#include "api/filter.h"',
            '#include "source/json/reader.h"', '#include "source/base/status.h"'))

    def test_no_arrow_goes_up(self):
        found = breaches("source/json/reader.cc", '#include "api/http.h"')
        self.assertEqual(1, len(found))
        self.assertIn("source/json/reader.cc:1: includes api/http.h", found[0])
        self.assertIn("layer 2", found[0])

    def test_sideways_edges_are_those_listed(self):
        self.assertEqual([], breaches("source/http/a.cc", '#include "source/net/connection.h"'))
        self.assertIn("not a listed edge",
                      breaches("source/net/a.cc", '#include "source/http/lane.h"')[0])

    def test_a_filter_sees_neither_the_engine_nor_another_filter(self):
        self.assertIn("a filter sees api/ and pure code only",
                      breaches("filters/auth/a.cc", '#include "source/http/lane.h"')[0])
        self.assertIn("never sees another filter",
                      breaches("filters/auth/a.cc", '#include "filters/cache/cache_filter.h"')[0])
        self.assertEqual([], breaches(
            "filters/auth/a.cc", '#include "filters/auth/b.h"', '#include "source/llm/call.h"'))

    def test_the_list_of_filters_sees_them_all(self):
        self.assertEqual([], breaches(
            "filters/all_filters.cc", '#include "filters/auth/auth_filter.h"'))

    def test_test_code_stays_in_tests(self):
        include = '#include "test/support/fake_clock.h"'
        self.assertIn("for tests only", breaches("source/net/a.cc", include)[0])
        self.assertEqual([], breaches("test/source/net/a_test.cc", include))

    def test_paths_start_at_the_root(self):
        self.assertIn("from the root of the tree", breaches("source/net/a.cc", '#include "b.h"')[0])

    def test_an_unknown_folder_needs_a_layer_first(self):
        self.assertIn("has no layer", breaches("source/net/a.cc", '#include "source/new/b.h"')[0])


class LibrariesTest(unittest.TestCase):
    def test_each_library_has_its_folders(self):
        for include, good, bad in (
                ("uv.h", "source/event/a.cc", "source/http/a.cc"),
                ("llhttp.h", "test/support/a.cc", "source/http/http1/a.cc"),
                ("nghttp2/nghttp2.h", "source/http/http2/a.cc", "source/http/http1/a.cc"),
                ("lmdb.h", "source/store/a.cc", "source/server/a.cc"),
                ("openssl/ssl.h", "source/net/tls_context.cc", "source/net/listener.cc"),
                ("openssl/evp.h", "source/base/digest.cc", "source/base/secret.cc"),
                ("yaml-cpp/yaml.h", "source/config/a.cc", "source/server/a.cc"),
                ("zstd.h", "source/coding/a.cc", "source/llm/a.cc"),
                ("nlohmann/json.hpp", "source/admin/json.cc", "source/admin/router.cc"),
                ("gtest/gtest.h", "test/source/net/a_test.cc", "source/net/a.cc")):
            with self.subTest(include):
                self.assertEqual([], breaches(good, f"#include <{include}>"))
                self.assertIn("reserved for", breaches(bad, f"#include <{include}>")[0])

    def test_contracts_name_no_third_party_but_abseil(self):
        self.assertEqual([], breaches("api/a.h", "#include <absl/time/time.h>", "#include <map>"))
        self.assertIn("in api/", breaches("api/a.h", "#include <fmt/format.h>")[0])


class WordsTest(unittest.TestCase):
    def test_clocks_entropy_and_environment_have_one_door_each(self):
        for line, word in (("auto t = std::chrono::steady_clock::now();", "clock"),
                           ("absl::Time t = absl::Now();", "clock"), ("x = time(nullptr);", "clock"),
                           ("int n = rand();", "entropy"), ("std::random_device d;", "entropy"),
                           ('getenv("HOME");', "environment")):
            with self.subTest(line):
                found = breaches("source/net/a.cc", line)
                self.assertEqual(1, len(found), found)
                self.assertIn(word, found[0])
        self.assertEqual([], breaches("source/base/random.cc", "getrandom(p, n, 0);"))
        self.assertEqual([], breaches("source/config/a.cc", 'getenv("HOME");'))

    def test_a_restart_hands_the_environment_on_but_reads_nothing_from_it(self):
        self.assertEqual([], breaches("source/server/restart.cc", "extern char** environ;"))
        self.assertEqual(1, len(breaches("source/server/restart.cc", 'getenv("HOME");')))
        self.assertEqual(1, len(breaches("source/server/server.cc", "extern char** environ;")))

    def test_a_method_called_time_reads_no_clock(self):
        self.assertEqual([], breaches("source/net/a.cc", "x.time(0);", "absl::Time time() const;"))

    def test_comments_and_literals_are_not_code(self):
        self.assertEqual([], breaches(
            "source/net/a.cc", "// We catch (nothing) and throw nothing.", 'f("getenv(x)");',
            'R"(rand())";', "int n = 1'000'000;"))

    def test_exceptions_stay_beside_the_libraries_that_throw(self):
        self.assertIn("exceptions", breaches("source/net/a.cc", "throw 1;")[0])
        self.assertEqual([], breaches("source/config/a.cc", "#include <yaml-cpp/yaml.h>",
                                      "try {", "} catch (const YAML::Exception& e) {}"))

    def test_maps_by_text_use_the_transparent_ones(self):
        self.assertIn("StringMap", breaches(
            "source/net/a.h", "absl::flat_hash_map<std::string, int> m;")[0])
        self.assertIn("StringMap", breaches(
            "source/net/a.h", "absl::flat_hash_set<std::string> m;")[0])

    def test_unfinished_work_needs_an_issue(self):
        self.assertIn("without an issue", breaches("source/net/a.cc", "// TODO: later")[0])
        self.assertEqual([], breaches("source/net/a.cc", "// TODO(#12): say which host."))

    def test_headers_are_guarded(self):
        with tools.Tree({"api/a.h": "int x;\n"}) as tree:
            self.assertEqual(["api/a.h:1: has no #pragma once"], layers.check_tree(tree.root))

    def test_names_say_what_a_thing_is(self):
        self.assertIn("name the noun", breaches("source/net/a.h", "class PoolManager {};")[0])


if __name__ == "__main__":
    unittest.main()
