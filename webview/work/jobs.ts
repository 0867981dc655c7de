/**
 * What can be computed off the page's thread: one function a row, from plain data to plain data (what structured
 * cloning carries; expressions go flat). A long job is a generator of steps of some milliseconds, each giving the share
 * that is done: between steps its worker can be ended (Chromium waits two seconds for one that listens to nothing), and
 * where no worker can be had the page runs the same steps between its frames.
 */
import { type FlatExpr, raise } from "../../kernels/ir/flat.ts";
import { type BlockMask, countBlocks, type MaskSize, queryBlocks } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask, buildSteps } from "../../kernels/mask/build.ts";
import { compileMask } from "../../kernels/mask/compile.ts";
import { countAllowedIn, shareMasked } from "../../kernels/mask/count.ts";
import { type Difference, differenceSteps } from "../../kernels/mask/difference.ts";

/** A mask to build; `body` null: nothing is masked. */
export interface BuildInput {
  readonly body: FlatExpr | null;
  readonly size: MaskSize;
  readonly blockSize: readonly [q: number, kv: number];
}

/** A mask whose allowed elements are wanted; `body` is the one it was built from. */
export interface CountInput {
  readonly body: FlatExpr | null;
  readonly mask: BlockMask;
}

/** Two masks to compare; `other` is the one whose block mask is wanted too. */
export interface DifferenceInput {
  readonly a: FlatExpr | null;
  readonly b: FlatExpr | null;
  readonly other: "a" | "b";
  readonly size: MaskSize;
  readonly blockSize: readonly [q: number, kv: number];
}

/** A difference without its expressions: they are the asker's to make. */
export interface FlatDifference extends Omit<Difference, "onlyA" | "onlyB" | "both"> {
  readonly onlyA: Omit<Difference["onlyA"], "body">;
  readonly onlyB: Omit<Difference["onlyB"], "body">;
  readonly both: Omit<Difference["both"], "body">;
}

const bodyOf = ({ body }: { readonly body: FlatExpr | null }) => (body === null ? null : raise(body));

/** A job in steps. */
export type Steps<T> = Generator<number, T>;

function* build(input: BuildInput): Steps<{ readonly mask: BlockMask; readonly ms: number }> {
  const body = bodyOf(input);
  const began = performance.now();
  const steps = buildSteps(compileMask(body), input.size, input.blockSize);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { mask: step.value, ms: performance.now() - began };
    yield step.value.done / step.value.of;
  }
}

/** Elements of partial blocks looked at in one step of a count. */
const COUNTED_AT_ONCE = 2 ** 24;

function* count(input: CountInput): Steps<number> {
  const { mask } = input;
  const body = bodyOf(input);
  const { qLen, kvLen, batch, heads, blockSize } = mask;
  const rows = batch * heads * queryBlocks(mask);
  const steps = Math.ceil((countBlocks(mask).partial * blockSize[0] * blockSize[1]) / COUNTED_AT_ONCE);
  const height = blockSize[0] * Math.max(1, Math.floor(rows / Math.max(1, steps)));
  let allowed = 0;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let q0 = 0; q0 < qLen; q0 += height) {
        allowed += countAllowedIn(mask, body, { b, h, q0, q1: Math.min(qLen, q0 + height), k0: 0, k1: kvLen });
        yield (b * heads + h + q0 / qLen) / (batch * heads);
      }
    }
  }
  return shareMasked(mask, allowed);
}

function* difference(input: DifferenceInput): Steps<{ readonly difference: FlatDifference; readonly other: BlockMask }> {
  const { size, blockSize } = input;
  const bodies = { a: bodyOf({ body: input.a }), b: bodyOf({ body: input.b }) };
  const other = buildBlockMask(bodies[input.other], size, blockSize);
  const { onlyA, onlyB, both, neither, total } = yield* differenceSteps(bodies.a, bodies.b, size, blockSize);
  const found = {
    onlyA: { mask: onlyA.mask, cells: onlyA.cells, first: onlyA.first },
    onlyB: { mask: onlyB.mask, cells: onlyB.cells, first: onlyB.first },
    both: { mask: both.mask, cells: both.cells },
    neither,
    total,
  };
  return { difference: found, other };
}

export const JOBS = {
  /** The block mask, and the milliseconds that it took. */
  build,
  /** The share of masked elements. */
  count,
  /** What only one of two masks allows, and what both. */
  difference,
} as const;

export type Jobs = typeof JOBS;
export type JobName = keyof Jobs;
export type Input<J extends JobName> = Parameters<Jobs[J]>[0];
export type Output<J extends JobName> = ReturnType<Jobs[J]> extends Steps<infer T> ? T : ReturnType<Jobs[J]>;

/** The steps of a job; one that has none is a single one. */
export function* stepsOf<J extends JobName>(job: J, input: Input<J>): Steps<Output<J>> {
  const started = (JOBS[job] as (input: Input<J>) => Output<J> | Steps<Output<J>>)(input);
  return isSteps(started) ? yield* started : started;
}

/** The outcome of a job that is run here, to its end. */
export function runJob<J extends JobName>(job: J, input: Input<J>): Output<J> {
  const steps = stepsOf(job, input);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const isSteps = <T>(x: T | Steps<T>): x is Steps<T> => typeof x === "object" && x !== null && Symbol.iterator in x && "next" in x;

/**
 * Goes through the steps of a job, `sliceMs` at a time, each slice in a turn that `later` gives; `progress` hears how
 * far it is after each slice. `done` is called in the last one; what a step throws, the turn throws.
 */
export function inSlices<T>(
  steps: Steps<T>,
  sliceMs: number,
  later: (turn: () => void) => void,
  done: (value: T) => void,
  progress: (share: number) => void,
): void {
  const until = performance.now() + sliceMs;
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      done(step.value);
      return;
    }
    if (performance.now() < until) continue;
    progress(step.value);
    later(() => inSlices(steps, sliceMs, later, done, progress));
    return;
  }
}
