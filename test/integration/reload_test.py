"""The configuration is edited while streams are open (settled questions 11 and 22)."""
import json
import os
import signal
import threading
import time

import harness
from client import Client, chat, get, hello
from harness import CLIENT_KEY, SLOW, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, text

STREAMS = 200


class OpenStreams:
    """Many streams that go on until release(); finish() says how many came through unharmed."""

    def __init__(self, upstream, pace=0.2):
        self._released = threading.Event()
        self._upstream = upstream
        self._pace = pace
        self._results = []
        self._started = []
        self._threads = []
        upstream.script = self._script

    def _script(self, call):
        if not call.json.get("stream"):
            return call.respond(200, answer())
        call.begin_stream()
        call.chunk(ROLE)
        count = 0
        while not self._released.is_set():
            call.chunk(text(f"{count} "))
            count += 1
            time.sleep(self._pace)
        call.chunk(text(f"total {count}") + STOP + DONE)
        return call.end_stream()

    def _follow(self, port):
        try:
            with Client(port, timeout=60 * SLOW) as client:
                response, pieces = client.open_stream(hello("up/m", stream=True))
                body = next(pieces)
                self._started.append(1)
                body += b"".join(pieces)
                count = body.count(b'"content":"') - 2
                self._results.append(response.complete and body.endswith(text(f"total {count}") + STOP + DONE))
        except Exception as error:  # Counted as a failure, with its reason.
            self._results.append(repr(error))

    def open(self, port, count):
        threads = [threading.Thread(target=self._follow, args=(port,), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        self._threads += threads
        wait_until(lambda: len(self._started) == len(self._threads), 30, "streams are open")
        return self

    def finish(self):
        self._released.set()
        for thread in self._threads:
            thread.join(30 * SLOW)
        return self._results


class ReloadTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)

    def start(self, **sections):
        self.settings = config([provider(self.upstream)], log={"access": False}, **sections)
        self.gateway = self.run_gateway(self.settings)
        return self.gateway

    def generation(self):
        return self.gateway.status()["generation"]

    def test_edits_break_no_stream_and_take_effect_within_a_second(self):
        gateway = self.start()
        streams = OpenStreams(self.upstream).open(gateway.port, STREAMS)
        for number in range(3):
            name = f"new{number}"
            self.assertEqual(chat(gateway.port, hello(f"{name}/m")).status, 400)
            self.settings["providers"].append(provider(self.upstream, name))
            edited = time.monotonic()
            gateway.write(self.settings)
            wait_until(lambda: chat(gateway.port, hello(f"{name}/m")).status == 200, 5, "new provider")
            self.assertLess(time.monotonic() - edited, 1.0 * SLOW)
        # The provider of the open streams goes away; they keep what they started with.
        self.settings["providers"] = self.settings["providers"][1:]
        gateway.write(self.settings)
        wait_until(lambda: chat(gateway.port, hello("up/m")).status == 400, 5, "provider gone")
        results = streams.finish()
        self.assertEqual(results.count(True), STREAMS, [r for r in results if r is not True][:5])
        self.assert_well(gateway)

    def test_a_bad_edit_changes_nothing_and_is_reported_with_its_place(self):
        gateway = self.start()
        streams = OpenStreams(self.upstream).open(gateway.port, 20)
        before = gateway.status()
        self.assertIsNone(before["lastError"])
        bad = ("workers: 2\nstorage: {path: ./data}\nproviders:\n  - id: up\n    dialect: openai\n"
               f"    base_url: {self.upstream.url}\n    acounts: []\n")
        gateway.write(bad)
        line = gateway.wait_log(r"acounts")
        self.assertRegex(line, r'"message":"\S*gateway\.yaml:7:5: providers\[0\]\.acounts: ')
        gateway.wait_log(f"configuration {before['generation']} stays in force")
        status = gateway.status()
        self.assertEqual(status["generation"], before["generation"])
        error = status["lastError"]
        self.assertTrue(error["file"].endswith("gateway.yaml"))
        self.assertEqual((error["line"], error["column"], error["path"]), (7, 5, "providers[0].acounts"))
        self.assertEqual(gateway.metric("omniroute_config_reload_failures_total"), 1)
        self.assertEqual(gateway.metric("omniroute_config_generation"), before["generation"])
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        gateway.write(self.settings)
        wait_until(lambda: gateway.status()["lastError"] is None, 5, "error forgotten")
        gateway.wait_log(f"the files are those of configuration {before['generation']} again")
        self.assertEqual(streams.finish().count(True), 20)
        self.assert_well(gateway)

    def test_every_kind_of_bad_file_changes_nothing(self):
        gateway = self.start()
        bad = ["", "\0\1\2", "a: [", "providers: 5", "include: [missing.yaml]", "- a\n- b\n",
               "log: {level: loud}\n", "providers: [{id: a}]\n", "a: &x [*x]\n", "{" * 5000, "log: {}\nlog: {}\n",
               f"keys: [{{name: k, key: {CLIENT_KEY}, nonsense: 1}}]\n"]
        generation = self.generation()
        for number, content in enumerate(bad):
            with self.subTest(content[:20]):
                failures = gateway.metric("omniroute_config_reload_failures_total")
                gateway.write(content)
                if content:  # An empty file is a valid one: everything has a default.
                    wait_until(lambda: gateway.metric("omniroute_config_reload_failures_total") > failures, 5, "refusal")
                    self.assertEqual(self.generation(), generation)
                    self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
                else:
                    gateway.write(self.settings)
                    time.sleep(1)
                    generation = self.generation()
        self.assert_well(gateway)

    def test_a_file_that_vanishes_changes_nothing(self):
        gateway = self.start()
        gateway.file.unlink()
        time.sleep(1)
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        gateway.write({**self.settings, "aliases": {"back": "up/m"}})
        wait_until(lambda: chat(gateway.port, hello("back")).status == 200, 5, "file is back")

    def test_sighup_reloads_and_breaks_nothing(self):
        gateway = self.start()
        streams = OpenStreams(self.upstream).open(gateway.port, 20)
        generation = self.generation()
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: self.generation() > generation, 5, "reload by SIGHUP")
        self.assertEqual(streams.finish().count(True), 20)

    def test_included_and_read_files_are_watched(self):
        gateway = self.start()
        (gateway.folder / "key.txt").write_text("sk-first-key\n", encoding="ascii")
        (gateway.folder / "more.yaml").write_text("aliases: {one: up/m}\n", encoding="ascii")
        gateway.write({"include": ["more.yaml"], **self.settings, "settings": {"require_api_key": True},
                       "keys": [{"name": "k", "key": "${file:key.txt}"}]})
        ask = lambda model, key: chat(gateway.port, hello(model), [("x-api-key", key)]).status
        wait_until(lambda: ask("one", "sk-first-key") == 200, 5, "included alias")
        (gateway.folder / "more.yaml").write_text("aliases: {two: up/m}\n", encoding="ascii")
        wait_until(lambda: ask("two", "sk-first-key") == 200, 5, "edited alias")
        self.assertEqual(ask("one", "sk-first-key"), 400)
        (gateway.folder / "key.txt").write_text("sk-second-key\n", encoding="ascii")
        wait_until(lambda: ask("two", "sk-second-key") == 200, 5, "changed key")
        self.assertEqual(ask("two", "sk-first-key"), 401)

    def test_a_symbolic_link_that_moves_is_noticed(self):
        gateway = self.start()
        for name, alias in (("a", "one"), ("b", "two")):
            (gateway.folder / name).mkdir()
            settings = json.dumps({**self.settings, "aliases": {alias: "up/m"}})
            (gateway.folder / name / "gateway.yaml").write_text(settings, encoding="ascii")
        os.symlink("a", gateway.folder / "current")
        os.symlink("current/gateway.yaml", gateway.folder / "link")
        os.replace(gateway.folder / "link", gateway.file)
        wait_until(lambda: chat(gateway.port, hello("one")).status == 200, 6, "first target")
        os.symlink("b", gateway.folder / "next")
        os.replace(gateway.folder / "next", gateway.folder / "current")
        wait_until(lambda: chat(gateway.port, hello("two")).status == 200, 6, "second target")


if __name__ == "__main__":
    harness.main()
