// The attention article's three comparisons, as ratios in one run: plain, with a soft-cap, and a 56 × 56 neighbourhood.
// Writes docs/benchmarks.md with --write.
//   npm run bench:article [-- --write] [--quick] [--rounds N] [plain] [soft-cap] [neighbourhood]
import { parseArgs } from "node:util";
import { openPage } from "./browser.mjs";
import { reportGroups, wantedGroups } from "./report.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 10));
const length = values.quick ? 784 : 3136;
const sizes = `B = 1, H = 4, D = 64, S = ${length.toLocaleString("en")}, f32`;
const ratios = [
  { above: "naive", below: "fused", bar: { least: 12 } },
  { above: "naive", below: "materialized", bar: { least: 3 } },
  { above: "materialized", below: "fused", bar: null },
  { above: "fused, untuned", below: "fused", bar: null },
];
const groups = [
  { name: "plain", title: `Plain attention: ${sizes}`, setting: { length, tune: !values.quick }, ratios },
  { name: "soft-cap", title: `With a soft-cap, 20 tanh(score / 20): ${sizes}`, setting: { length, tune: !values.quick }, ratios },
  {
    name: "neighbourhood",
    title: `Neighbourhood of a 56 × 56 image, |Δrow| < 5 and |Δcolumn| < 5: ${sizes}`,
    setting: { length },
    ratios: [{ above: "the same mask, dense", below: "block-sparse", bar: { least: 3 } }],
  },
];
const wanted = wantedGroups(groups, positionals);
const opened = await openPage({ entry: "test/bench/articlePage.ts" });
const { missed } = await reportGroups({
  opened,
  groups: wanted,
  rounds,
  mark: "article",
  title: "The attention article's comparisons",
  write: values.write,
  head: ["naive: three textbook kernels, one thread an output (test/bench/naive.ts). materialized: our own baseline, with register tiles."],
});
process.exit(missed > 0 ? 1 : 0);
