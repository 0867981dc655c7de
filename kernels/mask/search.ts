/**
 * The search for the runs of one plane of blocks. Where intervals of keys can be solved row by row (rowSolver.ts), each
 * row of blocks starts from them; where only distances count, diagonals say all (diagonals.ts); elsewhere rows and keys are halved together until intervals decide. What stays
 * undecided is looked into: by rows of the solver where it is exact, else by corners, by quarters, and cell by cell.
 * See build.ts.
 */
import { type Decider, FALSE, TRUE, UNDECIDED } from "../analysis/interval.ts";
import type { ScanLoop } from "../emit/js.ts";
import { FULL, type MaskSize, PARTIAL } from "./blockMask.ts";
import type { CompiledMask } from "./compile.ts";
import { diagonalRuns, diagonalsOf } from "./diagonals.ts";
import { intervalRuns } from "./intervalRuns.ts";
import type { RowSolver } from "./rowSolver.ts";
import { append, type Segments, spansToBlocks } from "./segments.ts";
import { SEEN_BOTH, SEEN_FALSE, SEEN_TRUE, seenOf } from "./spans.ts";
import type { RunList } from "./transpose.ts";

/** Up to this edge a square of cells is cheaper to evaluate than to ask about. */
export const CELLS_EDGE = 32;

/** Work between two pauses, in cells or what costs as much: a few hundred microseconds. */
const PAUSE = 2 ** 18;
/** What one question to the decider, and one row of the solver, is worth in cells. */
const QUESTION = 64;

/** Takes one row's segments. After all is looked into, UNDECIDED means: both values occur. */
type Emit = (row: number, segments: Segments) => void;

/** The state of one construction: compiled questions, sizes, and what was learnt about which search pays. */
export class Search {
  readonly #mask: CompiledMask;
  readonly #size: MaskSize;
  readonly #solver: RowSolver | null;
  readonly #blockSize: readonly [number, number];
  readonly #qLen: number;
  readonly #kvLen: number;
  readonly #blockQ: number;
  readonly #blockK: number;
  readonly #rowCount: number;
  readonly #columnCount: number;
  // Made when first needed: many masks need neither.
  #decider: Decider | null = null;
  #scan: ScanLoop | null = null;
  #work = 0;
  #asked = 0;
  #answered = 0;
  #b = 0;
  #h = 0;
  #true = false;
  #false = false;
  #isLost = false;
  /** Rows of the plane that are done. */
  row = 0;

  constructor(mask: CompiledMask, size: MaskSize, blockSize: readonly [number, number]) {
    this.#mask = mask;
    this.#size = size;
    this.#qLen = size.qLen;
    this.#kvLen = size.kvLen;
    this.#blockSize = blockSize;
    [this.#blockQ, this.#blockK] = blockSize;
    this.#rowCount = Math.ceil(this.#qLen / this.#blockQ);
    this.#columnCount = Math.ceil(this.#kvLen / this.#blockK);
    this.#solver = mask.solver(this.#qLen, this.#kvLen);
  }

  /**
   * Appends the runs of all rows of batch `b`, head `h`, and their starts from `rowAt` on. Pauses (yields) every few
   * hundred microseconds.
   */
  *plane(b: number, h: number, runs: RunList, rowStart: Int32Array, rowAt: number): Generator<void, void> {
    this.#b = b;
    this.#h = h;
    if (this.#rowCount === 0) return;
    const done = (row: number): void => {
      rowStart[rowAt + row + 1] = runs.length;
      this.row = row + 1;
    };
    const emit: Emit = (row, segments) => {
      this.#emit(row, segments, runs);
      done(row);
    };
    this.row = 0;
    if (this.#columnCount === 0) {
      for (let row = 0; row < this.#rowCount; row++) emit(row, []);
      return;
    }
    const solver = this.#solver?.plane(b, h) === true ? this.#solver : null;
    if (solver?.isExact() === true) {
      const isDone = intervalRuns(solver, this.#size, this.#blockSize, runs, (row, isKnown) => {
        if (!isKnown) this.#oneRow(solver, row, runs);
        done(row);
      });
      if (!isDone) yield* this.#solveRows(solver, emit);
    } else if (this.#mask.isOfDistance()) {
      diagonalRuns(diagonalsOf(this.#mask.cells(this.#size), this.#size, b, h), this.#blockSize, runs, done);
    } else if (solver !== null) yield* this.#solveRows(solver, emit);
    else yield* this.#group(0, this.#rowCount, [0, this.#columnCount, UNDECIDED], emit);
  }

  /** One row of blocks of a mask that the solver knows exactly. */
  #oneRow(solver: RowSolver, row: number, runs: RunList): void {
    const segments: Segments = [];
    const q0 = row * this.#blockQ;
    const q1 = Math.min(q0 + this.#blockQ, this.#qLen);
    solver.rows(q0, q1 - 1);
    spansToBlocks(solver, this.#columnCount, this.#kvLen, this.#blockK, true, segments);
    this.#byRows(solver, q0, q1, segments);
    this.#emit(row, segments, runs);
  }

  /** Row by row: the solver's intervals, then what they leave open. */
  *#solveRows(solver: RowSolver, emit: Emit): Generator<void, void> {
    let segments: Segments = [];
    let other: Segments = [];
    for (let row = 0; row < this.#rowCount; row++) {
      const q0 = row * this.#blockQ;
      const q1 = Math.min(q0 + this.#blockQ, this.#qLen);
      solver.rows(q0, q1 - 1);
      this.#work += QUESTION;
      segments.length = 0;
      const isExact = solver.isExact();
      const isOpen = spansToBlocks(solver, this.#columnCount, this.#kvLen, this.#blockK, isExact, segments);
      if (isOpen && !(isExact && this.#byRows(solver, q0, q1, segments))) {
        // What single rows did not settle is asked for again, with what all of them say together.
        solver.rows(q0, q1 - 1);
        other.length = 0;
        this.#setRows(q0, q1);
        for (let i = 0; i < segments.length; i += 3) {
          const verdict = segments[i + 2] ?? UNDECIDED;
          if (verdict === UNDECIDED) this.#halveKeys(segments[i] ?? 0, segments[i + 1] ?? 0, 1, other);
          else append(other, segments[i] ?? 0, segments[i + 1] ?? 0, verdict);
        }
        segments.length = 0;
        yield* this.#resolveAll(row, other, segments, solver);
      }
      emit(row, segments);
      [segments, other] = [other, segments];
      if (this.#work > PAUSE) yield this.#rest();
    }
  }

  /**
   * Looks into the undecided blocks by rows: the first, the last, and then halves of all of them as long as there is
   * something to learn. False where some row could not be solved.
   */
  #byRows(solver: RowSolver, q0: number, q1: number, segments: Segments): boolean {
    const misses = solver.missesRest();
    const hits = solver.hitsPossible();
    if (misses && hits) return true;
    const open: number[] = [];
    const seen: number[] = [];
    for (let i = 0; i < segments.length; i += 3) {
      if (segments[i + 2] !== UNDECIDED) continue;
      const flags = this.#seenIn(solver, segments[i] ?? 0);
      if (flags === SEEN_BOTH) continue;
      open.push(i);
      seen[i] = flags;
    }
    if (open.length === 0) return true;
    const middle = (q0 + q1) >> 1;
    this.#isLost = false;
    this.#explore(solver, q0, q0 + 1, segments, open, seen);
    this.#explore(solver, q1 - 1, q1, segments, open, seen);
    if (q1 - q0 > 2) {
      this.#explore(solver, q0, middle, segments, open, seen);
      this.#explore(solver, middle, q1, segments, open, seen);
    }
    if (this.#isLost) return false;
    for (const i of open) segments[i + 2] = seen[i] === SEEN_BOTH ? UNDECIDED : seen[i] === SEEN_TRUE ? TRUE : FALSE;
    return true;
  }

  /** Adds to `seen` what rows q0..q1 (exclusive) hold in the blocks of the segments at `list`. */
  #explore(solver: RowSolver, q0: number, q1: number, segments: Segments, list: readonly number[], seen: number[]): void {
    const left = list.filter((i) => seen[i] !== SEEN_BOTH);
    if (left.length === 0 || this.#isLost) return;
    solver.rows(q0, q1 - 1);
    this.#work += QUESTION + 4 * (left.length + q1 - q0 + solver.possible.count);
    if (!solver.isExact()) {
      this.#isLost = true;
      return;
    }
    const next: number[] = [];
    for (const i of left) {
      const k0 = (segments[i] ?? 0) * this.#blockK;
      const k1 = Math.min(k0 + this.#blockK, this.#kvLen);
      const possible = seenOf(solver.possible, k0, k1);
      const allowed = seenOf(solver.allowed, k0, k1);
      let flags = this.#seenIn(solver, segments[i] ?? 0);
      if ((possible & SEEN_TRUE) === 0) flags = SEEN_FALSE;
      else if (allowed === SEEN_TRUE) flags = SEEN_TRUE;
      else if (q1 - q0 > 1) next.push(i);
      seen[i] = (seen[i] ?? 0) | flags;
    }
    if (next.length === 0 || q1 - q0 <= 1) return;
    const middle = (q0 + q1) >> 1;
    this.#explore(solver, q0, middle, segments, next, seen);
    this.#explore(solver, middle, q1, segments, next, seen);
  }

  /** What the rows that are solved together say of a block: whether some cell is allowed, whether some is masked. */
  #seenIn(solver: RowSolver, column: number): number {
    const k0 = column * this.#blockK;
    const k1 = Math.min(k0 + this.#blockK, this.#kvLen);
    const allowed = seenOf(solver.allowed, k0, k1);
    const possible = seenOf(solver.possible, k0, k1);
    return (
      ((solver.hitsPossible() ? possible | allowed : allowed) & SEEN_TRUE) |
      ((solver.missesRest() ? allowed | possible : possible) & SEEN_FALSE)
    );
  }

  /** Decides what can be decided for rows r0..r1 (exclusive) together, then goes into the halves. */
  *#group(r0: number, r1: number, segments: Segments, emit: Emit): Generator<void, void> {
    const n = r1 - r0;
    const target = Math.max(1, Math.floor((n * this.#blockQ) / this.#blockK));
    const refined: Segments = [];
    this.#setRows(r0 * this.#blockQ, Math.min(r1 * this.#blockQ, this.#qLen));
    for (let i = 0; i < segments.length; i += 3) {
      const first = segments[i] ?? 0;
      const end = segments[i + 1] ?? 0;
      const verdict = segments[i + 2] ?? UNDECIDED;
      if (verdict === UNDECIDED) this.#halveKeys(first, end, n === 1 ? 1 : target, refined);
      else append(refined, first, end, verdict);
    }
    if (this.#work > PAUSE) yield this.#rest();
    if (n === 1) {
      const out: Segments = [];
      yield* this.#resolveAll(r0, refined, out, null);
      emit(r0, out);
      return;
    }
    const middle = (r0 + r1) >> 1;
    yield* this.#group(r0, middle, refined, emit);
    yield* this.#group(middle, r1, refined, emit);
  }

  /** Asks about key blocks first..end (exclusive) of the rows that are set, and about their halves down to `target`. */
  #halveKeys(first: number, end: number, target: number, out: Segments): void {
    const verdict = this.#ask(first * this.#blockK, Math.min(end * this.#blockK, this.#kvLen));
    if (verdict !== UNDECIDED || end - first <= target) {
      append(out, first, end, verdict);
      return;
    }
    const middle = (first + end) >> 1;
    this.#halveKeys(first, middle, target, out);
    this.#halveKeys(middle, end, target, out);
  }

  #setRows(q0: number, q1: number): void {
    this.#decider ??= this.#mask.decider();
    this.#decider.rows(this.#b, this.#h, q0, q1 - 1);
  }

  #ask(k0: number, k1: number): number {
    this.#work += QUESTION;
    return this.#decider?.keys(k0, k1 - 1) ?? UNDECIDED;
  }

  #rest(): void {
    this.#work = 0;
  }

  /** Looks into each undecided block of `row`. `solver`: what it said of the row is a beginning. */
  *#resolveAll(row: number, segments: Segments, out: Segments, solver: RowSolver | null): Generator<void, void> {
    for (let i = 0; i < segments.length; i += 3) {
      const first = segments[i] ?? 0;
      const end = segments[i + 1] ?? 0;
      const verdict = segments[i + 2] ?? UNDECIDED;
      if (verdict !== UNDECIDED) {
        append(out, first, end, verdict);
        continue;
      }
      for (let c = first; c < end; c++) {
        const seen = solver === null ? 0 : this.#seenIn(solver, c);
        append(out, c, c + 1, seen === SEEN_BOTH ? UNDECIDED : this.#resolve(row, c, seen), true);
        if (this.#work > PAUSE) yield this.#rest();
      }
    }
  }

  /** One block, clipped to the mask: corners, then quarters. */
  #resolve(row: number, column: number, seen: number): number {
    const q0 = row * this.#blockQ;
    const q1 = Math.min(q0 + this.#blockQ, this.#qLen);
    const k0 = column * this.#blockK;
    const k1 = Math.min(k0 + this.#blockK, this.#kvLen);
    this.#true = (seen & SEEN_TRUE) !== 0;
    this.#false = (seen & SEEN_FALSE) !== 0;
    this.#look(q0, k0);
    if (!(this.#true && this.#false)) this.#look(q1 - 1, k1 - 1);
    if (!(this.#true && this.#false)) this.#look(q0, k1 - 1);
    if (!(this.#true && this.#false)) this.#look(q1 - 1, k0);
    if (!(this.#true && this.#false)) this.#split(q0, q1, k0, k1);
    return this.#true ? (this.#false ? UNDECIDED : TRUE) : FALSE;
  }

  #look(q: number, k: number): void {
    if (this.#differs({ b: this.#b, h: this.#h, q0: q, q1: q + 1, k0: k, k1: k + 1 }, true)) this.#false = true;
    else this.#true = true;
  }

  #differs(rect: Parameters<ScanLoop>[0], expected: boolean): boolean {
    this.#scan ??= this.#mask.scan(this.#size);
    this.#work += QUESTION + (rect.q1 - rect.q0) * (rect.k1 - rect.k0);
    return this.#scan(rect, expected);
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
    this.#setRows(q0, q1);
    const verdict = this.#ask(k0, k1);
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
    if (this.#differs({ b: this.#b, h: this.#h, q0, q1, k0, k1 }, expected)) {
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
