/**
 * The search for the runs of one plane of blocks: rows and keys are halved together until intervals decide, blocks
 * that stay undecided are looked into by corners, then by quarters, then cell by cell. See build.ts.
 */
import { type Decider, FALSE, TRUE, UNDECIDED } from "../analysis/interval.ts";
import type { ScanLoop } from "../emit/js.ts";
import { FULL, PARTIAL } from "./blockMask.ts";
import type { RunList } from "./transpose.ts";

/** Up to this edge a square of cells is cheaper to evaluate than to ask about. */
export const CELLS_EDGE = 32;

/** Segments of one row, or of a group of rows: flat triples (first block, end block, verdict), adjacent, in order. */
type Segments = number[];

/** The state of one construction: compiled questions, sizes, and what was learnt about which search pays. */
export class Search {
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
