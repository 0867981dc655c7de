/**
 * All measurements of a workspace, sweeps among them, over reloads and windows. Each window writes a file of its own into
 * one folder and reads those of the others, so that no window can lose what another measured; a file that was not written
 * for a day is taken over into this window's own. Nothing is read before somebody asks, and what is put in is written at
 * once: a window may be reloaded at any time.
 */
import type { BenchResult } from "../kernels/runtime/result.ts";
import type { Sweep } from "../kernels/runtime/sweep.ts";
import { type Bounds, type Line, mergeLines, printLines, type Remembered, readLines, rememberedIn } from "./historyFile.ts";
import { resultRow } from "./results.ts";

/** What the history needs of a folder. Everything may fail; what fails is logged and tried again with the next write. */
export interface Folder {
  /** What it has room for. */
  readonly bounds: Bounds;
  list(): Promise<readonly { readonly name: string /** Milliseconds since 1970. */; readonly writtenAt: number }[]>;
  read(name: string): Promise<string>;
  /** In place of what was there: never half of it. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface History {
  /** Reads what is stored, the first time; afterwards what other windows have written since. */
  load(): Promise<void>;
  /** What is known of a document: all of it once `load` has ended. */
  of(document: string): Remembered;
  documents(): readonly string[];
  put(document: string, results: readonly BenchResult[]): void;
  /** A sweep as it now is, with what came of its last step; both are kept, or neither. */
  putSweep(sweep: Sweep, results: readonly BenchResult[]): void;
  forgetSweep(document: string, id: string): void;
  /** Forgets what a run measured (`BenchResult.run`). Gives that. */
  forgetRun(document: string, run: string): readonly BenchResult[];
  /** Forgets all measurements of these results' kernels on their devices, but for those of sweeps. */
  forgetRows(document: string, results: readonly BenchResult[]): void;
  /** Forgets a document, or all. */
  clear(document?: string): void;
  /** A file, or a folder with files, has another name. URIs. */
  rename(from: string, to: string): void;
  /** Called with the documents of which something other than a new measurement changed. Returns the way to stop. */
  onChange(listener: (documents: readonly string[]) => void): () => void;
  /** Resolves when all that was put in is written. */
  written(): Promise<void>;
}

interface Parts {
  readonly folder: Folder;
  readonly now: () => number;
  /** This window's file: a name that no other has. */
  readonly file: string;
  readonly warn: (text: string) => void;
}

const SUFFIX = ".jsonl";
const DAY = 24 * 3600 * 1000;
const NOTHING: Remembered = { results: [], sweeps: [] };

export function createHistory({ folder, now, file, warn }: Parts): History {
  const name = file + SUFFIX;
  let own: readonly Line[] = [];
  /** By file, with the time at which it was read. */
  const others = new Map<string, { readonly writtenAt: number; readonly lines: readonly Line[] }>();
  let known: ReadonlyMap<string, Remembered> | null = null;
  const listeners = new Set<(documents: readonly string[]) => void>();
  let loading: Promise<void> | null = null;
  let writing: Promise<void> | null = null;
  /** There is something to write; `hasFailed`: it waits for the next. */
  let isDirty = false;
  let hasFailed = false;
  let lastAt = 0;
  /** What is kept later has a later time, however fast it comes. */
  const tick = (): number => {
    lastAt = Math.max(now(), lastAt + 1);
    return lastAt;
  };

  const state = (): ReadonlyMap<string, Remembered> => {
    known ??= rememberedIn(mergeLines([own, ...[...others.values()].map(({ lines }) => lines)], folder.bounds));
    return known;
  };
  const tell = (documents: readonly string[]): void => {
    if (documents.length > 0) for (const listener of listeners) listener(documents);
  };
  const cause = (error: unknown): string => (error instanceof Error ? error.message : String(error));

  const write = async (): Promise<void> => {
    while (isDirty) {
      isDirty = false;
      try {
        await folder.write(name, printLines(own));
        hasFailed = false;
      } catch (error) {
        isDirty = true;
        hasFailed = true;
        warn(`measurements were not written (${cause(error)}); they are kept in memory and written with the next`);
        return;
      }
    }
  };
  const startWriting = (): void => {
    writing ??= write().finally(() => {
      writing = null;
      if (isDirty && !hasFailed) startWriting();
    });
  };
  const keep = (lines: readonly Line[]): void => {
    own = mergeLines([own, lines], folder.bounds);
    known = null;
    isDirty = true;
    startWriting();
  };

  const written = async (): Promise<void> => {
    while (writing !== null) await writing;
  };

  const readFile = async (other: string, writtenAt: number): Promise<boolean> => {
    try {
      const read = readLines(await folder.read(other));
      if (read === null) {
        warn(`${other} is left alone: another version of Flexlens wrote it`);
        return false;
      }
      if (read.faults > 0) warn(`${other}: ${read.faults} ${read.faults === 1 ? "line is" : "lines are"} damaged and left out`);
      others.set(other, { writtenAt, lines: read.lines });
      return true;
    } catch (error) {
      // Another window may have taken it over meanwhile: then its lines are in that window's file.
      warn(`${other} was not read: ${cause(error)}`);
      return false;
    }
  };
  /** Files of windows that are long gone become part of this one's: there would be one more with each reload. */
  const takeOver = async (): Promise<void> => {
    const old = [...others].filter(([, { writtenAt }]) => writtenAt < now() - DAY);
    if (old.length === 0) return;
    keep(old.flatMap(([, { lines }]) => lines));
    await written();
    if (isDirty) return;
    for (const [other] of old) {
      try {
        await folder.remove(other);
        others.delete(other);
      } catch (error) {
        warn(`${other} was not removed: ${cause(error)}`);
      }
    }
  };
  const read = async (): Promise<void> => {
    const files = (await folder.list()).filter((f) => f.name.endsWith(SUFFIX) && f.name !== name);
    const fresh = files.filter((f) => others.get(f.name)?.writtenAt !== f.writtenAt);
    const before = state();
    await Promise.all(fresh.map((f) => readFile(f.name, f.writtenAt)));
    // A file that is gone was taken over: its lines are in another.
    const present = new Set(files.map((f) => f.name));
    for (const other of [...others.keys()]) if (!present.has(other)) others.delete(other);
    known = null;
    await takeOver();
    tell([...new Set([...before.keys(), ...state().keys()])].filter((d) => !isSame(before.get(d), state().get(d))));
  };

  return {
    load() {
      loading ??= read()
        .catch((error: unknown) => warn(`stored measurements were not read: ${cause(error)}`))
        .finally(() => {
          loading = null;
        });
      return loading;
    },
    of: (document) => state().get(document) ?? NOTHING,
    documents: () => [...state().keys()],
    put(document, results) {
      const at = tick();
      keep(results.map((result) => ({ type: "result", at, document, result })));
    },
    putSweep(sweep, results) {
      const at = tick();
      // Its file may have been renamed since it started.
      const document = [...state()].find(([, { sweeps }]) => sweeps.some(({ id }) => id === sweep.id))?.[0] ?? sweep.document;
      keep([
        { type: "sweep", at, sweep: { ...sweep, document } },
        ...results.map((result): Line => ({ type: "result", at, document, result })),
      ]);
    },
    forgetSweep(document, sweep) {
      keep([{ type: "cleared", at: tick(), document, sweep }]);
      tell([document]);
    },
    forgetRun(document, run) {
      const gone = (state().get(document) ?? NOTHING).results.filter((r) => r.run === run);
      keep([{ type: "cleared", at: tick(), document, sweep: null, run }]);
      return gone;
    },
    forgetRows(document, gone) {
      const rows = new Set(gone.map(resultRow));
      keep([...rows].map((row): Line => ({ type: "cleared", at: tick(), document, sweep: null, row })));
    },
    clear(document) {
      const documents = document === undefined ? [...state().keys()] : [document];
      keep([{ type: "cleared", at: tick(), document: document ?? null, sweep: null }]);
      tell(documents);
    },
    rename(from, to) {
      const before = new Set(state().keys());
      keep([{ type: "renamed", at: tick(), from, to }]);
      tell([...state().keys()].filter((document) => !before.has(document)));
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    written,
  };
}

const isSame = (a: Remembered = NOTHING, b: Remembered = NOTHING): boolean =>
  a.results.length === b.results.length && JSON.stringify(a.sweeps) === JSON.stringify(b.sweeps);
