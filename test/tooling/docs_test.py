import os
import re
import subprocess
import sys
import unittest

import tools

sys.path.insert(0, str(tools.ROOT / "test/bench"))
import harness  # noqa: E402

BINARY = os.environ.get("OMNIROUTE_BIN")
PAGES = [tools.ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((tools.ROOT / "docs").rglob("*.md")) + [tools.ROOT / "test/bench/README.md"]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
TOOL = re.compile(r"(?<![\w./-])\.?/?((?:tools|test/bench|\.ci)/[a-z_]+(?:\.py)?)(?=[\s`;,.)])")


class DocsTest(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in LINK.findall(page.read_text(encoding="utf-8")):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page}: {target}")

    def test_tools_that_are_named_exist(self):
        for page in PAGES:
            for name in TOOL.findall(page.read_text(encoding="utf-8")):
                self.assertTrue((tools.ROOT / name).exists(), f"{page}: {name}")

    def test_the_walkthrough_compiles(self):
        text = (tools.ROOT / "docs/adding_a_filter.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```cpp\n(// (filters/\S+?):?[ \n].*?)```", text, re.DOTALL)
        files = {path.rstrip(":"): block for block, path in blocks}
        self.assertEqual({"filters/body_limit/body_limit_filter.h",
                          "filters/body_limit/body_limit_filter.cc"}, set(files))
        with tools.Tree(files) as tree:
            subprocess.run(
                [os.environ.get("CXX", "c++"), "-std=c++20", "-Wall", "-Wextra", "-Werror",
                 "-Wno-missing-field-initializers", "-fsyntax-only", f"-I{tree.root}",
                 f"-I{tools.ROOT}", tree.root / "filters/body_limit/body_limit_filter.cc"],
                check=True)

    @unittest.skipUnless(BINARY, "the gateway is not part of this build")
    def test_the_configurations_that_are_shown_are_valid(self):
        readme = (tools.ROOT / "README.md").read_text(encoding="utf-8")
        texts = dict(enumerate(re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)))
        self.assertTrue(texts)
        texts["bench"] = harness.GATEWAY.format(dir="/tmp", port=1, upstream=2, key="sk-x")
        for name, text in texts.items():
            with self.subTest(name), tools.Tree({"gateway.yaml": text}) as tree:
                done = subprocess.run([BINARY, "check", "--config", tree.root / "gateway.yaml"],
                                      capture_output=True, text=True, check=False,
                                      env=dict(os.environ, OPENAI_API_KEY="sk-x"))
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
