/**
 * Dense attention in float64: the definition of correct. In: a variant, a problem, q, k and v. Out: the output and the
 * log-sum-exp of each row asked for, by PyTorch's rules: score = (q·k)·scale → score_mod → minus infinity where
 * mask_mod is false → softmax. A fully masked row gives 0 and minus infinity; a nan score makes its row nan; a score
 * of plus infinity makes its row nan and its lse infinite. An lse or maximum as large as the largest number of the
 * score's dtype is infinite, since PyTorch takes it to base 2 and back (torch.finfo(dtype).min for a mask).
 *
 * One row of scores is held at a time, and keys that the mask forbids are skipped. Plain JavaScript does about one
 * GFLOP a second: what checks a kernel asks for some rows only where the problem is large (check.ts).
 */
import { compileCells, type Rect } from "../emit/js.ts";
import { cast } from "../ir/expr.ts";
import type { Variant } from "../ir/mod.ts";
import type { Inputs } from "./inputs.ts";
import { type Problem, stridesOf } from "./problem.ts";

/** A query row. */
export interface RowIndex {
  readonly b: number;
  readonly h: number;
  readonly q: number;
}

export interface Reference {
  /** The rows computed, in the order of `out` and `lse`. */
  readonly rows: readonly RowIndex[];
  /** True if these are all rows, in (b, h, q) order: then `out` is [B, HQ, Q_LEN, DV], whatever the problem's layout. */
  readonly allRows: boolean;
  /** DV numbers a row. */
  readonly out: Float64Array<ArrayBuffer>;
  /** Natural logarithm; minus infinity for a fully masked row. */
  readonly lse: Float64Array<ArrayBuffer>;
  /** Largest score after the mods; minus infinity for a fully masked row. */
  readonly maxScores: Float64Array<ArrayBuffer>;
}

/** Every row, in (b, h, q) order. */
export function allRows(p: Problem): RowIndex[] {
  const rows: RowIndex[] = [];
  for (let b = 0; b < p.batch; b++) for (let h = 0; h < p.qHeads; h++) for (let q = 0; q < p.qLen; q++) rows.push({ b, h, q });
  return rows;
}

/**
 * Forward pass of `variant` over `rows` (default: all). The mods are evaluated in their own dtypes: lowered with a
 * float64 score they are float64 throughout, as PyTorch's are where q is.
 */
export function referenceForward(
  variant: Pick<Variant, "scoreMod" | "maskMod">,
  p: Problem,
  inputs: Inputs<Float32Array> | Inputs<Float64Array>,
  rows?: readonly RowIndex[],
): Reference {
  const chosen = rows ?? allRows(p);
  const out = new Float64Array(chosen.length * p.vHeadDim);
  const lse = new Float64Array(chosen.length);
  const maxScores = new Float64Array(chosen.length);
  const beyond = Math.LN2 * (variant.scoreMod?.body.dtype === "f64" ? Number.MAX_VALUE : LARGEST_F32);
  const told = (x: number): number => (Math.abs(x) > beyond ? x * Number.POSITIVE_INFINITY : x);
  const scores = new Float64Array(p.kvLen);
  const allowed = new Uint8Array(p.kvLen);
  const mods = rowMods(variant);
  chosen.forEach((row, r) => {
    mods.mask(row, allowed);
    rawScores(p, inputs, row, allowed, scores);
    mods.score(row, scores);
    const { max, logSum } = softmaxRow(scores, allowed);
    lse[r] = told(logSum);
    maxScores[r] = told(max);
    const o = out.subarray(r * p.vHeadDim, (r + 1) * p.vHeadDim);
    weightedValues(p, inputs, row, scores, o);
  });
  return { rows: chosen, allRows: rows === undefined, out, lse, maxScores };
}

const LARGEST_F32 = (2 - 2 ** -23) * 2 ** 127;

/** (q·k)·scale for the allowed keys; 0 for the others. */
function rawScores(
  p: Problem,
  { q, k }: Inputs<Float32Array> | Inputs<Float64Array>,
  row: RowIndex,
  allowed: Uint8Array,
  scores: Float64Array,
): void {
  const d = p.qkHeadDim;
  const inQ = stridesOf(p.layout, p.qHeads, p.qLen, d);
  const inK = stridesOf(p.layout, p.kvHeads, p.kvLen, d);
  const query = row.b * inQ.batch + row.h * inQ.head + row.q * inQ.row;
  const keys = row.b * inK.batch + kvHeadOf(p, row.h) * inK.head;
  for (let j = 0; j < p.kvLen; j++) {
    let sum = 0;
    if (allowed[j] === 1) {
      const key = keys + j * inK.row;
      for (let i = 0; i < d; i++) sum += (q[query + i] ?? 0) * (k[key + i] ?? 0);
    }
    scores[j] = sum * p.scale;
  }
}

/** Scores → probabilities, in place; gives the row's largest score and its natural log-sum-exp. */
function softmaxRow(scores: Float64Array, allowed: Uint8Array): { readonly max: number; readonly logSum: number } {
  let max = Number.NEGATIVE_INFINITY;
  let nan = false;
  for (let j = 0; j < scores.length; j++) {
    const s = allowed[j] === 1 ? (scores[j] ?? 0) : Number.NEGATIVE_INFINITY;
    scores[j] = s;
    if (s > max) max = s;
    nan ||= Number.isNaN(s);
  }
  if (nan || max === Number.POSITIVE_INFINITY) {
    scores.fill(Number.NaN);
    const told = nan ? Number.NaN : max;
    return { max: told, logSum: told };
  }
  if (max === Number.NEGATIVE_INFINITY) {
    scores.fill(0);
    return { max, logSum: max };
  }
  let sum = 0;
  for (let j = 0; j < scores.length; j++) {
    const e = Math.exp((scores[j] ?? 0) - max);
    scores[j] = e;
    sum += e;
  }
  for (let j = 0; j < scores.length; j++) scores[j] = (scores[j] ?? 0) / sum;
  return { max, logSum: max + Math.log(sum) };
}

/** Adds Σ p v to `o`. Keys with p = 0 are passed over: a kernel never reads them. */
function weightedValues(
  p: Problem,
  { v }: Inputs<Float32Array> | Inputs<Float64Array>,
  row: RowIndex,
  weights: Float64Array,
  o: Float64Array,
): void {
  const d = p.vHeadDim;
  const inV = stridesOf(p.layout, p.kvHeads, p.kvLen, d);
  const values = row.b * inV.batch + kvHeadOf(p, row.h) * inV.head;
  for (let j = 0; j < p.kvLen; j++) {
    const w = weights[j] ?? 0;
    if (w === 0) continue;
    const value = values + j * inV.row;
    for (let i = 0; i < d; i++) o[i] = (o[i] ?? 0) + w * (v[value + i] ?? 0);
  }
}

const kvHeadOf = (p: Problem, h: number): number => Math.floor(h / (p.qHeads / p.kvHeads));

interface RowMods {
  /** 1 for each key that the row may see. */
  mask(row: RowIndex, allowed: Uint8Array): void;
  /** score_mod, in place. */
  score(row: RowIndex, scores: Float64Array): void;
}

function rowMods({ scoreMod, maskMod }: Pick<Variant, "scoreMod" | "maskMod">): RowMods {
  const mask = maskMod === null ? null : compileCells(cast(maskMod.body, "bool"));
  const score = scoreMod === null ? null : compileCells(scoreMod.body);
  const rect = (row: RowIndex, keys: number): Rect => ({ b: row.b, h: row.h, q0: row.q, q1: row.q + 1, k0: 0, k1: keys });
  return {
    mask: (row, allowed) => {
      if (mask === null) allowed.fill(1);
      else mask(allowed, rect(row, allowed.length), null);
    },
    // In place: each cell is read before it is written.
    score: (row, scores) => score?.(scores, rect(row, scores.length), scores),
  };
}
