// Reads what a Gemini client is answered, and keeps of it what Gemini CLI keeps: chunks with an empty
// text count for nothing, thoughts are shown and forgotten, texts that follow each other become one
// (packages/core/src/core/geminiChat.ts of google-gemini/gemini-cli).
import assert from "node:assert/strict";
import { framesOf } from "./sse.mjs";

export const dialect = "gemini";
export const talk = "contents";

const isText = (part) => part.text !== undefined && !part.thought;
const isWhole = ({ candidates: [{ content }] }) =>
  content?.parts?.length > 0 && content.parts.every((part) => part.thought || part.text !== "");

function joined(parts) {
  const out = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last && isText(last) && isText(part)) last.text += part.text;
    else out.push({ ...part });
  }
  return out;
}

function check(chunk) {
  assert.equal(chunk.candidates?.length, 1, `one candidate: ${JSON.stringify(chunk)}`);
  const [{ content }] = chunk.candidates;
  if (content === undefined) return;
  assert.equal(content.role, "model");
  for (const part of content.parts ?? [])
    assert.ok(part.text !== undefined || part.functionCall, `a part of another kind: ${JSON.stringify(part)}`);
  const hasCall = (content.parts ?? []).some(({ functionCall }) => functionCall);
  assert.ok(!hasCall || isWhole(chunk), "a call in a chunk that Gemini CLI leaves aside");
}

function usageOf({
  promptTokenCount: input,
  candidatesTokenCount,
  thoughtsTokenCount = 0,
  cachedContentTokenCount: cached = 0,
}) {
  assert.ok(Number.isInteger(input) && Number.isInteger(candidatesTokenCount), "usageMetadata");
  return { input, cached, output: candidatesTokenCount + thoughtsTokenCount };
}

function saying({ text, thought, functionCall }) {
  if (functionCall) return { call: functionCall.name, id: functionCall.id, args: functionCall.args ?? {} };
  return thought ? { thought: text } : { text };
}

// Thoughts that follow each other are one as well.
function sayings(parts) {
  const out = [];
  for (const part of parts.map(saying)) {
    const key = Object.keys(part)[0];
    if (key !== "call" && out.length && key in out.at(-1)) out.at(-1)[key] += part[key];
    else if (part[key] !== "") out.push(part);
  }
  return out;
}

export function read(chunks, { keepsThoughts = false } = {}) {
  chunks.forEach(check);
  const reasons = chunks.map(({ candidates }) => candidates[0].finishReason);
  assert.ok(
    reasons.slice(0, -1).every((reason) => reason === undefined),
    `one end: ${reasons}`,
  );
  assert.equal(reasons.at(-1), "STOP");
  const all = chunks.flatMap(({ candidates }) => candidates[0].content?.parts ?? []);
  const whole = chunks.filter(isWhole).flatMap(({ candidates }) => candidates[0].content.parts);
  const talk = keepsThoughts
    ? chunks.map(({ candidates }) => candidates[0].content).filter((content) => content?.parts?.length)
    : [{ role: "model", parts: joined(whole.filter(({ thought }) => !thought)) }];
  return { says: sayings(all), usage: usageOf(chunks.at(-1).usageMetadata), talk };
}

// Proofs are bytes in this dialect: another provider's is written in Base64 once more.
export const readable = (text) =>
  text.replace(/"thoughtSignature":"([^"]+)"/g, (all, bytes) => all + Buffer.from(bytes, "base64").toString("latin1"));

export const plain = (body, habits) => read([body], habits);
export const stream = (text, habits) =>
  read(
    framesOf(text).map(({ data }) => data),
    habits,
  );
export const counted = (body) => body.totalTokens;
export const listed = (body) => body.models.map(({ name }) => name.replace(/^models\//, ""));
