// Times our kernels in headless Chromium, beside each other and the textbook ones, and writes docs/benchmarks.md.
//   npm run bench:kernels [-- --rounds N] [--length S] [--quick] [--no-write]
import { parseArgs } from "node:util";
import { openPage } from "./browser.mjs";
import { reportGroups } from "./report.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    length: { type: "string" },
    quick: { type: "boolean", default: false },
    "no-write": { type: "boolean", default: false },
  },
});
const length = Number(values.length ?? (values.quick ? 256 : 1024));
const rounds = Number(values.rounds ?? (values.quick ? 2 : 10));

const opened = await openPage({ entry: "test/bench/kernelsPage.ts" });
const groups = [
  {
    name: "many queries",
    title: `Many queries: B = 1, H = 8, D = 64, S = ${length}, f32`,
    setting: { length },
    ratios: [
      { above: "naive", below: "materialized", bar: { least: 3 } },
      { above: "naive", below: "fused dense", bar: { least: 10.5 } },
      { above: "fused dense", below: "fused causal", bar: { least: 1.5 } },
      { above: "materialized", below: "fused dense", bar: null },
      { above: "fused dense, row kernel", below: "fused dense", bar: null },
    ],
  },
  {
    name: "one query",
    title: "One query: KV_LEN 8,192, eight heads of 64 on one key head",
    setting: { length },
    ratios: [
      { above: "one query, quad kernel", below: "one query", bar: { least: 3 } },
      { above: "one query, row kernel", below: "one query", bar: null },
      { above: "one query, materialized", below: "one query", bar: { least: 3 } },
    ],
  },
];
const { missed } = await reportGroups({
  opened,
  groups,
  rounds,
  mark: "kernels",
  title: "Kernels",
  write: !values["no-write"] && !values.quick,
});
process.exit(missed > 0 ? 1 : 0);
