// Runs every feature with every client library in front of every server, and compares what it found
// with docs/compatibility.md, or writes that (--write).
//   node run.mjs [--write] [--only DRIVER/DIALECT/FEATURE] [--bodies]
// The names may be parts of names; --bodies shows what the servers of failed cells were asked.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clientKey, Gateway, patient, providerKey } from "../gateway.mjs";
import { scans } from "./canary.mjs";
import { Cell } from "./cell.mjs";
import { features } from "./features.mjs";
import { limitOf } from "./limits.mjs";
import { page } from "./page.mjs";
import { closePython, drivers, isWhole } from "./drivers/all.mjs";
import { libraries } from "./methods/all.mjs";
import { aliases, models } from "./methods/listing.mjs";
import { any } from "./methods/method.mjs";
import { dialects, Upstreams } from "./upstreams/server.mjs";

const pagePath = fileURLToPath(new URL("../../../docs/compatibility.md", import.meta.url));
const atOnce = 24;
const clients = [...drivers, ...libraries];
const showsBodies = process.argv.includes("--bodies");

async function attempt(run, cell) {
  try {
    await run(cell);
    return cell.script.complaints.length ? cell.script.complaints.join("; ") : undefined;
  } catch (error) {
    const told = error.neutral
      ? JSON.stringify(error.neutral)
      : error.code === "ERR_ASSERTION"
        ? error.message
        : (error.stack ?? String(error));
    const bodies = showsBodies ? cell.script.calls.map(({ body }) => `asked: ${body}`) : [];
    return [told, ...cell.script.complaints.map((text) => `the server: ${text}`), ...bodies].join("\n    ");
  }
}

// A limit must hold: what is documented happens, and the feature itself fails.
async function judge(make, feature, limit) {
  if (!limit) return attempt(feature.run, make());
  const failed = await attempt(limit.instead, make());
  if (failed) return `documented as "${limit.reason}", but: ${failed}`;
  return (await attempt(feature.run, make())) ? undefined : `documented as "${limit.reason}", but it works`;
}

// Features have a cell before every server, methods where they say so.
const featuresOf = ({ methods }, dialect) =>
  methods ? methods.filter(({ on }) => on.includes(dialect)) : dialect === any ? [] : features;

async function everyCell(url, upstreams, only) {
  const wanted = (name, i) => name.includes(only[i] ?? "");
  const jobs = [];
  for (const driver of clients.filter(({ name }) => wanted(name, 0))) {
    const client = driver.connect(url, clientKey);
    for (const dialect of [any, ...Object.keys(dialects)].filter((name) => wanted(name, 1)))
      for (const feature of featuresOf(driver, dialect).filter(({ name }) => wanted(name, 2)))
        jobs.push({ driver, client, dialect, feature });
  }
  const found = [];
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const { driver, client, dialect, feature } = job;
      await client.ready;
      const limit = feature.limits ? feature.limits[dialect] : limitOf(driver, dialect, feature.name);
      const failed = await judge(() => new Cell(driver, client, dialect, upstreams), feature, limit);
      found.push({ driver, dialect, feature, limit, failed });
    }
  };
  await Promise.all([...Array(atOnce)].map(work));
  return found.sort((a, b) => clients.indexOf(a.driver) - clients.indexOf(b.driver));
}

// True when the page is not as it should be.
function isPageStale(wanted, write) {
  if (write) {
    writeFileSync(pagePath, wanted);
    return false;
  }
  let committed = "";
  try {
    committed = readFileSync(pagePath, "utf8");
  } catch {}
  if (committed === wanted) return false;
  console.log(
    "docs/compatibility.md is not what this run found; write it with: node test/clients/matrix/run.mjs --write",
  );
  return true;
}

async function main() {
  const words = process.argv.slice(2);
  const only = words.includes("--only") ? words[words.indexOf("--only") + 1].split("/") : undefined;
  const begun = Date.now();
  const upstreams = await new Upstreams().start();
  const gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: upstreams.providers(providerKey, models),
    aliases,
    keys: [{ name: "sdk", key: clientKey }],
    settings: { require_api_key: true },
    resilience: patient,
  });
  process.on("exit", () => gateway.process.kill("SIGKILL"));
  const found = await everyCell(gateway.urls[0], upstreams, only ?? []);
  const scanned = only ? { lines: [], open: [] } : await scans(gateway.urls[0], upstreams);
  closePython();
  const code = await gateway.stop();
  upstreams.stop();

  const failures = found.filter(({ failed }) => failed);
  for (const { driver, dialect, feature, failed } of failures)
    console.log(`FAILED ${driver.name}/${dialect}/${feature.name}\n    ${failed}`);
  for (const line of scanned.open) console.log(`FAILED ${line}`);
  for (const stranger of upstreams.strangers) console.log(`FAILED a request that no server knows: ${stranger}`);
  const hasKey = [clientKey, providerKey].some((key) => gateway.log.includes(key));
  if (hasKey) console.log("FAILED a key stands in the log");
  console.log(
    `${found.length} cells, ${found.filter(({ limit }) => limit).length} of them limits, ${failures.length} failed, ${((Date.now() - begun) / 1000).toFixed(1)} s`,
  );
  const isBad = failures.length + scanned.open.length + upstreams.strangers.length > 0 || code !== 0 || hasKey;
  if (!isWhole)
    console.log("the libraries of PyPI are not installed (tools/test installs them): the page is not compared");
  const isStale = isWhole && !only && isPageStale(page(found, features, scanned.lines), words.includes("--write"));
  process.exitCode = isBad || isStale ? 1 : 0;
}

await main();
