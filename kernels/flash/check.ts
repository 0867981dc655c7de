/**
 * Compares a kernel's output with the reference. In: out and lse as read back, and the reference's rows. Out: the
 * largest differences, and whether all lie within the tolerance (tolerance.ts). Beyond CHECK_ALL_FLOPS only
 * CHECK_ROWS rows are computed and compared, and the result says so.
 */
import { hashU32 } from "./inputs.ts";
import type { Engine } from "./plan.ts";
import { denseFlops, type Problem, stridesOf } from "./problem.ts";
import type { Reference, RowIndex } from "./reference.ts";
import { TOLERANCE, toleranceOf } from "./tolerance.ts";

/** How a kernel's numbers compare with the reference's. JSON-safe: what is not finite counts as Number.MAX_VALUE. */
export interface Check {
  /** Largest |a − b|, of out, lse and maximum scores. */
  readonly maxAbs: number;
  /** Largest |a − b| / (|b| + rms(b)). */
  readonly maxRel: number;
  /** The bound that was applied, in words: `|a − b| ≤ 1e-5 · (|b| + rms(b))`. */
  readonly bound: string;
  readonly passed: boolean;
  /** Index [b, h, q, d] (out) or [b, h, q] (lse, maximum scores) of the first element beyond the bound; null if there is none. */
  readonly firstBad: readonly number[] | null;
  /** Query rows compared, and whether these were all of them. */
  readonly rows: number;
  readonly allRows: boolean;
}

/** Work up to which every row is checked: some four seconds of JavaScript. */
const CHECK_ALL_FLOPS = 4e9;

/** Rows checked beyond that. */
export const CHECK_ROWS = 256;

/**
 * The rows that a check computes: undefined for all of them; beyond CHECK_ALL_FLOPS a seeded choice with the first and
 * the last row of every (batch, head) that gets any, and rows at both sides of block edges.
 */
export function rowsToCheck(p: Problem, blockSize: readonly [q: number, kv: number] = p.blockSize): RowIndex[] | undefined {
  return denseFlops(p) <= CHECK_ALL_FLOPS ? undefined : seededRows(p, blockSize);
}

/** That choice: CHECK_ROWS rows, or all where there are no more. */
export function seededRows(p: Problem, blockSize: readonly [q: number, kv: number] = p.blockSize): RowIndex[] {
  const total = p.batch * p.qHeads * p.qLen;
  const chosen = new Map<number, RowIndex>();
  const add = (bh: number, q: number): void => {
    if (chosen.size < CHECK_ROWS && q >= 0 && q < p.qLen) {
      chosen.set(bh * p.qLen + q, { b: Math.floor(bh / p.qHeads), h: bh % p.qHeads, q });
    }
  };
  const pairs = p.batch * p.qHeads;
  add(0, 0);
  add(pairs - 1, p.qLen - 1);
  const edges = Math.max(1, Math.floor(p.qLen / blockSize[0]));
  for (let i = 0; i < CHECK_ROWS / 4; i++) {
    const edge = blockSize[0] * (hashU32(i, 1) % (edges + 1));
    const bh = hashU32(i, 2) % pairs;
    add(bh, edge - 1);
    add(bh, edge);
  }
  for (let i = 0; chosen.size < Math.min(CHECK_ROWS, total); i++) {
    const row = hashU32(i, 3) % total;
    add(Math.floor(row / p.qLen), row % p.qLen);
  }
  return [...chosen.entries()].sort(([a], [b]) => a - b).map(([, row]) => row);
}

/** What a kernel gives: `out` in the problem's layout, `lse` [B, HQ, Q_LEN], and the rows' largest scores, likewise. */
export interface Outputs {
  readonly out: ArrayLike<number>;
  readonly lse: ArrayLike<number>;
  readonly maxScores?: ArrayLike<number>;
}

/**
 * A kernel's outputs against the reference, within the tolerance of the storage type and of what `engine` can do with it;
 * largest scores where both have them.
 */
export function checkForward(
  actual: Outputs,
  reference: Omit<Reference, "maxScores"> & Partial<Pick<Reference, "maxScores">>,
  p: Problem,
  engine?: Engine,
): Check {
  const tolerance = engine === undefined ? TOLERANCE[p.storage] : toleranceOf(p, engine);
  const worst: Worst = { abs: 0, rel: 0, firstBad: null };
  const d = p.vHeadDim;
  const outRms = rms(reference.out);
  const rows = [
    [actual.lse, reference.lse, rms(reference.lse)],
    [actual.maxScores, reference.maxScores, rms(reference.maxScores ?? reference.lse)],
  ] as const;
  const inOut = stridesOf(p.layout, p.qHeads, p.qLen, d);
  reference.rows.forEach((row, r) => {
    const at = row.b * inOut.batch + row.h * inOut.head + row.q * inOut.row;
    for (let i = 0; i < d; i++) {
      compare(worst, actual.out[at + i], reference.out[r * d + i], outRms, tolerance, () => [row.b, row.h, row.q, i]);
    }
    const index = (row.b * p.qHeads + row.h) * p.qLen + row.q;
    for (const [a, b, scale] of rows) {
      if (a !== undefined && b !== undefined) compare(worst, a[index], b[r], scale, tolerance, () => [row.b, row.h, row.q]);
    }
  });
  return {
    maxAbs: worst.abs,
    maxRel: worst.rel,
    bound: `|a − b| ≤ ${tolerance.toExponential().replace("e+", "e")} · (|b| + rms(b))`,
    passed: worst.firstBad === null,
    firstBad: worst.firstBad,
    rows: reference.rows.length,
    allRows: reference.allRows,
  };
}

interface Worst {
  abs: number;
  rel: number;
  firstBad: readonly number[] | null;
}

function compare(
  worst: Worst,
  a: number | undefined,
  b: number | undefined,
  scale: number,
  tolerance: number,
  where: () => number[],
): void {
  // Equal infinities and nan on both sides agree; nan or an infinity on one side is as wrong as can be.
  if (Object.is(a, b) || a === b) return;
  const difference = a === undefined || b === undefined ? Number.NaN : Math.abs(a - b);
  const abs = Number.isFinite(difference) ? difference : Number.MAX_VALUE;
  const size = Math.abs(b ?? 0) + scale;
  const rel = Number.isFinite(difference) && size > 0 ? abs / size : Number.MAX_VALUE;
  worst.abs = Math.max(worst.abs, abs);
  worst.rel = Math.max(worst.rel, rel);
  if (!(rel <= tolerance)) worst.firstBad ??= where();
}

/** Root of the mean square of the finite numbers; 0 if there are none. */
function rms(x: Float64Array): number {
  let sum = 0;
  let n = 0;
  for (const v of x) {
    if (!Number.isFinite(v)) continue;
    sum += v * v;
    n++;
  }
  return n === 0 ? 0 : Math.sqrt(sum / n);
}
