/**
 * The file in which a window keeps the measurements that it took, and what several such files say together. A file is
 * lines of JSON, each with the time at which it was kept: a measurement, the last state of a sweep, or something that
 * befell what was kept before: a document was renamed, or cleared. Lines of other windows are never changed, so what
 * befalls them is a line too, and the present state is what all lines give in the order of their times. Pure.
 */
import type { BenchResult } from "../kernels/runtime/result.ts";
import { furtherOf, type Sweep } from "../kernels/runtime/sweep.ts";
import { isResult, isSweep } from "./measurementShape.ts";
import { renamed, resultRow } from "./results.ts";

export type Line =
  | { readonly type: "result"; readonly at: number; readonly document: string; readonly result: BenchResult }
  /** The document is the sweep's own. */
  | { readonly type: "sweep"; readonly at: number; readonly sweep: Sweep }
  | { readonly type: "renamed"; readonly at: number; readonly from: string; readonly to: string }
  /**
   * `document` null: all; `sweep`: that sweep alone, with its results; `run`: the results of that run alone; `row`: those
   * of that row (`resultRow`) alone, outside of sweeps.
   */
  | {
      readonly type: "cleared";
      readonly at: number;
      readonly document: string | null;
      readonly sweep: string | null;
      readonly run?: string;
      readonly row?: string;
    };

/** What is remembered of one document. */
export interface Remembered {
  /** Oldest first. */
  readonly results: readonly BenchResult[];
  /** Oldest first. */
  readonly sweeps: readonly Sweep[];
}

/** Grows with the meaning of a line; a file of another version is left alone. */
const HEAD = { flexlens: "history", version: 1 } as const;

/** How much is remembered; beyond it the oldest are forgotten. */
export interface Bounds {
  readonly results: number;
  readonly sweeps: number;
}
/** Renames and clearings: they matter while another window may hold what they befell. */
const MOST_EVENTS = 300;

const printed = new WeakMap<Line, string>();

/** A file is written whole after each measurement, and most of its lines were printed before. */
function printLine(line: Line): string {
  const text = printed.get(line) ?? JSON.stringify(line);
  printed.set(line, text);
  return text;
}

/** The text of a file. */
export const printLines = (lines: readonly Line[]): string => `${[JSON.stringify(HEAD), ...lines.map(printLine)].join("\n")}\n`;

/** The lines of a file, and how many are no lines. null: it is of another version, or none of ours. */
export function readLines(text: string): { readonly lines: readonly Line[]; readonly faults: number } | null {
  const [head, ...rest] = text.split("\n");
  const version = parsed(head ?? "");
  if (!isRecord(version) || version["flexlens"] !== HEAD.flexlens || version["version"] !== HEAD.version) return null;
  const lines: Line[] = [];
  let faults = 0;
  for (const row of rest) {
    if (row === "") continue;
    const line = parsed(row);
    if (isLine(line)) lines.push(line);
    else faults++;
  }
  return { lines, faults };
}

function parsed(row: string): unknown {
  try {
    return JSON.parse(row);
  } catch {
    return null;
  }
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === "object" && x !== null;

function isLine(x: unknown): x is Line {
  if (!isRecord(x) || typeof x["at"] !== "number") return false;
  switch (x["type"]) {
    case "result":
      return typeof x["document"] === "string" && isResult(x["result"]);
    case "sweep":
      return isSweep(x["sweep"]);
    case "renamed":
      return typeof x["from"] === "string" && typeof x["to"] === "string";
    case "cleared":
      return (
        isTextOrNull(x["document"]) &&
        isTextOrNull(x["sweep"]) &&
        ["run", "row"].every((name) => x[name] === undefined || typeof x[name] === "string")
      );
    default:
      return false;
  }
}

const isTextOrNull = (x: unknown): boolean => x === null || typeof x === "string";

/** Two lines with one identity say the same: a file that was taken over may be written again by the window that has it. */
function identityOf(line: Line): string {
  switch (line.type) {
    case "result": {
      const { result: r } = line;
      return ["result", r.measuredAt, r.variant, r.engine, r.device.name, r.run ?? "", r.sweep?.point ?? "", r.importedFrom ?? ""].join(
        "\n",
      );
    }
    case "sweep":
      return `sweep\n${line.sweep.id}`;
    case "renamed":
      return `renamed\n${line.at}\n${line.from}\n${line.to}`;
    case "cleared":
      return `cleared\n${line.at}\n${line.document}\n${line.sweep}\n${line.run ?? ""}\n${line.row ?? ""}`;
  }
}

/** The lines of several files as one, each once, in the order of their times, the oldest left out where there are too many. */
export function mergeLines(files: readonly (readonly Line[])[], bounds: Bounds): readonly Line[] {
  const merged = new Map<string, Line>();
  for (const line of files.flat()) {
    const id = identityOf(line);
    const known = merged.get(id);
    merged.set(id, known === undefined ? line : bothOf(known, line));
  }
  const sorted = [...merged.values()].toSorted((a, b) => a.at - b.at);
  const newest = (types: readonly Line["type"][], most: number): readonly Line[] =>
    sorted.filter((l) => types.includes(l.type)).slice(-most);
  const kept = new Set([
    ...newest(["result"], bounds.results),
    ...newest(["sweep"], bounds.sweeps),
    ...newest(["renamed", "cleared"], MOST_EVENTS),
  ]);
  return kept.size === sorted.length ? sorted : sorted.filter((line) => kept.has(line));
}

/** The later one: what was cleared may have been imported again. Of a sweep the one that has gone further. */
function bothOf(a: Line, b: Line): Line {
  const [early, late] = b.at > a.at ? [a, b] : [b, a];
  if (early.type !== "sweep" || late.type !== "sweep") return late;
  return furtherOf(late.sweep, early.sweep) === late.sweep ? late : early;
}

/** What of a line a clearing may name. */
interface Clearable {
  readonly sweep: string | null;
  readonly run: string | null;
  readonly row: string | null;
}

const isMeant = (event: Line & { readonly type: "cleared" }, { sweep, run, row }: Clearable): boolean =>
  (event.sweep ?? sweep) === sweep && (event.run ?? run) === run && (event.row ?? row) === row;

/** What `lines`, in the order of their times, give: documents with what is remembered of each. */
export function rememberedIn(lines: readonly Line[]): ReadonlyMap<string, Remembered> {
  const events = lines.filter((l) => l.type === "renamed" || l.type === "cleared");
  /** The document that something kept at `at` belongs to now; null: it was cleared. */
  const placeOf = (at: number, document: string, of: Clearable): string | null => {
    let place = document;
    for (const event of events) {
      if (event.at < at) continue;
      if (event.type === "renamed") place = renamed(place, event.from, event.to);
      else if ((event.document ?? place) === place && isMeant(event, of)) return null;
    }
    return place;
  };
  const documents = new Map<string, { results: BenchResult[]; sweeps: Sweep[] }>();
  const of = (document: string): { results: BenchResult[]; sweeps: Sweep[] } => {
    const known = documents.get(document) ?? { results: [], sweeps: [] };
    documents.set(document, known);
    return known;
  };
  for (const line of lines) {
    if (line.type === "result") {
      const { result } = line;
      const sweep = result.sweep?.id ?? null;
      const place = placeOf(line.at, line.document, { sweep, run: result.run ?? null, row: sweep === null ? resultRow(result) : null });
      if (place !== null) of(place).results.push(result);
    } else if (line.type === "sweep") {
      const place = placeOf(line.at, line.sweep.document, { sweep: line.sweep.id, run: null, row: null });
      if (place !== null) of(place).sweeps.push({ ...line.sweep, document: place });
    }
  }
  for (const { results, sweeps } of documents.values()) {
    results.sort((a, b) => a.measuredAt - b.measuredAt);
    sweeps.sort((a, b) => a.startedAt - b.startedAt);
  }
  return documents;
}
