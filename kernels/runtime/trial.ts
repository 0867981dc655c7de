/**
 * One plan on its way to a measurement or a choice: inputs uploaded once for all, the plan compiled and run once, the
 * float64 reference that its numbers are compared with, in steps that let a page live, and what broke on the way.
 */
import { type Check, rowsToCheck } from "../flash/check.ts";
import type { Inputs } from "../flash/inputs.ts";
import { type Plan, tensorBuffers } from "../flash/plan.ts";
import { denseFlops, type Problem } from "../flash/problem.ts";
import { allRows, type Reference, type RowIndex, referenceForward } from "../flash/reference.ts";
import type { Variant } from "../ir/mod.ts";
import { type BufferSet, makeBuffers } from "./buffers.ts";
import type { DeviceHandle } from "./device.ts";
import { execute, type Prepared, prepare } from "./execute.ts";
import { upload } from "./forward.ts";
import { restFor, turn } from "./turn.ts";

/** A plan that was prepared and run. */
export interface Trial {
  readonly plan: Plan;
  prepared: Prepared;
  /** Pipeline creation and first run, ms. */
  readonly startMs: number;
  /** Pipelines this run compiled. */
  readonly compiled: number;
  check: Check | null;
}

/** Buffers of q, k and v that several plans share. @throws GpuError */
export async function uploadInputs(gpu: DeviceHandle, problem: Problem, inputs: Inputs<Float32Array<ArrayBuffer>>): Promise<BufferSet> {
  const buffers = await makeBuffers(
    gpu.device,
    "q, k and v",
    tensorBuffers(problem).filter((b) => b.role === "input"),
  );
  upload(gpu, buffers, problem, inputs);
  return buffers;
}

/** As `prepare` takes them. */
export const inputsByName = (buffers: BufferSet): Map<string, GPUBuffer> =>
  new Map(["q", "k", "v"].map((name) => [name, buffers.get(name)]));

/** Compiles and runs once: pipeline creation and first dispatch, which some drivers compile in. @throws GpuError */
export async function startTrial(
  gpu: DeviceHandle,
  plan: Plan,
  shared: ReadonlyMap<string, GPUBuffer>,
  signal: AbortSignal | undefined,
): Promise<Trial> {
  const from = performance.now();
  const before = gpu.pipelines.compiles;
  const prepared = await prepare(gpu, plan, shared);
  const compiled = gpu.pipelines.compiles - before;
  try {
    await execute(gpu, prepared, signal ? { signal } : {});
  } catch (error) {
    prepared.destroy();
    throw error;
  }
  return { plan, prepared, startMs: performance.now() - from, compiled, check: null };
}

/** Rows of the reference computed between two turns of the event loop: some 40 ms. */
const STEP_FLOPS = 2.5e7;

/** The reference over the rows that a check compares (undefined: all), in steps that let the page live. */
export async function referenceInSteps(
  variant: Variant,
  problem: Problem,
  inputs: Inputs,
  signal: AbortSignal | undefined,
  done: (fraction: number) => void,
  chosen: readonly RowIndex[] | undefined = rowsToCheck(problem),
): Promise<Reference> {
  const rows: readonly RowIndex[] = chosen ?? allRows(problem);
  const rowFlops = denseFlops(problem) / (problem.batch * problem.qHeads * problem.qLen);
  const perStep = Math.max(1, Math.floor(STEP_FLOPS / rowFlops));
  const out = new Float64Array(rows.length * problem.vHeadDim);
  const lse = new Float64Array(rows.length);
  const maxScores = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += perStep) {
    const part = referenceForward(variant, problem, inputs, rows.slice(at, at + perStep));
    out.set(part.out, at * problem.vHeadDim);
    lse.set(part.lse, at);
    maxScores.set(part.maxScores, at);
    done((at + part.rows.length) / rows.length);
    await turn();
    signal?.throwIfAborted();
  }
  return { rows, allRows: chosen === undefined, out, lse, maxScores };
}

/** What broke, in words: a lost device, which is told a moment after, explains whatever else was thrown. */
export async function whatBroke(gpu: DeviceHandle, error: unknown): Promise<string> {
  await restFor(1);
  const why = gpu.lostReason() ?? error;
  // What `new Float32Array` throws where there is no memory for it.
  if (why instanceof RangeError)
    return "There is no memory here for tensors of these sizes. Use smaller lengths, fewer heads or a smaller batch.";
  return why instanceof Error ? why.message : String(why);
}
