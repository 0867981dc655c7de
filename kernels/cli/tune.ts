/** `flexlens tune`: the fastest kernel and tile for a mod at its sizes on this machine's device, remembered for its kind. */
import { type KernelOptions, optionsText } from "../flash/kernelOptions.ts";
import { fillProblem } from "../flash/problem.ts";
import { isAsked } from "../flash/tiles.ts";
import { tunedText } from "../flash/tuned.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { autotune, inOrder, type TuneProgress, type TuneReport, type TuneRow, triedOf, triedText } from "../runtime/autotune.ts";
import { openDevice } from "../runtime/device.ts";
import { GpuError } from "../runtime/gpuError.ts";
import { askedFor, asksForMatrices } from "./asked.ts";
import type { Outcome } from "./bench.ts";
import { findGpu, NO_DEVICE } from "./device.ts";
import type { Options } from "./options.ts";
import { keepTuned } from "./tunings.ts";

/** Tunes and keeps the winner; code 3 where there is no device, or nothing could be timed. */
export async function tuneCommand(variant: LoweredVariant, options: Options): Promise<Outcome> {
  const found = await findGpu(asksForMatrices(variant.problem, options));
  if (found === null) return { out: "", err: NO_DEVICE, code: 3 };
  try {
    const gpu = await openDevice(found);
    try {
      const problem = { ...fillProblem(variant.problem), layout: options.layout };
      const { wishes, faults, told } = askedFor(variant.problem, options);
      const report = await autotune(
        gpu,
        { variant, problem, wishes },
        {
          onProgress: show,
          ...(options.budget === null ? {} : { budgetMs: 1000 * options.budget }),
        },
      );
      if (process.stderr.isTTY) process.stderr.write(CLEAR);
      const kept = report.tuned === null || !options.cache ? "" : keepTuned(report.tuned);
      const { name, software } = gpu.info;
      return {
        out: options.output === "json" ? JSON.stringify({ device: { name, software }, ...report }) : tuneTable(name, report),
        err: [...faults, ...told, untaken(wishes.options ?? {}), report.fault ?? "", kept].filter((line) => line !== "").join("\n"),
        code: report.tuned === null ? 3 : 0,
      };
    } finally {
      gpu.destroy();
    }
  } catch (error) {
    if (error instanceof GpuError) return { out: "", err: error.message, code: 3 };
    throw error;
  }
}

/** What is said where the text asks for a tile, which beats what is tuned. */
export const untaken = (options: KernelOptions): string =>
  isAsked(options) ? `the text asks for ${optionsText(options)}: that runs, and not what is tuned, until it is left out` : "";

const CLEAR = "\r\u001b[K";

/** One line that changes, for somebody who waits; a file or a pipe gets none. */
function show({ stage, fraction, left }: TuneProgress): void {
  if (process.stderr.isTTY) process.stderr.write(`${CLEAR}${Math.round(100 * fraction)} % · ${STAGES[stage]} · ${left} kernels and tiles`);
}

const STAGES = { check: "reference", compile: "compiling and checking", sample: "timing" } as const satisfies Record<
  TuneProgress["stage"],
  string
>;

/** The candidates: what was taken first, those that are out last. */
export function tuneTable(device: string, { tuned, rows }: Pick<TuneReport, "tuned" | "rows">): string {
  return [
    `on ${device}`,
    ...inOrder(rows).map(
      (row) => `${row.isDefault ? "*" : " "} ${row.candidate.engine.padEnd(8)}${told(row).padEnd(28)}  ${row.candidate.tile}`,
    ),
    ...(rows.some((row) => row.isDefault) ? ["* what runs untuned"] : []),
    ...(triedOf(rows).length < rows.length ? [`tried ${triedText(rows)}`] : []),
    ...(tuned === null ? [] : [`${tuned.engine}, ${optionsText(tuned.options) || "its own tile"}: ${tunedText(tuned)}`]),
  ].join("\n");
}

const told = ({ ms, fate, reason }: TuneRow): string =>
  ms === null
    ? `${fate}${reason === "" ? "" : `: ${reason}`}`
    : `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms${fate === "fastest" ? ", taken" : ""}`;
