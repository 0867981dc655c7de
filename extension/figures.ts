/**
 * The figures of masks for lenses and hovers: block mask and sparsity of each variant at its sizes, kept by key, and
 * counted within a time. What fits the budget of a request is counted on the spot; the rest is taken up later, one
 * variant at a turn, with a longer allowance; what exceeds that has no figure, which its lens shows as the bare name.
 */

import type { Problem } from "../kernels/flash/problem.ts";
import { variantKey } from "../kernels/ir/key.ts";
import type { Variant } from "../kernels/ir/mod.ts";
import { type BlockMask, blockSparsity, countBlocks } from "../kernels/mask/blockMask.ts";
import { buildUnlessStopped, elementSparsity } from "../kernels/mask/build.ts";
import type { MaskFigure } from "./lensTitle.ts";

/** Milliseconds that one request for lenses may spend on counting. */
const AT_ONCE_MS = 25;
/** And that one variant may take when its turn comes: longer would be felt in the editor. */
const LATER_MS = 150;
/** Masks kept: those of a screenful of files. */
const CAPACITY = 128;
/** Elements of partial blocks above which the hover does not count single elements. */
const COUNTED_ELEMENTS = 2 ** 24;

/** `null`: given up, beyond `LATER_MS`. */
type Entry = { readonly mask: BlockMask | null };

export interface Figures {
  /** Identity of `variant` at `problem`: what its results must have for key. */
  keyOf(variant: Variant, problem: Problem): string;
  /** Starts a request: what follows counts against its budget. */
  begin(): void;
  of(variant: Variant, problem: Problem): MaskFigure;
  /** The block mask, counted now if need be; null where it takes too long, or there is no mask_mod. */
  maskOf(variant: Variant, problem: Problem): BlockMask | null;
  /** Share of masked elements; null where counting would take too long. */
  elementsOf(variant: Variant, mask: BlockMask): number | null;
  /** Called when figures were counted that a request had to leave out. Returns the way to stop. */
  onCounted(listener: () => void): () => void;
  dispose(): void;
}

export function createFigures(clock: () => number = () => performance.now()): Figures {
  const entries = new Map<string, Entry>();
  const queue = new Map<string, { variant: Variant; problem: Problem }>();
  const listeners = new Set<() => void>();
  let until = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;

  const keyOf = (variant: Variant, problem: Problem): string => variantKey(variant, problem.blockSize);
  const entryKey = (variant: Variant, p: Problem): string => [keyOf(variant, p), p.batch, p.qHeads, p.qLen, p.kvLen].join();

  const keep = (key: string, entry: Entry): Entry => {
    entries.delete(key);
    entries.set(key, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= CAPACITY) break;
      entries.delete(oldest);
    }
    return entry;
  };
  const count = (variant: Variant, p: Problem, end: number): BlockMask | null =>
    buildUnlessStopped(
      variant.maskMod?.body ?? null,
      { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen },
      p.blockSize,
      () => clock() > end,
    );

  const takeUp = (): void => {
    timer = null;
    const [next] = queue;
    if (next === undefined) {
      for (const listener of listeners) listener();
      return;
    }
    const [key, { variant, problem }] = next;
    queue.delete(key);
    keep(key, { mask: count(variant, problem, clock() + LATER_MS) });
    timer = setTimeout(takeUp, 0);
  };

  const maskOf = (variant: Variant, problem: Problem): BlockMask | null => {
    if (variant.maskMod === null) return null;
    const key = entryKey(variant, problem);
    const known = entries.get(key);
    return known !== undefined ? keep(key, known).mask : keep(key, { mask: count(variant, problem, clock() + LATER_MS) }).mask;
  };

  return {
    keyOf,
    begin() {
      until = clock() + AT_ONCE_MS;
    },
    of(variant, problem) {
      if (variant.maskMod === null) return { kind: "none" };
      const key = entryKey(variant, problem);
      const known = entries.get(key);
      const mask = known === undefined ? (clock() < until ? count(variant, problem, until) : null) : known.mask;
      if (mask !== null) {
        keep(key, { mask });
        return { kind: "counted", blocks: blockSparsity(mask) };
      }
      if (known === undefined) {
        queue.set(key, { variant, problem });
        timer ??= setTimeout(takeUp, 0);
      }
      return { kind: "uncounted" };
    },
    maskOf,
    elementsOf(variant, mask) {
      const { partial } = countBlocks(mask);
      if (partial * mask.blockSize[0] * mask.blockSize[1] > COUNTED_ELEMENTS) return null;
      return elementSparsity(mask, variant.maskMod?.body ?? null);
    },
    onCounted(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispose() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
