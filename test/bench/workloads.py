"""What is measured, and the bar for each: a ratio in the same run, or a plain number."""
import json
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    name: str
    text: str
    unit: str
    bar: float
    is_ratio: bool = True  # The bar is for gateway / nginx; else for the gateway's own number.
    beside: str = ""  # The bar is for the ratio to this measure of the gateway itself.


MEASURES = (
    Measure("json_c32", "1 KB request, 32 connections: CPU per request", "us", 1.1),
    Measure("body_c32", "200 KB request, 32 connections: CPU per request", "us", 0.9),
    Measure("stream_c32", "64 events without pause, 32 connections: CPU per stream", "us", 1.05),
    Measure("paced_c100", "64 events 10 ms apart, 100 streams open: CPU per stream", "us", 1.1),
    Measure("json_c1", "1 KB request, 1 connection: median latency", "us", 1.2),
    Measure("stream_c1", "64 events, 1 connection: median time to the first byte", "us", 1.2),
    Measure("translated_c32", "Anthropic client, OpenAI upstream, 1 KB, 32 connections: CPU per request, "
            "beside the same without translation", "us", 2, beside="json_c32"),
    Measure("translated_c100", "Anthropic client, OpenAI upstream, 64 events 10 ms apart, 100 streams: CPU "
            "per stream, beside the same without translation", "us", 1.5, beside="paced_c100"),
    Measure("open_1000", "1,000 open streams: memory they take", "MB", 12, is_ratio=False),
    Measure("idle", "idle memory after the first answer", "MB", 20, is_ratio=False),
    Measure("start", "start to first answer", "ms", 50, is_ratio=False),
)

# Name: options of the load generator, those that are compared next to each other. The number that
# counts is in `measure_load`.
LOADS = {
    "json_c1": ("--connections", 1),
    "json_c32": ("--connections", 32),
    "translated_c32": ("--connections", 32, "--path", "/v1/messages"),
    "body_c32": ("--connections", 32, "--body-bytes", 200_000),
    "stream_c1": ("--connections", 1, "--stream"),
    "stream_c32": ("--connections", 32, "--stream"),
    "paced_c100": ("--connections", 100, "--stream"),
    "translated_c100": ("--connections", 100, "--stream", "--path", "/v1/messages"),
}
# Of processes that have just started.
FRESH = ("start", "idle", "open_1000")
PACED = ("paced_c100", "translated_c100")
PACED_SECONDS = 2
PACED_EVERY = 5
PACED_GAP_US = 10_000
HOLD_GAP_US = 1_000_000


def measure_load(bench, target, name, seconds):
    """The number of one load workload, or None for what has no CPU of its own."""
    bench.set_gap(PACED_GAP_US if name in PACED else 0)
    before, cpu = bench.stats()["requests"], target.cpu_ns()
    result = bench.load(target, *LOADS[name], "--seconds", seconds)
    if result["errors"]:
        raise SystemExit(f"test/bench/run: {target.name}, {name}: {result['errors']} errors, "
                         f"first: {result['error']}")
    settle(target)  # What is written behind the last answer is work for it, too.
    cpu, served = target.cpu_ns() - cpu, bench.stats()["requests"] - before
    bench.set_gap(0)
    if name == "json_c1":
        return result["p50_us"]
    if name == "stream_c1":
        return result["first_p50_us"]
    return cpu / 1000 / served if target.pid and served else None


def measure_open_streams(bench, target, count):
    """MB that `count` open streams add to the target."""
    bench.set_gap(HOLD_GAP_US)
    before = target.rss_mb()
    load = subprocess.Popen(bench.load_command("hold", target, "--connections", count),
                            preexec_fn=bench.pin, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    state = json.loads(load.stdout.readline() or "{}")
    time.sleep(3)  # Every stream has had events, and who gives memory back has had the time for it.
    grown = target.rss_mb() - before
    load.stdin.close()
    load.wait(10)
    bench.set_gap(0)
    if state.get("open") != count:
        raise SystemExit(f"test/bench/run: {target.name}: {state} instead of {count} open streams")
    time.sleep(0.5)
    return grown * 1000 / count if target.pid else None


def settle(target):
    """Waits, ten seconds at most, until the target has worked off what was broken off."""
    for _ in range(200):
        before = target.cpu_ns()
        time.sleep(0.05)
        if target.cpu_ns() - before < 1_000_000:
            return


def measure_fresh(bench, target, names, streams):
    """{measure: number} of what is asked of one fresh process."""
    found = {}
    target.start()
    try:
        found["start"] = target.start_ms
        time.sleep(0.3)
        found["idle"] = target.rss_mb() if target.pid else None
        if "open_1000" in names:
            found["open_1000"] = measure_open_streams(bench, target, streams)
    finally:
        target.stop()
    return {name: number for name, number in found.items() if name in names}


def warm_up(bench, target):
    for load in ((), ("--stream",), ("--body-bytes", 200_000)):
        bench.load(target, "--connections", 8, "--seconds", 0.5, *load)


def measure_slice(bench, targets, names, seconds, number):
    """{target: {measure: number}} of one slice of every workload. Those whose streams take longer
    than a slice have longer ones, and fewer."""
    found = {target.name: {} for target in targets}
    for name in LOADS:
        if name not in names or (name in PACED and number % PACED_EVERY):
            continue
        for target in targets:
            if target.name != "omniroute" and name.startswith("translated"):
                continue
            settle(target)
            length = max(seconds, PACED_SECONDS) if name in PACED else seconds
            found[target.name][name] = measure_load(bench, target, name, length)
    return found
