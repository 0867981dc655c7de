/**
 * One row of attention probabilities for the seeded q and k that benchmarks use (inputs.ts): the scores of the keys that
 * the row may see, in float64 by the rules of reference.ts, their log-sum-exp and entropy, the likeliest keys. Only blocks
 * that are present are walked, so a row of a sliding window costs its window at any length; a long row is computed in
 * parts, so that whoever draws can do other things in between.
 */
import { boxOf } from "../analysis/interval.ts";
import { type CellLoop, compileCells } from "../emit/js.ts";
import { cast } from "../ir/expr.ts";
import type { Variant } from "../ir/mod.ts";
import { type BlockMask, FULL, forEachRun, rowIndex } from "../mask/blockMask.ts";
import { SEEDS, uniform } from "./inputs.ts";
import type { Problem } from "./problem.ts";
import type { RowIndex } from "./reference.ts";

/** A key with its probability. */
export interface Likely {
  readonly kv: number;
  readonly p: number;
}

/** The finished row. */
export interface ProbabilityRow {
  readonly q: number;
  /** Keys that the mask allows. */
  readonly allowed: number;
  /** Natural logarithm of the sum; minus infinity where nothing is allowed, as in reference.ts. */
  readonly lse: number;
  /** In nats: 0 for one key, ln n for n equal ones. nan where a score is nan or plus infinity. */
  readonly entropy: number;
  /** The likeliest keys first; equal ones by position. */
  readonly top: readonly Likely[];
  /** Natural logarithms of the probabilities of runs of keys, ascending; minus infinity where masked, as are all keys in no run. */
  readonly runs: readonly ProbabilityRun[];
}

export interface ProbabilityRun {
  readonly first: number;
  readonly logs: Float64Array;
}

/** A row in the making. */
export interface RowWork {
  /** Multiply-adds that are left, about. */
  readonly left: number;
  /** Does about `work` multiply-adds. The row once it is done, else null. */
  advance(work: number): ProbabilityRow | null;
}

/** The rows of one variant on one problem. */
export interface Probabilities {
  start(row: RowIndex): RowWork;
}

/** Keys whose vectors are kept, in numbers: 32 MiB. */
const KEPT_KEYS = 2 ** 23;
/** Likeliest keys that a row names. */
export const TOP = 5;
/** Keys computed at a time. */
const PART = 1024;

/** `blockMask` is the mask of `variant` on `p`. */
export function probabilitiesOf(variant: Pick<Variant, "scoreMod" | "maskMod">, p: Problem, blockMask: BlockMask): Probabilities {
  const box = boxOf(p.batch, p.qHeads, p.qLen, p.kvLen);
  const mods: Mods = {
    mask: variant.maskMod === null ? null : compileCells(cast(variant.maskMod.body, "bool"), box),
    score: variant.scoreMod === null ? null : compileCells(variant.scoreMod.body, box),
  };
  const keys = keptKeys(p);
  return { start: (row) => new Row(p, blockMask, mods, keys, row) };
}

interface Mods {
  readonly mask: CellLoop | null;
  readonly score: CellLoop | null;
}

/** Copies the vectors of keys k0..k1 of a batch and key head to `out`; gives where they begin in what it returns. */
type Keys = (b: number, head: number, k0: number, k1: number) => { readonly values: Float32Array; readonly at: number };

function keptKeys(p: Problem): Keys {
  const d = p.qkHeadDim;
  const base = (b: number, head: number): number => (b * p.kvHeads + head) * p.kvLen;
  const fill = (out: Float32Array, at: number, from: number, n: number): void => {
    for (let i = 0; i < n; i++) out[at + i] = uniform(from + i, SEEDS.k) * 1.5;
  };
  if (p.kvLen * d > KEPT_KEYS) {
    const part = new Float32Array(PART * d);
    return (b, head, k0, k1) => {
      fill(part, 0, (base(b, head) + k0) * d, (k1 - k0) * d);
      return { values: part, at: 0 };
    };
  }
  // One head at a time, in parts of PART keys as they are asked for.
  let shown = "";
  let values = new Float32Array(0);
  let done = new Uint8Array(0);
  return (b, head, k0, k1) => {
    if (shown !== `${b},${head}`) {
      shown = `${b},${head}`;
      if (values.length === 0) values = new Float32Array(p.kvLen * d);
      done = new Uint8Array(Math.ceil(p.kvLen / PART));
    }
    for (let part = Math.floor(k0 / PART); part * PART < k1; part++) {
      if (done[part] === 1) continue;
      done[part] = 1;
      const n = Math.min(PART, p.kvLen - part * PART);
      fill(values, part * PART * d, (base(b, head) + part * PART) * d, n * d);
    }
    return { values, at: k0 * d };
  };
}

class Row implements RowWork {
  readonly #p: Problem;
  readonly #mods: Mods;
  readonly #keys: Keys;
  readonly #row: RowIndex;
  readonly #query: Float64Array;
  /** Runs of blocks as keys: first, end, whether full. */
  readonly #spans: readonly (readonly [first: number, end: number, isFull: boolean])[];
  readonly #runs: ProbabilityRun[] = [];
  #span = 0;
  #allowed = 0;
  #next: number;
  #left: number;

  constructor(p: Problem, blockMask: BlockMask, mods: Mods, keys: Keys, row: RowIndex) {
    this.#p = p;
    this.#mods = mods;
    this.#keys = keys;
    this.#row = row;
    const d = p.qkHeadDim;
    const at = ((row.b * p.qHeads + row.h) * p.qLen + row.q) * d;
    // Rounded to f32, as the inputs are.
    this.#query = Float64Array.from({ length: d }, (_, i) => Math.fround(uniform(at + i, SEEDS.q) * 1.5));
    const [blockQ, blockK] = blockMask.blockSize;
    const spans: (readonly [number, number, boolean])[] = [];
    forEachRun(blockMask.rows, rowIndex(blockMask, row.b, row.h, Math.floor(row.q / blockQ)), (first, end, state) => {
      spans.push([first * blockK, Math.min(end * blockK, p.kvLen), state === FULL]);
    });
    this.#spans = spans;
    this.#next = spans[0]?.[0] ?? 0;
    this.#left = spans.reduce((n, [first, end]) => n + (end - first) * d, 0);
  }

  get left(): number {
    return this.#left;
  }

  advance(work: number): ProbabilityRow | null {
    for (let done = 0; this.#span < this.#spans.length; ) {
      if (done >= work) return null;
      const [, end, isFull] = this.#spans[this.#span] ?? [0, 0, true];
      const k1 = Math.min(end, (Math.floor(this.#next / PART) + 1) * PART);
      this.#part(this.#next, k1, isFull);
      done += (k1 - this.#next) * this.#p.qkHeadDim;
      this.#left -= (k1 - this.#next) * this.#p.qkHeadDim;
      this.#next = k1;
      if (k1 >= end) {
        this.#span++;
        this.#next = this.#spans[this.#span]?.[0] ?? 0;
      }
    }
    this.#left = 0;
    return finish(this.#row.q, this.#allowed, this.#runs);
  }

  /** Scores of keys k0..k1, minus infinity where masked. */
  #part(k0: number, k1: number, isFull: boolean): void {
    const { b, h, q } = this.#row;
    const p = this.#p;
    const n = k1 - k0;
    const d = p.qkHeadDim;
    const rect = { b, h, q0: q, q1: q + 1, k0, k1 };
    const allowed = new Uint8Array(n).fill(1);
    if (!isFull) this.#mods.mask?.(allowed, rect, null);
    if (!allowed.includes(1)) return;
    const { values, at } = this.#keys(b, Math.floor(h / (p.qHeads / p.kvHeads)), k0, k1);
    const query = this.#query;
    const scores = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      if (allowed[j] === 0) continue;
      let sum = 0;
      for (let i = 0, key = at + j * d; i < d; i++) sum += (query[i] ?? 0) * (values[key + i] ?? 0);
      scores[j] = sum * p.scale;
    }
    this.#mods.score?.(scores, rect, scores);
    // A masked key's score is minus infinity, whatever the score_mod makes of it.
    for (let j = 0; j < n; j++) {
      if (allowed[j] === 0) scores[j] = Number.NEGATIVE_INFINITY;
      else this.#allowed++;
    }
    this.#runs.push({ first: k0, logs: scores });
  }
}

/** Scores → logarithms of probabilities, in place. */
function finish(q: number, allowed: number, runs: readonly ProbabilityRun[]): ProbabilityRow {
  let max = Number.NEGATIVE_INFINITY;
  let isNan = false;
  for (const { logs } of runs) {
    for (const s of logs) {
      if (s > max) max = s;
      isNan ||= Number.isNaN(s);
    }
  }
  if (isNan || max === Number.POSITIVE_INFINITY) {
    for (const { logs } of runs) logs.fill(Number.NaN);
    return { q, allowed, lse: isNan ? Number.NaN : max, entropy: Number.NaN, top: [], runs };
  }
  if (max === Number.NEGATIVE_INFINITY) return { q, allowed, lse: max, entropy: 0, top: [], runs };
  let sum = 0;
  for (const { logs } of runs) for (const s of logs) sum += Math.exp(s - max);
  const lse = max + Math.log(sum);
  let entropy = 0;
  const top: Likely[] = [];
  for (const { first, logs } of runs) {
    for (let j = 0; j < logs.length; j++) {
      const log = (logs[j] ?? 0) - lse;
      logs[j] = log;
      const p = Math.exp(log);
      if (p > 0) entropy -= p * log;
      if (p > 0 && (top.length < TOP || p > (top[top.length - 1]?.p ?? 0))) insert(top, { kv: first + j, p });
    }
  }
  return { q, allowed, lse, entropy, top, runs };
}

function insert(top: Likely[], key: Likely): void {
  const at = top.findIndex((t) => t.p < key.p);
  top.splice(at < 0 ? top.length : at, 0, key);
  if (top.length > TOP) top.pop();
}
