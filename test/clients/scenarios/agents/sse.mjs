// Server-sent events, as far as these agents read them.
import assert from "node:assert/strict";

export function framesOf(text) {
  assert.ok(text.endsWith("\n\n"), `a stream ends with a blank line: ${JSON.stringify(text.slice(-80))}`);
  return text
    .split("\n\n")
    .filter(Boolean)
    .map((frame) => {
      const lines = frame.split("\n").filter((line) => !line.startsWith(":"));
      const of = (name) =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      assert.equal(of("event").length + of("data").length, lines.length, `an event of other lines: ${frame}`);
      return { type: of("event")[0], data: JSON.parse(of("data").join("\n")) };
    });
}
