"""The reference page, the schemas, the shipped configurations and the program agree."""
import os
import subprocess
import sys
import unittest

from tools import ROOT, load


def run(*command):
    return subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, capture_output=True,
                          text=True, timeout=120, check=False)


class ConfigurationTest(unittest.TestCase):
    def test_the_reference_page_is_what_the_schemas_say(self):
        done = run("tools/gen_configuration_doc.py", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_schemas_and_configurations_agree(self):
        binary = os.environ.get("OMNIROUTE_BIN", "")
        done = run("tools/check_schema.py", *(["--binary", binary] if binary else []))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_wrong_value_is_found(self):
        tool = load("tools/check_schema.py")
        schemas = tool.load_schemas()
        found = list(tool.problems_in(tool.GATEWAY, {"log": {"level": "loud"}, "zzz": 1}, schemas))
        self.assertEqual(len(found), 2, found)

    def test_only_true_and_false_are_booleans(self):
        tool = load("tools/check_schema.py")
        text = "a: off\nb: true\nc: yes\nd: 2026-01-01\ne: 5\n"
        self.assertEqual(tool.yaml.load(text, tool.Loader),
                         {"a": "off", "b": True, "c": "yes", "d": "2026-01-01", "e": 5})

    def test_variables_are_typed_by_their_result(self):
        tool = load("tools/check_schema.py")
        self.assertEqual(tool.substituted({"a": "${N:-4}", "b": ["${X}"], "c": "${Y:-}", "d": "z"}),
                         {"a": 4, "b": ["stand-in"], "c": "", "d": "z"})


if __name__ == "__main__":
    unittest.main()
