// One field of the matrix: a client library in front of a server, and one feature.
import assert from "node:assert/strict";
import { providerKey, until } from "../gateway.mjs";
import { Script } from "./upstreams/server.mjs";

let count = 0;

export class Cell {
  constructor(driver, client, dialect, upstreams) {
    this.driver = driver;
    this.client = client;
    this.dialect = dialect;
    this.script = new Script(dialect, providerKey);
    this.name = `cell-${(count += 1)}`;
    this.model = `${dialect}/${this.name}`;
    upstreams.scripts.set(this.name, this.script);
  }

  answers(reply) {
    this.script.answer(reply);
  }
  chat(ask) {
    return this.client.chat({ model: this.model, ...ask });
  }
  stream(ask) {
    return this.client.stream({ model: this.model, ...ask });
  }
  leave(ask) {
    return this.client.leave({ model: this.model, ...ask });
  }
  asked(i) {
    const { asked } = this.script.calls.at(i) ?? {};
    assert.ok(asked, `the server was not asked: ${this.script.complaints}`);
    return asked;
  }
  error(kind) {
    return this.script.dialect.error(kind);
  }
  async failing(run) {
    let answer;
    try {
      answer = await run();
    } catch (error) {
      return { ...this.client.failure(error), wait: error.wait };
    }
    throw new assert.AssertionError({ message: `no error but an answer: ${JSON.stringify(answer)}` });
  }
  until(check, what) {
    return until(check, what);
  }
}
