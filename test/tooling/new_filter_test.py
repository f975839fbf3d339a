import os
import subprocess
import tempfile
import unittest

import tools

new_filter = tools.load("tools/new_filter")
layers = tools.load("tools/check_layers.py")
changelog = tools.load("tools/changelog.py")

LISTING = """#include "filters/all_filters.h"

#include "filters/auth/auth_filter.h"
#include "filters/upstream/upstream_filter.h"

namespace omni {

void register_all(FilterRegistry& registry) {
  registry.add<filters::AuthFilter>();
  registry.add<filters::UpstreamFilter>();
}

}  // namespace omni
"""


class NewFilterTest(unittest.TestCase):
    def test_the_list_of_filters_gains_two_lines_in_their_places(self):
        with tools.Tree({"filters/all_filters.cc": LISTING}) as tree:
            new_filter.create("model_guard", tree.root)
            text = (tree.root / "filters/all_filters.cc").read_text()
        gained = [line for line in text.split("\n") if "odel" in line]
        self.assertEqual(['#include "filters/model_guard/model_guard_filter.h"',
                          "  registry.add<filters::ModelGuardFilter>();"], gained)
        self.assertLess(text.index("auth/auth"), text.index("model_guard/"))
        self.assertLess(text.index("model_guard/"), text.index("upstream/upstream"))
        self.assertEqual(LISTING.count("\n") + 2, text.count("\n"))

    def test_the_real_list_takes_a_filter(self):
        real = tools.ROOT / "filters/all_filters.cc"
        self.assertIn("add<filters::ProbeFilter>();", new_filter.registered(real.read_text(), "probe"))

    def test_names_that_are_not_snake_case_are_refused(self):
        for name in ("ModelGuard", "model-guard", "_x", "x_", "../x", ""):
            with self.subTest(name), tools.Tree({"filters/all_filters.cc": LISTING}) as tree:
                with self.assertRaises(SystemExit):
                    new_filter.create(name, tree.root)

    def test_nothing_is_overwritten(self):
        with tools.Tree({"filters/all_filters.cc": LISTING,
                         "api/schema/model_guard.schema.json": "mine"}) as tree:
            with self.assertRaisesRegex(SystemExit, "exists already"):
                new_filter.create("model_guard", tree.root)
            self.assertEqual(LISTING, (tree.root / "filters/all_filters.cc").read_text())

    def test_the_skeleton_keeps_the_rules_of_the_tree(self):
        with tools.Tree(new_filter.files_of("model_guard")) as tree:
            self.assertEqual([], layers.check_tree(tree.root))
            self.assertEqual([], changelog.fragments_of(tree.root / "docs/changelog.d")[1])

    def test_the_skeleton_compiles_and_passes_its_own_test(self):
        with tools.Tree(new_filter.files_of("model_guard")) as tree, \
                tempfile.TemporaryDirectory() as out:
            flags = subprocess.run(["pkg-config", "--libs", "absl_statusor", "absl_time", "fmt"],
                                   capture_output=True, text=True, check=True).stdout.split()
            sources = [tree.root / "filters/model_guard/model_guard_filter.cc",
                       tree.root / "test/filters/model_guard/model_guard_filter_test.cc",
                       tools.ROOT / "source/base/strings.cc"]
            subprocess.run(
                [os.environ.get("CXX", "c++"), "-std=c++20", "-Wall", "-Wextra", "-Werror",
                 "-Wshadow", "-Wno-missing-field-initializers", f"-I{tree.root}", f"-I{tools.ROOT}",
                 *sources, "-o", f"{out}/test", "-lgtest_main", "-lgtest", "-lpthread", *flags],
                check=True)
            done = subprocess.run([f"{out}/test"], capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.assertIn("2 tests", done.stdout)


if __name__ == "__main__":
    unittest.main()
