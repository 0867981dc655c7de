/**
 * `flexlens run`: the fused kernel on the user's own q, k and v. The problem is what their shapes say; what runs is the
 * family that select.ts picks, or the one that --kernel names. Every run is compared with the float64 reference, over
 * the numbers that the kernel reads (float32, or rounded to --dtype), and timed; out, lse and, where they are asked for, the rows' largest scores
 * go to a file of the format that its name says.
 */
import { type Check, checkForward, rowsToCheck } from "../flash/check.ts";
import type { Inputs } from "../flash/inputs.ts";
import type { Plan } from "../flash/plan.ts";
import { fillProblem, type Problem, problemText } from "../flash/problem.ts";
import { referenceForward } from "../flash/reference.ts";
import { chooseForward } from "../flash/select.ts";
import { storedInputs } from "../flash/storage.ts";
import type { BindingValue } from "../frontend/module.ts";
import type { ProblemHints, Variant } from "../ir/mod.ts";
import { openClock } from "../runtime/clock.ts";
import { type DeviceHandle, openDevice } from "../runtime/device.ts";
import { execute, type Prepared, prepare } from "../runtime/execute.ts";
import { download, type ForwardOutput, upload } from "../runtime/forward.ts";
import { GpuError } from "../runtime/gpuError.ts";
import { median } from "../runtime/median.ts";
import { asksForMatrices, blocksOf, reasonsOf, wishesFor } from "./asked.ts";
import type { Outcome } from "./bench.ts";
import { choose, notesOf } from "./choose.ts";
import { findGpu, NO_DEVICE } from "./device.ts";
import type { Input } from "./input.ts";
import { type Options, type Target, UsageError } from "./options.ts";
import { checkOutputName, readTensors, type Sizes, writeTensors } from "./tensorFiles.ts";

/** A file of mods and which of them; null: attention without mods. */
export type Mods = { readonly input: Input; readonly target: Target } | null;

/** How long the kernel took, once its pipelines were there. */
interface Times {
  /** Pipelines and the first run. */
  readonly compileMs: number;
  readonly medianMs: number;
  /** Each of one run: many in a submission where one is short. */
  readonly samplesMs: readonly number[];
  readonly clock: "timestamp-query" | "wall";
}

/** @throws UsageError */
export async function runKernel(mods: Mods, options: Options, bindings: Readonly<Record<string, BindingValue>>): Promise<Outcome> {
  if (options.inputs === null) throw new UsageError("`flexlens run` needs --inputs FILE, which holds q, k and v");
  if (options.out === null && options.output !== "json")
    throw new UsageError("`flexlens run` needs -o FILE to write to, or --json to print what came of it");
  if (
    mods === null &&
    Object.keys(bindings).some(
      (key) => !PLAIN_KEYS.has(key) && (key !== "SCALE" || options.scale === null) && (key !== "DTYPE" || options.dtype === null),
    )
  )
    throw new UsageError("--bind and --bind-file give values to a FILE's mods, and no FILE is given");
  if (options.out !== null) checkOutputName(options.out);
  const { inputs, sizes } = readTensors(options.inputs, options.layout);
  const { variant, notes } = variantOf(mods, options, { ...bindings, ...bindingsOf(sizes, options) });
  if (variant === null) return { out: "", err: notes, code: 1 };
  const problem: Problem = { ...fillProblem({ ...variant.problem, ...sizes }), ...sizes, layout: options.layout };
  const stored = storedInputs(inputs, problem);
  const outcome = await onDevice(variant, problem, stored, options);
  return { ...outcome, err: [notes, beyondHalf(inputs, stored), outcome.err].filter((text) => text !== "").join("\n") };
}

function variantOf(
  mods: Mods,
  options: Options,
  bindings: Readonly<Record<string, BindingValue>>,
): { readonly variant: (Variant & { readonly problem: ProblemHints }) | null; readonly notes: string } {
  if (mods === null) {
    const problem = {
      ...(options.scale === null ? {} : { scale: options.scale }),
      ...(options.dtype === null ? {} : { storage: options.dtype }),
    };
    return { variant: { name: "attention", scoreMod: null, maskMod: null, captures: [], problem }, notes: "" };
  }
  const { variant, diagnostics } = choose(mods.input, mods.target, { bindings }, options.bindings);
  return { variant, notes: notesOf(mods.input, diagnostics) };
}

const KEYS = {
  batch: ["B", "--b"],
  qHeads: ["H", "--h"],
  kvHeads: ["HKV", "--kv-heads"],
  qLen: ["Q_LEN", "--q-len"],
  kvLen: ["KV_LEN", "--kv-len"],
  qkHeadDim: ["D", "--d"],
  vHeadDim: ["DV", "--dv"],
} as const satisfies Record<keyof Sizes, readonly [key: string, option: string]>;

/** Reserved keys that attention without mods has use for, or does not mind. */
const PLAIN_KEYS: ReadonlySet<string> = new Set([...Object.values(KEYS).map(([key]) => key), "BLOCK_SIZE"]);

/** The sizes as the front end's reserved keys; those that were given too must agree. */
function bindingsOf(sizes: Sizes, { bindings }: Options): Record<string, string> {
  return Object.fromEntries(
    (Object.keys(KEYS) as (keyof Sizes)[]).map((size) => {
      const [key, option] = KEYS[size];
      const given = bindings[key];
      if (typeof given === "string" && given.trim() !== String(sizes[size]))
        throw new UsageError(`${option} ${given.trim()} does not fit the tensors, whose ${key} is ${sizes[size]}`);
      return [key, String(sizes[size])];
    }),
  );
}

/** A line for tensors whose numbers a half cannot hold. */
function beyondHalf(given: Inputs, stored: Inputs): string {
  const lost = (["q", "k", "v"] as const).filter((name) =>
    stored[name].some((x, i) => !Number.isFinite(x) && Number.isFinite(given[name][i])),
  );
  if (lost.length === 0) return "";
  return `${lost.map((name) => `\`${name}\``).join(", ")} ${lost.length === 1 ? "has" : "have"} numbers beyond 65504, which float16 holds as infinite; scale them down, or store float32 (--dtype f32)`;
}

async function onDevice(
  variant: Variant & { readonly problem: ProblemHints },
  problem: Problem,
  inputs: Inputs,
  options: Options,
): Promise<Outcome> {
  const found = await findGpu(asksForMatrices(variant.problem, options));
  if (found === null) return { out: "", err: NO_DEVICE, code: 3 };
  try {
    const gpu = await openDevice(found);
    try {
      const blocks = blocksOf(variant, problem);
      const { wishes, faults, told } = wishesFor(variant, problem, { name: gpu.info.name, limits: gpu.limits }, options, blocks);
      const { plan, refusals, why } = chooseForward(variant, problem, gpu.limits, blocks, wishes);
      if (plan === null) return { out: "", err: reasonsOf(refusals), code: 1 };
      const { output, times } = await runTimed(gpu, plan, inputs);
      if (options.out !== null) writeTensors(options.out, options.maxScores ? output : { ...output, maxScores: null }, problem);
      const rows = rowsToCheck(problem);
      const check = checkForward(output, referenceForward(variant, problem, inputs, rows), problem, plan.engine);
      const { engine, tile, notes } = plan;
      const { name, software } = gpu.info;
      const report = { variant: variant.name, device: { name, software }, engine, tile, why, problem, times, check, refusals, notes };
      const out =
        options.output === "json" ? JSON.stringify({ ...report, out: options.out }) : summary(report, options.out, options.maxScores);
      const said = options.output === "json" ? notes : [reasonsOf(refusals), ...told, ...notes];
      const err = [...faults, ...said].filter((line) => line !== "").join("\n");
      return { out, err, code: check.passed ? 0 : 3 };
    } finally {
      gpu.destroy();
    }
  } catch (error) {
    if (error instanceof GpuError) return { out: "", err: error.message, code: 3 };
    throw error;
  }
}

interface Ran {
  readonly output: Omit<ForwardOutput, "plan">;
  readonly times: Times;
}

async function runTimed(gpu: DeviceHandle, plan: Plan, inputs: Inputs): Promise<Ran> {
  const from = performance.now();
  const prepared = await prepare(gpu, plan);
  try {
    upload(gpu, prepared.buffers, plan.problem, inputs);
    await execute(gpu, prepared);
    const compileMs = performance.now() - from;
    const output = await download(gpu, prepared.buffers, plan.problem);
    return { output, times: { compileMs, ...(await sampled(gpu, prepared)) } };
  } finally {
    prepared.destroy();
  }
}

const SAMPLES = 5;
/** Shortest sample and all of them together, in ms; a kernel of seconds is sampled once. */
const SAMPLE_MS = 30;
const BUDGET_MS = 1500;

async function sampled(gpu: DeviceHandle, prepared: Prepared): Promise<Omit<Times, "compileMs">> {
  const clock = await openClock(gpu);
  try {
    const shortest = Math.max(SAMPLE_MS, 200 * (clock.stepMs ?? 0));
    const first = await clock.sample(prepared, 1);
    const repeats = Math.max(1, Math.min(200, Math.ceil(shortest / Math.max(0.001, first.gpuMs ?? first.wallMs))));
    const rounds = Math.max(1, Math.min(SAMPLES, Math.floor(BUDGET_MS / (first.wallMs * repeats))));
    const samples = [];
    for (let i = 0; i < rounds; i++) samples.push(await clock.sample(prepared, repeats));
    const isStamped = samples.every((s) => s.gpuMs !== null);
    const samplesMs = samples.map((s) => (isStamped ? (s.gpuMs ?? s.wallMs) : s.wallMs));
    return { medianMs: median(samplesMs), samplesMs, clock: isStamped ? "timestamp-query" : "wall" };
  } finally {
    clock.destroy();
  }
}

interface Report {
  readonly variant: string;
  readonly device: { readonly name: string; readonly software: boolean };
  readonly engine: string;
  readonly tile: string;
  readonly why: string;
  readonly problem: Problem;
  readonly times: Times;
  readonly check: Check;
}

function summary({ variant, device, engine, tile, why, problem: p, times, check }: Report, file: string | null, hasMax: boolean): string {
  const bad = check.firstBad === null ? "" : `, first beyond the bound at [${check.firstBad.join(", ")}]`;
  const rows = check.allRows ? "all rows" : `${check.rows} rows`;
  return [
    `${variant}: ${problemText(p)}, scale ${p.scale}`,
    `on ${device.name}${device.software ? " (software adapter: no claim about a GPU)" : ""}`,
    `${engine} kernel (${tile}): ${times.medianMs >= 100 ? Math.round(times.medianMs) : times.medianMs.toPrecision(3)} ms, compiled and first run in ${Math.round(times.compileMs)} ms`,
    `${engine} ran: ${why}`,
    `${check.passed ? "checked" : "WRONG"} against float64, ${rows}: largest error ${check.maxAbs.toExponential(1)}${bad}`,
    ...(file === null ? [] : [`${hasMax ? "out, lse and max_scores" : "out and lse"} written to ${file}`]),
  ].join("\n");
}
