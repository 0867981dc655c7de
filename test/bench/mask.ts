/**
 * How block masks are built, against the bars: `npm run bench:mask`.
 *
 * The masks are Python text (maskMods.py), read by our front end and run by PyTorch in the same run, where FLEXLENS_PYTHON
 * or `python3` has one. Ours is timed from a mod that is compiled already, with captures made anew for each round (no
 * summary of a tensor, no result is kept from one to the next), the runs and PyTorch's eight lists both built: the best
 * of 15 when warm, as PyTorch's is the best of 3 after one to warm up, with the best of the first 15 and the first build
 * of all beside it. What the two build is
 * compared. Memory is what the process holds more than before, heap and array buffers, at most, looked at in each pause
 * of a build, and at its end. Exits with 1 where a bar is missed.
 */
import { createHash } from "node:crypto";
import { loadavg } from "node:os";
import type { BlockMask } from "../../kernels/mask/blockMask.ts";
import { buildCompiled } from "../../kernels/mask/build.ts";
import { type TorchFields, torchFields } from "../../kernels/mask/torchView.ts";
import { type Benched, benched, collect, documentLengths, grown, modText, timed, timesFrom } from "./maskRounds.ts";
import { torchTimes } from "./maskTorch.ts";

const BLOCK = 128;
const LENGTH = 16_384;
const MILLION = 1 << 20;

let missed = 0;

/** Prints one bar with its figure. */
function judge(what: string, figure: string, bar: string, met: boolean): void {
  if (!met) missed++;
  console.log(`  ${met ? "met   " : "MISSED"}  ${what}: ${figure} (bar: ${bar})`);
}

const ms = (t: number): string => `${t < 10 ? t.toFixed(3) : t.toFixed(1)} ms`;
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function digestOf(f: TorchFields): string {
  const hash = createHash("sha256");
  for (const list of [
    f.kvNumBlocks,
    f.kvIndices,
    f.fullKvNumBlocks,
    f.fullKvIndices,
    f.qNumBlocks,
    f.qIndices,
    f.fullQNumBlocks,
    f.fullQIndices,
  ])
    hash.update(new Uint8Array(list.buffer, list.byteOffset, list.byteLength));
  return hash.digest("hex");
}

console.log(`load of this machine: ${loadavg()[0]?.toFixed(1)} (times under load are longer; the ratios suffer less)`);

/** How many times faster than PyTorch each must be. */
const RATIOS: Readonly<Partial<Record<Benched, number>>> = { causal: 5000, sliding_window: 5000, documents: 3000, neighbourhood: 200 };
const MOST_MEMORY = 20e6;

const lengths = documentLengths(LENGTH, 17);
console.log(`\n${LENGTH.toLocaleString("en")} tokens, blocks of ${BLOCK}, one head: runs and PyTorch's lists`);
const ours = new Map<Benched, { cold: number; early: number; best: number; compile: number; memory: number; digest: string }>();
for (const name of Object.keys(RATIOS) as Benched[]) {
  const { mask, size, compileMs } = benched(name, LENGTH, lengths);
  const whole = (m: BlockMask): TorchFields => torchFields(m);
  const { first, early, best } = timesFrom(15, mask, (fresh) => whole(buildCompiled(fresh(), size, [BLOCK, BLOCK])), true);
  const memory = grown(mask, size, BLOCK, whole);
  const digest = digestOf(whole(buildCompiled(mask, size, [BLOCK, BLOCK])));
  ours.set(name, { cold: first, early, best, compile: compileMs, memory, digest });
}
const torch = await torchTimes(modText(LENGTH, lengths), [...ours.keys()], LENGTH, BLOCK);
console.log(typeof torch === "string" ? `  PyTorch: none: ${torch}` : `  PyTorch ${torch.version}, ${torch.threads} threads`);
for (const [name, { cold, early, best, compile, memory, digest }] of ours) {
  const theirs = typeof torch === "string" ? undefined : torch.masks.get(name);
  const own = `${ms(best)} (best of the first 15 ${ms(early)}, first of all ${ms(cold)}, compiled in ${ms(compile)})`;
  const bar = RATIOS[name] ?? 0;
  if (theirs === undefined) judge(name, `${own}, without PyTorch to compare with`, `${bar} times faster than PyTorch`, false);
  else {
    const ratio = (1000 * theirs.bestSeconds) / best;
    judge(name, `${own}, PyTorch ${ms(1000 * theirs.bestSeconds)}: ${ratio.toFixed(0)} times faster`, `${bar} times`, ratio >= bar);
    judge(
      `${name}, lists`,
      theirs.digest === digest ? "the same as PyTorch's" : "others than PyTorch's",
      "the same",
      theirs.digest === digest,
    );
  }
  judge(`${name}, memory`, mb(memory), mb(MOST_MEMORY), memory <= MOST_MEMORY);
}

console.log("\nRandom ids, where matches are rare, against the evaluation of every cell by the same loop");
{
  const { mask, size } = benched("random_ids", LENGTH, lengths);
  const { best } = timesFrom(3, mask, (fresh) => buildCompiled(fresh(), size, [BLOCK, BLOCK]));
  const count = mask.count(size);
  const every = Math.min(...[0, 1, 2].map(() => timed(() => count({ b: 0, h: 0, q0: 0, q1: LENGTH, k0: 0, k1: LENGTH })).ms));
  judge("random_ids", `${ms(best)}, every cell ${ms(every)}: ${(best / every).toFixed(2)} times`, "1.5 times", best <= 1.5 * every);
}

console.log("\nOne million tokens as runs, best of 3 (15 where it is quick), and what doubling the length costs from 65,536 on");
const WITHIN: Readonly<Partial<Record<Benched, number>>> = {
  causal: 20,
  sliding_window: 20,
  documents: 50,
  prefix_lm: 50,
  neighbourhood: 1000,
};
const MOST_AT_A_MILLION = 100e6;
for (const [name, bar] of Object.entries(WITHIN) as [Benched, number][]) {
  const growth: number[] = [];
  let memory = 0;
  let first = 0;
  for (let length = 65_536; length <= MILLION; length *= 2) {
    const { mask, size } = benched(name, length, documentLengths(length, Math.round((1000 * length) / MILLION)));
    collect();
    const times = timesFrom(name === "neighbourhood" ? 3 : 15, mask, (fresh) => buildCompiled(fresh(), size, [BLOCK, BLOCK]));
    growth.push(times.best);
    if (length === MILLION) {
      first = times.first;
      memory = grown(mask, size, BLOCK, (m) => m);
    }
  }
  const last = growth.at(-1) ?? Number.NaN;
  const exponent = Math.log2(last / (growth[0] ?? Number.NaN)) / (growth.length - 1);
  judge(name, `${ms(last)} (first ${ms(first)})`, ms(bar), last <= bar);
  judge(`${name}, memory`, mb(memory), mb(MOST_AT_A_MILLION), memory <= MOST_AT_A_MILLION);
  judge(
    `${name}, growth`,
    `${growth.map((t) => t.toFixed(2)).join(" → ")} ms: length to the power ${exponent.toFixed(2)}`,
    "1.15",
    exponent <= 1.15,
  );
}

console.log("\nBeside the bars");
for (const [name, length] of [
  ["dilated", LENGTH],
  ["dilated", MILLION],
] as const) {
  const { mask, size } = benched(name, length, documentLengths(length, 17));
  const { first, best } = timesFrom(3, mask, (fresh) => buildCompiled(fresh(), size, [BLOCK, BLOCK]));
  console.log(`          ${name} at ${length.toLocaleString("en")}: ${ms(best)} (first ${ms(first)})`);
}
console.log(missed === 0 ? "\nAll bars are met." : `\n${missed} bars are missed.`);
process.exitCode = missed === 0 ? 0 : 1;
