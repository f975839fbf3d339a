"""Listeners come, go, move and change their terms while the gateway serves."""
import shutil
import signal
import random
import socket
import ssl
import tempfile
import threading
import time
from pathlib import Path

import h2
import harness
from certs import make_authority, make_certificate
from client import Client, chat, events, get, hello
from harness import SLOW, GatewayTest, config, provider, wait_until
from reload_test import OpenStreams
from upstream import Upstream, answer

given_ports = set()


def free_port():
    """One below those that the kernel gives away: nobody's outgoing connection takes it meanwhile."""
    while True:
        port = random.randrange(10000, 32000)
        if port in given_ports:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        given_ports.add(port)
        return port


def listener(name, port, host="127.0.0.1", **more):
    return {"name": name, "address": f"{host}:{port}", **more}


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True


class ListenersTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.upstream.script = lambda call: call.respond(200, answer())

    def start(self, *listeners, **sections):
        self.settings = config([provider(self.upstream)], **sections)
        self.settings["listeners"] = list(listeners)
        self.gateway = self.run_gateway(self.settings)
        wait_until(lambda: len(self.gateway.ports) == len(listeners), 5, "all listening lines")
        return self.gateway

    def edit(self, *listeners, **sections):
        """Writes the file and waits until it is in force."""
        before = self.gateway.log.count(" is in force")
        self.write(*listeners, **sections)
        try:
            wait_until(lambda: self.gateway.log.count(" is in force") > before, 5, "edit in force")
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.gateway.log[-800:]}") from late

    def write(self, *listeners, **sections):
        self.settings = {**self.settings, "listeners": list(listeners), **sections}
        self.gateway.write(self.settings)

    def place_of(self, address):
        """Line and column, from 1, of an address in the file."""
        for number, line in enumerate(self.gateway.file.read_text(encoding="utf-8").split("\n"), 1):
            if (at := line.find(f'"{address}"')) >= 0:
                return number, at + 1
        raise AssertionError(address)


class ComeAndGoTest(ListenersTest):
    def test_an_added_listener_answers_within_a_second(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one))
        self.assertTrue(is_refused(two))
        edited = time.monotonic()
        self.write(listener("one", one), listener("two", two, management=False))
        wait_until(lambda: not is_refused(two), 5, "new listener")
        self.assertEqual(chat(two, hello("up/m")).status, 200)
        self.assertLess(time.monotonic() - edited, 1.0 * SLOW)
        self.assertEqual(get(two, "/api/config/status").status, 404)
        self.assertEqual(get(one, "/api/config/status").status, 200)
        gateway.wait_log(f"^listening on http://127.0.0.1:{two}$")
        self.assert_well(gateway)

    def test_a_removed_one_refuses_newcomers_and_finishes_what_it_has(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one), listener("two", two))
        idle = Client(two)
        self.addCleanup(idle.close)
        self.assertEqual(idle.request("GET", "/healthz").status, 200)
        streams = OpenStreams(self.upstream).open(two, 30)
        self.edit(listener("one", one))
        wait_until(lambda: is_refused(two), 1, "closed door")
        self.assertTrue(idle.is_closed())
        gateway.wait_log(f"no longer listening on http://127.0.0.1:{two}")
        time.sleep(0.5)
        results = streams.finish()
        self.assertEqual(results.count(True), 30, [r for r in results if r is not True][:5])
        self.assertEqual(chat(one, hello("up/m")).status, 200)
        wait_until(lambda: gateway.metric("omniroute_client_connections") == 1, 5, "connections gone")
        self.assert_well(gateway)

    def test_its_clients_are_told_in_their_protocol(self):
        one, two = free_port(), free_port()
        self.start(listener("one", one), listener("two", two))
        go = threading.Event()
        self.upstream.script = lambda call: (go.wait(10), call.respond(200, answer()))
        with Client(two) as client, h2.Http2(two) as modern:
            client.send_request("POST", "/v1/chat/completions", hello("up/m"))
            wait_until(lambda: self.upstream.calls, 5)
            modern.headers(1, h2.request())
            self.assertEqual(modern.finish(1), 200)
            self.edit(listener("one", one))
            self.assertTrue(modern.read_to_end())
            self.assertEqual(modern.goaway, 0)
            go.set()
            response = client.read()
            self.assertEqual((response.status, response.headers.get("connection")), (200, "close"))
            self.assertTrue(client.is_closed())

    def test_who_came_just_before_is_served_as_it_was(self):
        one, two = free_port(), free_port()
        self.start(listener("one", one, management=False), listener("two", two))
        with Client(two) as early:
            wait_until(lambda: get(two, "/healthz").status == 200, 5)
            self.edit(listener("one", one, management=False))
            response = early.request("GET", "/api/config/status")
            self.assertEqual((response.status, response.headers.get("connection")), (200, "close"))
        self.assertEqual(get(one, "/api/config/status").status, 404)

    def test_beyond_the_drain_limit_its_streams_end_with_a_typed_error(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one), listener("two", two), shutdown={"drain": "500ms"})
        OpenStreams(self.upstream)
        with Client(two) as client, Client(one) as other:
            _, pieces = client.open_stream(hello("up/m", stream=True))
            next(pieces)
            _, others = other.open_stream(hello("up/m", stream=True))
            next(others)
            started = time.monotonic()
            self.edit(listener("one", one))
            found = events(b"".join(pieces))
            self.assertGreater(time.monotonic() - started, 0.4)
            self.assertIn('"code":"shutting_down"', found[-1])
            self.assertNotIn("[DONE]", found)
            next(others)  # Nobody else is ended.
        self.assert_well(gateway)

    def test_who_takes_not_even_the_error_is_cut_off(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one), listener("two", two), shutdown={"drain": "200ms"})

        def flood(call):
            call.begin_stream()
            try:
                while True:
                    call.chunk(b": " + b"x" * 100_000 + b"\n\n")
            except OSError:
                pass
        self.upstream.script = flood
        with Client(two, receive_buffer=4096) as deaf:
            deaf.open_stream(hello("up/m", stream=True))
            self.assertEqual(gateway.metric("omniroute_client_connections"), 2)
            self.edit(listener("one", one))
            wait_until(lambda: gateway.metric("omniroute_client_connections") == 1, 8, "cut off")
        self.assert_well(gateway)

    def test_the_same_address_may_come_back_while_it_drains(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one), listener("two", two))
        streams = OpenStreams(self.upstream).open(two, 10)
        for _ in range(2):
            self.edit(listener("one", one))
            wait_until(lambda: is_refused(two), 1)
            self.edit(listener("one", one), listener("two", two))
            self.assertEqual(get(two, "/healthz").status, 200)
        self.assertEqual(streams.finish().count(True), 10)
        self.assert_well(gateway)

    def test_a_unix_socket_comes_and_goes(self):
        one = free_port()
        gateway = self.start(listener("one", one))
        path = str(gateway.folder / "gate.sock")
        for _ in range(2):
            self.edit(listener("one", one), {"name": "local", "address": "unix:./gate.sock"})
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                self.assertIn(b"200 OK", connection.recv(1000))
            self.edit(listener("one", one))
            with socket.socket(socket.AF_UNIX) as connection, self.assertRaises(ConnectionRefusedError):
                wait_until(lambda: connection.connect(path), 1)


class AddressTest(ListenersTest):
    def test_a_moved_listener_is_at_the_new_address_and_ends_its_streams_at_the_old(self):
        old, new = free_port(), free_port()
        gateway = self.start(listener("main", old), listener("admin", free_port()))
        streams = OpenStreams(self.upstream).open(old, 20)
        self.edit(listener("main", new), self.settings["listeners"][1])
        self.assertEqual(get(new, "/healthz").status, 200)
        wait_until(lambda: is_refused(old), 1, "old address closed")
        self.assertEqual(streams.finish().count(True), 20)
        self.assertEqual(chat(new, hello("up/m")).status, 200)
        self.assertIsNone(gateway.process.poll())

    def test_from_loopback_to_the_world_and_back_on_one_port(self):
        port = free_port()
        gateway = self.start(listener("main", port))
        for host in ("0.0.0.0", "127.0.0.1", "0.0.0.0"):
            self.edit(listener("main", port, host, allow_open=True))
            self.assertEqual(get(port, "/healthz").status, 200)
            gateway.wait_log(f"no longer listening on .*:{port}")
        self.assert_well(gateway)

    def test_a_port_that_was_chosen_stays_and_may_be_written_down(self):
        gateway = self.start(listener("a", 0), listener("b", 0, management=False))
        first, second = gateway.ports
        self.edit(listener("b", 0, management=False), listener("c", 0), listener("a", 0))
        third = wait_until(lambda: len(gateway.ports) == 3 and gateway.ports[2], 5)
        self.assertEqual([get(port, "/metrics").status for port in (first, second, third)], [200, 404, 200])
        self.edit(listener("b", second, management=False), listener("c", third), listener("a", first))
        self.assertEqual([get(port, "/metrics").status for port in (first, second, third)], [200, 404, 200])
        self.assertEqual(len(gateway.ports), 3)

    def test_a_taken_port_changes_nothing_and_is_reported_with_its_place(self):
        one, good = free_port(), free_port()
        gateway = self.start(listener("one", one))
        before = gateway.status()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.write(listener("one", one, management=False), listener("good", good),
                       {"name": "bad", "address": address}, aliases={"new": "up/m"})
            line, column = self.place_of(address)
            wait_until(lambda: gateway.status()["lastError"], 5, "error")
            status = gateway.status()
            self.assertEqual(status["generation"], before["generation"])
            self.assertEqual(status["lastError"], {
                "file": "gateway.yaml", "line": line, "column": column, "path": "listeners[2].address",
                "message": f"cannot listen on {address}: address already in use"})
            gateway.wait_log("already in use")
            errors = [record["message"] for record in gateway.records if record["level"] == "error"]
            self.assertEqual(errors, [f"gateway.yaml:{line}:{column}: listeners[2].address: "
                                      f"cannot listen on {address}: address already in use"])
            self.assertEqual(gateway.metric("omniroute_config_reload_failures_total"), 1)
            self.assertTrue(is_refused(good))
            self.assertEqual(chat(one, hello("new")).status, 400)
        gateway.signal(signal.SIGHUP)  # The port is free now.
        wait_until(lambda: not is_refused(int(address.split(":")[1])), 5, "second attempt")
        self.assertEqual(chat(good, hello("new")).status, 200)
        self.assertEqual(get(one, "/metrics").status, 404)

    def test_a_start_names_the_place_too(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            gateway = harness.Gateway(config([], {"address": address}))
            self.addCleanup(gateway.close)
            gateway.spawn()
            self.assertEqual(gateway.wait_exit(10), 1)
            gateway._collector.join(5)
            self.gateway = gateway
            line, column = self.place_of(address)
            self.assertIn(f"gateway.yaml:{line}:{column}: listeners[0].address: cannot listen on {address}", gateway.log)


class RulesTest(ListenersTest):
    def test_order_in_the_file_means_nothing_and_open_connections_keep_their_rules(self):
        inner, outer = free_port(), free_port()
        admin, public = listener("admin", inner), listener("public", outer, management=False)
        gateway = self.start(admin, public)
        with Client(inner) as inside, Client(outer) as outside:
            orders = [(public, admin), (admin, public), (public, listener("new", free_port()), admin), (public, admin)]
            for order in orders:
                self.edit(*order)
                for client, port, status in ((inside, inner, 200), (outside, outer, 404)):
                    self.assertEqual(client.request("GET", "/api/config/status").status, status)
                    self.assertEqual(get(port, "/api/config/status").status, status)
        self.assert_well(gateway)

    def test_names_may_change_and_the_address_keeps_its_connections(self):
        inner, outer = free_port(), free_port()
        self.start(listener("a", inner), listener("b", outer, management=False))
        with Client(outer) as outside:
            self.edit(listener("b", inner), listener("a", outer, management=False))
            self.assertEqual(outside.request("GET", "/api/config/status").status, 404)
            self.assertEqual(outside.request("GET", "/healthz").status, 200)
        self.assertEqual(get(inner, "/api/config/status").status, 200)

    def test_who_came_to_the_public_address_never_reaches_the_management_that_its_name_gets(self):
        public, inner = free_port(), free_port()
        self.start(listener("main", public, management=False))
        go = threading.Event()
        self.upstream.script = lambda call: (go.wait(10), call.respond(200, answer()))
        with h2.Http2(public) as modern, Client(public) as silent:
            self.edit(listener("main", inner))
            modern.headers(1, h2.request("GET", "/api/config/status"))
            self.assertIn(modern.finish(1), (404, None))
            self.assertEqual(silent.request("GET", "/api/config/status").status, 404)
        self.assertEqual(get(inner, "/api/config/status").status, 200)


class LimitsTest(ListenersTest):
    def test_limits_apply_to_new_connections_and_open_ones_keep_theirs(self):
        port = free_port()
        gateway = self.start(listener("main", port))
        big = [("x-filler", "x" * 10_000)]
        with Client(port) as old:
            self.assertEqual(old.request("GET", "/healthz", headers=big).status, 200)
            self.edit(listener("main", port, limits={"header_bytes": "4KiB"}))
            self.assertEqual(get(port, "/healthz", headers=big).status, 431)
            self.assertEqual(old.request("GET", "/healthz", headers=big).status, 200)
            self.edit(listener("main", port, limits={"header_bytes": "32KiB"}))
            self.assertEqual(get(port, "/healthz", headers=big).status, 200)
            self.assertEqual(old.request("GET", "/healthz", headers=big).status, 200)
        self.assert_well(gateway)

    def test_connections_are_counted_on_when_their_limit_changes(self):
        port, admin = free_port(), free_port()
        gateway = self.start(listener("admin", admin), listener("main", port))
        with Client(port) as one, Client(port) as two:
            for client in (one, two):
                self.assertEqual(client.request("GET", "/healthz").status, 200)
            self.edit(listener("admin", admin), listener("main", port, limits={"max_connections": 2}))
            with Client(port) as third:
                self.assertTrue(third.is_closed())
            self.assertEqual(one.request("GET", "/healthz").status, 200)
        self.assertGreaterEqual(gateway.metric("omniroute_client_connections_refused_total"), 1)
        wait_until(lambda: self._answers(port), 5, "room again")

    @staticmethod
    def _answers(port):
        try:
            return get(port, "/healthz").status == 200
        except (ConnectionError, OSError):
            return False

    def test_edits_under_load_fail_no_connection(self):
        port = free_port()
        gateway = self.start(listener("main", port), log={"access": False})
        served, failed, stop = [], [], threading.Event()

        def load():
            while not stop.is_set():
                try:
                    served.append(chat(port, hello("up/m")).status)
                except Exception as error:  # Any failure at all is what this test is about.
                    failed.append(repr(error))
        threads = [threading.Thread(target=load, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        for number in range(6):
            others = [listener(f"o{i}", free_port()) for i in range(number % 3)]
            self.edit(*others, listener(f"main{number}", port, limits={"header_count": 50 + number}))
        stop.set()
        for thread in threads:
            thread.join(10)
        self.assertEqual(failed, [])
        self.assertEqual(set(served), {200})
        self.assert_well_at(gateway, port)

    def assert_well_at(self, gateway, port):
        self.assertIsNone(gateway.process.poll())
        self.assertEqual(get(port, "/healthz").status, 200)
        self.assertNotRegex(gateway.log, "Sanitizer|runtime error:")


class TlsTest(ListenersTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="omni-it-listeners-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_authority(cls.folder, "ca")
        for name in ("first", "second", "friend"):
            make_certificate(cls.folder, name, "ca", name)

    def file(self, name):
        return str(self.folder / name)

    def tls(self, name="first", **more):
        return {"certificate": self.file(f"{name}.pem"), "private_key": self.file(f"{name}.key"), **more}

    def context(self, certificate=None):
        context = ssl.create_default_context(cafile=self.file("ca.pem"))
        if certificate:
            context.load_cert_chain(self.file(f"{certificate}.pem"), self.file(f"{certificate}.key"))
        return context

    def name_at(self, port):
        with Client(port, context=self.context()) as client:
            self.assertEqual(client.request("GET", "/healthz").status, 200)
            return client.socket.getpeercert()["subject"][0][0][1]

    def test_another_certificate_is_shown_to_newcomers_and_watched(self):
        port = free_port()
        gateway = self.start(listener("main", port, tls=self.tls()))
        with Client(port, context=self.context()) as old:
            old.request("GET", "/healthz")
            self.assertEqual(self.name_at(port), "first")
            self.edit(listener("main", port, tls=self.tls("second")))
            self.assertEqual(self.name_at(port), "second")
            self.assertEqual(old.request("GET", "/healthz").status, 200)
        self.addCleanup(make_certificate, self.folder, "second", "ca", "second")
        make_certificate(self.folder, "second", "ca", "third")
        wait_until(lambda: self.name_at(port) == "third", 6, "watched certificate")
        make_certificate(self.folder, "second", "ca", "fourth")
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: self.name_at(port) == "fourth", 6, "certificate by SIGHUP")

    def test_tls_goes_on_and_off_on_the_same_port(self):
        port = free_port()
        gateway = self.start(listener("main", port))
        with Client(port) as plain:
            plain.request("GET", "/healthz")
            self.edit(listener("main", port, tls=self.tls()))
            self.assertEqual(self.name_at(port), "first")
            self.assertEqual(plain.request("GET", "/healthz").status, 200)
            gateway.wait_log(f"^listening on https://127.0.0.1:{port}$")
            with Client(port, context=self.context()) as secure:
                secure.request("GET", "/healthz")
                self.edit(listener("main", port))
                self.assertEqual(get(port, "/healthz").status, 200)
                self.assertEqual(secure.request("GET", "/healthz").status, 200)
        self.assert_well(gateway)

    def test_a_pair_that_does_not_fit_changes_nothing(self):
        port, other = free_port(), free_port()
        gateway = self.start(listener("main", port, tls=self.tls()), listener("admin", other))
        generation = get(other, "/api/config/status").json["generation"]
        wrong = {"certificate": self.file("second.pem"), "private_key": self.file("first.key")}
        self.write(listener("main", port, tls=wrong), listener("admin", other, management=False),
                   listener("new", new := free_port()))
        line = gateway.wait_log("does not belong to the certificate")
        self.assertRegex(line, r'"message":"gateway\.yaml:\d+:\d+: listeners\[0\]\.tls: the private key')
        status = get(other, "/api/config/status").json
        self.assertEqual(status["generation"], generation)
        self.assertEqual(status["lastError"]["path"], "listeners[0].tls")
        self.assertTrue(is_refused(new))
        self.assertEqual(self.name_at(port), "first")

    def test_when_certificates_are_asked_for_nobody_stays_without(self):
        port = free_port()
        self.start(listener("main", port, tls=self.tls()))
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", port)) as raw, \
                context.wrap_socket(raw, server_hostname="localhost") as secure:
            session = secure.session
        streams = OpenStreams(self.upstream)
        with Client(port, context=self.context()) as idle, Client(port, context=self.context()) as busy:
            idle.request("GET", "/healthz")
            _, pieces = busy.open_stream(hello("up/m", stream=True))
            body = next(pieces)
            self.edit(listener("main", port, tls=self.tls(client_ca=self.file("ca.pem"))))
            self.assertTrue(idle.is_closed())
            streams.finish()
            self.assertIn(b"[DONE]", body + b"".join(pieces))
            self.assertTrue(busy.is_closed())
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            with socket.create_connection(("127.0.0.1", port)) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost", session=session) as secure:
                secure.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                if not secure.recv(1000):
                    raise ConnectionError("closed")
        with Client(port, context=self.context("friend")) as friend:
            self.assertEqual(friend.request("GET", "/healthz").status, 200)


class RestartTest(ListenersTest):
    def restart(self):
        count = len(self.gateway.ports)
        lines = len(self.settings["listeners"])
        self.gateway.signal(signal.SIGUSR2)
        wait_until(lambda: len(self.gateway.ports) == count + lines, 20, "successor")
        self.assertEqual(self.gateway.wait_exit(), 0)
        return self.gateway.ports[-lines:]

    def test_listeners_of_now_are_handed_over(self):
        one, two, gone = free_port(), free_port(), free_port()
        gateway = self.start(listener("one", one), listener("gone", gone), log={"access": False})
        self.edit(listener("two", two, management=False), listener("one", one))
        served, failed, stop = [], [], threading.Event()

        def load(port):
            while not stop.is_set():
                try:
                    served.append(chat(port, hello("up/m")).status)
                except Exception as error:  # Any failure at all is what this test is about.
                    failed.append(repr(error))
                time.sleep(0.002)
        threads = [threading.Thread(target=load, args=(port,), daemon=True) for port in (one, two) * 2]
        for thread in threads:
            thread.start()
        streams = OpenStreams(self.upstream).open(two, 20)
        gateway.signal(signal.SIGUSR2)
        wait_until(lambda: gateway.ports[-2:] == [two, one], 20, "successor")
        time.sleep(0.3)
        self.assertEqual(streams.finish().count(True), 20)
        self.assertEqual(gateway.wait_exit(), 0)
        stop.set()
        for thread in threads:
            thread.join(10)
        self.assertEqual(failed, [])
        self.assertEqual(set(served), {200})
        self.assertTrue(is_refused(gone))
        self.assertEqual([get(port, "/metrics").status for port in (one, two)], [200, 404])

    def test_chosen_ports_stay_with_their_names(self):
        gateway = self.start(listener("a", 0), listener("b", 0, management=False))
        first, second = gateway.ports
        self.edit(listener("b", 0, management=False), listener("c", 0), listener("a", 0))
        third = wait_until(lambda: len(gateway.ports) == 3 and gateway.ports[2], 5)
        self.assertEqual(self.restart(), [second, third, first])
        self.assertEqual([get(port, "/metrics").status for port in (first, second, third)], [200, 404, 200])

    def test_an_edit_during_the_restart_is_not_lost(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one))
        gateway.signal(signal.SIGUSR2)
        self.write(listener("one", one), listener("two", two))
        wait_until(lambda: not is_refused(two), 10, "added listener")
        self.assertEqual(gateway.wait_exit(), 0)
        self.assertEqual([get(port, "/healthz").status for port in (one, two)], [200, 200])
        self.assertFalse([record for record in gateway.records if record.get("level") == "error"])

    def test_after_a_restart_that_failed_the_file_counts_again(self):
        one, two = free_port(), free_port()
        gateway = self.start(listener("one", one))
        gateway.write("nonsense: 1\n")
        gateway.wait_log("nonsense")
        gateway.signal(signal.SIGUSR2)
        gateway.wait_log("restart in place failed", 20)
        self.edit(listener("one", one), listener("two", two))
        self.assertEqual(get(two, "/healthz").status, 200)


if __name__ == "__main__":
    harness.main()
