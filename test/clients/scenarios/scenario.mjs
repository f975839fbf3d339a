// A scenario's file, and what its placeholders stand for in one run of it. README.md says which.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as anthropic from "./agents/anthropic.mjs";
import * as gemini from "./agents/gemini.mjs";
import * as responses from "./agents/responses.mjs";

const folder = fileURLToPath(new URL("data/", import.meta.url));
const agents = { anthropic, gemini, responses };

export function load() {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((file) => {
      const scenario = JSON.parse(readFileSync(folder + file, "utf8"));
      return { ...scenario, name: file.replace(".json", ""), agent: agents[scenario.agent] };
    });
}

// Markers stand at the end of a talk: what has been said before loses them when there is more.
function unmarked(value) {
  if (Array.isArray(value)) return value.map(unmarked);
  if (value === null || typeof value !== "object") return value;
  const { cache_control, ...rest } = value;
  return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, unmarked(inner)]));
}

// What one run knows of the steps behind it: {asks, says, talk}, by name.
export class Run {
  steps = new Map();

  constructor(scenario, cell) {
    this.scenario = scenario;
    this.cell = cell;
  }

  step(name) {
    const step = this.steps.get(name);
    if (!step) throw new Error(`${this.scenario.name}: no step '${name}' came before`);
    return step;
  }

  model(which) {
    return `${this.cell.name}/${this.cell.models[which]}`;
  }

  // An agent gives a call without an id one of its own, as Gemini CLI does.
  id(name, index) {
    const call = this.step(name).says.filter((said) => said.call)[index];
    if (!call) throw new Error(`${this.scenario.name}: '${name}' has no call ${index}`);
    return call.id || `${call.call}-1790000000000-${index}f3a9c01d2e4b`;
  }

  placeholder(value, used) {
    const [key] = Object.keys(value);
    const name = value[key];
    if (key === "$use") return this.expand(this.scenario.pieces[name], used);
    if (key === "$model") return this.model(name);
    if (key === "$id") return this.id(...name.split("#"));
    if (key === "$said") return (used.push(name), this.step(name).talk);
    if (key === "$talk") {
      const step = this.step(name);
      used.push(name, ...step.used);
      return [...unmarked(step.asked[this.scenario.agent.talk]), ...step.talk];
    }
    throw new Error(`${this.scenario.name}: no placeholder ${key}`);
  }

  // In a list, a placeholder that stands for a list becomes its elements.
  expand(value, used) {
    const isPlaceholder = (one) =>
      one?.constructor === Object && Object.keys(one)[0]?.startsWith("$") && !("$ref" in one || "$schema" in one);
    if (isPlaceholder(value)) return this.placeholder(value, used);
    if (Array.isArray(value))
      return value.flatMap((one) => {
        const out = this.expand(one, used);
        return Array.isArray(out) && isPlaceholder(one) ? out : [out];
      });
    if (value?.constructor !== Object) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.expand(inner, used)]));
  }

  // The request of a step, and the steps whose answers it holds.
  request(step) {
    const used = [];
    const like = step.like && this.scenario.pieces[step.like];
    const body = step.body && this.expand({ ...like, ...step.body }, used);
    const path = (step.post ?? step.get).replace(/\{(\w+)\}/g, (_, which) => this.model(which));
    return { method: step.get ? "GET" : "POST", path, body, used };
  }
}
