"""Combos that ask several models for one answer: panels with a judge, and pipelines. What the client saw, what each
model was told, and what was paid for. Each test runs with one worker and with four."""
import json
import threading
import time

import harness
from client import Client, get
from fleet import Fleet, FleetTest, refuse
from harness import CLIENT_KEY, SLOW, wait_until
from upstream import DONE, ROLE, STOP, answer, text

PRICE = {"input": 1, "output": 10}
USAGE = (b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
         b'"usage":{"prompt_tokens":500,"completion_tokens":50,"total_tokens":550}}\n\n')
TOOL = {"type": "function", "function": {"name": "look", "description": "Looks.",
                                         "parameters": {"type": "object", "properties": {}}}}


def claude(words, usage=(100, 10)):
    """A plain answer of Anthropic's."""
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": words}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": usage[0], "output_tokens": usage[1]}}


def claude_stream(words):
    events = [
        ("message_start", {"message": {**claude("", (500, 1)), "content": [], "stop_reason": None}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": words}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 50}}),
        ("message_stop", {})]
    return b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"type": name, **data}).encode())
                    for name, data in events)


def says(words, usage=(100, 10), after=0.0):
    """A script of an OpenAI server, streamed when that is asked for; notes when the gateway leaves instead."""
    def script(call):
        if after and call.wait_left(after):
            return
        if not call.json.get("stream"):
            return call.respond(200, answer(words, usage))
        asked = call.json.get("stream_options", {}).get("include_usage")
        call.stream(ROLE, text(words), STOP, *([USAGE] if asked else []), DONE)
    return script


def says_as_claude(words, usage=(100, 10)):
    def script(call):
        if not call.json.get("stream"):
            return call.respond(200, claude(words, usage))
        call.begin_stream()
        call.chunk(claude_stream(words))
        call.end_stream()
    return script


def late(script):
    """The same, behind all that answers at once."""
    return lambda call: (time.sleep(0.2), script(call))


def text_of(content):
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def last_text(call):
    """What the last message of a request says, whichever dialect it is in."""
    return text_of(call.json["messages"][-1]["content"])


class FanoutTest(FleetTest):
    def fleet(self, size, claudes=()):
        fleet = Fleet(self, size)
        for index, provider in enumerate(fleet.providers):
            provider["models"] = [{"id": "m", "price": PRICE}]
            provider["usage_in_streams"] = True
            if index in claudes:
                provider["dialect"] = "anthropic"
        return fleet

    def call(self, fleet, index):
        calls = fleet.upstreams[index].calls
        self.assertEqual(len(calls), 1)
        return calls[0]

    def ask_as_claude(self, stream=False, **more):
        with Client(self.gateway.port) as client:
            return client.request("POST", "/v1/messages", {
                "model": "best", "max_tokens": 1000, "stream": stream, "system": "Be brief.",
                "messages": [{"role": "user", "content": "hi"}], **more})

    def ask_with(self, **more):
        with Client(self.gateway.port) as client:
            return client.request("POST", "/v1/chat/completions", {
                "model": "best", "messages": [{"role": "user", "content": "hi"}], **more})

    def leave_while(self, ready, stream=True):
        with Client(self.gateway.port) as client:
            client.send_request("POST", "/v1/chat/completions", {
                "model": "best", "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
            wait_until(ready, what="the calls to be under way")

    def targets_of(self, record):
        return sorted((one["target"], one["status"]) for one in record["attempts"])


class FusionTest(FanoutTest):
    def panel(self, size=2, claudes=(), judge=True, **rules):
        """p0, p1, ... answer, the last one judges."""
        fleet = self.fleet(size + 1, claudes)
        for index in range(size):
            script = says_as_claude if index in claudes else says
            fleet.script(index, script(f"from p{index}", (100 + index, 10)))
        fleet.script(size, (says_as_claude if size in claudes else says)("judged", (500, 50)))
        self.gateway_for(fleet, strategy="fusion", rules=rules)
        return fleet

    def test_the_judge_is_given_all_answers_and_the_client_gets_its_own(self):
        fleet = self.panel(3)
        response = self.ask()
        self.assertEqual(self.said(response), "judged")
        self.assertEqual(fleet.calls, [1, 1, 1, 1])
        for index in range(3):
            asked = self.call(fleet, index).json
            self.assertEqual([(each["role"], text_of(each["content"])) for each in asked["messages"]], [("user", "hi")])
            self.assertFalse(asked.get("stream"))
            self.assertEqual(asked["model"], "m")
        judged = self.call(fleet, 3)
        self.assertEqual(text_of(judged.json["messages"][0]["content"]), "hi")
        for index in range(3):
            self.assertIn(f"from p{index}", last_text(judged))
        record = self.gateway.access_of(response)
        self.assertEqual(self.targets_of(record), [(f"p{i}/m", 200) for i in range(4)])
        self.assert_well(self.gateway)

    def test_what_all_of_them_used_is_paid_for(self):
        self.panel(2)
        response = self.ask()
        record = self.gateway.access_of(response)
        self.assertEqual((record["input_tokens"], record["output_tokens"]), (100 + 101 + 500, 10 + 10 + 50))
        self.assertAlmostEqual(record["cost"], (701 * 1 + 70 * 10) / 1e6, 9)
        self.assertAlmostEqual(float(response.headers["x-omniroute-response-cost"]), (701 + 700) / 1e6, 9)
        self.assertEqual(response.json["usage"]["prompt_tokens"], 500)
        self.assertEqual(self.gateway.metric("omniroute_tokens_in_total") or 701, 701)

    def test_a_stream_is_the_judges(self):
        fleet = self.panel(2)
        response = self.ask(stream=True)
        self.assertEqual(response.status, 200)
        self.assertIn(b"judged", response.body)
        self.assertNotIn(b"from p", response.body)
        self.assertNotIn(b'"usage":{', response.body)
        self.assertTrue(response.body.endswith(DONE))
        self.assertTrue(self.call(fleet, 2).json["stream"])
        self.assertFalse(self.call(fleet, 0).json.get("stream"))
        record = self.gateway.access_of(response)
        self.assertEqual((record["input_tokens"], record["output_tokens"]), (701, 70))

    def test_all_are_asked_at_once_and_no_more_than_may(self):
        fleet = self.panel(4, panel_parallel=2)
        lock, now, most = threading.Lock(), [0], [0]

        def slow(call):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.25)
            with lock:
                now[0] -= 1
            call.respond(200, answer("slow"))
        for index in range(4):
            fleet.script(index, slow)
        began = time.monotonic()
        self.assertEqual(self.said(self.ask()), "judged")
        self.assertLess(time.monotonic() - began, 0.25 * 4)
        self.assertEqual(most[0], 2)

    def test_clients_and_models_of_any_dialect(self):
        for claudes in ((), (1,), (2,), (0, 1, 2)):
            with self.subTest(claudes=claudes):
                fleet = self.panel(2, claudes)
                for stream in (False, True):
                    response = self.ask_as_claude(stream)
                    self.assertEqual(response.status, 200, response.body)
                    if stream:
                        self.assertIn(b"event: message_stop", response.body)
                        self.assertIn(b"judged", response.body)
                    else:
                        self.assertEqual(response.json["content"][0]["text"], "judged")
                    self.assertIn(b"judged", self.ask(stream=stream).body)
                for index in range(2):
                    for call in fleet.upstreams[index].calls[::2]:
                        self.assertIn("Be brief.", json.dumps(call.json))
                for call in fleet.upstreams[2].calls:
                    self.assertIn("from p0", last_text(call))
                    self.assertIn("from p1", last_text(call))
                self.gateway.close()

    def test_only_the_judge_may_call_tools(self):
        fleet = self.panel(2, claudes=(1,))
        response = self.ask_with(tools=[TOOL], tool_choice="auto", response_format={"type": "json_object"})
        self.assertEqual(response.status, 200)
        self.assertEqual(self.call(fleet, 0).json["tool_choice"], "none")
        self.assertNotIn("response_format", self.call(fleet, 0).json)
        self.assertEqual(self.call(fleet, 1).json["tool_choice"], {"type": "none"})
        judge = self.call(fleet, 2).json
        self.assertEqual(judge["tool_choice"], "auto")
        self.assertEqual(judge["tools"][0]["function"]["name"], "look")
        self.assertEqual(judge["response_format"], {"type": "json_object"})

    def test_what_tools_said_is_told_to_all(self):
        fleet = self.panel(2, claudes=(1, 2))
        response = self.ask_with(tools=[TOOL], messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a door"}])
        self.assertEqual(response.status, 200, response.body)
        for index in range(3):
            self.assertIn("a door", json.dumps(self.call(fleet, index).json))
        judge = self.call(fleet, 2).json["messages"]
        roles = [message["role"] for message in judge]
        self.assertEqual(roles, ["user", "assistant", "user"], judge)

    def test_who_fails_is_left_out(self):
        fleet = self.panel(3)
        fleet.script(1, refuse(500))
        response = self.ask()
        self.assertEqual(self.said(response), "judged")
        self.assertNotIn("from p1", last_text(self.call(fleet, 3)))
        record = self.gateway.access_of(response)
        self.assertIn(("p1/m", 500), self.targets_of(record))
        self.assertEqual(record["input_tokens"], 100 + 102 + 500)

    def test_too_few_answers_fail_and_are_paid_for(self):
        fleet = self.panel(3)
        for index in (0, 2):
            fleet.script(index, late(refuse(500, message="Broken.")))
        response = self.ask()
        self.assert_error(response, 500, "fusion_panel_failed", "p0/m: [500]: Broken.")
        self.assertEqual(fleet.calls[3], 0)
        self.assertEqual(response.json["diagnostics"]["attempted"], 3)
        record = self.gateway.access_of(response)
        self.assertEqual(record["error"], "fusion_panel_failed")
        self.assertEqual((record["input_tokens"], record["output_tokens"]), (101, 10))
        self.assertAlmostEqual(record["cost"], 201 / 1e6, 9)

    def test_one_may_be_enough(self):
        fleet = self.panel(2, panel_minimum=1)
        fleet.script(0, refuse(503))
        self.assertEqual(self.said(self.ask()), "judged")
        self.assertEqual(fleet.calls, [1, 1, 1])

    def test_when_all_say_the_same_it_is_the_clients_to_know(self):
        fleet = self.panel(2)
        for index in range(2):
            fleet.script(index, refuse(400, "invalid_request", "Too hot."))
        self.assert_error(self.ask(), 400, "fusion_panel_failed", "Too hot.")

    def test_a_judge_that_fails_fails_the_request(self):
        fleet = self.panel(2)
        fleet.script(2, refuse(500, message="No verdict."))
        response = self.ask()
        self.assert_error(response, 500, contains="No verdict.")
        record = self.gateway.access_of(response)
        self.assertEqual(record["input_tokens"], 201)

    def test_nobody_is_waited_for_longer_than_the_panel_may_take(self):
        fleet = self.panel(3, panel_timeout=f"{int(400 * SLOW)}ms", target_timeout="30s")
        fleet.script(1, says("late", after=6 * SLOW))
        began = time.monotonic()
        response = self.ask()
        self.assertEqual(self.said(response), "judged")
        self.assertLess(time.monotonic() - began, 3 * SLOW)
        wait_until(lambda: self.call(fleet, 1).left_at, what="the late one to be cancelled")
        self.assertIn({"target": "p1/m", "status": 0, "reason": "panel_timeout"},
                      [{key: one[key] for key in ("target", "status", "reason") if key in one}
                       for one in self.gateway.access_of(response)["attempts"]])

    def test_a_grace_for_those_that_are_late(self):
        fleet = self.panel(3, panel_grace="200ms")
        fleet.script(1, says("late", after=6))
        began = time.monotonic()
        self.assertEqual(self.said(self.ask()), "judged")
        self.assertLess(time.monotonic() - began, 3)

    def test_a_panel_that_is_too_late(self):
        fleet = self.panel(2, panel_timeout="300ms")
        for index in range(2):
            fleet.script(index, says("late", after=6))
        self.assert_error(self.ask(), 504, "fusion_panel_failed", "in time")

    def test_a_client_that_leaves_cancels_all(self):
        fleet = self.panel(3)
        for index in range(3):
            fleet.script(index, says("late", after=8))
        self.leave_while(lambda: fleet.calls == [1, 1, 1, 0])
        for index in range(3):
            wait_until(lambda: self.call(fleet, index).left_at, 3, "the gateway to leave")
        record = self.gateway.access()[-1]
        self.assertTrue(record["aborted"])
        self.assertGreater(record["input_tokens"], 0)
        self.assertTrue(record["estimated"])
        self.assert_well(self.gateway)

    def test_steps_may_be_combos_and_any_of_them_may_judge(self):
        fleet = self.fleet(4)
        fleet.script(0, refuse(500))
        for index in (1, 2):
            fleet.works(index)
        fleet.script(3, says("judged"))
        self.gateway_for(fleet, combos=[
            {"name": "best", "strategy": "fusion", "config": {"max_retries": 0},
             "targets": [{"model": "p3/m", "judge": True, "prompt": "Be just."}, {"combo": "safe"},
                         {"model": "p2/m", "prompt": "You are p2."}]},
            {"name": "safe", "targets": [{"model": "p0/m"}, {"model": "p1/m"}], "config": {"max_retries": 0}}])
        self.assertEqual(self.said(self.ask()), "judged")
        self.assertEqual(fleet.calls, [1, 1, 1, 1])
        self.assertIn("from p1", last_text(self.call(fleet, 3)))
        self.assertIn("Be just.", last_text(self.call(fleet, 3)))
        self.assertEqual(text_of(self.call(fleet, 2).json["messages"][0]["content"]), "You are p2.")

    def test_a_member_that_is_a_combo_shows_a_picture_to_the_model_that_reads_it(self):
        fleet = self.fleet(4)
        for index in range(4):
            fleet.works(index)
        for provider, can in zip(fleet.providers, ((["text"], True), (["text", "image"], False),
                                                   (["text", "image"], True), (["text", "image"], True))):
            provider["models"] = [{"id": "m", "input_modalities": can[0], "tool_calling": can[1]}]
        self.gateway_for(fleet, combos=[
            {"name": "best", "strategy": "fusion", "config": {"max_retries": 0},
             "targets": [{"model": "p3/m", "judge": True}, {"combo": "safe"}, {"model": "p2/m"}]},
            {"name": "safe", "targets": [{"model": "p0/m"}, {"model": "p1/m"}], "config": {"max_retries": 0}}])
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
        self.assertEqual(self.ask_with().status, 200)
        self.assertEqual(fleet.calls, [1, 0, 1, 1])
        self.assertEqual(self.ask_with(messages=[{"role": "user", "content": [picture]}]).status, 200)
        self.assertEqual(fleet.calls, [1, 1, 2, 2])
        self.assertEqual(self.ask_with(tools=[TOOL]).status, 200)
        self.assertEqual(fleet.calls, [2, 1, 3, 3])

    def test_a_key_pays_for_all_of_it_from_its_budget(self):
        fleet = self.fleet(3)
        for index in range(3):
            fleet.script(index, says("x", (100000, 10000)))
        self.gateway_for(fleet, strategy="fusion", keys=[
            {"name": "team", "key": CLIENT_KEY, "budget": {"limit": 2.1, "period": "monthly"}}])

        def ask():
            with Client(self.gateway.port) as client:
                return client.request("POST", "/v1/chat/completions", {
                    "model": "best", "messages": [{"role": "user", "content": "hi"}]},
                    [("authorization", f"Bearer {CLIENT_KEY}")])
        self.assertEqual(ask().status, 200)  # 0.60 dollars.
        fleet.script(0, late(refuse(500)))
        self.assert_error(ask(), 500, "fusion_panel_failed")  # 0.20 dollars of the one that answered.
        fleet.script(0, says("x", (100000, 10000)))
        self.assertEqual([ask().status for _ in range(2)], [200, 200])  # 2.00 by now.
        judged = fleet.calls[2]
        # The panel is asked, and then there is nothing left for its judge.
        self.assert_error(ask(), 429, "budget_exceeded", "Budget limit exceeded: 2.40 of 2.10 USD monthly. "
                                                         "The judge of combo 'best' was not asked.")
        self.assertEqual(fleet.calls[2], judged)
        asked = fleet.calls[0]
        self.assert_error(ask(), 429, "budget_exceeded", "2.40 of 2.10")
        self.assertEqual(fleet.calls[0], asked)


class PipelineTest(FanoutTest):
    def pipeline(self, size=3, claudes=(), prompts=(), **rules):
        fleet = self.fleet(size, claudes)
        for index in range(size):
            script = says_as_claude if index in claudes else says
            fleet.script(index, script(f"from p{index}", (100 * (index + 1), 10)))
        steps = [{"model": f"p{index}/m", **({"prompt": prompts[index]} if index < len(prompts) else {})}
                 for index in range(size)]
        self.gateway_for(fleet, steps, "pipeline", rules)
        return fleet

    def test_each_step_is_given_what_the_one_before_said(self):
        fleet = self.pipeline(3, prompts=("Draft.", "Review."))
        response = self.ask()
        self.assertEqual(self.said(response), "from p2")
        self.assertEqual(fleet.calls, [1, 1, 1])
        messages = [[(each["role"], text_of(each["content"])) for each in self.call(fleet, index).json["messages"]]
                    for index in range(3)]
        self.assertEqual(messages[0], [("system", "Draft."), ("user", "hi")])
        self.assertEqual(messages[1], [("system", "Review."), ("user", "hi"), ("user", "from p0")])
        self.assertEqual(messages[2][1:], [("user", "hi"), ("user", "from p1")])
        self.assertIn("Improve that answer", messages[2][0][1])
        record = self.gateway.access_of(response)
        self.assertEqual((record["input_tokens"], record["output_tokens"]), (600, 30))
        self.assertAlmostEqual(record["cost"], (600 + 300) / 1e6, 9)
        self.assertEqual([one["target"] for one in record["attempts"]], ["p0/m", "p1/m", "p2/m"])
        self.assert_well(self.gateway)

    def test_only_the_last_is_streamed_and_may_call_tools(self):
        fleet = self.pipeline(2)
        response = self.ask_with(stream=True, tools=[TOOL], stream_options={"include_usage": True})
        self.assertIn(b"from p1", response.body)
        self.assertNotIn(b"from p0", response.body)
        self.assertIn(b'"prompt_tokens":500', response.body)
        self.assertFalse(self.call(fleet, 0).json.get("stream"))
        self.assertEqual(self.call(fleet, 0).json["tool_choice"], "none")
        self.assertTrue(self.call(fleet, 1).json["stream"])
        self.assertNotIn("tool_choice", self.call(fleet, 1).json)

    def test_clients_and_models_of_any_dialect(self):
        for claudes in ((0,), (1,), (0, 1)):
            with self.subTest(claudes=claudes):
                fleet = self.pipeline(2, claudes)
                for stream in (False, True):
                    self.assertIn(b"from p1", self.ask_as_claude(stream).body)
                    self.assertIn(b"from p1", self.ask(stream=stream).body)
                for call in fleet.upstreams[1].calls:
                    self.assertIn("from p0", json.dumps(call.json["messages"]))
                self.gateway.close()

    def test_a_step_that_fails_is_named_and_what_came_before_is_paid_for(self):
        fleet = self.pipeline(3)
        fleet.script(1, refuse(503, message="Not now."))
        response = self.ask()
        self.assert_error(response, 503, "pipeline_step_failed", "Step 2 of pipeline 'best' (p1/m) failed: [503]: Not now.")
        self.assertEqual(fleet.calls, [1, 1, 0])
        self.assertIn("diagnostics", response.json)
        record = self.gateway.access_of(response)
        self.assertEqual((record["input_tokens"], record["output_tokens"]), (100, 10))

    def test_a_budget_that_a_step_has_used_up_ends_it_before_the_next(self):
        def team(limit):
            return [{"name": "team", "key": CLIENT_KEY, "budget": {"limit": limit, "period": "monthly"}}]

        def ask_with_key(stream=False):
            with Client(self.gateway.port) as client:
                return client.request("POST", "/v1/chat/completions", {
                    "model": "best", "stream": stream, "messages": [{"role": "user", "content": "hi"}]},
                    [("authorization", f"Bearer {CLIENT_KEY}")])
        for stream in (False, True):
            with self.subTest(stream=stream):
                fleet = self.fleet(3)
                for index in range(3):
                    fleet.script(index, says(f"from p{index}", (100000, 10000)))  # 0.20 dollars.
                self.gateway_for(fleet, strategy="pipeline", keys=team(0.3))
                refused = ask_with_key(stream)
                self.assert_error(refused, 429, "budget_exceeded", "Budget limit exceeded: 0.40 of 0.30 USD monthly. "
                                                                   "Step 3 of pipeline 'best' was not asked.")
                self.assertGreater(int(refused.headers["retry-after"]), 0)
                self.assertEqual(fleet.calls, [1, 1, 0])
                self.assertIn("diagnostics", refused.json)
                record = self.gateway.access_of(refused)
                self.assertAlmostEqual(record["cost"], 0.4, 9)
                self.assertEqual([one["target"] for one in record["attempts"]], ["p0/m", "p1/m"])
                self.assert_error(ask_with_key(stream), 429, "budget_exceeded", "0.40 of 0.30")
                self.assertEqual(fleet.calls, [1, 1, 0])
                total = wait_until(lambda: next((one for one in [get(self.gateway.port, "/api/usage/totals").json["total"]]
                                                 if one["requests"]), None), what="the sum")
                self.assertEqual(total["costNanodollars"], 400_000_000)
                self.assertEqual(self.gateway.metric('omniroute_limits_refused_total{limit="budget"}'), 2)
                self.gateway.close()

    def test_a_budget_that_lasts_is_spent_by_all_steps(self):
        fleet = self.fleet(2)
        for index in range(2):
            fleet.script(index, says(f"from p{index}", (100000, 10000)))
        self.gateway_for(fleet, strategy="pipeline", keys=[
            {"name": "team", "key": CLIENT_KEY, "budget": {"limit": 0.3, "period": "monthly"}}])
        with Client(self.gateway.port) as client:
            body = {"model": "best", "messages": [{"role": "user", "content": "hi"}]}
            headers = [("authorization", f"Bearer {CLIENT_KEY}")]
            response = client.request("POST", "/v1/chat/completions", body, headers)
            self.assertEqual(self.said(response), "from p1")
            self.assertEqual(response.headers["x-omniroute-response-cost"], "0.4000000000")
            self.assert_error(client.request("POST", "/v1/chat/completions", body, headers), 429, "budget_exceeded",
                              "0.40 of 0.30")

    def test_a_client_that_waits_is_told_of_the_spent_budget_in_its_stream(self):
        fleet = self.fleet(2)
        fleet.script(0, says("from p0", (100000, 10000), after=1.0))
        self.gateway_for(fleet, strategy="pipeline", listeners=[{
            "name": "main", "address": "127.0.0.1:0", "routes": harness.routes(heartbeat_after="300ms")}], keys=[
            {"name": "team", "key": CLIENT_KEY, "budget": {"limit": 0.1, "period": "monthly"}}])
        with Client(self.gateway.port) as client:
            response = client.request("POST", "/v1/chat/completions", {
                "model": "best", "stream": True, "messages": [{"role": "user", "content": "hi"}]},
                [("authorization", f"Bearer {CLIENT_KEY}")])
        self.assertEqual(response.status, 200)
        self.assertIn(b"budget_exceeded", response.body)
        self.assertEqual(fleet.calls, [1, 0])

    def test_a_step_that_says_nothing_has_failed(self):
        fleet = self.pipeline(2)
        fleet.script(0, says(""))
        response = self.ask()
        self.assertEqual(response.status, 502)
        self.assertIn("Step 1", response.error["message"])
        self.assertEqual(fleet.calls[1], 0)

    def test_a_step_that_streams_whatever_it_is_asked_is_read_all_the_same(self):
        fleet = self.pipeline(2)
        fleet.script(0, lambda call: call.stream(ROLE, text("from "), text('"p0"\n'), STOP, USAGE, DONE))
        self.assertEqual(self.said(self.ask()), "from p1")
        self.assertEqual(last_text(self.call(fleet, 1)), 'from "p0"\n')

    def test_a_client_that_leaves_cancels_the_step_that_runs(self):
        fleet = self.pipeline(2)
        fleet.script(0, says("late", after=8))
        self.leave_while(lambda: fleet.calls == [1, 0], stream=False)
        wait_until(lambda: self.call(fleet, 0).left_at, 3, "the gateway to leave")
        time.sleep(0.1)
        self.assertEqual(fleet.calls, [1, 0])
        self.assert_well(self.gateway)

    def test_comments_keep_a_client_that_streams_waiting(self):
        fleet = self.fleet(2)
        fleet.script(0, says("from p0", after=1))
        fleet.script(1, says("from p1"))
        self.gateway_for(fleet, strategy="pipeline", listeners=[{
            "name": "main", "address": "127.0.0.1:0", "routes": harness.routes(heartbeat_after="300ms")}])
        response = self.ask(stream=True)
        self.assertTrue(response.body.startswith(b": waiting\n\n"), response.body[:80])
        self.assertIn(b"from p1", response.body)
        fleet.script(0, lambda call: (time.sleep(0.6), refuse(500)(call)))
        body = self.ask(stream=True).body
        self.assertIn(b"pipeline_step_failed", body)

    def test_other_clients(self):
        fleet = self.pipeline(2)
        with Client(self.gateway.port) as client:
            for path, body, words in (
                    ("/v1/responses", {"model": "best", "input": "hi", "store": False}, b"from p1"),
                    ("/v1/completions", {"model": "best", "prompt": "hi"}, b"from p1"),
                    ("/v1beta/models/best:generateContent",
                     {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}, b"from p1"),
                    ("/api/chat", {"model": "best", "stream": False, "messages": [{"role": "user", "content": "hi"}]},
                     b"from p1"),
                    ("/api/generate", {"model": "best", "stream": False, "prompt": "hi"}, b"from p1")):
                response = client.request("POST", path, body)
                self.assertEqual(response.status, 200, response.body)
                self.assertIn(words, response.body, path)
                self.assertEqual(last_text(fleet.upstreams[1].calls[-1]), "from p0", path)


    def test_other_clients_that_stream(self):
        self.pipeline(2)
        with Client(self.gateway.port) as client:
            for path, body in (
                    ("/v1/responses", {"model": "best", "input": "hi", "stream": True}),
                    ("/v1/completions", {"model": "best", "prompt": "hi", "stream": True}),
                    ("/v1beta/models/best:streamGenerateContent?alt=sse",
                     {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
                    ("/v1beta/models/best:streamGenerateContent",
                     {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
                    ("/api/chat", {"model": "best", "messages": [{"role": "user", "content": "hi"}]}),
                    ("/api/generate", {"model": "best", "prompt": "hi"})):
                response = client.request("POST", path, body)
                self.assertEqual(response.status, 200, response.body)
                self.assertIn(b"from p1", response.body, path)
                self.assertNotIn(b"Improve that answer", response.body, path)

    def test_a_response_that_continues_another(self):
        fleet = self.pipeline(2)
        with Client(self.gateway.port) as client:
            first = client.request("POST", "/v1/responses", {"model": "best", "input": "I am Ada."})
            self.assertEqual(first.status, 200, first.body)
            self.assertIsNone(first.json["instructions"])
            second = client.request("POST", "/v1/responses", {
                "model": "best", "input": "Who am I?", "previous_response_id": first.json["id"]})
            self.assertEqual(second.status, 200, second.body)
        for index in range(2):
            said = [text_of(each["content"]) for each in fleet.upstreams[index].calls[1].json["messages"]
                    if each["role"] != "system"]
            self.assertEqual(said[:3], ["I am Ada.", "from p1", "Who am I?"])

    def test_an_ollama_server_is_asked_in_its_chat(self):
        fleet = self.fleet(2)
        fleet.script(0, says("from p0"))

        def ollama(call):
            call.respond(200, {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop",
                               "message": {"role": "assistant", "content": "from p1"},
                               "prompt_eval_count": 7, "eval_count": 3})
        fleet.script(1, ollama)
        fleet.providers[1]["dialect"] = "ollama"
        self.gateway_for(fleet, strategy="pipeline")
        with Client(self.gateway.port) as client:
            for path, body in (("/api/generate", {"model": "best", "stream": False, "prompt": "hi"}),
                               ("/api/chat", {"model": "best", "stream": False,
                                              "messages": [{"role": "user", "content": "hi"}]})):
                response = client.request("POST", path, body)
                self.assertEqual(response.status, 200, response.body)
                self.assertIn(b"from p1", response.body)
        for call in fleet.upstreams[1].calls:
            self.assertTrue(call.path.endswith("/api/chat"), call.path)
            self.assertEqual(last_text(call), "from p0")

    def test_tokens_are_counted_as_of_any_combo(self):
        fleet = self.pipeline(2, claudes=(0,))
        fleet.script(0, lambda call: call.respond(200, {"input_tokens": 3}))
        with Client(self.gateway.port) as client:
            response = client.request("POST", "/v1/messages/count_tokens", {
                "model": "best", "messages": [{"role": "user", "content": "hi"}]})
        self.assertEqual((response.status, response.json), (200, {"input_tokens": 3}))
        self.assertEqual(fleet.calls, [1, 0])


class FusionWithFourWorkersTest(FusionTest):
    workers = 4


class PipelineWithFourWorkersTest(PipelineTest):
    workers = 4


if __name__ == "__main__":
    harness.main()
