"""TLS on both sides: ALPN, mutual TLS, certificates that change, private authorities; HTTP/2 by curl."""
import json
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import harness
from certs import make_authority, make_certificate
from client import Client, exchange_raw, hello
from harness import SLOW, Gateway, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, text


def curl(*words, timeout=20):
    return subprocess.run(["curl", "-sS", "--max-time", str(timeout * SLOW), *words],
                          capture_output=True, check=False)


class TlsTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="omni-it-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_authority(cls.folder, "ca")
        make_authority(cls.folder, "other")
        make_certificate(cls.folder, "server", "ca")
        make_certificate(cls.folder, "friend", "ca", "friend")
        make_certificate(cls.folder, "stranger", "other", "stranger")
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)

    def setUp(self):
        self.upstream.script = lambda call: (
            call.stream(ROLE, text("hi"), STOP, DONE) if call.json.get("stream") else call.respond(200, answer()))

    def file(self, name):
        return str(self.folder / name)

    def serve_tls(self, name="server", address="127.0.0.1:0", **more):
        return self.run_gateway(config([provider(self.upstream)], {
            "address": address,
            "tls": {"certificate": self.file(f"{name}.pem"), "private_key": self.file(f"{name}.key"), **more}}))

    def context(self, certificate=None, protocols=("http/1.1",)):
        context = ssl.create_default_context(cafile=self.file("ca.pem"))
        if certificate:
            context.load_cert_chain(self.file(f"{certificate}.pem"), self.file(f"{certificate}.key"))
        context.set_alpn_protocols(list(protocols))
        return context


class ListenerTest(TlsTest):
    def test_http_1_1_over_tls_answers_and_streams(self):
        gateway = self.serve_tls()
        self.assertIn("listening on https://127.0.0.1:", gateway.log)
        with Client(gateway.port, context=self.context()) as client:
            self.assertEqual(client.chat(hello("up/m")).json, answer())
            self.assertEqual(client.chat(hello("up/m", stream=True)).body, ROLE + text("hi") + STOP + DONE)
            big = hello("up/m", filler="x" * 1_000_000)
            self.assertEqual(client.chat(big).status, 200)
        self.assertEqual(self.upstream.calls[-1].json["filler"], big["filler"])

    def test_alpn_chooses_the_protocol(self):
        gateway = self.serve_tls()
        for offered, chosen in [(["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], None), (["http/1.1"], "http/1.1"),
                                (["h2"], "h2")]:
            with Client(gateway.port, context=self.context(protocols=offered)) as client:
                got = client.socket.selected_alpn_protocol()
                self.assertIn(got, offered if chosen is None else [chosen])
        for flag, version in [("--http2", b"2"), ("--http1.1", b"1.1")]:
            got = curl(flag, "--cacert", self.file("ca.pem"), "-w", "\n%{http_version}", "-d",
                       json.dumps(hello("up/m", stream=True)), f"https://localhost:{gateway.port}/v1/chat/completions")
            self.assertEqual(got.stdout, ROLE + text("hi") + STOP + DONE + b"\n" + version, got.stderr)

    def test_old_versions_of_tls_are_refused(self):
        gateway = self.serve_tls()
        got = curl("--tlsv1.0", "--tls-max", "1.1", "--cacert", self.file("ca.pem"), f"https://localhost:{gateway.port}/healthz")
        self.assertNotEqual(got.returncode, 0)
        for low, high in [("1.2", "1.2"), ("1.3", "1.3")]:
            got = curl(f"--tlsv{low}", "--tls-max", high, "--cacert", self.file("ca.pem"), f"https://localhost:{gateway.port}/healthz")
            self.assertEqual(got.returncode, 0, got.stderr)

    def test_a_session_is_resumed(self):
        gateway = self.serve_tls()
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        first = context.wrap_socket(socket.create_connection(("127.0.0.1", gateway.port)), server_hostname="localhost")
        session = first.session
        first.close()
        second = context.wrap_socket(socket.create_connection(("127.0.0.1", gateway.port)), server_hostname="localhost", session=session)
        self.assertTrue(second.session_reused)
        second.close()

    def test_noise_instead_of_tls_does_no_harm(self):
        gateway = self.serve_tls()
        for data in (b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(300), b"\x00" * 100, b""):
            got = exchange_raw(gateway.port, data, timeout=3, half_close=True)
            self.assertNotIn(b"200", got)
        with Client(gateway.port, context=self.context()) as client:
            self.assertEqual(client.request("GET", "/healthz").status, 200)
        self.assertNotRegex(gateway.log, "Sanitizer|runtime error:")

    def test_mutual_tls_lets_friends_in_and_nobody_else(self):
        # With mutual TLS a listener may face the world without keys.
        gateway = self.serve_tls(address="0.0.0.0:0", client_ca=self.file("ca.pem"))
        with Client(gateway.port, context=self.context("friend")) as client:
            self.assertEqual(client.chat(hello("up/m")).status, 200)
        for stranger in (None, "stranger"):
            with self.subTest(stranger), self.assertRaises((ssl.SSLError, ConnectionError)):
                with Client(gateway.port, context=self.context(stranger)) as client:
                    client.request("GET", "/healthz")

    def test_a_new_certificate_is_taken_up_without_a_restart(self):
        make_certificate(self.folder, "moving", "ca", "first")
        gateway = self.serve_tls("moving")

        def name_now():
            with Client(gateway.port, context=self.context()) as client:
                subject = client.socket.getpeercert()["subject"]
                self.assertEqual(client.request("GET", "/healthz").status, 200)
                return subject[0][0][1]
        self.assertEqual(name_now(), "first")
        with Client(gateway.port, context=self.context()) as old:
            old.request("GET", "/healthz")
            make_certificate(self.folder, "moving", "ca", "second")
            wait_until(lambda: name_now() == "second", 6, "new certificate")
            (self.folder / "moving.pem").write_text("garbage", encoding="ascii")
            gateway.wait_log("certificate kept")
            self.assertEqual(name_now(), "second")
            self.assertEqual(old.request("GET", "/healthz").status, 200)
        make_certificate(self.folder, "moving", "ca", "third")
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: name_now() == "third", 6, "certificate by SIGHUP")

    def test_a_stream_over_tls_survives_a_restart_in_place(self):
        gateway = self.serve_tls()

        def script(call):
            call.begin_stream()
            for _ in range(15):
                call.chunk(text("a"))
                time.sleep(0.1)
            call.chunk(STOP + DONE)
            call.end_stream()
        self.upstream.script = script
        with Client(gateway.port, context=self.context()) as client:
            _, pieces = client.open_stream(hello("up/m", stream=True))
            next(pieces)
            gateway.signal(signal.SIGUSR2)
            gateway.wait_log("^listening on", count=2)
            self.assertTrue(b"".join(pieces).endswith(STOP + DONE))


class PlainHttp2Test(TlsTest):
    def test_curl_with_prior_knowledge_answers_and_streams(self):
        gateway = self.run_gateway(config([provider(self.upstream)]))
        url = f"http://127.0.0.1:{gateway.port}/v1/chat/completions"
        got = curl("--http2-prior-knowledge", "-w", "\n%{http_version}", "-d", json.dumps(hello("up/m", stream=True)), url)
        self.assertEqual(got.stdout, ROLE + text("hi") + STOP + DONE + b"\n2", got.stderr)
        big = json.dumps(hello("up/m", filler="x" * 3_000_000))
        (self.folder / "big.json").write_text(big, encoding="ascii")
        got = curl("--http2-prior-knowledge", "-w", "\n%{http_version}", "--data-binary", f"@{self.file('big.json')}", url)
        self.assertTrue(got.stdout.endswith(b"\n2"), got.stderr)
        self.assertEqual(len(self.upstream.calls[-1].json["filler"]), 3_000_000)
        got = curl("--http2-prior-knowledge", "-I", f"http://127.0.0.1:{gateway.port}/v1/models")
        self.assertTrue(got.stdout.startswith(b"HTTP/2 200"), got)
        got = curl("--http2", "-w", "\n%{http_version}", f"http://127.0.0.1:{gateway.port}/healthz")
        self.assertTrue(got.stdout.endswith(b"\n1.1"), got)

    def test_leaving_an_http2_stream_cancels_the_upstream(self):
        gateway = self.run_gateway(config([provider(self.upstream)]))
        left = []

        def script(call):
            call.begin_stream()
            call.chunk(ROLE + text("a"))
            left.append(call.wait_left(10))
        self.upstream.script = script
        curl("--http2-prior-knowledge", "-d", json.dumps(hello("up/m", stream=True)),
             f"http://127.0.0.1:{gateway.port}/v1/chat/completions", timeout=1 / SLOW)
        self.assertTrue(wait_until(lambda: left, 5)[0])


class UpstreamTlsTest(TlsTest):
    def over_tls(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file(f"{certificate}.pem"), self.file(f"{certificate}.key"))
        context.set_alpn_protocols(["http/1.1"])
        upstream = Upstream(self.upstream.script, context)
        self.addCleanup(upstream.close)
        return upstream

    def test_a_provider_of_a_private_authority_is_trusted_when_told_so(self):
        good, bad = self.over_tls("server"), self.over_tls("stranger")
        gateway = self.run_gateway(config(
            [provider(good, "good", ca_file=self.file("ca.pem")), provider(good, "untold"),
             provider(good, "wrong", ca_file=self.file("other.pem")),
             provider(bad, "bad", ca_file=self.file("ca.pem"))]))
        with Client(gateway.port) as client:
            for _ in range(3):
                self.assertEqual(client.chat(hello("good/m")).json, answer())
            self.assertEqual(client.chat(hello("good/m", stream=True)).body, ROLE + text("hi") + STOP + DONE)
            self.assertEqual(client.chat(hello("good/m", filler="x" * 2_000_000)).status, 200)
            for name in ("untold", "wrong", "bad"):
                with self.subTest(name):
                    self.assert_error(client.chat(hello(f"{name}/m")), 502, "upstream_tls_failed")
        self.assertLessEqual(good.connections, 8)
        # No secret was sent to a server that could not prove who it is.
        self.assertEqual(bad.calls, [])
        self.assert_well(gateway)

    def test_a_certificate_for_another_name_is_refused(self):
        make_certificate(self.folder, "named", "ca")
        ext = self.folder / "named.ext"
        ext.write_text("subjectAltName=DNS:elsewhere.example\n", encoding="ascii")
        subprocess.run(["openssl", "x509", "-req", "-in", "named.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                        "-extfile", "named.ext", "-out", "named.pem"], cwd=self.folder, check=True, capture_output=True)
        upstream = self.over_tls("named")
        gateway = self.run_gateway(config([provider(upstream, ca_file=self.file("ca.pem"))]))
        with Client(gateway.port) as client:
            self.assert_error(client.chat(hello("up/m")), 502, "upstream_tls_failed")
        self.assertEqual(upstream.calls, [])


@unittest.skipUnless(shutil.which("nghttpd"), "needs nghttpd of the package nghttp2-server")
class Http2UpstreamTest(TlsTest):
    def serve_files(self, *words):
        """nghttpd answers POST with the file of that path."""
        root = self.folder / "www/v1/chat"
        root.mkdir(parents=True, exist_ok=True)
        (root / "completions").write_text(json.dumps(answer()), encoding="ascii")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(["nghttpd", "-d", self.file("www"), "-a", "127.0.0.1", str(port), *words],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def answers():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            except OSError:
                return False
        wait_until(answers, 5, "nghttpd")
        return port

    def ask_many(self, base_url, **more):
        gateway = self.run_gateway(config([{"id": "up", "dialect": "openai", "base_url": base_url,
                                            "auth": "none", **more}]))
        with Client(gateway.port) as client:
            for _ in range(20):
                self.assertEqual(client.chat(hello("up/m")).json, answer())
        self.assertEqual(gateway.metric('omniroute_upstream_connections_opened_total{protocol="h2"}') or 1, 1)

    def test_http2_without_tls_where_the_provider_says_so(self):
        self.ask_many(f"http://127.0.0.1:{self.serve_files('--no-tls')}/v1", http2=True)

    def test_alpn_chooses_http2_upstream(self):
        port = self.serve_files(self.file("server.key"), self.file("server.pem"))
        self.ask_many(f"https://127.0.0.1:{port}/v1", ca_file=self.file("ca.pem"))


if __name__ == "__main__":
    harness.main()
