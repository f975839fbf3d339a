"""Combos, accounts and resilience against a scripted fleet: what the client saw, and how many calls were made.
Each test runs with one worker and with four."""
import json
import signal
import socket
import threading
import time
from collections import Counter

import harness
from client import Client, get, hello
from fleet import LAST, ROLE, WORD, Fleet, FleetTest, closed_port, refuse
from harness import Gateway, GatewayTest, config, wait_until
from upstream import Upstream, answer


class RoutingTest(FleetTest):
    def test_every_error_class_stops_or_moves_on(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet)
        fleet.works(1)
        for status, code, moves in [
                (400, "bad", False), (400, "context_length_exceeded", False), (400, "unsupported_parameter", True),
                (401, "x", True), (402, "x", True), (403, "x", True), (404, "x", True), (408, "x", True),
                (409, "x", False), (413, "x", False), (422, "x", False), (429, "x", True), (500, "x", True),
                (502, "x", True), (503, "x", True), (504, "x", True), (529, "x", True)]:
            with self.subTest(status=status, code=code):
                self.gateway.forget_failures()
                fleet.forget()
                fleet.script(0, refuse(status, code))
                response = self.ask()
                if moves:
                    self.assertEqual((response.status, self.said(response)), (200, "from p1"))
                else:
                    self.assertEqual(response.status, status)
                self.assertEqual(fleet.calls, [1, int(moves)])
        self.assert_well(self.gateway)

    def test_a_context_overflow_goes_to_a_larger_model(self):
        fleet = Fleet(self, 3)
        for provider, context in zip(fleet.providers, (8000, 4000, 32000)):
            provider["models"] = [{"id": "m", "context": context}]
        self.gateway_for(fleet)
        fleet.script(0, refuse(400, "context_length_exceeded"))
        fleet.works(2)
        self.assertEqual(self.said(self.ask()), "from p2")
        self.assertEqual(fleet.calls, [1, 0, 1])

    def test_an_image_goes_to_a_model_that_reads_it(self):
        fleet = Fleet(self, 2)
        for provider, reads in zip(fleet.providers, (["text"], ["text", "image"])):
            provider["models"] = [{"id": "m", "input_modalities": reads}]
        gateway = self.gateway_for(fleet)
        fleet.works(0)
        fleet.works(1)
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
        with Client(gateway.port) as client:
            for content, calls in (("a picture", [1, 0]), ([picture], [1, 1])):
                response = client.request("POST", "/v1/chat/completions",
                                          {"model": "best", "messages": [{"role": "user", "content": content}]})
                self.assertEqual(response.status, 200)
                self.assertEqual(fleet.calls, calls)

    def test_tools_go_to_a_model_that_calls_them(self):
        fleet = Fleet(self, 2)
        for provider, calls_tools in zip(fleet.providers, (False, True)):
            provider["models"] = [{"id": "m", "tool_calling": calls_tools}]
        gateway = self.gateway_for(fleet)
        fleet.works(0)
        fleet.works(1)
        function = {"name": "f", "parameters": {"type": "object"}}
        tool = {"type": "function", "function": function}
        with Client(gateway.port) as client:
            for fields, calls in (({}, [1, 0]), ({"tools": []}, [2, 0]), ({"tools": [tool]}, [2, 1]),
                                  ({"functions": [function]}, [2, 2])):
                self.assertEqual(client.chat(hello("best", **fields)).status, 200)
                self.assertEqual(fleet.calls, calls)
            # Of another dialect as well, and through the translation.
            response = client.request("POST", "/v1/messages", {
                "model": "best", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
                "tools": [{"name": "f", "input_schema": {"type": "object"}}]})
            self.assertEqual((response.status, fleet.calls), (200, [2, 3]))
            # What is known may be wrong: when no other is left, it is tried.
            fleet.script(1, refuse(500))
            self.assertEqual(self.said(client.chat(hello("best", tools=[tool]))), "from p0")
            self.assertEqual(fleet.calls, [3, 4])
            listed = {one["id"]: one for one in client.request("GET", "/v1/models").json["data"]}
            self.assertEqual(listed["p0/m"]["capabilities"], {"tool_calling": False})

    def test_rate_limits_show_what_was_learned_and_who_waits(self):
        fleet = Fleet(self, 2)
        fleet.providers[1]["accounts"][0]["name"] = "other"
        self.gateway_for(fleet, resilience={
            "request_queue": {"enabled": True, "requests_per_minute": 0, "min_gap": "0s", "concurrent": 1,
                              "max_wait": "10s"}})
        release = threading.Event()
        self.addCleanup(release.set)

        def limited(call):
            release.wait(10)
            call.respond(200, answer("fine"), [
                ("x-ratelimit-limit-requests", "200"), ("x-ratelimit-remaining-requests", "50"),
                ("x-ratelimit-reset-requests", "10m"), ("x-ratelimit-limit-tokens", "9000"),
                ("x-ratelimit-remaining-tokens", "8000"), ("x-ratelimit-reset-tokens", "1h")])

        fleet.script(0, limited)
        fleet.script(1, refuse(404))

        def shown():
            return get(self.gateway.port, "/api/rate-limits").json

        before = shown()["connections"]
        self.assertEqual([(one["connectionId"], one["name"], one["limits"]) for one in before],
                         [("p0/a", "a", {}), ("p1/other", "other", {})])
        threads = [threading.Thread(target=self.ask, args=("p0/m",)) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda: shown()["overview"]["p0:p0/a"] == {"queued": 2, "running": 1}, what="the line")
        busy = shown()["connections"][0]
        self.assertTrue(busy["active"] and busy["rateLimitProtection"])
        self.assertEqual(busy["configured"], {"requestsPerMinute": 0, "minTimeBetweenRequestsMs": 0,
                                              "concurrentRequests": 1, "maxWaitMs": 10000})
        release.set()
        for thread in threads:
            thread.join(10)
        self.ask("p1/m")
        after = shown()
        known = after["connections"][0]
        self.assertEqual((known["queued"], known["running"], known["remainingPercent"]), (0, 0, 25.0))
        self.assertEqual((known["limits"]["requests"]["limit"], known["limits"]["requests"]["remaining"]), (200, 50))
        self.assertEqual(known["limits"]["tokens"]["remaining"], 8000)
        self.assertEqual(known["resetAt"], known["limits"]["requests"]["resetAt"])
        self.assertEqual(after["cacheStats"], {"entries": 1})
        self.assertEqual([(one["provider"], one["model"], one["connectionId"], one["reason"])
                          for one in after["lockouts"]], [("p1", "m", "p1/other", "model_not_found")])
        self.assertTrue(100000 < after["lockouts"][0]["remainingMs"] <= 121000, "kept in whole seconds")
        older = get(self.gateway.port, "/api/rate-limit").json
        self.assertEqual(sorted(older), ["connections", "overview"])

    def test_when_all_fail_the_answer_names_each(self):
        fleet = Fleet(self, 3)
        self.gateway_for(fleet)
        fleet.script(0, refuse(500))
        fleet.script(1, refuse(429, message="Slow down."))
        fleet.script(2, refuse(503, message="Gone for lunch."))
        response = self.ask()
        self.assert_error(response, 503, contains="[503]: Gone for lunch. [p0/m (500), p1/m (429), p2/m (503)]")
        told = response.json["diagnostics"]
        self.assertEqual((told["poolSize"], told["attempted"], told["terminalReason"]), (3, 3, "all_models_failed"))
        self.assertEqual([(one["provider"], one["model"], one["status"]) for one in told["attemptOrder"]],
                         [("p0", "p0/m", 500), ("p1", "p1/m", 429), ("p2", "p2/m", 503)])
        self.assertEqual([(one["model"], one["reason"]) for one in told["excluded"]], [("p1/m", "cooling_down")])
        self.assertEqual(response.json["recovery_hint"]["action"], "wait")
        self.assertEqual(told["recovery"], response.json["recovery_hint"])
        self.assertEqual(fleet.calls, [1, 1, 1])
        self.assert_error(self.ask(), 503, contains="p1/m (cooling down)")
        self.assertEqual(fleet.calls, [2, 1, 2], "who asked to wait is not asked")
        self.gateway.forget_failures()
        for index in range(3):
            fleet.script(index, refuse(429))
        response = self.ask()
        self.assertEqual(response.status, 429)

    def test_every_form_of_retry_after_is_kept(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet)
        fleet.works(1)
        for headers, message in [
                ([("retry-after", "40")], "x"), ([("retry-after-ms", "40000")], "x"),
                ([("x-ratelimit-reset", str(int(time.time()) + 41))], "x"),
                ([("retry-after", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 41)))], "x"),
                ([], "Please try again in 40s.")]:
            with self.subTest(headers=headers, message=message):
                self.gateway.forget_failures()
                fleet.forget()
                fleet.script(0, refuse(429, message=message, headers=headers))
                for _ in range(3):
                    self.assertEqual(self.said(self.ask()), "from p1")
                self.assertEqual(fleet.calls, [1, 3])
                shown = self.state(0)["connections"][0]
                self.assertEqual((shown["status"], shown["errorCode"]), ("cooling_down", 429))

    def test_a_refused_connection_moves_on(self):
        fleet = Fleet(self, 2)
        fleet.providers[0]["base_url"] = f"http://127.0.0.1:{closed_port()}/v1"
        fleet.works(1)
        self.gateway_for(fleet)
        self.assertEqual(self.said(self.ask()), "from p1")

    def test_stalls_before_the_first_byte_and_before_the_first_word_move_on(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, rules={"target_timeout": "300ms"})
        fleet.script(1, lambda call: call.stream(ROLE, WORD, LAST))
        never = threading.Event()
        self.addCleanup(never.set)

        def silent(call):
            never.wait(5)

        def role_only(call):
            call.begin_stream()
            call.chunk(ROLE)
            never.wait(5)

        for script in (silent, role_only):
            with self.subTest(script=script.__name__):
                self.gateway.forget_failures()
                fleet.forget()
                fleet.script(0, script)
                began = time.monotonic()
                response = self.ask(stream=True)
                self.assertLess(time.monotonic() - began, 3 * harness.SLOW)
                self.assertEqual(response.status, 200)
                self.assertEqual(response.body.count(b'"content":"hi"'), 1)
                self.assertIn(b"[DONE]", response.body)
                self.assertEqual(fleet.calls, [1, 1])

    def test_pitfall_67_a_cut_before_the_first_word_moves_on_and_one_behind_it_is_an_error(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet)
        fleet.script(1, lambda call: call.stream(ROLE, WORD, LAST))

        def cut(*pieces):
            def script(call):
                call.begin_stream()
                for piece in pieces:
                    call.chunk(piece)
                time.sleep(0.05)
                call.reset()
            return script

        fleet.script(0, cut(ROLE))
        response = self.ask(stream=True)
        self.assertEqual(response.body.count(b'"content":"hi"'), 1)
        self.assertEqual(fleet.calls, [1, 1])
        self.gateway.forget_failures()
        fleet.script(0, cut(ROLE, WORD))
        response = self.ask(stream=True)
        self.assertIn(b'"error"', response.body)
        self.assertNotIn(b'"finish_reason":"stop"', response.body)
        self.assertEqual(fleet.calls, [2, 1], "nothing is tried behind what the client has")

    def test_pitfall_66_an_error_inside_a_stream_moves_on_before_the_first_word(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet)
        error = b'data: {"error":{"message":"context length exceeded","code":400}}\n\n'
        fleet.script(0, lambda call: call.stream(ROLE, error))
        fleet.script(1, lambda call: call.stream(ROLE, WORD, LAST))
        fleet.providers[1]["models"][0]["context"] = 9
        response = self.ask(stream=True)
        self.assertEqual(response.status, 400, "no target holds more: said as a status, not in a stream")
        self.gateway.forget_failures()
        fleet.script(0, lambda call: call.stream(ROLE, b'data: {"error":{"message":"boom"}}\n\n'))
        response = self.ask(stream=True)
        self.assertEqual(response.body.count(b'"content":"hi"'), 1)
        self.assertNotIn(b"boom", response.body)
        self.gateway.forget_failures()
        fleet.script(0, lambda call: call.stream(ROLE, WORD, b'data: {"error":{"message":"boom"}}\n\n'))
        response = self.ask(stream=True)
        self.assertIn(b"boom", response.body)
        self.assertNotIn(b'"finish_reason":"stop"', response.body)

    def test_pitfall_68_each_attempt_is_written_and_signed_for_its_target(self):
        fleet = Fleet(self, 3)
        fleet.providers[1] |= {"dialect": "anthropic", "auth": "x-api-key"}
        fleet.providers[2] |= {"dialect": "gemini", "auth": "x-goog-api-key"}
        self.gateway_for(fleet)
        fleet.script(0, refuse(500))
        fleet.script(1, refuse(529))
        fleet.script(2, lambda call: call.respond(200, {
            "candidates": [{"content": {"role": "model", "parts": [{"text": "from p2"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}}))
        self.assertEqual(self.said(self.ask()), "from p2")
        one, two, three = (upstream.calls[0] for upstream in fleet.upstreams)
        self.assertEqual((one.path, one.headers["authorization"]), ("/v1/chat/completions", "Bearer sk-p0-a"))
        self.assertEqual((two.path, two.headers["x-api-key"]), ("/v1/messages", "sk-p1-a"))
        self.assertIn("max_tokens", two.json)
        self.assertEqual((three.path, three.headers["x-goog-api-key"]), ("/v1/models/m:generateContent", "sk-p2-a"))
        self.assertIn("contents", three.json)
        for call, others in ((one, "12"), (two, "02"), (three, "01")):
            for other in others:
                self.assertNotIn(f"sk-p{other}-a", call.head.decode())

    def test_pitfall_69_the_way_goes_over_as_many_targets_as_there_are(self):
        fleet = Fleet(self, 6)
        self.gateway_for(fleet)
        for index, status in enumerate((500, 429, 401, 404, 503)):
            fleet.script(index, refuse(status))
        fleet.works(5)
        self.assertEqual(self.said(self.ask()), "from p5")
        self.assertEqual(fleet.calls, [1] * 6)

    def test_pitfall_70_nested_combos_fail_with_the_names_of_all(self):
        fleet = Fleet(self, 3)
        inner = {"name": "inner", "targets": [{"model": "p1/m"}, {"model": "p2/m"}], "config": {"max_retries": 0}}
        settings = config(fleet.providers, combos=[
            {"name": "outer", "targets": [{"model": "p0/m"}, {"combo": "inner"}], "config": {"max_retries": 0}}, inner])
        self.gateway = self.run_gateway(settings)
        for index, status in enumerate((500, 502, 503)):
            fleet.script(index, refuse(status))
        self.assert_error(self.ask("outer"), 503, contains="[p0/m (500), p1/m (502), p2/m (503)]")

    def test_retries_come_after_the_others(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, rules={"max_retries": 1, "retry_delay": "50ms"})
        script = iter([refuse(500), lambda call: call.respond(200, answer("second time"))])
        fleet.script(0, lambda call: next(script)(call))
        fleet.script(1, refuse(404))
        self.assertEqual(self.said(self.ask()), "second time")
        self.assertEqual(fleet.calls, [2, 1])

    def test_one_account_exhausted_and_then_all(self):
        fleet = Fleet(self, 1, accounts=3)
        self.gateway_for(fleet)
        bad = {"a"}

        def script(call):
            name = call.headers["authorization"].rpartition("-")[2]
            if name in bad:
                refuse(429, "insufficient_quota", "You exceeded your current quota")(call)
            else:
                call.respond(200, answer(f"by {name}"))

        fleet.script(0, script)
        self.assertEqual(self.said(self.ask("p0/m")), "by b")
        self.assertEqual(self.said(self.ask("p0/m")), "by b")
        self.assertEqual(fleet.accounts(0), ["a", "b", "b"])
        self.assertEqual(self.state(0)["connections"][0]["status"], "credits_exhausted")
        bad.update("bc")
        self.assertEqual(self.ask("p0/m").status, 429)
        self.assertEqual(fleet.accounts(0), ["a", "b", "b", "b", "c"])
        self.assert_error(self.ask("p0/m"), 402, "credits_exhausted")
        self.assertEqual(len(fleet.accounts(0)), 5, "nobody is asked in vain")

    def test_waits_for_the_first_account_that_may_be_asked_again(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet, resilience={"wait_for_cooldown": {"enabled": True, "max_wait": "5s"}})
        script = iter([refuse(429, headers=[("retry-after-ms", "400")]),
                       lambda call: call.respond(200, answer("at last"))])
        fleet.script(0, lambda call: next(script)(call))
        began = time.monotonic()
        self.assertEqual(self.said(self.ask("p0/m")), "at last")
        self.assertGreater(time.monotonic() - began, 0.39)
        self.assertEqual(fleet.calls, [2])

    def test_a_client_that_leaves_while_it_waits_is_forgotten(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet, resilience={"wait_for_cooldown": {"enabled": True, "max_wait": "5s"}})
        fleet.script(0, refuse(429, headers=[("retry-after-ms", "500")]))
        client = Client(self.gateway.port)
        client.send_request("POST", "/v1/chat/completions", {"model": "p0/m", "messages": []})
        wait_until(lambda: fleet.calls == [1], what="the first call")
        client.close()
        time.sleep(0.8)
        self.assertEqual(fleet.calls, [1])

    def test_a_breaker_opens_and_heals_by_one_probe(self):
        fleet = Fleet(self, 1)
        self.gateway_for(fleet, resilience={"breaker": {"api_key_failures": 3, "api_key_reset": "1s"},
                                            "wait_for_cooldown": {"enabled": False}})
        fleet.script(0, refuse(500))
        for _ in range(3):
            self.assertEqual(self.ask("p0/m").status, 500)
        response = self.ask("p0/m")
        self.assert_error(response, 503, "provider_circuit_open")
        self.assertEqual(response.headers["x-omniroute-provider-breaker"], "open")
        self.assertEqual(response.headers["retry-after"], "1")
        self.assertEqual(fleet.calls, [3])
        self.assertEqual(self.state(0)["breaker"]["state"], "OPEN")
        release = threading.Event()
        self.addCleanup(release.set)

        def slow(call):
            release.wait(10)
            call.respond(200, answer("healed"))

        fleet.script(0, slow)
        time.sleep(1.1)
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.ask("p0/m").status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(results) == 7, what="those that are no probe")
        self.assertEqual(fleet.calls, [4], "one probe")
        release.set()
        for thread in threads:
            thread.join(10)
        self.assertEqual(Counter(results), {503: 7, 200: 1})
        self.assertEqual(self.state(0)["breaker"]["state"], "CLOSED")
        self.assertEqual(self.ask("p0/m").status, 200)

    def test_a_cooldown_survives_a_kill(self):
        fleet = Fleet(self, 2)
        gateway = self.gateway_for(fleet)
        fleet.works(1)
        fleet.script(0, refuse(429, headers=[("retry-after", "60")]))
        self.assertEqual(self.said(self.ask()), "from p1")
        time.sleep(1.6)  # Looked at once a second, and written.
        gateway.signal(signal.SIGKILL)
        gateway.wait_exit()
        self.gateway = Gateway(json.loads(gateway.file.read_text()), folder=gateway.folder).start()
        self.addCleanup(self.gateway.close)
        self.assertEqual(self.said(self.ask()), "from p1")
        self.assertEqual(fleet.calls, [1, 2])
        self.assertEqual(self.state(0)["connections"][0]["status"], "cooling_down")

    def test_round_robin_is_exact(self):
        fleet = Fleet(self, 3)
        for index in range(3):
            fleet.works(index)
        self.gateway_for(fleet, strategy="round-robin")
        threads = [threading.Thread(target=lambda: [self.ask() for _ in range(15)]) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(fleet.calls, [30, 30, 30])

    def test_who_has_no_money_left_is_answered_by_the_model_of_last_resort(self):
        fleet = Fleet(self, 3)
        self.gateway_for(fleet, targets=[{"model": "p0/m"}, {"model": "p1/m"}],
                         resilience={"emergency_fallback": {"model": "p2/m", "max_tokens": 50}})
        fleet.works(2)
        broke = refuse(402, "insufficient_quota", "You exceeded your current quota.")
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        cases = [("money", broke, {}, 200, 1), ("few tokens", broke, {"max_tokens": 7}, 200, 1),
                 ("many tokens", broke, {"max_tokens": 700}, 200, 1), ("a stream", broke, {"stream": True}, 402, 0),
                 ("tools", broke, {"tools": [tool]}, 402, 0), ("no money problem", refuse(500), {}, 500, 0)]
        for name, script, more, status, calls in cases:
            with self.subTest(name):
                self.gateway.forget_failures()
                fleet.forget()
                fleet.script(0, script)
                fleet.script(1, script)
                with Client(self.gateway.port) as client:
                    response = client.chat(hello("best", **more))
                self.assertEqual((response.status, fleet.calls), (status, [1, 1, calls]))
                self.assertEqual(response.headers.get("x-omniroute-fallback"), "emergency" if calls else None)
                if calls:
                    self.assertEqual(self.said(response), "from p2")
                    sent = fleet.upstreams[2].calls[0].json
                    limit = sent.get("max_tokens") or sent.get("max_completion_tokens")
                    self.assertEqual(limit, min(more.get("max_tokens", 50), 50))
        with self.subTest("accounts that are known to have none"):
            fleet.forget()
            fleet.script(0, broke)
            fleet.script(1, broke)
            self.gateway.forget_failures()
            for calls in ([1, 1, 1], [1, 1, 2]):
                self.assertEqual(self.said(self.ask()), "from p2")
                self.assertEqual(fleet.calls, calls)
        with self.subTest("it fails as well"):
            self.gateway.forget_failures()
            fleet.script(2, refuse(500, message="Down."))
            response = self.ask()
            self.assertEqual(response.status, 402)
            self.assertIn("exceeded your current quota", response.json["error"]["message"])
        self.assert_well(self.gateway)

    def test_a_key_reaches_the_model_of_last_resort_only_if_it_may_use_it(self):
        fleet = Fleet(self, 2)
        self.gateway_for(fleet, targets=[{"model": "p0/m"}], resilience={"emergency_fallback": {"model": "p1/m"}},
                         keys=[{"name": "narrow", "key": "sk-narrow", "allowed_models": ["best", "p0/*"]},
                               {"name": "wide", "key": "sk-wide", "allowed_models": ["best", "p1/*"]}])
        fleet.works(1)
        fleet.script(0, refuse(402))
        for key, status in (("sk-narrow", 402), ("sk-wide", 200)):
            self.gateway.forget_failures()
            with Client(self.gateway.port) as client:
                response = client.chat(hello("best"), [("authorization", f"Bearer {key}")])
            self.assertEqual(response.status, status, key)
        self.assertEqual(fleet.calls, [2, 1])

    def test_expiry_first_uses_up_the_account_that_is_whole_again_soonest(self):
        fleet = Fleet(self, 1, accounts=3)
        fleet.providers[0] |= {"account_strategy": "expiry-first", "session_affinity": "0s"}
        self.gateway_for(fleet, resilience={"wait_for_cooldown": {"enabled": False}})
        resets = {"a": "40m", "b": "10m", "c": "25m"}
        left = {"a": 90, "b": 50, "c": 70}

        def script(call):
            name = call.headers["authorization"].rpartition("-")[2]
            call.respond(200, answer(f"by {name}"), [
                ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", str(left[name])),
                ("x-ratelimit-reset-requests", resets[name])])

        fleet.script(0, script)
        # Of those of which nothing is known the first: it becomes known, and is used before the others.
        self.assertEqual([self.said(self.ask("p0/m")) for _ in range(2)], ["by a", "by a"])
        left["a"] = 0
        self.assertEqual([self.said(self.ask("p0/m")) for _ in range(3)], ["by a", "by b", "by b"])
        left["b"] = 0
        self.assertEqual([self.said(self.ask("p0/m")) for _ in range(3)], ["by b", "by c", "by c"])
        left["c"] = 0
        self.ask("p0/m")
        self.assert_error(self.ask("p0/m"), 429)

    def test_expiry_first_turns_to_the_account_whose_limit_ends_sooner(self):
        fleet = Fleet(self, 1, accounts=2)
        fleet.providers[0] |= {"account_strategy": "expiry-first", "session_affinity": "0s"}
        self.gateway_for(fleet, keys=[{"name": name, "key": f"sk-{name}", "allowed_connections": [f"p0/{name}"]}
                                      for name in "ab"])
        resets = {"a": "40m", "b": "10m"}

        def script(call):
            name = call.headers["authorization"].rpartition("-")[2]
            call.respond(200, answer(f"by {name}"), [
                ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "50"),
                ("x-ratelimit-reset-requests", resets[name])])

        fleet.script(0, script)

        def ask(key):
            with Client(self.gateway.port) as client:
                return self.said(client.chat(hello("p0/m"), [("authorization", f"Bearer {key}")]))

        self.assertEqual([ask("sk-a"), ask("sk-b")], ["by a", "by b"])
        self.assertEqual([ask("nobody's") for _ in range(2)], ["by b", "by b"])
        resets["b"] = "2h"
        self.assertEqual([ask("nobody's") for _ in range(3)], ["by b", "by a", "by a"])

    def test_a_conversation_stays_with_its_account(self):
        fleet = Fleet(self, 1, accounts=4)
        fleet.providers[0] |= {"account_strategy": "round-robin", "sticky_limit": 1}
        self.gateway_for(fleet)
        fleet.works(0)
        for turn in range(6):
            with Client(self.gateway.port) as client:
                for name in ("one", "two"):
                    client.request("POST", "/v1/chat/completions",
                                   {"model": "p0/m", "messages": [{"role": "user", "content": str(turn)}]},
                                   [("x-session-id", name)])
        accounts = fleet.accounts(0)
        self.assertEqual(len(set(accounts[0::2])), 1)
        self.assertEqual(len(set(accounts[1::2])), 1)
        self.assertNotEqual(accounts[0], accounts[1])

    def test_a_reload_keeps_what_is_known(self):
        fleet = Fleet(self, 2)
        gateway = self.gateway_for(fleet)
        fleet.works(1)
        fleet.script(0, refuse(429, headers=[("retry-after", "60")]))
        self.ask()
        settings = json.loads(gateway.file.read_text())
        settings["aliases"] = {"other": "p1/m"}
        gateway.write(settings)
        wait_until(lambda: gateway.status()["generation"] == 2, what="the new configuration")
        self.ask()
        self.assertEqual(fleet.calls, [1, 2])
        settings["providers"][0]["accounts"][0]["api_key"] = "sk-p0-z"
        gateway.write(settings)
        wait_until(lambda: gateway.status()["generation"] == 3, what="the new key")
        self.ask()
        self.assertEqual(fleet.calls, [2, 3], "another key, another account")


class RoutingWithFourWorkersTest(RoutingTest):
    workers = 4


if __name__ == "__main__":
    harness.main()
