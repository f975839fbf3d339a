"""Streams that are slow to begin, and accounts that are not to be asked too fast: what the client saw, what the
upstreams saw, and what was paid for. Each test runs with one worker and with four."""
import threading
import time

import harness
from client import Client
from fleet import Fleet, FleetTest, refuse
from harness import wait_until
from upstream import DONE, ROLE, STOP, answer, text

USAGE = (b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
         b'"usage":{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010}}\n\n')
PRICE = {"input": 1, "output": 10}


def speaks(words, after=0.0):
    """A script: the role at once, the words after a while; notes when the gateway leaves instead."""
    def script(call):
        call.begin_stream()
        call.chunk(ROLE)
        if after and call.wait_left(after):
            return
        for piece in (text(words), STOP, USAGE, DONE):
            call.chunk(piece)
        call.end_stream()
    return script


def in_parallel(count, work):
    out = [None] * count

    def run(index):
        out[index] = work(index)
    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


class HedgingTest(FleetTest):
    def fleet_that_hedges(self, size=2, **rules):
        fleet = Fleet(self, size)
        for provider in fleet.providers:
            provider["models"] = [{"id": "m", "price": PRICE}]
        rules = {"hedging": True, "hedge_delay": "150ms", "hedge_share": 1, **rules}
        gateway = self.gateway_for(fleet, rules=rules)
        return fleet, gateway

    def assert_said(self, response, words):
        self.assertEqual(response.status, 200)
        self.assertIn(words.encode(), response.body)
        self.assertTrue(response.body.endswith(b"data: [DONE]\n\n"), response.body[-80:])

    def test_a_slow_first_token_is_asked_for_elsewhere_and_paid_for(self):
        fleet, gateway = self.fleet_that_hedges()
        fleet.script(0, speaks("from p0", after=5))
        fleet.script(1, speaks("from p1"))
        began = time.monotonic()
        response = self.ask(stream=True)
        self.assertLess(time.monotonic() - began, 2)
        self.assert_said(response, "from p1")
        self.assertNotIn(b"from p0", response.body)
        self.assertEqual(fleet.calls, [1, 1])
        wait_until(lambda: fleet.upstreams[0].calls[0].left_at, what="the slow one to be cancelled")
        record = gateway.access_of(response)
        self.assertEqual([(one["target"], one.get("reason", "")) for one in record["attempts"]],
                         [("p0/m", "hedge_lost"), ("p1/m", "")])
        # 1,000 tokens in and 10 out, and the prompt once more at the loser's.
        self.assertAlmostEqual(record["cost"], (1000 * 1 + 10 * 10 + 1000 * 1) / 1e6, 9)
        self.assertEqual(gateway.metric("omniroute_upstream_hedges_total"), 1)
        self.assert_well(gateway)

    def test_one_that_says_nothing_at_all_is_slow_too(self):
        fleet, _ = self.fleet_that_hedges()
        fleet.script(0, lambda call: call.wait_left(5))
        fleet.script(1, speaks("from p1"))
        self.assert_said(self.ask(stream=True), "from p1")

    def test_the_first_may_win_after_all(self):
        fleet, gateway = self.fleet_that_hedges()
        fleet.script(0, speaks("from p0", after=0.4))
        fleet.script(1, speaks("from p1", after=5))
        response = self.ask(stream=True)
        self.assert_said(response, "from p0")
        wait_until(lambda: fleet.upstreams[1].calls[0].left_at, what="the second to be cancelled")
        self.assertEqual(gateway.access_of(response)["provider"], "p0")

    def test_when_the_first_fails_the_second_is_at_work_already(self):
        fleet, _ = self.fleet_that_hedges()

        def fails_late(call):
            call.begin_stream()
            call.chunk(ROLE)
            time.sleep(0.4)
            call.reset()
        fleet.script(0, fails_late)
        fleet.script(1, speaks("from p1", after=0.6))
        self.assert_said(self.ask(stream=True), "from p1")
        self.assertEqual(fleet.calls, [1, 1])

    def test_when_the_second_fails_the_first_goes_on(self):
        fleet, _ = self.fleet_that_hedges()
        fleet.script(0, speaks("from p0", after=0.6))
        fleet.script(1, refuse(500))
        self.assert_said(self.ask(stream=True), "from p0")
        self.assertEqual(fleet.calls, [1, 1])

    def test_when_both_fail_both_are_named(self):
        fleet, _ = self.fleet_that_hedges()

        def fails_late(call):
            time.sleep(0.5)
            call.respond(503, {"error": {"message": "No."}})
        fleet.script(0, fails_late)
        fleet.script(1, refuse(500))
        response = self.ask(stream=True)
        self.assert_error(response, 503, contains="p1/m (500)")
        self.assertIn("p0/m (503)", response.json["error"]["message"])
        self.assertEqual(fleet.calls, [1, 1])

    def test_a_client_that_leaves_cancels_both(self):
        fleet, gateway = self.fleet_that_hedges()
        for index in range(2):
            fleet.script(index, speaks("late", after=8))
        with Client(gateway.port) as client:
            client.send_request("POST", "/v1/chat/completions",
                                {"model": "best", "stream": True, "messages": [{"role": "user", "content": "hi"}]})
            wait_until(lambda: fleet.calls == [1, 1], what="the second attempt")
        for index in range(2):
            wait_until(lambda: fleet.upstreams[index].calls[0].left_at, 3, "the gateway to leave")
        self.assert_well(gateway)

    def test_plain_answers_are_not_hedged_nor_what_costs_too_much(self):
        fleet, gateway = self.fleet_that_hedges(hedge_max_cost=0.000001)
        fleet.script(0, lambda call: (time.sleep(0.5), call.respond(200, answer("from p0"))))
        fleet.works(1)
        self.assertEqual(self.said(self.ask()), "from p0")
        fleet.script(0, speaks("from p0", after=0.5))
        self.assert_said(self.ask(stream=True), "from p0")
        self.assertEqual(fleet.calls, [2, 0])
        self.assertEqual(gateway.metric("omniroute_upstream_hedges_total"), 0)

    def test_no_more_than_their_share_is_asked_twice(self):
        fleet, gateway = self.fleet_that_hedges(hedge_share=0.25)
        fleet.script(0, speaks("from p0", after=0.4))
        fleet.script(1, speaks("from p1", after=5))
        for response in in_parallel(12, lambda _: self.ask(stream=True)):
            self.assert_said(response, "from p0")
        self.assertEqual(gateway.metric("omniroute_upstream_hedges_total"), 3)

    def test_what_is_usual_is_learned(self):
        fleet, gateway = self.fleet_that_hedges(hedge_delay="10s")
        fleet.script(0, speaks("from p0"))
        fleet.script(1, speaks("from p1"))
        for _ in range(25):
            self.assert_said(self.ask(stream=True), "from p0")
        fleet.script(0, speaks("from p0", after=5))
        self.assert_said(self.ask(stream=True), "from p1")
        self.assertEqual(fleet.calls, [26, 1])


class QueueTest(FleetTest):
    def queue(self, accounts=1, size=1, **queue):
        fleet = Fleet(self, size, accounts)
        self.arrivals, self.running, self.most = [], 0, 0
        lock = threading.Lock()

        def works(call):
            with lock:
                self.arrivals.append(time.monotonic())
                self.running += 1
                self.most = max(self.most, self.running)
            time.sleep(self.takes)
            with lock:
                self.running -= 1
            call.respond(200, answer("done"))
        for index in range(size):
            fleet.script(index, works)
        self.takes = 0
        self.gateway_for(fleet, resilience={
            "wait_for_cooldown": {"enabled": False},
            "request_queue": {"enabled": True, "requests_per_minute": 0, "min_gap": "0s", "concurrent": 0,
                              "max_wait": "10s", **queue}})
        return fleet

    def test_requests_keep_their_distance(self):
        fleet = self.queue(min_gap="150ms")
        answers = in_parallel(5, lambda _: self.ask("p0/m"))
        self.assertEqual([response.status for response in answers], [200] * 5)
        self.assertEqual(fleet.calls, [5])
        gaps = [later - earlier for earlier, later in zip(self.arrivals, self.arrivals[1:])]
        self.assertGreater(min(gaps), 0.1)

    def test_no_more_run_at_once_than_may(self):
        self.queue(concurrent=2)
        self.takes = 0.2
        answers = in_parallel(8, lambda _: self.ask("p0/m"))
        self.assertEqual([response.status for response in answers], [200] * 8)
        self.assertEqual(self.most, 2)

    def test_other_accounts_and_targets_take_what_would_wait(self):
        fleet = self.queue(accounts=2, size=2, min_gap="1h")
        answers = in_parallel(4, lambda _: self.ask())
        self.assertEqual([response.status for response in answers], [200] * 4)
        self.assertEqual(fleet.calls, [2, 2])
        self.assertEqual(sorted(fleet.accounts(0) + fleet.accounts(1)), ["a", "a", "b", "b"])

    def test_a_line_that_is_too_long_is_told(self):
        fleet = self.queue(requests_per_minute=6, max_wait="1s")
        for _ in range(6):
            self.assertEqual(self.ask("p0/m").status, 200)
        response = self.ask("p0/m")
        self.assert_error(response, 429, "RATE_LIMIT_QUEUE_FULL")
        self.assertIn(int(response.headers["retry-after"]), range(5, 11))
        self.assertEqual(fleet.calls, [6])

    def test_who_leaves_while_waiting_is_not_asked_for(self):
        fleet = self.queue(min_gap="700ms")
        self.assertEqual(self.ask("p0/m").status, 200)
        with Client(self.gateway.port) as client:
            client.send_request("POST", "/v1/chat/completions",
                                {"model": "p0/m", "messages": [{"role": "user", "content": "hi"}]})
            time.sleep(0.2)
        time.sleep(1)
        self.assertEqual(fleet.calls, [1])
        self.assertEqual(self.ask("p0/m").status, 200)
        self.assert_well(self.gateway)


class HedgingWithFourWorkersTest(HedgingTest):
    workers = 4


class QueueWithFourWorkersTest(QueueTest):
    workers = 4


if __name__ == "__main__":
    harness.main()
