/**
 * Masks that were built, and the quick way to one: what is known is kept, what can be built within the time of a
 * keystroke is built on the spot, and what cannot is for a worker (builds.ts). Masks are kept by their expression, which
 * is one object as long as the text says the same: an edit beside a mod builds nothing anew.
 */
import type { Expr } from "../kernels/ir/expr.ts";
import type { BlockMask, MaskSize } from "../kernels/mask/blockMask.ts";
import { buildUnlessStopped } from "../kernels/mask/build.ts";
import { countUnlessStopped, shareMasked } from "../kernels/mask/count.ts";

/** Which mask: `body` null where nothing is masked. */
export interface MaskWork {
  readonly body: Expr | null;
  readonly size: MaskSize;
  readonly blockSize: readonly [q: number, kv: number];
}

export interface BuiltMask {
  readonly mask: BlockMask;
  /** Share of masked elements; null: not counted yet. */
  readonly elements: number | null;
  /** Time that building took, milliseconds. */
  readonly ms: number;
}

export interface BuiltMasks {
  get(work: MaskWork): BuiltMask | null;
  put(work: MaskWork, built: BuiltMask): void;
  /** What is kept, or built before the clock says `until`; null where that is too soon. The count may be missing. */
  within(work: MaskWork, until: number): BuiltMask | null;
}

export const sameWork = (a: MaskWork, b: MaskWork): boolean =>
  a.body === b.body &&
  a.size.batch === b.size.batch &&
  a.size.heads === b.size.heads &&
  a.size.qLen === b.size.qLen &&
  a.size.kvLen === b.size.kvLen &&
  a.blockSize[0] === b.blockSize[0] &&
  a.blockSize[1] === b.blockSize[1];

/** Masks kept at once: both sides of a comparison, an edit and its undoing. */
const MOST_KEPT = 8;
/** Numbers in the runs of all that is kept but the newest: 64 MB. */
const MOST_NUMBERS = 2 ** 24;

export function createBuiltMasks(clock: () => number = () => performance.now()): BuiltMasks {
  /** Newest last. */
  let kept: { readonly work: MaskWork; readonly built: BuiltMask }[] = [];

  const get = (work: MaskWork): BuiltMask | null => kept.find((entry) => sameWork(entry.work, work))?.built ?? null;
  const put = (work: MaskWork, built: BuiltMask): void => {
    kept = [...kept.filter((entry) => !sameWork(entry.work, work)), { work, built }].slice(-MOST_KEPT);
    while (kept.length > 1 && kept.reduce((n, { built: { mask } }) => n + numbersOf(mask), 0) > MOST_NUMBERS) kept.shift();
  };
  return {
    get,
    put,
    within(work, until) {
      const late = (): boolean => clock() > until;
      const known = get(work);
      if (known !== null) return known;
      const began = clock();
      const mask = buildUnlessStopped(work.body, work.size, work.blockSize, late);
      if (mask === null) return null;
      const ms = clock() - began;
      const allowed = countUnlessStopped(mask, work.body, late);
      const built = { mask, elements: allowed === null ? null : shareMasked(mask, allowed), ms };
      put(work, built);
      return built;
    },
  };
}

const numbersOf = ({ rows, columns }: BlockMask): number =>
  rows.rowStart.length + rows.runs.length + columns.rowStart.length + columns.runs.length;
