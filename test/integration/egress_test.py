"""Requests to providers by way of a proxy: what the client, the proxy and the provider see."""
import shutil
import socket
import ssl
import tempfile
from pathlib import Path

import harness
from certs import make_authority, make_certificate
from client import Client, chat, hello
from harness import CLIENT_KEY, PROVIDER_KEY, GatewayTest, config, provider, routes
from proxies import Proxy
from upstream import DONE, ROLE, STOP, Upstream, answer, text

LOGIN = "ann:canary-pass-71"
NO_PROXIES = {name: "" for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
              for name in (upper, upper.lower())}


def dead_port():
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def bearer(key):
    return [("authorization", f"Bearer {key}")]


class EgressTest(GatewayTest):
    def setUp(self):
        self.upstream = self.closing(Upstream(lambda call: (
            call.stream(ROLE, text("hi"), STOP, DONE) if call.json.get("stream") else call.respond(200, answer()))))

    def closing(self, server):
        self.addCleanup(server.close)
        return server

    def proxy(self, *words, **options):
        return self.closing(Proxy(*words, **options))

    def named(self, identity="up", host="origin.test", **more):
        """The upstream under a name that only proxies know."""
        return provider(self.upstream, identity, base_url=f"http://{host}:{self.upstream.port}/v1", **more)

    def start(self, settings, **environment):
        return self.run_gateway(settings, environment={**NO_PROXIES, **environment})

    def assert_unavailable(self, response, proxy_name, why=""):
        self.assert_error(response, 503, "PROXY_ASSIGNED_UNAVAILABLE", f"Proxy unreachable ({proxy_name})")
        self.assertIn(why, response.error["message"])
        self.assertEqual(response.headers["retry-after"], "2")


class KindsTest(EgressTest):
    def test_http_and_socks5_carry_requests_and_streams(self):
        for kind, login in [("http", None), ("http", LOGIN), ("socks5", None), ("socks5", LOGIN)]:
            with self.subTest(kind=kind, login=login):
                proxy = self.proxy(kind, login=login)
                gateway = self.start(config([self.named(proxy=proxy.url)]))
                calls = len(self.upstream.calls)
                with Client(gateway.port) as client:
                    self.assertEqual(client.chat(hello("up/m")).json, answer())
                    self.assertEqual(client.chat(hello("up/m", stream=True)).body,
                                     ROLE + text("hi") + STOP + DONE)
                    big = hello("up/m", filler="x" * 2_000_000)
                    self.assertEqual(client.chat(big).status, 200)
                self.assertEqual(set(proxy.asked), {f"origin.test:{self.upstream.port}"})
                self.assertLessEqual(proxy.connections, 2, "connections are kept, by worker")
                call = self.upstream.calls[calls]
                self.assertEqual(call.path, "/v1/chat/completions", "the origin's form, not the absolute one")
                self.assertEqual(call.headers["host"], f"origin.test:{self.upstream.port}")
                self.assertNotIn("proxy-authorization", call.headers)
                heard = b"".join(proxy.heard)
                self.assertNotIn(PROVIDER_KEY.encode(), heard, "the proxy is told nothing of the request")
                self.assertEqual(login is not None and kind == "http", b"proxy-authorization" in heard)
                self.assert_well(gateway)

    def test_a_literal_origin_is_named_as_one(self):
        for kind in ("http", "socks5"):
            proxy = self.proxy(kind)
            gateway = self.start(config([provider(self.upstream, proxy=proxy.url)]))
            self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
            self.assertEqual(proxy.asked, [f"127.0.0.1:{self.upstream.port}"])

    def test_credentials_may_stand_beside_the_url(self):
        proxy = self.proxy("socks5", login=LOGIN)
        user, password = LOGIN.split(":")
        gateway = self.start(config([self.named(proxy={
            "type": "socks5", "host": "127.0.0.1", "port": proxy.port, "username": user, "password": password})]))
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        self.assert_well(gateway)


class TlsTest(EgressTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="omni-it-egress-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_authority(cls.folder, "ca")
        make_certificate(cls.folder, "server", "ca")

    def file(self, name):
        return str(self.folder / name)

    def tls_proxy(self, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file("server.pem"), self.file("server.key"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        return self.proxy(context=context, **options)

    def mapping(self, proxy, **more):
        user, _, password = (proxy.login or "").partition(":")
        credentials = {"username": user, "password": password} if user else {}
        return {"type": "https", "host": "localhost", "port": proxy.port, **credentials, **more}

    def test_a_proxy_behind_tls(self):
        proxy = self.tls_proxy(login=LOGIN)
        gateway = self.start(config([self.named(proxy=self.mapping(proxy, ca_file=self.file("ca.pem")))]))
        with Client(gateway.port) as client:
            self.assertEqual(client.chat(hello("up/m", stream=True)).body, ROLE + text("hi") + STOP + DONE)
            self.assertEqual(client.chat(hello("up/m", filler="x" * 1_000_000)).status, 200)
        self.assert_well(gateway)

    def test_a_proxy_whose_certificate_nobody_knows_is_dead(self):
        proxy = self.tls_proxy()
        gateway = self.start(config([self.named(proxy=self.mapping(proxy))]))
        self.assert_unavailable(chat(gateway.port, hello("up/m")), f"https://localhost:{proxy.port}", "certificate")
        self.assertEqual(proxy.heard, [])

    def test_http_2_by_alpn_goes_through_every_kind_of_tunnel(self):
        origin = self.start(config([provider(self.upstream)], {
            "tls": {"certificate": self.file("server.pem"), "private_key": self.file("server.key")}}))
        tls = self.tls_proxy()
        for proxy, setting in [(tls, self.mapping(tls, ca_file=self.file("ca.pem"))),
                               *((plain, plain.url) for plain in (self.proxy("http"), self.proxy("socks5")))]:
            with self.subTest(proxy.name):
                gateway = self.start(config([provider(
                    self.upstream, base_url=f"https://localhost:{origin.port}/v1", ca_file=self.file("ca.pem"),
                    proxy=setting)]))
                with Client(gateway.port) as client:
                    self.assertEqual(client.chat(hello("up/up/m")).json, answer())
                    self.assertEqual(client.chat(hello("up/up/m", stream=True)).body,
                                     ROLE + text("hi") + STOP + DONE)
                self.assertEqual({line["protocol"] for line in origin.access(2)}, {"HTTP/2"})
                self.assertEqual(set(proxy.asked), {f"localhost:{origin.port}"})


class FailureTest(EgressTest):
    def test_a_dead_proxy_fails_closed_and_says_which(self):
        port = dead_port()
        for kind in ("http", "https", "socks5"):
            gateway = self.start(config([self.named(proxy=f"{kind}://{LOGIN}@127.0.0.1:{port}")]))
            response = chat(gateway.port, hello("up/m"))
            self.assert_unavailable(response, f"{kind}://127.0.0.1:{port}", "connection refused")
            self.assertNotIn(b"canary", response.body)
            self.assertEqual(gateway.access_of(response)["error"], "PROXY_ASSIGNED_UNAVAILABLE")
            self.assert_well(gateway)
        self.assertEqual(self.upstream.connections, 0)

    def test_a_client_that_streams_gets_the_same(self):
        gateway = self.start(config([self.named(proxy=f"http://127.0.0.1:{dead_port()}")]))
        response = chat(gateway.port, hello("up/m", stream=True))
        self.assertEqual(response.status, 503)
        with Client(gateway.port) as client:
            response = client.request("POST", "/v1/messages", {"max_tokens": 5, **hello("up/m")})
        self.assertEqual((response.status, response.json["type"]), (503, "error"))

    def test_wrong_credentials(self):
        for kind, why in [("http", "407"), ("socks5", "refused the user name or password")]:
            proxy = self.proxy(kind, login=LOGIN)
            url = proxy.url.replace(LOGIN, "ann:canary-wrong")
            gateway = self.start(config([self.named(proxy=url)]))
            self.assert_unavailable(chat(gateway.port, hello("up/m")), proxy.name, why)
            self.assert_well(gateway)
        proxy = self.proxy("socks5", login=LOGIN)
        gateway = self.start(config([self.named(proxy=proxy.name)]))
        self.assert_unavailable(chat(gateway.port, hello("up/m")), proxy.name, "wants credentials")

    def test_one_that_closes_in_the_handshake(self):
        for kind in ("http", "socks5"):
            for stop_at in ("connect", "middle", "refuse"):
                with self.subTest(kind=kind, stop_at=stop_at):
                    proxy = self.proxy(kind, stop_at=stop_at)
                    gateway = self.start(config([self.named(proxy=proxy.url)]))
                    self.assert_unavailable(chat(gateway.port, hello("up/m")), proxy.name)
        self.assertEqual(self.upstream.connections, 0)

    def test_one_that_says_nothing_has_the_connect_timeout(self):
        proxy = self.proxy("http", stop_at="silent")
        gateway = self.start(config([self.named(proxy=proxy.url)], {"routes": routes(connect_timeout="300ms")}))
        self.assert_unavailable(chat(gateway.port, hello("up/m")), proxy.name)

    def test_an_origin_that_the_proxy_cannot_reach_is_the_origins_fault(self):
        for kind in ("http", "socks5"):
            proxy = self.proxy(kind, stop_at="unreachable")
            gateway = self.start(config([self.named(proxy=proxy.url)]))
            self.assert_error(chat(gateway.port, hello("up/m")), 502, "upstream_connect_failed", proxy.name)

    def test_with_fail_open_the_request_goes_around(self):
        settings = config([provider(self.upstream, proxy=f"http://127.0.0.1:{dead_port()}")],
                          listener={"routes": routes(connect_timeout="1s")})
        gateway = self.start(settings, PROXY_FAIL_OPEN="true")
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        silent = self.proxy("http", stop_at="silent")
        settings["providers"][0]["proxy"] = silent.url
        gateway = self.start(settings, PROXY_FAIL_OPEN="true")
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        self.assertEqual(silent.connections, 1)


class OrderTest(EgressTest):
    def test_account_key_provider_and_settings(self):
        ways = {name: self.proxy() for name in ("account", "key", "combo", "provider", "global")}
        mine = {"name": "main", "api_key": PROVIDER_KEY}
        gateway = self.start(config(
            [self.named("a", proxy=ways["provider"].url, accounts=[{**mine, "proxy": ways["account"].url}]),
             self.named("b", proxy=ways["provider"].url), self.named("c"),
             provider(self.upstream, "d", proxy="direct"),
             provider(self.upstream, "e", proxy=ways["provider"].url)],
            keys=[{"name": "ci", "key": CLIENT_KEY, "proxy": ways["key"].url}],
            combos=[{"name": name, "targets": [{"model": model}], "proxy": proxy}
                    for name, model, proxy in [("by-a", "a/m", ways["combo"].url), ("by-b", "b/m", ways["combo"].url),
                                               ("straight", "e/m", "direct")]],
            settings={"proxy": ways["global"].url}))
        for model, headers, expected in [("a/m", (), "account"), ("a/m", bearer(CLIENT_KEY), "account"),
                                         ("b/m", (), "provider"), ("b/m", bearer(CLIENT_KEY), "key"),
                                         ("c/m", (), "global"), ("c/m", bearer(CLIENT_KEY), "key"),
                                         ("d/m", (), None), ("d/m", bearer(CLIENT_KEY), "key"),
                                         ("by-a", (), "account"), ("by-b", (), "combo"),
                                         ("by-b", bearer(CLIENT_KEY), "key"), ("straight", (), None)]:
            with self.subTest(model=model, key=bool(headers)):
                before = {name: len(proxy.asked) for name, proxy in ways.items()}
                with Client(gateway.port) as client:
                    # Connections are kept, so only a new way is seen by its proxy for certain.
                    self.assertEqual(client.chat(hello(model), headers).status, 200)
                others = {name for name, proxy in ways.items() if len(proxy.asked) > before[name]}
                self.assertLessEqual(others, {expected} - {None})
        for name, proxy in ways.items():
            self.assertTrue(proxy.asked, name)

    def test_the_environment_and_no_proxy(self):
        proxy, socks = self.proxy(), self.proxy("socks5")
        settings = config([self.named(), provider(self.upstream, "here"),
                           self.named("out", host="127.0.0.1.nip.test")])
        gateway = self.start(settings, HTTP_PROXY=proxy.url, ALL_PROXY=socks.url)
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        self.assertEqual(chat(gateway.port, hello("here/m")).status, 200)
        self.assertEqual(proxy.asked, [f"origin.test:{self.upstream.port}"], "loopback needs no proxy")
        gateway = self.start(settings, all_proxy=socks.url, no_proxy="nip.test")
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        self.assertEqual(socks.asked, [f"origin.test:{self.upstream.port}"])
        self.assert_error(chat(gateway.port, hello("out/m")), 502, "upstream_name_unknown")
        self.assertEqual(len(socks.asked), 1)

    def test_an_unusable_proxy_of_the_environment_refuses_the_start(self):
        gateway = harness.Gateway(config([self.named()]),
                                  environment={**NO_PROXIES, "HTTP_PROXY": f"gopher://{LOGIN}@h"})
        self.addCleanup(gateway.close)
        gateway.spawn()
        self.assertNotEqual(gateway.wait_exit(), 0)
        gateway.wait_log("environment.HTTP_PROXY")
        self.assertNotIn("canary", gateway.log)

    def test_a_reload_changes_the_way(self):
        first, second = self.proxy(), self.proxy("socks5")
        settings = config([self.named()], settings={"proxy": first.url})
        gateway = self.start(settings)
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        settings["settings"]["proxy"] = second.url
        gateway.write(settings)
        harness.wait_until(lambda: gateway.status()["generation"] == 2, what="reload")
        self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
        self.assertEqual(len(second.asked), 1)


class AddressTest(EgressTest):
    def test_a_proxy_whose_name_leads_to_a_private_address_must_be_allowed(self):
        proxy = self.proxy()
        # The machine's own name, which resolves to an address that is not public.
        name = socket.gethostname()
        try:
            socket.getaddrinfo(name, proxy.port)
        except OSError:
            self.skipTest("the host's name has no address")
        gateway = self.start(config([self.named(proxy={"host": name, "port": proxy.port})]))
        self.assert_unavailable(chat(gateway.port, hello("up/m")), f"http://{name.lower()}:{proxy.port}",
                                "allow_private_network")
        self.assertEqual(proxy.connections, 0)


if __name__ == "__main__":
    harness.main()
