/** Rounds of builds for the mask benchmark: masks of maskMods.py at a length, captures made anew, times and memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { findVariant, lowerModule } from "../../kernels/frontend/lower.ts";
import type { Capture } from "../../kernels/ir/mod.ts";
import type { BlockMask, MaskSize } from "../../kernels/mask/blockMask.ts";
import { buildSteps } from "../../kernels/mask/build.ts";
import { type CompiledMask, compileMask } from "../../kernels/mask/compile.ts";
import { seeded, whole } from "../support/random.ts";
import mods from "./maskMods.py";

/** The masks that are timed, by their names in maskMods.py. */
export type Benched = "causal" | "sliding_window" | "documents" | "prefix_lm" | "neighbourhood" | "dilated" | "random_ids";

/** Lengths of `count` documents that fill `length`, none empty, random. */
export function documentLengths(length: number, count: number, seed = 3): number[] {
  const random = seeded(seed);
  const edges = new Set<number>();
  while (edges.size < count - 1) edges.add(whole(random, 1, length - 1));
  const sorted = [0, ...[...edges].sort((a, b) => a - b), length];
  return sorted.slice(1).map((edge, i) => edge - (sorted[i] ?? 0));
}

/** The source of all masks at a length. */
export function modText(length: number, lengths: readonly number[], ids: readonly number[] = [0]): string {
  const width = Math.round(Math.sqrt(length));
  return `LENGTH = ${length}\nWIDTH = ${width}\nLENGTHS = ${JSON.stringify(lengths)}\nIDS = ${JSON.stringify(ids)}\n${mods}`;
}

export interface BenchedMask {
  readonly mask: CompiledMask;
  readonly size: MaskSize;
  /** From the mod's expression on; reading the text is not in it. */
  readonly compileMs: number;
}

/** Reads the masks' text and compiles one of them. */
export function benched(name: Benched, length: number, lengths: readonly number[]): BenchedMask {
  const random = seeded(9);
  const ids = name === "random_ids" ? Array.from({ length }, () => whole(random, 0, 100_000)) : [0];
  const module = lowerModule([{ file: "maskMods.py", text: modText(length, lengths, ids) }]);
  const body = findVariant(module, name)?.maskMod?.body;
  if (body === undefined) throw new Error(`${name} is not read: ${module.diagnostics.map((d) => d.message).join("; ")}`);
  const { ms, value } = timed(() => compileMask(body));
  return { mask: value, size: { batch: 1, heads: 1, qLen: length, kvLen: length }, compileMs: ms };
}

export function timed<T>(f: () => T): { readonly ms: number; readonly value: T } {
  const start = performance.now();
  const value = f();
  return { ms: performance.now() - start, value };
}

/** Times of one build, in milliseconds. */
export interface BuildTimes {
  /** Of all. */
  readonly first: number;
  /** Of the `rounds` after the first: much of our code is not compiled by the engine yet. */
  readonly early: number;
  /** Of `rounds` after `WARM_UP`. */
  readonly best: number;
}

/** Milliseconds of rounds until the engine, which does so beside them, has compiled what is timed. */
const WARM_UP = 300;

/**
 * Times builds, `rounds` of them early and, with `isWarmed`, `rounds` when warm. `build` asks for the mask inside of the
 * time; its captures are copies that nothing has seen, made outside of it.
 */
export function timesFrom(rounds: number, mask: CompiledMask, build: (fresh: () => CompiledMask) => unknown, isWarmed = false): BuildTimes {
  const round = (): number => {
    const captures = mask.captures.map(copyOf);
    return timed(() => build(() => (captures.length === 0 ? mask : mask.withCaptures(captures)))).ms;
  };
  const bestOf = (count: number): number => Math.min(...Array.from({ length: count }, round));
  const first = round();
  const early = bestOf(rounds);
  if (!isWarmed) return { first, early, best: early };
  for (const until = performance.now() + WARM_UP; performance.now() < until; ) round();
  return { first, early, best: bestOf(rounds) };
}

const copyOf = (c: Capture): Capture => ({ ...c, data: c.data.slice() });

setFlagsFromString("--expose-gc");
const gc: unknown = runInNewContext("gc");

/** Collects garbage. */
export function collect(): void {
  if (typeof gc === "function") gc();
}

/** Bytes that one build holds more than before it, at most: heap and array buffers, at each pause and at its end. */
export function grown(mask: CompiledMask, size: MaskSize, block: number, view: (m: BlockMask) => unknown): number {
  const captures = mask.captures.map(copyOf);
  collect();
  const before = process.memoryUsage();
  let most = 0;
  const look = (): void => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    // Garbage of before that is collected meanwhile is no credit.
    most = Math.max(most, Math.max(0, heapUsed - before.heapUsed) + Math.max(0, arrayBuffers - before.arrayBuffers));
  };
  const steps = buildSteps(captures.length === 0 ? mask : mask.withCaptures(captures), size, [block, block]);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) look();
  const made = view(step.value);
  look();
  return made === null ? 0 : most;
}
