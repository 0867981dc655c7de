/**
 * The variants of the workspace, looked for when somebody wants to see them. Files are read a few at a time, most drop out
 * by a test of their text, the others are lowered one a turn, while nobody types; what was found stays shown until it is
 * found anew. Pure but for the ports: workspaceIndex.ts brings the editor's.
 */
import type { Problem } from "../../kernels/flash/problem.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { TURN_MS } from "../turns.ts";
import { isRowOf, rowSteps, type VariantRow } from "./variantRow.ts";

/** Variants listed of one file. */
const MOST_VARIANTS = 100;
/** Files read at a time. */
const TOGETHER = 16;
/** How long to wait where somebody types. */
const REST_MS = 400;

/** A variant of the document itself, not of what it imports, and the sizes that it is shown at. */
export interface Found {
  readonly variant: LoweredVariant;
  readonly problem: Problem;
}

export interface ScanPorts {
  /** What to look at, the likeliest first; `isCut`: there is more. */
  list(): Promise<{ readonly keys: readonly string[]; readonly isCut: boolean }>;
  /** The text of a document that is not open; null where there is none, or it holds no mods. */
  textOf(key: string): Promise<string | null>;
  /** What an open document has, else what `text` has; null where there is neither. In the order of the text. */
  read(key: string, text: string | null): readonly Found[] | null;
  /** Nobody asks for this document any more. */
  forget(key: string): void;
  /** Somebody types. */
  isBusy(): boolean;
  wait(ms: number): Promise<void>;
}

export interface VariantScan {
  /** What is known, by document; those without variants are in it, with none. */
  readonly files: ReadonlyMap<string, readonly VariantRow[]>;
  /** The files looked at and to be looked at; null: nothing goes on. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** There are more than are looked at. */
  readonly isCut: boolean;
  /** All of the workspace was looked at since `start`; what goes on from there is single files that changed. */
  readonly isLookedThrough: boolean;
  /** Looks through the workspace, or through it anew. */
  start(): void;
  /** Looks at these, again if need be. */
  ask(keys: Iterable<string>): void;
  /** The document is gone. */
  drop(key: string): void;
  /** Resolves when nothing goes on. */
  done(): Promise<void>;
  /** Ends what goes on. */
  stop(): void;
}

/** `changed` is called after each file, and when all is done. */
export function createVariantScan(ports: ScanPorts, changed: () => void, clock: () => number = () => performance.now()): VariantScan {
  const files = new Map<string, readonly VariantRow[]>();
  /** To be looked at, in this order. */
  const queue = new Set<string>();
  const waiting = new Set<() => void>();
  let progress: { done: number; total: number } | null = null;
  let isCut = false;
  let isListed = false;
  let isLookedThrough = false;
  let listing: Promise<void> = Promise.resolve();
  /** Another with each start: what was begun before ends at its next turn. */
  let generation = 0;

  /** Lets others work for so long, and waits until nobody types; false where the work is no longer wanted. */
  const turn = async (begun: number, ms: number): Promise<boolean> => {
    await ports.wait(ms);
    while (begun === generation && ports.isBusy()) await ports.wait(REST_MS);
    return begun === generation;
  };
  const rowsOf = async (key: string, found: readonly Found[], begun: number): Promise<readonly VariantRow[] | null> => {
    const rows: VariantRow[] = [];
    for (const { variant, problem } of found.slice(0, MOST_VARIANTS)) {
      const known = files.get(key)?.find((row) => isRowOf(row, variant, problem));
      const row = known ?? (await rowOf(rowSteps(key, variant, problem), begun));
      if (row === null) return null;
      rows.push(row);
    }
    return rows;
  };
  const rowOf = async (steps: ReturnType<typeof rowSteps>, begun: number): Promise<VariantRow | null> => {
    for (let used = 0; ; ) {
      const began = clock();
      const { done, value } = steps.next();
      if (done === true) return value;
      used += clock() - began;
      if (used < TURN_MS) continue;
      // As much rest as work: the host has others to serve.
      if (!(await turn(begun, used))) return null;
      used = 0;
    }
  };

  const work = async (): Promise<void> => {
    const begun = generation;
    const now = { done: 0, total: 0 };
    progress = now;
    while (queue.size > 0) {
      now.total = now.done + queue.size;
      const keys = [...queue].slice(0, TOGETHER);
      for (const key of keys) queue.delete(key);
      const texts = await Promise.all(keys.map(async (key) => [key, await ports.textOf(key)] as const));
      for (const [key, text] of texts) {
        if (!(await turn(begun, 0))) return;
        const found = ports.read(key, text);
        const rows = await rowsOf(key, found ?? [], begun);
        if (rows === null) return;
        if (found === null) ports.forget(key);
        files.set(key, rows);
        now.done++;
        changed();
      }
    }
    progress = null;
    isLookedThrough = isListed;
    changed();
    for (const go of waiting) go();
    waiting.clear();
  };
  const list = async (): Promise<void> => {
    const begun = generation;
    const found = await ports.list();
    if (begun !== generation) return;
    isCut = found.isCut;
    isListed = true;
    const there = new Set(found.keys);
    for (const key of [...files.keys()]) if (!there.has(key)) scan.drop(key);
    scan.ask(found.keys);
    if (progress !== null) return;
    isLookedThrough = true;
    changed();
  };

  const scan: VariantScan = {
    files,
    get progress() {
      return progress;
    },
    get isCut() {
      return isCut;
    },
    get isLookedThrough() {
      return isLookedThrough;
    },
    start() {
      scan.stop();
      isListed = false;
      isLookedThrough = false;
      listing = list();
    },
    ask(keys) {
      for (const key of keys) queue.add(key);
      if (queue.size > 0 && progress === null) void work();
    },
    drop(key) {
      queue.delete(key);
      ports.forget(key);
      if (files.delete(key)) changed();
    },
    async done() {
      await listing;
      if (progress !== null) await new Promise<void>((go) => waiting.add(go));
    },
    stop() {
      generation++;
      queue.clear();
      progress = null;
      for (const go of waiting) go();
      waiting.clear();
    },
  };
  return scan;
}
