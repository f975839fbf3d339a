"""Scripted fleets of providers behind one gateway."""
import socket

from client import Client, get
from harness import GatewayTest, config
from upstream import Upstream, answer

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
WORD = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def refuse(status, code="x", message="No.", headers=()):
    return lambda call: call.respond(status, {"error": {"message": message, "code": code}}, headers)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Fleet:
    """Providers "p0", "p1", ...: each answers by its script, and counts its calls by account."""

    def __init__(self, test, size, accounts=1):
        self.upstreams = [Upstream() for _ in range(size)]
        for upstream in self.upstreams:
            test.addCleanup(upstream.close)
        self.providers = [
            {"id": f"p{i}", "dialect": "openai", "base_url": upstream.url, "models": [{"id": "m"}],
             "accounts": [{"name": name, "api_key": f"sk-p{i}-{name}"} for name in "abcdef"[:accounts]]}
            for i, upstream in enumerate(self.upstreams)]

    def script(self, index, script):
        self.upstreams[index].script = script

    def works(self, index):
        self.upstreams[index].script = lambda call: call.respond(200, answer(f"from p{index}"))

    @property
    def calls(self):
        return [len(upstream.calls) for upstream in self.upstreams]

    def accounts(self, index):
        return [call.headers["authorization"].rpartition("-")[2] for call in self.upstreams[index].calls]

    def forget(self):
        for upstream in self.upstreams:
            upstream.calls.clear()


class FleetTest(GatewayTest):
    """A gateway in front of one fleet, with one worker unless a subclass says otherwise."""

    workers = 1

    def gateway_for(self, fleet, targets=None, strategy="priority", rules=None, **sections):
        steps = targets or [{"model": f"{provider['id']}/m"} for provider in fleet.providers]
        settings = config(fleet.providers, **{
            "combos": [{"name": "best", "strategy": strategy, "targets": steps,
                        "config": {"max_retries": 0, **(rules or {})}}],
            "resilience": {"wait_for_cooldown": {"enabled": False}}, **sections})
        settings["workers"] = self.workers
        self.gateway = self.run_gateway(settings)
        return self.gateway

    def ask(self, model="best", stream=False):
        with Client(self.gateway.port) as client:
            return client.request("POST", "/v1/chat/completions",
                                  {"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})

    def said(self, response):
        return response.json["choices"][0]["message"]["content"]

    def state(self, index):
        return get(self.gateway.port, "/api/resilience").json["providers"][index]
