"""Other people's HTTP/2 tools, where they are installed: h2load, and h2spec (H2SPEC names it)."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from certs import make_authority, make_certificate
from harness import SLOW, GatewayTest, config

H2SPEC = os.environ.get("H2SPEC") or shutil.which("h2spec")
# Without TLS the port speaks HTTP/1.1 too, so a preface that is none gets an answer of HTTP/1.1.
SHARED_PORT = {"Sends invalid connection preface"}


class ToolsTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        folder = Path(tempfile.mkdtemp(prefix="omni-it-h2-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        make_authority(folder, "ca")
        make_certificate(folder, "server", "ca")
        settings = config([{"id": "demo", "type": "demo"}], log={"access": False})
        settings["listeners"].append({"name": "secure", "address": "127.0.0.1:0", "tls": {
            "certificate": str(folder / "server.pem"), "private_key": str(folder / "server.key")}})
        cls.gateway = cls.serve(settings)

    def tearDown(self):
        self.assert_well(self.gateway)

    @unittest.skipUnless(shutil.which("h2load"), "needs h2load of the package nghttp2-client")
    def test_h2load_gets_an_answer_to_every_request(self):
        for scheme, port in zip(("http", "https"), self.gateway.ports):
            for path in ("/healthz", "/v1/models"):
                run = subprocess.run(["h2load", "-n", "2000", "-c", "10", "-m", "10", f"{scheme}://127.0.0.1:{port}{path}"],
                                     capture_output=True, text=True, timeout=60 * SLOW, check=True)
                self.assertIn("2000 succeeded, 0 failed, 0 errored, 0 timeout", run.stdout)
                self.assertIn("status codes: 2000 2xx", run.stdout)

    def failures(self, path, *words):
        run = subprocess.run([H2SPEC, "-h", "127.0.0.1", "-P", path, "--timeout", str(int(3 * SLOW)), *words],
                             capture_output=True, text=True, timeout=300 * SLOW, check=False)
        self.assertRegex(run.stdout, r"14\d tests, ")
        return set(re.findall(r"× \d+: (.*)", run.stdout))

    @unittest.skipUnless(H2SPEC, "needs h2spec (go install github.com/summerwind/h2spec/cmd/h2spec)")
    def test_h2spec_finds_nothing_that_is_ours(self):
        plain, secure = self.gateway.ports
        self.assertEqual(self.lasting_failures(set(), "-t", "-k", "-p", str(secure)), set())
        self.assertLessEqual(self.lasting_failures(SHARED_PORT, "-p", str(plain)), SHARED_PORT)

    def lasting_failures(self, known, *words):
        """What fails every time: when the answer is quicker than the abuse, a stream is closed already, and
        which path is quicker depends on whether it waits for a body."""
        lasting = self.failures("/v1/models", *words)
        for path in ("/v1/chat/completions", "/v1/models") * 2:
            if lasting <= known:
                break
            lasting &= self.failures(path, *words)
        return lasting


if __name__ == "__main__":
    harness.main()
