// Every test there is, by one command: types, lint, unit, oracle, GPU (Dawn in Node) and end to end (VS Code in Chromium).
//   node test/run/all.mjs [types | lint | unit | oracle | gpu | e2e]… [-- VITEST ARGUMENT…]
// Installs what is missing where it may, says how where it may not; a skipped test counts as failed. Ends with a line
// `N passed, M failed`, and with exit code 0 where M is 0.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { needChromium } from "./chromium.mjs";
import { dawnEnvironment, ROOT } from "./dawn.mjs";
import { needServer } from "./server.mjs";

const BIN = {
  tsc: "typescript/bin/tsc",
  biome: "@biomejs/biome/bin/biome",
  vitest: "vitest/vitest.mjs",
};
/** Folders of tests that run by commands of their own, and what these are. */
const ON_DEMAND = { lavapipe: "npm run test:lavapipe", bench: "npm run bench:kernels", peers: "npm run peers" };
const LIMIT_MS = 10 * 60_000;

const dashes = process.argv.indexOf("--");
const wanted = process.argv.slice(2, dashes < 0 ? undefined : dashes);
const extra = dashes < 0 ? [] : process.argv.slice(dashes + 1);

/** Runs Node on a script; what it prints goes on, and comes back: `{ code, output }`. Its whole group ends with it. */
function node(script, words = [], environment = {}) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [script, ...words], {
      cwd: ROOT,
      env: { ...process.env, CI: process.env.CI ?? "true", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    let output = "";
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding("utf8");
      from.on("data", (text) => {
        output += text;
        to.write(text);
      });
    }
    const kill = () => {
      try {
        if (child.pid) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    };
    process.once("exit", kill);
    const timer = setTimeout(() => {
      console.log(`FAIL ${relative(ROOT, script)} did not end within ${LIMIT_MS / 60_000} minutes`);
      kill();
    }, LIMIT_MS);
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", kill);
      kill();
      done({ code: code ?? 1, output });
    });
  });
}

const tool = (name) => join(ROOT, "node_modules", BIN[name]);
const one = ({ code }) => ({ pass: code === 0 ? 1 : 0, fail: code === 0 ? 0 : 1, skip: 0 });

/** A Vitest run over folders of test/, counted from its report rather than from its exit code. */
async function vitest(name, folders, environment = {}) {
  const report = join(ROOT, `dist/test/${name}.json`);
  rmSync(report, { force: true });
  const words = [
    "run",
    ...folders.map((folder) => `test/${folder}/`),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...extra,
  ];
  const { code } = await node(tool("vitest"), words, environment);
  let found;
  try {
    found = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return { pass: 0, fail: 1, skip: 0 };
  }
  // A file that breaks before its first test has no test of its own that failed.
  const broken = found.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((each) => each.status === "failed"),
  ).length;
  const fail = found.numFailedTests + broken;
  const failures = found.testResults.flatMap((file) => {
    const named = file.assertionResults.filter((each) => each.status === "failed");
    const path = relative(ROOT, file.name);
    if (file.status === "failed" && named.length === 0) return [`${path}: ${file.message}`];
    return named.map((each) => `${path}: ${each.fullName}\n${each.failureMessages.join("\n")}`);
  });
  return {
    pass: found.numPassedTests,
    fail: fail === 0 && code !== 0 ? 1 : fail,
    skip: found.numPendingTests + found.numTodoTests,
    failures,
  };
}

/** A script of test/e2e, which ends with a RESULT line. */
async function scenario(script, words = [], environment = {}) {
  const { code, output } = await node(join(ROOT, script), words, environment);
  const said = [...output.matchAll(/^RESULT (\{.*\})$/gm)].at(-1)?.[1];
  const failures = [...output.matchAll(/^(?:\[[^\]]*\] )?FAIL .*$/gm)].map(([line]) => line);
  const result = { ...(said ? JSON.parse(said) : { pass: 0, fail: 1, skip: 0 }), failures };
  return code !== 0 && result.fail === 0 && result.skip === 0 ? { ...result, fail: 1 } : result;
}

let dawn;
/** Environment of the suites that use Dawn; its adapter is said once. */
function withDawn() {
  if (dawn === undefined) {
    // The software driver comes with Chromium, which the end-to-end tests need anyway.
    try {
      dawn = dawnEnvironment();
    } catch {
      needChromium();
      dawn = dawnEnvironment();
    }
    console.log(`Dawn's adapter: ${dawn.adapter}`);
  }
  return dawn.environment;
}

/** Tests that no suite would run are an error, not a silence. */
function strayTests() {
  const known = [...["unit", "oracle", "gpu"].flatMap((name) => FOLDERS[name]), ...Object.keys(ON_DEMAND), "e2e"];
  const files = readdirSync(join(ROOT, "test"), { recursive: true }).map((path) => String(path).replaceAll("\\", "/"));
  const stray = files.filter((path) => /\.test\.tsx?$/.test(path) && !known.includes(path.split("/")[0]));
  for (const path of stray) console.log(`FAIL no suite runs test/${path}: put it into one of the folders that test/run/all.mjs names`);
  return { pass: 1 - Math.min(1, stray.length), fail: stray.length, skip: 0 };
}

const FOLDERS = { unit: ["unit", "gallery", "fuzz"], oracle: ["oracle"], gpu: ["gpu"] };

/** The rows of each suite: name and body. */
const SUITES = {
  types: [["types", async () => one(await node(tool("tsc"), ["--noEmit"]))]],
  lint: [
    ["lint", async () => one(await node(tool("biome"), ["ci", "--error-on-warnings", "."]))],
    ["no stray tests", async () => strayTests()],
  ],
  unit: [["unit", () => vitest("unit", FOLDERS.unit)]],
  oracle: [["oracle", () => vitest("oracle", FOLDERS.oracle, withDawn())]],
  gpu: [["gpu (Dawn)", () => vitest("gpu", FOLDERS.gpu, withDawn())]],
  e2e: [
    ["build", async () => one(await node(join(ROOT, "esbuild.mjs")))],
    ["package", async () => one(await node(join(ROOT, "test/run/package.mjs")))],
    ["e2e: user", () => scenario("test/e2e/main.mjs")],
    ["e2e: mask view", () => scenario("test/e2e/view.mjs")],
    ["e2e: structure, export", () => scenario("test/e2e/report.mjs")],
    ["e2e: panel", () => scenario("test/e2e/panel.mjs")],
    ["e2e: editor", () => scenario("test/e2e/editor.mjs")],
    ["e2e: light, narrow", () => scenario("test/e2e/editor.mjs", ["--light", "--narrow"])],
    ["e2e: Node host", () => scenario("test/e2e/suite.mjs", ["node"])],
    ["e2e: web worker host", () => scenario("test/e2e/suite.mjs", ["web"])],
    ["e2e: no GPU, lost GPU", () => scenario("test/e2e/gpu.mjs")],
    ["e2e: npm start", () => scenario("test/e2e/start.mjs")],
  ],
};

const unknown = wanted.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  console.error(`There is no suite \`${unknown.join(" ")}\`; there are: ${Object.keys(SUITES).join(" ")}`);
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
mkdirSync(join(ROOT, "dist/test"), { recursive: true });
const names = wanted.length > 0 ? wanted : Object.keys(SUITES);
const rows = [];
const began = Date.now();
if (names.includes("e2e")) {
  try {
    needChromium();
    needServer();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
for (const name of names) {
  for (const [title, body] of SUITES[name]) {
    console.log(`\n── ${title} ${"─".repeat(Math.max(1, 60 - title.length))}`);
    const t0 = Date.now();
    let result;
    try {
      result = await body();
    } catch (error) {
      console.log(`FAIL ${error instanceof Error ? error.message : error}`);
      result = { pass: 0, fail: 1, skip: 0 };
    }
    rows.push({ title, ...result, seconds: (Date.now() - t0) / 1000 });
  }
}

console.log(`\n${"suite".padEnd(24)}${"passed".padStart(8)}${"failed".padStart(8)}${"skipped".padStart(9)}${"time".padStart(11)}`);
for (const { title, pass, fail, skip, seconds } of rows) {
  console.log(
    `${title.padEnd(24)}${String(pass).padStart(8)}${String(fail).padStart(8)}${String(skip).padStart(9)}${`${seconds.toFixed(1)} s`.padStart(11)}`,
  );
}
// Once more under the table, where the end of a long log shows them.
for (const { title, failures = [] } of rows) for (const each of failures) console.log(`FAILED in ${title}: ${each}`);
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
if (sum("skip") > 0) console.log(`${sum("skip")} skipped: a skipped test counts as failed here.`);
if (wanted.length === 0) {
  console.log("Not part of this run: `npm run test:lavapipe` (a second software driver with f16 and subgroup matrices, which SwiftShader");
  console.log(
    "lacks; it downloads Debian's newer Mesa) and `npm run test:desktop` (the in-host suite in desktop VS Code, which it downloads).",
  );
}
console.log(`All in ${Math.round((Date.now() - began) / 1000)} s.`);
console.log(`${sum("pass")} passed, ${sum("fail") + sum("skip")} failed`);
process.exitCode = sum("fail") + sum("skip") > 0 ? 1 : 0;
