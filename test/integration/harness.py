"""Starts the gateway under test on free ports in a folder of its own, and watches what it says."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from client import Client, get

BINARY = os.environ.get("OMNIROUTE_BIN") or str(
    Path(__file__).resolve().parents[2] / "build/release/omniroute")
# Builds with sanitizers, and machines under load, need more patience.
SLOW = float(os.environ.get("OMNI_TEST_SLOW", "1"))
# Keys that must never be seen in a log; each test that sends one sends one of these.
CLIENT_KEY = "sk-canary-client-7d1f0c9be2"
PROVIDER_KEY = "sk-canary-provider-51ab88e0d4"


def wait_until(check, timeout=10.0, what="condition"):
    deadline = time.monotonic() + timeout * SLOW
    while time.monotonic() < deadline:
        if result := check():
            return result
        time.sleep(0.005)
    raise AssertionError(f"not in {timeout} s: {what}")


# Tests make providers fail by the dozen: what that adds up to is routing_test.py's.
PATIENT = {"breaker": {"api_key_failures": 1000}, "cooldown": {"api_key_base": "0s"},
           "wait_for_cooldown": {"enabled": False}}


def config(providers=(), listener=None, **sections):
    """A configuration as a mapping; JSON is YAML, so it is written as JSON."""
    return {"workers": 2, "storage": {"path": "./data", "map_size": "64MiB"},
            "listeners": [{"name": "main", "address": "127.0.0.1:0", **(listener or {})}],
            "providers": list(providers), "resilience": PATIENT, **sections}


def provider(upstream, identity="up", **more):
    return {"id": identity, "dialect": "openai", "base_url": upstream.url,
            "accounts": [{"name": "main", "api_key": PROVIDER_KEY}], **more}


def routes(**upstream_options):
    """The default row with options of its last filter."""
    return [{"match": {"prefix": "/v1"},
             "filters": [{"auth": {}}, {"translation": {}}, {"routing": {}},
                         {"upstream": upstream_options}]}]


class Gateway:
    """A running gateway. `folder` is its working directory; close() ends it and its successors."""

    def __init__(self, settings, folder=None, environment=None):
        self._own_folder = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="omni-it-"))
        self.file = self.folder / "gateway.yaml"
        self.write(settings)
        self._lines = []
        self._environment = {**os.environ, **(environment or {})}
        self.process = self._collector = None

    def write(self, settings):
        """Replaces the configuration at once, as editors do."""
        text = settings if isinstance(settings, str) else json.dumps(settings, indent=1)
        temporary = self.folder / "gateway.yaml.tmp"
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(self.file)

    def spawn(self):
        # A session of its own, so that a process that took over in place can be ended as well.
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", "gateway.yaml"], cwd=self.folder, env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True)
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()
        return self

    def start(self):
        self.spawn()
        wait_until(lambda: self.ports or self.process.poll() is not None, 20, "listening line")
        if not self.ports:
            raise AssertionError("gateway did not start:\n" + self.log)
        return self

    def _collect(self):
        with self.process.stderr as pipe:
            for line in pipe:
                self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    @property
    def log(self):
        return "\n".join(self._lines)

    @property
    def records(self):
        return [json.loads(line) for line in list(self._lines) if line.startswith("{")]

    def access(self, count=1):
        """The last `count` access lines, as soon as the log holds that many."""
        def found():
            lines = [record for record in self.records if record["message"] == "access"]
            return lines[-count:] if len(lines) >= count else None
        return wait_until(found, 5, "access line")

    def access_of(self, response):
        """The access line of the exchange that gave this answer."""
        wanted = response.headers["x-omniroute-request-id"]
        return wait_until(lambda: next((record for record in self.records
                                        if record.get("request_id") == wanted), None), 5,
                          "access line")

    def wait_log(self, pattern, timeout=10.0, count=1):
        def found():
            lines = [line for line in list(self._lines) if re.search(pattern, line)]
            return lines[-1] if len(lines) >= count else None
        return wait_until(found, timeout, f"log line {pattern}")

    @property
    def ports(self):
        found = [re.match(r"listening on https?://.*:(\d+)$", line) for line in list(self._lines)]
        return [int(match[1]) for match in found if match]

    @property
    def port(self):
        return self.ports[0]

    def status(self):
        return get(self.port, "/api/config/status").json

    def metric(self, name):
        """The value of a series, as it stands in /metrics; None when it is absent."""
        for line in get(self.port, "/metrics").body.decode().split("\n"):
            series, _, value = line.rpartition(" ")
            if series == name:
                return float(value)
        return None

    def forget_failures(self):
        """Holds nothing against providers any more."""
        with Client(self.port) as client:
            client.request("POST", "/api/resilience/reset", b"")

    def rss_kib(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, timeout=20.0):
        return self.process.wait(timeout * SLOW)

    def stop(self):
        """An orderly end; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait_exit()

    def close(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self._collector.join(5)
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class GatewayTest(unittest.TestCase):
    """Each class may share one gateway: set `cls.gateway` in setUpClass by `serve`."""

    gateway = None

    @classmethod
    def serve(cls, settings, **options):
        gateway = Gateway(settings, **options)
        cls.addClassCleanup(gateway.close)
        return gateway.start()

    def run_gateway(self, settings, **options):
        gateway = Gateway(settings, **options)
        self.addCleanup(gateway.close)
        return gateway.start()

    def assert_error(self, response, status, code=None, contains=""):
        self.assertEqual(response.status, status, response.body)
        error = response.error
        self.assertEqual(sorted(error), ["code", "message", "param", "type"])
        if code is not None:
            self.assertEqual(error["code"], code)
        self.assertIn(contains, error["message"])

    def assert_well(self, gateway):
        """The gateway lives, answers, and has kept its secrets."""
        self.assertIsNone(gateway.process.poll(), gateway.log[-3000:])
        self.assertEqual(get(gateway.port, "/healthz").status, 200)
        self.assertNotIn("canary", gateway.log)
        self.assertNotRegex(gateway.log, "Sanitizer|runtime error:")


def main():
    unittest.main(verbosity=1)
