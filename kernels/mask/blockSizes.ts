/**
 * How much of the visited area is masked at each block size. One pass for all sizes: squares of 256 are halved into
 * quarters while intervals leave them undecided, squares of 64 are evaluated cell by cell, and each square tells whether
 * its blocks of 16, 32, 64, 128 and 256 are empty, partial or full. Where the block mask at hand says that an area is
 * empty or full, nobody looks again.
 *
 * Work is bounded in cells, not in time: bands of 256 queries are taken in steps of the golden section, so that what was
 * done when the budget ends is an even sample of the whole; the result then says so.
 */
import { boxOf, compileDecider, type Decider, TRUE, UNDECIDED } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { type CellLoop, compileCells } from "../emit/js.ts";
import { boolean, cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, forEachRun, queryBlocks } from "./blockMask.ts";

/** Edges of the square blocks that are compared, ascending; each divides the next. */
export const BLOCK_SIZES = [16, 32, 64, 128, 256] as const;

/** A mask seen in square blocks of one size; counts over the batches and heads that are stored. */
export interface SizeCost {
  readonly size: number;
  readonly full: number;
  readonly partial: number;
  /** Share of the visited area (whole blocks, also over the ends) that is masked; 0 where nothing is visited. */
  readonly waste: number;
  /** In elements: the visited area, and OVERHEAD for each visited block. */
  readonly cost: number;
}

/** What one visited block costs besides its elements, in elements: its index, its bounds, a step of the running sum. */
export const OVERHEAD = 512;

/** The sizes compared. Estimates where `sampled` is below 1. */
export interface Tally {
  readonly sizes: readonly SizeCost[];
  /** Allowed elements. */
  readonly allowed: number;
  /** Allowed elements of each query, over all batches and heads that are stored; null where rows were sampled. */
  readonly allowedOfQuery: Float64Array | null;
  /** Share of the rows that was looked at. */
  readonly sampled: number;
}

const SQUARE = 256;
/** Squares of this edge are evaluated as cells. */
const LEAF = 64;
/** An interval question costs about as much as so many cells. */
const QUESTION_COST = 256;
/** Between two yields, in cells: a few milliseconds. */
const SLICE = 2 ** 21;

/**
 * Compares the block sizes. Yields the share done, every few milliseconds, and returns the tally. `budget`: cells, at
 * most, that are looked at (about 10^9 a second).
 */
export function* tallySizes(body: Expr | null, m: BlockMask, budget: number = 2 ** 29): Generator<number, Tally> {
  const work = new Work(body, m);
  const bands = Math.ceil(m.qLen / SQUARE);
  const total = bands * m.batch * m.heads;
  let done = 0;
  let next = SLICE;
  for (const band of spread(total)) {
    if (work.spent >= budget) break;
    work.band(Math.floor(band / bands), band % bands);
    done++;
    if (work.spent < next) continue;
    next = work.spent + SLICE;
    yield Math.max(done / total, work.spent / budget);
  }
  return work.result(total === 0 ? 1 : done / total);
}

/**
 * 0 … n − 1, each once, so that any beginning of the list is spread evenly: steps of the golden section, which fall in
 * with no period that a mask may have.
 */
export function* spread(n: number): Generator<number, void> {
  let step = Math.max(1, Math.round(n * 0.618_034));
  while (divisor(step, n) !== 1) step++;
  for (let i = 0, at = 0; i < n; i++, at = (at + step) % n) yield at;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** The state of one pass. */
class Work {
  readonly #mask: BlockMask;
  readonly #decider: Decider;
  readonly #cells: CellLoop;
  readonly #full = new Float64Array(BLOCK_SIZES.length);
  readonly #partial = new Float64Array(BLOCK_SIZES.length);
  /** Differences from query to query of what whole rectangles allow, and what single rows of squares add. */
  readonly #steps: Float64Array;
  readonly #single: Float64Array;
  readonly #leaf = new Uint8Array(LEAF * LEAF);
  readonly #words = new Uint32Array(this.#leaf.buffer);
  /** Questions asked and answered for squares above a leaf and for leaves. */
  readonly #asked = [0, 0];
  readonly #answered = [0, 0];
  #skipped = 0;
  #b = 0;
  #h = 0;
  /** Cells looked at, and questions in cells. */
  spent = 0;

  constructor(body: Expr | null, m: BlockMask) {
    const e = simplify(cast(body ?? boolean(true), "bool"));
    this.#mask = m;
    this.#decider = compileDecider(e);
    this.#cells = compileCells(e, boxOf(m.batch, m.heads, m.qLen, m.kvLen));
    this.#steps = new Float64Array(m.qLen + 1);
    this.#single = new Float64Array(m.qLen);
  }

  /** Looks at 256 queries of one plane. */
  band(plane: number, band: number): void {
    const { heads, qLen, kvLen } = this.#mask;
    this.#b = Math.floor(plane / heads);
    this.#h = plane % heads;
    const q0 = band * SQUARE;
    const q1 = Math.min(qLen, q0 + SQUARE);
    let column = 0;
    for (const { k0, k1, isFull } of this.#segments(plane, q0, q1)) {
      // Columns that lie whole in a full segment, and apart from them those that a segment touches.
      const end = Math.ceil(k1 / SQUARE);
      column = Math.max(column, Math.floor(k0 / SQUARE));
      if (isFull) {
        const first = Math.max(column, Math.ceil(k0 / SQUARE));
        const last = k1 === kvLen ? end : Math.floor(k1 / SQUARE);
        for (; column < Math.min(first, end); column++) this.#square(q0, column * SQUARE, SQUARE);
        if (last > column) this.#whole(q0, q1, column * SQUARE, Math.min(kvLen, last * SQUARE));
        column = Math.max(column, last);
      }
      for (; column < end; column++) this.#square(q0, column * SQUARE, SQUARE);
    }
  }

  /** Key ranges of queries q0..q1 in which something is allowed, as the block mask knows, ascending and apart. */
  #segments(plane: number, q0: number, q1: number): { readonly k0: number; readonly k1: number; readonly isFull: boolean }[] {
    const m = this.#mask;
    const [blockQ, blockK] = m.blockSize;
    const rows = queryBlocks(m);
    const first = Math.floor(q0 / blockQ);
    const end = Math.ceil(q1 / blockQ);
    // [key, change of the rows that have a block there, change of those that have a full one]
    const events: [number, number, number][] = [];
    for (let row = first; row < end; row++) {
      forEachRun(m.rows, plane * rows + row, (from, to, state) => {
        const full = state === FULL ? 1 : 0;
        events.push([from * blockK, 1, full], [Math.min(m.kvLen, to * blockK), -1, -full]);
      });
    }
    this.spent += events.length;
    events.sort((a, b) => a[0] - b[0]);
    const out: { k0: number; k1: number; isFull: boolean }[] = [];
    let present = 0;
    let full = 0;
    for (let i = 0; i < events.length; ) {
      const k0 = events[i]?.[0] ?? 0;
      for (; i < events.length && events[i]?.[0] === k0; i++) {
        present += events[i]?.[1] ?? 0;
        full += events[i]?.[2] ?? 0;
      }
      const k1 = events[i]?.[0] ?? k0;
      if (present === 0 || k1 === k0) continue;
      const isFull = full === end - first;
      const last = out.at(-1);
      if (last !== undefined && last.k1 === k0 && last.isFull === isFull) last.k1 = k1;
      else out.push({ k0, k1, isFull });
    }
    return out;
  }

  /** A rectangle with its corner on the grid of 256 in which all is allowed. */
  #whole(q0: number, q1: number, k0: number, k1: number): void {
    const { qLen, kvLen } = this.#mask;
    this.#steps[q0] = (this.#steps[q0] ?? 0) + k1 - k0;
    this.#steps[q1] = (this.#steps[q1] ?? 0) - (k1 - k0);
    for (const [level, size] of BLOCK_SIZES.entries()) {
      const all = Math.ceil((q1 - q0) / size) * Math.ceil((k1 - k0) / size);
      // Blocks over an end are padded with False, hence partial; ends in the grid are multiples of each size that fits.
      const rows = q1 === qLen ? Math.floor((q1 - q0) / size) : Math.ceil((q1 - q0) / size);
      const columns = k1 === kvLen ? Math.floor((k1 - k0) / size) : Math.ceil((k1 - k0) / size);
      this.#full[level] = (this.#full[level] ?? 0) + rows * columns;
      this.#partial[level] = (this.#partial[level] ?? 0) + all - rows * columns;
    }
  }

  /** Counts the blocks within the square of edge `size` and gives its allowed elements. */
  #square(q0: number, k0: number, size: number): number {
    const { qLen, kvLen } = this.#mask;
    if (q0 >= qLen || k0 >= kvLen) return 0;
    const q1 = Math.min(qLen, q0 + size);
    const k1 = Math.min(kvLen, k0 + size);
    const verdict = this.#ask(q0, q1, k0, k1, size === LEAF ? 1 : 0);
    let allowed = 0;
    if (verdict === TRUE) {
      allowed = (q1 - q0) * (k1 - k0);
      this.#within(q0, q1, k0, k1, size);
    } else if (verdict === UNDECIDED && size === LEAF) {
      allowed = this.#look(q0, q1, k0, k1);
    } else if (verdict === UNDECIDED) {
      const half = size / 2;
      for (const q of [q0, q0 + half]) for (const k of [k0, k0 + half]) allowed += this.#square(q, k, half);
    }
    if (size > LEAF || verdict === TRUE) this.#note(size, allowed);
    return allowed;
  }

  /** A question, unless those about squares of this kind have gone unanswered too often. */
  #ask(q0: number, q1: number, k0: number, k1: number, kind: 0 | 1): number {
    const asked = this.#asked[kind] ?? 0;
    if (asked > 256 && (this.#answered[kind] ?? 0) < asked / 8 && ++this.#skipped % 8 !== 0) return UNDECIDED;
    this.spent += QUESTION_COST;
    this.#decider.rows(this.#b, this.#h, q0, q1 - 1);
    const verdict = this.#decider.keys(k0, k1 - 1);
    this.#asked[kind] = asked + 1;
    if (verdict !== UNDECIDED) this.#answered[kind] = (this.#answered[kind] ?? 0) + 1;
    return verdict;
  }

  /** All is allowed in a square: its smaller blocks. The square itself is its caller's. */
  #within(q0: number, q1: number, k0: number, k1: number, size: number): void {
    this.#steps[q0] = (this.#steps[q0] ?? 0) + k1 - k0;
    this.#steps[q1] = (this.#steps[q1] ?? 0) - (k1 - k0);
    for (const [level, edge] of BLOCK_SIZES.entries()) {
      if (edge >= size) break;
      const full = Math.floor((q1 - q0) / edge) * Math.floor((k1 - k0) / edge);
      const all = Math.ceil((q1 - q0) / edge) * Math.ceil((k1 - k0) / edge);
      this.#full[level] = (this.#full[level] ?? 0) + full;
      this.#partial[level] = (this.#partial[level] ?? 0) + all - full;
    }
  }

  #note(size: number, allowed: number): void {
    if (allowed === 0) return;
    const level = levelOf(size);
    const counts = allowed === size * size ? this.#full : this.#partial;
    counts[level] = (counts[level] ?? 0) + 1;
  }

  /** Evaluates the cells of a square of 64; counts its blocks of 16, 32 and 64. */
  #look(q0: number, q1: number, k0: number, k1: number): number {
    const rows = q1 - q0;
    const keys = k1 - k0;
    this.spent += rows * keys;
    this.#cells(this.#leaf, { b: this.#b, h: this.#h, q0, q1, k0, k1 }, null);
    if (keys < LEAF) moveApart(this.#leaf, rows, keys);
    const of16 = new Int32Array(16);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let column = 0; column < 4; column++) {
        const at = row * 16 + column * 4;
        const bytes = (this.#words[at] ?? 0) + (this.#words[at + 1] ?? 0) + (this.#words[at + 2] ?? 0) + (this.#words[at + 3] ?? 0);
        const n = Math.imul(bytes, 0x0101_0101) >>> 24;
        const block = (row >> 4) * 4 + column;
        of16[block] = (of16[block] ?? 0) + n;
        sum += n;
      }
      this.#single[q0 + row] = (this.#single[q0 + row] ?? 0) + sum;
    }
    let allowed = 0;
    for (let i = 0; i < 16; i++) this.#note(16, of16[i] ?? 0);
    for (const i of [0, 2, 8, 10]) {
      const n = (of16[i] ?? 0) + (of16[i + 1] ?? 0) + (of16[i + 4] ?? 0) + (of16[i + 5] ?? 0);
      this.#note(32, n);
      allowed += n;
    }
    this.#note(64, allowed);
    return allowed;
  }

  result(sampled: number): Tally {
    const scale = sampled === 0 ? 0 : 1 / sampled;
    let allowed = 0;
    let whole = 0;
    const ofQuery = this.#single;
    for (let q = 0; q < ofQuery.length; q++) {
      whole += this.#steps[q] ?? 0;
      ofQuery[q] = (ofQuery[q] ?? 0) + whole;
      allowed += ofQuery[q] ?? 0;
    }
    const sizes = BLOCK_SIZES.map((size, level): SizeCost => {
      const full = Math.round((this.#full[level] ?? 0) * scale);
      const partial = Math.round((this.#partial[level] ?? 0) * scale);
      const area = ((this.#full[level] ?? 0) + (this.#partial[level] ?? 0)) * size * size;
      return { size, full, partial, waste: area === 0 ? 0 : 1 - allowed / area, cost: (full + partial) * (size * size + OVERHEAD) };
    });
    return { sizes, allowed: Math.round(allowed * scale), allowedOfQuery: sampled === 1 ? ofQuery : null, sampled };
  }
}

/** Where `size`, one of BLOCK_SIZES, stands there. */
const levelOf = (size: number): number => 27 - Math.clz32(size);

/** Rows of `keys` cells, moved apart to rows of LEAF; what is between is masked. */
function moveApart(cells: Uint8Array, rows: number, keys: number): void {
  for (let row = rows - 1; row >= 0; row--) {
    cells.copyWithin(row * LEAF, row * keys, (row + 1) * keys);
    cells.fill(0, row * LEAF + keys, (row + 1) * LEAF);
  }
}
