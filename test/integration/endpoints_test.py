"""Listings, pinned providers, token counts and the older endpoints, over sockets."""
import json

import harness
from client import Client, events, get
from harness import CLIENT_KEY, GatewayTest, config, provider, routes
from upstream import DONE, ROLE, STOP, Upstream, answer, text

OTHER_KEY = "sk-omni-other-0123456789"
MESSAGES = [{"role": "user", "content": "hi"}]


def post(port, path, body, headers=()):
    with Client(port) as client:
        return client.request("POST", path, json.dumps(body).encode() if not isinstance(body, bytes) else body,
                              [("authorization", f"Bearer {CLIENT_KEY}"), *headers])


class EndpointsTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        known = [{"id": "m", "context": 1000, "max_output": 100, "input_modalities": ["text", "image"],
                  "price": {"input": 1, "output": 2}}, {"id": "ghost", "hidden": True}]
        settings = config(
            [provider(cls.upstream, models=known), provider(cls.upstream, "claude", dialect="anthropic"),
             provider(cls.upstream, "google", dialect="gemini"), provider(cls.upstream, "llama", dialect="ollama"),
             {"id": "demo", "type": "demo"}],
            keys=[{"name": "ci", "key": CLIENT_KEY}, {"name": "few", "key": OTHER_KEY, "allowed_models": ["demo/*"]}],
            aliases={"fast": "up/m"})
        settings["listeners"][0]["routes"] = routes() + [{**routes()[0], "match": {"prefix": "/v1beta"}}]
        cls.gateway = cls.serve(settings)

    def setUp(self):
        self.upstream.script = lambda call: call.respond(200, answer())
        self.upstream.calls.clear()

    def get(self, path, key=CLIENT_KEY, **headers):
        return get(self.gateway.port, path, [("authorization", f"Bearer {key}")] +
                   [(name.replace("_", "-"), value) for name, value in headers.items()])

    def post(self, path, body, **headers):
        return post(self.gateway.port, path, body, [(name.replace("_", "-"), value) for name, value in headers.items()])

    def test_each_listing_names_the_same_models_in_its_vendors_shape(self):
        built_in = ["auto", *(f"auto/{word}" for word in (
            "fast", "cheap", "offline", "smart", "lkgp", "chaos", "coding", "reasoning", "vision", "chat",
            "multimodal"))]
        wanted = ["up/m", "demo/echo", "demo/lorem", "fast", *built_in]
        for path in ("/v1/models", "/v1", "/models", "/api/v1/models"):
            self.assertEqual([model["id"] for model in self.get(path).json["data"]], wanted, path)
        first = self.get("/v1/models").json["data"][0]
        self.assertEqual((first["context_length"], first["input_modalities"], first["pricing"]["output"]),
                         (1000, ["text", "image"], 2))
        claude = self.get("/v1/models", anthropic_version="2023-06-01").json
        self.assertEqual([model["id"] for model in claude["data"]], wanted)
        self.assertFalse(claude["has_more"])
        gemini = self.get("/v1beta/models").json["models"]
        self.assertEqual([model["name"] for model in gemini], [f"models/{name}" for name in wanted])
        self.assertEqual([model["name"] for model in self.get("/api/tags").json["models"]], wanted)
        self.assertEqual([model["id"] for model in self.get("/v1/models", key=OTHER_KEY).json["data"]],
                         ["demo/echo", "demo/lorem"])
        self.assertEqual([model["id"] for model in self.get("/v1/providers/up/models").json["data"]], ["up/m"])
        self.assertEqual(self.get("/v1/providers/nobody/models").status, 400)

    def test_one_model_is_shown_and_an_unknown_one_is_404_in_the_callers_dialect(self):
        self.assertEqual(self.get("/v1/models/fast").json, self.get("/v1/models").json["data"][3])
        self.assertEqual(self.get("/v1/models/up/ghost").json["id"], "up/ghost")
        self.assertEqual(self.get("/v1beta/models/up%2Fm").json["inputTokenLimit"], 1000)
        self.assertEqual(self.post("/api/show", {"model": "fast"}).json["capabilities"], ["completion", "tools", "vision"])
        self.assertEqual(self.get("/v1/models/nope").json["error"]["code"], "model_not_found")
        missing = self.get("/v1/models/nope", anthropic_version="2023-06-01")
        self.assertEqual((missing.status, missing.json["error"]["type"]), (404, "not_found_error"))
        self.assertEqual(self.get("/v1beta/models/nope").json["error"]["status"], "NOT_FOUND")
        shown = self.post("/api/show", {"name": "nope"})
        self.assertEqual((shown.status, list(shown.json)), (404, ["error"]))
        self.assertEqual(self.post("/api/show", b"{").status, 400)
        self.assertEqual(self.post("/api/show", b"").status, 400)
        self.assertEqual(self.get("/v1/models/up/m", key=OTHER_KEY).status, 404)

    def test_what_is_not_offered_says_what_is(self):
        batches = self.post("/v1/messages/batches", {"requests": []})
        self.assertEqual((batches.status, batches.json["type"]), (404, "error"))
        self.assertIn("POST /v1/messages", batches.json["error"]["message"])
        self.assertEqual(self.get("/v1/messages/batches/b1/results").status, 404)

    def test_the_session_is_told_and_listed(self):
        ask = {"model": "up/m", "messages": MESSAGES}
        named = self.post("/v1/chat/completions", ask, x_session_id=" build 42 ")
        self.assertEqual(named.headers["x-omniroute-session-id"], "ext:build_42")
        first = self.post("/v1/chat/completions", ask).headers["x-omniroute-session-id"]
        self.assertRegex(first, "^[0-9a-f]{16}$")
        longer = {**ask, "messages": MESSAGES + [{"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]}
        self.assertEqual(self.post("/v1/chat/completions", longer).headers["x-omniroute-session-id"], first)
        self.assertNotIn("x-omniroute-session-id", self.get("/v1/models").headers)
        listed = get(self.gateway.port, "/api/sessions").json
        by_id = {session["sessionId"]: session for session in listed["sessions"]}
        self.assertEqual(listed["count"], len(by_id))
        self.assertGreaterEqual(by_id[first]["requestCount"], 2)
        self.assertEqual(by_id[first]["connectionId"], "up/main")
        self.assertIn("ext:build_42", by_id)

    def test_the_description_of_all_paths_is_served(self):
        document = get(self.gateway.port, "/openapi.json")
        self.assertEqual(document.headers["content-type"], "application/json")
        self.assertIn("/v1/chat/completions", document.json["paths"])

    def test_a_pinned_provider_serves_its_own_models_and_no_others(self):
        for model in ("m", "up/m"):
            self.assertEqual(self.post("/v1/providers/up/chat/completions", {"model": model, "messages": MESSAGES}).status, 200)
            self.assertEqual(self.upstream.calls[-1].json["model"], "m")
        refused = self.post("/v1/providers/up/chat/completions", {"model": "claude/x", "messages": MESSAGES})
        self.assert_error(refused, 400, contains='Expected prefix: up/')
        self.assert_error(self.post("/v1/providers/nope/chat/completions", {"model": "m", "messages": []}), 400,
                          contains="Unknown provider: nope")
        self.upstream.script = lambda call: call.respond(200, {
            "id": "m1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 1, "output_tokens": 1}})
        said = self.post("/v1/providers/claude/messages", {"model": "m", "max_tokens": 5, "messages": MESSAGES})
        self.assertEqual(said.json["content"][0]["text"], "hi")

    def test_x_route_model_stands_for_the_bodys_model(self):
        self.post("/v1/chat/completions", {"model": "nope", "messages": MESSAGES}, x_route_model="fast")
        self.assertEqual(self.upstream.calls[-1].body, b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}')
        self.post("/v1/chat/completions", {"messages": MESSAGES}, x_route_model="fast")
        self.assertEqual(self.upstream.calls[-1].json["model"], "m")

    def test_text_completions_are_answered_by_a_chat(self):
        said = self.post("/v1/completions", {"model": "up/m", "prompt": "Say four", "max_tokens": 5})
        self.assertEqual(self.upstream.calls[-1].path, "/v1/chat/completions")
        self.assertEqual(self.upstream.calls[-1].json, {"model": "m", "max_tokens": 5,
                                                        "messages": [{"role": "user", "content": "Say four"}]})
        self.assertEqual((said.json["object"], said.json["choices"][0]["text"]), ("text_completion", "four"))
        self.upstream.script = lambda call: call.stream(ROLE, text("fo"), text("ur"), STOP, DONE)
        streamed = self.post("/v1/completions", {"model": "up/m", "prompt": "Say four", "stream": True})
        pieces = [json.loads(data) for data in events(streamed.body) if data != "[DONE]"]
        self.assertEqual("".join(piece["choices"][0]["text"] for piece in pieces), "four")
        self.assertEqual(pieces[-1]["choices"][0]["finish_reason"], "stop")
        self.assertTrue(streamed.body.endswith(b"data: [DONE]\n\n"))
        self.assert_error(self.post("/v1/completions", {"model": "up/m", "prompt": "a", "suffix": "b"}), 400, contains="suffix")
        self.upstream.script = lambda call: call.stream(ROLE, text("fo"))
        broken = self.post("/v1/completions", {"model": "up/m", "prompt": "Say four", "stream": True})
        self.assertNotIn(b"[DONE]", broken.body)
        self.assertIn(b'"error"', broken.body)

    def test_generate_is_answered_by_a_chat_or_by_ollamas_own_endpoint(self):
        said = self.post("/api/generate", {"model": "up/m", "prompt": "Say four", "stream": False}).json
        self.assertEqual((said["response"], said["done"], said["done_reason"]), ("four", True, "stop"))
        self.upstream.script = lambda call: call.stream(ROLE, text("fo"), text("ur"), STOP, DONE)
        lines = [json.loads(line) for line in self.post("/api/generate", {"model": "up/m", "prompt": "x"}).body.splitlines()]
        self.assertEqual("".join(line["response"] for line in lines), "four")
        self.assertEqual([line["done"] for line in lines][-2:], [False, True])
        raw = b'{"model":"llama/l3", "prompt":"x","raw":true,"context":[1,2]}'
        native = b'{"model":"l3","created_at":"2026-01-01T00:00:00Z","response":"hi","done":false}\n' \
                 b'{"model":"l3","created_at":"2026-01-01T00:00:00Z","response":"","done":true,"context":[3],"eval_count":1}\n'
        self.upstream.script = lambda call: call.respond(200, native, content_type="application/x-ndjson")
        passed = self.post("/api/generate", raw)
        self.assertEqual(self.upstream.calls[-1].path, "/v1/api/generate")
        self.assertEqual(self.upstream.calls[-1].body, raw.replace(b"llama/l3", b"l3"))
        self.assertEqual(passed.body, native)
        self.upstream.script = lambda call: call.respond(200, native.splitlines(True)[0], content_type="application/x-ndjson")
        self.assertIn(b'"error"', self.post("/api/generate", raw).body)

    def test_tokens_are_counted_by_the_provider_where_it_can(self):
        ask = {"model": "claude/c", "messages": MESSAGES, "system": "s"}
        before = self.gateway.metric("omniroute_input_tokens_total")
        self.upstream.script = lambda call: call.respond(200, b'{"input_tokens": 12 }')
        counted = self.post("/v1/messages/count_tokens", ask)
        self.assertEqual(self.upstream.calls[-1].path, "/v1/messages/count_tokens")
        self.assertEqual(self.upstream.calls[-1].json, {**ask, "model": "c"})
        self.assertEqual(counted.body, b'{"input_tokens": 12 }')
        # Nothing of it streams, whatever the client says.
        again = self.post("/v1/messages/count_tokens", {**ask, "stream": True}, accept="text/event-stream",
                          x_omniroute_progress="true")
        self.assertEqual((again.body, again.headers["content-type"]), (b'{"input_tokens": 12 }', "application/json"))
        self.assertEqual(self.upstream.calls[-1].headers["accept"], "application/json")
        gemini = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
        self.assertEqual(self.post("/v1beta/models/claude/c:countTokens", gemini).json, {"totalTokens": 12})
        self.upstream.script = lambda call: call.respond(200, {"totalTokens": 7})
        self.assertEqual(self.post("/v1/messages/count_tokens", {**ask, "model": "google/g"}).json, {"input_tokens": 7})
        call = self.upstream.calls[-1]
        self.assertEqual((call.path, call.json["generateContentRequest"]["model"]),
                         ("/v1/models/g:countTokens", "models/g"))
        whole = {"generateContentRequest": {"model": "models/google/g", **gemini}}
        self.post("/v1beta/models/google/g:countTokens", whole)
        self.assertEqual(self.upstream.calls[-1].json["generateContentRequest"]["model"], "models/g")
        self.assertEqual(self.gateway.metric("omniroute_input_tokens_total"), before, "nothing was used")

    def test_tokens_are_estimated_and_labelled_where_it_cannot(self):
        ask = {"model": "up/m", "messages": [{"role": "user", "content": "x" * 400}]}
        counted = self.post("/v1/messages/count_tokens", ask)
        self.assertEqual(counted.json, {"input_tokens": 104, "estimated": True})
        self.assertEqual(counted.headers["x-omniroute-estimated"], "true")
        self.assertEqual(self.upstream.calls, [])
        self.assertEqual(self.post("/v1/responses/input_tokens", {"model": "demo/echo", "input": "hi"}).json["object"],
                         "response.input_tokens")
        # A server that speaks the dialect without this endpoint.
        self.upstream.script = lambda call: call.respond(404, {"error": {"message": "no such path"}})
        self.assertTrue(self.post("/v1/messages/count_tokens", {**ask, "model": "claude/c"}).json["estimated"])
        self.upstream.script = lambda call: call.respond(404, {"error": {"message": "model: c"}})
        self.assertEqual(self.post("/v1/messages/count_tokens", {**ask, "model": "claude/c"}).status, 404)
        self.assertEqual(self.post("/v1/messages/count_tokens", {"model": "up/m", "messages": 7}).json["error"]["type"],
                         "invalid_request_error")


if __name__ == "__main__":
    harness.main()
