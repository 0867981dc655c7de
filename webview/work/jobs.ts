/**
 * What can be computed off the page's thread: one function a row, from plain data to plain data (what structured
 * cloning carries; expressions go flat). The same functions run on the page where no worker can be had.
 */
import { type FlatExpr, raise } from "../../kernels/ir/flat.ts";
import type { BlockMask, MaskSize } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { elementSparsity } from "../../kernels/mask/count.ts";

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

const bodyOf = ({ body }: { readonly body: FlatExpr | null }) => (body === null ? null : raise(body));

export const JOBS = {
  /** The block mask, and the milliseconds that it took. */
  build: (input: BuildInput): { readonly mask: BlockMask; readonly ms: number } => {
    const body = bodyOf(input);
    const began = performance.now();
    const mask = buildBlockMask(body, input.size, input.blockSize);
    return { mask, ms: performance.now() - began };
  },
  /** The share of masked elements. */
  count: (input: CountInput): number => elementSparsity(input.mask, bodyOf(input)),
} as const;

export type Jobs = typeof JOBS;
export type JobName = keyof Jobs;
export type Input<J extends JobName> = Parameters<Jobs[J]>[0];
export type Output<J extends JobName> = ReturnType<Jobs[J]>;

/** Runs a job on this thread. */
export function runJob<J extends JobName>(job: J, input: Input<J>): Output<J> {
  return (JOBS[job] as (input: Input<J>) => Output<J>)(input);
}
