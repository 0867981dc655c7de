/**
 * Rows of probabilities as a layer. A finished row is kept as one byte a square of keys (the largest probability in it,
 * on a logarithmic scale) for the stretches that it may see; a row of pixels shows the query below its middle, and rows
 * that are not computed yet are empty. What is to be computed next is said, not done: `missingRows`.
 */
import { type Colour, type Layer, type PictureView, packed } from "../mask/layer.ts";
import { type Ink, isInked, levelOf, phaseOf } from "../mask/raster.ts";
import type { ProbabilityRow } from "./probability.ts";

// Codes: 1 to 250 are probabilities.
const MASKED = 0;
const HIGHEST = 250;
const FAULT = 255;

/** Decades below 1 that the scale has: two below the even share of all keys. */
export const decadesOf = (kvLen: number): number => Math.ceil(Math.log10(Math.max(10, kvLen))) + 2;

/** The code of a probability by its natural logarithm. */
export function probabilityCode(log: number, decades: number): number {
  if (log === Number.NEGATIVE_INFINITY) return MASKED;
  if (Number.isNaN(log)) return FAULT;
  const share = 1 + log / Math.LN10 / decades;
  return Math.max(1, Math.min(HIGHEST, 1 + Math.round((HIGHEST - 1) * share)));
}

export interface ProbabilityPalette {
  /** Of the least probabilities, and of 1. */
  readonly low: Colour;
  readonly high: Colour;
  /** Ground and lines of what is masked. */
  readonly ground: Colour;
  readonly hatch: Colour;
}

/** One row's codes for squares of 2^level keys. */
interface CodedRow {
  readonly runs: readonly { readonly first: number; readonly codes: Uint8Array }[];
  readonly byteLength: number;
}

/** Finished rows as codes, by query and level; of the plane shown. */
export class RowCodes {
  readonly #rows = new Map<string, CodedRow>();
  readonly #decades: number;
  readonly #most: number;
  #bytes = 0;

  /** `mostBytes`: what is kept; beyond it nothing more is taken (`isFull`). */
  constructor(kvLen: number, mostBytes: number) {
    this.#decades = decadesOf(kvLen);
    this.#most = mostBytes;
  }

  has(q: number, level: number): boolean {
    return this.#rows.has(`${q},${level}`);
  }

  get isFull(): boolean {
    return this.#bytes >= this.#most;
  }

  get(q: number, level: number): CodedRow | null {
    return this.#rows.get(`${q},${level}`) ?? null;
  }

  add(row: ProbabilityRow, level: number): void {
    const coded = codeRow(row, level, this.#decades);
    if (this.has(row.q, level)) return;
    this.#rows.set(`${row.q},${level}`, coded);
    this.#bytes += coded.byteLength;
  }

  /** Forgets the rows of all levels but one: those that are not seen. */
  keepOnly(level: number, rows: ReadonlySet<number>): void {
    for (const [key, row] of this.#rows) {
      const [q, at] = key.split(",").map(Number);
      if (at === level && rows.has(q ?? -1)) continue;
      this.#rows.delete(key);
      this.#bytes -= row.byteLength;
    }
  }
}

function codeRow(row: ProbabilityRow, level: number, decades: number): CodedRow {
  const side = 2 ** level;
  const runs: { first: number; codes: Uint8Array }[] = [];
  let byteLength = 64;
  for (const { first, logs } of row.runs) {
    const from = Math.floor(first / side);
    const end = Math.ceil((first + logs.length) / side);
    const last = runs[runs.length - 1];
    const codes = new Uint8Array(end - from);
    for (let j = 0; j < logs.length; j++) {
      const at = Math.floor((first + j) / side) - from;
      const code = probabilityCode(logs[j] ?? 0, decades);
      if (code > (codes[at] ?? 0)) codes[at] = code;
    }
    // Two runs may end and begin in one square.
    if (last !== undefined && last.first + last.codes.length > from) {
      const shared = last.codes.length - 1;
      last.codes[shared] = Math.max(last.codes[shared] ?? 0, codes[0] ?? 0);
      if (codes.length > 1) runs.push({ first: from + 1, codes: codes.subarray(1) });
    } else runs.push({ first: from, codes });
    byteLength += codes.length + 64;
  }
  return { runs, byteLength };
}

/** Queries that rows of pixels show, each once, from the top. */
export function shownQueries(view: PictureView, height: number, qLen: number): readonly number[] {
  const scaleQ = view.scaleQ ?? view.scale;
  const shown: number[] = [];
  for (let y = 0; y < height; y++) {
    const q = Math.floor(view.q0 + (y + 0.5) / scaleQ);
    if (q >= 0 && q < qLen && q !== shown[shown.length - 1]) shown.push(q);
  }
  return shown;
}

/** The rows that a view shows and `codes` has not, in an order that spreads over the picture; `first` leads where it is one of them. */
export function missingRows(codes: RowCodes, view: PictureView, height: number, qLen: number, first: number | null): readonly number[] {
  const level = levelOf(view.scale);
  const shown = shownQueries(view, height, qLen);
  const order: number[] = [];
  const taken = new Uint8Array(shown.length);
  for (let step = 2 ** Math.ceil(Math.log2(Math.max(1, shown.length))); step >= 1; step /= 2) {
    for (let i = 0; i < shown.length; i += step) {
      const q = shown[i];
      if (q === undefined || taken[i] === 1) continue;
      taken[i] = 1;
      if (!codes.has(q, level) && q !== first) order.push(q);
    }
  }
  return first !== null && shown.includes(first) && !codes.has(first, level) ? [first, ...order] : order;
}

/** How probabilities are painted, from the least to 1, and what is masked: for a legend. */
export function probabilityInks({ low, high, ground, hatch }: ProbabilityPalette): {
  readonly scale: readonly Ink[];
  readonly masked: Ink;
} {
  const scale = Array.from({ length: HIGHEST }, (_, i): Ink => {
    const share = i / (HIGHEST - 1);
    const mix = (c: 0 | 1 | 2): number => Math.round(low[c] + share * (high[c] - low[c]));
    const colour: Colour = [mix(0), mix(1), mix(2)];
    return { ground: colour, ink: colour, pattern: "plain" };
  });
  return { scale, masked: { ground, ink: hatch, pattern: "rising" } };
}

/**
 * The layer of the rows that `codes` has now. Another object when more have come, so that the figure paints again.
 * `compute` gives the rows that it lacks, for whoever may wait for them; default: they stay empty.
 */
export function probabilityLayer(
  codes: RowCodes,
  qLen: number,
  kvLen: number,
  palette: ProbabilityPalette,
  compute: ((q: number) => ProbabilityRow) | null = null,
): Layer {
  const rowOf = (q: number, level: number): CodedRow | null =>
    codes.get(q, level) ?? (compute === null ? null : codeRow(compute(q), level, decadesOf(kvLen)));
  const lut = new Uint32Array(256);
  probabilityInks(palette).scale.forEach((ink, i) => {
    lut[i + 1] = packed(...ink.ground);
  });
  const ground = packed(...palette.ground);
  const hatch = packed(...palette.hatch);
  return {
    draw: (view, { pixels, width, height }) => {
      const level = levelOf(view.scale);
      const side = 2 ** level;
      const scaleQ = view.scaleQ ?? view.scale;
      const [phaseX, phaseY] = phaseOf(view);
      const line = new Uint8Array(width);
      let shown = Number.NaN;
      let row: CodedRow | null = null;
      for (let y = 0; y < height; y++) {
        const q = Math.floor(view.q0 + (y + 0.5) / scaleQ);
        const at = y * width;
        if (q !== shown) {
          shown = q;
          row = q >= 0 && q < qLen ? rowOf(q, level) : null;
        }
        const isOutside = q < 0 || q >= qLen;
        if (row !== null) codesOfPixels(row, view, side, line);
        for (let x = 0; x < width; x++) {
          const k = view.k0 + (x + 0.5) / view.scale;
          if (isOutside || k < 0 || k >= kvLen) pixels[at + x] = 0;
          else if (row === null) pixels[at + x] = ground;
          else {
            const code = line[x] ?? MASKED;
            if (code === MASKED) pixels[at + x] = isInked("rising", x + phaseX, y + phaseY) ? hatch : ground;
            else if (code === FAULT) pixels[at + x] = isInked("crossed", x + phaseX, y + phaseY) ? hatch : ground;
            else pixels[at + x] = lut[code] ?? 0;
          }
        }
      }
    },
    estimate: (view) => {
      const rows = 1 / (view.scaleQ ?? view.scale);
      const keys = 2 ** levelOf(view.scale);
      const told = [
        rows > 1.01 ? `1 of ${Math.round(rows)} queries a row of pixels` : null,
        keys > 1 ? `the likeliest of ${keys} keys a pixel` : null,
      ].filter((t) => t !== null);
      return told.length === 0 ? null : told.join(", ");
    },
  };
}

/** The code of the square below the middle of each pixel. */
function codesOfPixels({ runs }: CodedRow, view: PictureView, side: number, line: Uint8Array): void {
  line.fill(MASKED);
  for (const { first, codes } of runs) {
    const from = Math.max(0, Math.floor((first * side - view.k0) * view.scale - 1));
    const to = Math.min(line.length, Math.ceil(((first + codes.length) * side - view.k0) * view.scale + 1));
    for (let x = from; x < to; x++) {
      const at = Math.floor(Math.floor(view.k0 + (x + 0.5) / view.scale) / side) - first;
      if (at >= 0 && at < codes.length) line[x] = codes[at] ?? MASKED;
    }
  }
}
