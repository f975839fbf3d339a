// The golden pairs are what the SDKs of this folder send and read today.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const recorder = fileURLToPath(new URL("../golden/record/record.mjs", import.meta.url));

test("recording the golden pairs anew changes none", () => {
  const run = spawnSync(process.execPath, [recorder, "--check"], { encoding: "utf8" });
  assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
});
