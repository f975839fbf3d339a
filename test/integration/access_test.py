"""Who may ask, what names mean, which paths exist, and what a refusal looks like."""
import json

import harness
from client import Client, chat, get, hello
from harness import CLIENT_KEY, PROVIDER_KEY, GatewayTest, config, provider
from upstream import Upstream, answer

LIMITED_KEY = "sk-canary-limited-0011223344"
OLD_KEY = "sk-canary-expired-0011223344"


def bearer(key):
    return [("authorization", f"Bearer {key}")]


class NamesTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config(
            [provider(cls.upstream, alias="u"),
             provider(cls.upstream, "closed", only_models=True, models=[{"id": "small", "context": 8000}, {"id": "large"}])],
            aliases={"fast": "closed/small", "gpt-4*": "fast", "again": "fast"}))

    def model_sent(self, model):
        response = chat(self.gateway.port, hello(model))
        self.assertEqual(response.status, 200, response.body)
        return self.upstream.calls[-1].json["model"]

    def test_a_prefix_an_alias_and_a_pattern_lead_to_their_model(self):
        for asked, sent in [("up/x", "x"), ("u/x", "x"), ("up/a/b/c", "a/b/c"), ("fast", "small"),
                            ("again", "small"), ("gpt-4o-mini", "small"), ("closed/large", "large")]:
            with self.subTest(asked):
                self.assertEqual(self.model_sent(asked), sent)

    def test_a_name_that_leads_nowhere_is_400_with_suggestions(self):
        for asked, suggestion in [("fsat", "fast"), ("nowhere/small", ""), ("claude-nine", "")]:
            with self.subTest(asked):
                response = chat(self.gateway.port, hello(asked))
                self.assert_error(response, 400, "model_not_found", suggestion)
                self.assertEqual(response.error["type"], "invalid_request_error")

    def test_a_closed_list_answers_404(self):
        self.assert_error(chat(self.gateway.port, hello("closed/smal")), 404, "model_not_found", "small")

    def test_the_list_of_models_names_what_can_be_asked_for(self):
        page = get(self.gateway.port, "/v1/models").json
        self.assertEqual(page["object"], "list")
        entries = {entry["id"]: entry for entry in page["data"]}
        self.assertLessEqual({"closed/small", "closed/large", "fast", "again"}, set(entries))
        self.assertEqual(entries["closed/small"]["context_length"], 8000)
        self.assertEqual(entries["closed/small"]["object"], "model")
        self.assertEqual(get(self.gateway.port, "/v1").json, page)
        self.assertEqual(get(self.gateway.port, "/api/v1/models").json, page)

    def test_one_model_can_be_looked_up(self):
        for name in ("closed/small", "closed%2Fsmall", "fast"):
            with self.subTest(name):
                response = get(self.gateway.port, f"/v1/models/{name}")
                self.assertEqual(response.status, 200, response.body)
                self.assertEqual(response.json["id"], name.replace("%2F", "/"))
        self.assert_error(get(self.gateway.port, "/v1/models/nothing"), 404, "model_not_found")


class KeysTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        settings = config(
            [provider(cls.upstream), provider(cls.upstream, "other", only_models=True, models=[{"id": "m"}])],
            keys=[{"name": "ci", "key": CLIENT_KEY},
                  {"name": "limited", "key": LIMITED_KEY, "allowed_models": ["up/*", "cheap"]}],
            aliases={"cheap": "other/m"})
        cls.open = cls.serve(settings)
        settings["settings"] = {"require_api_key": True}
        cls.gateway = cls.serve(settings)

    def test_every_carrier_of_a_key_is_taken(self):
        for headers in [bearer(CLIENT_KEY), [("Authorization", f"bearer  {CLIENT_KEY} ")],
                        [("x-api-key", CLIENT_KEY)], [("x-goog-api-key", CLIENT_KEY)]]:
            with self.subTest(headers):
                self.assertEqual(chat(self.gateway.port, hello("up/m"), headers).status, 200)
        for name in ("token", "apiKey", "api_key", "key"):
            with self.subTest(name), Client(self.gateway.port) as client:
                response = client.request("POST", f"/v1/chat/completions?a=b&{name}={CLIENT_KEY}", hello("up/m"))
                self.assertEqual(response.status, 200)
        self.assertNotIn("canary", self.gateway.log)

    def test_a_missing_or_wrong_key_is_401(self):
        calls = len(self.upstream.calls)
        for headers, words in [([], "Missing API key"), (bearer("sk-wrong"), "Invalid API key"),
                               (bearer(CLIENT_KEY + "x"), "Invalid API key"),
                               ([("x-api-key", CLIENT_KEY[:-1])], "Invalid API key")]:
            with self.subTest(headers):
                response = chat(self.gateway.port, hello("up/m"), headers)
                self.assert_error(response, 401, "invalid_api_key", words)
                self.assertEqual(response.error["type"], "authentication_error")
        self.assertEqual(len(self.upstream.calls), calls)

    def test_listings_need_the_key_too(self):
        self.assertEqual(get(self.gateway.port, "/v1/models").status, 401)
        self.assertEqual(get(self.gateway.port, "/v1/models/up/m").status, 401)
        self.assertEqual(get(self.gateway.port, "/v1/models", bearer(CLIENT_KEY)).status, 200)
        for path in ("/healthz", "/readyz"):
            self.assertEqual(get(self.gateway.port, path).status, 200)

    def test_a_key_reaches_its_models_only(self):
        self.assertEqual(chat(self.gateway.port, hello("up/m"), bearer(LIMITED_KEY)).status, 200)
        self.assertEqual(chat(self.gateway.port, hello("cheap"), bearer(LIMITED_KEY)).status, 200)
        response = chat(self.gateway.port, hello("other/m"), bearer(LIMITED_KEY))
        self.assert_error(response, 403, None, 'Model "other/m" is not allowed for this API key')

    def test_a_key_sees_its_models_only(self):
        page = get(self.gateway.port, "/v1/models", bearer(LIMITED_KEY)).json
        self.assertNotIn("other/m", [entry["id"] for entry in page["data"]])
        self.assertIn("cheap", [entry["id"] for entry in page["data"]])
        self.assertEqual(get(self.gateway.port, "/v1/models/other/m", bearer(LIMITED_KEY)).status, 404)

    def test_where_keys_are_optional_an_unknown_one_is_anonymous(self):
        response = chat(self.open.port, hello("up/m"), bearer("sk-whatever"))
        self.assertEqual(response.status, 200)
        self.assertNotIn("key", self.open.access_of(response))
        self.assertEqual(chat(self.open.port, hello("other/m"), bearer(LIMITED_KEY)).status, 403)

    def test_the_environment_can_make_keys_mandatory(self):
        gateway = self.run_gateway(config([provider(self.upstream)]), environment={"REQUIRE_API_KEY": "true"})
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 401)


class ValidationTest(GatewayTest):
    """Data-plane 1.3, before anything is sent."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def test_wrong_bodies_are_refused_with_a_reason(self):
        cases = [(b"", "Invalid JSON body"), (b"hello", "Invalid JSON body"), (b"[1]", ""),
                 (b'{"model":"up/m"', "Invalid JSON body"), (b'{"model":"up/m"} x', "Invalid JSON body"),
                 (b"\xff\xfe", "Invalid JSON body"), (b'{"model":"up/m","a":' + b"[" * 100000, ""),
                 (b'{"model":"up/m\xff"}', ""),
                 (b'{"messages":[]}', "Missing model"), (b'{"model":""}', "Missing model"),
                 (b'{"model":["a"]}', "model: Expected string, received array"),
                 (b'{"model":{}}', "model: Expected string, received object"),
                 (b'{"model":5}', "model: Expected string, received number"),
                 (b'{"model":"up/a","model":"up/b"}', "twice"),
                 (b'{"model":"up/a","m\\u006fdel":"up/b"}', "twice"),
                 (b'{"model":"up/a","stream":true,"stream":false}', "twice"),
                 (b'{"model":"up/a","messages":[],"messages":[]}', "twice"),
                 (b'{"model":"up/m","temperature":"hot"}', "temperature: must be a number"),
                 (b'{"model":"up/m","temperature":2.01}', "temperature: must be between 0 and 2"),
                 (b'{"model":"up/m","temperature":-0.1}', "temperature: must be between 0 and 2"),
                 (b'{"model":"up/m","top_p":1.5}', "top_p: must be between 0 and 1"),
                 (b'{"model":"up/m","top_p":[]}', "top_p: must be a number"),
                 (b'{"model":"up/m","max_tokens":0}', "max_tokens: must be a positive integer"),
                 (b'{"model":"up/m","max_tokens":1.5}', "max_tokens: must be a positive integer"),
                 (b'{"model":"up/m","n":"1"}', "n: must be a positive integer"),
                 (b'{"model":"up/m","n":0}', "n: must be a positive integer")]
        for body, words in cases:
            with self.subTest(body[:60]):
                response = chat(self.gateway.port, body)
                self.assert_error(response, 400, None, words)
                self.assertEqual(response.error["type"], "invalid_request_error")
        self.assertEqual(self.upstream.calls, [])
        self.assert_well(self.gateway)


class PathsTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def ask(self, method, path, headers=()):
        return get(self.gateway.port, path, headers, method)

    def test_a_preflight_is_answered_without_a_key(self):
        response = self.ask("OPTIONS", "/v1/chat/completions", [
            ("origin", "https://app.example"), ("access-control-request-method", "POST")])
        self.assertEqual(response.status, 204)
        self.assertEqual(response.headers["access-control-allow-origin"], "*")
        self.assertEqual(response.headers["access-control-allow-methods"], "GET, POST, OPTIONS")
        self.assertEqual(response.headers["access-control-allow-headers"], "*")

    def test_the_wrong_method_names_the_right_one(self):
        for method, path, right in [("GET", "/v1/chat/completions", "POST"), ("DELETE", "/v1/models", "GET"),
                                    ("POST", "/healthz", "GET"), ("POST", "/metrics", "GET")]:
            with self.subTest(path):
                response = self.ask(method, path)
                self.assertEqual(response.status, 405, response.body)
                self.assertIn(right, response.headers["allow"])

    def test_paths_that_lead_nowhere_are_404(self):
        for path in ("/", "/v1/nothing", "/v2/models", "/v1x", "/v1/chat/completionsx", "/api/nothing"):
            with self.subTest(path):
                self.assertEqual(self.ask("GET", path).status, 404)

    def test_paths_that_hide_another_are_400(self):
        for path in ("/v1//models", "/v1/./models", "/v1/x/../models", "/v1/%6dodels", "/%76%31/models",
                     "/api/%63onfig/status", "/v1/%2e%2e/metrics", "/v1/%zz", "/v1/models/%00"):
            with self.subTest(path):
                self.assertEqual(self.ask("GET", path).status, 400)

    def test_head_is_get_without_a_body(self):
        for path in ("/healthz", "/v1/models", "/metrics"):
            with self.subTest(path), Client(self.gateway.port) as client:
                head = client.request("HEAD", path)
                self.assertEqual(head.status, 200)
                again = client.request("GET", path)
                self.assertEqual(again.status, 200)
                if path != "/metrics":
                    self.assertEqual(head.headers["content-length"], again.headers["content-length"])

    def test_management_is_not_for_strangers(self):
        self.assertEqual(self.ask("GET", "/api/config/status").status, 200)
        for headers in [[("origin", "https://evil.example")], [("host", "evil.example")],
                        [("x-forwarded-for", "127.0.0.1")], [("forwarded", "for=127.0.0.1")]]:
            with self.subTest(headers):
                self.assertEqual(self.ask("GET", "/api/config/status", headers).status, 403)

    def test_a_listener_can_do_without_management(self):
        gateway = self.run_gateway(config([provider(self.upstream)], {"management": False}))
        for path in ("/metrics", "/api/config/status", "/dashboard"):
            self.assertEqual(get(gateway.port, path).status, 404)
        for path in ("/healthz", "/readyz", "/v1/models"):
            self.assertEqual(get(gateway.port, path).status, 200)

    def test_a_password_guards_management(self):
        gateway = self.run_gateway(config([provider(self.upstream)], admin={"password": "canary-pass"}))
        self.assertEqual(get(gateway.port, "/api/config/status").status, 401)
        self.assertEqual(get(gateway.port, "/healthz").status, 200)
        self.assert_well(gateway)


class UpstreamErrorTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def ask(self, status, body, headers=(), content_type="application/json", **more):
        self.upstream.script = lambda call: call.respond(status, body, headers, content_type)
        return chat(self.gateway.port, hello("up/m", **more))

    def test_status_type_code_and_retry_after_stay(self):
        for status, kind, code in [(400, "invalid_request_error", "context_length_exceeded"),
                                   (401, "authentication_error", "invalid_api_key"),
                                   (403, "permission_error", "x"), (404, "invalid_request_error", "model_not_found"),
                                   (422, "weird_error", "odd"), (429, "tokens", "rate_limit_exceeded"),
                                   (500, "server_error", "e"), (503, "overloaded_error", "busy")]:
            for stream in (False, True):
                with self.subTest(status=status, stream=stream):
                    said = {"error": {"message": "Too much", "type": kind, "code": code, "param": "p"}}
                    self.gateway.forget_failures()
                    response = self.ask(status, said, [("retry-after", "7")], stream=stream)
                    self.assert_error(response, status, code, "Too much")
                    self.assertEqual((response.error["type"], response.error["param"]), (kind, "p"))
                    self.assertEqual(response.headers["retry-after"], "7")

    def test_secrets_in_an_error_are_masked(self):
        said = {"error": {"message": f"Incorrect API key provided: {PROVIDER_KEY}. Bearer abcdefghijklmnop"}}
        response = self.ask(401, said)
        self.assert_error(response, 401, None, "Incorrect API key provided")
        self.assertNotIn(PROVIDER_KEY, response.body.decode())
        self.assertNotIn("abcdefghijklmnop", response.body.decode())
        self.assert_well(self.gateway)

    def test_an_error_that_is_not_json_becomes_one_that_is(self):
        for body, kind in [(b"<html><h1>502</h1></html>", "text/html"), (b"upstream connect error", "text/plain"),
                           (b"", "text/plain"), (b"\xff\x00\x01" * 50, "application/octet-stream"),
                           (json.dumps({"detail": "nope"}).encode(), "application/json"), (b"[]", "application/json")]:
            with self.subTest(body[:20]):
                response = self.ask(502, body, content_type=kind)
                self.assert_error(response, 502)
                self.assertNotIn("html", response.body.decode())

    def test_a_redirect_is_not_followed(self):
        self.assert_error(self.ask(302, b"", [("location", "http://127.0.0.1:1/")]), 502)

    def test_a_success_that_is_none_is_502(self):
        for body in (b"<html>", b"", b"{}", b'{"error":{"message":"sorry"}}', b'{"choices":'):
            with self.subTest(body):
                self.assert_error(self.ask(200, body), 502)

    def test_the_answer_is_asked_for_without_coding(self):
        self.upstream.script = lambda call: call.respond(200, answer())
        chat(self.gateway.port, hello("up/m"), [("accept-encoding", "gzip, br")])
        self.assertIn(self.upstream.calls[-1].headers.get("accept-encoding", "identity"), ("identity",))


if __name__ == "__main__":
    harness.main()
