"""How a combo's requests end: when its time is over, and what the client is told about its targets."""
import json
import signal
import threading
import time

import harness
from client import Client, hello
from fleet import LAST, ROLE, WORD, Fleet, FleetTest, refuse
from harness import SLOW, Gateway
from upstream import answer


class ComboTimeTest(FleetTest):
    def setUp(self):
        self.never = threading.Event()
        self.addCleanup(self.never.set)

    def stalls(self, call):
        self.never.wait(20)

    def stalls_behind_its_role(self, call):
        call.begin_stream()
        call.chunk(ROLE)
        self.never.wait(20)

    def assert_in_time(self, limit, stream=False):
        """The error, which comes when the time is over and not much later."""
        began = time.monotonic()
        response = self.ask(stream=stream)
        took = time.monotonic() - began
        self.assert_error(response, 504, "COMBO_TIMEOUT")
        self.assertGreater(took, limit - 0.01)
        self.assertLess(took, limit + 1.5 * SLOW)
        self.assertEqual(response.json["diagnostics"]["terminalReason"], "combo_timeout")
        return response

    def test_an_attempt_that_stalls_is_cut(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, rules={"timeout": "400ms"})
        for script, stream in ((self.stalls, False), (self.stalls, True), (self.stalls_behind_its_role, True)):
            with self.subTest(script=script.__name__, stream=stream):
                fleet.forget()
                left = threading.Event()
                fleet.script(0, lambda call, script=script, left=left: (
                    threading.Thread(target=lambda: call.wait_left(10) and left.set()).start(), script(call)))
                response = self.assert_in_time(0.4, stream)
                self.assertIn("[p0/m (combo timeout)]", response.error["message"])
                self.assertEqual(response.json["diagnostics"]["attempted"], 1)
                self.assertTrue(left.wait(2 * SLOW), "the provider is left")
                self.assertEqual(fleet.calls, [1, 0])
                self.assertEqual(self.state(0)["connections"][0]["status"], "active", "held against nobody")

    def test_a_wait_is_cut(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet, rules={"timeout": "300ms", "max_retries": 1, "retry_delay": "5s"})
        fleet.script(0, refuse(503))
        response = self.assert_in_time(0.3)
        self.assertIn("[p0/m (503)]", response.error["message"])
        self.gateway_for(fleet, rules={"timeout": "300ms"}, resilience={
            "wait_for_cooldown": {"enabled": True, "max_wait": "30s"}})
        fleet.forget()
        fleet.script(0, refuse(429, headers=[("retry-after", "9")]))
        response = self.assert_in_time(0.3)
        self.assertEqual(fleet.calls, [1])
        self.assertEqual(response.headers["retry-after"], "9")
        self.assertEqual(response.json["recovery_hint"]["retry_after_seconds"], 9)

    def test_what_has_begun_in_time_goes_on(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet, rules={"timeout": "300ms"})
        fleet.script(0, lambda call: call.stream(ROLE, WORD, WORD, LAST, pause=0.25))
        response = self.ask(stream=True)
        self.assertEqual(response.status, 200)
        self.assertEqual(response.body.count(b'"content":"hi"'), 2)
        self.assertIn(b"[DONE]", response.body)

    def test_both_of_a_hedge_are_cut(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, rules={"timeout": "400ms", "hedging": True, "hedge_delay": "100ms", "hedge_share": 1})
        fleet.script(0, self.stalls)
        fleet.script(1, self.stalls)
        response = self.assert_in_time(0.4, stream=True)
        self.assertEqual(fleet.calls, [1, 1])
        self.assertEqual(response.json["diagnostics"]["attempted"], 2)

    def test_steps_before_the_answer_are_cut(self):
        for strategy in ("pipeline", "fusion"):
            with self.subTest(strategy=strategy):
                fleet = Fleet(self, 3)
                self.gateway_for(fleet, strategy=strategy, rules={"timeout": "400ms"})
                fleet.script(0, self.stalls)
                fleet.works(1)
                response = self.assert_in_time(0.4)
                self.assertIn("p0/m (combo timeout)", response.error["message"])
                self.assertEqual(fleet.calls[2], 0)
                self.assert_well(self.gateway)

    def test_the_model_of_last_resort_is_cut_with_what_the_others_said(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, targets=[{"model": "p0/m"}], rules={"timeout": "400ms"},
                         resilience={"emergency_fallback": {"model": "p1/m"}})
        fleet.script(0, refuse(402))
        fleet.script(1, self.stalls)
        began = time.monotonic()
        response = self.ask()
        self.assertLess(time.monotonic() - began, 2 * SLOW)
        self.assertEqual((response.status, fleet.calls), (402, [1, 1]))
        self.assert_well(self.gateway)


class ComboEndTest(FleetTest):
    def test_the_first_that_may_be_asked_again_says_how_long_to_wait(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet)
        for first, last in (("5", "60"), ("60", "5")):
            self.gateway.forget_failures()
            fleet.script(0, refuse(429, headers=[("retry-after", first)]))
            fleet.script(1, refuse(429, headers=[("retry-after", last), ("retry-after-ms", last + "000")]))
            for _ in range(2):  # They are asked, and then they are known to wait.
                response = self.ask()
                self.assertEqual(response.headers["retry-after"], "5")
                self.assertIn(response.headers.get("retry-after-ms"), (None, "5000"))
                self.assertEqual(response.json["recovery_hint"]["retry_after_seconds"], 5)
        with self.subTest("who is only better left alone has named a time as well"):
            self.gateway.forget_failures()
            fleet.script(0, refuse(503, headers=[("retry-after", "5")]))
            fleet.script(1, refuse(429, headers=[("retry-after", "60")]))
            response = self.ask()
            self.assertEqual((response.status, response.headers["retry-after"]), (429, "5"))
            self.assertEqual(response.json["recovery_hint"]["retry_after_seconds"], 5)
        with self.subTest("one model, two accounts"):
            fleet = Fleet(self, 1, accounts=2)
            self.gateway_for(fleet)
            waits = {"a": "5", "b": "60"}
            fleet.script(0, lambda call: refuse(429, headers=[
                ("retry-after", waits[call.headers["authorization"][-1]])])(call))
            self.assertEqual(self.ask("p0/m").headers["retry-after"], "5")
            self.assertEqual(fleet.accounts(0), ["a", "b"])

    def test_long_waits_read_alike_as_well(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet)
        fleet.script(0, refuse(429, headers=[("retry-after", "7200")]))
        response = self.ask()
        self.assertEqual(response.headers["retry-after"], "7200")
        self.assertEqual(response.json["recovery_hint"]["retry_after_seconds"], 7200)

    def test_a_wait_that_only_the_body_tells_is_kept(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet)
        bodies = [{"error": {"message": "No.", "retry_after": 40}}, {"error": {"message": "No.", "retry_after": "40"}},
                  {"error": {"message": "No."}, "retry_after": 40}, {"message": "No.", "retry_after": "40"}]
        for body in bodies:
            with self.subTest(body=body):
                self.gateway.forget_failures()
                fleet.forget()
                fleet.script(0, lambda call, body=body: call.respond(429, body))
                self.assertEqual(self.ask().headers["retry-after"], "40")
                self.assertIn(int(self.ask().headers["retry-after"]), range(35, 41))
                self.assertEqual(fleet.calls, [1])

    def test_a_full_queue_is_told_by_its_name(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, resilience={"request_queue": {
            "enabled": True, "requests_per_minute": 1, "min_gap": "0s", "concurrent": 0, "max_wait": "1s"}})
        fleet.works(0)
        fleet.works(1)
        self.assertEqual([self.ask().status for _ in range(2)], [200, 200])
        response = self.ask()
        self.assert_error(response, 429, "RATE_LIMIT_QUEUE_FULL", "'best'")
        self.assertIn(int(response.headers["retry-after"]), range(50, 61))
        self.assertEqual(fleet.calls, [1, 1])

    def test_what_stands_in_the_way_of_the_only_target_is_named(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet)
        fleet.script(0, refuse(429, headers=[("retry-after", "60")]))
        self.assert_error(self.ask(), 429)
        self.assert_error(self.ask(), 503, "ALL_ACCOUNTS_INACTIVE", "[p0/m (cooling down)]")

    def test_accounts_are_named_where_targets_would_read_alike(self):
        fleet = Fleet(self, 2, accounts=2)
        self.gateway_for(fleet, targets=[{"model": "p0/m", "account": "a"}, {"model": "p0/m", "account": "b"},
                                         {"model": "p1/m"}])
        fleet.script(0, lambda call: refuse(
            {"a": 500, "b": 429}[call.headers["authorization"][-1]], headers=[("retry-after", "60")])(call))
        fleet.script(1, refuse(404))
        self.assert_error(self.ask(), 404, contains="[p0/m via a (500), p0/m via b (429), p1/m (404)]")
        self.assert_error(self.ask(), 500, contains="p0/m via b (cooling down)")

    def test_a_broken_connection_is_tried_with_the_next_account(self):
        fleet = Fleet(self, 1, accounts=2)
        self.gateway_for(fleet)
        fleet.script(0, lambda call: call.reset() if call.headers["authorization"][-1] == "a"
                     else call.respond(200, answer("by b")))
        response = self.ask("p0/m")
        self.assertEqual((response.status, self.said(response)), (200, "by b"))
        self.assertEqual(fleet.accounts(0)[-1], "b")

    def test_a_wait_of_one_model_survives_a_restart(self):
        fleet = Fleet(self, 1)
        fleet.providers[0] |= {"type": "gemini", "dialect": "gemini", "models": [{"id": "m"}, {"id": "n"}]}
        gateway = self.gateway_for(fleet)
        fleet.script(0, refuse(429, headers=[("retry-after", "600")]))
        self.assertEqual(self.ask("p0/m").status, 429)
        time.sleep(1.6)  # Looked at once a second, and written.
        gateway.signal(signal.SIGKILL)
        gateway.wait_exit()
        self.gateway = Gateway(json.loads(gateway.file.read_text()), folder=gateway.folder).start()
        self.addCleanup(self.gateway.close)
        self.assert_error(self.ask("p0/m"), 429, "model_cooldown")
        self.assertEqual(fleet.calls, [1])
        self.ask("p0/n")
        self.assertEqual(fleet.calls, [2], "the other model may be asked")

    def test_two_of_equal_targets_share_the_load(self):
        fleet = Fleet(self, 4)
        self.gateway_for(fleet, strategy="p2c")
        for index in range(4):
            fleet.works(index)
        with Client(self.gateway.port) as client:
            for _ in range(400):
                self.assertEqual(client.chat(hello("best")).status, 200)
        self.assertGreater(min(fleet.calls), 60, fleet.calls)
        self.assertLess(max(fleet.calls), 140, fleet.calls)


if __name__ == "__main__":
    harness.main()
