"""tools/run, tools/test and .ci/run, in a tree of their own where every program is a stand-in."""
import os
import shutil
import subprocess
import unittest

import tools

# Writes down how it was called; what it answers comes from the environment.
RECORDER = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
CTEST = RECORDER + 'echo "100% tests passed"\nexit ${CTEST_STATUS:-0}\n'
NPM = RECORDER + "mkdir -p test/clients/node_modules\n"
GATEWAY = RECORDER


class Stage:
    """A tree with the real scripts and stand-ins for what they call."""

    def __init__(self):
        self.tree = tools.Tree({"bin/cmake": RECORDER, "bin/ctest": CTEST, "bin/npm": NPM,
                                "tools/bootstrap": RECORDER, "build/release/omniroute": GATEWAY,
                                "build/release/replay": RECORDER,
                                "build/release/simulate": RECORDER,
                                "configs/quickstart.yaml": ""})
        self.root = self.tree.root
        for name in ("tools/run", "tools/test", "tools/replay", "tools/simulate", "tools/build_program",
                     ".ci/run"):
            (self.root / name).parent.mkdir(exist_ok=True)
            shutil.copy(tools.ROOT / name, self.root / name)
        for name in ("bin/cmake", "bin/ctest", "bin/npm", "tools/bootstrap", "build/release/omniroute",
                     "build/release/replay", "build/release/simulate"):
            (self.root / name).chmod(0o755)

    def call(self, script, *arguments, cwd="/", **environment):
        """(finished process, the calls it made)"""
        calls = self.root / "calls"
        calls.write_text("")
        done = subprocess.run(
            [self.root / script, *arguments], capture_output=True, text=True, check=False, cwd=cwd,
            env=dict(os.environ, PATH=f"{self.root}/bin:{os.environ['PATH']}", CALLS=str(calls),
                     **environment))
        return done, calls.read_text().splitlines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tree.__exit__()


class RunTest(unittest.TestCase):
    def test_it_serves_the_quick_start_from_wherever_it_is_called(self):
        with Stage() as stage:
            done, calls = stage.call("tools/run")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("bootstrap --run", calls[0])
        self.assertIn("--target omniroute", calls[2])
        self.assertEqual("omniroute serve --config configs/quickstart.yaml", calls[-1])

    def test_a_configuration_is_meant_from_where_the_caller_stands(self):
        with Stage() as stage:
            stage.tree.write("elsewhere/my.yaml", "")
            _, calls = stage.call("tools/run", "my.yaml", cwd=stage.root / "elsewhere")
            path = (stage.root / "elsewhere/my.yaml").resolve()
        self.assertEqual(f"omniroute serve --config {path}", calls[-1])

    def test_an_existing_build_keeps_its_tests(self):
        with Stage() as stage:
            self.assertIn("-DOMNI_TESTS=OFF", stage.call("tools/run")[1][1])
            stage.tree.write("build/release/CMakeCache.txt", "")
            self.assertNotIn("OMNI_TESTS", stage.call("tools/run")[1][1])


class ProgramsTest(unittest.TestCase):
    def test_they_are_built_and_run_with_the_words_they_were_given(self):
        for name in ("replay", "simulate"):
            with self.subTest(name=name), Stage() as stage:
                done, calls = stage.call(f"tools/{name}", "--from", "openai", "a b.sse")
                self.assertEqual((0, ""), (done.returncode, done.stdout), done.stderr)
                self.assertEqual("bootstrap --run", calls[0])
                self.assertIn(f"--target {name}", calls[2])
                self.assertEqual(f"{name} --from openai a b.sse", calls[-1])
                stage.tree.write("build/release/CMakeCache.txt", "")
                self.assertNotIn("OMNI_TESTS", " ".join(stage.call(f"tools/{name}")[1]))


class TestTest(unittest.TestCase):
    def test_the_summary_of_ctest_comes_last_and_its_status_is_the_status(self):
        with Stage() as stage:
            done, calls = stage.call("tools/test", CTEST_STATUS="8")
        self.assertEqual(8, done.returncode)
        self.assertEqual("100% tests passed", done.stdout.splitlines()[-1])
        self.assertEqual("ctest --test-dir build/release --output-on-failure -j2", calls[-1])
        self.assertIn("-DOMNI_TESTS=ON", calls[1])

    def test_a_build_and_options_may_be_named(self):
        with Stage() as stage:
            _, calls = stage.call("tools/test", "asan", "-R", "net")
            self.assertIn("--preset asan", calls[1])
            self.assertEqual("ctest --test-dir build/asan --output-on-failure -j2 -R net", calls[-1])
            done, calls = stage.call("tools/test", "fast")
            self.assertEqual((2, []), (done.returncode, calls))

    def test_client_libraries_are_installed_when_the_lock_file_changes(self):
        with Stage() as stage:
            self.assertNotIn("npm", " ".join(stage.call("tools/test")[1]))
            stage.tree.write("test/clients/package.json", "{}")
            stage.tree.write("test/clients/package-lock.json", "1")
            self.assertIn("npm ci", " ".join(stage.call("tools/test")[1]))
            self.assertNotIn("npm", " ".join(stage.call("tools/test")[1]))
            stage.tree.write("test/clients/package-lock.json", "2")
            self.assertIn("npm ci", " ".join(stage.call("tools/test")[1]))


class CiTest(unittest.TestCase):
    def test_both_builds_are_tested_and_timed(self):
        with Stage() as stage:
            done, calls = stage.call(".ci/run")
        self.assertEqual(0, done.returncode, done.stderr)
        tested = [call.split()[2] for call in calls if call.startswith("ctest")]
        self.assertEqual(["build/release", "build/asan"], tested)
        self.assertEqual(3, done.stdout.count(" passed\n") - done.stdout.count("tests passed"))

    def test_a_failing_phase_fails_it_and_is_named(self):
        with Stage() as stage:
            done, calls = stage.call(".ci/run", CTEST_STATUS="8")
        self.assertNotEqual(0, done.returncode)
        self.assertEqual(1, len([call for call in calls if call.startswith("ctest")]))
        self.assertRegex(done.stdout, r"release +\d+ s  FAILED")


if __name__ == "__main__":
    unittest.main()
