/**
 * What it costs in precision to store q, k, v and out in fewer bits. In: a variant and its problem. Out: for float32,
 * float16 and bfloat16 how far the output lies from that of the inputs as they are. All arithmetic between is float64
 * (reference.ts), so the storage alone is seen; a kernel's own error (tolerance.ts) comes on top and is far smaller. No
 * GPU takes part: WebGPU has no bfloat16, and its times would be another type's.
 *
 * At most CHECK_ROWS rows are computed (check.ts says which), each once for the inputs as they are and once a type; of
 * very many batches the first ones.
 */

import type { Variant } from "../ir/mod.ts";
import { roundBf16, roundF16 } from "../ir/number.ts";
import { seededRows } from "./check.ts";
import { type Inputs, seededInputs } from "./inputs.ts";
import { denseFlops, type Problem } from "./problem.ts";
import { type RowIndex, referenceForward } from "./reference.ts";

export type StoredType = "f32" | "f16" | "bf16";

/** How far the output of rounded tensors lies from that of the tensors as they are. */
export interface StorageError {
  readonly type: StoredType;
  /** Largest |a − b|. */
  readonly maxAbs: number;
  /** Root of the mean square of a − b, over that of b. */
  readonly relative: number;
  /** Where the largest is. */
  readonly worst: { readonly b: number; readonly h: number; readonly q: number; readonly d: number } | null;
}

export interface ErrorStudy {
  readonly types: readonly StorageError[];
  /** Query rows compared, and how many there are. */
  readonly rows: number;
  readonly of: number;
}

const ROUND: Readonly<Record<StoredType, (x: number) => number>> = { f32: Math.fround, f16: roundF16, bf16: roundBf16 };
const TYPES: readonly StoredType[] = ["f32", "f16", "bf16"];

/** Work between two of its steps, and numbers rounded between two: some 40 ms. */
const STEP_FLOPS = 2.5e7;
const STEP_NUMBERS = 2 ** 20;
/** Numbers of q in the batches that are looked at: more batches than fit are left out, the first never. */
const MOST_NUMBERS = 2 ** 22;

type Studied = Pick<Variant, "scoreMod" | "maskMod">;

/** The study in steps; each gives the share that is done. */
export function* studyErrors(variant: Studied, problem: Problem): Generator<number, ErrorStudy> {
  const fitting = Math.floor(MOST_NUMBERS / (problem.qHeads * problem.qLen * problem.qkHeadDim));
  const p: Problem = { ...problem, storage: "f32", batch: Math.max(1, Math.min(problem.batch, fitting)) };
  const rows = seededRows(p);
  const passes = TYPES.length + 1;
  const inputs = seededInputs(p);
  const exact = yield* outputsOf(variant, p, inputs, rows, 0, passes);
  const types: StorageError[] = [];
  for (const [t, type] of TYPES.entries()) {
    const stored = yield* roundedInputs(inputs, ROUND[type], (t + 1) / passes);
    const out = yield* outputsOf(variant, p, stored, rows, t + 1, passes);
    types.push({ type, ...errorOf(out.map(ROUND[type]), exact, rows, p.vHeadDim) });
  }
  return { types, rows: rows.length, of: problem.batch * problem.qHeads * problem.qLen };
}

/** The output's rows; `pass` of `passes` is said as the share. */
function* outputsOf(
  variant: Studied,
  p: Problem,
  inputs: Inputs,
  rows: readonly RowIndex[],
  pass: number,
  passes: number,
): Generator<number, Float64Array> {
  const out = new Float64Array(rows.length * p.vHeadDim);
  const perStep = Math.max(1, Math.floor(STEP_FLOPS / (denseFlops(p) / (p.batch * p.qHeads * p.qLen))));
  for (let at = 0; at < rows.length; at += perStep) {
    const part = rows.slice(at, at + perStep);
    out.set(referenceForward(variant, p, inputs, part).out, at * p.vHeadDim);
    yield (pass + (at + part.length) / rows.length) / passes;
  }
  return out;
}

function* roundedInputs({ q, k, v }: Inputs, round: (x: number) => number, share: number): Generator<number, Inputs> {
  const all = { q: q.slice(), k: k.slice(), v: v.slice() };
  for (const x of Object.values(all)) {
    for (let i = 0; i < x.length; i++) {
      x[i] = round(x[i] ?? 0);
      if (i % STEP_NUMBERS === STEP_NUMBERS - 1) yield share;
    }
  }
  return all;
}

function errorOf(actual: Float64Array, exact: Float64Array, rows: readonly RowIndex[], d: number): Omit<StorageError, "type"> {
  let maxAbs = 0;
  let at = -1;
  let own = 0;
  let whole = 0;
  exact.forEach((b, i) => {
    const difference = Math.abs((actual[i] ?? 0) - b);
    // A row whose score is no number is none in both.
    if (Number.isNaN(difference)) return;
    whole += b * b;
    own += difference * difference;
    if (difference <= maxAbs) return;
    maxAbs = difference;
    at = i;
  });
  const row = rows[Math.floor(at / d)];
  return { maxAbs, relative: whole === 0 ? 0 : Math.sqrt(own / whole), worst: row === undefined ? null : { ...row, d: at % d } };
}
