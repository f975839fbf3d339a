"""Limits and budgets of keys over sockets: one worker and four, reloads, restarts, SIGKILL."""
import json
import signal
import threading
import time

import harness
from client import Client, chat, events, get, hello
from harness import CLIENT_KEY, SLOW, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, event, text

KEY = [("authorization", f"Bearer {CLIENT_KEY}")]
# A dollar for a thousand tokens, either way.
PRICED = {"id": "m", "price": {"input": 1000, "output": 1000}}
TIERED = {"id": "m", "price": {**PRICED["price"], "tiers": {"flex": {"input": 500, "output": 500},
                                                           "priority": {"input": 3000, "output": 3000}}}}


def settings_for(upstream, workers=4, **key):
    settings = config([provider(upstream, models=[PRICED])],
                      keys=[{"name": "ci", "key": CLIENT_KEY, **key}])
    settings["workers"] = workers
    return settings


def counted(usage, **more):
    """The chunk that tells a stream's usage."""
    return b"data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1790000000,
                                   "model": "m", "choices": [], "usage": usage, **more}).encode() + b"\n\n"


def statuses(port, count, body, threads=10):
    """Sends `count` requests on as many connections, `threads` at once."""
    found, lock = [], threading.Lock()

    def run(share):
        for _ in range(share):
            status = chat(port, body, KEY).status
            with lock:
                found.append(status)
    workers = [threading.Thread(target=run, args=(count // threads,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return found


class RateTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)

    def test_pitfall_59_the_limit_is_that_of_all_workers_together(self):
        for workers in (1, 4):
            with self.subTest(workers=workers):
                self.upstream.calls.clear()
                gateway = self.run_gateway(settings_for(
                    self.upstream, workers, rate_limits=[{"limit": 37, "window": "1h"}]))
                found = statuses(gateway.port, 100, hello("up/m"))
                self.assertEqual((found.count(200), found.count(429)), (37, 63))
                self.assertEqual(len(self.upstream.calls), 37)

    def test_pitfall_64_every_answer_tells_what_is_left(self):
        gateway = self.run_gateway(settings_for(
            self.upstream, rate_limits=[{"limit": 2, "window": "1h"},
                                        {"limit": 9000, "window": "1h", "of": "tokens"}]))
        first = chat(gateway.port, hello("up/m"), KEY)
        self.assertEqual(first.headers["x-ratelimit-limit-requests"], "2")
        self.assertEqual(first.headers["x-ratelimit-remaining-requests"], "1")
        self.assertEqual(first.headers["x-ratelimit-limit-tokens"], "9000")
        self.assertEqual(first.headers["x-ratelimit-remaining-tokens"], str(9000 - 19))
        wrong = chat(gateway.port, hello("nowhere/m"), KEY)
        self.assertEqual(wrong.status, 400)
        self.assertEqual(wrong.headers["x-ratelimit-remaining-requests"], "1", "what is refused is not counted")
        self.upstream.script = lambda call: call.respond(500, {"error": {"message": "Down."}})
        failed = chat(gateway.port, hello("up/m"), KEY)
        self.assertEqual(failed.status, 500)
        self.assertEqual(failed.headers["x-ratelimit-remaining-requests"], "0", "what was asked for is")
        with Client(gateway.port) as client:
            refused = client.request("POST", "/v1/messages", {**hello("up/m"), "max_tokens": 5},
                                     [("x-api-key", CLIENT_KEY)])
        self.assertEqual(refused.status, 429)
        self.assertEqual(refused.json["error"]["type"], "rate_limit_error")
        self.assertEqual(refused.headers["anthropic-ratelimit-requests-remaining"], "0")
        self.assertLessEqual(1, int(refused.headers["retry-after"]))
        self.assertLessEqual(int(refused.headers["retry-after"]), 3600)
        self.assertEqual(gateway.metric('omniroute_limits_refused_total{limit="requests"}'), 1)
        self.assert_well(gateway)

    def test_pitfall_64_a_reload_changes_the_limit_and_keeps_the_count(self):
        settings = settings_for(self.upstream, rate_limits=[{"limit": 2, "window": "1h"}])
        gateway = self.run_gateway(settings)
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
        settings["keys"][0]["rate_limits"][0]["limit"] = 4
        gateway.write(settings)
        gateway.wait_log("configuration 2 is in force")
        found = [chat(gateway.port, hello("up/m"), KEY).status for _ in range(4)]
        self.assertEqual(found, [200, 200, 200, 429])

    def test_a_window_opens_again(self):
        gateway = self.run_gateway(settings_for(
            self.upstream, rate_limits=[{"limit": 1, "window": "2s"}]))
        refused = wait_until(lambda: (found := chat(gateway.port, hello("up/m"), KEY)).status == 429
                             and found, 5, "a refusal")
        time.sleep(int(refused.headers["retry-after"]) + 0.05)
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)

    def test_pitfall_61_parallel_streams_and_how_far_they_overshoot(self):
        """50 streams of 40 tokens on one key, limit 1,000 tokens, 4 workers."""
        def script(call):
            call.begin_stream()
            call.chunk(ROLE)
            for _ in range(40):
                call.chunk(text("a"))
                time.sleep(0.005)
            call.chunk(STOP)
            call.chunk(event(usage={"prompt_tokens": 20, "completion_tokens": 40, "total_tokens": 60}))
            call.chunk(DONE)
            call.end_stream()
        self.upstream.script = script
        for fields, bound in (({"max_tokens": 40}, 1000 + 50 * 20), ({}, 1000 + 50 * 60)):
            gateway = self.run_gateway(settings_for(
                self.upstream, rate_limits=[{"limit": 1000, "window": "1h", "of": "tokens"}]))
            body = hello("up/m", stream=True, stream_options={"include_usage": True}, **fields)
            found = statuses(gateway.port, 50, body, threads=50)
            used = found.count(200) * 60
            print(f"50 parallel streams, limit 1000 tokens, {fields or 'no max_tokens'}: "
                  f"{found.count(200)} admitted, {used} tokens used, bound {bound}")
            self.assertLessEqual(used, bound)
            self.assertEqual(found.count(200) + found.count(429), 50)
            # Afterwards the window is as full as it was used.
            last = chat(gateway.port, hello("up/m", max_tokens=100000), KEY)
            if used >= 1000:
                self.assertEqual(last.status, 429)
            gateway.close()

    def test_sessions_are_counted_over_all_workers(self):
        gateway = self.run_gateway(settings_for(self.upstream, max_sessions=3))
        found = [chat(gateway.port, hello("up/m"), KEY + [("x-session-id", f"s{i}")]).status
                 for i in range(5)]
        self.assertEqual(found, [200, 200, 200, 429, 429])
        again = chat(gateway.port, hello("up/m"), KEY + [("x-session-id", "s1")])
        self.assertEqual(again.status, 200)


    def test_a_reload_that_changes_how_many_sessions_there_may_be_keeps_those_that_go_on(self):
        settings = settings_for(self.upstream, max_sessions=1)
        gateway = self.run_gateway(settings)

        def ask(session):
            return chat(gateway.port, hello("up/m"), KEY + [("x-session-id", session)]).status

        self.assertEqual([ask("one"), ask("two")], [200, 429])
        settings["keys"][0]["max_sessions"] = 2
        gateway.write(settings)
        gateway.wait_log("configuration 2 is in force")
        self.assertEqual([ask("two"), ask("three"), ask("one")], [200, 429, 200])
        settings["keys"][0]["max_sessions"] = 1
        gateway.write(settings)
        gateway.wait_log("configuration 3 is in force")
        self.assertEqual([ask("one"), ask("two"), ask("three")], [200, 200, 429])

    def test_what_is_refused_uses_up_no_window(self):
        settings = settings_for(self.upstream, allowed_connections=["up/*"], rate_limits=[
            {"limit": 2, "window": "1h"}, {"limit": 1000, "window": "1h", "of": "tokens"}])
        settings["providers"].append(provider(self.upstream, "shut", models=[{"id": "m"}]))
        gateway = self.run_gateway(settings)
        for model, status in (("shut/m", 403), ("nowhere/m", 400), ("shut/m", 403), ("up/m", 200)):
            response = chat(gateway.port, hello(model, max_tokens=900), KEY)
            self.assertEqual(response.status, status, model)
            left = "2" if status != 200 else "1"
            self.assertEqual(response.headers["x-ratelimit-remaining-requests"], left)
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 429)


class PolicyTest(GatewayTest):
    def test_a_limited_key_reaches_the_targets_of_a_combo_that_it_may_use(self):
        other = Upstream()
        self.addCleanup(other.close)
        upstream = Upstream()
        self.addCleanup(upstream.close)
        limits = {"rate_limits": [{"limit": 100, "window": "1h"}]}
        gateway = self.run_gateway(config(
            [provider(upstream, "p0", models=[{"id": "m"}]), provider(other, "p1", models=[{"id": "x"}])],
            combos=[{"name": "x", "targets": [{"model": "p0/m"}, {"model": "p1/x"}]},
                    {"name": "best", "targets": [{"model": "p0/m"}]}],
            keys=[{"name": "narrow", "key": "sk-narrow", "allowed_models": ["p0/*"], **limits},
                  {"name": "named", "key": "sk-named", "allowed_models": ["best"], **limits}]))

        def ask(model, key):
            return chat(gateway.port, hello(model), [("authorization", f"Bearer {key}")])

        # The combo wins over the model of the same name, which the key may not use.
        self.assertEqual(ask("x", "sk-narrow").status, 200)
        self.assertEqual((len(upstream.calls), len(other.calls)), (1, 0))
        self.assert_error(ask("p1/x", "sk-narrow"), 403, "model_not_allowed")
        self.assertEqual([ask(model, "sk-named").status for model in ("best", "combo/best", "x", "p0/m")],
                         [200, 200, 403, 403])

    def test_keys_that_may_not(self):
        upstream = Upstream()
        self.addCleanup(upstream.close)
        gateway = self.run_gateway(settings_for(upstream, disabled=True))
        self.assert_error(chat(gateway.port, hello("up/m"), KEY), 403, "key_disabled")
        gateway = self.run_gateway(settings_for(upstream, expires_at="2020-01-01T00:00:00Z"))
        self.assert_error(chat(gateway.port, hello("up/m"), KEY), 403, "key_expired")
        hour = time.gmtime(time.time() + 7200).tm_hour
        gateway = self.run_gateway(settings_for(
            upstream, schedule={"from": f"{hour:02}:00", "until": f"{hour:02}:59"}))
        self.assert_error(chat(gateway.port, hello("up/m"), KEY), 403, "key_outside_hours",
                          "Access denied outside allowed hours")


    def test_pitfall_65_a_key_that_gets_another_value_stays_the_same_key(self):
        upstream = Upstream(lambda call: call.respond(200, answer()))
        self.addCleanup(upstream.close)
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        limited = {"rate_limits": [{"limit": 3, "window": "24h"}]}
        before = settings_for(upstream, **limited)
        gateway = self.run_gateway(before)
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
        key = before["keys"][0]
        after = {**before, "keys": [{**key, "key": "sk-new-value", "previous": [
            {"key": key["key"], "until": soon}, {"key": "sk-older-value", "until": "2020-01-01T00:00:00Z"}]}]}
        gateway.write(after)
        wait_until(lambda: gateway.status()["generation"] == 2, what="the new value")
        new = [("authorization", "Bearer sk-new-value")]
        self.assertEqual(chat(gateway.port, hello("up/m"), new).status, 200)
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
        self.assertEqual(chat(gateway.port, hello("up/m"), new).status, 429, "one count for both")
        self.assert_error(chat(gateway.port, hello("up/m"), [("authorization", "Bearer sk-older-value")]), 403,
                          "key_expired")
        names = wait_until(lambda: [record["key"] for record in gateway.records if "key" in record][3:], what="its lines")
        self.assertEqual(set(names), {key["name"]})


class CostTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream(lambda call: call.respond(200, answer(usage=(2, 1))))
        self.addCleanup(self.upstream.close)

    def test_an_answer_and_its_line_say_what_it_cost(self):
        settings = config([provider(self.upstream, models=[PRICED, {"id": "free"}])])
        gateway = self.run_gateway(settings)
        plain = chat(gateway.port, hello("up/m"))
        self.assertEqual(plain.headers["x-omniroute-response-cost"], "0.0030000000")
        self.assertEqual(gateway.access_of(plain)["cost"], 0.003)
        free = chat(gateway.port, hello("up/free"))
        self.assertNotIn("x-omniroute-response-cost", free.headers)
        line = gateway.access_of(free)
        self.assertIsNone(line["cost"])
        self.assertIs(line["priced"], False)

    def test_an_answer_in_another_dialect_tells_it_too(self):
        gateway = self.run_gateway(config([provider(self.upstream, models=[PRICED])]))
        with Client(gateway.port) as client:
            told = client.request("POST", "/v1/messages", {**hello("up/m"), "max_tokens": 9})
        self.assertEqual(told.status, 200)
        self.assertEqual(told.headers["x-omniroute-response-cost"], "0.0030000000")

    def priced_by_tier(self, **more):
        return self.run_gateway(config(
            [provider(self.upstream, models=[TIERED, {"id": "free"}], usage_in_streams=True, **more)],
            keys=[{"name": "ci", "key": CLIENT_KEY, "budget": {"limit": 50.0}}]))

    def call_of(self, gateway, response):
        """What the call log shows of the exchange that gave this answer, once it is stored."""
        identity = response.headers["x-omniroute-request-id"]
        return wait_until(lambda: next((call for call in get(gateway.port, "/api/usage/call-logs").json
                                        if call["id"] == identity), None), what="the record")

    def ask(self, gateway, path, body):
        with Client(gateway.port) as client:
            response = client.request("POST", path, body, KEY)
        self.assertEqual(response.status, 200, response.body)
        return response

    def test_the_tier_that_answered_decides_the_price_not_the_one_that_was_asked_for(self):
        gateway = self.priced_by_tier()
        # Asked for, answered with, dollars for two tokens of input and one of output, recorded.
        for asked, said, cost, tier in (
                (None, None, 0.003, None), ("flex", None, 0.0015, "flex"), ("flex", "flex", 0.0015, "flex"),
                ("flex", "default", 0.003, "standard"), ("auto", "priority", 0.009, "priority"),
                (None, "priority", 0.009, "priority"), ("priority", "scale", 0.003, "scale")):
            body = {**hello("up/m"), **({"service_tier": asked} if asked else {})}
            more = {"service_tier": said} if said else {}
            with self.subTest(asked=asked, said=said):
                self.upstream.script = lambda call: call.respond(200, {**answer(usage=(2, 1)), **more})
                plain = self.ask(gateway, "/v1/chat/completions", body)
                self.assertAlmostEqual(float(plain.headers["x-omniroute-response-cost"]), cost, 9)
                line = gateway.access_of(plain)
                self.assertAlmostEqual(line["cost"], cost, 9)
                self.assertEqual(line.get("tier", "standard"), tier or "standard")
                self.assertEqual(self.call_of(gateway, plain)["serviceTier"], tier)
                usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
                self.upstream.script = lambda call: call.stream(
                    event({"content": "hi"}, **more), event({}, "stop", **more), counted(usage, **more), DONE)
                for path, form in (("/v1/chat/completions", body), ("/v1/messages", {**hello("up/m"), "max_tokens": 9})):
                    if path == "/v1/messages" and asked and not said:
                        continue  # Its clients cannot ask for it.
                    streamed = self.ask(gateway, path, {**form, "stream": True})
                    self.assertAlmostEqual(gateway.access_of(streamed)["cost"], cost, 9)
        self.assert_well(gateway)

    def test_the_tier_of_models_of_other_dialects(self):
        claude = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                  "content": [{"type": "text", "text": "hi"}],
                  "usage": {"input_tokens": 2, "output_tokens": 1, "service_tier": "priority"}}
        gemini = {"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}],
                  "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 1, "totalTokenCount": 3}}
        response = {"id": "resp_1", "object": "response", "status": "completed", "service_tier": "priority",
                    "model": "m", "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                                              "content": [{"type": "output_text", "text": "hi", "annotations": []}]}],
                    "usage": {"input_tokens": 2, "output_tokens": 1, "total_tokens": 3}}
        for dialect, body, headers in (("anthropic", claude, ()), ("openai-responses", response, ()),
                                       ("gemini", gemini, (("x-gemini-service-tier", "priority"),))):
            with self.subTest(dialect=dialect):
                self.upstream.script = lambda call: call.respond(200, body, headers)
                base = self.upstream.url if dialect != "gemini" else self.upstream.url.replace("/v1", "/v1beta")
                gateway = self.priced_by_tier(dialect=dialect, base_url=base)
                told = self.ask(gateway, "/v1/chat/completions", {**hello("up/m"), "service_tier": "flex"})
                self.assertEqual(told.headers["x-omniroute-response-cost"], "0.0090000000")

    def test_what_the_provider_says_it_cost_wins_over_the_table_and_needs_none(self):
        gateway = self.priced_by_tier()
        usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3, "cost_in_usd_ticks": 1234567890}
        self.upstream.script = lambda call: call.respond(200, {**answer(), "usage": usage})
        for model in ("up/m", "up/free"):
            plain = self.ask(gateway, "/v1/chat/completions", hello(model))
            self.assertEqual(plain.headers["x-omniroute-response-cost"], "0.1234567890")
            self.assertEqual(gateway.access_of(plain)["cost"], 0.123456789)
        receipt = get(gateway.port, f"/api/receipts/{plain.headers['x-omniroute-receipt']}").json
        self.assertEqual((receipt["cost"], receipt["price"]["source"]), (0.123456789, "provider"))
        self.upstream.script = lambda call: call.stream(event({"content": "hi"}), STOP, counted(usage), DONE)
        for path in ("/v1/chat/completions", "/v1/messages"):
            streamed = self.ask(gateway, path, {**hello("up/free"), "max_tokens": 9, "stream": True})
            self.assertEqual(gateway.access_of(streamed)["cost"], 0.123456789)
        total = wait_until(lambda: next((one for one in [get(gateway.port, "/api/usage/totals").json["total"]]
                                         if one["requests"] == 4), None), what="the sum")
        self.assertEqual(total["costNanodollars"], 4 * 123456789)
        self.assertEqual(gateway.metric("omniroute_budget_unpriced_total"), 0)

    def test_a_receipt_shows_the_rates_of_the_tier(self):
        self.upstream.script = lambda call: call.respond(200, {**answer(usage=(2, 1)), "service_tier": "priority"})
        gateway = self.priced_by_tier()
        plain = self.ask(gateway, "/v1/chat/completions", hello("up/m"))
        price = get(gateway.port, f"/api/receipts/{plain.headers['x-omniroute-receipt']}").json["price"]
        self.assertEqual((price["source"], price["tier"]), ("file", "priority"))
        self.assertEqual(price["perMillion"], {"input": 3000, "output": 3000})


class BudgetTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream(lambda call: call.respond(200, answer(usage=(200, 100))))
        self.addCleanup(self.upstream.close)

    def spend_all(self, gateway, most=20):
        """Statuses until the first refusal."""
        found = []
        while len(found) < most and (not found or found[-1] == 200):
            found.append(chat(gateway.port, hello("up/m"), KEY).status)
        return found

    def test_pitfall_63_the_answer_that_crosses_is_delivered_and_the_next_refused(self):
        for workers in (1, 4):
            with self.subTest(workers=workers):
                gateway = self.run_gateway(settings_for(
                    self.upstream, workers, budget={"limit": 1.0, "period": "monthly"}))
                self.assertEqual(self.spend_all(gateway), [200, 200, 200, 200, 429])
                refused = chat(gateway.port, hello("up/m"), KEY)
                self.assert_error(refused, 429, "budget_exceeded", "1.20 of 1.00 USD monthly")
                self.assertLess(0, int(refused.headers["retry-after"]))
                gateway.wait_log("the key 'ci' has spent 0.900000000 of its budget")
                self.assertEqual(gateway.log.count("of its budget"), 1)
                self.assertEqual(gateway.metric("omniroute_budget_warnings_total"), 1)
                self.assert_well(gateway)

    def test_the_owner_is_warned_in_the_answer(self):
        gateway = self.run_gateway(settings_for(self.upstream, budget={"limit": 1.0, "warn_at": 0.5}))
        first = chat(gateway.port, hello("up/m"), KEY)
        self.assertNotIn("x-omniroute-budget-warning", first.headers)
        second = chat(gateway.port, hello("up/m"), KEY)
        self.assertEqual(second.headers["x-omniroute-budget-warning"], "0.60 of 1.00 USD monthly")

    def test_a_restart_and_a_kill_forget_nothing_that_is_a_second_old(self):
        for workers in (1, 4):
            with self.subTest(workers=workers):
                settings = settings_for(self.upstream, workers, budget={"limit": 1.0})
                gateway = self.run_gateway(settings)
                folder = gateway.folder
                self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
                self.assertEqual(gateway.stop(), 0)
                gateway = self.run_gateway(settings, folder=folder)
                self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
                time.sleep(1.0 * SLOW)
                gateway.process.kill()
                gateway.process.wait()
                gateway = self.run_gateway(settings, folder=folder)
                self.assertEqual(self.spend_all(gateway), [200, 200, 429])

    def test_a_restart_in_place_goes_on_with_what_was_spent(self):
        gateway = self.run_gateway(settings_for(self.upstream, budget={"limit": 1.0}))
        self.assertEqual(chat(gateway.port, hello("up/m"), KEY).status, 200)
        time.sleep(0.5 * SLOW)
        gateway.signal(signal.SIGUSR2)
        gateway.wait_log("^listening on", 20, count=2)
        self.assertEqual(gateway.wait_exit(), 0)
        self.assertEqual(self.spend_all(gateway), [200, 200, 200, 429])

    def test_a_kill_under_load_loses_at_most_the_last_second(self):
        settings = settings_for(self.upstream, budget={"limit": 1000.0})
        gateway = self.run_gateway(settings)
        answered, over = [], threading.Event()

        def load():
            try:
                with Client(gateway.port) as client:
                    while not over.is_set():
                        if client.chat(hello("up/m"), KEY).status == 200:
                            answered.append(time.monotonic())
                        time.sleep(0.01)
            except (OSError, ValueError):
                pass  # The kill.
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(2.5)
        killed = time.monotonic()
        gateway.process.kill()
        gateway.process.wait()
        over.set()
        for thread in threads:
            thread.join()
        settings["keys"][0]["budget"]["limit"] = 0.0001
        gateway = self.run_gateway(settings, folder=gateway.folder)
        refused = chat(gateway.port, hello("up/m"), KEY)
        self.assertEqual(refused.status, 429)
        spent = float(refused.error["message"].split(": ")[1].split(" of ")[0])
        least = 0.3 * sum(1 for when in answered if when < killed - 1.0 * SLOW)
        print(f"killed under load: {0.3 * len(answered):.1f} dollars were answered, {spent:.1f} are known, "
              f"{least:.1f} must be")
        self.assertGreaterEqual(spent, least - 0.01)
        self.assertLessEqual(spent, 0.3 * (len(answered) + 4) + 0.01)

    def stream_until_stopped(self, path, body, headers=KEY):
        def script(call):
            call.begin_stream()
            call.chunk(ROLE)
            for _ in range(2000):
                call.chunk(text("word "))
                time.sleep(0.002)
            call.chunk(STOP + DONE)
            call.end_stream()
        self.upstream.script = script
        gateway = self.run_gateway(settings_for(self.upstream, budget={"limit": 0.1, "period": "daily"}))
        with Client(gateway.port) as client:
            told = client.request("POST", path, body, headers)
        self.assertEqual(told.status, 200)
        self.assertTrue(told.complete)
        refused = chat(gateway.port, hello("up/m"), KEY)
        self.assertEqual(refused.status, 429)
        # A tenth of a dollar is a hundred tokens.
        words = told.body.count(b"word ")
        self.assertTrue(60 < words < 130, words)
        self.assertEqual(gateway.metric("omniroute_budget_stopped_streams_total"), 1)
        self.assert_well(gateway)
        return told

    def test_a_stream_that_crosses_ends_in_its_middle_openai(self):
        told = self.stream_until_stopped("/v1/chat/completions", hello("up/m", stream=True))
        found = events(told.body)
        self.assertIn("budget_exceeded", found[-1])
        self.assertNotIn("[DONE]", found)

    def test_a_stream_that_crosses_ends_in_its_middle_anthropic(self):
        told = self.stream_until_stopped("/v1/messages", {**hello("up/m", stream=True), "max_tokens": 9000})
        found = [json.loads(data) for data in events(told.body)]
        error = next(data for data in found if data["type"] == "error")
        self.assertEqual(error["error"]["type"], "rate_limit_error")

    def test_parallel_streams_on_one_budget_stop_together(self):
        """The bound: what each of them had in hand when the budget was spent."""
        def script(call):
            call.begin_stream()
            call.chunk(ROLE)
            for _ in range(400):
                call.chunk(text("w "))
                time.sleep(0.01)
            call.chunk(STOP + DONE)
            call.end_stream()
        self.upstream.script = script
        gateway = self.run_gateway(settings_for(self.upstream, budget={"limit": 2.0}))
        words, lock = [], threading.Lock()

        def run():
            with Client(gateway.port) as client:
                told = client.chat(hello("up/m", stream=True), KEY)
                with lock:
                    words.append(told.body.count(b"w ") if told.status == 200 else 0)
        threads = [threading.Thread(target=run) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent = float(chat(gateway.port, hello("up/m"), KEY).error["message"].split(": ")[1].split(" of ")[0])
        print(f"50 parallel streams, budget 2.00 dollars, 0.001 a token: {sum(words)} tokens delivered, "
              f"{spent:.2f} dollars spent")
        self.assertLess(spent, 2.0 + 50 * 0.05)

    def test_a_model_without_a_price_is_counted_apart_and_told(self):
        settings = settings_for(self.upstream, budget={"limit": 0.1})
        settings["providers"][0]["models"] = [{"id": "free"}]
        gateway = self.run_gateway(settings)
        for _ in range(3):
            self.assertEqual(chat(gateway.port, hello("up/free"), KEY).status, 200)
        gateway.wait_log("does not count what up/free costs")
        self.assertEqual(gateway.metric("omniroute_budget_unpriced_total"), 3)
        self.assertEqual(get(gateway.port, "/healthz").status, 200)


if __name__ == "__main__":
    harness.main()
