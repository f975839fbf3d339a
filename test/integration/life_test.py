"""Start, restart in place, drain and end (settled question 13)."""
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

import harness
from certs import make_authority
from client import Client, chat, events, get, hello
from harness import BINARY, CLIENT_KEY, SLOW, Gateway, GatewayTest, config, provider, wait_until
from reload_test import OpenStreams
from upstream import DONE, ROLE, STOP, Upstream, answer, text


class LifeTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)

    def start(self, **sections):
        return self.run_gateway(config([provider(self.upstream)], **sections))


class MemoryTest(LifeTest):
    @unittest.skipIf(SLOW > 1, "a sanitizer's allocator keeps what is free")
    def test_what_a_burst_took_is_given_back(self):
        gateway, go_on = self.start(), threading.Event()
        self.upstream.script = lambda call: (go_on.wait(20), call.respond(200, answer()))
        body = hello("up/m")
        body["messages"][0]["content"] = "word " * 12_000
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(chat(gateway.port, body).status))
                   for _ in range(200)]
        before = gateway.rss_kib()
        for thread in threads:
            thread.start()
        wait_until(lambda: gateway.metric("omniroute_exchanges") > 200)
        held = gateway.rss_kib() - before
        go_on.set()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200] * 200)
        self.assertGreater(held, 200 * 60)
        # The blocks that bodies are read into are kept for the next ones.
        wait_until(lambda: gateway.rss_kib() - before < held * 0.57, 5)


class RestartTest(LifeTest):
    def test_a_restart_under_load_fails_no_connection(self):
        gateway = self.start(log={"access": False})
        port, old = gateway.port, gateway.process.pid
        streams = OpenStreams(self.upstream).open(port, 50)
        served, failed, stop = [], [], threading.Event()

        def load():
            while not stop.is_set():
                try:
                    served.append(chat(port, hello("up/m")).status)
                except Exception as error:  # Any failure at all is what this test is about.
                    failed.append(repr(error))
                time.sleep(0.002)
        threads = [threading.Thread(target=load, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        gateway.signal(signal.SIGUSR2)
        gateway.wait_log("^listening on", 20, count=2)
        time.sleep(1)
        before_end = len(served)
        results = streams.finish()
        self.assertEqual(gateway.wait_exit(), 0)
        time.sleep(0.3)
        stop.set()
        for thread in threads:
            thread.join(10)
        self.assertEqual(failed, [])
        self.assertEqual(set(served), {200})
        self.assertGreater(len(served), before_end)
        self.assertEqual(results.count(True), 50, [r for r in results if r is not True][:5])
        self.assertEqual(set(gateway.ports), {port})
        self.assertFalse(os.path.exists(f"/proc/{old}/fd/0"))
        self.assertEqual(get(port, "/readyz").status, 200)
        self.assertNotIn("canary", gateway.log)

    def test_restarts_can_follow_each_other(self):
        gateway = self.start()
        port = gateway.port
        for number in range(3):
            pid = self._pid_of(gateway)
            os.kill(pid, signal.SIGUSR2)
            gateway.wait_log("^listening on", 20, count=number + 2)
            wait_until(lambda: self._pid_of(gateway) not in (None, pid), 20, "successor")
            self.assertEqual(chat(port, hello("up/m")).status, 200)

    @staticmethod
    def _pid_of(gateway):
        """The one process of the gateway's session, when it is one."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.getsid(int(entry)) == gateway.process.pid:
                    with open(f"/proc/{entry}/stat", encoding="ascii") as stat:
                        if stat.read().rsplit(")", 1)[1].split()[0] != "Z":
                            found.append(int(entry))
            except (ProcessLookupError, FileNotFoundError):
                pass
        return found[0] if len(found) == 1 else None

    def test_a_restart_with_a_bad_file_leaves_the_old_process_serving(self):
        gateway = self.start()
        gateway.write("nonsense: 1\n")
        gateway.wait_log("nonsense")
        gateway.signal(signal.SIGUSR2)
        gateway.wait_log("restart in place failed", 20)
        self.assertIsNone(gateway.process.poll())
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)


class DrainTest(LifeTest):
    def test_pitfall_71_sigterm_lets_streams_finish_and_exits_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            gateway = self.start()
            streams = OpenStreams(self.upstream).open(gateway.port, 50)
            idle = Client(gateway.port)
            self.assertEqual(idle.request("GET", "/healthz").status, 200)
            gateway.signal(number)
            gateway.wait_log("draining")
            self.assertTrue(idle.is_closed())
            idle.close()
            time.sleep(0.3)
            with self.assertRaises(ConnectionRefusedError):
                get(gateway.port, "/healthz", timeout=5)
            self.assertIsNone(gateway.process.poll())
            self.assertEqual(streams.finish().count(True), 50)
            self.assertEqual(gateway.wait_exit(), 0)
            self.assertNotIn("canary", gateway.log)

    def test_a_waiting_request_is_answered_before_the_end(self):
        gateway = self.start()
        self.upstream.script = lambda call: (time.sleep(0.5), call.respond(200, answer()))
        with Client(gateway.port) as client:
            client.send_request("POST", "/v1/chat/completions", hello("up/m"))
            wait_until(lambda: self.upstream.calls, 5)
            gateway.signal(signal.SIGTERM)
            response = client.read()
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers.get("connection"), "close")
            self.assertTrue(client.is_closed())
        self.assertEqual(gateway.wait_exit(), 0)

    def test_streams_beyond_the_drain_limit_end_with_a_typed_error(self):
        gateway = self.start(shutdown={"drain": "500ms"})
        OpenStreams(self.upstream)
        with Client(gateway.port) as client, Client(gateway.port) as waiting:
            _, pieces = client.open_stream(hello("up/m", stream=True))
            next(pieces)
            self.upstream.script = lambda call: call.wait_left(20)
            waiting.send_request("POST", "/v1/chat/completions", hello("up/m"))
            wait_until(lambda: len(self.upstream.calls) == 2, 5)
            started = time.monotonic()
            gateway.signal(signal.SIGTERM)
            found = events(b"".join(pieces))
            self.assertGreater(time.monotonic() - started, 0.4)
            self.assertIn('"code":"shutting_down"', found[-1])
            self.assertNotIn("[DONE]", found)
            self.assert_error(waiting.read(), 503, "shutting_down")
        self.assertEqual(gateway.wait_exit(), 0)
        self.assertLess(time.monotonic() - started, 5 * SLOW)

    def test_a_second_sigterm_ends_at_once(self):
        gateway = self.start()
        streams = OpenStreams(self.upstream).open(gateway.port, 5)
        gateway.signal(signal.SIGTERM)
        gateway.wait_log("draining")
        time.sleep(0.2)
        self.assertIsNone(gateway.process.poll())
        started = time.monotonic()
        gateway.signal(signal.SIGTERM)
        gateway.wait_exit()
        self.assertLess(time.monotonic() - started, 0.5 * SLOW)
        streams.finish()

    def test_an_idle_gateway_ends_quickly(self):
        gateway = self.start()
        started = time.monotonic()
        self.assertEqual(gateway.stop(), 0)
        self.assertLess(time.monotonic() - started, 1.0 * SLOW)


class StartTest(LifeTest):
    def refused(self, settings, prepare=None, words=""):
        """The gateway must exit with one line that says why."""
        gateway = Gateway(settings)
        self.addCleanup(gateway.close)
        if prepare:
            prepare(gateway.folder)
        gateway.spawn()
        self.assertNotEqual(gateway.wait_exit(10), 0)
        gateway._collector.join(5)
        lines = [line for line in gateway.log.split("\n") if line and "listening" not in line]
        self.assertEqual(len(lines), 1, gateway.log)
        self.assertIn(words, lines[0])
        self.assertNotIn("canary", lines[0])
        return lines[0]

    def with_store(self, path):
        return {**config([provider(self.upstream)]), "storage": {"path": path}}

    def test_a_taken_port_is_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused(config([], {"address": address}), words=address)

    def test_a_port_that_another_gateway_serves_is_taken(self):
        first = self.start()
        self.refused(config([], {"address": f"127.0.0.1:{first.port}"}), words=str(first.port))

    def test_a_taken_store_is_one_line(self):
        first = self.start()
        self.refused(self.with_store(str(first.folder / "data")), words=str(first.folder))

    def test_a_bad_file_is_one_line_with_its_place(self):
        line = self.refused("workers: 2\nprovidrs: []\n", words="gateway.yaml:2:1: providrs: ")
        self.assertIn("providers", line)  # Did you mean.

    def test_a_bad_store_is_one_line(self):
        self.refused(self.with_store("/proc/nothing/data"), words="/proc/nothing")
        self.refused(self.with_store("./data"), lambda folder: (folder / "data").write_text("a file"), "data")

    def test_foreign_and_broken_store_files_are_one_line(self):
        first = self.start()
        chat(first.port, hello("up/m"))
        first.stop()
        files = [file for file in sorted((first.folder / "data").rglob("*")) if file.suffix == ".mdb"]
        self.assertTrue(files, list((first.folder / "data").rglob("*")))
        for file in files:
            kept = file.read_bytes()
            if file.name.startswith("lock"):  # Of no worth without the process that wrote it.
                continue
            for broken in (b"SQLite format 3\0" + bytes(8192), kept[:5000], b"\xff" * len(kept), b"x"):
                with self.subTest(file=file.name, size=len(broken)):
                    file.write_bytes(broken)
                    self.refused(self.with_store(str(first.folder / "data")), words=str(first.folder))
            file.write_bytes(kept)
        again = self.run_gateway(self.with_store(str(first.folder / "data")))
        self.assertEqual(chat(again.port, hello("up/m")).status, 200)

    def test_missing_files_and_certificates_are_one_line(self):
        self.refused(config(), lambda folder: (folder / "gateway.yaml").unlink(), "gateway.yaml")
        tls = {"certificate": "ca.pem", "private_key": "none.key"}
        self.refused(config([], {"tls": tls}), lambda folder: make_authority(folder, "ca"), "none.key")

    def test_an_open_door_to_the_world_is_refused(self):
        self.refused(config([], {"address": "0.0.0.0:0"}), words="allow_open")
        self.refused(config([], {"address": "[::]:0"}), words="allow_open")
        for more, sections in [({"allow_open": True}, {}), ({}, {"settings": {"require_api_key": True}})]:
            gateway = self.run_gateway(config([], {"address": "0.0.0.0:0", **more}, **sections))
            self.assertEqual(get(gateway.port, "/healthz").status, 200)

    def test_a_start_takes_milliseconds(self):
        times = []
        for _ in range(5):
            gateway = Gateway(config([provider(self.upstream)]))
            self.addCleanup(gateway.close)
            started = time.monotonic()
            gateway.start()
            get(gateway.port, "/healthz")
            times.append(time.monotonic() - started)
        self.assertLess(min(times), 0.25 * SLOW, times)

    def test_a_unix_socket_is_a_listener_too(self):
        gateway = Gateway(config([provider(self.upstream)], {"address": "unix:./gate.sock"}))
        self.addCleanup(gateway.close)
        gateway.spawn()
        gateway.wait_log(r"^listening on unix:\S*gate\.sock$")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(gateway.folder / "gate.sock"))
            connection.sendall(b"GET /api/config/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            self.assertIn(b"200 OK", connection.recv(1000))
        self.assertEqual(gateway.stop(), 0)

    def test_the_commands_say_what_they_should(self):
        run = lambda *words: subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=20 * SLOW, check=False)
        version = run("version")
        self.assertEqual(version.returncode, 0)
        for name in ("omniroute", "libuv", "OpenSSL", "LMDB", "zlib", "brotli", "zstd"):
            self.assertIn(name.lower(), version.stdout.lower())
        gateway = self.start()
        self.assertEqual(run("check", "--config", str(gateway.file)).returncode, 0)
        gateway.file.write_text("workers: none\nlogg: {}\n", encoding="ascii")
        check = run("check", "--config", str(gateway.file))
        self.assertEqual(check.returncode, 1)
        self.assertEqual([line.split(": ")[0] for line in check.stdout.strip().split("\n")],
                         [f"{gateway.file}:1:10", f"{gateway.file}:2:1"])
        for words in ([], ["serve"], ["nonsense"], ["check", "--config", "/none.yaml"]):
            self.assertNotEqual(run(*words).returncode, 0)


if __name__ == "__main__":
    harness.main()
