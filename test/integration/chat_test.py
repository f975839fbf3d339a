"""Plain and streamed chat: what goes up, what comes back, who may ask, and what is written down."""
import time

import harness
from client import Client, chat, get, hello
from harness import CLIENT_KEY, PROVIDER_KEY, GatewayTest, config, provider
from upstream import DONE, ROLE, STOP, Upstream, answer, event, text

# White space, order, unknown fields, numbers and escapes as a client may have them.
ODD_BODY = (b'\n{ "x_unknown" : {"b":1.0e+2, "a":[ ] },\t"messages":[{"role":"user","content":"\\u00e9\\ud83d\\ude00 \xc3\xa9"}],'
            b'\r\n "model"  :  "up/some-model" , "temperature":0.70, "seed": 12345678901234567890 } \n')


class PassThroughTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config(
            [provider(cls.upstream, alias="u"),
             provider(cls.upstream, "counting", usage_in_streams=True,
                      models=[{"id": "m", "price": {"input": 1, "output": 2}}])],
            keys=[{"name": "ci", "key": CLIENT_KEY}]))

    def setUp(self):
        self.upstream.script = lambda call: call.respond(200, answer())
        self.upstream.calls.clear()

    def sent_up(self, body, **options):
        response = chat(self.gateway.port, body, **options)
        self.assertEqual(response.status, 200, response.body)
        return self.upstream.calls[-1]

    def test_the_body_goes_up_unchanged_but_for_the_model(self):
        call = self.sent_up(ODD_BODY)
        self.assertEqual(call.body, ODD_BODY.replace(b"up/some-model", b"some-model"))
        self.assertEqual((call.method, call.path), ("POST", "/v1/chat/completions"))

    def test_an_escaped_key_is_the_model_all_the_same(self):
        body = b'{"m\\u006fdel":"up\\/deep\\u0065r","messages":[]}'
        self.assertEqual(self.sent_up(body).body, b'{"m\\u006fdel":"deeper","messages":[]}')

    def test_a_model_inside_another_value_is_left_alone(self):
        body = b'{"metadata":{"model":"up/x"},"messages":[{"role":"user","content":"\\"model\\":\\"up/y\\""}],"model":"up/z"}'
        self.assertEqual(self.sent_up(body).body, body.replace(b'"model":"up/z"', b'"model":"z"'))

    def test_a_chunked_request_body_arrives_whole(self):
        with Client(self.gateway.port) as client:
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
            for i in range(0, len(ODD_BODY), 7):
                piece = ODD_BODY[i:i + 7]
                client.send(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
            client.send(b"0\r\nx-trailer: 1\r\n\r\n")
            self.assertEqual(client.read().status, 200)
        self.assertEqual(self.upstream.calls[-1].body, ODD_BODY.replace(b"up/some-model", b"some-model"))

    def test_a_client_that_expects_100_continue_gets_it(self):
        with Client(self.gateway.port) as client:
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(ODD_BODY))
            self.assertEqual(client.socket.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            client.send(ODD_BODY)
            self.assertEqual(client.read().status, 200)

    def test_a_large_body_arrives_whole(self):
        content = "abcdefgh" * 125000
        call = self.sent_up({"model": "up/m", "messages": [{"role": "user", "content": content}]})
        self.assertEqual(call.json["messages"][0]["content"], content)

    def test_the_answer_comes_back_byte_for_byte(self):
        body = b'{ "x_groq":{"id":"r"},\n "choices" : [{"index":0,"message":{"content":"\xe2\x82\xac \\u20ac"},"finish_reason":"stop"}]  }\n'
        self.upstream.script = lambda call: call.respond(200, body)
        response = chat(self.gateway.port, hello("up/m"))
        self.assertEqual((response.status, response.body), (200, body))
        self.assertEqual(response.headers["content-type"], "application/json")

    def test_an_answer_without_length_is_complete_at_the_end_of_the_connection(self):
        def script(call):
            call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"choices\":[]}")
            call.close()
        self.upstream.script = script
        self.assertEqual(chat(self.gateway.port, hello("up/m")).body, b'{"choices":[]}')

    def test_a_large_answer_comes_back_whole(self):
        body = answer("x" * 3_000_000)
        self.upstream.script = lambda call: call.respond(200, body)
        self.assertEqual(chat(self.gateway.port, hello("up/m")).json, body)

    def test_a_stream_comes_back_byte_for_byte(self):
        pieces = [b": ping\n\n", ROLE, text("2+2 is "), b"id: 4\n" + text("four") + b"\n", STOP, DONE]
        self.upstream.script = lambda call: call.stream(*pieces)
        response = chat(self.gateway.port, hello("up/m", stream=True))
        self.assertEqual(response.body, b"".join(pieces))
        self.assertTrue(response.complete)
        self.assertTrue(response.headers["content-type"].startswith("text/event-stream"))

    def test_events_are_passed_on_as_they_come(self):
        def script(call):
            call.begin_stream()
            call.chunk(ROLE)
            for word in ("one", "two", "three"):
                time.sleep(0.15)
                call.chunk(text(word))
            call.chunk(STOP + DONE)
            call.end_stream()
        self.upstream.script = script
        with Client(self.gateway.port) as client:
            _, pieces = client.open_stream(hello("up/m", stream=True))
            seen = [time.monotonic() for piece in pieces if b"content" in piece]
        self.assertGreater(seen[-1] - seen[0], 0.2)

    def test_credentials_are_exchanged(self):
        self.upstream.script = lambda call: call.respond(200, answer(), headers=[
            ("set-cookie", f"a={PROVIDER_KEY}"), ("server", "secret-server"), ("x-kept", "yes")])
        for carrier in [("authorization", f"Bearer {CLIENT_KEY}"), ("x-api-key", CLIENT_KEY),
                        ("x-goog-api-key", CLIENT_KEY)]:
            response = chat(self.gateway.port, hello("up/m"),
                            [carrier, ("cookie", f"k={CLIENT_KEY}"), ("user-agent", "tester/1")])
            call = self.upstream.calls[-1]
            self.assertNotIn(CLIENT_KEY.encode(), call.head + call.body)
            self.assertEqual(call.headers["authorization"], f"Bearer {PROVIDER_KEY}")
            self.assertEqual(call.headers["user-agent"], "tester/1")
            self.assertEqual(call.headers["host"], f"127.0.0.1:{self.upstream.port}")
            self.assertNotIn(PROVIDER_KEY, str(response.fields))
            self.assertNotIn("server", response.headers)
            self.assertEqual(response.headers["x-kept"], "yes")
        chat(self.gateway.port, hello("up/m"))
        response = get(self.gateway.port, f"/v1/models?api_key={CLIENT_KEY}")
        self.assertEqual(self.gateway.access_of(response)["key"], "ci")
        self.assert_well(self.gateway)

    def test_hop_by_hop_headers_stay_on_their_hop(self):
        self.upstream.script = lambda call: call.respond(200, answer(), headers=[
            ("connection", "x-private"), ("x-private", "1"), ("keep-alive", "timeout=9"),
            ("proxy-authenticate", "x")])
        response = chat(self.gateway.port, hello("up/m"), [
            ("connection", "x-mine"), ("x-mine", "1"), ("te", "trailers"), ("proxy-authorization", "x")])
        for name in ("x-private", "keep-alive", "proxy-authenticate"):
            self.assertNotIn(name, response.headers)
        for name in ("x-mine", "te", "proxy-authorization"):
            self.assertNotIn(name, self.upstream.calls[-1].headers)

    def test_every_answer_carries_an_id_and_a_date(self):
        first, second = (chat(self.gateway.port, hello("up/m")) for _ in range(2))
        for response in (first, second):
            self.assertRegex(response.headers["x-request-id"], r"^\S+$")
            self.assertRegex(response.headers["date"], r"GMT$")
            self.assertEqual(response.headers["access-control-allow-origin"], "*")
        self.assertNotEqual(first.headers["x-request-id"], second.headers["x-request-id"])

    def test_one_connection_serves_many_requests_on_both_sides(self):
        before = self.upstream.connections
        with Client(self.gateway.port) as client:
            for i in range(20):
                self.assertEqual(client.chat(hello(f"up/m{i}")).status, 200)
        self.assertLessEqual(self.upstream.connections - before, 1)

    def test_pipelined_requests_are_answered_in_order(self):
        self.upstream.script = lambda call: call.respond(200, answer(call.json["model"]))
        with Client(self.gateway.port) as client:
            for i in range(10):
                client.send_request("POST", "/v1/chat/completions", hello(f"up/m{i}"))
            got = [client.read().json["choices"][0]["message"]["content"] for _ in range(10)]
        self.assertEqual(got, [f"m{i}" for i in range(10)])

    def test_the_access_line_tells_what_happened(self):
        response = chat(self.gateway.port, hello("counting/m"), [("authorization", f"Bearer {CLIENT_KEY}")])
        line = self.gateway.access_of(response)
        expected = {"key": "ci", "method": "POST", "path": "/v1/chat/completions", "status": 200,
                    "model": "counting/m", "provider": "counting", "account": "main", "target": "m",
                    "input_tokens": 18, "output_tokens": 1, "bytes_out": len(response.body)}
        self.assertEqual(expected, {name: line.get(name) for name in expected})
        self.assertEqual(line["attempts"][0]["status"], 200)
        self.assertGreaterEqual(line["us"], line["first_byte_us"])
        self.assertNotIn("estimated", line)

    def test_usage_of_a_stream_is_counted_where_the_provider_says_it(self):
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}
        self.upstream.script = lambda call: call.stream(ROLE, text("hi"), event(finish="stop", usage=usage), DONE)
        response = chat(self.gateway.port, hello("up/m", stream=True))
        line = self.gateway.access_of(response)
        self.assertEqual((line["input_tokens"], line["output_tokens"], line["cached_tokens"], line["stream"]),
                         (7, 3, 2, True))
        self.assertNotIn("stream_options", self.upstream.calls[-1].json)

    def test_usage_is_asked_for_where_allowed_and_hidden_again(self):
        usage = event(usage={"prompt_tokens": 7, "completion_tokens": 3}).replace(
            b'"choices":[{"index":0,"delta":{},"finish_reason":null}]', b'"choices":[]')
        self.upstream.script = lambda call: call.stream(ROLE, text("hi"), STOP, usage, DONE)
        body = b'{"model":"counting/m", "stream" : true,"messages":[] }'
        response = chat(self.gateway.port, body)
        self.assertEqual(self.upstream.calls[-1].body,
                         b'{"model":"m", "stream" : true,"messages":[] ,"stream_options":{"include_usage":true}}')
        self.assertEqual(response.body, ROLE + text("hi") + STOP + DONE)
        self.assertEqual(self.gateway.access_of(response)["output_tokens"], 3)
        response = chat(self.gateway.port, hello("counting/m", stream=True, stream_options={"include_usage": True}))
        self.assertEqual(response.body, ROLE + text("hi") + STOP + usage + DONE)
        self.assertEqual(self.upstream.calls[-1].json["stream_options"], {"include_usage": True})

    def test_without_usage_the_tokens_are_estimated_and_said_to_be(self):
        self.upstream.script = lambda call: call.stream(ROLE, text("a"), text("b"), STOP, DONE)
        line = self.gateway.access_of(chat(self.gateway.port, hello("up/m", stream=True)))
        self.assertTrue(line["estimated"])
        self.assertGreater(line["output_tokens"], 0)

    def test_metrics_count_requests_and_tokens(self):
        names = ["omniroute_input_tokens_total", "omniroute_output_tokens_total"]
        before = [self.gateway.metric(name) for name in names]
        chat(self.gateway.port, hello("up/m"))
        self.assertEqual([self.gateway.metric(name) for name in names], [before[0] + 18, before[1] + 1])
        page = get(self.gateway.port, "/metrics")
        self.assertTrue(page.headers["content-type"].startswith("text/plain; version=0.0.4"))
        self.assertRegex(page.body.decode(), r'(?m)^omniroute_requests_total{[^}]*} [1-9]')

    def test_the_providers_other_prefix_leads_there_too(self):
        self.assertEqual(self.sent_up(hello("u/vendor/model-1")).json["model"], "vendor/model-1")


class StreamDecisionTest(GatewayTest):
    """Data-plane 1.4: the body decides, then Accept; other spellings are honoured and removed."""

    @classmethod
    def setUpClass(cls):
        def script(call):
            cls.upstream.last = call
            if call.json.get("stream"):
                return call.stream(ROLE, text("hi"), STOP, DONE)
            return call.respond(200, answer())
        cls.upstream = Upstream(script)
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def sent(self, body, accept=None, streamed=False):
        response = chat(self.gateway.port, body, [("accept", accept)] if accept else [])
        is_stream = response.headers["content-type"].startswith("text/event-stream")
        self.assertEqual((response.status, is_stream), (200, streamed), response.body)
        return self.upstream.last.body

    def test_no_word_of_it_means_a_plain_answer(self):
        self.assertEqual(self.sent(b'{"model":"up/m","messages":[]}'), b'{"model":"m","messages":[]}')

    def test_accept_of_events_alone_asks_for_a_stream(self):
        sent = self.sent(b'{"model":"up/m","messages":[]}', "text/event-stream", True)
        self.assertEqual(sent, b'{"stream":true,"model":"m","messages":[]}')

    def test_accept_of_json_too_asks_for_a_plain_answer(self):
        self.sent(b'{"model":"up/m","messages":[]}', "application/json, text/event-stream")

    def test_an_explicit_value_wins_over_accept(self):
        self.sent(b'{"model":"up/m","stream":false}', "text/event-stream")
        self.sent(b'{"model":"up/m","stream":true}', "application/json", True)

    def test_other_spellings_are_honoured_and_removed(self):
        cases = [(b'{"model":"up/m","streaming":true,"a":1}', True, b'{"stream":true,"model":"m","a":1}'),
                 (b'{"model":"up/m","stream":true,"non_stream":true}', True, None),
                 (b'{"model":"up/m","disable_stream":true}', False, None),
                 (b'{"model":"up/m","disable_streaming":true,"streaming":false}', False, None),
                 (b'{"model":"up/m","disable_streaming":false}', False, None)]
        for body, streamed, expected in cases:
            with self.subTest(body):
                sent = self.sent(body, streamed=streamed)
                if expected:
                    self.assertEqual(sent, expected)


if __name__ == "__main__":
    harness.main()
