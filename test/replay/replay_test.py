#!/usr/bin/env python3
"""Captured answers and requests give what they gave before, whole or in pieces.

    test/replay/replay_test.py            compares with expected/
    test/replay/replay_test.py --write    writes expected/ anew, to be read in the diff
"""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("REPLAY_BIN") or str(HERE.parents[1] / "build/release/replay")
DIALECTS = ("openai", "openai-responses", "anthropic", "gemini", "ollama")
# Capture: its dialect, the other side's, more options, what is expected.
CASES = [
    ("anthropic_stream.sse", "anthropic", "openai", [], "anthropic_stream.openai.sse"),
    ("openai_stream.sse", "openai", "anthropic", [], "openai_stream.anthropic.sse"),
    ("openai_plain.json", "openai", "gemini", [], "openai_plain.gemini.json"),
    ("openai_request.json", "openai", "anthropic", ["--request"], "openai_request.anthropic.json"),
]
STREAMS = [("anthropic_stream.sse", "anthropic"), ("openai_stream.sse", "openai")]


def replay(*words, stdin=b""):
    done = subprocess.run([BINARY, *words], input=stdin, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def between(source, target, *words, stdin=b""):
    return replay("--from", source, f"--to={target}", *words, stdin=stdin)


def capture(name):
    return (HERE / "captures" / name).read_bytes()


class ReplayTest(unittest.TestCase):
    def test_captures_give_what_they_gave_before(self):
        for name, source, target, words, expected in CASES:
            with self.subTest(name):
                status, out, err = between(source, target, *words, str(HERE / "captures" / name))
                self.assertEqual((status, out), (0, (HERE / "expected" / expected).read_bytes()), err)

    def test_what_was_left_out_of_a_request_is_told(self):
        status, _, err = between("openai", "anthropic", "--request", "-", stdin=capture("openai_request.json"))
        self.assertEqual((status, err), (0, "replay: dropped: seed, logit_bias\n"))

    def test_any_split_gives_the_same_for_every_pair(self):
        for name, source in STREAMS:
            for target in DIALECTS:
                for form in ("--stream", "--plain"):
                    whole = between(source, target, form, "-", stdin=capture(name))
                    self.assertEqual((whole[0], whole[2]), (0, ""), (name, target, form))
                    for size in (1, 2, 7, 64, 100_000):
                        split = between(source, target, form, "--split", str(size), "-", stdin=capture(name))
                        self.assertEqual(split, whole, (name, target, form, size))

    def test_there_and_back_the_text_is_the_same(self):
        for name, source in STREAMS:
            document = json.loads(between(source, "openai", "--plain", "-", stdin=capture(name))[1])
            for target in DIALECTS:
                there = between(source, target, "-", stdin=capture(name))[1]
                status, back, err = between(target, "openai", "--plain", "-", stdin=there)
                self.assertEqual(status, 0, err)
                message, wanted = (each["choices"][0]["message"] for each in (json.loads(back), document))
                self.assertEqual(message["content"], wanted["content"], target)
                self.assertEqual([json.loads(call["function"]["arguments"]) for call in message["tool_calls"]],
                                 [json.loads(call["function"]["arguments"]) for call in wanted["tool_calls"]], target)

    def test_a_json_array_is_one_document(self):
        status, out, _ = between("openai", "gemini", "--json-array", "-", stdin=capture("openai_stream.sse"))
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out)[-1]["candidates"][0]["finishReason"], "STOP")
        cut = capture("openai_stream.sse")[:700]
        status, out, _ = between("openai", "gemini", "--json-array", "-", stdin=cut)
        self.assertEqual((status, json.loads(out)[-1]["error"]["code"]), (1, 502))

    def test_what_is_cut_is_an_error_for_every_client(self):
        whole = capture("anthropic_stream.sse")
        for size in (0, 300, 900, len(whole) - 60):
            for target in DIALECTS:
                for form in ("--stream", "--plain"):
                    status, out, err = between("anthropic", target, form, "--input=stream", "-", stdin=whole[:size])
                    self.assertEqual(status, 1, (size, target, form))
                    self.assertIn("ended before the answer was complete", err)
                    self.assertIn(b"error", out)

    def test_what_is_no_answer_is_an_error(self):
        for stdin in (b"<html>", b"{}", b'{"error":{"message":"busy"}}', b'data: {"error":{"message":"busy"}}\n\n'):
            status, _, err = between("openai", "anthropic", "-", stdin=stdin)
            self.assertEqual(status, 1, stdin)
            self.assertTrue(err.startswith("replay: the answer failed: "), err)
        self.assertEqual(between("openai", "gemini", "/nowhere")[0], 1)

    def test_a_request_that_cannot_be_said_is_an_error(self):
        refused = [(b"{", "Invalid JSON"), (b'{"model":"m","n":2,"messages":[{"role":"user","content":"x"}]}', "n: ")]
        for stdin, why in refused:
            status, out, err = between("openai", "anthropic", "--request", "-", stdin=stdin)
            self.assertEqual(status, 1)
            self.assertIn(why, err)
            self.assertIn("message", json.loads(out)["error"])

    def test_the_model_may_be_named(self):
        body = b'{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}'
        status, out, _ = between("gemini", "openai", "--request", "--model", "m", "--stream", "-", stdin=body)
        self.assertEqual((status, json.loads(out)["model"], json.loads(out)["stream"]), (0, "m", True))
        self.assertEqual(between("gemini", "openai", "--request", "-", stdin=body)[0], 2)

    def test_wrong_words_are_2_and_help_is_0(self):
        pair = ["--from", "openai", "--to", "gemini"]
        for words in ([], ["-"], pair, ["--from", "openai", "-"], ["--from", "cobol", "--to", "openai", "-"],
                      [*pair, "--split", "0", "-"], [*pair, "--split"], [*pair, "--nonsense", "-"], [*pair, "-", "-"],
                      [*pair, "--input", "both", "-"], [*pair, "--plain=yes", "-"], [*pair, "--request", "--split=1", "-"],
                      ["--from=openai", "--to=openai", "--json-array", "-"], [*pair, "--json-array", "--plain", "-"]):
            status, out, err = replay(*words)
            self.assertEqual((status, out), (2, b""), words)
            self.assertIn("--help", err)
        status, out, err = replay("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith(b"usage: "))


def write_expected():
    for name, source, target, words, expected in CASES:
        out = between(source, target, *words, str(HERE / "captures" / name))[1]
        (HERE / "expected" / expected).write_bytes(out)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write_expected()
    else:
        unittest.main()
