/**
 * What it costs in precision to store q, k, v and out in fewer bits. In: a variant and its problem. Out: for float32,
 * float16 and bfloat16 how far the output lies from that of the inputs as they are. All arithmetic between is float64
 * (reference.ts), so the storage alone is seen; a kernel's own error (tolerance.ts) comes on top and is far smaller. No
 * GPU takes part: WebGPU has no bfloat16, and its times would be another type's.
 *
 * At most CHECK_ROWS rows are computed (check.ts says which), each once for the inputs as they are and once a type.
 */

import type { Variant } from "../ir/mod.ts";
import { roundBf16, roundF16 } from "../ir/number.ts";
import { seededRows } from "./check.ts";
import { type Inputs, seededInputs } from "./inputs.ts";
import { denseFlops, type Problem } from "./problem.ts";
import { referenceForward } from "./reference.ts";

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

/** Work between two of its steps: some 40 ms. */
const STEP_FLOPS = 2.5e7;

/** The study in steps; each gives the share that is done. */
export function* studyErrors(variant: Pick<Variant, "scoreMod" | "maskMod">, problem: Problem): Generator<number, ErrorStudy> {
  const exact = seededInputs({ ...problem, storage: "f32" });
  const stored = TYPES.map((type) => ({ type, round: ROUND[type], inputs: rounded(exact, ROUND[type]) }));
  const sums = stored.map(() => ({ abs: 0, squares: 0, worst: null as StorageError["worst"] }));
  const rows = seededRows(problem);
  const of = problem.batch * problem.qHeads * problem.qLen;
  const perStep = Math.max(1, Math.floor(STEP_FLOPS / ((denseFlops(problem) / of) * (TYPES.length + 1))));
  const d = problem.vHeadDim;
  let squares = 0;
  for (let at = 0; at < rows.length; at += perStep) {
    const part = rows.slice(at, at + perStep);
    const { out } = referenceForward(variant, problem, exact, part);
    for (const x of out) squares += x * x;
    for (const [t, { round, inputs }] of stored.entries()) {
      const sum = sums[t];
      if (sum === undefined) continue;
      const other = referenceForward(variant, problem, inputs, part).out;
      other.forEach((x, i) => {
        const difference = Math.abs(round(x) - (out[i] ?? 0));
        // A row without a key is 0 in all; one whose score is not a number is that in all.
        if (Number.isNaN(difference)) return;
        sum.squares += difference * difference;
        if (difference <= sum.abs) return;
        sum.abs = difference;
        const row = part[Math.floor(i / d)];
        sum.worst = row === undefined ? null : { ...row, d: i % d };
      });
    }
    yield (at + part.length) / rows.length;
  }
  const types = stored.map(({ type }, t): StorageError => {
    const { abs = 0, squares: own = 0, worst = null } = sums[t] ?? {};
    return { type, maxAbs: abs, relative: squares === 0 ? 0 : Math.sqrt(own / squares), worst };
  });
  return { types, rows: rows.length, of };
}

const rounded = ({ q, k, v }: Inputs, round: (x: number) => number): Inputs => ({ q: q.map(round), k: k.map(round), v: v.map(round) });
