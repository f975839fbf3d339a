"""Compressed bodies: answers that nobody asked to be compressed are read all the same, requests are refused."""
import gzip
import json
import threading
import time
import zlib

import harness
from client import Client, chat, events, hello
from coded_bytes import ERROR, ERROR_TEXT, EVENTS, PLAIN, PLAIN_TEXT, STREAM
from harness import SLOW, GatewayTest, config, provider
from upstream import DONE, ROLE, STOP, Upstream, text

CODINGS = ("gzip", "deflate", "raw", "br", "zstd")
# What zlib calls them: the form around the data.
FORMS = {"gzip": 31, "deflate": 15, "raw": -15}
ANTHROPIC = {"max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}


def said(coding):
    """What a server says that sends it."""
    return "deflate" if coding == "raw" else coding


def squeeze(coding, pieces):
    """Compressed bytes of each piece, flushed behind it, and the end."""
    encoder = zlib.compressobj(9, zlib.DEFLATED, FORMS[coding])
    return [encoder.compress(piece) + encoder.flush(zlib.Z_SYNC_FLUSH) for piece in pieces] + [encoder.flush()]


def stream_of(coding):
    return STREAM[coding] if coding in STREAM else squeeze(coding, EVENTS)


def plain_of(coding):
    return PLAIN[coding] if coding in PLAIN else b"".join(squeeze(coding, [PLAIN_TEXT]))


def error_of(coding):
    return ERROR[coding] if coding in ERROR else b"".join(squeeze(coding, [ERROR_TEXT]))


class AnswerTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def respond(self, coding, body, status=200):
        self.upstream.script = lambda call: call.respond(status, body, [("Content-Encoding", coding)])

    def stream(self, coding, *pieces):
        self.upstream.script = lambda call: call.stream(*pieces, headers=[("content-encoding", coding)])

    def test_identity_is_what_is_asked_for(self):
        self.respond("identity", PLAIN_TEXT)
        self.assertEqual(chat(self.gateway.port, hello("up/m")).body, PLAIN_TEXT)
        self.assertEqual(self.upstream.calls[-1].headers["accept-encoding"], "identity")

    def test_a_plain_answer_comes_decoded(self):
        for coding in CODINGS:
            with self.subTest(coding):
                self.respond(said(coding), plain_of(coding))
                response = chat(self.gateway.port, hello("up/m"))
                self.assertEqual((response.status, response.body), (200, PLAIN_TEXT))
                self.assertNotIn("content-encoding", response.headers)
                self.assertEqual(response.headers["content-length"], str(len(PLAIN_TEXT)))
                self.assertEqual(self.gateway.access_of(response)["input_tokens"], 18)

    def test_two_codings_and_two_members_come_decoded(self):
        self.respond("br, gzip", gzip.compress(PLAIN["br"]))
        self.assertEqual(chat(self.gateway.port, hello("up/m")).body, PLAIN_TEXT)
        self.respond("x-gzip", gzip.compress(PLAIN_TEXT[:30]) + gzip.compress(PLAIN_TEXT[30:]))
        self.assertEqual(chat(self.gateway.port, hello("up/m")).body, PLAIN_TEXT)

    def test_a_refusal_comes_decoded(self):
        for coding in CODINGS:
            with self.subTest(coding):
                self.respond(said(coding), error_of(coding), 422)
                response = chat(self.gateway.port, hello("up/m"))
                self.assert_error(response, 422, "bad_n", "n is wrong")

    def test_a_stream_comes_decoded_for_clients_of_both_dialects(self):
        for coding in CODINGS:
            with self.subTest(coding):
                self.stream(said(coding), *stream_of(coding))
                response = chat(self.gateway.port, hello("up/m", stream=True))
                self.assertEqual((response.status, response.complete), (200, True))
                self.assertEqual(response.body, b"".join(EVENTS))
                self.assertNotIn("content-encoding", response.headers)
                with Client(self.gateway.port) as client:
                    response = client.request("POST", "/v1/messages", {"model": "up/m", "stream": True, **ANTHROPIC})
                said_types = [json.loads(data)["type"] for data in events(response.body)]
                self.assertEqual((said_types[0], said_types[-1]), ("message_start", "message_stop"))
                self.assertEqual("".join(json.loads(data)["delta"].get("text", "") for data in events(response.body)
                                         if "text_delta" in data), "one two")

    def test_a_stream_for_a_client_that_wants_one_document_comes_decoded(self):
        for coding in CODINGS:
            with self.subTest(coding):
                self.stream(said(coding), *stream_of(coding))
                response = chat(self.gateway.port, hello("up/m"))
                self.assertEqual(response.json["choices"][0]["message"]["content"], "one two")

    def test_events_come_as_they_are_flushed(self):
        for coding in CODINGS:
            with self.subTest(coding):
                go = threading.Semaphore(0)

                def script(call):
                    call.begin_stream([("content-encoding", said(coding))])
                    for piece in stream_of(coding):
                        go.acquire(timeout=20 * SLOW)
                        call.chunk(piece)
                    call.end_stream()
                self.upstream.script = script
                with Client(self.gateway.port, timeout=20 * SLOW) as client:
                    go.release(2)  # A role alone is not passed on.
                    response, pieces = client.open_stream(hello("up/m", stream=True))
                    got = b""
                    for i in range(1, len(EVENTS)):
                        # The provider sends no more until this much has come.
                        while len(got) < len(b"".join(EVENTS[:i + 1])):
                            got += next(pieces)
                        self.assertEqual(got, b"".join(EVENTS[:i + 1]))
                        go.release()
                    self.assertEqual(b"".join(pieces), b"")
                    self.assertTrue(response.complete)

    def test_the_provider_may_cut_its_reads_anywhere(self):
        def script(call):
            call.begin_stream([("content-encoding", said(coding))])
            for byte in b"".join(stream_of(coding)):
                call.chunk(bytes([byte]))
            call.end_stream()
        for coding in CODINGS:
            self.upstream.script = script
            self.assertEqual(chat(self.gateway.port, hello("up/m", stream=True)).body, b"".join(EVENTS), coding)

    def test_a_stream_that_is_cut_is_an_error_and_never_a_clean_end(self):
        for coding in CODINGS:
            whole = b"".join(stream_of(coding)[:3])
            for size in range(0, len(whole) + 1, 7):
                self.stream(said(coding), whole[:size])
                response = chat(self.gateway.port, hello("up/m", stream=True))
                if response.status != 200:
                    self.assert_error(response, 502, "upstream_coding_broken")
                    continue
                data = events(response.body)
                self.assertEqual(json.loads(data[-1])["error"]["code"], "upstream_coding_broken", (coding, size))
                self.assertNotIn("[DONE]", data)

    def test_a_plain_answer_that_is_cut_or_broken_is_502(self):
        for coding in CODINGS:
            whole = plain_of(coding)
            for body in (whole[:-1], whole[:20], b"", whole + b"{}", PLAIN_TEXT):
                with self.subTest(coding, body=body[:10]):
                    self.respond(said(coding), body)
                    self.assert_error(chat(self.gateway.port, hello("up/m")), 502, "upstream_coding_broken", said(coding))
                    self.assert_error(chat(self.gateway.port, hello("up/m", stream=True)), 502, "upstream_coding_broken")

    def test_a_long_plain_answer_that_breaks_off_does_not_look_whole(self):
        body = b'{"choices":[{"message":{"content":"' + bytes(range(48, 90)) * 80_000 + b'"}}]}'
        self.respond("gzip", gzip.compress(body)[:-8])
        try:
            response = chat(self.gateway.port, hello("up/m"))
            self.assertTrue(response.status != 200 or not response.complete)
        except ConnectionError:
            pass

    def test_an_unknown_coding_is_502(self):
        for coding in ("exi", "gzip, exi", "gzip, gzip, gzip"):
            self.respond(coding, b"\x80\x80")
            self.assert_error(chat(self.gateway.port, hello("up/m")), 502, "upstream_coding_unknown")
            self.respond(coding, b"\x80\x80", 429)
            self.assert_error(chat(self.gateway.port, hello("up/m")), 429)

    def test_a_bomb_is_502_and_not_kept(self):
        bomb = gzip.compress(bytes(256 << 20))
        self.respond("gzip", bomb)
        before = self.gateway.rss_kib()
        for stream in (False, True):
            self.assert_error(chat(self.gateway.port, hello("up/m", stream=stream)), 502, "upstream_coding_broken")
        self.respond("gzip", bomb, 400)
        self.assert_error(chat(self.gateway.port, hello("up/m")), 400)
        self.assertLess(self.gateway.rss_kib() - before, 64 * 1024 * SLOW)
        self.assert_well(self.gateway)

    def test_a_slow_client_holds_a_compressed_stream_too(self):
        event = text("x" * 1000)
        done = threading.Event()

        def script(call):
            encoder = zlib.compressobj(1, zlib.DEFLATED, 31)
            call.begin_stream([("content-encoding", "gzip")])
            call.chunk(encoder.compress(ROLE))
            for _ in range(20_000):
                call.chunk(encoder.compress(event) + encoder.flush(zlib.Z_SYNC_FLUSH))
            call.chunk(encoder.compress(STOP + DONE) + encoder.flush())
            call.end_stream()
            done.set()
        self.upstream.script = script
        before = self.gateway.rss_kib()
        with Client(self.gateway.port, timeout=60 * SLOW, receive_buffer=4096) as client:
            response, pieces = client.open_stream(hello("up/m", stream=True))
            time.sleep(0.5)
            self.assertLess(self.gateway.rss_kib() - before, 24 * 1024 * SLOW)
            self.assertEqual(len(b"".join(pieces)), len(ROLE + STOP + DONE) + 20_000 * len(event))
            self.assertTrue(response.complete)
        self.assertTrue(done.wait(10))


class RequestTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def post(self, path, body, coding):
        with Client(self.gateway.port) as client:
            response = client.request("POST", path, body, [("content-encoding", coding)])
            # The connection is good for another request.
            self.assertEqual(client.chat(hello("up/m")).status, 200)
        return response

    def test_a_compressed_request_is_415_in_the_clients_dialect(self):
        body = gzip.compress(json.dumps(hello("up/m")).encode())
        shapes = {"/v1/chat/completions": lambda e: e["error"]["code"], "/v1/responses": lambda e: e["error"]["code"],
                  "/v1/messages": lambda e: e["type"], "/v1beta/models/up%2Fm:generateContent": lambda e: e["error"]["code"],
                  "/v1/api/chat": lambda e: "content encoding" in e["error"]}
        expected = ["unsupported_content_encoding"] * 2 + ["error", 415, True]
        for (path, find), wanted in zip(shapes.items(), expected):
            with self.subTest(path):
                calls = len(self.upstream.calls)
                response = self.post(path, body, "gzip")
                self.assertEqual(response.status, 415, response.body)
                self.assertEqual(response.headers["accept-encoding"], "identity")
                self.assertEqual(find(response.json), wanted, response.body)
                self.assertIn("'gzip'", response.body.decode())
                self.assertEqual(len(self.upstream.calls), calls + 1)

    def test_every_other_coding_is_415_too(self):
        for coding in ("br", "deflate", "zstd", "gzip, br", "GZIP", "x"):
            self.assert_error(self.post("/v1/chat/completions", b"\x1f\x8b", coding), 415, "unsupported_content_encoding")

    def test_identity_is_none(self):
        for coding in ("identity", "Identity", ""):
            self.assertEqual(self.post("/v1/chat/completions", hello("up/m"), coding).status, 200)

    def test_a_field_without_a_body_is_no_matter(self):
        with Client(self.gateway.port) as client:
            self.assertEqual(client.request("GET", "/v1/models", None, [("content-encoding", "gzip")]).status, 200)


if __name__ == "__main__":
    harness.main()
