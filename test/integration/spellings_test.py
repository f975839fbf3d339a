"""No spelling of a path reaches an endpoint past the key check of its canonical spelling."""
import random

import harness
from client import Client, exchange_raw, get
from harness import CLIENT_KEY, GatewayTest, config, provider, routes
from upstream import Upstream, answer

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
    takes_input = path.endswith(("/responses", "/input_tokens", "/embed")) or (
        path.endswith("/embeddings") and "/api/" not in path)
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
    body = body if method == "POST" and not target.endswith("/cancel") else b""
    fields = f"host: x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    if key:
        fields += f"authorization: Bearer {key}\r\n"
    head = f"{method} {target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")
    got = exchange_raw(port, head + body)
    return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.1 ") else 0


class SpellingsTest(GatewayTest):
    def endpoints(self, port):
        """Every client path that the gateway describes, with something in the place of its names."""
        with Client(port) as client:
            made = client.request("POST", "/v1/responses", INPUT_BODY,
                                  [("authorization", f"Bearer {CLIENT_KEY}")]).json["id"]
        for path, methods in get(port, "/openapi.json").json["paths"].items():
            if not path.startswith("/v1"):
                continue
            identity = made if "/responses/" in path else "x"
            for name, value in (("{model}", "up/m"), ("{provider}", "up"), ("{id}", identity)):
                path = path.replace(name, value)
            for method in ("get", "post", "delete"):
                if method in methods:
                    yield method.upper(), path

    def test_a_missing_key_is_missed_however_the_path_is_spelled(self):
        upstream = Upstream(lambda call: call.respond(
            200, EMBEDDING if call.path.endswith("/embeddings") else answer()))
        self.addCleanup(upstream.close)
        settings = config([provider(upstream, models=[{"id": "m"}])], keys=[{"name": "ci", "key": CLIENT_KEY}])
        row = [{"auth": {"required": True}}, *routes()[0]["filters"][1:]]
        settings["listeners"][0]["routes"] = [{"match": {"prefix": prefix}, "filters": row} for prefix in ("/v1", "/v1beta")]
        port = self.run_gateway(settings).port
        dice = random.Random(20128)
        served = 0
        for method, path in list(self.endpoints(port)):
            body = body_of(path)
            self.assertEqual(status(port, method, path, None, body), 401, path)
            # It is gone when it was deleted; and what is not offered is so for everybody.
            usual = status(port, method, path, CLIENT_KEY, body) if method != "DELETE" else 0
            served += usual == 200
            for target in spellings(path, dice):
                found = status(port, method, target, None, body)
                self.assertIn(found, (400, 401, 403, 404, 405), f"{method} {target!r}")
                if usual == 200 and status(port, method, target, CLIENT_KEY, body) == 200:
                    self.assertEqual(found, 401, f"{method} {target!r} is served")
        self.assertGreater(served, 20)


if __name__ == "__main__":
    harness.main()
