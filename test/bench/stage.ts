/**
 * The page side of the kernel benchmarks: contestants by name, each made, run with a drained queue, and compared with
 * the float64 reference. Driven by rounds.mjs through `window.bench`; every round is a page of its own, so nothing here
 * outlives a round.
 */
import { checkForward } from "../../kernels/flash/check.ts";
import { type Inputs, seededInputs } from "../../kernels/flash/inputs.ts";
import { denseFlops, type Problem } from "../../kernels/flash/problem.ts";
import { type Reference, type RowIndex, referenceForward } from "../../kernels/flash/reference.ts";
import type { Variant } from "../../kernels/ir/mod.ts";
import { type DeviceHandle, openDevice } from "../../kernels/runtime/device.ts";
import type { Counts } from "./counted.ts";

/** A program that computes one attention, ready to run. */
export interface Running {
  /** Runs back to back, then waits for the queue to drain. */
  readonly run: (repeats: number) => Promise<void>;
  /** The last run's output [B, HQ, Q_LEN, DV], rows not padded. */
  readonly output: () => Promise<ArrayLike<number>>;
  /** For people: which kernel, with which tile. */
  readonly about: string;
}

export interface Contestant {
  readonly variant: Variant;
  readonly problem: Problem;
  readonly make: (inputs: Inputs<Float32Array<ArrayBuffer>>) => Promise<Running>;
  /** Finds out, once before the rounds, what the page is to take in all of them: `setting.tuned` under its name. */
  readonly tune?: (budgetMs: number) => Promise<unknown>;
  /** Blocks that it computes, where that is compared. */
  readonly blocks?: number;
  /** What it asks for, where that is counted. */
  readonly counts?: Counts;
  /** Rounds that it takes part in at most; default all. For what is slow and there for context. */
  readonly most?: number;
}

export type Group<S> = (setting: S, gpu: DeviceHandle) => Readonly<Record<string, Contestant>>;

interface Seat {
  readonly contestant: Contestant;
  readonly running: Running;
}

/** Rows of each head that are compared: the first, the last, and both sides of edges between blocks and tiles. */
function rowsOf(p: Problem): RowIndex[] {
  const middle = p.qLen >> 1;
  const wanted = new Set([0, 1, 17, 127, 128, middle - 1, middle, p.qLen - 2, p.qLen - 1].filter((q) => q >= 0 && q < p.qLen));
  return Array.from({ length: p.qHeads }, (_, h) => [...wanted].map((q) => ({ b: 0, h, q }))).flat();
}

/** Gives the page its groups of contestants. */
export function stage<S>(groups: Readonly<Record<string, Group<S>>>): void {
  let gpu: DeviceHandle | null = null;
  let contestants: Readonly<Record<string, Contestant>> = {};
  const seats = new Map<string, Seat>();
  const references: { variant: Variant; problem: string; reference: Reference }[] = [];
  const inputs = new Map<string, Inputs<Float32Array<ArrayBuffer>>>();

  const inputsOf = (p: Problem): Inputs<Float32Array<ArrayBuffer>> => {
    const key = [p.batch, p.qHeads, p.kvHeads, p.qLen, p.kvLen, p.qkHeadDim, p.vHeadDim].join();
    const made = inputs.get(key) ?? seededInputs(p);
    inputs.set(key, made);
    return made;
  };
  const referenceOf = (variant: Variant, p: Problem): Reference => {
    const problem = JSON.stringify({ ...p, blockSize: 0 });
    const known = references.find((r) => r.variant === variant && r.problem === problem);
    if (known !== undefined) return known.reference;
    const reference = { ...referenceForward(variant, p, inputsOf(p), rowsOf(p)), allRows: false };
    references.push({ variant, problem, reference });
    return reference;
  };
  const seat = (name: string): Seat => {
    const found = seats.get(name);
    if (found === undefined) throw new Error(`make ${name} first`);
    return found;
  };

  window.bench = {
    async adapter() {
      const { info, destroy } = await openDevice(navigator.gpu);
      destroy();
      return info.name;
    },
    async open(group, setting) {
      const make = groups[group];
      if (make === undefined) throw new Error(`there is no group ${group}`);
      gpu = await openDevice(navigator.gpu);
      contestants = make(setting as S, gpu);
      return gpu.info.name;
    },
    async tune(budgetMs) {
      const found: Record<string, unknown> = {};
      for (const [name, { tune }] of Object.entries(contestants)) if (tune !== undefined) found[name] = await tune(budgetMs);
      return found;
    },
    contestants: () => Object.entries(contestants).map(([name, { most }]) => ({ name, most: most ?? null })),
    async make(name) {
      const contestant = contestants[name];
      if (contestant === undefined) throw new Error(`there is no contestant ${name}`);
      const tensors = inputsOf(contestant.problem);
      const from = performance.now();
      const running = await contestant.make(tensors);
      await running.run(1);
      const firstMs = performance.now() - from;
      seats.set(name, { contestant, running });
      return {
        firstMs,
        about: running.about,
        flops: denseFlops(contestant.problem),
        blocks: contestant.blocks ?? null,
        counts: contestant.counts ?? null,
      };
    },
    async time(name, repeats) {
      const { running } = seat(name);
      const from = performance.now();
      await running.run(repeats);
      return (performance.now() - from) / repeats;
    },
    async check(name) {
      const { contestant, running } = seat(name);
      const { variant, problem: p } = contestant;
      const reference = referenceOf(variant, p);
      const out = await running.output();
      // Peers give no lse: the reference's own stands in, and the output alone is compared.
      const lse = new Float64Array(p.qHeads * p.qLen);
      reference.rows.forEach((row, i) => {
        lse[row.h * p.qLen + row.q] = reference.lse[i] ?? 0;
      });
      const check = checkForward({ out, lse }, reference, p);
      if (!check.passed)
        throw new Error(
          `wrong: the output is off by up to ${check.maxAbs.toPrecision(2)}, first at [${check.firstBad?.join(", ")}], beyond ${check.bound}`,
        );
      return check.maxAbs;
    },
    close() {
      seats.clear();
      gpu?.destroy();
    },
  };
}

interface Made {
  readonly firstMs: number;
  readonly about: string;
  readonly flops: number;
  readonly blocks: number | null;
  readonly counts: Counts | null;
}

/** What rounds.mjs calls. */
interface Bench {
  /** The adapter's name. */
  readonly adapter: () => Promise<string>;
  /** Opens a device and lists the group's contestants; the adapter's name. */
  readonly open: (group: string, setting: unknown) => Promise<string>;
  /** What the contestants that can be tuned found, by name, each with `budgetMs` milliseconds of timing. */
  readonly tune: (budgetMs: number) => Promise<Readonly<Record<string, unknown>>>;
  readonly contestants: () => readonly { readonly name: string; readonly most: number | null }[];
  /** Compiles, uploads, runs once. */
  readonly make: (name: string) => Promise<Made>;
  /** Milliseconds a run, over `repeats` with one drain. */
  readonly time: (name: string, repeats: number) => Promise<number>;
  /** Largest absolute error of some rows of every head; throws where one lies beyond the tolerance. */
  readonly check: (name: string) => Promise<number>;
  readonly close: () => void;
}

declare global {
  interface Window {
    bench: Bench;
  }
}
