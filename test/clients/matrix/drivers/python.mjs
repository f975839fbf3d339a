// The drivers of ../python, each file a process of its own that is told what to do line by line.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const python = process.env.OMNI_CLIENTS_PYTHON ?? "python3";
const folder = fileURLToPath(new URL("../python/", import.meta.url));
const processes = new Map();

class Process {
  waiting = new Map();
  count = 0;

  constructor(file, url, key) {
    this.child = spawn(python, [`${folder}${file}`, url, key], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    this.ready = new Promise((ready, failed) => {
      this.child.on("exit", (code) => {
        const crash = `${file} ended: ${code}`;
        failed(new Error(crash));
        for (const done of this.waiting.values()) done({ crash });
      });
      createInterface({ input: this.child.stdout }).on("line", (text) => {
        const line = JSON.parse(text);
        if (line.ready) return ready();
        this.waiting.get(line.id)(line);
        this.waiting.delete(line.id);
      });
    });
  }

  async run(driver, operation, ask) {
    await this.ready;
    const id = (this.count += 1);
    const line = await new Promise((done) => {
      this.waiting.set(id, done);
      this.child.stdin.write(`${JSON.stringify({ id, driver, operation, ask })}\n`);
    });
    if (line.crash) throw new Error(line.crash);
    if (line.failure) throw Object.assign(new Error(line.failure.message), { neutral: line.failure });
    return line.answer;
  }
}

function childOf(file, url, key) {
  if (!processes.has(file)) processes.set(file, new Process(file, url, key));
  return processes.get(file);
}

function failure(error) {
  if (!error.neutral) throw error;
  return {
    ...error.neutral,
    status: error.neutral.status ?? undefined,
    retryAfter: error.neutral.retryAfter ?? undefined,
  };
}

// What a process has under this name, each operation as a function.
export const pythonClient = (name, file, operations) => (url, key) => {
  const child = childOf(file, url, key);
  const named = operations.map((operation) => [operation, (ask) => child.run(name, operation, ask ?? {})]);
  return { ready: child.ready, failure, ...Object.fromEntries(named) };
};

function driver(name, file, library, label, dialect) {
  return {
    name,
    library,
    label,
    dialect,
    isPython: true,
    always: dialect === "responses" ? "store" : undefined,
    connect: pythonClient(name, file, ["chat", "stream", "leave"]),
  };
}

export const pythonDrivers = [
  driver("py-openai-chat", "openai_driver.py", "openai", "`openai` (PyPI), Chat Completions", "openai"),
  driver("py-openai-responses", "openai_driver.py", "openai", "`openai` (PyPI), Responses", "responses"),
  driver("py-anthropic", "anthropic_driver.py", "anthropic", "`anthropic` (PyPI)", "anthropic"),
  driver("py-google", "google_driver.py", "google-genai", "`google-genai` (PyPI)", "gemini"),
];

export function closePython() {
  for (const { child } of processes.values()) {
    child.removeAllListeners("exit");
    child.stdin.end();
  }
}

// Looks for them without the seconds that importing takes.
const look =
  'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ("anthropic", "google.genai", "ollama", "openai"))))';
export const hasPython = () => spawnSync(python, ["-c", look]).status === 0;
