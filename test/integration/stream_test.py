"""Streams under every cut: a whole one is passed on byte for byte, a broken one never looks whole."""
import concurrent.futures
import socket
import statistics
import threading
import time

import harness
from client import Client, chat, events, hello
from harness import SLOW, GatewayTest, config, provider, routes, wait_until
from upstream import DONE, ROLE, STOP, Upstream, answer, event, text

# As recorded from a server: comments, a BOM-free start, tool calls, text outside ASCII, usage.
RECORDED = [b": connected\n\n", ROLE, text("The sum of 2+2 is "), text("\u2463 \U0001f600 \"quoted\" \\n"),
            b"event: message\nid: 7\n" + text("data: [DONE] is only text"),
            event({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                   "function": {"name": "add", "arguments": "{\"a\":2,"}}]}),
            event({"tool_calls": [{"index": 0, "function": {"arguments": "\"b\":2}"}}]}),
            b": keep-alive\n\n", event({}, "tool_calls", usage={"prompt_tokens": 9, "completion_tokens": 12}), DONE]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
WIRE = HEAD + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in RECORDED) + b"0\r\n\r\n"
WHOLE = b"".join(RECORDED)
# From here on every choice has finished; the blank line behind the event may be missing.
FINISHED = len(WHOLE) - len(DONE) - 2


def payload_of(wire):
    """What the chunks of a part of WIRE hold together."""
    rest, out = wire[len(HEAD):], b""
    while b"\r\n" in rest:
        size, rest = rest.split(b"\r\n", 1)
        out += rest[:int(size, 16)]
        rest = rest[int(size, 16) + 2:]
    return out


class SplitTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)], log={"level": "error", "access": False}))

    def over_all_offsets(self, check, offsets, parallel=8):
        """Runs check(client, offset) for every offset, over kept-alive connections."""
        def some(first):
            with Client(self.gateway.port, timeout=30 * SLOW) as client:
                for offset in offsets[first::parallel]:
                    check(client, offset)
        with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
            list(pool.map(some, range(parallel)))

    def test_any_split_gives_the_same_bytes(self):
        def script(call):
            offset = call.json["seed"]
            call.send(WIRE[:offset])
            time.sleep(0.001)  # So that the two pieces are two reads.
            call.send(WIRE[offset:])
        self.upstream.script = script

        def check(client, offset):
            response = client.chat(hello("up/m", stream=True, seed=offset))
            self.assertEqual((response.status, response.complete), (200, True), offset)
            self.assertEqual(response.body, WHOLE, offset)
        self.over_all_offsets(check, range(1, len(WIRE)))

    def test_any_cut_is_an_error_and_never_a_clean_end(self):
        def script(call):
            call.send(WIRE[:call.json["seed"]])
            call.close()
        self.upstream.script = script

        def check(client, offset):
            response = client.chat(hello("up/m", stream=True, seed=offset))
            payload = payload_of(WIRE[:offset])
            finished = len(payload) >= FINISHED
            if response.status != 200:
                self.assertEqual(response.status, 502, (offset, response.body))
                self.assertIn("error", response.json)
                self.assertFalse(finished, (offset, response.body))
                return
            last = events(response.body)[-1]
            if '"error":{' in last:
                self.assertFalse(payload.endswith(DONE), offset)
                self.assertNotIn("[DONE]", events(response.body), offset)
                sent = response.body[:response.body.rindex(b"data: ")]
                self.assertTrue(payload.startswith(sent), (offset, response.body))
            else:
                self.assertTrue(finished, (offset, response.body))
                self.assertTrue(WHOLE.startswith(response.body.rstrip(b"\n")), offset)
        self.over_all_offsets(check, range(0, len(WIRE)))
        self.assert_well(self.gateway)

    def test_other_line_ends_pass_unchanged(self):
        for end in (b"\r\n", b"\r"):
            whole = WHOLE.replace(b"\n", end)
            half = len(whole) // 2
            self.upstream.script = lambda call: call.stream(whole[:half], whole[half:], pause=0.01)
            response = chat(self.gateway.port, hello("up/m", stream=True))
            self.assertEqual(response.body, whole)

    def test_one_byte_at_a_time_gives_the_same_bytes(self):
        self.upstream.script = lambda call: call.stream(*[WHOLE[i:i + 1] for i in range(len(WHOLE))])
        self.assertEqual(chat(self.gateway.port, hello("up/m", stream=True)).body, WHOLE)

    def test_an_event_of_two_megabytes_passes(self):
        pieces = [ROLE, text("x" * 2_000_000), STOP, DONE]
        self.upstream.script = lambda call: call.stream(*pieces)
        response = chat(self.gateway.port, hello("up/m", stream=True))
        self.assertEqual(len(response.body), sum(map(len, pieces)))
        self.assertEqual(response.body, b"".join(pieces))

    def test_several_choices_must_all_finish(self):
        first, second = event({"content": "a"}, index=0), event({"content": "b"}, index=1)
        ends = [event(finish="stop", index=0), event(finish="length", index=1)]
        self.upstream.script = lambda call: call.stream(first, second, *ends)
        body = chat(self.gateway.port, hello("up/m", stream=True, n=2)).body
        self.assertEqual(body, first + second + b"".join(ends))
        self.upstream.script = lambda call: call.stream(first, second, ends[0])
        body = chat(self.gateway.port, hello("up/m", stream=True, n=2)).body
        self.assertIn('"error":{', events(body)[-1])

    def test_a_stream_of_the_role_alone_is_502(self):
        for pieces in ([ROLE], [ROLE, b": x\n\n"], [b": x\n\n"], []):
            with self.subTest(pieces):
                self.upstream.script = lambda call: call.stream(*pieces)
                self.assert_error(chat(self.gateway.port, hello("up/m", stream=True)), 502)

    def test_an_empty_answer_that_finishes_is_an_answer(self):
        self.upstream.script = lambda call: call.stream(ROLE, STOP, DONE)
        self.assertEqual(chat(self.gateway.port, hello("up/m", stream=True)).body, ROLE + STOP + DONE)

    def test_an_error_as_the_first_event_is_a_status(self):
        said = b'data: {"error":{"message":"busy now","type":"overloaded","code":"busy"}}\n\n'
        for pieces in ([said], [ROLE, said], [said, DONE]):
            with self.subTest(pieces):
                self.upstream.script = lambda call: call.stream(*pieces)
                self.assert_error(chat(self.gateway.port, hello("up/m", stream=True)), 502, "busy", "busy now")

    def test_an_error_event_in_the_middle_is_passed_on_as_one(self):
        said = b'data: {"error":{"message":"broke","type":"server_error","code":"x"}}\n\n'
        self.upstream.script = lambda call: call.stream(ROLE, text("a"), said)
        found = events(chat(self.gateway.port, hello("up/m", stream=True)).body)
        self.assertTrue(any('"error":{' in item for item in found))
        self.assertNotIn("[DONE]", found)

    def test_a_plain_answer_cut_short_is_502(self):
        for cut in (0, 1, 30, 100):
            def script(call):
                call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n" + b"x" * cut)
                call.close()
            self.upstream.script = script
            self.assert_error(chat(self.gateway.port, hello("up/m")), 502)

    def test_a_large_plain_answer_cut_short_never_looks_whole(self):
        def script(call):
            call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 3_000_000)
            call.close()
        self.upstream.script = script
        try:
            response = chat(self.gateway.port, hello("up/m"))
        except ConnectionError:
            return
        self.assertTrue(response.status == 502 or not response.complete)


class LeavingTest(GatewayTest):
    """A client that leaves takes its upstream request along."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)]))

    def cancel_times(self, wait_for_first_byte, leave, begin):
        times = []
        for _ in range(5):
            seen = threading.Event()
            left = []

            def script(call):
                begin(call)
                seen.set()
                left.append(call.wait_left(5 * SLOW) and call.left_at)
            self.upstream.script = script
            client = Client(self.gateway.port)
            if wait_for_first_byte:
                _, pieces = client.open_stream(hello("up/m", stream=True))
                next(pieces)
            else:
                client.send_request("POST", "/v1/chat/completions", hello("up/m"))
            self.assertTrue(seen.wait(5))
            started = time.monotonic()
            leave(client)
            wait_until(lambda: left, 6, "upstream cancelled")
            self.assertTrue(left[0], "the upstream request was not cancelled")
            times.append(left[0] - started)
            client.close()
        self.assertLess(statistics.median(times), 0.1 * SLOW, times)

    @staticmethod
    def begin_stream(call):
        call.begin_stream()
        call.chunk(ROLE + text("a"))

    def test_leaving_a_stream_cancels_it(self):
        self.cancel_times(True, lambda client: client.close(), self.begin_stream)
        self.assertTrue(self.gateway.access()[-1]["aborted"])

    def test_leaving_while_waiting_cancels_the_request(self):
        self.cancel_times(False, lambda client: client.close(), lambda call: None)

    def test_a_half_close_counts_as_leaving(self):
        self.cancel_times(False, lambda client: client.socket.shutdown(socket.SHUT_WR), lambda call: None)

    def test_other_clients_do_not_notice(self):
        def script(call):
            call.begin_stream()
            call.chunk(ROLE)
            for _ in range(20):
                time.sleep(0.01)
                call.chunk(text("a"))
            call.chunk(STOP + DONE)
            call.end_stream()
        self.upstream.script = script
        clients = [Client(self.gateway.port) for _ in range(40)]
        streams = [client.open_stream(hello("up/m", stream=True)) for client in clients]
        for client in clients[::2]:
            client.close()
        for client, (_, pieces) in list(zip(clients, streams))[1::2]:
            self.assertEqual(b"".join(pieces), ROLE + text("a") * 20 + STOP + DONE)
            client.close()


class PressureTest(GatewayTest):
    def test_a_slow_client_holds_the_upstream_back(self):
        total, size = 96, 512 * 1024
        sent = []

        def script(call):
            call.begin_stream()
            call.chunk(ROLE)
            for _ in range(total):
                call.chunk(text("x" * size))
                sent.append(size)
            call.chunk(STOP + DONE)
            call.end_stream()
        upstream = Upstream(script)
        self.addCleanup(upstream.close)
        gateway = self.run_gateway(config([provider(upstream)], workers=1))
        chat(gateway.port, hello("demo/none"))
        before = gateway.rss_kib()
        with Client(gateway.port, receive_buffer=65536, timeout=60 * SLOW) as client:
            _, pieces = client.open_stream(hello("up/m", stream=True))
            body = next(pieces)
            time.sleep(1.0)
            stopped_at = len(sent)
            time.sleep(0.5)
            self.assertEqual(len(sent), stopped_at, "the upstream is not held back")
            self.assertLess(stopped_at, total - 20)
            self.assertLess(gateway.rss_kib() - before, 12 * 1024 * SLOW)
            body += b"".join(pieces)
        self.assertTrue(body == ROLE + text("x" * size) * total + STOP + DONE, "bytes were lost")


class StallTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = cls.serve(config([provider(cls.upstream)], {"routes": routes(timeout="400ms")}))

    def test_silence_before_the_answer_is_504(self):
        self.upstream.script = lambda call: call.wait_left(5 * SLOW)
        for stream in (False, True):
            started = time.monotonic()
            self.assert_error(chat(self.gateway.port, hello("up/m", stream=stream)), 504)
            self.assertGreaterEqual(time.monotonic() - started, 0.35)
            self.assertLess(time.monotonic() - started, 2 * SLOW)
        wait_until(lambda: self.upstream.calls[-1].left_at, 3, "upstream cancelled")

    def test_headers_alone_do_not_stop_the_clock(self):
        def script(call):
            call.begin_stream()
            call.wait_left(5 * SLOW)
        self.upstream.script = script
        self.assert_error(chat(self.gateway.port, hello("up/m", stream=True)), 504)

    def test_comments_and_roles_do_not_stop_the_clock(self):
        def script(call):
            call.begin_stream()
            for _ in range(40):
                call.chunk(b": wait\n\n")
                time.sleep(0.05)
        self.upstream.script = script
        started = time.monotonic()
        self.assert_error(chat(self.gateway.port, hello("up/m", stream=True)), 504)
        self.assertLess(time.monotonic() - started, 1.5 * SLOW)

    def test_silence_within_a_stream_ends_it_with_an_error(self):
        def script(call):
            call.begin_stream()
            call.chunk(ROLE + text("a"))
            call.wait_left(5 * SLOW)
        self.upstream.script = script
        response = chat(self.gateway.port, hello("up/m", stream=True))
        self.assertTrue(response.body.startswith(ROLE + text("a")))
        self.assertIn('"error":{', events(response.body)[-1])
        self.assertNotIn("[DONE]", events(response.body))

    def test_a_slow_but_steady_stream_may_take_longer_than_the_timeout(self):
        pieces = [ROLE + text("a")] + [text("b")] * 8 + [STOP + DONE]
        self.upstream.script = lambda call: call.stream(*pieces, pause=0.12)
        self.assertEqual(chat(self.gateway.port, hello("up/m", stream=True)).body, b"".join(pieces))

    def test_a_stalled_plain_body_is_504(self):
        def script(call):
            call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{")
            call.wait_left(5 * SLOW)
        self.upstream.script = script
        self.assert_error(chat(self.gateway.port, hello("up/m")), 504)


if __name__ == "__main__":
    harness.main()
