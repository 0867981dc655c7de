/**
 * What was measured of a variant, run by run: which texts, when, on which device. In: the history. Out: runs, oldest
 * first, with the number of their text, and a time line of the kernels' medians for those of the same sizes and device.
 * Pure.
 */
import { isNoisy } from "../../kernels/flash/noise.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import type { Chart, NoChart } from "../chart/chart.ts";
import { duration } from "../number.ts";
import { deviceText, drawable } from "./chartBasis.ts";
import { kernelLine, short } from "./charts.ts";
import { describeProblem, ENGINE_NAMES } from "./rows.ts";
import { type Sort, type SortValue, sortedBy } from "./sorting.ts";

/** Results that were sampled in turn. */
export interface PastRun {
  readonly id: string;
  readonly variant: string;
  readonly key: string;
  /** Of the variant's texts at these sizes, in the order in which they were first measured: 1 is the first. */
  readonly text: number;
  readonly device: BenchResult["device"];
  readonly sizes: string;
  /** When its last result was measured, milliseconds since 1970. */
  readonly at: number;
  readonly results: readonly BenchResult[];
  /** Name of the file that it was imported from. */
  readonly importedFrom: string | null;
}

/** Results that an earlier version stored name no run: those of one text within this time are taken as one. */
const ONE_RUN_MS = 60_000;

/** What names the run that a result is of: a point of a sweep is one too. */
const runOf = ({ run, sweep }: BenchResult): string | null => run ?? (sweep === undefined ? null : `${sweep.id} ${sweep.point}`);

/** The runs of a variant, oldest first. */
export function pastRuns(history: readonly BenchResult[], variant: string): readonly PastRun[] {
  const groups: BenchResult[][] = [];
  /** The last group of what is alike. */
  const open = new Map<string, BenchResult[]>();
  for (const r of history.filter((h) => h.variant === variant).toSorted((a, b) => a.measuredAt - b.measuredAt)) {
    const alike = [runOf(r) ?? "", r.key, r.device.name, describeProblem(r.problem)].join("\n");
    const group = open.get(alike);
    const last = group?.at(-1);
    const joins = last !== undefined && (runOf(r) !== null || r.measuredAt - last.measuredAt <= ONE_RUN_MS);
    // The same kernel twice is two runs.
    if (group !== undefined && joins && group.every((g) => g.engine !== r.engine)) group.push(r);
    else {
      const fresh = [r];
      groups.push(fresh);
      open.set(alike, fresh);
    }
  }
  const texts = new Map<string, string[]>();
  return groups.flatMap((results): PastRun[] => {
    const [first] = results;
    if (first === undefined) return [];
    const sizes = describeProblem(first.problem);
    const known = texts.get(sizes) ?? [];
    if (!known.includes(first.key)) known.push(first.key);
    texts.set(sizes, known);
    return [
      {
        id: `${runOf(first) ?? first.measuredAt} ${first.device.name} ${sizes}`,
        variant,
        key: first.key,
        text: known.indexOf(first.key) + 1,
        device: first.device,
        sizes,
        at: Math.max(...results.map((r) => r.measuredAt)),
        results,
        importedFrom: first.importedFrom ?? null,
      },
    ];
  });
}

/** The runs that are compared, the earlier one first: those chosen, or the last two of one device. */
export function pairOf(runs: readonly PastRun[], chosen: readonly string[] | null): readonly PastRun[] {
  const own = runs.filter((r) => chosen?.includes(r.id) === true);
  // A choice among another variant's runs is none here.
  if (own.length > 0 || chosen?.length === 0) return own;
  const last = runs.at(-1);
  const before = runs.findLast((r) => r !== last && r.device.name === last?.device.name);
  return last === undefined || before === undefined ? [] : [before, last];
}

/** The fastest kernel of a run that was not wrong; null: all were. */
export function fastestOf({ results }: PastRun): BenchResult | null {
  const right = results.filter((r) => r.check?.passed !== false);
  return right.toSorted((a, b) => a.medianMs - b.medianMs)[0] ?? null;
}

/** Whose GPU measured it, and the file that says so. */
export const whereOf = ({ device, importedFrom }: PastRun): string =>
  `${deviceText(device)}${importedFrom === null ? "" : `, from ${importedFrom}`}`;

export const RUN_COLUMNS = ["text", "when", "fastest", "device"] as const;

const RUN_VALUES: Readonly<Record<string, (run: PastRun) => SortValue>> = {
  text: (run) => run.text,
  when: (run) => run.at,
  fastest: (run) => fastestOf(run)?.medianMs ?? null,
  device: whereOf,
} satisfies Readonly<Record<(typeof RUN_COLUMNS)[number], (run: PastRun) => SortValue>>;

/** The list of runs in the order of a column; as they are without a sort. */
export function sortRuns(runs: readonly PastRun[], sort: Sort | null): readonly PastRun[] {
  const value = sort === null ? undefined : RUN_VALUES[sort.column];
  return sort === null || value === undefined ? runs : sortedBy(runs, value, sort.descending);
}

/** Medians of each kernel, run by run, of the runs of one device and of one set of sizes; each change of the text is marked. */
export function historyChart(runs: readonly PastRun[], device: string): Chart | NoChart {
  const title = "History";
  const id = "history";
  const own = runs.filter((r) => r.device.name === device);
  const lines = new Map<string, { readonly x: number; readonly result: BenchResult }[]>();
  for (const [i, run] of own.entries()) {
    for (const result of drawable(run.results, device)) {
      const name = ENGINE_NAMES[result.engine];
      lines.set(name, [...(lines.get(name) ?? []), { x: i + 1, result }]);
    }
  }
  if (own.length < 2) return { id, title, missing: "Two runs at these sizes on this device make a line; the list below keeps each." };
  const told = (name: string, x: number, r: BenchResult): string =>
    `${name}, run ${x}, ${dated(r.measuredAt)}: ${duration(r.medianMs)}, ${duration(r.interval[0])} to ${duration(r.interval[1])}${isNoisy(r) ? ", noisy" : ""}`;
  const series = [...lines].map(([name, points]) =>
    kernelLine(
      name,
      points[0]?.result.engine ?? "quad",
      points.map(({ x, result: r }) => ({ x, y: r.medianMs, interval: r.interval, hollow: isNoisy(r), told: told(name, x, r) })),
    ),
  );
  const changes = own.flatMap((run, i) => {
    const before = own[i - 1];
    return before === undefined || before.key === run.key ? [] : [{ x: i + 0.5, name: `text ${run.text}` }];
  });
  const texts = new Set(own.map((r) => r.key)).size;
  return {
    id,
    title,
    note: "",
    finding: `${own.length} runs of ${texts === 1 ? "one text" : `${texts} texts`}, ${dated(own[0]?.at ?? 0)} to ${dated(own.at(-1)?.at ?? 0)}.`,
    x: { title: "run", kind: "linear", whole: true, format: (x) => `run ${x}`, tick: String },
    y: { title: "time", kind: "log10", format: duration, tick: (ms) => short(duration(ms)) },
    series,
    guides: [],
    rules: changes,
  };
}

/** Day and time, as the window's language has them. */
export const dated = (at: number): string => new Date(at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
