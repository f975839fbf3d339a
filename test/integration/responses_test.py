"""State of the Responses API over sockets: chains, kept responses, the background, restarts."""
import json
import signal
import threading
import time

import harness
from client import Client, get
from harness import CLIENT_KEY, GatewayTest, config, provider, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, event, text

OTHER_KEY = "sk-omni-other-0123456789"
TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}]


def settings_for(*providers, row=None, **sections):
    settings = config(list(providers) + [{"id": "demo", "type": "demo"}],
                      keys=[{"name": "ci", "key": CLIENT_KEY}, {"name": "other", "key": OTHER_KEY}], **sections)
    if row is not None:
        settings["listeners"][0]["routes"] = [
            {"match": {"prefix": "/v1"}, "filters": [{"auth": {}}, {"responses": row}, {"translation": {}},
                                                     {"routing": {}}, {"upstream": {}}]}]
    return settings


class Api:
    """A client of one gateway with one key."""

    def __init__(self, gateway, key=CLIENT_KEY):
        self.gateway, self.key = gateway, key

    def call(self, method, path, body=None):
        headers = [("authorization", f"Bearer {self.key}")] if self.key else []
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        with Client(self.gateway.port) as client:
            return client.request(method, path, data, headers)

    def create(self, text_or_items, model="up/m", **more):
        return self.call("POST", "/v1/responses", {"model": model, "input": text_or_items, **more})

    def read(self, identity, query=""):
        return self.call("GET", f"/v1/responses/{identity}{query}")

    def poll(self, identity, status):
        def there():
            found = self.read(identity).json
            return found if found["status"] == status else None
        return wait_until(there, 10, f"status {status}")


def frames(body):
    """(type, data) of each event of a stream."""
    out = []
    for frame in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line)
        if "data" in lines:
            out.append((lines.get("event"), json.loads(lines["data"])))
    return out


def tool_call(name="look", identity="call_1"):
    message = answer()
    message["choices"][0] = {"index": 0, "finish_reason": "tool_calls", "message": {
        "role": "assistant", "content": None,
        "tool_calls": [{"id": identity, "type": "function", "function": {"name": name, "arguments": "{}"}}]}}
    return message


def response_object(identity, said="ja", **more):
    return {"id": identity, "object": "response", "created_at": 1790000000, "status": "completed", "model": "m",
            "background": False, "store": True, "error": None,
            "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                        "content": [{"type": "output_text", "text": said, "annotations": []}]}],
            "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}, **more}


class ChainTest(GatewayTest):
    """In front of a provider that knows nothing of responses."""

    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)

    def start(self, **more):
        self.gateway = self.run_gateway(settings_for(provider(self.upstream), **more))
        return Api(self.gateway)

    def sent(self):
        return [(message["role"], message.get("content")) for message in self.upstream.calls[-1].json["messages"]]

    def restart(self, number):
        """Ends the process at once, or in order, and begins another in the same folder."""
        folder = self.gateway.folder
        self.gateway.signal(number)
        self.gateway.wait_exit()
        settings = self.gateway.file.read_text()
        successor = harness.Gateway(settings, folder=folder)
        self.addCleanup(successor.close)
        self.gateway = successor.start()
        return Api(self.gateway)

    def test_a_response_is_read_continued_listed_and_deleted(self):
        api = self.start()
        first = api.create("one").json
        self.assertEqual((first["status"], first["store"], first["previous_response_id"]), ("completed", True, None))
        self.assertEqual(api.read(first["id"]).json, first)
        second = api.create([{"role": "user", "content": "two"}], previous_response_id=first["id"]).json
        self.assertEqual(second["previous_response_id"], first["id"])
        self.assertEqual(self.sent(), [("user", "one"), ("assistant", "four"), ("user", "two")])
        sessions = {api.create(said, **more).headers["x-omniroute-session-id"]
                    for said, more in (("one", {}), ("again", {"previous_response_id": second["id"]}))}
        self.assertEqual(len(sessions), 1, "one conversation is one session")
        items = api.read(second["id"], "/input_items?order=asc").json
        self.assertEqual([item["role"] for item in items["data"]], ["user", "assistant", "user"])
        self.assertEqual(items["data"][2]["content"], [{"type": "input_text", "text": "two"}])
        page = api.read(second["id"], "/input_items?limit=1").json
        self.assertEqual((page["data"][0], page["has_more"]), (items["data"][2], True))
        page = api.read(second["id"], f"/input_items?limit=2&after={page['last_id']}").json
        self.assertEqual((page["data"], page["has_more"]), (items["data"][1::-1], False))
        gone = api.call("DELETE", f"/v1/responses/{first['id']}")
        self.assertEqual(gone.json, {"id": first["id"], "object": "response", "deleted": True})
        self.assert_error(api.read(first["id"]), 404, "response_not_found")
        self.assert_error(api.create("x", previous_response_id=first["id"]), 404, "previous_response_not_found")
        # What continues it goes on.
        self.assertEqual(api.create("three", previous_response_id=second["id"]).status, 200)
        self.assertEqual(len(self.sent()), 5)

    def test_twenty_turns_with_tools_outlive_a_death_between_any_two(self):
        api = self.start()
        previous, told = None, []
        for turn in range(20):
            calls = turn % 2 == 0
            self.upstream.script = lambda call, turn=turn, calls=calls: call.respond(
                200, tool_call(identity=f"call_{turn}") if calls else answer(f"said {turn}"))
            more = {"previous_response_id": previous} if previous else {}
            items = ([{"type": "function_call_output", "call_id": f"call_{turn - 1}", "output": f"seen {turn}"}]
                     if not calls else [{"role": "user", "content": f"do {turn}"}])
            told.append(("tool", f"seen {turn}") if not calls else ("user", f"do {turn}"))
            answered = api.create(items, tools=TOOLS, **more)
            self.assertEqual(answered.status, 200, answered.body)
            self.assertEqual([entry for entry in self.sent() if entry != ("assistant", None)], told)
            told += [] if calls else [("assistant", f"said {turn}")]
            sent = self.upstream.calls[-1].json["messages"]
            self.assertEqual([call["id"] for message in sent for call in message.get("tool_calls", [])],
                             [f"call_{n}" for n in range(0, turn, 2)])
            previous = answered.json["id"]
            api = self.restart(signal.SIGKILL if turn % 3 else signal.SIGTERM)
        self.assertEqual(api.read(previous).json["id"], previous)

    def test_a_stream_is_kept_when_its_last_event_arrives(self):
        api = self.start()
        self.upstream.script = lambda call: call.stream(ROLE, text("a"), text("b"), STOP, DONE)
        seen = frames(api.create("one", stream=True).body)
        self.assertEqual(seen[-1][0], "response.completed")
        final = seen[-1][1]["response"]
        self.assertEqual(seen[0][1]["response"]["id"], final["id"])
        self.assertEqual(api.read(final["id"]).json, final)
        self.upstream.script = lambda call: call.respond(200, answer())
        api.create("two", previous_response_id=final["id"])
        self.assertEqual(self.sent(), [("user", "one"), ("assistant", "ab"), ("user", "two")])

    def test_what_is_not_to_be_kept_is_not(self):
        api = self.start()
        unkept = api.create("one", store=False).json
        self.assertEqual(unkept["store"], False)
        self.assert_error(api.read(unkept["id"]), 404, "response_not_found")
        kept = api.create("one").json
        more = api.create("two", store=False, previous_response_id=kept["id"])
        self.assertEqual(len(self.sent()), 3)
        self.assert_error(api.read(more.json["id"]), 404)
        # A stream that broke off is no response.
        self.upstream.script = lambda call: call.stream(ROLE, text("a"))
        seen = frames(api.create("x", stream=True).body)
        self.assertEqual(seen[-1][0], "error")
        self.assert_error(api.read(seen[0][1]["response"]["id"]), 404)

    def test_another_key_finds_nothing(self):
        api = self.start()
        mine = api.create("secret").json["id"]
        for key in (OTHER_KEY, None):
            stranger = Api(self.gateway, key)
            unknown, theirs = stranger.read("resp_none"), stranger.read(mine)
            self.assertEqual(theirs.body.replace(mine.encode(), b"resp_none"), unknown.body)
            self.assert_error(theirs, 404, "response_not_found")
            self.assert_error(stranger.read(mine, "/input_items"), 404)
            self.assert_error(stranger.call("DELETE", f"/v1/responses/{mine}"), 404)
            self.assert_error(stranger.call("POST", f"/v1/responses/{mine}/cancel"), 404)
            self.assert_error(stranger.create("x", previous_response_id=mine), 404, "previous_response_not_found")
        self.assertEqual(len(self.upstream.calls), 1)
        self.assertEqual(api.read(mine).status, 200)

    def test_what_is_too_old_or_too_much_goes(self):
        self.gateway = self.run_gateway(settings_for(provider(self.upstream), row={"ttl": "2s", "max_size": "64KiB"}))
        api = Api(self.gateway)
        old = api.create("one").json["id"]
        self.assertEqual(api.read(old).status, 200)
        wait_until(lambda: api.read(old).status == 404, 6, "the response has expired")
        self.assert_error(api.create("x", previous_response_id=old), 404, "previous_response_not_found")
        made = [api.create("x" * 20000).json["id"] for _ in range(6)]
        self.assertEqual([api.read(each).status for each in made[:3]], [404] * 3)
        self.assertEqual(api.read(made[-1]).status, 200)

    def test_bad_input_is_told_by_name(self):
        api = self.start()
        for body, param in (({"previous_response_id": 7}, "previous_response_id"),
                            ({"previous_response_id": ""}, "previous_response_id"),
                            ({"store": "yes"}, "store"), ({"background": 1}, "background"),
                            ({"background": True, "store": False}, "background")):
            refused = api.create("x", **body)
            self.assert_error(refused, 400, "bad_request", param)
            self.assertEqual(refused.error["param"], param)
        kept = api.create("x").json["id"]
        for query, param in (("?limit=0", "limit"), ("?limit=x", "limit"), ("?order=up", "order"),
                             ("?after=msg_none", "after")):
            self.assertEqual(api.read(kept, "/input_items" + query).error["param"], param)
        self.assert_error(api.call("POST", f"/v1/responses/{kept}/cancel"), 400, "response_not_cancellable")
        self.assert_error(api.read(kept, "?stream=true"), 400, "response_not_streamable")
        self.assert_error(api.read(kept, "?stream=true&starting_after=-4"), 400, "bad_request")
        for odd in ("a%2Fb", "a%00b", "x" * 2000, "resp_" + "0" * 48):
            self.assertIn(api.read(odd).status, (400, 404), odd)
        preflight = api.call("OPTIONS", f"/v1/responses/{kept}")
        self.assertEqual(preflight.headers["access-control-allow-methods"], "GET, POST, DELETE, OPTIONS")
        for method, path in (("PUT", f"/v1/responses/{kept}"), ("GET", f"/v1/responses/{kept}/cancel"),
                             ("POST", f"/v1/responses/{kept}/input_items")):
            self.assert_error(api.call(method, path, b""), 405, "method_not_allowed")
        self.assert_well(self.gateway)


class BackgroundTest(GatewayTest):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)
        self.upstream.script = self.slowly
        self.gateway = self.run_gateway(settings_for(provider(self.upstream)))
        self.api = Api(self.gateway)

    def slowly(self, call):
        """Says a, waits for the test, says b."""
        call.begin_stream()
        call.chunk(ROLE + text("a"))
        self.go_on.wait(20)
        call.chunk(text("b") + STOP + DONE)
        call.end_stream()

    def under_way(self):
        return self.gateway.metric("omniroute_exchanges")

    def test_it_counts_as_under_way_while_it_is(self):
        before = self.under_way()
        queued = self.api.create("one", background=True).json
        self.api.poll(queued["id"], "in_progress")
        self.assertEqual(self.under_way(), before + 1)
        self.go_on.set()
        self.api.poll(queued["id"], "completed")
        wait_until(lambda: self.under_way() == before)

    def test_a_response_is_made_while_nobody_waits(self):
        queued = self.api.create("one", background=True).json
        self.assertEqual((queued["status"], queued["background"], queued["output"]), ("queued", True, []))
        running = self.api.poll(queued["id"], "in_progress")
        self.assertEqual(running["background"], True)
        self.assert_error(self.api.create("x", previous_response_id=queued["id"]), 400,
                          "previous_response_not_finished")
        self.go_on.set()
        done = self.api.poll(queued["id"], "completed")
        self.assertEqual(done["output"][0]["content"][0]["text"], "ab")
        self.assertEqual((done["created_at"] > 0, done["background"]), (True, True))
        items = self.api.read(queued["id"], "/input_items").json["data"]
        self.assertEqual(items[0]["content"][0]["text"], "one")
        self.assertEqual(self.api.call("POST", f"/v1/responses/{queued['id']}/cancel").json["status"], "completed")
        self.upstream.script = lambda call: call.respond(200, answer())
        self.assertEqual(self.api.create("two", previous_response_id=queued["id"]).status, 200)

    def test_its_stream_can_be_left_and_taken_up_anywhere(self):
        with Client(self.gateway.port) as client:
            body = json.dumps({"model": "up/m", "input": "one", "background": True, "stream": True}).encode()
            client.send_request("POST", "/v1/responses", body, [("authorization", f"Bearer {CLIENT_KEY}")])
            response = client.read_head()
            pieces = client.read_pieces(response)
            first = b""
            while b"response.output_text.delta" not in first:
                first += next(pieces)
        identity = frames(first)[0][1]["response"]["id"]
        late = {}
        reader = threading.Thread(
            target=lambda: late.update(body=self.api.read(identity, "?stream=true&starting_after=2").body))
        reader.start()
        time.sleep(0.2)
        self.go_on.set()
        reader.join(10)
        self.api.poll(identity, "completed")
        whole = frames(self.api.read(identity, "?stream=true").body)
        self.assertEqual([data["sequence_number"] for _, data in whole], list(range(len(whole))))
        self.assertEqual((whole[0][0], whole[-1][0]), ("response.created", "response.completed"))
        self.assertEqual(frames(late["body"]), whole[3:])
        for after in range(len(whole)):
            got = frames(self.api.read(identity, f"?stream=true&starting_after={after}").body)
            self.assertEqual(got, whole[after + 1:], after)

    def test_cancelling_ends_the_request_at_the_provider(self):
        queued = self.api.create("one", background=True).json["id"]
        self.api.poll(queued, "in_progress")
        call = self.upstream.calls[-1]
        cancelled = self.api.call("POST", f"/v1/responses/{queued}/cancel").json
        self.assertEqual((cancelled["status"], cancelled["error"]), ("cancelled", None))
        self.assertEqual(self.api.call("POST", f"/v1/responses/{queued}/cancel").json["status"], "cancelled")
        self.assertEqual(self.api.read(queued).json["status"], "cancelled")
        self.assertTrue(call.wait_left(5 * harness.SLOW))

    def test_whoever_follows_a_cancelled_response_is_told(self):
        queued = self.api.create("one", background=True).json["id"]
        self.api.poll(queued, "in_progress")
        seen = {}
        reader = threading.Thread(target=lambda: seen.update(body=self.api.read(queued, "?stream=true").body))
        reader.start()
        time.sleep(0.3)
        self.api.call("POST", f"/v1/responses/{queued}/cancel")
        reader.join(10)
        got = frames(seen["body"])
        self.assertEqual((got[0][0], got[-1][0]), ("response.created", "error"))
        self.assertEqual(got[-1][1]["code"], "response_ended")

    def test_what_the_provider_refuses_is_a_failed_response(self):
        self.upstream.script = lambda call: call.respond(
            429, {"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}})
        queued = self.api.create("one", background=True).json["id"]
        failed = self.api.poll(queued, "failed")
        self.assertEqual(failed["error"]["code"], "rate_limit_exceeded")
        self.assertIn("Slow down.", failed["error"]["message"])
        self.upstream.script = lambda call: call.stream(ROLE, text("a"))
        broken = self.api.create("one", background=True).json["id"]
        self.assertEqual(self.api.poll(broken, "failed")["error"]["code"], "upstream_stream_incomplete")
        # What is wrong with the request itself is told at once.
        self.assert_error(self.api.create("x", "nobody/m", background=True), 400, "model_not_found")

    def test_a_job_that_died_with_its_process_has_failed(self):
        queued = self.api.create("one", background=True).json["id"]
        self.api.poll(queued, "in_progress")
        self.gateway.signal(signal.SIGKILL)
        self.gateway.wait_exit()
        successor = harness.Gateway(self.gateway.file.read_text(), folder=self.gateway.folder)
        self.addCleanup(successor.close)
        api = Api(successor.start())
        failed = api.read(queued).json
        self.assertEqual((failed["status"], failed["error"]["code"]), ("failed", "server_error"))
        self.assertIn("ended before it was complete", failed["error"]["message"])
        last = frames(api.read(queued, "?stream=true").body)
        self.assertEqual([kind for kind, _ in last], ["response.failed"])

    def test_an_orderly_end_waits_for_what_is_being_made(self):
        queued = self.api.create("one", background=True).json["id"]
        self.api.poll(queued, "in_progress")
        self.gateway.signal(signal.SIGTERM)
        time.sleep(0.3)
        self.assertIsNone(self.gateway.process.poll())
        self.go_on.set()
        self.assertEqual(self.gateway.wait_exit(), 0)
        successor = harness.Gateway(self.gateway.file.read_text(), folder=self.gateway.folder)
        self.addCleanup(successor.close)
        self.assertEqual(Api(successor.start()).read(queued).json["status"], "completed")


class KeptElsewhereTest(GatewayTest):
    """In front of a provider that keeps responses itself."""

    def setUp(self):
        self.upstream, self.chat = Upstream(), Upstream()
        self.addCleanup(self.upstream.close)
        self.addCleanup(self.chat.close)
        accounts = [{"name": "a", "api_key": "sk-a", "priority": 1}, {"name": "b", "api_key": "sk-b", "priority": 2}]
        self.settings = settings_for(
            provider(self.upstream, "oai", dialect="openai-responses", accounts=accounts), provider(self.chat, "chat"))
        self.gateway = self.run_gateway(self.settings)
        self.api = Api(self.gateway)
        self.upstream.script = lambda call: call.respond(200, response_object("resp_up_1"))

    def test_it_is_asked_with_the_same_bytes_and_the_same_account(self):
        first = self.api.create("one", "oai/m")
        self.assertEqual(first.json["id"], "resp_up_1")
        # The other account would be the first now.
        for account, priority in zip(self.settings["providers"][0]["accounts"], (3, 1)):
            account["priority"] = priority
        self.gateway.write(self.settings)
        wait_until(lambda: self.gateway.status()["generation"] == 2, 5, "reload")
        self.upstream.script = lambda call: call.respond(200, response_object("resp_up_b"))
        self.api.create("x", "oai/m")
        self.assertEqual(self.upstream.calls[-1].headers["authorization"], "Bearer sk-b")
        body = b'{"model": "oai/m",  "input":"two", "previous_response_id" : "resp_up_1","odd":[1 ]}'
        self.upstream.script = lambda call: call.respond(200, response_object("resp_up_2"))
        self.assertEqual(self.api.call("POST", "/v1/responses", body).status, 200)
        call = self.upstream.calls[-1]
        self.assertEqual(call.body, body.replace(b"oai/m", b"m"))
        self.assertEqual(call.headers["authorization"], "Bearer sk-a")

    def test_another_dialect_and_a_provider_that_forgot_are_told_what_came_before(self):
        self.api.create("one", "oai/m")
        self.api.create("two", "chat/m", previous_response_id="resp_up_1")
        self.assertEqual([message["content"] for message in self.chat.calls[-1].json["messages"]],
                         ["one", "ja", "two"])
        answers = [(404, {"error": {"message": "Previous response with id 'resp_up_1' not found.", "param": None,
                                    "type": "invalid_request_error", "code": "previous_response_not_found"}}),
                   (200, response_object("resp_up_3"))]
        self.upstream.script = lambda call: call.respond(*answers.pop(0))
        self.assertEqual(self.api.create("two", "oai/m", previous_response_id="resp_up_1").json["id"], "resp_up_3")
        sent = self.upstream.calls[-1].json
        self.assertNotIn("previous_response_id", sent)
        self.assertEqual([item["content"][0]["text"] for item in sent["input"]], ["one", "ja", "two"])

    def test_reasoning_that_only_its_provider_reads_is_left_out_and_named(self):
        thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}
        made = response_object("resp_up_1")
        made["output"].insert(0, thought)
        self.upstream.script = lambda call: call.respond(200, made)
        self.api.create("one", "oai/m")
        settings = json.loads(json.dumps(self.settings))
        settings["providers"].append({**settings["providers"][0], "id": "other"})
        self.gateway.write(settings)
        wait_until(lambda: self.gateway.status()["generation"] == 2, 5, "reload")
        self.upstream.script = lambda call: call.respond(200, response_object("resp_up_2"))
        answered = self.api.create("two", "other/m", previous_response_id="resp_up_1")
        self.assertEqual(answered.headers["x-omniroute-dropped"], "reasoning")
        self.assertEqual([item["type"] for item in self.upstream.calls[-1].json["input"]], ["message"] * 3)

    def test_what_it_makes_in_the_background_it_is_asked_for(self):
        states = ["queued", "in_progress"]
        self.upstream.script = lambda call: call.respond(
            200, response_object("resp_bg", background=True, status=states[0], output=[]))
        self.assertEqual(self.api.create("one", "oai/m", background=True).json["status"], "queued")
        # What it will have said nobody else knows.
        self.assert_error(self.api.create("x", "chat/m", previous_response_id="resp_bg"), 404,
                          "previous_response_not_found")
        self.upstream.script = lambda call: call.respond(200, response_object("resp_bg", background=True))
        self.assertEqual(self.api.read("resp_bg", "?include=a&key=x").json["status"], "completed")
        call = self.upstream.calls[-1]
        self.assertEqual((call.method, call.path, call.body), ("GET", "/v1/responses/resp_bg?include=a", b""))
        self.assertEqual(call.headers["authorization"], "Bearer sk-a")
        self.assertEqual(self.api.call("POST", "/v1/responses/resp_bg/cancel").status, 200)
        self.assertEqual(self.upstream.calls[-1].path, "/v1/responses/resp_bg/cancel")
        event_bytes = b'event: response.completed\ndata: {"type":"response.completed","sequence_number":9}\n\n'
        self.upstream.script = lambda call: call.stream(event_bytes)
        streamed = self.api.read("resp_bg", "?stream=true&starting_after=8")
        self.assertEqual(streamed.body, event_bytes)
        self.assertEqual(self.upstream.calls[-1].path, "/v1/responses/resp_bg?stream=true&starting_after=8")
        self.upstream.script = lambda call: call.respond(404, {"error": {"message": "No such thing.", "code": None}})
        self.assert_error(self.api.read("resp_bg"), 404, contains="No such thing.")
        self.upstream.script = lambda call: call.respond(200, {"id": "resp_bg", "deleted": True})
        self.assertEqual(self.api.call("DELETE", "/v1/responses/resp_bg").json["deleted"], True)
        self.assertEqual(self.upstream.calls[-1].method, "DELETE")
        self.assert_error(self.api.read("resp_bg"), 404, "response_not_found")
        self.assert_error(Api(self.gateway, OTHER_KEY).read("resp_up_1"), 404)


if __name__ == "__main__":
    harness.main()
