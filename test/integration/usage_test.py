"""What was used, as management tells it: sums, pages, filters, bad questions, SIGKILL."""
import signal
import time

import harness
from client import chat, get, hello
from harness import CLIENT_KEY, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, text

KEY = [("authorization", f"Bearer {CLIENT_KEY}")]
PRICED = {"id": "m", "price": {"input": 1000, "output": 1000}}


class UsageTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.settings = config(
            [provider(self.upstream, models=[PRICED])],
            keys=[{"name": "ci", "key": CLIENT_KEY}, {"name": "idle", "key": CLIENT_KEY + "2"}])
        self.gateway = self.run_gateway(self.settings)

    def ask(self, path):
        response = get(self.gateway.port, path)
        self.assertEqual(response.status, 200, response.body)
        return response.json

    def spend(self, count):
        before = self.ask("/api/usage/history")["totalRequests"]
        for _ in range(count):
            self.assertEqual(chat(self.gateway.port, hello("up/m"), KEY).status, 200)
        wait_until(lambda: self.ask("/api/usage/history")["totalRequests"] == before + count,
                   what="records")

    def test_sums_and_pages_tell_the_same(self):
        self.spend(5)
        calls = self.ask("/api/usage/call-logs")
        self.assertEqual(len(calls), 5)
        history = self.ask("/api/usage/history")
        self.assertEqual(history["totalPromptTokens"], sum(c["tokens"]["in"] for c in calls))
        self.assertAlmostEqual(history["totalCost"], sum(c["cost"] for c in calls))
        self.assertEqual(history["byModel"]["m (up)"]["requests"], 5)
        self.assertEqual([k["apiKeyName"] for k in history["byApiKey"].values()], ["ci"])
        self.assertEqual(sum(b["requests"] for b in history["last10Minutes"]), 5)
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self.assertEqual(self.ask(f"/api/usage/history?from={today}&to={today}")["totalRequests"], 5)
        for by, name in (("model", ("model", "m")), ("provider", ("provider", "up")),
                         ("key", ("apiKeyName", "ci"))):
            month = self.ask(f"/api/usage/totals?by={by}")
            self.assertEqual(month["total"]["requests"], 5)
            self.assertEqual([row[name[0]] for row in month["rows"]], [name[1]])
        self.assertEqual(self.ask("/api/usage/totals?period=2020-01")["rows"], [])
        line = self.ask("/api/usage/logs?limit=1")
        self.assertEqual(len(line), 1)
        self.assertIn(" | m | UP | ", line[0])

    def test_pages_follow_one_another_and_filters_leave_out(self):
        self.spend(5)
        seen, cursor = [], ""
        for _ in range(6):
            page = get(self.gateway.port, f"/api/usage/call-logs?limit=2{cursor}")
            seen += [call["id"] for call in page.json]
            following = page.headers.get("x-omniroute-next-cursor")
            if not following:
                break
            cursor = f"&cursor={following}"
        self.assertEqual(len(seen), 5)
        self.assertEqual(len(set(seen)), 5)
        for query, count in (("key=ci", 5), ("key=idle", 0), ("model=up/m", 5), ("model=n", 0),
                             ("provider=up", 5), ("status=error", 0), ("status=200", 5),
                             ("from=2020-01-01&to=2020-01-02", 0)):
            self.assertEqual(len(self.ask(f"/api/usage/call-logs?{query}")), count, query)

    def test_how_fast_a_provider_is_can_be_read(self):
        self.spend(4)
        told = self.ask("/api/telemetry/summary")["providers"]
        self.assertEqual(list(told), ["up"])
        self.assertEqual(told["up"]["count"], 4)
        self.assertLessEqual(told["up"]["p50"], told["up"]["p99"])
        self.assertLessEqual(told["up"]["firstByte"]["p50"], told["up"]["p50"])

    def test_scrapers_are_told_how_fast_a_provider_is(self):
        def slow(call):
            if not call.json.get("stream"):
                return call.respond(200, answer("hi", (10, 9)))
            call.begin_stream()
            call.chunk(ROLE)
            time.sleep(0.2)  # The head is there, and no content.
            call.chunk(text("hi") + STOP + DONE)
            call.end_stream()
        self.upstream.script = slow
        self.assertEqual(chat(self.gateway.port, hello("up/m"), KEY).status, 200)
        self.assertEqual(chat(self.gateway.port, {**hello("up/m"), "stream": True}, KEY).status, 200)
        self.upstream.script = lambda call: call.respond(500, b"{}")
        chat(self.gateway.port, hello("up/m"), KEY)

        def told(name, **labels):
            text = ",".join(f'{key}="{value}"' for key, value in {"provider": "up", **labels}.items())
            return self.gateway.metric(f"omniroute_provider_{name}{{{text}}}")
        wait_until(lambda: told("attempt_seconds_count") is not None and told("attempt_seconds_count") >= 3,
                   what="the attempts to be counted")
        self.assertEqual(told("first_token_seconds_count"), 1)
        for quantile in ("0.5", "0.95", "0.99"):
            self.assertAlmostEqual(told("first_token_seconds", quantile=quantile), told("first_token_seconds_sum"),
                                   delta=told("first_token_seconds_sum") * 0.01)
        self.assertGreaterEqual(told("first_token_seconds_sum"), 0.2)
        self.assertGreaterEqual(told("attempt_seconds", quantile="0.99"), 0.2 * 0.99)
        self.assertLess(told("attempt_seconds", quantile="0.5"), 0.2)
        self.assertLess(self.ask("/api/telemetry/summary")["providers"]["up"]["firstByte"]["p99"], 200)

    def test_a_bad_parameter_is_named(self):
        for path in ("call-logs?limit=0", "call-logs?limit=x", "call-logs?status=fine",
                     "call-logs?from=yesterday", "call-logs?to=99999999999999999999",
                     "call-logs?cursor=zz", "logs?limit=1001", "totals?by=color",
                     "totals?period=2026", "history?from=x"):
            with self.subTest(path):
                response = get(self.gateway.port, "/api/usage/" + path)
                self.assertEqual(response.status, 400)
                error = response.json["error"]
                self.assertEqual(error["code"], "invalid_parameter")
                name = path.split("?")[1].split("=")[0]
                self.assertTrue(error["message"].startswith(name + ": "), error)
        self.assertEqual(get(self.gateway.port, "/api/usage/nothing").status, 404)

    def test_failures_count_where_they_happen(self):
        self.upstream.script = lambda call: call.respond(500, b"{}")
        self.assertGreaterEqual(chat(self.gateway.port, hello("up/m"), KEY).status, 500)
        wait_until(lambda: self.ask("/api/usage/history")["totalRequests"] == 1, what="record")
        row = self.ask("/api/usage/totals?by=provider")["rows"][0]
        self.assertEqual((row["provider"], row["errors"]), ("up", 1))

    def test_sums_agree_with_records_after_a_kill(self):
        self.spend(3)
        time.sleep(0.3)  # Until it is synced.
        for _ in range(20):
            chat(self.gateway.port, hello("up/m"), KEY)
        self.gateway.signal(signal.SIGKILL)
        self.gateway.wait_exit()
        self.gateway = self.run_gateway(self.settings, folder=self.gateway.folder)
        calls = self.ask("/api/usage/call-logs")
        self.assertGreaterEqual(len(calls), 3)
        self.assertEqual(self.ask("/api/usage/history")["totalRequests"], len(calls))


if __name__ == "__main__":
    harness.main()
