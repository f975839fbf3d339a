"""What is counted where a provider does not say, and what is written down of answers that end oddly."""
import socket
import subprocess
import shutil
import time
import unittest

import harness
from client import Client, chat, get, hello
from harness import CLIENT_KEY, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, event, text

KEY = [("authorization", f"Bearer {CLIENT_KEY}")]
DIALECT_PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses")


class BooksTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)

    def start(self, **sections):
        self.gateway = self.run_gateway(config(
            [provider(self.upstream, models=[{"id": "m", "price": {"input": 1, "output": 1}}])], **sections))
        return self.gateway

    def says(self, words, **more):
        body = answer(words)
        del body["usage"]
        self.upstream.script = lambda call: call.respond(200, {**body, **more})


class EstimateTest(BooksTest):
    def tokens(self, response):
        self.assertEqual(response.status, 200, response.body)
        line = self.gateway.access_of(response)
        self.assertTrue(line["estimated"])
        return line["input_tokens"], line["output_tokens"]

    def test_a_plain_answer_is_counted_by_its_text(self):
        self.start()
        for words, least, most in (("x", 1, 1), ("four", 1, 1), ("word " * 400, 450, 550)):
            self.says(words)
            with self.subTest(words=words[:8]):
                self.assertTrue(least <= self.tokens(chat(self.gateway.port, hello("up/m")))[1] <= most)

    def test_pieces_of_a_stream_are_counted_by_their_size(self):
        self.start()
        for pieces in (1, 10, 400):
            piece = "word " * (400 // pieces)
            self.upstream.script = lambda call: call.stream(ROLE, *[text(piece)] * pieces, STOP, DONE)
            for path in DIALECT_PATHS:
                body = {**hello("up/m", stream=True), "max_tokens": 9000}
                if path == "/v1/responses":
                    body = {"model": "up/m", "input": "hi", "stream": True}
                with self.subTest(pieces=pieces, path=path), Client(self.gateway.port) as client:
                    written = self.tokens(client.request("POST", path, body))[1]
                    self.assertTrue(390 <= written <= 550, written)

    def test_a_request_costs_the_same_however_its_length_is_told(self):
        gateway = self.start()
        self.says("four")
        body = hello("up/m", user="x" * 40000)
        counted = self.tokens(chat(gateway.port, body))
        raw = str(body).replace("'", '"').encode()
        with Client(gateway.port) as client:
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
                        b"%x\r\n%s\r\n0\r\n\r\n" % (len(raw), raw))
            chunked = self.tokens(client.read())
        self.assertGreater(counted[0], 9000)
        self.assertAlmostEqual(chunked[0], counted[0], delta=20)

    def test_a_number_beyond_all_counts_spoils_no_answer(self):
        gateway = self.start()
        for wrong in ("1e300", "12345678901234567890123"):
            self.upstream.script = lambda call: call.respond(
                200, b'{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"four"},'
                     b'"finish_reason":"stop"}],"usage":{"prompt_tokens":' + wrong.encode() + b',"completion_tokens":1}}')
            self.assertEqual(chat(gateway.port, hello("up/m")).json["choices"][0]["message"]["content"], "four")
        self.assert_well(gateway)


class EndTest(BooksTest):
    def whole_but(self, ending):
        def script(call):
            call.begin_stream()
            for piece in (ROLE, text("four"), STOP, DONE):
                call.chunk(piece)
            ending(call)
        self.upstream.script = script

    def test_a_stream_that_told_its_end_is_no_failure_of_its_provider(self):
        gateway = self.start(resilience={"breaker": {"api_key_failures": 2}})
        for ending in (lambda call: call.close(), lambda call: time.sleep(8)):
            self.whole_but(ending)
            began = time.monotonic()
            response = chat(gateway.port, hello("up/m", stream=True))
            self.assertTrue(response.complete)
            self.assertLess(time.monotonic() - began, 6)
            self.assertTrue(response.body.endswith(DONE))
            line = gateway.access_of(response)
            self.assertEqual([(each["status"], each.get("reason")) for each in line["attempts"]], [(200, None)])
        self.upstream.script = lambda call: call.respond(500, {"error": {"message": "no"}})
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 500)
        self.upstream.script = lambda call: call.respond(200, answer())
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200, "the breaker is closed")

    def test_a_status_that_is_none_is_not_passed_on(self):
        gateway = self.start()
        for status in (600, 999):
            def script(call, status=status):
                call.send(b"HTTP/1.1 %d Odd\r\ncontent-length: 2\r\n\r\n{}" % status)
            self.upstream.script = script
            response = chat(gateway.port, hello("up/m"))
            self.assertEqual(response.status, 502)

    def left(self, body):
        with Client(self.gateway.port) as client:
            client.send_request("POST", "/v1/chat/completions", body)
            wait_until(lambda: self.upstream.calls, 5)
            time.sleep(0.2)
        return self.gateway.access()[-1]

    def test_who_was_asked_is_told_of_a_client_that_left(self):
        gateway = self.start()
        self.upstream.script = lambda call: call.wait_left(10)
        line = self.left(hello("up/m"))
        self.assertTrue(line["aborted"])
        self.assertEqual([(each["target"], each["status"], each["reason"]) for each in line["attempts"]],
                         [("up/m", 0, "client_left")])

        def begins(call):
            call.begin_stream()
            call.chunk(ROLE + text("four"))
            call.wait_left(10)
        self.upstream.calls.clear()
        self.upstream.script = begins
        before = len(gateway.records)
        line = self.left(hello("up/m", stream=True))
        wait_until(lambda: len(gateway.records) > before, 5)
        line = gateway.access()[-1]
        self.assertEqual([(each["target"], each["status"], each["reason"]) for each in line["attempts"]],
                         [("up/m", 200, "client_left")])

    def test_broken_framing_is_written_down_as_what_the_client_got(self):
        gateway = self.start()
        with Client(gateway.port) as client:
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello")
            time.sleep(0.1)
            client.send(b"xx5\r\n")
            self.assertEqual(client.read().status, 400)
        self.assertEqual(gateway.access()[-1]["status"], 400)

    def test_a_head_has_no_body_to_count(self):
        gateway = self.start()
        with Client(gateway.port) as client:
            client.send(b"HEAD /v1/models HTTP/1.1\r\nhost: a\r\n\r\n")
            self.assertEqual(client.read(head_only=True).status, 200)
        self.assertEqual(gateway.access()[-1]["bytes_out"], 0)

    def test_a_slow_body_ends_the_connection_and_says_so(self):
        gateway = self.run_gateway(config([provider(self.upstream)], listener={"limits": {"body_timeout": "300ms"}}))
        with Client(gateway.port) as client:
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{")
            response = client.read()
            self.assertEqual((response.status, response.headers.get("connection")), (408, "close"))

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_curl_sees_an_early_answer_over_http2(self):
        gateway = self.start(settings={"require_api_key": True})
        for path, status in (("/v1/chat/completions", "401"), ("/nowhere", "404")):
            for _ in range(5):
                told = subprocess.run(
                    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--http2-prior-knowledge", "-d",
                     '{"model":"up/m","messages":[]}', "-H", "content-type: application/json",
                     f"http://127.0.0.1:{gateway.port}{path}"], capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual((told.stdout, told.returncode), (status, 0))


class MetricsDoorTest(BooksTest):
    def test_without_a_password_metrics_are_not_told_through_a_proxy(self):
        gateway = self.start()
        for header in (("x-forwarded-for", "8.8.8.8"), ("origin", "https://evil.example"), ("host", "evil.example")):
            with self.subTest(header=header[0]):
                self.assertEqual(get(gateway.port, "/metrics", [header]).status, 403)
        self.assertEqual(get(gateway.port, "/metrics").status, 200)


class SecretInTheWrongPlaceTest(BooksTest):
    def test_what_stands_where_no_text_belongs_is_not_repeated(self):
        secret = "sk-canary-misplaced"
        gateway = self.start()
        count = 0
        for wrong in ({"keys": [secret]}, {"providers": [{"id": "x", "dialect": "openai", "accounts": [secret]}]},
                      {"providers": [{"id": "x", "dialect": "openai", "accounts": secret}]},
                      {"admin": {"password": 4711123}}):
            gateway.write({**config([provider(self.upstream)]), **wrong})
            count += 1
            gateway.wait_log("stays in force", count=count)
        self.assertNotIn(secret, gateway.log)
        self.assertNotIn("4711123", gateway.log)
        self.assertNotIn("4711123", get(gateway.port, "/api/config/status").body.decode())


if __name__ == "__main__":
    harness.main()
