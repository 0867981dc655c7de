/**
 * What a measurement comes to (speed-up, rates, shares of what the device reaches, memory beyond the tensors), and tables
 * of measurements as text: CSV with every figure in plain numbers, one unit a column, for other programs; Markdown with
 * rounded ones, as the panel shows them, for people. A sweep's tables have a row for each of its points, measured or not.
 * Pure; panel and extension both copy from here.
 */
import type { Problem } from "../flash/problem.ts";
import { BASELINE } from "../flash/select.ts";
import type { BenchResult, DevicePeaks, Engine } from "./result.ts";
import type { Sweep, SweepAxis } from "./sweep.ts";

/** The numbers are not those of the reference: its time counts for nothing. */
export const isWrong = (r: Pick<BenchResult, "check">): boolean => r.check?.passed === false;

/** Time of the materialised baseline over the result's own; null for the baseline, a wrong result, or without a baseline. */
export function speedUpOf(r: BenchResult): number | null {
  return r.engine === BASELINE || r.baselineMs === null || isWrong(r) || r.medianMs === 0 ? null : r.baselineMs / r.medianMs;
}

/** FLOP/s of allowed elements, and as if nothing were masked; null for a wrong result. */
export function ratesOf(r: BenchResult): { readonly effective: number; readonly dense: number } | null {
  if (isWrong(r) || r.medianMs === 0) return null;
  const seconds = r.medianMs / 1000;
  return { effective: r.effectiveFlops / seconds, dense: r.denseFlops / seconds };
}

/**
 * FLOP/s that bound the kernel by its arithmetic: the device's float16 product by matrix units for `matrix`, its f32
 * product for every other kernel; null where that was not measured.
 */
export function matmulPeakOf(engine: Engine, peaks: DevicePeaks | null | undefined): number | null {
  const flops = (engine === "matrix" ? peaks?.matrices?.flops : peaks?.matmulFlops) ?? 0;
  return flops > 0 ? flops : null;
}

/** The effective rate as a share of `matmulPeakOf`; null where that was not measured. */
export function peakShareOf(r: BenchResult): number | null {
  const peak = matmulPeakOf(r.engine, r.details?.peaks);
  const rates = ratesOf(r);
  return rates === null || peak === null ? null : rates.effective / peak;
}

/** Bytes allocated beyond q, k, v and out: lse, block lists, captures, scratch; null in results that do not say. */
export function extraBytesOf(r: BenchResult): number | null {
  return r.details === undefined ? null : Math.max(0, r.details.memory.allocated - tensorBytes(r.problem));
}

function tensorBytes(p: Problem): number {
  const dims = p.qkHeadDim + p.vHeadDim;
  return p.batch * dims * (p.qHeads * p.qLen + p.kvHeads * p.kvLen) * (p.storage === "f16" ? 2 : 4);
}

type Cell = string | number | boolean | null;
type Column = readonly [name: string, cell: (r: BenchResult) => Cell];

const giga = (rate: number | undefined): number | null => (rate === undefined ? null : rate / 1e9);

const CSV_COLUMNS: readonly Column[] = [
  ["variant", (r) => r.variant],
  ["kernel", (r) => r.engine],
  ["tile", (r) => r.tile],
  ["direction", (r) => r.direction],
  ["B", (r) => r.problem.batch],
  ["H", (r) => r.problem.qHeads],
  ["HKV", (r) => r.problem.kvHeads],
  ["Q_LEN", (r) => r.problem.qLen],
  ["KV_LEN", (r) => r.problem.kvLen],
  ["D", (r) => r.problem.qkHeadDim],
  ["DV", (r) => r.problem.vHeadDim],
  ["dtype", (r) => r.problem.storage],
  ["block_q", (r) => r.problem.blockSize[0]],
  ["block_kv", (r) => r.problem.blockSize[1]],
  ["median_ms", (r) => r.medianMs],
  ["low_ms", (r) => r.interval[0]],
  ["high_ms", (r) => r.interval[1]],
  ["samples", (r) => r.samplesMs.length],
  ["speedup", speedUpOf],
  ["effective_gflops", (r) => giga(ratesOf(r)?.effective)],
  ["dense_gflops", (r) => giga(ratesOf(r)?.dense)],
  ["peak_share", peakShareOf],
  ["allocated_bytes", (r) => r.details?.memory.allocated ?? null],
  ["extra_bytes", extraBytesOf],
  ["moved_bytes", (r) => r.details?.memory.moved ?? null],
  ["blocks_skipped", (r) => r.sparsity.blocks],
  ["elements_masked", (r) => r.sparsity.elements],
  ["compile_ms", (r) => r.compileMs],
  ["max_abs_error", (r) => r.check?.maxAbs ?? null],
  ["max_rel_error", (r) => r.check?.maxRel ?? null],
  ["check", (r) => (r.check === null ? "none" : r.check.passed ? "passed" : "failed")],
  ["noisy", (r) => r.details?.noisy ?? null],
  ["clock", (r) => r.clock],
  ["device", (r) => r.device.name],
  ["software", (r) => r.device.software],
  ["measured_at", (r) => new Date(r.measuredAt).toISOString()],
  ["run", (r) => r.run ?? null],
  ["imported_from", (r) => r.importedFrom ?? null],
];

/** RFC 4180: quotes where needed, lines end with CR LF. */
function csv(rows: readonly (readonly Cell[])[]): string {
  const field = (cell: Cell): string => {
    const text = cell === null ? "" : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** A row for each result, in the order given. */
export function resultsCsv(results: readonly BenchResult[]): string {
  return csv([CSV_COLUMNS.map(([name]) => name), ...results.map((r) => CSV_COLUMNS.map(([, cell]) => cell(r)))]);
}

/** What a sweep has of one kernel at one point. */
export interface SweepRow {
  /** A time; a kernel that has none there; a point that failed whole, or is not measured yet. */
  readonly kind: "time" | "missing" | "failed" | "left";
  readonly at: readonly number[];
  readonly result: BenchResult | null;
  /** null: of no kernel, for the point has none yet. */
  readonly kernel: Engine | null;
  /** Why there is no time. */
  readonly reason: string | null;
}

/** The rows of a sweep in the order of its points; `results` may hold others too. */
export function sweepRows(sweep: Sweep, results: readonly BenchResult[]): readonly SweepRow[] {
  const own = results.filter((r) => r.sweep?.id === sweep.id);
  return sweep.points.flatMap(({ at, state }, i): SweepRow[] => {
    if (state.state === "left") return [{ kind: "left", at, result: null, kernel: null, reason: "not measured yet" }];
    if (state.state === "failed") return [{ kind: "failed", at, result: null, kernel: null, reason: state.reason }];
    const times = own
      .filter((r) => r.sweep?.point === i)
      .map((result): SweepRow => ({ kind: "time", at, result, kernel: result.engine, reason: null }));
    const missing = state.missing.map(({ engine, reason }): SweepRow => ({ kind: "missing", at, result: null, kernel: engine, reason }));
    if (times.length + missing.length > 0) return [...times, ...missing];
    return [
      { kind: "missing", at, result: null, kernel: null, reason: "measured, and forgotten since: only so many measurements are kept" },
    ];
  });
}

/** An axis by what people call it: `S`, `BLOCK_M`, `window_size`. */
export const axisName = (axis: SweepAxis): string => axis.name;

/** As `resultsCsv`, with the axes in front and the reasons of what has no time at the end. */
export function sweepCsv(sweep: Sweep, results: readonly BenchResult[]): string {
  const columns = CSV_COLUMNS.map(([name, cell]) => [name, cell] as const);
  const head = [...sweep.axes.map((axis) => `sweep_${axisName(axis)}`), ...columns.map(([name]) => name), "reason"];
  const rows = sweepRows(sweep, results).map(({ at, result, kernel, reason }): Cell[] => [
    ...at,
    ...columns.map(([name, cell]) =>
      result !== null ? cell(result) : name === "variant" ? sweep.variant : name === "kernel" ? kernel : null,
    ),
    reason,
  ]);
  return csv([head, ...rows]);
}

/** Three digits, as people read them. */
const digits = (x: number): string => (x === 0 ? "0" : Math.abs(x) >= 100 ? String(Math.round(x)) : x.toPrecision(3));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const dash = <T>(x: T | null | undefined, text: (x: T) => string): string => (x === null || x === undefined ? "–" : text(x));

function bytesText(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  return `${digits(n / 1024 ** step)} ${units[step]}`;
}

/** The name of a kernel for people. */
export const kernelName = (engine: Engine): string => (engine === BASELINE ? "materialised" : engine);

export interface RateUnit {
  readonly name: "GFLOP/s" | "TFLOP/s";
  /** In FLOP/s. */
  readonly flops: number;
}

/** A table's unit of rates: GFLOP/s, and TFLOP/s where a rate is of that size. */
export function rateUnit(results: readonly BenchResult[]): RateUnit {
  const most = Math.max(0, ...results.map((r) => ratesOf(r)?.dense ?? 0));
  return most >= 1e12 ? { name: "TFLOP/s", flops: 1e12 } : { name: "GFLOP/s", flops: 1e9 };
}

function errorText(r: BenchResult): string {
  if (r.check === null) return "not checked";
  const error = r.check.maxAbs.toExponential(1);
  if (!r.check.passed) return `wrong: ${error}`;
  return r.details?.noisy === true ? `${error}, noisy` : `✓ ${error}`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const cells = [head, ...rows].map((row) => row.map((text) => text.replaceAll("|", "\\|").replaceAll(/\s*[\r\n]+\s*/g, " ")));
  const width = head.map((_, i) => Math.max(3, ...cells.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, i) => (i < left ? text.padEnd(width[i] ?? 0) : text.padStart(width[i] ?? 0))).join(" | ")} |`;
  const [first = [], ...rest] = cells;
  const rule = width.map((w, i) => (i < left ? "-".repeat(w) : `${"-".repeat(w - 1)}:`));
  return `${[line(first), `| ${rule.join(" | ")} |`, ...rest.map(line)].join("\n")}\n`;
}

const timeHead = (unit: string): readonly string[] => [
  "ms",
  "95 %",
  "speed-up",
  `effective ${unit}`,
  "dense",
  "of peak",
  "extra memory",
  "blocks skipped",
  "max error",
];

function timeCells(r: BenchResult, flops: number): readonly string[] {
  const rates = ratesOf(r);
  return [
    isWrong(r) ? "–" : digits(r.medianMs),
    isWrong(r) ? "–" : `${digits(r.interval[0])}–${digits(r.interval[1])}`,
    r.engine === BASELINE ? "baseline" : dash(speedUpOf(r), (x) => `${digits(x)}×`),
    dash(rates, ({ effective }) => digits(effective / flops)),
    dash(rates, ({ dense }) => digits(dense / flops)),
    dash(peakShareOf(r), percent),
    dash(extraBytesOf(r), bytesText),
    percent(r.sparsity.blocks),
    errorText(r),
  ];
}

/** `B 1, H 8, S 1024, D 64, block 128, f32`, in which a size that differs from its usual partner is named apart. */
function sizesText(p: Problem): string {
  const [q, kv] = p.blockSize;
  return [
    `B ${p.batch}`,
    p.qHeads === p.kvHeads ? `H ${p.qHeads}` : `H ${p.qHeads}/${p.kvHeads}`,
    p.qLen === p.kvLen ? `S ${p.qLen}` : `Q_LEN ${p.qLen}, KV_LEN ${p.kvLen}`,
    p.qkHeadDim === p.vHeadDim ? `D ${p.qkHeadDim}` : `D ${p.qkHeadDim}, DV ${p.vHeadDim}`,
    q === kv ? `block ${q}` : `block ${q} × ${kv}`,
    p.storage,
  ].join(", ");
}

/** Devices, clocks and what is not the panel's own, in a line below a table. */
function noteOf(results: readonly BenchResult[]): string {
  const devices = [...new Set(results.map((r) => `${r.device.name}${r.device.software ? " (software adapter)" : ""}`))];
  const files = [...new Set(results.flatMap((r) => (r.importedFrom === undefined ? [] : [r.importedFrom])))];
  const parts = [
    ...(devices.length === 0 ? [] : [`Measured on ${devices.join("; ")}`]),
    "median of the samples with its 95 % bootstrap interval",
    ...(files.length === 0 ? [] : [`imported from ${files.join(", ")}`]),
  ];
  return `\n${parts.join("; ")}.\n`;
}

/** Results as the panel's table has them, a row each. `isStale`: the text or the sizes have changed since. */
export function resultsMarkdown(results: readonly BenchResult[], isStale: (r: BenchResult) => boolean = () => false): string {
  const unit = rateUnit(results);
  const rows = results.map((r) => [
    `\`${r.variant}\``,
    `${kernelName(r.engine)}, ${r.tile}${isStale(r) ? " (before the edit)" : ""}`,
    sizesText(r.problem),
    ...timeCells(r, unit.flops),
  ]);
  return markdown(["variant", "kernel", "sizes", ...timeHead(unit.name)], rows, 3) + noteOf(results);
}

/** A sweep as a table, with its drift below. */
export function sweepMarkdown(sweep: Sweep, results: readonly BenchResult[]): string {
  const rows = sweepRows(sweep, results);
  const own = rows.flatMap(({ result }) => (result === null ? [] : [result]));
  const unit = rateUnit(own);
  const head = [...sweep.axes.map(axisName), "kernel", ...timeHead(unit.name)];
  const cells = rows.map(({ at, result, kernel, reason }) => {
    const times =
      result === null
        ? timeHead(unit.name).map((_, i, all) => (i === all.length - 1 ? (reason ?? "") : "–"))
        : timeCells(result, unit.flops);
    return [...at.map(String), kernel === null ? "–" : kernelName(kernel), ...times];
  });
  const drift = driftText(sweep);
  return `${`Sweep of \`${sweep.variant}\` over ${sweep.axes.map(axisName).join(" and ")}\n\n`}${markdown(head, cells, sweep.axes.length + 1)}${noteOf(own)}${drift === null ? "" : `\n${drift}\n`}`;
}

/** `The first point again at the end: quad +1.2 %, materialised −0.4 %.`, and what that means; null where it was not measured. */
export function driftText({ drift }: Pick<Sweep, "drift">): string | null {
  if (drift === null) return null;
  if (drift.kernels.length === 0) return "The first point could not be measured again at the end: the drift is not known.";
  const parts = drift.kernels.map(({ engine, before, after }) => {
    const change = after.medianMs / before.medianMs - 1;
    return `${kernelName(engine)} ${change < 0 ? "−" : "+"}${Math.abs(100 * change).toFixed(1)} %`;
  });
  const isApart = drift.kernels.some(
    ({ before, after }) => after.interval[0] > before.interval[1] || after.interval[1] < before.interval[0],
  );
  const meaning = isApart
    ? "The device drifted meanwhile (heat, other work): points of the beginning and of the end differ by that beside what the sweep varies."
    : "Their intervals overlap: noise alone explains it.";
  return `The first point again at the end: ${parts.join(", ")}. ${meaning}`;
}

/** How long ago something was measured: `just now`, `12 minutes ago`, `3 hours ago`, `2 days ago`. */
export function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  const [count, unit] =
    minutes < 60 ? [minutes, "minute"] : minutes < 1440 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** The same where room is short: `just now`, `10 min ago`, `3 h ago`, `2 d ago`; by five minutes, lest titles change all the time. */
export function shortAge(ms: number): string {
  const minutes = 5 * Math.floor(ms / 300_000);
  if (minutes < 5) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} d ago`;
}
