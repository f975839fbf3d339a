import contextlib
import io
import unittest

import tools

bazel = tools.load("tools/gen_bazel.py")

CMAKE = """project(omniroute VERSION 1.2.3 LANGUAGES CXX)
# omni_library(ghost DEPS fmt::fmt)
omni_library(base DEPS fmt::fmt absl::status PRIVATE OpenSSL::Crypto)
target_link_libraries(omni_api INTERFACE omni_base absl::time)
omni_library(http DEPS omni_api SUBFOLDERS http1 http2 PRIVATE llhttp)
"""


class GenBazelTest(unittest.TestCase):
    def test_every_target_has_a_rule_with_its_dependencies(self):
        with tools.Tree({"CMakeLists.txt": CMAKE, "filters/auth/auth_filter.cc": "",
                         "test/source/base/a_test.cc": ""}) as tree:
            text = bazel.files_of(tree.root)["omniroute.BUILD"]
        self.assertIn('deps = [":fmt_fmt", ":absl", ":OpenSSL_Crypto"]', text)
        self.assertIn('glob(["source/http/*.cc", "source/http/http1/*.cc", "source/http/http2/*.cc"]',
                      text)
        self.assertIn('"@llhttp//:llhttp"', text)
        self.assertIn('name = "omni_filter_auth"', text)
        self.assertIn('tests = [":omni_base_test"]', text)
        self.assertNotIn("ghost", text)

    def test_a_stale_file_is_reported_and_rewritten(self):
        with tools.Tree({"CMakeLists.txt": CMAKE}) as tree:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                self.assertEqual(1, bazel.main(["--check"], tree.root))
            self.assertIn("omniroute.BUILD", out.getvalue())
            self.assertEqual(0, bazel.main([], tree.root))
            self.assertEqual(0, bazel.main(["--check"], tree.root))
            tree.write("filters/auth/auth_filter.cc", "")
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(1, bazel.main(["--check"], tree.root))

    def test_an_unknown_library_is_an_error_that_names_it(self):
        with tools.Tree({"CMakeLists.txt": CMAKE.replace("fmt::fmt absl", "new::thing absl")}) as tree:
            with self.assertRaisesRegex(SystemExit, "new::thing"):
                bazel.files_of(tree.root)


if __name__ == "__main__":
    unittest.main()
