import contextlib
import io
import unittest

import tools

changelog = tools.load("tools/changelog.py")

START = "# Changelog\n\nIntroduction.\n\n## 0.1.0 - 2026-01-01\n\n### Added\n\n- The start.\n"


def run(tree, *arguments):
    """(exit status, standard output, standard error)"""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = changelog.main(list(arguments), tree.root)
    return status, out.getvalue(), err.getvalue()


class ChangelogTest(unittest.TestCase):
    def test_a_release_takes_the_fragments_in(self):
        with tools.Tree({"CHANGELOG.md": START,
                         "docs/changelog.d/b.feature.md": "Second thing\nin two lines.\n",
                         "docs/changelog.d/a.feature.md": "First thing.\n",
                         "docs/changelog.d/hole.security.md": "A hole is closed.\n"}) as tree:
            self.assertEqual(0, run(tree, "0.2.0", "2026-02-03")[0])
            self.assertEqual(
                "# Changelog\n\nIntroduction.\n\n## 0.2.0 - 2026-02-03\n\n"
                "### Security\n\n- A hole is closed.\n\n"
                "### Added\n\n- First thing.\n- Second thing\n  in two lines.\n\n"
                "## 0.1.0 - 2026-01-01\n\n### Added\n\n- The start.\n",
                (tree.root / "CHANGELOG.md").read_text())
            self.assertEqual([], list((tree.root / "docs/changelog.d").iterdir()))

    def test_the_first_release_goes_below_the_introduction(self):
        with tools.Tree({"CHANGELOG.md": "# Changelog\n\nIntroduction.\n",
                         "docs/changelog.d/a.fix.md": "Better.\n"}) as tree:
            self.assertEqual(0, run(tree, "0.1.0", "2026-02-03")[0])
            self.assertEqual(
                "# Changelog\n\nIntroduction.\n\n## 0.1.0 - 2026-02-03\n\n### Fixed\n\n- Better.\n",
                (tree.root / "CHANGELOG.md").read_text())

    def test_wrong_names_and_empty_texts_are_refused(self):
        for name, text in (("a.md", "x"), ("a.bug.md", "x"), (".fix.md", "x"), ("a.fix.md", " \n")):
            with self.subTest(name), tools.Tree({f"docs/changelog.d/{name}": text}) as tree:
                status, _, err = run(tree, "--check")
                self.assertEqual(1, status)
                self.assertIn(name, err)

    def test_nothing_is_written_when_a_fragment_is_wrong(self):
        with tools.Tree({"CHANGELOG.md": START, "docs/changelog.d/a.bug.md": "x",
                         "docs/changelog.d/b.fix.md": "y"}) as tree:
            self.assertEqual(1, run(tree, "0.2.0")[0])
            self.assertEqual(START, (tree.root / "CHANGELOG.md").read_text())
            self.assertEqual(2, len(list((tree.root / "docs/changelog.d").iterdir())))

    def test_an_empty_release_is_refused(self):
        with tools.Tree({"CHANGELOG.md": START, "docs/changelog.d/README.md": "What this is."}) as tree:
            self.assertEqual(1, run(tree, "0.2.0")[0])


if __name__ == "__main__":
    unittest.main()
