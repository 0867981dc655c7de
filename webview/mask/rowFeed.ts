/**
 * Rows of probabilities, computed while nothing else is to be done: a short slice of work at a time, the row under the
 * cursor first, then those that the picture shows, spread over it. Knows no page: clock and timer are handed in.
 */
import type { Probabilities, ProbabilityRow, RowWork } from "../../kernels/flash/probability.ts";
import { missingRows, RowCodes, shownQueries } from "../../kernels/flash/probabilityPicture.ts";
import type { PictureView } from "../../kernels/mask/layer.ts";
import { levelOf } from "../../kernels/mask/raster.ts";

/** What a row's card shows. */
export type RowFigures = Omit<ProbabilityRow, "runs">;

export interface Wanted {
  readonly view: PictureView;
  /** Rows of pixels. */
  readonly height: number;
  /** The query under the cursor. */
  readonly cursor: number | null;
}

export interface RowFeed {
  readonly codes: RowCodes;
  /** What is seen now. Does a first slice of work at once. */
  want(wanted: Wanted): void;
  /** Figures of a finished row; null before. */
  figures(q: number): RowFigures | null;
  /** Of one key of the row under the cursor; null while that row is computed. */
  probability(q: number, kv: number): number | null;
  /** Of the rows that are seen. */
  progress(): Progress;
  stop(): void;
}

export interface Progress {
  readonly done: number;
  readonly wanted: number;
  /** No more rows are kept: the picture stays as it is. */
  readonly isFull: boolean;
}

export interface FeedOptions {
  readonly probabilities: Probabilities;
  readonly plane: { readonly b: number; readonly h: number };
  readonly qLen: number;
  readonly kvLen: number;
  /** Called when more rows are there, not for each. */
  readonly onRows: () => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Calls back when there is time; gives the way to take that back. */
  readonly later: (then: () => void) => () => void;
}

/** Milliseconds of one slice: a frame's time is left to others. */
const SLICE = 7;
/** Milliseconds between two pictures. */
const PICTURE = 120;
/** Multiply-adds between two looks at the clock: about a millisecond. */
const STEP = 2 ** 19;
/** Bytes of rows that are kept. */
const KEPT = 2 ** 25;
/** Rows whose figures are kept. */
const MOST_FIGURES = 20_000;

export function createRowFeed(options: FeedOptions): RowFeed {
  const { probabilities, plane, qLen, kvLen, now, later } = options;
  const codes = new RowCodes(kvLen, KEPT);
  const figures = new Map<number, RowFigures>();
  let wanted: Wanted | null = null;
  let queue: number[] = [];
  let current: { readonly q: number; readonly work: RowWork } | null = null;
  let underCursor: ProbabilityRow | null = null;
  let cancel: (() => void) | null = null;
  let painted = 0;
  let isDirty = false;

  const next = (): number | null => {
    const cursor = wanted?.cursor ?? null;
    if (cursor !== null && underCursor?.q !== cursor) return cursor;
    return codes.isFull ? null : (queue.shift() ?? null);
  };
  const tell = (): void => {
    if (!isDirty) return;
    isDirty = false;
    painted = now();
    options.onRows();
  };
  const finish = (row: ProbabilityRow, level: number): void => {
    if (row.q === wanted?.cursor) underCursor = row;
    const { runs: _, ...rest } = row;
    if (figures.size >= MOST_FIGURES) figures.clear();
    figures.set(row.q, rest);
    if (!codes.isFull) codes.add(row, level);
    isDirty = true;
  };
  const slice = (): void => {
    cancel = null;
    if (wanted === null) return;
    const level = levelOf(wanted.view.scale);
    const until = now() + SLICE;
    while (now() < until) {
      if (current === null) {
        const q = next();
        if (q === null) break;
        current = { q, work: probabilities.start({ ...plane, q }) };
      }
      const row = current.work.advance(STEP);
      if (row === null) continue;
      current = null;
      finish(row, level);
    }
    const isOver = current === null && (queue.length === 0 || codes.isFull) && next() === null;
    if (isOver || now() - painted > PICTURE) tell();
    if (!isOver) cancel = later(slice);
  };
  return {
    codes,
    want(to) {
      wanted = to;
      const level = levelOf(to.view.scale);
      if (codes.isFull) codes.keepOnly(level, new Set(shownQueries(to.view, to.height, qLen)));
      queue = [...missingRows(codes, to.view, to.height, qLen, to.cursor)];
      // A row begun goes on unless the cursor wants another.
      if (current !== null && (to.cursor === null || underCursor?.q === to.cursor || current.q === to.cursor)) {
        const { q } = current;
        queue = queue.filter((row) => row !== q);
      } else current = null;
      cancel?.();
      slice();
    },
    figures: (q) => figures.get(q) ?? null,
    probability(q, kv) {
      if (underCursor?.q !== q) return null;
      if (Number.isNaN(underCursor.entropy)) return Number.NaN;
      const run = underCursor.runs.find(({ first, logs }) => kv >= first && kv < first + logs.length);
      return run === undefined ? 0 : Math.exp(run.logs[kv - run.first] ?? Number.NEGATIVE_INFINITY);
    },
    progress() {
      if (wanted === null) return { done: 0, wanted: 0, isFull: false };
      const level = levelOf(wanted.view.scale);
      const shown = shownQueries(wanted.view, wanted.height, qLen);
      return { done: shown.filter((q) => codes.has(q, level)).length, wanted: shown.length, isFull: codes.isFull };
    },
    stop() {
      cancel?.();
      wanted = null;
      current = null;
    },
  };
}
