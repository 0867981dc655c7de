/**
 * `and_masks` and `or_masks` of masks that are built already. Whole runs decide most of it: what one leaves empty is
 * empty in the conjunction, full with full is full, and a partial block beside full ones stays as it is (the other way
 * round for the disjunction). Only where two or more are partial does the answer hang on cells; those blocks are asked
 * about, by intervals first. The result is what building the combined mod gives, for less than building it.
 */
import { boxOf, compileDecider, TRUE, UNDECIDED } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileScan } from "../emit/js.ts";
import { binary, boolean, cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, type BlockRuns, FULL, keyBlocks, PARTIAL, queryBlocks, rowIndex } from "./blockMask.ts";
import { runList, transposeRuns } from "./transpose.ts";

/** A mask with the mod that it was built from (null: everything is allowed, as `noop_mask` says). */
export interface BuiltMask {
  readonly mask: BlockMask;
  readonly body: Expr | null;
}

const EMPTY = -1;
/** Two or more of the masks are partial there. */
const OPEN = -2;

/**
 * The conjunction ("and") or disjunction ("or") of `parts`, in order; one mask or more.
 * @throws RangeError where lengths, block sizes, batches or heads do not fit together.
 */
export function combineMasks(op: "and" | "or", parts: readonly [BuiltMask, ...BuiltMask[]]): BuiltMask {
  const [first] = parts;
  checkFit(parts.map((p) => p.mask));
  const body = parts.map((p) => cast(p.body ?? boolean(true), "bool")).reduce((a, b) => binary(op, a, b));
  const { qLen, kvLen, blockSize } = first.mask;
  const batch = Math.max(...parts.map((p) => p.mask.batch));
  const heads = Math.max(...parts.map((p) => p.mask.heads));
  const [rowCount, columnCount] = [queryBlocks(first.mask), keyBlocks(first.mask)];
  let asked: OpenBlocks | null = null;
  const decide: OpenBlocks = (...block) => {
    asked ??= openBlocks(op, simplify(body), { ...first.mask, batch, heads });
    return asked(...block);
  };

  const rowStart = new Int32Array(batch * heads * rowCount + 1);
  const runs = runList();
  const walk = parts.map((p) => ({ lines: p.mask.rows, at: 0, end: 0 }));
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let row = 0; row < rowCount; row++) {
        walk.forEach((w, i) => {
          const line = rowIndex(parts[i]?.mask ?? first.mask, b, h, row);
          w.at = w.lines.rowStart[line] ?? 0;
          w.end = w.lines.rowStart[line + 1] ?? 0;
        });
        mergeRow(op, walk, columnCount, (c) => decide(b, h, row, c), joining(runs));
        rowStart[(b * heads + h) * rowCount + row + 1] = runs.length;
      }
    }
  }
  const rows = { rowStart, runs: runs.toArray() };
  const columns = transposeRuns(rows, batch * heads, rowCount, columnCount);
  return { mask: { batch, heads, qLen, kvLen, blockSize, rows, columns }, body };
}

function checkFit(masks: readonly BlockMask[]): void {
  const told = new Set(masks.map((m) => `${m.qLen} × ${m.kvLen} in blocks of ${m.blockSize.join(" × ")}`));
  if (told.size > 1) throw new RangeError(`masks of ${[...told].join(" and ")} do not combine; build them for the same lengths and blocks`);
  const counts = { batches: masks.map((m) => m.batch), heads: masks.map((m) => m.heads) };
  for (const [what, all] of Object.entries(counts)) {
    const many = new Set(all.filter((n) => n !== 1)); // one serves all
    if (many.size > 1) throw new RangeError(`masks of ${[...many].join(" and ")} ${what} do not combine`);
  }
}

interface Walk {
  readonly lines: BlockRuns;
  at: number;
  end: number;
}

/** One row: the runs of all masks in step, segment by segment of columns in which none of them changes. */
function mergeRow(
  op: "and" | "or",
  walk: readonly Walk[],
  columnCount: number,
  decide: (column: number) => number,
  push: (first: number, end: number, state: number) => void,
): void {
  for (let c = 0; c < columnCount; ) {
    let next = columnCount;
    let empty = 0;
    let partial = 0;
    for (const w of walk) {
      const { runs } = w.lines;
      while (w.at < w.end && (runs[3 * w.at + 1] ?? 0) <= c) w.at++;
      const first = w.at < w.end ? (runs[3 * w.at] ?? 0) : columnCount;
      const isInside = first <= c && w.at < w.end;
      next = Math.min(next, isInside ? (runs[3 * w.at + 1] ?? 0) : first);
      if (!isInside) empty++;
      else if (runs[3 * w.at + 2] !== FULL) partial++;
    }
    const state = stateOf(op, walk.length, empty, partial);
    if (state !== OPEN) push(c, next, state);
    else for (let column = c; column < next; column++) push(column, column + 1, decide(column));
    c = next;
  }
  push(columnCount, columnCount, EMPTY);
}

/** From how many of `all` masks are empty and partial there; the rest are full. */
function stateOf(op: "and" | "or", all: number, empty: number, partial: number): number {
  const decisive = op === "and" ? empty : all - empty - partial;
  if (decisive > 0) return op === "and" ? EMPTY : FULL;
  if (partial === 0) return op === "and" ? FULL : EMPTY;
  return partial === 1 ? PARTIAL : OPEN;
}

/** Takes segments in order, joins those alike, and writes all but the empty ones. */
function joining(runs: { push3(first: number, end: number, state: number): void }): (first: number, end: number, state: number) => void {
  let from = 0;
  let last = EMPTY;
  return (first, _end, state) => {
    if (state === last) return;
    if (last !== EMPTY) runs.push3(from, first, last);
    from = first;
    last = state;
  };
}

type OpenBlocks = (b: number, h: number, row: number, column: number) => number;

/** The state of a block that several masks have as partial: their conjunction is never full, their disjunction never empty. */
function openBlocks(op: "and" | "or", e: Expr, m: Omit<BlockMask, "rows" | "columns">): OpenBlocks {
  const decider = compileDecider(e);
  const scan = compileScan(e, boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  const [blockQ, blockK] = m.blockSize;
  const whole = op === "and" ? EMPTY : FULL;
  return (b, h, row, column) => {
    const [q0, k0] = [row * blockQ, column * blockK];
    const [q1, k1] = [q0 + blockQ, k0 + blockK];
    const isOver = q1 > m.qLen || k1 > m.kvLen;
    if (isOver && op === "or") return PARTIAL; // padded with masked cells
    const rect = { b, h, q0, q1: Math.min(q1, m.qLen), k0, k1: Math.min(k1, m.kvLen) };
    decider.rows(b, h, rect.q0, rect.q1 - 1);
    const verdict = decider.keys(rect.k0, rect.k1 - 1);
    // All allowed and still partial for both: padded, as above.
    if (verdict !== UNDECIDED) return op === "and" && verdict === TRUE ? PARTIAL : whole;
    return scan(rect, op === "or") ? PARTIAL : whole;
  };
}
