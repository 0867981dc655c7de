/**
 * The figures of masks for lenses and hovers: block mask and sparsity of each variant at its sizes, kept by key, and
 * counted within a time. What fits the budget of a request is counted on the spot; the rest is taken up later, one
 * variant after the other in turns of a few milliseconds, with a longer allowance; what exceeds that has no figure,
 * which its lens shows as the bare name.
 */

import type { Problem } from "../kernels/flash/problem.ts";
import { variantKey } from "../kernels/ir/key.ts";
import type { Variant } from "../kernels/ir/mod.ts";
import { type BlockMask, blockSparsity, countBlocks, type MaskSize } from "../kernels/mask/blockMask.ts";
import { buildSteps, buildUnlessStopped } from "../kernels/mask/build.ts";
import { compileMask } from "../kernels/mask/compile.ts";
import { elementSparsity } from "../kernels/mask/count.ts";
import type { MaskFigure } from "./lensTitle.ts";
import { inTurns } from "./turns.ts";

/** Milliseconds that one request for lenses may spend on counting. */
const AT_ONCE_MS = 25;
/** And that one variant may take in turns. */
const LATER_MS = 150;
/** Figures kept. More than a request asks for, or one request would push out what the one before it counted. */
const CAPACITY = 8192;
/** Variants of one request that get a figure. */
const MOST_A_REQUEST = 2000;
/** Masks kept, for hovers: some have megabytes. */
const MASKS = 32;
/** Elements of partial blocks above which the hover does not count single elements. */
const COUNTED_ELEMENTS = 2 ** 24;

export interface Figures {
  /** Identity of `variant` at `problem`: what its results must have for key. */
  keyOf(variant: Variant, problem: Problem): string;
  /** Starts a request: what follows counts against its budget. */
  begin(): void;
  of(variant: Variant, problem: Problem): MaskFigure;
  /** The block mask, counted in turns if need be; null where it takes too long, or there is no mask_mod. */
  maskOf(variant: Variant, problem: Problem): Promise<BlockMask | null>;
  /** Share of masked elements; null where counting would take too long. */
  elementsOf(variant: Variant, mask: BlockMask): number | null;
  /** Called when figures were counted that a request had to leave out. Returns the way to stop. */
  onCounted(listener: () => void): () => void;
  dispose(): void;
}

export function createFigures(clock: () => number = () => performance.now()): Figures {
  /** Share of blocks skipped; null: given up, beyond `LATER_MS`. */
  const counted = new Map<string, number | null>();
  const masks = new Map<string, BlockMask>();
  const queue = new Map<string, { variant: Variant; problem: Problem }>();
  /** What is being counted in turns. */
  const counting = new Map<string, Promise<BlockMask | null>>();
  const listeners = new Set<() => void>();
  let until = 0;
  let asked = 0;
  let isTaking = false;
  let isDisposed = false;

  const keyOf = (variant: Variant, problem: Problem): string => variantKey(variant, problem.blockSize);
  const entryKey = (variant: Variant, p: Problem): string => [keyOf(variant, p), p.batch, p.qHeads, p.qLen, p.kvLen].join();

  const sizeOf = (p: Problem): MaskSize => ({ batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen });
  const keep = (key: string, mask: BlockMask | null): void => {
    put(counted, key, mask === null ? null : blockSparsity(mask), CAPACITY);
    if (mask !== null) put(masks, key, mask, MASKS);
  };
  /** Builds by the end of the request, and keeps what that gave. */
  const countNow = (key: string, variant: Variant, p: Problem): void => {
    const mask = buildUnlessStopped(variant.maskMod?.body ?? null, sizeOf(p), p.blockSize, () => clock() > until);
    if (mask !== null) keep(key, mask);
  };
  const build = async (key: string, variant: Variant, p: Problem): Promise<BlockMask | null> => {
    const steps = buildSteps(compileMask(variant.maskMod?.body ?? null), sizeOf(p), p.blockSize);
    const mask = await inTurns(steps, { allowanceMs: LATER_MS, isStopped: () => isDisposed, clock });
    keep(key, mask);
    return mask;
  };
  const countLater = (key: string, variant: Variant, problem: Problem): Promise<BlockMask | null> => {
    const known = counting.get(key);
    if (known !== undefined) return known;
    const fresh = build(key, variant, problem).finally(() => counting.delete(key));
    counting.set(key, fresh);
    return fresh;
  };
  const takeUp = async (): Promise<void> => {
    if (isTaking) return;
    isTaking = true;
    try {
      for (;;) {
        // The editor gets its lenses first.
        await new Promise((done) => setTimeout(done, 0));
        const [next] = queue;
        if (next === undefined || isDisposed) break;
        const [key, { variant, problem }] = next;
        queue.delete(key);
        await countLater(key, variant, problem);
      }
    } finally {
      isTaking = false;
    }
    for (const listener of listeners) listener();
  };

  return {
    keyOf,
    begin() {
      until = clock() + AT_ONCE_MS;
      asked = 0;
    },
    of(variant, problem) {
      if (variant.maskMod === null) return { kind: "none" };
      if (++asked > MOST_A_REQUEST) return { kind: "uncounted" };
      const key = entryKey(variant, problem);
      if (!counted.has(key) && clock() < until) countNow(key, variant, problem);
      const blocks = counted.get(key);
      if (blocks !== undefined) return blocks === null ? { kind: "uncounted" } : { kind: "counted", blocks };
      queue.set(key, { variant, problem });
      void takeUp();
      return { kind: "counting", before: null };
    },
    async maskOf(variant, problem) {
      if (variant.maskMod === null) return null;
      const key = entryKey(variant, problem);
      if (counted.get(key) === null) return null;
      return masks.get(key) ?? countLater(key, variant, problem);
    },
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
      isDisposed = true;
    },
  };
}

/** Keeps `value` as the newest, and drops the oldest beyond `capacity`. */
function put<T>(map: Map<string, T>, key: string, value: T, capacity: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > capacity && oldest !== undefined) map.delete(oldest);
}
