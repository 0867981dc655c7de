/**
 * mask_mod → block mask. Intervals first: rows and keys are halved together until a rectangle of blocks is known to be
 * empty or full, and only blocks that stay undecided are looked into, again by intervals first, and by cells below
 * 32 × 32. Rows come out in order as runs; there is never an array of all blocks. Structured masks cost a few interval
 * questions a row, adversarial ones no more than evaluating every cell (a search by intervals that keeps failing is
 * given up). After the quadtrees of the measured prototype; PyTorch evaluates every cell.
 */
import { boxOf, compileDecider, type Decider, FALSE, TRUE, UNDECIDED } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileCount, compileScan, type Rect, type ScanLoop } from "../emit/js.ts";
import { boolean, cast, type Expr } from "../ir/expr.ts";
import { freeVars } from "../ir/walk.ts";
import { type BlockMask, FULL, forEachRun, keyBlocks, PARTIAL, queryBlocks, rowIndex } from "./blockMask.ts";
import { type RunList, runList, transposeRuns } from "./transpose.ts";

/** The size of the mask; `batch` and `heads` as in `create_block_mask`. */
export interface MaskSize {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/**
 * Builds the block mask of `body` (bool; null: everything allowed). A mask that does not depend on `b` (or `h`) is
 * built and stored for one batch (head). Blocks that reach over the end of the queries or keys are never full, as in
 * PyTorch, which pads with False.
 */
export function buildBlockMask(body: Expr | null, size: MaskSize, blockSize: readonly [q: number, kv: number]): BlockMask {
  const built = buildUnlessStopped(body, size, blockSize, () => false);
  if (built === null) throw new Error("a build that nothing stops has stopped");
  return built;
}

/** As `buildBlockMask`, asking `stop` before each undecided block; null where it said so. For work within a time. */
export function buildUnlessStopped(
  body: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
  stop: () => boolean,
): BlockMask | null {
  const e = simplify(cast(body ?? boolean(true), "bool"));
  const vars = freeVars(e);
  const batch = vars.has("b") ? size.batch : 1;
  const heads = vars.has("h") ? size.heads : 1;
  const { qLen, kvLen } = size;
  const rowCount = Math.ceil(qLen / blockSize[0]);
  const columnCount = Math.ceil(kvLen / blockSize[1]);

  const rowStart = new Int32Array(batch * heads * rowCount + 1);
  const runs = runList();
  const search = new Search(compileDecider(e), compileScan(e, boxOf(size.batch, size.heads, qLen, kvLen)), qLen, kvLen, blockSize, stop);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) search.plane(b, h, runs, rowStart, (b * heads + h) * rowCount);
  }
  if (search.stopped) return null;
  const rows = { rowStart, runs: runs.toArray() };
  return { batch, heads, qLen, kvLen, blockSize, rows, columns: transposeRuns(rows, batch * heads, rowCount, columnCount) };
}

/** Below this edge cells are cheaper than intervals. */
const CELLS_EDGE = 32;

/** Segments of one row, or of a group of rows: flat triples (first block, end block, verdict), adjacent, in order. */
type Segments = number[];

/** The state of one construction: compiled questions, sizes, and what was learnt about which search pays. */
class Search {
  readonly #decider: Decider;
  readonly #scan: ScanLoop;
  readonly #qLen: number;
  readonly #kvLen: number;
  readonly #blockQ: number;
  readonly #blockK: number;
  readonly #rowCount: number;
  readonly #columnCount: number;
  #asked = 0;
  #answered = 0;
  #b = 0;
  #h = 0;
  #true = false;
  #false = false;
  readonly #stop: () => boolean;
  /** Whether the search was given up: what it found is then worth nothing. */
  stopped = false;

  constructor(decider: Decider, scan: ScanLoop, qLen: number, kvLen: number, blockSize: readonly [number, number], stop: () => boolean) {
    this.#stop = stop;
    this.#decider = decider;
    this.#scan = scan;
    this.#qLen = qLen;
    this.#kvLen = kvLen;
    [this.#blockQ, this.#blockK] = blockSize;
    this.#rowCount = Math.ceil(qLen / this.#blockQ);
    this.#columnCount = Math.ceil(kvLen / this.#blockK);
  }

  /** Appends the runs of all rows of batch `b`, head `h`, and their starts from `rowAt` on. */
  plane(b: number, h: number, runs: RunList, rowStart: Int32Array, rowAt: number): void {
    this.#b = b;
    this.#h = h;
    if (this.#rowCount === 0) return;
    this.#group(0, this.#rowCount, [0, this.#columnCount, UNDECIDED], (row, segments) => {
      this.#emit(row, segments, runs);
      rowStart[rowAt + row + 1] = runs.length;
    });
  }

  /** Decides what can be decided for rows r0..r1 (exclusive) together, then goes into the halves. */
  #group(r0: number, r1: number, segments: Segments, emit: (row: number, segments: Segments) => void): void {
    if (this.stopped) return;
    const n = r1 - r0;
    const target = Math.max(1, Math.floor((n * this.#blockQ) / this.#blockK));
    const refined: Segments = [];
    this.#decider.rows(this.#b, this.#h, r0 * this.#blockQ, Math.min(r1 * this.#blockQ, this.#qLen) - 1);
    for (let i = 0; i < segments.length; i += 3) {
      const first = segments[i] ?? 0;
      const end = segments[i + 1] ?? 0;
      const verdict = segments[i + 2] ?? UNDECIDED;
      if (verdict === UNDECIDED) this.#halveKeys(first, end, n === 1 ? 1 : target, refined);
      else append(refined, first, end, verdict);
    }
    if (n === 1) {
      emit(r0, this.#resolveAll(r0, refined));
      return;
    }
    const middle = (r0 + r1) >> 1;
    this.#group(r0, middle, refined, emit);
    this.#group(middle, r1, refined, emit);
  }

  /** Asks about key blocks first..end (exclusive) of the rows that are set, and about their halves down to `target`. */
  #halveKeys(first: number, end: number, target: number, out: Segments): void {
    const verdict = this.#decider.keys(first * this.#blockK, Math.min(end * this.#blockK, this.#kvLen) - 1);
    if (verdict !== UNDECIDED || end - first <= target) {
      append(out, first, end, verdict);
      return;
    }
    const middle = (first + end) >> 1;
    this.#halveKeys(first, middle, target, out);
    this.#halveKeys(middle, end, target, out);
  }

  /** Looks into each undecided block of `row`; UNDECIDED then means: both values occur. */
  #resolveAll(row: number, segments: Segments): Segments {
    const out: Segments = [];
    for (let i = 0; i < segments.length; i += 3) {
      const first = segments[i] ?? 0;
      const end = segments[i + 1] ?? 0;
      const verdict = segments[i + 2] ?? UNDECIDED;
      if (verdict !== UNDECIDED) append(out, first, end, verdict);
      else for (let c = first; c < end && !this.#hasStopped(); c++) append(out, c, c + 1, this.#resolve(row, c), true);
    }
    return out;
  }

  #hasStopped(): boolean {
    this.stopped ||= this.#stop();
    return this.stopped;
  }

  /** One block, clipped to the mask: corners, then quarters. */
  #resolve(row: number, column: number): number {
    const q0 = row * this.#blockQ;
    const q1 = Math.min(q0 + this.#blockQ, this.#qLen);
    const k0 = column * this.#blockK;
    const k1 = Math.min(k0 + this.#blockK, this.#kvLen);
    this.#true = false;
    this.#false = false;
    this.#look(q0, k0);
    this.#look(q1 - 1, k1 - 1);
    if (!(this.#true && this.#false)) this.#look(q0, k1 - 1);
    if (!(this.#true && this.#false)) this.#look(q1 - 1, k0);
    if (!(this.#true && this.#false)) this.#split(q0, q1, k0, k1);
    return this.#true ? (this.#false ? UNDECIDED : TRUE) : FALSE;
  }

  #look(q: number, k: number): void {
    if (this.#scan({ b: this.#b, h: this.#h, q0: q, q1: q + 1, k0: k, k1: k + 1 }, true)) this.#false = true;
    else this.#true = true;
  }

  #split(q0: number, q1: number, k0: number, k1: number): void {
    const rows = q1 - q0;
    const keys = k1 - k0;
    if ((rows <= CELLS_EDGE && keys <= CELLS_EDGE) || (this.#asked > 256 && this.#answered * 8 < this.#asked)) {
      this.#cells(q0, q1, k0, k1);
      return;
    }
    const qm = rows > CELLS_EDGE ? (q0 + q1) >> 1 : q1;
    const km = keys > CELLS_EDGE ? (k0 + k1) >> 1 : k1;
    this.#part(q0, qm, k0, km);
    this.#part(qm, q1, km, k1);
    this.#part(q0, qm, km, k1);
    this.#part(qm, q1, k0, km);
  }

  #part(q0: number, q1: number, k0: number, k1: number): void {
    if (q0 === q1 || k0 === k1 || (this.#true && this.#false)) return;
    this.#decider.rows(this.#b, this.#h, q0, q1 - 1);
    const verdict = this.#decider.keys(k0, k1 - 1);
    this.#asked++;
    if (verdict === UNDECIDED) {
      this.#split(q0, q1, k0, k1);
      return;
    }
    this.#answered++;
    if (verdict === TRUE) this.#true = true;
    else this.#false = true;
  }

  /** Every cell of the rectangle, until one differs from what was seen. */
  #cells(q0: number, q1: number, k0: number, k1: number): void {
    const expected = this.#true;
    if (this.#scan({ b: this.#b, h: this.#h, q0, q1, k0, k1 }, expected)) {
      this.#true = true;
      this.#false = true;
    }
  }

  /** Writes one row's runs; blocks over the end are demoted to partial. */
  #emit(row: number, segments: Segments, runs: RunList): void {
    const overRows = (row + 1) * this.#blockQ > this.#qLen;
    const lastWhole = Math.floor(this.#kvLen / this.#blockK);
    let first = 0;
    let end = 0;
    let state = -1;
    const push = (f: number, e: number, s: number): void => {
      if (f >= e) return;
      if (s === state && f === end) {
        end = e;
        return;
      }
      if (state >= 0) runs.push3(first, end, state);
      first = f;
      end = e;
      state = s;
    };
    for (let i = 0; i < segments.length; i += 3) {
      const verdict = segments[i + 2] ?? FALSE;
      if (verdict === FALSE) continue;
      const f = segments[i] ?? 0;
      const e = segments[i + 1] ?? 0;
      if (verdict === UNDECIDED || overRows) {
        push(f, e, PARTIAL);
      } else {
        push(f, Math.min(e, lastWhole), FULL);
        push(Math.max(f, lastWhole), e, PARTIAL);
      }
    }
    if (state >= 0) runs.push3(first, end, state);
  }
}

/** Adds a segment, joined to the one before where both are decided alike (or `joinUndecided`). */
function append(out: Segments, first: number, end: number, verdict: number, joinUndecided = false): void {
  const n = out.length;
  if (n > 0 && out[n - 1] === verdict && (verdict !== UNDECIDED || joinUndecided)) out[n - 2] = end;
  else out.push(first, end, verdict);
}

/**
 * Allowed elements over the batches and heads that are stored: exact. Full blocks are counted, partial ones are looked
 * into by intervals first. `body` is the one the mask was built from.
 */
export function countAllowed(m: BlockMask, body: Expr | null): number {
  const e = simplify(cast(body ?? boolean(true), "bool"));
  const count = compileCount(e, boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  const decider = compileDecider(e);
  const [blockQ, blockK] = m.blockSize;
  const within = (r: Rect): number => {
    const rows = r.q1 - r.q0;
    const keys = r.k1 - r.k0;
    decider.rows(r.b, r.h, r.q0, r.q1 - 1);
    const verdict = decider.keys(r.k0, r.k1 - 1);
    if (verdict !== UNDECIDED) return verdict === TRUE ? rows * keys : 0;
    if (rows <= CELLS_EDGE && keys <= 4 * CELLS_EDGE) return count(r);
    if (keys > 4 * CELLS_EDGE || keys >= rows) {
      const km = (r.k0 + r.k1) >> 1;
      return within({ ...r, k1: km }) + within({ ...r, k0: km });
    }
    const qm = (r.q0 + r.q1) >> 1;
    return within({ ...r, q1: qm }) + within({ ...r, q0: qm });
  };
  let total = 0;
  for (let b = 0; b < m.batch; b++) {
    for (let h = 0; h < m.heads; h++) {
      for (let row = 0; row < queryBlocks(m); row++) {
        const q0 = row * blockQ;
        const q1 = Math.min(q0 + blockQ, m.qLen);
        forEachRun(m.rows, rowIndex(m, b, h, row), (first, end, state) => {
          const k0 = first * blockK;
          const k1 = Math.min(end * blockK, m.kvLen);
          total += state === FULL ? (q1 - q0) * (k1 - k0) : within({ b, h, q0, q1, k0, k1 });
        });
      }
    }
  }
  return total;
}

/** Share of masked elements in [0, 1]; see `countAllowed` for its cost. 0 where there are no elements. */
export function elementSparsity(m: BlockMask, body: Expr | null): number {
  const cells = m.batch * m.heads * m.qLen * m.kvLen;
  return cells === 0 ? 0 : Math.max(0, 1 - countAllowed(m, body) / cells);
}

/** The two figures the lens and the hover show. */
export function sparsityOf(m: BlockMask, body: Expr | null): { readonly blocks: number; readonly elements: number } {
  const total = m.batch * m.heads * queryBlocks(m) * keyBlocks(m);
  let present = 0;
  for (let i = 0; i < m.rows.runs.length; i += 3) present += (m.rows.runs[i + 1] ?? 0) - (m.rows.runs[i] ?? 0);
  return { blocks: total === 0 ? 0 : 1 - present / total, elements: elementSparsity(m, body) };
}
