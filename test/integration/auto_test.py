"""Models that are built in, what a request may ask of them, and limits that are learned: a scripted fleet."""
import json
import signal
import time

import harness
from client import Client, get
from harness import Gateway, GatewayTest, config
from routing_test import Fleet, answer

SPENT = [("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "0"),
         ("x-ratelimit-reset-requests", "5m")]


def left(text, requests, reset="10m"):
    return lambda call: call.respond(200, answer(text), [
        ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", str(requests)),
        ("x-ratelimit-reset-requests", reset)])


class AutoTest(GatewayTest):
    def fleet(self, prices=(10, 1), accounts=1):
        fleet = Fleet(self, len(prices), accounts)
        for index, price in enumerate(prices):
            fleet.providers[index]["models"] = [{"id": "m", "price": {"input": price, "output": price}}]
            fleet.works(index)
        return fleet

    def start(self, fleet, **sections):
        settings = config(fleet.providers, **{
            "resilience": {"wait_for_cooldown": {"enabled": False}}, **sections})
        self.gateway = self.run_gateway(settings)

    def ask(self, model="auto", headers=(), **more):
        with Client(self.gateway.port) as client:
            return client.request("POST", "/v1/chat/completions",
                                  {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}, headers)

    def said(self, *args, **more):
        response = self.ask(*args, **more)
        self.assertEqual(response.status, 200, response.body)
        return response.json["choices"][0]["message"]["content"]

    def quota(self, index, account=0):
        return get(self.gateway.port, "/api/resilience").json["providers"][index]["connections"][account]["quota"]

    def test_auto_needs_no_configuration_and_falls_back(self):
        fleet = self.fleet()
        self.start(fleet)
        self.assertEqual(self.said("auto/cheap"), "from p1")
        fleet.script(1, lambda call: call.respond(503, {"error": {"message": "No."}}))
        self.assertEqual(self.said("auto"), "from p0")
        self.assert_well(self.gateway)

    def test_a_mode_changes_who_is_asked(self):
        fleet = self.fleet()
        slow = {"name": "best", "strategy": "auto", "config": {"weights": {"context": 1}},
                "targets": [{"model": "p0/m"}, {"model": "p1/m"}]}
        fleet.providers[0]["models"][0]["context"] = 1000000
        self.start(fleet, combos=[slow])
        self.assertEqual(self.said("best"), "from p0")
        self.assertEqual(self.said("best", [("x-omniroute-mode", "cheap")]), "from p1")
        self.assertEqual(self.said("best", [("x-omniroute-mode", "cost-saver")]), "from p1")
        response = self.ask("best", [("x-omniroute-mode", "quick")])
        self.assert_error(response, 400, "invalid_header", "X-OmniRoute-Mode is one of balanced, ship-fast")
        self.assertEqual(response.error["param"], "X-OmniRoute-Mode")

    def test_a_budget_leaves_out_what_is_dear(self):
        fleet = self.fleet()
        self.start(fleet, combos=[{"name": "best", "strategy": "auto", "config": {"weights": {"health": 1}},
                                   "targets": [{"model": "p0/m"}, {"model": "p1/m"}]}])
        strict = [("x-omniroute-budget-fallback", "strict")]
        # 1000 tokens out: a cent, and a tenth of one.
        self.assertEqual(self.said("best", max_tokens=1000), "from p0")
        self.assertEqual(self.said("best", [("x-omniroute-budget", "0.005"), *strict], max_tokens=1000), "from p1")
        fleet.forget()
        self.assertEqual(self.said("best", [("x-omniroute-budget", "0.0001")], max_tokens=1000), "from p1")
        self.assert_error(self.ask("best", [("x-omniroute-budget", "0.0001"), *strict], max_tokens=1000), 402,
                          "request_over_budget", "the cheapest takes $0.001")
        self.assertEqual(fleet.calls, [0, 1])
        for budget in ("much", "-1", "0", "inf"):
            self.assert_error(self.ask("best", [("x-omniroute-budget", budget)]), 400, "invalid_header")
        self.assert_error(self.ask("best", [("x-omniroute-budget-fallback", "none")]), 400, "invalid_header")

    def test_names_that_mean_nothing_and_pools_that_are_empty(self):
        fleet = self.fleet()
        self.start(fleet)
        self.assert_error(self.ask("auto/fsat"), 400, "model_not_found", "did you mean auto/fast")
        self.assert_error(self.ask("auto/chat:free"), 503, "no_connected_providers", "match 'auto/chat:free'")

    def test_listings_have_those_that_somebody_serves(self):
        fleet = self.fleet()
        self.start(fleet)
        ids = [model["id"] for model in get(self.gateway.port, "/v1/models").json["data"]]
        self.assertIn("auto", ids)
        self.assertIn("auto/coding", ids)
        self.assertNotIn("auto/coding:fast", ids)

    def test_an_account_with_nothing_left_is_not_asked_and_a_kill_does_not_change_that(self):
        fleet = self.fleet(prices=(1,), accounts=2)
        fleet.providers[0]["session_affinity"] = "0s"
        self.start(fleet)
        fleet.script(0, lambda call: call.respond(
            200, answer("hi"), SPENT if call.headers["authorization"].endswith("-a") else []))
        for _ in range(3):
            self.said("p0/m")
        self.assertEqual(fleet.accounts(0), ["a", "b", "b"])
        self.assertEqual(self.quota(0)["remainingPercent"], 0)
        self.assertIsNone(self.quota(0, 1))
        time.sleep(1.6)  # Looked at once a second, and written.
        gateway = self.gateway
        gateway.signal(signal.SIGKILL)
        gateway.wait_exit()
        self.gateway = Gateway(json.loads(gateway.file.read_text()), folder=gateway.folder).start()
        self.addCleanup(self.gateway.close)
        self.said("p0/m")
        self.assertEqual(fleet.accounts(0), ["a", "b", "b", "b"])
        self.assertEqual(self.quota(0)["remainingPercent"], 0)
        self.gateway.forget_failures()
        self.said("p0/m")
        self.assertEqual(fleet.accounts(0)[-1], "a")

    def test_when_all_are_spent_the_client_is_told_when_to_come_again(self):
        fleet = self.fleet(prices=(1,))
        self.start(fleet)
        fleet.script(0, lambda call: call.respond(200, answer("hi"), SPENT))
        self.said("p0/m")
        response = self.ask("p0/m")
        self.assert_error(response, 429, "model_cooldown")
        self.assertGreater(int(response.headers["retry-after"]), 200)
        self.assertEqual(fleet.calls, [1])

    def test_headroom_asks_who_has_the_most_left(self):
        fleet = self.fleet(prices=(1, 1, 1))
        self.start(fleet, combos=[{"name": "best", "strategy": "headroom",
                                   "targets": [{"model": f"p{index}/m"} for index in range(3)]}])
        for index, requests in enumerate((20, 90, 50)):
            fleet.script(index, left(f"from p{index}", requests))
            self.said(f"p{index}/m")
        self.assertEqual(self.said("best"), "from p1")
        fleet.script(1, left("from p1", 10))
        self.assertEqual(self.said("best"), "from p1")
        self.assertEqual(self.said("best"), "from p2")


if __name__ == "__main__":
    harness.main()
