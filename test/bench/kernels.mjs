// Times the kernels in headless Chromium on its software adapter, and writes docs/benchmarks.md.
//   npm run bench:kernels [-- --instances N] [--length S] [--no-write]
// Ratios between contestants of one run are the result; times are context (a software adapter, a shared machine). Each
// round makes fresh instances on a fresh device (one pipeline and set of buffers can be 20 % off whatever is sampled),
// samples them in turn with the queue drained, and takes each one's median; the figures are medians over the rounds.
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { chromium } from "playwright-core";
import { CHROMIUM_ARGS, needChromium } from "../run/chromium.mjs";
import { ROOT } from "../run/dawn.mjs";

const { values } = parseArgs({
  options: {
    instances: { type: "string", default: "5" },
    length: { type: "string", default: "1024" },
    "no-write": { type: "boolean", default: false },
  },
});
const instances = Number(values.instances);
const length = Number(values.length);
const SAMPLES = 5;
const MIN_SAMPLE_MS = 60;

/** Numerator, denominator, bar. */
const BARS = [
  ["naive", "materialized", 3],
  ["naive", "fused dense", 10.5],
  ["fused dense", "fused causal", 1.5],
  ["materialized", "fused dense", null],
  ["fused dense, row kernel", "fused dense", null],
  ["one query, quad kernel", "one query", 3],
  ["one query, row kernel", "one query", null],
  ["one query, materialized", "one query", 3],
];

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const { outputFiles } = await esbuild.build({
  absWorkingDir: ROOT,
  entryPoints: ["test/bench/kernelsPage.ts"],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
});
const server = http.createServer((request, response) => {
  // Isolated, so that performance.now() steps 5 µs.
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
  const script = request.url === "/kernels.js";
  response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
  response.end(script ? outputFiles[0].text : '<!doctype html><script type="module" src="/kernels.js"></script>');
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: needChromium(), args: CHROMIUM_ARGS });
let failed = false;
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  page.on("pageerror", (error) => console.error(String(error)));
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => window.bench !== undefined);
  const names = await page.evaluate(() => window.bench.contestants);
  const rounds = Object.fromEntries(names.map((name) => [name, { medians: [], minima: [], first: [], error: 0 }]));
  let adapter = "";
  const flops = {};
  for (let round = 0; round < instances; round++) {
    adapter = await page.evaluate(() => window.bench.open());
    const repeats = {};
    const samples = Object.fromEntries(names.map((name) => [name, []]));
    for (const name of names) {
      rounds[name].first.push(await page.evaluate(([n, s]) => window.bench.make(n, s), [name, length]));
      rounds[name].error = Math.max(rounds[name].error, await page.evaluate((n) => window.bench.check(n), name));
      flops[name] = await page.evaluate((n) => window.bench.flops(n), name);
      const once = await page.evaluate((n) => window.bench.time(n, 1), name);
      repeats[name] = Math.max(1, Math.ceil(MIN_SAMPLE_MS / once));
    }
    for (let i = 0; i < SAMPLES; i++) {
      for (const name of names) samples[name].push(await page.evaluate(([n, r]) => window.bench.time(n, r), [name, repeats[name]]));
    }
    for (const name of names) {
      rounds[name].medians.push(median(samples[name]));
      rounds[name].minima.push(Math.min(...samples[name]));
    }
    await page.evaluate(() => window.bench.close());
    console.log(
      `round ${round + 1} of ${instances}: ${names.map((name) => `${name} ${rounds[name].medians.at(-1).toFixed(1)} ms`).join(", ")}`,
    );
  }

  const least = (name) => Math.min(...rounds[name].minima);
  const rows = names.map((name) => {
    const ms = median(rounds[name].medians);
    return `| ${name} | ${ms.toFixed(1)} | ${least(name).toFixed(1)} | ${(flops[name] / ms / 1e6).toFixed(1)} | ${Math.round(median(rounds[name].first))} | ${rounds[name].error.toExponential(1)} |`;
  });
  const ratios = BARS.map(([above, below, bar]) => {
    const ratio = median(rounds[above].medians.map((ms, i) => ms / rounds[below].medians[i]));
    const minima = least(above) / least(below);
    const reached = bar === null || ratio >= bar;
    failed ||= !reached;
    return `| ${above} ÷ ${below} | ${ratio.toFixed(2)} | ${minima.toFixed(2)} | ${bar === null ? "–" : `≥ ${bar}${reached ? "" : " (missed)"}`} |`;
  });
  const text = [
    `Adapter \`${adapter}\` in Chromium ${browser.version()}, on ${os.cpus().length} cores (${os.cpus()[0]?.model ?? "unknown"}), ${new Date().toISOString().slice(0, 10)}.`,
    `B = 1, H = 8, D = 64, S = ${length}, f32; one query: Q_LEN 1, KV_LEN 8,192, eight heads on one key head; ${instances} fresh instances, ${SAMPLES} samples each of at least ${MIN_SAMPLE_MS} ms, in turn, queue drained.`,
    `Load average of the machine while it ran: ${os.loadavg()[1].toFixed(1)}; above ${os.cpus().length} other work shared the cores, and times are longer than they need be.`,
    "A software adapter: the ratios say which kernel does less work on it, nothing about any GPU.",
    "",
    "| kernel | median ms | best ms | GFLOP/s (dense) | compile and first run, ms | largest error |",
    "|---|---:|---:|---:|---:|---:|",
    ...rows,
    "",
    "| time ÷ time | median of rounds | best ÷ best | bar |",
    "|---|---:|---:|---|",
    ...ratios,
  ].join("\n");
  console.log(`\n${text}`);
  if (!values["no-write"]) writeSection("kernels", "Kernels", text);
} finally {
  await browser.close();
  server.close();
}
process.exit(failed ? 1 : 0);

/** Replaces a section of docs/benchmarks.md between its marks, or adds it. */
function writeSection(mark, title, text) {
  const file = join(ROOT, "docs/benchmarks.md");
  let document;
  try {
    document = readFileSync(file, "utf8");
  } catch {
    document = "# Benchmarks\n\nWritten by `npm run bench:…`; the text between two marks is replaced by the next run.\n";
  }
  const section = `<!-- ${mark} -->\n\n## ${title}\n\n${text}\n\n<!-- /${mark} -->`;
  const known = new RegExp(`<!-- ${mark} -->[^]*<!-- /${mark} -->`);
  writeFileSync(file, known.test(document) ? document.replace(known, () => section) : `${document.trimEnd()}\n\n${section}\n`);
}
