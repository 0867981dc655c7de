/** How many blocks a mask visits, found by building it in steps and within so many of them; the mask is not kept. */
import type { Expr } from "../ir/expr.ts";
import { countBlocks, type MaskSize } from "./blockMask.ts";
import { buildSteps } from "./build.ts";
import { compileMask } from "./compile.ts";

/** Steps of a build between two yields: some milliseconds. */
const STEPS = 16;

/**
 * Full and partial blocks of the mask of `body`, over the batches and heads that are stored. Yields every few
 * milliseconds; null where `spend`, asked before each step of some hundred microseconds, says that there are no more.
 */
export function* visitedBlocks(
  body: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
  spend: () => boolean,
): Generator<undefined, number | null> {
  const steps = buildSteps(compileMask(body), size, blockSize);
  let step = steps.next();
  for (let n = 1; step.done !== true; n++) {
    if (!spend()) return null;
    if (n % STEPS === 0) yield;
    step = steps.next();
  }
  const { full, partial } = countBlocks(step.value);
  return full + partial;
}

/** Steps that may be spent, counted down. */
export function budgetOf(steps: number): () => boolean {
  let left = steps;
  return () => left-- > 0;
}
