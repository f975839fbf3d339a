import unittest

import tools

size = tools.load("tools/check_size.py")


class CheckSizeTest(unittest.TestCase):
    def test_small_files_pass(self):
        self.assertEqual([], size.breaches_of([("source/net/a.cc", 150), ("api/a.h", 100)]))

    def test_a_file_over_700_lines_is_named(self):
        small = [(f"source/net/{n}.cc", 10) for n in range(20)]
        self.assertEqual([], size.breaches_of(small + [("source/net/z.cc", 700)]))
        self.assertEqual(["source/net/z.cc:701: 701 lines, 700 at most"],
                         size.breaches_of(small + [("source/net/z.cc", 701)]))

    def test_a_header_over_250_lines_is_named(self):
        small = [(f"source/net/{n}.cc", 10) for n in range(20)]
        self.assertIn("250 at most", size.breaches_of(small + [("api/a.h", 251)])[0])

    def test_the_median_and_the_90th_percentile_have_budgets(self):
        found = size.breaches_of([(f"a{n}.cc", 151) for n in range(10)])
        self.assertEqual(["the median of 10 files is 151 lines, 150 at most"], found)
        found = size.breaches_of([(f"a{n}.cc", 10 if n < 8 else 401) for n in range(10)])
        self.assertEqual(["the 90th percentile of 10 files is 401 lines, 400 at most"], found)

    def test_only_sources_are_counted(self):
        with tools.Tree({"source/a.cc": "1\n2\n", "test/x/b.h": "1\n", "docs/c.md": "1\n",
                         "test/clients/node_modules/d.h": "1\n"}) as tree:
            self.assertEqual([("source/a.cc", 2), ("test/x/b.h", 1)], size.files_of(tree.root))


if __name__ == "__main__":
    unittest.main()
