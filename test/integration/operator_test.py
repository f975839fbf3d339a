"""What the operator and the client may ask of the gateway itself: prompt, thinking, heartbeat, progress, CORS."""
import time

import harness
from client import Client, chat, get, hello
from harness import CLIENT_KEY, GatewayTest, config, provider, routes, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, text

CLAUDE_ANSWER = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                 "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 1, "output_tokens": 1}}


class OperatorTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.settings = config(
            [provider(cls.upstream), provider(cls.upstream, "claude", dialect="anthropic")],
            keys=[{"name": "ci", "key": CLIENT_KEY}])
        cls.settings["listeners"][0]["routes"] = routes(heartbeat_after="200ms") + [
            {**routes(heartbeat_after="200ms")[0], "match": {"prefix": "/v1beta"}}]
        cls.gateway = cls.serve(cls.settings)

    def setUp(self):
        self.upstream.script = lambda call: call.respond(200, answer())
        self.upstream.calls.clear()

    def apply(self, **settings):
        generation = self.gateway.status()["generation"]
        self.gateway.write({**self.settings, "settings": settings})
        wait_until(lambda: self.gateway.status()["generation"] > generation, 5, "edit in force")
        self.addCleanup(self.gateway.write, self.settings)

    def sent_up(self, body):
        response = chat(self.gateway.port, body)
        self.assertEqual(response.status, 200, response.body)
        return self.upstream.calls[-1]

    def test_the_system_prompt_joins_the_clients_own_and_nothing_else_changes(self):
        self.apply(system_prompt={"enabled": True, "prompt": "Be \"kind\".\né", "suffix_prompt": "Be brief."})
        body = (b'{ "x" : 1.0e2, "messages": [ {"role":"system","content":"a\\u00e9"}, {"role":"user","content":"b"}],'
                b' "model" : "up/m" }')
        self.assertEqual(self.sent_up(body).body, body.replace(b"up/m", b"m").replace(
            b'"a\\u00e9"', '"Be \\"kind\\".\\né\\n\\na\\u00e9\\n\\nBe brief."'.encode()))
        self.upstream.script = lambda call: call.respond(200, CLAUDE_ANSWER)
        sent = self.sent_up({"model": "claude/m", "max_tokens": 9, "messages": [{"role": "user", "content": "b"}]}).json
        self.assertEqual(sent["system"][0]["text"] if isinstance(sent["system"], list) else sent["system"],
                         "Be \"kind\".\né\n\nBe brief.")

    def test_the_thinking_budget_is_the_operators(self):
        self.apply(thinking_budget={"mode": "auto"})
        call = self.sent_up({"model": "up/m", "reasoning_effort": "high", "messages": []})
        self.assertEqual(call.body, b'{"model": "m",  "messages": []}')
        self.apply(thinking_budget={"mode": "custom", "custom_budget": 2048})
        self.assertEqual(self.sent_up({"model": "up/m", "reasoning_effort": "high", "messages": []}).json["reasoning_effort"],
                         "medium")
        self.upstream.script = lambda call: call.respond(200, CLAUDE_ANSWER)
        sent = self.sent_up({**hello("claude/claude-sonnet-4-5"), "max_tokens": 9000}).json
        self.assertEqual(sent["thinking"], {"type": "enabled", "budget_tokens": 2048})

    def test_a_client_that_waits_long_hears_comments_and_then_its_answer(self):
        def script(call):
            time.sleep(0.7)
            call.stream(ROLE, text("hi"), STOP, DONE)
        self.upstream.script = script
        with Client(self.gateway.port) as client:
            began = time.monotonic()
            response, pieces = client.open_stream({**hello("up/m"), "stream": True})
            self.assertLess(time.monotonic() - began, 0.6 * harness.SLOW)
            self.assertEqual(response.headers["content-type"], "text/event-stream; charset=utf-8")
            body = b"".join(pieces)
        self.assertTrue(response.complete)
        comments = body.count(b": waiting\n\n")
        self.assertGreater(comments, 0)
        self.assertEqual(body, b": waiting\n\n" * comments + ROLE + text("hi") + STOP + DONE)

    def test_what_fails_behind_the_comments_is_an_error_event(self):
        def script(call):
            time.sleep(0.5)
            call.respond(429, {"error": {"message": "slow down", "type": "t", "code": "c"}})
        self.upstream.script = script
        response = chat(self.gateway.port, {**hello("up/m"), "stream": True})
        self.assertEqual(response.status, 200)
        self.assertIn(b'data: {"error":{"message":"[429]: slow down"', response.body)
        self.assertNotIn(b"[DONE]", response.body)

    def test_progress_is_told_to_those_who_ask(self):
        self.upstream.script = lambda call: call.stream(ROLE, text("hi"), STOP, DONE)
        response = chat(self.gateway.port, {**hello("up/m"), "stream": True}, [("x-omniroute-progress", "true")])
        self.assertEqual(response.headers["x-omniroute-progress"], "enabled")
        head, _, rest = response.body.partition(b"event: progress\n")
        self.assertEqual(head, ROLE + text("hi") + STOP)
        self.assertRegex(rest, rb'^data: {"tokens_generated":3,"elapsed_ms":\d+,"done":true}\n\n' + DONE.replace(b"[", rb"\[") + b"$")
        response = chat(self.gateway.port, {**hello("up/m"), "stream": True})
        self.assertEqual(response.body, ROLE + text("hi") + STOP + DONE)
        self.assertNotIn("x-omniroute-progress", response.headers)

    def test_browsers_may_ask_from_elsewhere_and_read_the_answer(self):
        origin = ("origin", "https://app.example")
        response = get(self.gateway.port, "/v1beta/models/up/m:generateContent", [
            origin, ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type")], method="OPTIONS")
        self.assertEqual(response.status, 204)
        self.assertEqual(response.headers["access-control-allow-headers"], "*, authorization,content-type")
        for path in ("/v1/models", "/v1beta/nothing"):
            response = get(self.gateway.port, path, [origin])
            self.assertEqual(response.headers["access-control-allow-origin"], "*")
            self.assertEqual(response.headers["access-control-expose-headers"], "*")


if __name__ == "__main__":
    harness.main()
