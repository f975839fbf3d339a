import os
import re
import subprocess
import unittest

import tools

# Stands in for a package manager: $HAVE is what is installed, calls end up in $CALLS.
STUBS = {
    "dpkg-query": "#!/bin/sh\nfor p in $HAVE; do echo \"installed $p:amd64\"; done\n",
    "apt-get": "#!/bin/sh\necho \"$@\" >> \"$CALLS\"\nexit ${APT_STATUS:-0}\n",
    "sudo": "#!/bin/sh\nexec \"$@\"\n",
}


def packages(level):
    text = (tools.ROOT / "tools/bootstrap").read_text(encoding="utf-8")
    return re.search(rf"^{level}_packages=\((.*?)\)", text, re.DOTALL | re.MULTILINE)[1].split()


def bootstrap(have, *arguments, apt_status=0):
    """(finished process, lines of calls of apt-get)"""
    with tools.Tree(STUBS) as tree:
        for name in STUBS:
            (tree.root / name).chmod(0o755)
        calls = tree.root / "calls"
        calls.touch()
        done = subprocess.run(
            [tools.ROOT / "tools/bootstrap", *arguments], capture_output=True, text=True, check=False,
            env=dict(os.environ, PATH=f"{tree.root}:{os.environ['PATH']}", HAVE=" ".join(have),
                     CALLS=str(calls), APT_STATUS=str(apt_status)))
        return done, calls.read_text().splitlines()


class BootstrapTest(unittest.TestCase):
    def test_nothing_is_asked_when_nothing_is_missing(self):
        done, calls = bootstrap(packages("run"), "--run")
        self.assertEqual((0, "", []), (done.returncode, done.stderr, calls))

    def test_exactly_what_is_missing_is_installed(self):
        have = [each for each in packages("run") if each not in ("libuv1-dev", "g++")]
        done, calls = bootstrap(have)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(2, len(calls))
        self.assertIn("update", calls[0])
        self.assertTrue(calls[1].endswith("--no-install-recommends g++ libuv1-dev"), calls[1])

    def test_levels_add_up(self):
        done, calls = bootstrap(packages("run") + packages("test"), "--test", "--bench")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("nginx", calls[1].split())
        self.assertNotIn("libgtest-dev", calls[1].split())

    def test_a_failure_of_the_package_manager_is_told(self):
        done, _ = bootstrap([], apt_status=100)
        self.assertEqual(1, done.returncode)
        self.assertIn("could not be installed", done.stderr)

    def test_an_unknown_level_is_refused(self):
        done, calls = bootstrap([], "--everything")
        self.assertEqual((2, []), (done.returncode, calls))


if __name__ == "__main__":
    unittest.main()
