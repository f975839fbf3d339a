"""Embeddings between every two vendors that have them, and the models that Ollama servers have in memory."""
import base64
import json
import struct
import time

import harness
from client import Client, get
from harness import CLIENT_KEY, PROVIDER_KEY, GatewayTest, config, provider, routes, wait_until
from upstream import Upstream

FEW_KEY = "sk-omni-few-0123456789"
# A number that no double gives back as it was written.
EXACT = b"0.10000000149011612345678901234567890"
ONE, TWO = b"[" + EXACT + b", -1e-3]", b"[2,0.5]"
ANSWERS = {
    "/v1/embeddings": b'{"object":"list","data":[{"object":"embedding","index":1,"embedding":%s},'
                      b'{"object":"embedding","index":0,"embedding":%s}],"model":"m",'
                      b'"usage":{"prompt_tokens":6,"total_tokens":6}}' % (TWO, ONE),
    "/v1/api/embed": b'{"model":"l","embeddings":[%s,%s],"total_duration":9,"load_duration":1,"prompt_eval_count":6}' % (ONE, TWO),
    "/v1/api/embeddings": b'{"embedding":%s}' % ONE,
    "/v1/models/g:embedContent": b'{"embedding":{"values":%s},"usageMetadata":{"promptTokenCount":6}}' % ONE,
    "/v1/models/g:batchEmbedContents": b'{"embeddings":[{"values":%s},{"values":%s}],"usageMetadata":{"promptTokenCount":6}}' % (ONE, TWO),
}
BATCH = {"requests": [{"model": "models/google/g", "content": {"parts": [{"text": "a"}]}},
                      {"model": "models/google/g", "content": {"parts": [{"text": "b"}]}}]}


def embed(call):
    call.respond(200, ANSWERS[call.path])


class EmbedTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream(embed)
        cls.addClassCleanup(cls.upstream.close)
        priced = [{"id": "m", "price": {"input": 1000000, "output": 7}}]
        settings = config(
            [provider(cls.upstream, models=priced), provider(cls.upstream, "answers", dialect="openai-responses"),
             provider(cls.upstream, "claude", dialect="anthropic"), provider(cls.upstream, "google", dialect="gemini"),
             provider(cls.upstream, "llama", dialect="ollama"), {"id": "demo", "type": "demo"}],
            keys=[{"name": "ci", "key": CLIENT_KEY}, {"name": "few", "key": FEW_KEY, "allowed_models": ["demo/*"]}],
            aliases={"near": "up/m"})
        settings["listeners"][0]["routes"] = routes() + [{**routes()[0], "match": {"prefix": "/v1beta"}}]
        cls.gateway = cls.serve(settings)

    def setUp(self):
        self.upstream.script = embed
        self.upstream.calls.clear()

    def post(self, path, body, key=CLIENT_KEY, **headers):
        with Client(self.gateway.port) as client:
            return client.request("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(),
                                  [("authorization", f"Bearer {key}")] +
                                  [(name.replace("_", "-"), value) for name, value in headers.items()])

    @property
    def asked(self):
        return self.upstream.calls[-1]

    def test_in_one_dialect_only_the_model_changes(self):
        cases = [
            ("/v1/embeddings", b'{"input" : [[1,2],[3]],"model":"up/m","encoding_format":"base64","x":1.50}', b'"up/m"', b'"m"'),
            ("/v1/embeddings", b'{"model":"answers/m","input":"a","stream":true,"n":0,"streaming":false}', b'"answers/m"', b'"m"'),
            ("/v1/providers/up/embeddings", b'{"model":"m","input":"a"}', b'"m"', b'"m"'),
            ("/api/embed", b'{"model":"llama/l","input":["a","b"],"truncate":true,"options":{"num_ctx":9},"keep_alive":"5m"}', b'"llama/l"', b'"l"'),
            ("/v1/api/embed", b'{"model":"llama/l","input":""}', b'"llama/l"', b'"l"'),
            ("/api/embeddings", b'{"model":"llama/l","prompt":"a"}', b'"llama/l"', b'"l"'),
            ("/v1beta/models/google/g:embedContent", b'{ "model":"models/google/g","content":{"parts":[{"inlineData":{}}]}}', b"google/g", b"g"),
            ("/v1/models/google/g:embedContent", b'{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}', b"-", b"-"),
            ("/v1beta/models/google/g:batchEmbedContents", json.dumps(BATCH).encode(), b"models/google/g", b"models/g"),
        ]
        for path, body, old, new in cases:
            said = self.post(path, body)
            self.assertEqual(said.status, 200, (path, said.body))
            self.assertEqual(self.asked.body, body.replace(old, new), path)
            self.assertEqual(said.body, ANSWERS[self.asked.path], path)
            self.assertEqual(self.asked.headers["authorization"], f"Bearer {PROVIDER_KEY}")
            self.assertNotIn("x-omniroute-dropped", said.headers)

    def test_every_client_gets_the_very_numbers_of_every_provider(self):
        texts = {"up/m": lambda body: (body["model"], body["input"]),
                 "answers/m": lambda body: (body["model"], body["input"]),
                 "llama/l": lambda body: (body["model"], body["input"]),
                 "google/g": lambda body: (body["requests"][0]["model"][7:], [one["content"]["parts"][0]["text"] for one in body["requests"]])}
        for model, read in texts.items():
            said = self.post("/v1/embeddings", {"model": model, "input": ["a", "b"], "dimensions": 2})
            self.assertEqual(said.status, 200, said.body)
            if model[:2] in ("ll", "go"):
                self.assertEqual(read(self.asked.json), (model.split("/")[1], ["a", "b"]))
                self.assertEqual(said.body,
                                 b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":%s},'
                                 b'{"object":"embedding","index":1,"embedding":%s}],"model":"%s",'
                                 b'"usage":{"prompt_tokens":6,"total_tokens":6}}' % (ONE, TWO, model.encode()))
            said = self.post("/api/embed", {"model": model, "input": ["a", "b"]})
            self.assertIn(b'"embeddings":[%s,%s]' % (ONE, TWO), said.body)
            self.assertEqual(said.json["prompt_eval_count"], 6)
            said = self.post(f"/v1beta/models/{model}:batchEmbedContents", BATCH)
            self.assertIn(b'"embeddings":[{"values":%s},{"values":%s}]' % (ONE, TWO), said.body)
            self.assertEqual(said.json["usageMetadata"], {"promptTokenCount": 6})
        self.assertEqual(self.post("/v1/embeddings", {"model": "llama/l", "input": ["a", "b"], "dimensions": 2}).status, 200)
        self.assertEqual(self.asked.json, {"model": "l", "input": ["a", "b"], "dimensions": 2, "truncate": False})

    def test_one_text_of_the_older_and_the_single_endpoints(self):
        self.upstream.script = lambda call: call.respond(200, {"data": [{"index": 0, "embedding": [1]}]})
        self.assertEqual(self.post("/api/embeddings", {"model": "up/m", "prompt": "a"}).json, {"embedding": [1]})
        self.assertEqual(self.asked.json, {"model": "m", "input": ["a"]})
        said = self.post("/v1beta/models/up/m:embedContent", {
            "content": {"parts": [{"text": "a"}, {"text": "b"}]}, "taskType": "CLUSTERING", "title": "t", "outputDimensionality": 1})
        self.assertEqual(said.json, {"embedding": {"values": [1]}})
        self.assertEqual(said.headers["x-omniroute-dropped"], "taskType, title")
        self.assertEqual(self.asked.json, {"model": "m", "input": ["a\nb"], "dimensions": 1})

    def test_base64_is_made_where_the_provider_has_none(self):
        said = self.post("/v1/embeddings", {"model": "google/g", "input": ["a", "b"], "encoding_format": "base64"})
        vectors = [base64.b64decode(one["embedding"]) for one in said.json["data"]]
        self.assertEqual(vectors, [struct.pack("<2f", 0.1, -0.001), struct.pack("<2f", 2, 0.5)])

    def test_what_cannot_be_told_is_refused_by_the_clients_own_name(self):
        for model in ("llama/l", "google/g"):
            self.assert_error(self.post("/v1/embeddings", {"model": model, "input": [1, 2]}), 400, "unsupported_value", "input")
        self.assert_error(self.post("/v1/embeddings", {"model": "llama/l", "input": ["a", {}]}), 400, "bad_request", "input[1]")
        refused = self.post("/api/embed", {"model": "up/m", "input": 7})
        self.assertEqual((refused.status, refused.json["error"]), (400, "input: must be a string or an array of them"))
        refused = self.post("/v1beta/models/up/m:batchEmbedContents", {"requests": [{"content": {"parts": [{"inlineData": {}}]}}]})
        self.assertEqual((refused.status, refused.json["error"]["status"]), (400, "INVALID_ARGUMENT"))
        self.assertIn("requests[0].content.parts[0].inlineData", refused.json["error"]["message"])
        for model in ("claude/c", "demo/echo"):
            self.assert_error(self.post("/v1/embeddings", {"model": model, "input": "a"}), 400, "no_embeddings", model.split("/")[0])
            self.assertIn("has no embeddings", self.post("/api/embed", {"model": model, "input": "a"}).json["error"])
        self.assertEqual(self.upstream.calls, [])

    def test_names_and_keys_are_those_of_chats(self):
        self.assertEqual(self.post("/v1/embeddings", {"model": "near", "input": "a"}).status, 200)
        self.assertEqual(self.asked.json["model"], "m")
        self.assertEqual(self.post("/v1/embeddings", {"input": "a"}, x_route_model="near").status, 200)
        self.assertEqual(self.asked.json["model"], "m")
        self.upstream.calls.clear()
        self.assert_error(self.post("/v1/embeddings", {"input": "a"}), 400, "bad_request", "Missing model")
        self.assert_error(self.post("/v1/embeddings", {"model": "neat", "input": "a"}), 400, "model_not_found", "near")
        self.assert_error(self.post("/v1/embeddings", {"model": "up/m", "input": "a"}, key=FEW_KEY), 403, "model_not_allowed")
        self.assert_error(self.post("/v1/providers/up/embeddings", {"model": "llama/l", "input": "a"}), 400, contains="Expected prefix: up/")
        self.assertEqual(list(self.post("/api/embed", {"model": "up/m", "input": "a"}, key=FEW_KEY).json), ["error"])
        self.assert_error(self.post("/v1/embeddings", b"{"), 400, "bad_request", "JSON")
        self.assertEqual(self.upstream.calls, [])

    def test_use_is_recorded_as_it_is_of_chats(self):
        recorded = self.gateway.metric("omniroute_usage_records")
        before = self.gateway.metric("omniroute_input_tokens_total")
        line = self.gateway.access_of(self.post("/v1/embeddings", {"model": "up/m", "input": ["a", "b"]}))
        self.assertEqual((line["input_tokens"], line["provider"], line["target"]), (6, "up", "m"), line)
        self.assertFalse(line.get("estimated"))
        self.assertEqual(self.gateway.metric("omniroute_input_tokens_total"), before + 6)
        line = self.gateway.access_of(self.post("/api/embeddings", {"model": "llama/l", "prompt": "x" * 400}))
        self.assertTrue(line["estimated"])
        self.assertGreater(line["input_tokens"], 100)
        wait_until(lambda: self.gateway.metric("omniroute_usage_records") >= recorded + 2, what="two records")

    def test_a_provider_that_cannot_says_so_in_the_clients_words(self):
        for status in (404, 501):
            self.upstream.script = lambda call, status=status: call.respond(status, {"error": f"no embeddings for {PROVIDER_KEY}"})
            refused = self.post("/v1/embeddings", {"model": "llama/l", "input": "a"})
            self.assert_error(refused, status, contains="no embeddings for ***")
        self.upstream.script = lambda call: call.respond(404, {"error": {"message": "no such path"}})
        self.assertEqual(self.post("/api/embed", {"model": "up/m", "input": "a"}).json["error"], "[404]: no such path")
        for bad in (b"{}", b"[]", b'{"data":{}}', b'{"data":[{"embedding":[1]}]}', b'{"data":[{"embedding":[1]},{"index":0,"embedding":[1]}]}',
                    b'{"data":[{"embedding":[1,"x"]},{"embedding":[1]}]}', b'{"data":[{"embedding":[]},{"embedding":[1]}]}'):
            self.upstream.script = lambda call, bad=bad: call.respond(200, bad)
            refused = self.post("/api/embed", {"model": "up/m", "input": ["a", "b"]})
            self.assertEqual((refused.status, list(refused.json)), (502, ["error"]), bad)

    def test_large_answers_are_told_up_to_a_limit_and_passed_beyond_it(self):
        def script(size):
            return lambda call: call.respond(200, b'{"data":[{"index":0,"embedding":[' + b"0.125," * (size // 6) + b"1]}]}")
        self.upstream.script = script(3 << 20)
        said = self.post("/api/embed", {"model": "up/m", "input": "a"})
        self.assertEqual((said.status, len(said.json["embeddings"][0])), (200, (3 << 20) // 6 + 1))
        self.upstream.script = script(40 << 20)
        self.assertEqual(self.post("/api/embed", {"model": "up/m", "input": "a"}).status, 502)
        passed = self.post("/v1/embeddings", {"model": "up/m", "input": "a"})
        self.assertEqual(passed.status, 200)
        self.assertGreater(len(passed.body), 40 << 20 - 1)
        self.assertTrue(passed.complete)


def loaded(*names):
    return {"models": [{"name": name, "model": name, "size": 1.50, "digest": "d", "details": {"family": "f"},
                        "expires_at": "2026-01-01T00:00:00Z", "size_vram": 1, "context_length": 4096} for name in names]}


class RunningTest(GatewayTest):
    def setUp(self):
        self.upstreams = [Upstream() for _ in range(3)]
        for upstream in self.upstreams:
            self.addCleanup(upstream.close)
        one, two, three = self.upstreams
        one.script = lambda call: call.respond(200, loaded("llama3:latest", "secret"))
        two.script = lambda call: call.respond(200, loaded("nomic:v1"))
        three.script = lambda call: call.respond(200, loaded("never"))
        hidden = [{"id": "secret", "hidden": True}]
        settings = config(
            [provider(one, "a", dialect="ollama", models=hidden), provider(two, "b", dialect="ollama"),
             provider(three, "c")],
            keys=[{"name": "ci", "key": CLIENT_KEY}, {"name": "few", "key": FEW_KEY, "allowed_models": ["b/*"]}],
            settings={"require_api_key": True})
        self.gateway = self.run_gateway(settings)

    def ps(self, key=CLIENT_KEY, path="/api/ps", **options):
        return get(self.gateway.port, path, [("authorization", f"Bearer {key}")], **options)

    def names(self, response):
        self.assertEqual(response.status, 200, response.body)
        return [model["name"] for model in response.json["models"]]

    def test_the_models_of_all_ollama_servers_are_told_by_their_names_here(self):
        for path in ("/api/ps", "/v1/api/ps", "/api/v1/api/ps"):
            self.assertEqual(self.names(self.ps(path=path)), ["a/llama3:latest", "b/nomic:v1"])
        first = self.ps().json["models"][0]
        self.assertEqual(first["model"], "a/llama3:latest")
        self.assertEqual({key: first[key] for key in ("size", "digest", "size_vram", "context_length")},
                         {"size": 1.5, "digest": "d", "size_vram": 1, "context_length": 4096})
        self.assertEqual(self.names(self.ps(key=FEW_KEY)), ["b/nomic:v1"])
        call = self.upstreams[0].calls[-1]
        self.assertEqual((call.method, call.path, call.headers["authorization"], call.body),
                         ("GET", "/v1/api/ps", f"Bearer {PROVIDER_KEY}", b""))
        self.assertEqual(self.upstreams[2].calls, [])
        self.assertEqual(self.ps(method="HEAD").status, 200)
        self.assertEqual(self.ps(method="POST").status, 405)
        self.assertEqual(get(self.gateway.port, "/api/ps").status, 401)
        self.assert_well(self.gateway)

    def test_a_server_that_does_not_answer_is_left_out(self):
        one = self.upstreams[0]
        for script in (lambda call: call.respond(500, {"error": "x"}), lambda call: call.respond(200, b"no JSON"),
                       lambda call: call.respond(200, {"models": [7]}), lambda call: call.reset(),
                       lambda call: call.respond(200, b'{"models":[' + b" " * (2 << 20) + b"]}")):
            one.script = script
            self.assertEqual(self.names(self.ps()), ["b/nomic:v1"])
        # One that says nothing, and one that dribbles.
        for script in (lambda call: time.sleep(20), lambda call: [(call.chunk(b" "), time.sleep(0.2)) for _ in [call.begin_stream()] * 50]):
            one.script = script
            before = time.monotonic()
            response = self.ps(timeout=15)
            self.assertEqual(self.names(response), ["b/nomic:v1"])
            self.assertLess(time.monotonic() - before, 5 * harness.SLOW)
            reasons = [attempt.get("reason") for attempt in self.gateway.access_of(response)["attempts"]]
            self.assertEqual(sorted(reasons, key=str), [None, "upstream_timeout"])

    def test_a_client_that_leaves_ends_the_questions(self):
        left = []
        self.upstreams[0].script = lambda call: left.append(call.wait_left(10))
        with Client(self.gateway.port) as client:
            client.send_request("GET", "/api/ps", headers=[("authorization", f"Bearer {CLIENT_KEY}")])
            wait_until(lambda: self.upstreams[0].calls, what="the question")
        wait_until(lambda: left, what="the end of it")
        self.assertTrue(left[0])
        self.assert_well(self.gateway)

    def test_without_a_server_there_is_an_empty_list(self):
        gateway = self.run_gateway(config([{"id": "demo", "type": "demo"}]))
        self.assertEqual(get(gateway.port, "/api/ps").json, {"models": []})


if __name__ == "__main__":
    harness.main()
