"""Which clients may come in at all, and whose word on their address is taken."""
import socket

import harness
from client import Client, chat, get, hello
from harness import GatewayTest, config, provider
from upstream import Upstream, answer


def forwarded(*addresses):
    return [("x-forwarded-for", ", ".join(addresses))]


class IpFilterTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)

    def start(self, listener=None, **settings):
        return self.run_gateway(config([provider(self.upstream)], listener, settings=settings))

    def assert_refused(self, response):
        self.assert_error(response, 403, "client_address_refused")

    def test_a_listed_address_is_refused_before_anything_else(self):
        gateway = self.start(require_api_key=True,
                             ip_filter={"enabled": True, "blacklist": ["127.0.0.0/8", "203.0.113.*"]})
        calls = len(self.upstream.calls)
        refusal = chat(gateway.port, hello("up/m"))
        self.assert_refused(refusal)
        self.assertEqual(gateway.access_of(refusal)["error"], "client_address_refused")
        self.assert_refused(get(gateway.port, "/v1/models"))
        self.assert_refused(get(gateway.port, "/v1/nothing"))
        self.assertEqual(get(gateway.port, "/v1/models", method="OPTIONS").status, 403)
        self.assertEqual(len(self.upstream.calls), calls)
        for path in ("/healthz", "/api/config/status", "/metrics"):
            self.assertEqual(get(gateway.port, path).status, 200, "the filter is for the client API")

    def test_the_refusal_is_in_the_clients_dialect(self):
        gateway = self.start(ip_filter={"enabled": True, "blacklist": ["*"]})
        with Client(gateway.port) as client:
            response = client.request("POST", "/v1/messages", hello("up/m"))
            self.assertEqual((response.status, response.json["error"]["type"]), (403, "permission_error"))
            response = client.request("POST", "/v1beta/models/up/m:generateContent", {})
            self.assertEqual((response.status, response.error["code"]), (403, 403))

    def test_a_whitelist_lets_in_who_is_on_it(self):
        rules = {"enabled": True, "mode": "whitelist", "whitelist": ["127.0.0.1"], "blacklist": ["127.0.0.1"]}
        self.assertEqual(chat(self.start(ip_filter=rules).port, hello("up/m")).status, 200)
        rules["whitelist"] = ["10.0.0.0/8"]
        self.assert_refused(chat(self.start(ip_filter=rules).port, hello("up/m")))
        rules["enabled"] = False
        self.assertEqual(chat(self.start(ip_filter=rules).port, hello("up/m")).status, 200)

    def test_a_header_counts_from_trusted_proxies_only(self):
        rules = {"enabled": True, "blacklist": ["203.0.113.0/24"]}
        gateway = self.start(ip_filter=rules)
        response = chat(gateway.port, hello("up/m"), forwarded("203.0.113.7"))
        self.assertEqual(response.status, 200)
        self.assertRegex(gateway.access_of(response)["peer"], r"^127\.0\.0\.1:\d+$")
        gateway = self.start(ip_filter=rules, trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"])
        for headers, client, status in [
                (forwarded("203.0.113.7"), "203.0.113.7", 403),
                (forwarded("198.51.100.9", "203.0.113.7"), "203.0.113.7", 403),
                (forwarded("198.51.100.9", "203.0.113.7", "10.0.0.1"), "203.0.113.7", 403),
                (forwarded("203.0.113.7", "198.51.100.9"), "198.51.100.9", 200),
                ([("forwarded", 'for="[2001:db8::7]:9";proto=https')], "2001:db8::7", 200),
                ([("x-real-ip", "203.0.113.7")], "203.0.113.7", 403)]:
            with self.subTest(headers):
                response = chat(gateway.port, hello("up/m"), headers)
                self.assertEqual(response.status, status)
                self.assertEqual(gateway.access_of(response)["peer"], client)

    def test_trusted_proxies_do_not_open_management(self):
        gateway = self.start(trusted_proxies=["127.0.0.1"])
        response = get(gateway.port, "/api/config/status", forwarded("127.0.0.1"))
        self.assertEqual((response.status, response.error["code"]), (403, "needs_setup"))

    def test_a_reload_changes_the_rules_for_open_connections_too(self):
        settings = config([provider(self.upstream)], settings={"ip_filter": {"enabled": False, "blacklist": ["*"]}})
        gateway = self.run_gateway(settings)
        with Client(gateway.port) as client:
            self.assertEqual(client.chat(hello("up/m")).json, answer())
            settings["settings"]["ip_filter"]["enabled"] = True
            gateway.write(settings)
            harness.wait_until(lambda: gateway.status()["generation"] == 2, what="reload")
            self.assert_refused(client.chat(hello("up/m")))

    def test_a_unix_socket_has_no_address_unless_its_peers_are_trusted(self):
        def ask(gateway, headers=()):
            with Client(gateway.port) as client:
                client.socket.close()
                client.socket = socket.socket(socket.AF_UNIX)
                client.socket.connect(str(gateway.folder / "door.sock"))
                return client.chat(hello("up/m"), headers)

        rules = {"enabled": True, "mode": "whitelist", "whitelist": ["192.0.2.1"]}
        for trusted, headers, status, peer in [([], (), 200, "unix:"), ([], forwarded("203.0.113.7"), 200, "unix:"),
                                               (["unix"], (), 200, "unix:"),
                                               (["unix"], forwarded("203.0.113.7"), 403, "203.0.113.7"),
                                               (["unix"], forwarded("192.0.2.1"), 200, "192.0.2.1")]:
            with self.subTest(trusted=trusted, headers=headers):
                settings = config([provider(self.upstream)],
                                  settings={"ip_filter": rules, "trusted_proxies": trusted})
                settings["listeners"].append({"name": "door", "address": "unix:door.sock"})
                gateway = self.run_gateway(settings)
                response = ask(gateway, headers)
                self.assertEqual(response.status, status, response.body)
                self.assertEqual(gateway.access_of(response)["peer"], peer)


if __name__ == "__main__":
    harness.main()
