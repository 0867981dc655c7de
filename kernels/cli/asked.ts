/**
 * What the command line asks of the choice of a kernel: --kernel and --kernel-options over what the text says, and the
 * winner that `tune` kept for this device and problem. Out: the plan, or the reasons of those that cannot.
 */
import type { DeviceLimits, Refusal } from "../flash/plan.ts";
import type { Problem } from "../flash/problem.ts";
import type { Wishes } from "../flash/select.ts";
import { deviceKey, tunedFor } from "../flash/tuned.ts";
import { type Asked, askedOf } from "../flash/wishes.ts";
import type { ProblemHints, Variant } from "../ir/mod.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import type { Options } from "./options.ts";
import { readTuningsFile } from "./tunings.ts";

/** A device by name, with what it can do. */
export interface Named {
  readonly name: string;
  readonly limits: DeviceLimits;
}

/** What the options and the text ask for. */
export function askedFor(hints: ProblemHints, { kernel, kernelOptions }: Pick<Options, "kernel" | "kernelOptions">): Asked {
  return askedOf({ ...hints, ...(kernel === null ? {} : { kernel }), ...(kernelOptions === null ? {} : { kernelOptions }) });
}

/** The same with what was tuned for the device, unless --no-cache. `blocks` at the problem's BLOCK_SIZE. */
export function wishesFor(
  variant: Variant & { readonly problem: ProblemHints },
  problem: Problem,
  device: Named,
  options: Pick<Options, "kernel" | "kernelOptions" | "cache">,
  blocks: BlockMask,
): Asked & { readonly wishes: Wishes } {
  const asked = askedFor(variant.problem, options);
  if (!options.cache) return asked;
  const { limits, name } = device;
  const tuned = tunedFor(readTuningsFile(), deviceKey(name, limits), variant, problem, blocks, asked.wishes.engines);
  return { ...asked, wishes: { ...asked.wishes, tuned } };
}

/** Whether the matrix kernel is asked for by name: what it needs is experimental, and looked for then alone. */
export const asksForMatrices = (hints: ProblemHints, { kernel }: Pick<Options, "kernel">): boolean =>
  (kernel ?? hints.kernel)?.includes("matrix") === true;

/** The block mask at the problem's BLOCK_SIZE. */
export function blocksOf(variant: Variant, p: Problem): BlockMask {
  const shape = { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen };
  return buildBlockMask(variant.maskMod?.body ?? null, shape, p.blockSize);
}

/** A line for each family that cannot. */
export const reasonsOf = (refusals: readonly Refusal[]): string => refusals.map((r) => `${r.engine}: ${r.reason}`).join("\n");
