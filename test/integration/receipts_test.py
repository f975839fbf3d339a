"""Receipts: one per request, told by its id, whatever became of it."""
import re
import signal
import time

import harness
from client import Client, chat, get, hello
from fleet import Fleet, FleetTest, closed_port, refuse
from harness import CLIENT_KEY, GatewayTest, config, provider, wait_until
from hedging_test import PRICE, speaks
from upstream import DONE, ROLE, STOP, Upstream, answer, text

KEY = [("authorization", f"Bearer {CLIENT_KEY}")]
ID = re.compile(r"[0-3][0-9A-HJKMNP-TV-Z]{22}$")


class Receipts:
    """For tests with self.gateway."""

    def receipt_id(self, response):
        self.assertIn("x-omniroute-receipt", response.headers)
        self.assertRegex(response.headers["x-omniroute-receipt"], ID)
        return response.headers["x-omniroute-receipt"]

    def read(self, identity):
        response = get(self.gateway.port, f"/api/receipts/{identity}")
        self.assertEqual(response.status, 200, response.body)
        return response.json

    def receipt(self, response):
        receipt = self.read(self.receipt_id(response))
        self.assertEqual(receipt["requestId"], response.headers["x-omniroute-request-id"])
        self.assertEqual(receipt["status"], response.status)
        return receipt

    def verdicts(self, receipt):
        return {one["filter"]: one["verdict"] for one in receipt["verdicts"]}

    def reason(self, receipt, name):
        return next(one["reason"] for one in receipt["verdicts"] if one["filter"] == name)

    def results(self, receipt):
        return [(one["provider"], one["account"], one["result"], one["status"]) for one in receipt["attempts"]]


class ReceiptTest(Receipts, GatewayTest):
    def setUp(self):
        self.upstream = Upstream(lambda call: call.respond(200, answer(), [("x-request-id", "up-77")]))
        self.addCleanup(self.upstream.close)
        self.settings = config(
            [provider(self.upstream, models=[{"id": "m", "price": {"input": 1000, "output": 1000}}, {"id": "free"}]),
             provider(self.upstream, "ant", dialect="anthropic", base_url=self.upstream.url)],
            keys=[{"name": "ci", "key": CLIENT_KEY, "rate_limits": [{"limit": 3, "window": "1h"}]},
                  {"name": "quiet", "key": CLIENT_KEY + "q", "no_log": True},
                  {"name": "off", "key": CLIENT_KEY + "d", "disabled": True}])
        self.gateway = self.run_gateway(self.settings)

    def test_a_plain_answer_tells_all_of_it_at_once(self):
        response = chat(self.gateway.port, hello("up/m"), KEY)
        receipt = self.receipt(response)
        self.assertEqual(self.verdicts(receipt), {"entry": "passed", "auth": "passed", "limits": "passed",
                                                  "translation": "passed", "routing": "passed",
                                                  "upstream": "answered"})
        self.assertIn("'ci'", self.reason(receipt, "auth"))
        self.assertEqual(receipt["apiKey"]["name"], "ci")
        self.assertEqual(receipt["modelAsked"], "up/m")
        self.assertEqual(receipt["served"], {"provider": "up", "account": "main", "model": "m"})
        attempt = receipt["attempts"][0]
        self.assertEqual((attempt["upstreamRequestId"], attempt["status"], attempt["hedge"]), ("up-77", 200, False))
        self.assertLessEqual(attempt["firstByteUs"], attempt["us"])
        self.assertEqual(receipt["skipped"], [])
        self.assertEqual((receipt["tokens"]["input"], receipt["tokens"]["output"]), (18, 1))
        self.assertAlmostEqual(receipt["cost"], 0.019)
        self.assertEqual(receipt["price"]["source"], "file")
        self.assertEqual(receipt["price"]["perMillion"], {"input": 1000, "output": 1000})
        phases = receipt["phases"]
        self.assertLessEqual(phases["requestUs"], phases["firstByteUs"])
        self.assertLessEqual(phases["firstByteUs"], phases["totalUs"])
        self.assertGreater(phases["filtersUs"], 0)
        record = self.gateway.access_of(response)
        self.assertEqual(record["receipt"], receipt["id"])
        self.assertEqual(len({self.receipt_id(chat(self.gateway.port, hello("up/m"), KEY)) for _ in range(2)}), 2)
        self.assert_well(self.gateway)

    def test_a_model_without_a_price_says_so(self):
        receipt = self.receipt(chat(self.gateway.port, hello("up/free")))
        self.assertIsNone(receipt["cost"])
        self.assertEqual(receipt["price"], {"source": "no price", "version": None, "perMillion": {}})
        self.assertEqual(self.verdicts(receipt)["auth"], "anonymous")

    def test_a_stream(self):
        self.upstream.script = lambda call: call.stream(ROLE, text("hi"), STOP, DONE)
        with Client(self.gateway.port) as client:
            response = client.chat({**hello("up/m"), "stream": True}, KEY)
        receipt = self.receipt(response)
        self.assertTrue(receipt["streamed"])
        self.assertTrue(receipt["tokens"]["estimated"])
        self.assertEqual(self.results(receipt), [("up", "main", "answered", 200)])

    def test_a_translated_request_names_both_dialects(self):
        self.upstream.script = lambda call: call.respond(200, {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 3, "output_tokens": 2}})
        receipt = self.receipt(chat(self.gateway.port, {**hello("ant/m"), "seed": 7}))
        self.assertEqual(receipt["dialect"], {"client": "openai", "target": "anthropic"})
        self.assertIn("both were translated", self.reason(receipt, "translation"))
        self.assertIn("seed", self.reason(receipt, "translation"))

    def test_a_stream_that_the_client_leaves_has_one_too(self):
        def slow(call):
            call.begin_stream()
            call.chunk(ROLE)
            call.chunk(text("hi"))
            call.wait_left(5)
        self.upstream.script = slow
        with Client(self.gateway.port) as client:
            client.send_request("POST", "/v1/chat/completions", {**hello("up/m"), "stream": True})
            wait_until(lambda: len(self.upstream.calls) == 1, what="the call")
            time.sleep(0.2)
        record = self.gateway.access()[0]
        receipt = self.read(record["receipt"])
        self.assertTrue(receipt["aborted"])
        self.assertEqual(self.results(receipt), [("up", "main", "cut", 200)])
        self.assertEqual(receipt["attempts"][0]["reason"], "client_left")

    def test_a_stream_that_the_provider_breaks_is_no_whole_answer(self):
        def breaks(call):
            call.begin_stream()
            call.chunk(ROLE)
            call.chunk(text("hi"))
            time.sleep(0.1)
            call.reset()
        ends_early = lambda call: call.stream(ROLE, text("hi"))
        for script, code in ((breaks, "upstream_"), (ends_early, "upstream_stream_incomplete")):
            with self.subTest(code=code):
                self.upstream.script = script
                with Client(self.gateway.port) as client:
                    response = client.chat({**hello("up/m"), "stream": True})
                receipt = self.receipt(response)
                self.assertEqual(self.verdicts(receipt)["upstream"], "cut")
                self.assertIn("broke off before its end", self.reason(receipt, "upstream"))
                self.assertIn(code, self.reason(receipt, "upstream"))
                self.assertEqual(receipt["served"]["provider"], "up")

    def test_what_is_made_in_the_background_has_one_of_its_own(self):
        with Client(self.gateway.port) as client:
            response = client.request("POST", "/v1/responses", {"model": "up/m", "input": "hi", "background": True})
        first = self.receipt(response)
        self.assertFalse(first["background"])
        record = next(one for one in self.gateway.access(2) if one["peer"] == "background")
        receipt = self.read(record["receipt"])
        self.assertTrue(receipt["background"])
        self.assertEqual(self.results(receipt), [("up", "main", "answered", 200)])

    def test_a_heartbeat_does_not_hide_it(self):
        gateway = self.run_gateway({**self.settings, "listeners": [
            {"name": "main", "address": "127.0.0.1:0", "routes": harness.routes(heartbeat_after="100ms")}]})
        self.upstream.script = lambda call: (time.sleep(0.4), call.stream(ROLE, text("hi"), STOP, DONE))
        with Client(gateway.port) as client:
            response = client.chat({**hello("up/m"), "stream": True})
        self.gateway = gateway
        self.assertEqual(self.results(self.receipt(response)), [("up", "main", "answered", 200)])

    def test_refusals_say_whose_they_are(self):
        off = self.receipt(chat(self.gateway.port, hello("up/m"), [("authorization", f"Bearer {CLIENT_KEY}d")]))
        self.assertEqual((off["error"], off["apiKey"]["name"]), ("key_disabled", "off"))
        self.assertEqual(self.verdicts(off)["auth"], "refused")
        self.assertEqual(self.verdicts(off)["upstream"], "not_reached")
        self.assertEqual(self.reason(off, "auth"), "This API key is disabled")
        for _ in range(3):
            chat(self.gateway.port, hello("up/m"), KEY)
        limited = self.receipt(chat(self.gateway.port, hello("up/m"), KEY))
        self.assertEqual(limited["status"], 429)
        self.assertEqual(self.verdicts(limited)["limits"], "refused")
        self.assertIn("Request limit exceeded", self.reason(limited, "limits"))
        self.assertEqual(limited["attempts"], [])
        unknown = self.receipt(chat(self.gateway.port, hello("nothing")))
        self.assertEqual(self.verdicts(unknown)["routing"], "refused")
        bad = self.receipt(chat(self.gateway.port, b"{"))
        self.assertEqual(bad["status"], 400)

    def test_every_client_route_has_one_and_nothing_else(self):
        for path in ("/v1/models", "/v1beta/models", "/v1/nothing", "/api/tags", "/v1/../x"):
            response = get(self.gateway.port, path)
            self.assertEqual(self.receipt(response)["status"], response.status, path)
        for path in ("/healthz", "/metrics", "/api/usage/totals", "/nothing"):
            self.assertNotIn("x-omniroute-receipt", get(self.gateway.port, path).headers, path)

    def test_what_a_provider_that_is_a_gateway_says_of_itself_is_not_passed_on(self):
        own = [(f"x-omniroute-{name}", "theirs") for name in ("receipt", "request-id", "session-id", "response-cost")]
        self.upstream.script = lambda call: call.respond(200, answer(), own)
        response = chat(self.gateway.port, hello("up/m"))
        self.receipt(response)
        self.assertNotIn("theirs", [value for _, value in response.fields])

    def test_keys_without_a_log_and_a_switch_that_is_off_leave_none(self):
        quiet = chat(self.gateway.port, hello("up/m"), [("authorization", f"Bearer {CLIENT_KEY}q")])
        self.assertEqual(quiet.status, 200)
        self.assertNotIn("x-omniroute-receipt", quiet.headers)
        self.assertNotIn("receipt", self.gateway.access_of(quiet))
        self.gateway.write({**self.settings, "settings": {"receipts": False}})
        wait_until(lambda: "x-omniroute-receipt" not in get(self.gateway.port, "/v1/models").headers, what="reload")
        self.assertEqual(self.gateway.metric("omniroute_receipts_dropped"), 0)

    def test_ids_that_are_none_and_ids_of_nothing(self):
        for identity, status, code in (("x", 400, "invalid_receipt_id"), ("0" * 22, 400, "invalid_receipt_id"),
                                       ("U" * 23, 400, "invalid_receipt_id"),
                                       ("9" + "0" * 22, 400, "invalid_receipt_id"),
                                       ("0" * 23, 404, "receipt_not_found")):
            response = get(self.gateway.port, f"/api/receipts/{identity}")
            self.assertEqual((response.status, response.json["error"]["code"]), (status, code), identity)
        self.assertEqual(get(self.gateway.port, "/api/receipts").status, 404)

    def test_the_password_guards_them(self):
        identity = self.receipt_id(chat(self.gateway.port, hello("up/m")))
        self.gateway.write({**self.settings, "admin": {"password": "open-sesame"}})
        wait_until(lambda: get(self.gateway.port, f"/api/receipts/{identity}").status == 401, what="reload")

    def test_the_next_process_of_a_restart_in_place_has_them(self):
        identity = self.receipt_id(chat(self.gateway.port, hello("up/m")))
        self.gateway.signal(signal.SIGUSR2)
        self.gateway.wait_exit()
        self.assertEqual(self.read(identity)["id"], identity)

    def test_they_outlive_a_restart_and_a_kill(self):
        kept = [self.receipt_id(chat(self.gateway.port, hello("up/m"))) for _ in range(3)]
        self.gateway.stop()
        self.gateway = self.run_gateway(self.settings, folder=self.gateway.folder)
        for identity in kept:
            self.assertEqual(self.read(identity)["id"], identity)
        kept += [self.receipt_id(chat(self.gateway.port, hello("up/m"))) for _ in range(3)]
        time.sleep(1.1)  # On disk within a second.
        for _ in range(20):
            chat(self.gateway.port, hello("up/m"))
        self.gateway.signal(signal.SIGKILL)
        self.gateway.wait_exit()
        self.gateway = self.run_gateway(self.settings, folder=self.gateway.folder)
        for identity in kept:
            self.assertEqual(self.read(identity)["served"]["model"], "m")
        self.assert_well(self.gateway)


class ReceiptsOfFleetsTest(Receipts, FleetTest):
    def test_two_that_failed_and_one_that_was_passed_over(self):
        fleet = Fleet(self, 4)
        self.gateway_for(fleet, resilience={"wait_for_cooldown": {"enabled": False},
                                            "cooldown": {"api_key_base": "60s"}})
        fleet.script(0, refuse(429, headers=[("retry-after", "60")]))
        fleet.works(3)
        self.assertEqual(self.ask("p0/m").status, 429)
        fleet.script(1, refuse(500, "boom"))
        fleet.script(2, refuse(503, headers=[("request-id", "theirs-1")]))
        receipt = self.receipt(self.ask())
        self.assertEqual(self.results(receipt), [("p1", "a", "failed", 500), ("p2", "a", "failed", 503),
                                                 ("p3", "a", "answered", 200)])
        self.assertEqual([one["reason"] for one in receipt["attempts"]], ["boom", "x", None])
        self.assertEqual(receipt["attempts"][1]["upstreamRequestId"], "theirs-1")
        self.assertEqual([(one["provider"], one["account"], one["reason"]) for one in receipt["skipped"]],
                         [("p0", "a", "cooling_down")])
        self.assertIn(receipt["skipped"][0]["retryAfterMs"], range(40000, 60001))
        self.assertEqual(receipt["combo"], {"name": "best", "strategy": "priority", "targets": 4})
        self.assertIn("3 asked, 1 passed over", self.reason(receipt, "upstream"))
        starts = [one["startUs"] for one in receipt["attempts"]]
        self.assertEqual(starts, sorted(starts))

    def test_when_nobody_answers_all_are_there(self):
        fleet = Fleet(self, 2)
        fleet.providers[1]["base_url"] = f"http://127.0.0.1:{closed_port()}/v1"
        self.gateway_for(fleet)
        fleet.script(0, refuse(500, "boom", "words of the prompt"))
        receipt = self.receipt(self.ask())
        self.assertEqual([(one["provider"], one["result"], one["reason"]) for one in receipt["attempts"]],
                         [("p0", "failed", "boom"), ("p1", "failed", "upstream_connect_failed")])
        self.assertEqual(self.verdicts(receipt)["upstream"], "failed")
        self.assertIsNone(receipt["served"])
        self.assertEqual(receipt["price"]["source"], "nobody answered")
        self.assertNotIn("words of the prompt", str(receipt))

    def test_the_loser_of_a_hedge_is_there_too(self):
        fleet = Fleet(self, 2)
        for one in fleet.providers:
            one["models"] = [{"id": "m", "price": PRICE}]
        self.gateway_for(fleet, rules={"hedging": True, "hedge_delay": "150ms", "hedge_share": 1})
        fleet.script(0, speaks("from p0", after=5))
        fleet.script(1, speaks("from p1"))
        receipt = self.receipt(self.ask(stream=True))
        self.assertEqual([(one["provider"], one["result"], one["hedge"]) for one in receipt["attempts"]],
                         [("p0", "hedge_lost", False), ("p1", "answered", True)])
        self.assertAlmostEqual(receipt["cost"], (1000 * 1 + 10 * 10 + 1000 * 1) / 1e6, 9)
        fleet.script(0, speaks("from p0", after=0.4))
        fleet.script(1, speaks("from p1", after=5))
        receipt = self.receipt(self.ask(stream=True))
        self.assertEqual([(one["provider"], one["result"], one["hedge"]) for one in receipt["attempts"]],
                         [("p1", "hedge_lost", True), ("p0", "answered", False)])

    def test_accounts_that_rest_are_named(self):
        fleet = Fleet(self, 1, accounts=2)
        self.gateway_for(fleet, resilience={"wait_for_cooldown": {"enabled": False},
                                            "cooldown": {"api_key_base": "60s"}})
        limited = refuse(429, headers=[("retry-after", "60")])
        fleet.script(0, lambda call: limited(call) if call.headers["authorization"].endswith("-a")
                     else call.respond(200, answer("from b")))
        first = self.receipt(self.ask())
        self.assertEqual(self.results(first), [("p0", "a", "failed", 429), ("p0", "b", "answered", 200)])
        self.assertEqual(first["skipped"], [])
        second = self.receipt(self.ask())
        self.assertEqual(self.results(second), [("p0", "b", "answered", 200)])
        self.assertEqual([(one["account"], one["reason"]) for one in second["skipped"]], [("a", "cooling_down")])


class ReceiptsOfFleetsWithFourWorkersTest(ReceiptsOfFleetsTest):
    workers = 4


if __name__ == "__main__":
    harness.main()
