"""tools/simulate: the same trace through every strategy."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness

BINARY = Path(harness.BINARY).with_name("simulate")


def price(amount):
    return {"input": amount, "output": amount}


CONFIG = {
    "listeners": [{"address": "127.0.0.1:0"}],
    "providers": [{"id": name, "dialect": "openai", "base_url": f"https://{name}.example/v1",
                   "accounts": [{"api_key": "k"}], "models": [{"id": "m", "price": price(cost)}]}
                  for name, cost in (("dear", 10), ("cheap", 1))],
    "combos": [{"name": "best", "targets": [{"model": "dear/m", "weight": 3}, {"model": "cheap/m", "weight": 1}],
                "config": {"max_retries": 0}}],
}


class SimulateTest(unittest.TestCase):
    def simulate(self, lines, config=None, combo=()):
        with tempfile.TemporaryDirectory() as folder:
            file, trace = Path(folder) / "c.yaml", Path(folder) / "t.jsonl"
            file.write_text(json.dumps(config or CONFIG), encoding="utf-8")
            trace.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines),
                             encoding="utf-8")
            done = subprocess.run([BINARY, file, trace, *combo], capture_output=True, text=True, timeout=60)
        return done

    def rows(self, lines):
        done = self.simulate(lines)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {line.split()[0]: line for line in done.stdout.splitlines()[1:]}

    def test_strategies_differ_as_they_say(self):
        requests = [{"at": i * 2, "session": f"s{i % 7}", "input": 1000, "output": 1000} for i in range(400)]
        rows = self.rows([{"at": 0, "target": "dear/m", "first_token_ms": 200},
                          {"at": 0, "target": "cheap/m", "first_token_ms": 900}] + requests)
        self.assertEqual(len(rows), 18)  # fusion and pipeline are none of one answer at a time.
        self.assertIn("dear/m 100%", rows["priority"])
        self.assertIn("cheap/m 100%", rows["cost-optimized"])
        self.assertIn("$0.8000", rows["cost-optimized"])
        self.assertIn("cheap/m 50% dear/m 50%", rows["round-robin"])
        self.assertRegex(rows["weighted"], r"dear/m (7[0-9]|80)%")
        self.assertRegex(rows["latency"], r"dear/m 9\d%|dear/m 100%")
        for row in rows.values():
            self.assertIn(" 100.00% ", row)
        self.assertEqual(rows, self.rows([{"at": 0, "target": "dear/m", "first_token_ms": 200},
                                          {"at": 0, "target": "cheap/m", "first_token_ms": 900}] + requests),
                         "the same trace gives the same answer")

    def test_an_outage_is_got_over(self):
        requests = [{"at": i} for i in range(200)]
        rows = self.rows([{"at": 0, "target": "dear/m", "failing": 1, "status": 500}] + requests)
        self.assertIn(" 100.00% ", rows["priority"])
        self.assertIn("cheap/m 100%", rows["priority"])
        alone = json.loads(json.dumps(CONFIG))
        alone["combos"][0]["targets"].pop()
        done = self.simulate([{"at": 0, "target": "dear/m", "failing": 1, "status": 500}] + requests, alone)
        self.assertIn(" 0.00% ", done.stdout.splitlines()[1])

    def test_what_is_wrong_is_told(self):
        for lines, why in [(["{"], "line 1: "), ([{"at": 0}, {"speed": 1}], "line 2: 'speed' is not known"),
                           ([{"at": -1}], "line 1: 'at' must be a number from 0")]:
            done = self.simulate(lines)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)
        self.assertIn("no combo is named 'none'", self.simulate([{"at": 0}], combo=["none"]).stderr)
        self.assertEqual(subprocess.run([BINARY], capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=1)
