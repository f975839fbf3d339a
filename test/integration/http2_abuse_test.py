"""HTTP/2 clients that break the rules or wear the server out (RFC 9113, CVE-2023-44487, VU#421644)."""
import json
import struct
import time

import harness
from client import events, hello
from h2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM,
                SETTINGS, WINDOW_UPDATE, Http2, block, frame, request)
from harness import SLOW, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, text

BODY = json.dumps(hello("up/m")).encode()


def chat_fields(*more):
    return request("POST", "/v1/chat/completions", *more)


class AbuseTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)], {"limits": {
            "concurrent_streams": 20, "header_bytes": "8KiB", "body_bytes": "256KiB", "header_timeout": "2s"}}))

    def setUp(self):
        self.upstream.script = lambda call: call.respond(200, answer())
        self.upstream.calls.clear()

    def tearDown(self):
        self.assert_well(self.gateway)
        wait_until(lambda: self.gateway.metric("omniroute_client_connections") == 1, 8, "connections gone")

    def connect(self):
        connection = Http2(self.gateway.port, timeout=8 * SLOW)
        self.addCleanup(connection.socket.close)
        return connection

    def test_an_honest_client_is_served(self):
        with self.connect() as h2:
            h2.headers(1, chat_fields(("content-length", str(len(BODY)))), END_HEADERS)
            h2.send(frame(DATA, END_STREAM, 1, BODY))
            self.assertEqual(h2.finish(1), 200)
            self.assertEqual(json.loads(h2.body(1)), answer())
            h2.headers(3, request(path="/v1/models"))
            self.assertEqual(h2.finish(3), 200)
            # Header fields in pieces, body in pieces.
            whole = block(chat_fields(("x-long", "a" * 3000)))
            h2.send(frame(HEADERS, 0, 5, whole[:10]) + frame(CONTINUATION, 0, 5, whole[10:2000]) +
                    frame(CONTINUATION, END_HEADERS, 5, whole[2000:]))
            for i in range(0, len(BODY), 10):
                h2.send(frame(DATA, 0, 5, BODY[i:i + 10]))
            h2.send(frame(DATA, END_STREAM, 5))
            self.assertEqual(h2.finish(5), 200)

    def test_abused_fields_reset_the_stream_and_reach_nobody(self):
        shapes = {
            "no method": request()[1:], "no path": request()[:3], "no scheme": [request()[0], *request()[2:]],
            "two methods": [*request(), (":method", "GET")], "two paths": [*request(), (":path", "/v1")],
            "unknown pseudo field": [*request(), (":status", "200")], "empty path": request(path=""),
            "pseudo field behind a field": [*request()[:3], ("x", "y"), request()[3]],
            "upper case": request("GET", "/healthz", ("X-Upper", "a")),
            "connection": request("GET", "/healthz", ("connection", "close")),
            "transfer-encoding": request("GET", "/healthz", ("transfer-encoding", "chunked")),
            "upgrade": request("GET", "/healthz", ("upgrade", "h2c")),
            "te": request("GET", "/healthz", ("te", "gzip")),
            "line end in a value": request("GET", "/healthz", ("x", "a\r\nx-smuggled: 1")),
            "NUL in a value": request("GET", "/healthz", ("x", "a\0b")),
            "line end in the path": request("GET", "/healthz HTTP/1.1\r\nx: y"),
            "space in a name": request("GET", "/healthz", ("x y", "a")),
            "empty name": request("GET", "/healthz", ("", "a")),
            "path without a slash": request("GET", "healthz"),
            "connect": [(":method", "CONNECT"), (":authority", "a:443")],
            "two lengths": chat_fields(("content-length", "5"), ("content-length", "6")),
            "bad length": chat_fields(("content-length", "+5")),
        }
        for name, fields in shapes.items():
            with self.subTest(name), self.connect() as h2:
                h2.headers(1, fields)
                status = h2.finish(1)
                self.assertNotEqual(status, 200, name)
        self.assertEqual(self.upstream.calls, [])

    def test_a_length_that_is_not_the_bodys_resets_the_stream(self):
        for said in (len(BODY) - 1, len(BODY) + 1):
            with self.connect() as h2:
                h2.headers(1, chat_fields(("content-length", str(said))), END_HEADERS)
                h2.send(frame(DATA, END_STREAM, 1, BODY))
                self.assertIsNone(h2.finish(1))
        self.assertEqual(self.upstream.calls, [])

    def test_broken_framing_ends_the_connection(self):
        get = frame(HEADERS, END_HEADERS | END_STREAM, 1, block(request()))
        shapes = {
            "data on stream 0": frame(DATA, 0, 0, b"x"), "data on an idle stream": frame(DATA, 0, 7, b"x"),
            "headers on an even stream": frame(HEADERS, END_HEADERS | END_STREAM, 2, block(request())),
            "push from a client": frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + block(request())),
            "frame beyond the size": frame(DATA, 0, 1, bytes(20000)),
            "settings of an odd size": frame(SETTINGS, 0, 0, b"12345"), "settings on a stream": frame(SETTINGS, 0, 1),
            "window of 0": frame(WINDOW_UPDATE, 0, 0, bytes(4)),
            "window overflow": frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
            "lone continuation": frame(CONTINUATION, END_HEADERS, 1, block(request())),
            "headers within headers": frame(HEADERS, END_STREAM, 1, block(request())) + get,
            "index beyond the table": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\x0f"),
            "string beyond the block": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x10\x7f\xff\x7fabc"),
            "padding beyond the frame": frame(HEADERS, END_HEADERS | END_STREAM | 8, 1, b"\xff" + block(request())),
            "reset of an idle stream": frame(RST_STREAM, 0, 9, bytes(4)), "ping of a wrong size": frame(PING, 0, 0, b"abc"),
        }
        for name, data in shapes.items():
            with self.subTest(name), self.connect() as h2:
                h2.send(data)
                self.assertTrue(h2.read_to_end(), "still open")
                self.assertNotEqual(h2.goaway, 0)

    def test_rapid_reset_ends_the_connection(self):
        with self.connect() as h2:
            for stream in range(1, 4001, 2):
                if not h2.headers(stream, request("POST", "/v1/chat/completions"), END_HEADERS):
                    break
                if not h2.send(frame(RST_STREAM, 0, stream, struct.pack(">I", 8))):
                    break
            self.assertTrue(h2.read_to_end())
            self.assertEqual(h2.goaway, 11)  # ENHANCE_YOUR_CALM
        self.assertEqual(self.upstream.calls, [])

    def test_resets_that_we_are_made_to_send_end_the_connection(self):
        with self.connect() as h2:
            for stream in range(1, 4001, 2):
                h2.headers(stream, [*request(), (":method", "GET")])
            self.assertTrue(h2.read_to_end())

    def test_a_reset_while_the_provider_works_cancels_it(self):
        left = []
        self.upstream.script = lambda call: left.append(call.wait_left(8 * SLOW))
        with self.connect() as h2:
            h2.headers(1, chat_fields(), END_HEADERS)
            h2.send(frame(DATA, END_STREAM, 1, BODY))
            wait_until(lambda: self.upstream.calls, 5)
            h2.send(frame(RST_STREAM, 0, 1, struct.pack(">I", 8)))
            self.assertTrue(wait_until(lambda: left, 5)[0])
            h2.headers(3, request())
            self.assertEqual(h2.finish(3), 200)

    def test_more_streams_than_allowed_are_refused_and_the_rest_served(self):
        self.upstream.script = lambda call: (time.sleep(0.5), call.respond(200, answer()))
        with self.connect() as h2:
            # The settings are not read yet, so the client cannot know better.
            for i in range(40):
                h2.headers(1 + 2 * i, chat_fields(), END_HEADERS)
                h2.send(frame(DATA, END_STREAM, 1 + 2 * i, BODY))
            results = [h2.finish(1 + 2 * i) for i in range(40)]
        self.assertEqual(results.count(200), 20)
        self.assertEqual(results.count(None), 20)

    def test_a_continuation_flood_ends_the_connection(self):
        with self.connect() as h2:
            h2.send(frame(HEADERS, END_STREAM, 1, block(request())))
            for _ in range(20000):
                if not h2.send(frame(CONTINUATION, 0, 1, block([("x", "a" * 50)]))):
                    break
            self.assertTrue(h2.read_to_end())
        with self.connect() as h2:
            h2.send(frame(HEADERS, END_STREAM, 1, block(request())))
            for _ in range(20000):
                if not h2.send(frame(CONTINUATION, 0, 1)):
                    break
            self.assertTrue(h2.read_to_end())

    def test_headers_beyond_the_limit_are_431(self):
        with self.connect() as h2:
            h2.headers(1, request("GET", "/healthz", ("x", "a" * 12000)))
            self.assertNotEqual(h2.finish(1), 200)
            # The connection is still good for others.
            if h2.headers(3, request()):
                self.assertEqual(h2.finish(3), 200)

    def test_floods_of_small_frames_do_no_harm(self):
        before = self.gateway.rss_kib()
        for data in (frame(PING, 0, 0, bytes(8)), frame(SETTINGS), frame(PRIORITY, 0, 1, bytes(5)), frame(DATA, 0, 1),
                     frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1")):
            with self.connect() as h2:
                h2.headers(1, chat_fields(), END_HEADERS)
                h2.socket.settimeout(2)
                for _ in range(100):
                    if not h2.send(data * 1000):
                        break
        self.assertLess(self.gateway.rss_kib() - before, 16 * 1024 * SLOW)

    def test_a_body_beyond_the_limit_is_refused(self):
        with self.connect() as h2:
            h2.headers(1, chat_fields(("content-length", "999999")), END_HEADERS)
            self.assertNotEqual(h2.finish(1), 200)
            self.assertIn(b"request_too_large", h2.body(1))
        with self.connect() as h2:
            h2.headers(1, chat_fields(), END_HEADERS)
            window = 65535
            while window > 0:
                h2.send(frame(DATA, 0, 1, bytes(min(16000, window))))
                window -= 16000
            h2.socket.settimeout(3)
            sent = 65535
            try:
                while sent < 600_000 and (got := h2.read_frame()):
                    if got[0] == WINDOW_UPDATE and got[2] == 1:
                        more = int.from_bytes(got[3], "big")
                        for _ in range(more // 16000):
                            h2.send(frame(DATA, 0, 1, bytes(16000)))
                            sent += 16000
                    if got[0] in (HEADERS, RST_STREAM) and got[2] == 1:
                        break
            except TimeoutError:
                pass
            self.assertIn(1, h2.streams)

    def test_a_reader_with_no_window_holds_only_its_own_stream(self):
        def script(call):
            call.begin_stream()
            try:
                for _ in range(3000):
                    call.chunk(text("x" * 4000))
            finally:
                self.blocked = False
        self.blocked = True
        self.upstream.script = script
        before = self.gateway.rss_kib()
        with self.connect() as h2:
            h2.headers(1, chat_fields(), END_HEADERS)
            body = json.dumps(hello("up/m", stream=True)).encode()
            h2.send(frame(DATA, END_STREAM, 1, body))
            # Nothing is given back: 64 KiB is all that comes.
            while len(h2.body(1) if 1 in h2.streams else b"") < 65535:
                self.assertIsNotNone(h2.read_frame())
            time.sleep(0.3)
            self.assertTrue(self.blocked, "the provider was not held back")
            self.assertLess(self.gateway.rss_kib() - before, 8 * 1024 * SLOW)
            h2.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1_000_000)))
            h2.headers(3, request())
            self.assertEqual(h2.finish(3), 200)

    def test_a_broken_stream_is_an_error_event_here_too(self):
        def script(call):
            call.begin_stream()
            call.chunk(ROLE + text("a"))
            time.sleep(0.05)
            call.reset()
        self.upstream.script = script
        with self.connect() as h2:
            h2.headers(1, chat_fields(), END_HEADERS)
            h2.send(frame(DATA, END_STREAM, 1, json.dumps(hello("up/m", stream=True)).encode()))
            self.assertEqual(h2.finish(1), 200)
            self.assertIn('"error":{', events(h2.body(1))[-1])

    def test_slow_heads_and_dead_connections_are_cut_off(self):
        for data in (b"", frame(HEADERS, END_STREAM, 1, block(request())[:10])):
            with self.subTest(data), self.connect() as h2:
                h2.send(data)
                if data:
                    self.assertTrue(h2.read_to_end())
        with self.connect() as h2:
            h2.headers(1, request())
            self.assertEqual(h2.finish(1), 200)
            h2.send(frame(GOAWAY, 0, 0, bytes(8)))
            self.assertTrue(h2.read_to_end())


if __name__ == "__main__":
    harness.main()
