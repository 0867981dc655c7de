/**
 * From results to the table of how they were measured: samples, clock, pipelines, memory, and the shares of what the
 * device reaches. Results that an earlier version stored have no such details, and say nothing. Pure.
 */
import type { BenchDetails, BenchResult, DevicePeaks } from "../../kernels/runtime/result.ts";
import { matmulPeakOf } from "../../kernels/runtime/resultText.ts";
import { bytes, duration, exponent, integer, percent, significant } from "../number.ts";
import { type Group, placeText, type Row } from "./rows.ts";

/** Columns of the details; each says in full what it is. */
export const DETAIL_COLUMNS = [
  { name: "samples", title: "Samples × runs in each, and how many instances (own buffers) they are of" },
  { name: "clock step", title: "What the clock rounds to, and its share of a sample" },
  { name: "pipelines", title: "Pipelines compiled for this run, of those used; the others were kept from an earlier one" },
  { name: "allocated", title: "All buffers: tensors, block lists, captures, scratch" },
  { name: "moved", title: "Bytes read and written, each buffer once for each kernel that binds it" },
  { name: "of copy", title: "Bytes moved a second, as a share of what a copy reaches on this device" },
  {
    name: "dense, of matmul",
    title:
      "FLOPs as if nothing were masked, as a share of what a matrix product reaches on this device: one of float16 by its matrix units for the matrix kernel, one in f32 for all others, which compute in f32 whatever the tensors are stored as",
  },
  { name: "effective, of matmul", title: "FLOPs of allowed elements alone, as a share of the same" },
  {
    name: "max relative error",
    title: "Largest |a − b| / (|b| + rms(b)) against the float64 reference, and the first element beyond the bound",
  },
] as const;

/** The cells of a row, in the order of the columns; null: the result has no details. */
export function detailCells(row: Row): readonly string[] | null {
  const { details: d, ...r } = row.result;
  if (d === undefined) return null;
  const seconds = r.medianMs / 1000;
  const shareOf = (amount: number, peak: number | null | undefined): string =>
    row.standing === "wrong" || peak == null || peak === 0 ? "–" : percent(amount / seconds / peak);
  const bad = r.check?.firstBad ?? null;
  return [
    `${r.samplesMs.length} × ${integer(d.repeats)}, ${d.instances} ${d.instances === 1 ? "instance" : "instances"}`,
    `${duration(d.clockStepMs)}, ${percent(d.clockStepMs / (r.medianMs * d.repeats), 2)}`,
    `${d.pipelines.compiled} compiled of ${d.pipelines.used}`,
    bytes(d.memory.allocated),
    bytes(d.memory.moved),
    shareOf(d.memory.moved, d.peaks?.copyBytes),
    shareOf(r.denseFlops, matmulPeakOf(r.engine, d.peaks)),
    shareOf(r.effectiveFlops, matmulPeakOf(r.engine, d.peaks)),
    r.check === null ? "not checked" : `${exponent(r.check.maxRel)}${bad === null ? "" : ` at ${placeText(bad)}`}`,
  ];
}

/** What the group's device reaches, in words; null where its results do not say. */
export function peaksText(group: Group): string | null {
  const peaks = group.rows.map((r) => r.result.details?.peaks ?? null).find((p) => p !== null) ?? null;
  if (peaks === null) return null;
  const { matrices } = peaks;
  const units =
    matrices == null ? "" : `${significant(matrices.flops / 1e9)} GFLOP/s in one of float16 by its matrix units (${matrices.product}), `;
  const rates = `${significant(peaks.matmulFlops / 1e9)} GFLOP/s in an f32 matrix product (${peaks.matmul}), ${units}${significant(peaks.copyBytes / 1e9)} GB/s in a copy`;
  return `${group.device} reaches ${rates}; measured by kernels of Flexlens.`;
}

/**
 * Whether a kernel did more on the device than its peak says, by the slow end of its interval: the peak was then measured in
 * a bad moment, and is due again.
 */
export function isOutdone(results: readonly BenchResult[], device: string, peaks: DevicePeaks): boolean {
  return results.some((r) => {
    const peak = matmulPeakOf(r.engine, peaks);
    return r.device.name === device && r.check?.passed !== false && peak !== null && r.effectiveFlops / (r.interval[1] / 1000) > peak;
  });
}

/** The device's peaks as one of its stored results has them; null: not measured yet. */
export function knownPeaks(results: readonly BenchResult[], device: string): DevicePeaks | null {
  const known = results.map((r): BenchDetails | null => (r.device.name === device ? (r.details ?? null) : null));
  return known.findLast((d) => d !== null && d.peaks !== null)?.peaks ?? null;
}
