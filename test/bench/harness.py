"""Builds the benchmark's programs, starts what is measured, and reads what it cost."""
import json
import os
import resource
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEY = "sk-bench-0123456789abcdef"

NGINX = """worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/nginx.err crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_max_body_size 64m; client_body_buffer_size 1m;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  upstream model {{
    server 127.0.0.1:{upstream};
    keepalive 2048; keepalive_requests 1000000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
"""

# What a production set-up has on: a key, routing, usage, records and the access log.
GATEWAY = """workers: 1
storage: {{ path: {dir}/data, map_size: 1GiB }}
listeners:
  - name: main
    address: 127.0.0.1:{port}
    routes:
      - match: {{ prefix: /v1 }}
        filters:
          - auth: {{ required: true }}
          - translation: {{}}
          - routing: {{}}
          - upstream: {{ timeout: 600s }}
providers:
  - id: bench
    dialect: openai
    base_url: http://127.0.0.1:{upstream}/v1
    accounts: [{{ name: main, api_key: sk-upstream }}]
    models: [{{ id: bench-model }}]
keys: [{{ name: bench, key: {key} }}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build(folder):
    """Compiles the two programs into `folder`."""
    compiler = os.environ.get("CXX", "g++")
    jobs = [subprocess.Popen([compiler, "-std=c++20", "-O2", f"-I{ROOT}", str(HERE / f"{name}.cc"),
                              "-o", str(folder / name)]) for name in ("mock_upstream", "load")]
    for job in jobs:
        if job.wait() != 0:
            raise SystemExit("test/bench/run: the benchmark's own programs do not compile")


class Bench:
    """One scratch folder, one mock upstream, everything pinned to one core."""

    def __init__(self, folder, core):
        self.folder, self.core, self.port = folder, core, free_port()
        # Thousands of connections: as many files as the system lets us have.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.upstream = subprocess.Popen([folder / "mock_upstream", str(self.port)],
                                         preexec_fn=self.pin, stdin=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.stats()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("test/bench/run: the mock upstream does not start")

    def pin(self):
        os.sched_setaffinity(0, {self.core})

    def close(self):
        self.upstream.kill()
        self.upstream.wait()

    def _get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return json.load(answer)

    def stats(self):
        return self._get("/bench/stats")

    def set_gap(self, gap_us):
        self._get(f"/bench/set?gap_us={gap_us}")

    def load_command(self, verb, target, *more):
        return [self.folder / "load", verb, "--port", str(target.port), "--model", target.model,
                "--key", KEY, *[str(each) for each in more]]

    def load(self, target, *more, timeout=120):
        """Runs the load generator to its end; its JSON."""
        done = subprocess.run(self.load_command("run", target, *more), preexec_fn=self.pin,
                              stdout=subprocess.PIPE, timeout=timeout, check=True)
        return json.loads(done.stdout)


class Target:
    """Something that answers chat completions: by name `direct`, `nginx` or `omniroute`."""

    def __init__(self, name, bench, binary):
        self.name, self.bench, self.pid, self.start_ms = name, bench, None, None
        self.port = bench.port if name == "direct" else free_port()
        self.model = "bench/bench-model" if name == "omniroute" else "bench-model"
        self.folder = bench.folder / name
        self.binary = binary

    def start(self):
        """Starts it and waits for its first answer; the time that took is in start_ms."""
        if self.name == "direct":
            return
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)
        self.folder.mkdir(parents=True)
        values = {"dir": self.folder, "port": self.port, "upstream": self.bench.port, "key": KEY}
        config = self.folder / "config"
        if self.name == "nginx":
            config.write_text(NGINX.format(**values), encoding="utf-8")
            command = ["nginx", "-c", config]
        else:
            config = config.with_suffix(".yaml")
            config.write_text(GATEWAY.format(**values), encoding="utf-8")
            command = [self.binary, "serve", "--config", config]
        arguments = self.bench.load_command("start", self, "--log", self.folder / "log", "--", *command)
        # A system's own directories for programs are not on everybody's path.
        environment = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        done = subprocess.run(arguments, preexec_fn=self.bench.pin, stdout=subprocess.PIPE,
                              timeout=30, check=False, env=environment)
        if done.returncode != 0:
            log = self.folder / "log"
            raise SystemExit(f"test/bench/run: {self.name} does not answer\n"
                             + (log.read_text(errors="replace")[-2000:] if log.exists() else ""))
        started = json.loads(done.stdout)
        self.pid, self.start_ms = started["pid"], started["start_ms"]

    def stop(self):
        if self.pid is None:
            return
        os.kill(self.pid, 15)
        for _ in range(100):
            if not alive(self.pid):
                break
            time.sleep(0.1)
        else:
            os.kill(self.pid, 9)
        self.pid = None

    def cpu_ns(self):
        """Nanoseconds of CPU of all its threads so far."""
        total = 0
        for pid in family(self.pid):
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(task.read_text().split()[0])
        return total

    def rss_mb(self):
        total = 0
        for pid in family(self.pid):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    total += int(line.split()[1])
        return total / 1024


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def family(pid):
    """The process and everything it has started."""
    if pid is None:
        return []
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += family(int(child))
    return found
