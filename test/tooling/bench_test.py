import os
import subprocess
import sys
import unittest

import tools

sys.path.insert(0, str(tools.ROOT / "test/bench"))
import table  # noqa: E402
import workloads  # noqa: E402

RATIO = workloads.Measure("r", "a ratio", "us", 1.1)
PLAIN = workloads.Measure("p", "a plain number", "MB", 20, is_ratio=False)


def rounds(**numbers):
    """One round per position: rounds(nginx=[1, 2], omniroute=[3, 4]) for measures r and p alike."""
    count = max(len(values) for values in numbers.values())
    return [{name: {"r": values[at], "p": values[at]} for name, values in numbers.items()}
            for at in range(count)]


class TableTest(unittest.TestCase):
    def test_medians_decide_not_outliers(self):
        lines, over = table.table([RATIO], rounds(nginx=[10, 10, 10], omniroute=[10.9, 10.9, 99]),
                                  ["nginx", "omniroute"])
        self.assertEqual([], over)
        self.assertEqual("| a ratio | 10.0 us | 10.9 us | 1.09 | 1.1 x | ok |", lines[2])

    def test_a_number_over_its_bar_is_flagged(self):
        lines, over = table.table([RATIO, PLAIN], rounds(nginx=[10], omniroute=[21]),
                                  ["nginx", "omniroute"])
        self.assertEqual([RATIO, PLAIN], over)
        self.assertIn("**over**", lines[2])
        self.assertIn("| 20 MB | **over** |", lines[3])

    def test_a_ratio_needs_both_sides(self):
        lines, over = table.table([RATIO], rounds(nginx=[10]), ["nginx"])
        self.assertEqual([], over)
        self.assertEqual("| a ratio | 10.0 us | - | 1.1 x |  |", lines[2])

    def test_ratios_are_those_of_one_breath(self):
        # A machine that is half as fast for a while is so for both.
        lines, over = table.table([RATIO], rounds(nginx=[10, 20, 10], omniroute=[10, 20, 20]),
                                  ["nginx", "omniroute"])
        self.assertEqual([], over)
        self.assertEqual("| a ratio | 10.0 us | 20.0 us | 1.00 | 1.1 x | ok |", lines[2])


class RunTest(unittest.TestCase):
    def test_the_programs_build_and_agree_with_each_other(self):
        done = subprocess.run(
            [sys.executable, tools.ROOT / "test/bench/run", "direct", "--rounds", "1", "--slices", "1",
             "--seconds", "0.2", "--streams", "50", "--only", "json_c1", "stream_c1", "open_1000"],
            capture_output=True, text=True, timeout=120, check=False,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"median latency \| \d")
        self.assertRegex(done.stdout, r"first byte \| \d")


if __name__ == "__main__":
    unittest.main()
