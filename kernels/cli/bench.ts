/** `flexlens bench` and `flexlens kernel`: the fused kernel timed and checked on Dawn, and its text. */
import { isNoisy } from "../flash/noise.ts";
import { notesOf } from "../flash/plan.ts";
import { fillProblem, type Problem, problemText } from "../flash/problem.ts";
import { chooseForward } from "../flash/select.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { benchmark } from "../runtime/benchmark.ts";
import { openDevice } from "../runtime/device.ts";
import { GpuError } from "../runtime/gpuError.ts";
import { measurePeaks } from "../runtime/peaks.ts";
import type { BenchDetails, BenchReport, BenchResult, DevicePeaks } from "../runtime/result.ts";
import { matmulPeakOf } from "../runtime/resultText.ts";
import { askedFor, asksForMatrices, blocksOf, reasonsOf, wishesFor } from "./asked.ts";
import { findGpu, NO_DEVICE } from "./device.ts";
import { ASSUMED, readDevice } from "./deviceFile.ts";
import { readText } from "./input.ts";
import type { Options } from "./options.ts";

/** Text for standard output and error, and the exit code. */
export interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly code: 0 | 1 | 2 | 3;
}

/** Measures the variant; code 3 where there is no device, a kernel fails, or a result is wrong. */
export async function benchCommand(variant: LoweredVariant, options: Options): Promise<Outcome> {
  const gpu = await findGpu(asksForMatrices(variant.problem, options));
  if (gpu === null) return { out: "", err: NO_DEVICE, code: 3 };
  const problem = { ...fillProblem(variant.problem), layout: options.layout };
  try {
    const device = await openDevice(gpu);
    try {
      const named = { name: device.info.name, limits: device.limits };
      const blocks = blocksOf(variant, problem);
      const { wishes, faults, told } = wishesFor(variant, problem, named, options, blocks);
      const { plan, refusals } = chooseForward(variant, problem, device.limits, blocks, wishes);
      if (plan === null && wishes.engines !== undefined) return { out: "", err: [...faults, reasonsOf(refusals)].join("\n"), code: 1 };
      const peaks = await measurePeaks(device);
      const report = await benchmark(device, { variant, problem, wishes }, { peaks });
      const isGood = report.failures.length === 0 && report.results.length > 0 && report.results.every((r) => r.check?.passed === true);
      const err = [...faults, ...told, ...notesOf(variant, problem), ...report.failures.map((f) => `${f.engine}: ${f.message}`)].join("\n");
      return {
        out: options.output === "json" ? JSON.stringify(report) : benchTable(variant.name, problem, report),
        err,
        code: isGood ? 0 : 3,
      };
    } finally {
      device.device.destroy();
    }
  } catch (error) {
    if (error instanceof GpuError) return { out: "", err: error.message, code: 3 };
    throw error;
  }
}

/** The WGSL of the kernel that a device gets: the one of --device, else one with subgroups and WebGPU's guaranteed limits. */
export function kernelCommand(variant: LoweredVariant, options: Options): Outcome {
  const problem = { ...fillProblem(variant.problem), layout: options.layout };
  const { limits } = options.device === null ? ASSUMED : readDevice(readText(options.device), options.device);
  const { wishes, faults } = askedFor(variant.problem, options);
  const { plan, refusals } = chooseForward(variant, problem, limits, undefined, wishes);
  const reasons = reasonsOf(refusals);
  if (plan === null) return { out: "", err: [...faults, reasons].join("\n"), code: 1 };
  const text = plan.kernels.map((k) => k.wgsl.trimEnd()).join("\n\n");
  const { engine, tile, kernels, notes } = plan;
  return {
    out: options.output === "json" ? JSON.stringify({ engine, tile, refusals, notes, kernels }) : text,
    err: [...faults, reasons, ...notes].filter((line) => line !== "").join("\n"),
    code: 0,
  };
}

/** The report as a table, with what stands behind each row below it. */
export function benchTable(name: string, p: Problem, report: BenchReport): string {
  const software = report.device.software ? " (software adapter: no claim about a GPU)" : "";
  const head = [`${name}: ${problemText(p)}`, `on ${report.device.name}${software}`];
  const rows = report.results.map(row);
  const notes = report.results.flatMap((r) => (r.details === undefined ? [] : [`${r.engine.padEnd(14)}${detailText(r, r.details)}`]));
  const peaks = report.results[0]?.details?.peaks ?? null;
  const reached =
    peaks === null
      ? []
      : [
          `The device reaches ${giga(peaks.matmulFlops)} GFLOP/s (${peaks.matmul})${matrices(peaks)} and copies ${giga(peaks.copyBytes)} GB/s.`,
        ];
  const refused = report.refusals.map((r) => `${r.engine}: ${r.reason}`);
  const chosen = report.why === "" ? [] : [`${report.results[0]?.engine ?? "nothing"} ran: ${report.why}`];
  return [
    ...head,
    "",
    "kernel            median  interval            speed-up  effective GFLOP/s  check",
    ...rows,
    ...refused,
    "",
    ...notes,
    ...reached,
    ...chosen,
  ].join("\n");
}

/** `, 800 GFLOP/s by matrix units (…)`; nothing where the device has none. */
const matrices = ({ matrices: units }: DevicePeaks): string =>
  units == null ? "" : `, ${giga(units.flops)} GFLOP/s by its matrix units (${units.product})`;

/** Three significant digits, without an exponent. */
const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));
const ms = (x: number): string => `${digits(x)} ms`;
const giga = (rate: number): string => digits(rate / 1e9);
const mega = (bytes: number): string => `${digits(bytes / 1e6)} MB`;
const share = (x: number): string => `${digits(100 * x)} %`;

/** What stands behind a row: how it was sampled, memory, and the shares of what the device reaches. A wrong time has none. */
function detailText(r: BenchResult, d: BenchDetails): string {
  const sampled = `${r.samplesMs.length} samples of ${d.repeats} runs, ${d.instances} instances, ${r.clock} steps ${digits(d.clockStepMs)} ms`;
  const compiled = `${d.pipelines.compiled} of ${d.pipelines.used} pipelines compiled in ${ms(r.compileMs)}`;
  const memory = `${mega(d.memory.allocated)} allocated, ${mega(d.memory.moved)} moved`;
  if (r.check?.passed === false || d.peaks === null) return [sampled, compiled, memory].join("; ");
  const seconds = r.medianMs / 1000;
  const peak = matmulPeakOf(r.engine, d.peaks);
  const product = r.engine === "matrix" ? "float16 matrix product" : "f32 matrix product";
  const reached = peak === null ? "" : `; of the device's ${product} ${share(r.effectiveFlops / seconds / peak)} (effective)`;
  const flops = `${giga(r.denseFlops / seconds)} dense GFLOP/s${reached}`;
  return [sampled, compiled, memory, flops, `of its copy ${share(d.memory.moved / seconds / d.peaks.copyBytes)}`].join("; ");
}

function row(r: BenchResult): string {
  const wrong = r.check?.passed === false;
  const speedup = wrong ? "–" : r.baselineMs === null ? "baseline" : `${(r.baselineMs / r.medianMs).toFixed(1)}×`;
  const check =
    r.check === null
      ? "not checked"
      : `${isNoisy(r) ? "noisy, " : ""}${r.check.passed ? "checked" : "WRONG"}, error ${r.check.maxAbs.toExponential(1)}${r.check.firstBad === null ? "" : ` first at [${r.check.firstBad.join(", ")}]`}`;
  return [
    r.engine.padEnd(14),
    // A wrong result's time is crossed out.
    (wrong ? `~~${ms(r.medianMs)}~~` : ms(r.medianMs)).padStart(10),
    `  ${wrong ? "" : `${ms(r.interval[0])}…${ms(r.interval[1])}`}`.padEnd(21),
    ` ${speedup}`.padStart(9),
    (wrong ? "–" : (r.effectiveFlops / r.medianMs / 1e6).toFixed(1)).padStart(14),
    `       ${check}`,
  ].join("");
}
