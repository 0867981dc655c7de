/**
 * What can be computed off the page's thread: one function a row, from plain data to plain data (what structured
 * cloning carries; expressions go flat). The same functions run on the page where no worker can be had.
 */
import { type FlatExpr, raise } from "../../kernels/ir/flat.ts";
import type { BlockMask, MaskSize } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { elementSparsity } from "../../kernels/mask/count.ts";
import { type Difference, differenceOf } from "../../kernels/mask/difference.ts";

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
  /** What only one of two masks allows, and what both. */
  difference: ({ a, b, other, size, blockSize }: DifferenceInput): { readonly difference: FlatDifference; readonly other: BlockMask } => {
    const bodies = { a: bodyOf({ body: a }), b: bodyOf({ body: b }) };
    const { onlyA, onlyB, both, neither, total } = differenceOf(bodies.a, bodies.b, size, blockSize);
    const difference = {
      onlyA: { mask: onlyA.mask, cells: onlyA.cells, first: onlyA.first },
      onlyB: { mask: onlyB.mask, cells: onlyB.cells, first: onlyB.first },
      both: { mask: both.mask, cells: both.cells },
      neither,
      total,
    };
    return { difference, other: buildBlockMask(bodies[other], size, blockSize) };
  },
} as const;

export type Jobs = typeof JOBS;
export type JobName = keyof Jobs;
export type Input<J extends JobName> = Parameters<Jobs[J]>[0];
export type Output<J extends JobName> = ReturnType<Jobs[J]>;

/** Runs a job on this thread. */
export function runJob<J extends JobName>(job: J, input: Input<J>): Output<J> {
  return (JOBS[job] as (input: Input<J>) => Output<J>)(input);
}
