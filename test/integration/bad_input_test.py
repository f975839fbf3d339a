"""Malformed, hostile, oversized and slow input from either side: a typed refusal or a clean close."""
import re
import socket
import time

import harness
from client import Client, chat, events, exchange_raw, get, hello
from harness import CLIENT_KEY, PROVIDER_KEY, SLOW, GatewayTest, config, provider, routes, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, text

BODY = b'{"model":"up/m","messages":[]}'
POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n"
# What must never be taken for a request of its own: it stands behind each smuggling shape.
INNER = b"GET /v1/models/smuggled HTTP/1.1\r\nhost: a\r\n\r\n"


def with_length(head, body=BODY):
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


class MalformedTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)], keys=[{"name": "ci", "key": CLIENT_KEY}]))

    def tearDown(self):
        self.assert_well(self.gateway)

    def assert_refused(self, data, statuses, name):
        """One answer with one of the statuses, then the end of the connection; nothing smuggled."""
        before = len(self.upstream.calls)
        got = exchange_raw(self.gateway.port, data, timeout=5 * SLOW)
        with self.subTest(name):
            self.assertNotIn(b"<still open>", got)
            self.assertNotIn(b"smuggled", got)
            self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d\d\d ", got)), 1, got)
            self.assertIn(int(got.split(b" ")[1]), statuses, got)
            self.assertEqual(len(self.upstream.calls), before, "the provider was asked")

    def test_every_smuggling_shape_is_refused_and_ends_the_connection(self):
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
        shapes = {
            "length and chunked": POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
            "chunked and length": POST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n" + INNER,
            "two lengths": POST + b"content-length: 2\r\ncontent-length: 30\r\n\r\n" + BODY + INNER,
            "two equal lengths": with_length(POST + b"content-length: %d\r\n" % len(BODY)) + INNER,
            "list of lengths": POST + b"content-length: 30, 30\r\n\r\n" + BODY + INNER,
            "signed length": POST + b"content-length: +30\r\n\r\n" + BODY + INNER,
            "negative length": POST + b"content-length: -1\r\n\r\n" + INNER,
            "hex length": POST + b"content-length: 0x1e\r\n\r\n" + BODY + INNER,
            "empty length": POST + b"content-length:\r\n\r\n" + INNER,
            "huge length": POST + b"content-length: 99999999999999999999999\r\n\r\n" + INNER,
            "space before colon": POST + b"content-length : 30\r\n\r\n" + BODY + INNER,
            "gzip, chunked": POST + b"transfer-encoding: gzip, chunked\r\n\r\n" + chunked + INNER,
            "chunked, chunked": POST + b"transfer-encoding: chunked, chunked\r\n\r\n" + chunked + INNER,
            "two codings": POST + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n" + chunked + INNER,
            "unknown coding": POST + b"transfer-encoding: xchunked\r\n\r\n" + chunked + INNER,
            "quoted coding": POST + b'transfer-encoding: "chunked"\r\n\r\n' + chunked + INNER,
            "coding with vertical tab": POST + b"transfer-encoding: \x0bchunked\r\n\r\n" + chunked + INNER,
            "folded coding": POST + b"transfer-encoding:\r\n chunked\r\n\r\n" + chunked + INNER,
            "folded field": with_length(POST + b"x-a: b\r\n c\r\n") + INNER,
            "coding on HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n\r\n" + chunked + INNER,
            "bare LF": with_length(POST).replace(b"\r\n", b"\n") + INNER,
            "bare LF once": with_length(POST + b"x-a: b\n") + INNER,
            "bare CR in a value": with_length(POST + b"x-a: b\rc: d\r\n") + INNER,
            "NUL in a value": with_length(POST + b"x-a: b\x00c\r\n") + INNER,
            "empty name": with_length(POST + b": b\r\n") + INNER,
            "space in a name": with_length(POST + b"x a: b\r\n") + INNER,
            "no colon": with_length(POST + b"nonsense\r\n") + INNER,
            "no host": with_length(POST.replace(b"host: a\r\n", b"")) + INNER,
            "two hosts": with_length(POST + b"host: b\r\n") + INNER,
            "bad host": with_length(POST.replace(b"host: a", b"host: a/b c")) + INNER,
            "HTTP/0.9": b"GET /v1/models\r\n\r\n" + INNER,
            "HTTP/1.2": with_length(POST.replace(b"1.1", b"1.2")) + INNER,
            "HTTP/2.0": with_length(POST.replace(b"1.1", b"2.0")) + INNER,
            "other protocol": with_length(POST.replace(b"HTTP/1.1", b"RTSP/1.1")) + INNER,
            "unknown method": with_length(POST.replace(b"POST", b"P@ST")) + INNER,
            "connect": b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n" + INNER,
            "space in the target": with_length(POST.replace(b"/v1", b"/v 1", 1)) + INNER,
            "control character in the target": with_length(POST.replace(b"/v1", b"/v\x011", 1)) + INNER,
            "noise": bytes(range(256)) * 4,
        }
        for name, data in shapes.items():
            self.assert_refused(data, (400, 405, 413, 426, 501, 505), name)

    def test_bad_chunks_end_the_connection_with_400(self):
        head = POST + b"transfer-encoding: chunked\r\n\r\n"
        shapes = {"no size": b"\r\n", "not hex": b"zz\r\n", "sign": b"+5\r\nhello\r\n", "0x": b"0x5\r\nhello\r\n",
                  "too many digits": b"f" * 17 + b"\r\n", "space before size": b" 5\r\nhello\r\n",
                  "space behind size": b"5 \r\nhello\r\n0\r\n\r\n",
                  "bare LF": b"5\nhello\n0\n\n", "data longer than said": b"5\r\nhello!\r\n0\r\n\r\n",
                  "endless extension": b"5;" + b"a" * 100_000, "LF behind data": b"5\r\nhello\n0\r\n\r\n",
                  "CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
                  "folded trailer": b"0\r\nx: a\r\n b\r\n\r\n", "bad trailer": b"0\r\nnonsense\r\n\r\n",
                  "huge trailer": b"0\r\nx: " + b"a" * 200_000 + b"\r\n\r\n"}
        for name, data in shapes.items():
            self.assert_refused(head + data + INNER, (400, 413, 431), name)

    def test_headers_beyond_the_limits_are_431(self):
        self.assert_refused(POST + b"x: " + b"a" * 100_000 + b"\r\n\r\n", (431,), "one large field")
        self.assert_refused(POST + b"".join(b"x-%d: a\r\n" % i for i in range(500)) + b"\r\n", (431,), "many fields")
        self.assert_refused(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", (414, 431), "long target")
        self.assert_refused(POST + b"x: " + b"a" * 100_000, (431,), "never ending field")

    def test_an_upgrade_is_not_taken_up(self):
        # RFC 9110 section 7.8: a server may ignore it; curl --http2 relies on that.
        for protocol in (b"websocket", b"h2c"):
            data = with_length(POST + b"connection: upgrade, close\r\nupgrade: " + protocol + b"\r\n")
            got = exchange_raw(self.gateway.port, data)
            self.assertTrue(got.startswith(b"HTTP/1.1 200 "), got)

    def test_a_request_cut_anywhere_leaves_nothing_behind(self):
        whole = with_length(POST + b"authorization: Bearer " + CLIENT_KEY.encode() + b"\r\n")
        for cut in range(0, len(whole)):
            with socket.create_connection(("127.0.0.1", self.gateway.port)) as connection:
                connection.sendall(whole[:cut])
        time.sleep(0.1)
        self.assertEqual(self.upstream.calls, [])
        wait_until(lambda: self.gateway.metric("omniroute_client_connections") == 1, 5, "connections gone")

    def test_a_half_closed_client_still_gets_what_is_ready(self):
        got = exchange_raw(self.gateway.port, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", half_close=True)
        self.assertIn(b"200 OK", got)
        # Requests that go through the filters, and are answered by one of them or by the last.
        body = b'{"model":"nobody/knows-it","messages":[{"role":"user","content":"x"}]}'
        unknown = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        for request in (b"GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n", unknown):
            for _ in range(20):
                got = exchange_raw(self.gateway.port, request, half_close=True)
                self.assertRegex(got, rb"^HTTP/1.1 [24]\d\d [^\0]*[}\]]\s*$")
        got = exchange_raw(self.gateway.port, b"GET /v1/models HTTP/1.1\r\nhost: a\r\n", half_close=True)
        self.assertNotIn(b"200", got)

    def test_http_1_0_is_served_and_closed(self):
        got = exchange_raw(self.gateway.port, b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertIn(b"200", got.split(b"\r\n")[0])
        self.assertNotIn(b"<still open>", got)
        self.upstream.script = lambda call: call.stream(ROLE, text("a"), STOP, DONE)
        body = BODY.replace(b"}", b',"stream":true}')
        got = exchange_raw(self.gateway.port, with_length(POST.replace(b"1.1", b"1.0"), body))
        self.assertNotIn(b"transfer-encoding", got.lower())
        self.assertTrue(got.endswith(ROLE + text("a") + STOP + DONE), got)


class BrokenJsonTest(GatewayTest):
    """What nobody here reads must be JSON all the same, before anybody is asked (same dialect on both sides)."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        ways = {"chat": ("openai", "/v1"), "claude": ("anthropic", "/v1"), "answers": ("openai-responses", "/v1"),
                "google": ("gemini", "/v1beta"), "llama": ("ollama", "")}
        root = cls.upstream.url.removesuffix("/v1")
        cls.gateway = cls.serve(config([provider(cls.upstream, name, dialect=dialect, base_url=root + path)
                                        for name, (dialect, path) in ways.items()]))

    # What follows stands for %s in a value that the row of filters steps over.
    ENDPOINTS = [
        ("/v1/chat/completions", '{"model":"chat/m","messages":[{"role":"user","content":%s}]}'),
        ("/v1/chat/completions", '{"model":"chat/m","messages":[],"tools":[{"x":{"y":[%s]}}]}'),
        ("/v1/chat/completions", '{"model":"chat/m","messages":[],"mine":%s}'),
        ("/v1/completions", '{"model":"chat/m","prompt":[%s]}'),
        ("/v1/embeddings", '{"model":"chat/m","input":["a",%s]}'),
        ("/v1/messages", '{"model":"claude/m","max_tokens":9,"messages":[{"role":"user","content":%s}]}'),
        ("/v1/messages/count_tokens", '{"model":"claude/m","messages":[{"role":"user","content":%s}]}'),
        ("/v1/responses", '{"model":"answers/m","store":false,"input":[{"role":"user","content":%s}]}'),
        ("/v1beta/models/google/m:generateContent", '{"contents":[{"parts":[{"text":%s}]}]}'),
        ("/api/chat", '{"model":"llama/m","stream":false,"messages":[{"role":"user","content":%s}]}'),
        ("/v1/api/chat", '{"model":"llama/m","stream":false,"messages":[{"role":"user","content":%s}]}'),
    ]
    BROKEN = ["tru", ",", "1 2", '"a" "b"', '"a",', "{'a':1}", '{"a"}', "[1,]", "01", "nul", '"\x01"', r'"\q"', r'"\u00g0"',
              '"' + "long " * 40 + r'\x"', "[}", "[1]]"]

    def test_it_is_400_on_every_path_and_nobody_is_asked(self):
        for path, form in self.ENDPOINTS:
            for value in self.BROKEN:
                with self.subTest(path=path, form=form, value=value), Client(self.gateway.port) as client:
                    before = len(self.upstream.calls)
                    said = client.request("POST", path, (form % value).encode())
                    self.assertEqual(said.status, 400, said.body)
                    self.assertIn(b"JSON", said.body)
                    self.assertEqual(len(self.upstream.calls), before)

    def test_the_answer_says_where(self):
        said = chat(self.gateway.port, b'{"model":"chat/m","messages":[{"role":"user","content":tru}]}')
        self.assert_error(said, 400, "bad_request", "Invalid JSON body: malformed JSON (byte 55)")

    def test_what_is_json_passes(self):
        self.upstream.script = lambda call: call.respond(418, {"error": {"message": "seen"}})
        for path, form in self.ENDPOINTS:
            with self.subTest(path=path, form=form), Client(self.gateway.port) as client:
                body = (form % '"\\u00e9 \\"x\\" {[,"').encode()
                before = len(self.upstream.calls)
                self.assertEqual(client.request("POST", path, body).status, 418)
                self.assertEqual(len(self.upstream.calls), before + 1)
                self.assertIn(b'"\\u00e9 \\"x\\" {[,"', self.upstream.calls[-1].body)


class LimitsTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)], {"limits": {
            "body_bytes": "64KiB", "header_bytes": "4KiB", "header_timeout": "500ms", "body_timeout": "500ms",
            "idle_timeout": "1s", "max_connections": 40}}))

    def setUp(self):
        self.upstream.script = lambda call: call.respond(200, answer())

    def tearDown(self):
        self.assert_well(self.gateway)

    def test_a_body_beyond_the_limit_is_413(self):
        big = BODY[:-1] + b',"x":"' + b"a" * 70_000 + b'"}'
        self.assert_error(chat(self.gateway.port, big), 413, "request_too_large")
        chunked = b"".join(b"400\r\n" + b"a" * 1024 + b"\r\n" for _ in range(80)) + b"0\r\n\r\n"
        got = exchange_raw(self.gateway.port, POST + b"transfer-encoding: chunked\r\n\r\n" + chunked)
        self.assertIn(b" 413 ", got.split(b"\r\n")[0] + b" ")
        self.assertIn(b"request_too_large", got)
        got = exchange_raw(self.gateway.port, POST + b"content-length: 99999999999\r\n\r\n")
        self.assertIn(b"413", got.split(b"\r\n")[0])
        got = exchange_raw(self.gateway.port, POST + b"expect: 100-continue\r\ncontent-length: 999999\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 413"), got)

    def test_a_body_at_the_limit_passes(self):
        self.assertEqual(chat(self.gateway.port, BODY[:-1] + b',"x":"' + b"a" * (65536 - len(BODY) - 7) + b'"}').status, 200)

    def test_slow_heads_are_cut_off(self):
        for first in (b"", b"P", b"POST /v1/chat", POST, b"PRI * HTTP/2.0\r\n"):
            with self.subTest(first), Client(self.gateway.port) as client:
                client.send(first)
                started = time.monotonic()
                self.assertTrue(client.is_closed(5 * SLOW))
                self.assertLess(time.monotonic() - started, 3 * SLOW)

    def test_a_head_that_trickles_is_cut_off_all_the_same(self):
        with Client(self.gateway.port) as client:
            client.send(POST)
            started = time.monotonic()
            try:
                while time.monotonic() - started < 5 * SLOW:
                    client.send(b"x: y\r\n")
                    time.sleep(0.1)
                self.fail("still open")
            except OSError:
                pass

    def test_a_slow_body_is_408(self):
        got = exchange_raw(self.gateway.port, POST + b"content-length: 100\r\n\r\n{", timeout=8 * SLOW)
        self.assertIn(b"408", got.split(b"\r\n")[0])
        self.assertNotIn(b"<still open>", got)

    def test_an_idle_connection_is_closed_and_a_busy_one_is_not(self):
        with Client(self.gateway.port) as client:
            self.assertEqual(client.chat(BODY).status, 200)
            self.assertTrue(client.is_closed(6 * SLOW))
        self.upstream.script = lambda call: (time.sleep(2.5), call.respond(200, answer()))
        self.assertEqual(chat(self.gateway.port, BODY).status, 200)

    def test_connections_beyond_the_limit_are_refused_and_come_back(self):
        wait_until(lambda: get(self.gateway.port, "/healthz").status == 200, 5)
        held = []

        def fill():
            held.extend(Client(self.gateway.port) for _ in range(60))
            return self._is_refused()
        wait_until(fill, 3, "refusal")  # Again where the first were closed for their silence by then.
        for client in held:
            client.close()
        wait_until(lambda: not self._is_refused(), 5, "service again")

    def _is_refused(self):
        try:
            return get(self.gateway.port, "/healthz").status != 200
        except OSError:
            return True


class UpstreamTest(GatewayTest):
    """What a provider may do wrong."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            nobody = closed.getsockname()[1]
        # Accepts into its queue and never answers.
        cls.silent = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(cls.silent.close)
        account = {"accounts": [{"name": "main", "api_key": PROVIDER_KEY}], "dialect": "openai"}
        cls.gateway = cls.serve(config(
            [provider(cls.upstream),
             {"id": "down", "base_url": f"http://127.0.0.1:{nobody}/v1", **account},
             {"id": "silent", "base_url": f"http://127.0.0.1:{cls.silent.getsockname()[1]}/v1", **account},
             {"id": "nameless", "base_url": "http://no-such-host.invalid/v1", **account},
             {"id": "metadata", "base_url": "http://localhost.localdomain/v1", **account},
             {"id": "plaintext", "base_url": f"https://127.0.0.1:{cls.upstream.port}/v1", **account}],
            {"routes": routes(timeout="2s", connect_timeout="1s")}))

    def tearDown(self):
        self.assert_well(self.gateway)

    def test_a_provider_that_is_not_there_is_502(self):
        for name in ("down", "nameless"):
            for stream in (False, True):
                with self.subTest(name):
                    response = chat(self.gateway.port, hello(f"{name}/m", stream=stream), timeout=30 * SLOW)
                    self.assert_error(response, 502)

    def test_a_provider_that_never_answers_is_504(self):
        self.assert_error(chat(self.gateway.port, hello("silent/m")), 504)
        # It waits for a request where we wait for its part of the handshake.
        self.assert_error(chat(self.gateway.port, hello("plaintext/m")), 504)

    def test_answers_that_are_no_http_are_502(self):
        ok = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        shapes = {
            "nothing": b"", "noise": bytes(range(256)), "text": b"hello\r\n\r\n", "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
            "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18), "half a line": b"HTTP/1.1 20",
            "half a head": ok, "no status": b"HTTP/1.1 \r\n\r\n", "status 99": b"HTTP/1.1 99 X\r\n\r\n",
            "length and chunked": ok + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "two lengths": ok + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
            "negative length": ok + b"content-length: -5\r\n\r\nhello", "bare LF": ok.replace(b"\r\n", b"\n") + b"\n{}",
            "folded field": ok + b"x: a\r\n b\r\n\r\n", "bad chunk": ok + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
            "short body": ok + b"content-length: 50\r\n\r\nhello", "switching": b"HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n",
            "gzip that was not asked for": ok + b"content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"}
        for name, data in shapes.items():
            def script(call):
                call.send(data)
                call.close()
            self.upstream.script = script
            for stream in (False, True):
                with self.subTest(name, stream=stream):
                    self.assert_error(chat(self.gateway.port, hello("up/m", stream=stream)), 502)

    def test_ten_megabytes_of_headers_are_502_and_not_kept(self):
        def script(call):
            call.send(b"HTTP/1.1 200 OK\r\n")
            for i in range(1000):
                call.send(b"x-%d: %s\r\n" % (i, b"a" * 10_000))
            call.send(b"\r\n")
        self.upstream.script = script
        before = self.gateway.rss_kib()
        self.assert_error(chat(self.gateway.port, hello("up/m")), 502)
        self.assertLess(self.gateway.rss_kib() - before, 6000 * SLOW)

    def test_an_endless_first_line_is_502(self):
        def script(call):
            for _ in range(1000):
                call.send(b"a" * 10_000)
        self.upstream.script = script
        self.assert_error(chat(self.gateway.port, hello("up/m")), 502)

    def test_a_reset_is_502_before_and_an_error_event_within_a_stream(self):
        self.upstream.script = lambda call: call.reset()
        self.assert_error(chat(self.gateway.port, hello("up/m")), 502)

        def script(call):
            call.begin_stream()
            call.chunk(ROLE + text("a"))
            time.sleep(0.05)
            call.reset()
        self.upstream.script = script
        response = chat(self.gateway.port, hello("up/m", stream=True))
        self.assertIn('"error":{', events(response.body)[-1])

    def test_interim_answers_are_skipped(self):
        def script(call):
            call.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
            call.respond(200, answer())
        self.upstream.script = script
        self.assertEqual(chat(self.gateway.port, hello("up/m")).status, 200)

    def test_a_connection_that_went_stale_is_replaced_unnoticed(self):
        def script(call):
            call.respond(200, answer())
            call.close()
        self.upstream.script = script
        with Client(self.gateway.port) as client:
            for _ in range(20):
                self.assertEqual(client.chat(hello("up/m")).status, 200)

    def test_bytes_behind_an_answer_are_not_the_next_one(self):
        right = b'{"choices":["right"]}'
        both = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(right), right)
        self.upstream.script = lambda call: call.send(both + both.replace(b"right", b"wrong"))
        with Client(self.gateway.port) as client:
            for _ in range(10):
                response = client.chat(hello("up/m"))
                self.assertIn(b"right", response.body)

    def test_an_answer_before_the_request_is_whole_is_taken(self):
        self.upstream.script = lambda call: call.respond(429, {"error": {"message": "no"}})
        big = hello("up/m", filler="x" * 1_000_000)
        self.assert_error(chat(self.gateway.port, big), 429)


if __name__ == "__main__":
    harness.main()
