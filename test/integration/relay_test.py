"""Conversations that are handed over: what who takes over is told, what is paid for it, and what a restart remembers.
Each test runs with one worker and with four."""
import json
import signal
import time

import harness
from client import Client
from fanout_test import FanoutTest, says, text_of
from fleet import Fleet, refuse
from harness import Gateway
from upstream import answer


class ContextRelayTest(FanoutTest):
    TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Who am I?"}]

    def relay(self, size=2, **rules):
        fleet = self.fleet(size)
        self.summaries = []

        def answers(index):
            def script(call):
                if "You write handoffs." in text_of(call.json["messages"][0]["content"]):
                    self.summaries.append((index, call.json))
                    return call.respond(200, answer("She is Ada.", (50, 5)))
                says(f"from p{index}")(call)
            return script
        for index in range(size):
            fleet.script(index, answers(index))
        self.gateway_for(fleet, [{"model": f"p{index}/m"} for index in range(min(size, 2))], "context-relay", rules)
        self.answers = answers
        return fleet

    def talk(self, session="s1", stream=False):
        with Client(self.gateway.port) as client:
            return client.request("POST", "/v1/chat/completions",
                                  {"model": "best", "stream": stream, "messages": self.TALK},
                                  [("x-session-id", session)])

    def test_who_takes_over_is_told_once_and_keeps_the_conversation(self):
        fleet = self.relay()
        self.assertEqual(self.said(self.talk()), "from p0")
        self.assertEqual(self.summaries, [])
        fleet.script(0, refuse(500))
        response = self.talk()
        self.assertEqual(self.said(response), "from p1")
        self.assertEqual(len(self.summaries), 1)
        index, asked = self.summaries[0]
        self.assertEqual(index, 1)
        self.assertEqual(asked["max_tokens"], 1024)
        self.assertIn("user: My name is Ada.", text_of(asked["messages"][1]["content"]))
        self.assertNotIn("tools", asked)
        told = fleet.upstreams[1].calls[-1].json["messages"]
        self.assertEqual([each["role"] for each in told], ["system", "system", "user", "assistant", "user"])
        self.assertIn("She is Ada.", text_of(told[1]["content"]))
        record = self.gateway.access_of(response)
        self.assertEqual((record["input_tokens"], record["output_tokens"]), (150, 15))
        # It stays where it is, is told the same, and nobody sums up again.
        fleet.script(0, self.answers(0))
        self.gateway.forget_failures()
        self.assertEqual(self.said(self.talk()), "from p1")
        self.assertEqual(fleet.upstreams[1].calls[-1].json["messages"], told)
        self.assertEqual(len(self.summaries), 1)
        self.assertEqual(self.said(self.talk("s2")), "from p0")
        self.assert_well(self.gateway)

    def test_nobody_else_is_told_what_a_conversation_was_about(self):
        keys = [{"name": name, "key": f"sk-{name}"} for name in ("ada", "bob")]
        fleet = self.fleet(2)
        for index in range(2):
            fleet.script(index, lambda call, index=index: call.respond(200, answer(
                "SECRET SUMMARY" if "You write handoffs." in text_of(call.json["messages"][0]["content"])
                else f"from p{index}")))
        self.gateway_for(fleet, [{"model": "p0/m"}, {"model": "p1/m"}], "context-relay", keys=keys)

        def talk(key, *said, session=None):
            messages = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(said)]
            with Client(self.gateway.port) as client:
                response = client.request(
                    "POST", "/v1/chat/completions", {"model": "best", "messages": messages},
                    [("authorization", f"Bearer sk-{key}")] + ([("x-session-id", session)] if session else []))
            self.assertEqual(response.status, 200)
            return self.said(response), [text_of(each["content"]) for each in self.last.json["messages"]]

        def last(call, script):
            self.last = call
            script(call)
        for index, upstream in enumerate(fleet.upstreams):
            upstream.script = lambda call, script=upstream.script: last(call, script)
        secret = ("hi", "from p0", "My secret is 4711.")
        for session in (None, "s1"):
            with self.subTest(session=session):
                self.gateway.forget_failures()
                works = fleet.upstreams[0].script
                talk("ada", "hi", session=session)
                fleet.script(0, refuse(500))
                said, told = talk("ada", *secret, session=session)
                self.assertEqual((said, any("SECRET SUMMARY" in text for text in told)), ("from p1", True))
                # The one it belongs to goes on being told; whoever else began alike is not.
                for key, more, is_told in (("bob", (), False), ("bob", secret, False), ("ada", (), False),
                                           ("ada", ("hi", "from p0", "What else?"), False)):
                    said, told = talk(key, *(more or ("hi",)), session=session)
                    self.assertEqual(any("SECRET SUMMARY" in text for text in told), is_told, (key, more))
                fleet.script(0, works)
        self.assert_well(self.gateway)

    def test_a_model_may_be_named_for_it(self):
        fleet = self.relay(3, handoff_model="p2/m", handoff_tokens=256)
        self.talk()
        fleet.script(0, refuse(500))
        self.assertIn(b"from p1", self.talk(stream=True).body)
        self.assertEqual([(index, asked["max_tokens"]) for index, asked in self.summaries], [(2, 256)])
        self.assertEqual(fleet.calls[2], 1)

    def test_without_a_summary_the_request_goes_on(self):
        fleet = self.relay(3, handoff_model="p2/m", handoff_timeout="300ms")
        self.talk()
        fleet.script(0, refuse(500))
        fleet.script(2, refuse(500))
        self.assertEqual(self.said(self.talk()), "from p1")
        self.assertEqual(len(fleet.upstreams[1].calls[-1].json["messages"]), 4)
        self.talk("s2")
        self.gateway.forget_failures()
        fleet.script(1, refuse(500))
        fleet.script(0, self.answers(0))
        fleet.script(2, says("late", after=6))
        began = time.monotonic()
        self.assertEqual(self.said(self.talk()), "from p0")
        self.assertLess(time.monotonic() - began, 3)

    def test_a_summary_that_a_combos_time_cuts_is_told_with_the_attempts(self):
        fleet = self.relay(3, handoff_model="p2/m", timeout="600ms")
        self.talk()
        fleet.script(0, refuse(500))
        fleet.script(2, says("late", after=6))
        response = self.talk()
        self.assert_error(response, 504, "COMBO_TIMEOUT", "p2/m (combo timeout)")
        self.assertEqual(response.json["diagnostics"]["attempted"], 2)
        self.assert_well(self.gateway)

    def test_another_account_is_told_as_well(self):
        fleet = Fleet(self, 1, accounts=2)
        fleet.works(0)
        self.gateway_for(fleet, strategy="context-relay", resilience={"wait_for_cooldown": {"enabled": False}})
        self.talk()
        first = fleet.accounts(0)[0]

        def limits(call):
            if call.headers["authorization"].endswith(first):
                return refuse(429)(call)
            call.respond(200, answer("fine"))
        fleet.script(0, limits)
        self.assertEqual(self.said(self.talk()), "fine")
        calls = fleet.upstreams[0].calls
        self.assertEqual(len(calls), 4)  # The first answer, the refusal, the summary, the answer.
        self.assertIn("fine", text_of(calls[3].json["messages"][1]["content"]))


    def limited_relay(self, left, **sections):
        """p0 has used all but `left` percent of a limit that lasts for an hour."""
        fleet = self.fleet(2)
        self.summaries = []

        def script(call):
            if "You write handoffs." in text_of(call.json["messages"][0]["content"]):
                self.summaries.append(call.json)
                return call.respond(200, answer("She is Ada.", (50, 5)))
            call.respond(200, answer("from p0"), [
                ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", str(left())),
                ("x-ratelimit-reset-requests", "1h")])

        fleet.script(0, script)
        fleet.script(1, says("from p1"))
        rules = sections.pop("rules", {})
        self.gateway_for(fleet, [{"model": "p0/m"}, {"model": "p1/m"}], "context-relay", rules, **sections)
        return fleet

    def restart(self):
        gateway = self.gateway
        time.sleep(1.6)  # Looked at once a second, and written.
        gateway.signal(signal.SIGKILL)
        gateway.wait_exit()
        self.gateway = Gateway(json.loads(gateway.file.read_text()), folder=gateway.folder).start()
        self.addCleanup(self.gateway.close)

    def test_who_has_little_left_sums_up_ahead_and_a_restart_forgets_nothing(self):
        left = 50
        fleet = self.limited_relay(lambda: left)
        for left in (50, 15, 14, 13):
            self.assertEqual(self.said(self.talk()), "from p0")
        self.assertEqual(len(self.summaries), 1, "once, when 85 % were used")
        self.assertEqual(len(fleet.upstreams[0].calls[-1].json["messages"]), 4, "who has it is told nothing")
        self.restart()
        fleet.script(0, refuse(500))
        self.assertEqual(self.said(self.talk()), "from p1")
        told = fleet.upstreams[1].calls[-1].json["messages"]
        self.assertIn("She is Ada.", text_of(told[1]["content"]))
        self.assertEqual((len(self.summaries), fleet.calls[1]), (1, 1), "nobody was asked at the move")
        # It is there now, and is told the same after the next restart too.
        self.restart()
        fleet.script(0, says("from p0"))
        self.assertEqual(self.said(self.talk()), "from p1")
        self.assertEqual(fleet.upstreams[1].calls[-1].json["messages"], told)
        self.assert_well(self.gateway)

    def test_only_conversations_of_the_named_providers_are_summed_up(self):
        fleet = self.limited_relay(lambda: 10, rules={"handoff_providers": ["p1"]})
        for _ in range(2):
            self.assertEqual(self.said(self.talk()), "from p0")
        fleet.script(0, refuse(500))
        self.assertEqual(self.said(self.talk()), "from p1")
        self.assertEqual(self.summaries, [])
        self.assertEqual(len(fleet.upstreams[1].calls[-1].json["messages"]), 4)

    def test_of_a_key_with_no_log_nothing_is_written(self):
        fleet = self.limited_relay(lambda: 10, keys=[{"name": "quiet", "key": "sk-quiet", "no_log": True}])

        def talk():
            with Client(self.gateway.port) as client:
                return client.request("POST", "/v1/chat/completions", {"model": "best", "messages": self.TALK},
                                      [("x-session-id", "s1"), ("authorization", "Bearer sk-quiet")])

        for _ in range(2):
            self.assertEqual(self.said(talk()), "from p0")
        self.assertEqual(len(self.summaries), 1)
        self.restart()
        stored = b"".join(file.read_bytes() for file in self.gateway.folder.rglob("data.mdb"))
        self.assertNotIn(b"She is Ada.", stored)
        fleet.script(0, refuse(500))
        self.assertEqual(self.said(talk()), "from p1")
        self.assertEqual(len(fleet.upstreams[1].calls[-1].json["messages"]), 4, "nobody knows of it any more")


class ContextRelayWithFourWorkersTest(ContextRelayTest):
    workers = 4


if __name__ == "__main__":
    harness.main()
