// The cost of flexibility: what a mask, a score_mod and the block lists cost beside a kernel that knows its mask.
// Writes docs/benchmarks.md with --write.
//   npm run bench:flexibility [-- --write] [--quick] [--rounds N] [mask] [score] [skip] [sparsity]
import { parseArgs } from "node:util";
import { openPage } from "./browser.mjs";
import { reportGroups, wantedGroups } from "./report.mjs";
import { LONG_SAMPLE_MS } from "./rounds.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 10));
const length = values.quick ? 256 : 1024;
const skipLength = values.quick ? 1024 : 2048;
const long = values.quick ? 2048 : 16_384;
/** From half of all blocks to one a row. */
const documents = values.quick ? [2, 16] : [2, 4, 8, 16, 32, 64, 128];
const windows = values.quick ? [256] : [256, 1024, 4096];

const heads = (s) => `B = 1, H = 8, D = 64, S = ${s.toLocaleString("en")}, f32`;
const perBlock = (above, below, bar, says) => ({ above, below, bar, says, perBlock: true });
const COUNTED =
  "Counted: the loads from storage and the operations that the WGSL of each asks for in all steps of all tiles of a head, a vec4f counted as a number.";
const groups = [
  {
    name: "mask",
    title: `Causal by mask and by hand: ${heads(length)}`,
    setting: { length },
    ratios: [
      { above: "causal by mask", below: "causal by hand", bar: { most: 1.05 } },
      { above: "causal by mask", below: "causal by hand", bar: { most: 1.05 }, counted: "loads" },
      { above: "causal by mask", below: "causal by hand", bar: { most: 1.05 }, counted: "operations" },
      { above: "causal by mask, blocks of 128", below: "causal by hand", bar: null },
    ],
    notes: [
      "By hand: the same kernel with two loops, whose bounds are computed from the tile's position, in place of the walk over runs; both skip at the kernel's own tile.",
      COUNTED,
    ],
  },
  {
    name: "score",
    title: `A score_mod: ${heads(length)}`,
    setting: { length },
    ratios: [{ above: "tanh soft-cap", below: "no mod", bar: { most: 1.15 } }],
  },
  {
    name: "skip",
    title: `Skip efficiency: ${heads(skipLength)}`,
    setting: { length: skipLength },
    sampleMs: LONG_SAMPLE_MS,
    ratios: [
      perBlock("dense", "causal", { least: 0.9 }, "causal: dense time a block ÷ time a computed block"),
      perBlock("dense", "window of 256", { least: 0.9 }, "window of 256: the same"),
      perBlock("dense, blocks of 64", "window of 256, blocks of 64", { least: 0.9 }, "window of 256, blocks of 64: the same"),
    ],
    notes: [
      "All run the kernel and the tile that the program takes untuned, the same for each: a tuned one compares tiles with each other.",
      "A sample lasts about as long as a run of dense: the milliseconds of handing work over weigh on all alike.",
    ],
  },
  {
    name: "sparsity",
    title: `Time a computed block: B = 1, H = 1, D = 64, S = ${long.toLocaleString("en")}, f32, blocks of 128`,
    setting: { length: long, documents, windows },
    ratios: [
      ...documents.slice(1).flatMap((n) => {
        const [above, bar, says] = [
          `${n} documents`,
          { least: 0.9, most: 1.1 },
          `${(100 - 100 / n).toFixed(1)} % sparse ÷ 50 %, a computed block`,
        ];
        const ratio = perBlock(above, "2 documents", bar, says);
        return [
          ratio,
          { ...ratio, counted: "loads", says: `${says}, loads counted` },
          { ...ratio, counted: "operations", says: `${says}, operations counted` },
        ];
      }),
      ...windows.map((w) => perBlock(`window of ${w}`, "2 documents", null, `window of ${w} ÷ 50 % sparse, a computed block`)),
    ],
    notes: [
      "Documents are equally long and end at blocks' edges, so every computed block is full; a window's two outer blocks are partial.",
      COUNTED,
    ],
  },
];
const wanted = wantedGroups(groups, positionals);
const opened = await openPage({ entry: "test/bench/flexibilityPage.ts" });
const { missed } = await reportGroups({
  opened,
  groups: wanted,
  rounds,
  mark: "flexibility",
  title: "The cost of flexibility",
  write: values.write,
});
process.exit(missed > 0 ? 1 : 0);
