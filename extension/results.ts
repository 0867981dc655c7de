/**
 * The store of measurements: the last one of each kernel for each variant on each device, kept over reloads in the
 * workspace's state. Results come from the panel; lenses, hovers and the panel itself read them here.
 */
import type { BenchResult } from "../kernels/runtime/result.ts";

/** What the store needs of a `vscode.Memento`. */
export interface Memory {
  get<T>(key: string, fallback: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

export interface ResultStore {
  /** Results of a document's variants, in the order they were first measured. */
  of(document: string): readonly BenchResult[];
  /** The documents that have results. */
  documents(): readonly string[];
  ofVariant(document: string, variant: string): readonly BenchResult[];
  /** Keeps `result`, in place of the last one of the same kernel, variant and device. */
  put(document: string, result: BenchResult): void;
  /** Forgets these of `document`. */
  remove(document: string, gone: readonly BenchResult[]): void;
  /** Keeps those of `results` that runs have measured later than what is kept in their place, in another window. */
  adopt(document: string, results: readonly BenchResult[]): void;
  /** Forgets the results of `document`, or all. Gives the number forgotten. */
  clear(document?: string): number;
  /** A file, or a folder with files, has another name: its results go with it. URIs. */
  rename(from: string, to: string): void;
  /** Called with the document whose results changed. Returns the way to stop. */
  onChange(listener: (document: string) => void): () => void;
}

const KEY = "flexlens.results";

/** Beyond it the oldest measurements are forgotten: a workspace's state is read whole when a window opens. */
const CAPACITY = 500;

interface Entry {
  readonly document: string;
  readonly result: BenchResult;
}

interface Stored {
  /** Grows with the shape of a result; what another version stored is not read. */
  readonly version: 1;
  readonly entries: readonly Entry[];
}

export function createResultStore(memory: Memory): ResultStore {
  const stored = memory.get<Stored | null>(KEY, null);
  let entries: readonly Entry[] = stored?.version === 1 ? stored.entries : [];
  const listeners = new Set<(document: string) => void>();

  const change = (next: readonly Entry[], documents: Iterable<string>): void => {
    entries = next;
    void memory.update(KEY, { version: 1, entries } satisfies Stored);
    for (const document of new Set(documents)) for (const listener of listeners) listener(document);
  };
  const of = (document: string): readonly BenchResult[] => entries.filter((e) => e.document === document).map((e) => e.result);

  return {
    of,
    documents: () => [...new Set(entries.map((e) => e.document))],
    ofVariant: (document, variant) => of(document).filter((r) => r.variant === variant),
    put(document, result) {
      const row = rowOf({ document, result });
      const index = entries.findIndex((e) => rowOf(e) === row);
      const next = index < 0 ? [...entries, { document, result }] : entries.with(index, { document, result });
      change(withinCapacity(next), [document]);
    },
    remove(document, gone) {
      const rows = new Set(gone.map((result) => rowOf({ document, result })));
      const kept = entries.filter((e) => e.document !== document || !rows.has(rowOf(e)));
      if (kept.length < entries.length) change(kept, [document]);
    },
    adopt(document, results) {
      const byRow = new Map(entries.map((e) => [rowOf(e), e]));
      const runs = results.filter((r) => r.sweep === undefined && r.importedFrom === undefined);
      const later = runs.filter((result) => {
        const row = rowOf({ document, result });
        const isLater = (byRow.get(row)?.result.measuredAt ?? Number.NEGATIVE_INFINITY) < result.measuredAt;
        if (isLater) byRow.set(row, { document, result });
        return isLater;
      });
      if (later.length > 0) change(withinCapacity([...byRow.values()]), [document]);
    },
    clear(document) {
      const kept = document === undefined ? [] : entries.filter((e) => e.document !== document);
      const forgotten = entries.filter((e) => !kept.includes(e));
      change(
        kept,
        forgotten.map((e) => e.document),
      );
      return forgotten.length;
    },
    rename(from, to) {
      const next = entries.map((e) => ({ ...e, document: renamed(e.document, from, to) }));
      const moved = next.filter((e, i) => e.document !== entries[i]?.document).map((e) => e.document);
      if (moved.length > 0) change(next, moved);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Two results of a document with one row are two measurements of the same thing. */
export const resultRow = (r: Pick<BenchResult, "variant" | "engine" | "direction" | "device">): string =>
  [r.variant, r.engine, r.direction, r.device.name].join("\n");

const rowOf = ({ document, result }: Entry): string => `${document}\n${resultRow(result)}`;

function withinCapacity(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length <= CAPACITY) return entries;
  const oldest = new Set(entries.toSorted((a, b) => a.result.measuredAt - b.result.measuredAt).slice(0, entries.length - CAPACITY));
  return entries.filter((e) => !oldest.has(e));
}

/** The URI that `document` has after `from` became `to`: its own, or one below it. */
export function renamed(document: string, from: string, to: string): string {
  return document === from || document.startsWith(`${from}/`) ? to + document.slice(from.length) : document;
}
