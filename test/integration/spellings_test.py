"""No spelling of a path reaches an endpoint past the key check of its canonical spelling."""
import random

import harness
from client import exchange_raw
from harness import CLIENT_KEY, GatewayTest, config, provider, routes
from upstream import Upstream, answer

ENDPOINTS = [
    ("GET", "/v1/models"), ("GET", "/v1"), ("GET", "/v1/models/up/m"), ("GET", "/v1beta/models"),
    ("GET", "/v1beta/models/up/m"), ("GET", "/v1/providers/up/models"), ("GET", "/v1/api/tags"),
    ("GET", "/v1/api/version"), ("POST", "/v1/api/show"), ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"), ("POST", "/v1/messages"), ("POST", "/v1/responses"), ("POST", "/v1/api/chat"),
    ("POST", "/v1/api/generate"), ("POST", "/v1/messages/count_tokens"),
    ("POST", "/v1beta/models/up/m:generateContent"), ("POST", "/v1/providers/up/chat/completions"),
    ("POST", "/v1/embeddings"), ("POST", "/v1/providers/up/embeddings"), ("POST", "/v1/api/embed"),
    ("POST", "/v1/api/embeddings"), ("POST", "/v1beta/models/up/m:embedContent"),
    ("POST", "/v1/models/up/m:batchEmbedContents"), ("GET", "/v1/api/ps")]
BODY = (b'{"model":"up/m","prompt":"p","max_tokens":5,"messages":[{"role":"user","content":"x"}],'
        b'"contents":[{"role":"user","parts":[{"text":"x"}]}]}')
INPUT_BODY = b'{"model":"up/m","input":"i"}'
CONTENT = b'"content":{"parts":[{"text":"x"}]}'
EMBEDDING = {"data": [{"index": 0, "embedding": [1]}]}


def body_of(path):
    if path.endswith(":embedContent"):
        return b"{" + CONTENT + b"}"
    if path.endswith(":batchEmbedContents"):
        return b'{"requests":[{' + CONTENT + b"}]}"
    takes_input = path == "/v1/responses" or path.endswith("/embed") or (path.endswith("/embeddings") and "/api/" not in path)
    return INPUT_BODY if takes_input else BODY


def spellings(path, dice):
    """Other ways to write a path, most of them wrong."""
    yield path
    yield path + "/"
    yield path + "?"
    yield path + "?key=&token=%20"
    yield path + "#x"
    yield path + ";x"
    yield "/api" + path
    yield "/v1" + path
    yield "/api/v1" + path
    yield path.removeprefix("/v1")
    yield path.removeprefix("/v1/api").join(["/api", ""])
    yield path.upper()
    yield "//" + path
    yield "/." + path
    yield "/x/.." + path
    yield "http://127.0.0.1" + path
    for _ in range(12):
        at = dice.randrange(1, len(path))
        how = dice.choice(["%{:02x}".format(ord(path[at])), path[at] + "%00", path[at] + "/./", path[at] + "//",
                           path[at] + "\\", path[at] + "%2e%2e/", path[at].swapcase(), path[at] + "%2f", path[at] + "\t"])
        yield path[:at] + how + path[at + 1:]


def status(port, method, target, key=None, body=BODY):
    body = body if method == "POST" else b""
    fields = f"host: x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    if key:
        fields += f"authorization: Bearer {key}\r\n"
    head = f"{method} {target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")
    got = exchange_raw(port, head + body)
    return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.1 ") else 0


class SpellingsTest(GatewayTest):
    def test_a_missing_key_is_missed_however_the_path_is_spelled(self):
        upstream = Upstream(lambda call: call.respond(200, EMBEDDING if call.path.endswith("/embeddings") else answer()))
        self.addCleanup(upstream.close)
        settings = config([provider(upstream, models=[{"id": "m"}])], keys=[{"name": "ci", "key": CLIENT_KEY}])
        row = [{"auth": {"required": True}}, *routes()[0]["filters"][1:]]
        settings["listeners"][0]["routes"] = [{"match": {"prefix": prefix}, "filters": row} for prefix in ("/v1", "/v1beta")]
        port = self.run_gateway(settings).port
        dice = random.Random(20128)
        for method, path in ENDPOINTS:
            body = body_of(path)
            self.assertEqual(status(port, method, path, CLIENT_KEY, body), 200, path)
            self.assertEqual(status(port, method, path, None, body), 401, path)
            for target in spellings(path, dice):
                found = status(port, method, target, None, body)
                self.assertIn(found, (400, 401, 403, 404, 405), f"{method} {target!r}")
                with_key = status(port, method, target, CLIENT_KEY, body)
                if with_key == 200:
                    self.assertEqual(found, 401, f"{method} {target!r} is served")


if __name__ == "__main__":
    harness.main()
