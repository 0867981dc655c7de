/**
 * How much work goes into one submission. A plan's grid comes in slices, each short even on a slow device; here they are
 * put together again, as far as the measured rate says that the queue is drained within a quarter of a second: no driver
 * takes that for a hang (Windows ends what takes two seconds), a cancel is heard, and a page stays alive. In: slices and
 * what submissions took before. Out: submissions of dispatches. No GPU is named here.
 *
 * Slices that are neighbours in the grid become one dispatch: they differ in where the grid begins, which is the first
 * one's `params`, and a fast device is not left with the short tails of many small dispatches.
 */
import type { Slice } from "../flash/plan.ts";

/** A slice of a kernel of a plan, by number. */
export interface Part {
  readonly kernel: number;
  readonly slice: Slice;
  /** Its place among all slices of the plan, in order of running. */
  readonly place: number;
}

/** Slices in one dispatch: the first one's params and ranges, over a grid that covers them all. */
export interface Dispatch {
  /** Of the first slice. */
  readonly place: number;
  readonly kernel: number;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** One submission. */
export interface Submission {
  readonly dispatches: readonly Dispatch[];
  /** Workgroups of each kernel in it. */
  readonly load: ReadonlyMap<number, number>;
}

/** Aimed at, in ms: half of what is allowed, since what comes next may be denser than what was measured. */
const AIM_MS = 250;
/** A submission has at most so many times the workgroups of the one before: what was measured may have been half idle. */
const GROWTH = 8;

/** What is known of a plan's kernels on a device. Changes as submissions come back. */
export class Pace {
  /** Milliseconds a workgroup, by kernel. */
  readonly #rates = new Map<number, number>();
  /** The most workgroups that a submission had, by kernel. */
  readonly #most = new Map<number, number>();

  /** Takes in what a submission took. */
  note({ load }: Submission, ms: number): void {
    const expected = this.#expected(load);
    for (const [kernel, workgroups] of load) {
      const before = this.#rates.get(kernel);
      // Several kernels share a time by what they were thought to take, or by their workgroups.
      const share = expected !== null && expected > 0 && before !== undefined ? (before * workgroups) / expected : workgroups / total(load);
      const rate = (ms * share) / workgroups;
      const most = this.#most.get(kernel) ?? 0;
      // A small submission takes the way to the device and back rather than work: it can only show that work is faster.
      const isTelling = before === undefined || 2 * workgroups >= most || ms > AIM_MS;
      this.#rates.set(kernel, isTelling ? rate : Math.min(before, rate));
      this.#most.set(kernel, Math.max(most, workgroups));
    }
  }

  /** Whether so much may go into one submission. What was never measured goes alone. */
  allows(load: ReadonlyMap<number, number>): boolean {
    const expected = this.#expected(load);
    if (expected === null || expected > AIM_MS) return false;
    return [...load].every(([kernel, workgroups]) => workgroups <= GROWTH * (this.#most.get(kernel) ?? 0));
  }

  #expected(load: ReadonlyMap<number, number>): number | null {
    let ms = 0;
    for (const [kernel, workgroups] of load) {
      const rate = this.#rates.get(kernel);
      if (rate === undefined) return null;
      ms += rate * workgroups;
    }
    return ms;
  }
}

const total = (load: ReadonlyMap<number, number>): number => [...load.values()].reduce((sum, n) => sum + n, 0);
const size = ([x, y, z]: readonly [number, number, number]): number => x * y * z;

/** The next submission from `parts[from]` on, at least one slice; and where the one after it begins. */
export function nextSubmission(
  parts: readonly Part[],
  from: number,
  pace: Pace,
  maxPerDimension: number,
): { readonly submission: Submission; readonly next: number } {
  const load = new Map<number, number>();
  const taken: Part[] = [];
  for (let i = from; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) break;
    const more = new Map(load).set(part.kernel, (load.get(part.kernel) ?? 0) + size(part.slice.workgroups));
    if (taken.length > 0 && !pace.allows(more)) break;
    for (const [kernel, n] of more) load.set(kernel, n);
    taken.push(part);
  }
  return { submission: { dispatches: merged(taken, maxPerDimension), load }, next: from + taken.length };
}

interface Rectangle {
  readonly part: Part;
  readonly first: readonly [x: number, y: number] | null;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** Neighbours in the grid as one dispatch: beside each other first, then whole rows below each other. */
export function merged(parts: readonly Part[], maxPerDimension: number): Dispatch[] {
  const rectangles: Rectangle[] = [];
  for (const part of parts) {
    let last: Rectangle = { part, first: part.slice.first ?? null, workgroups: part.slice.workgroups };
    for (;;) {
      const joined = rectangles.length === 0 ? null : join(rectangles[rectangles.length - 1] ?? last, last, maxPerDimension);
      if (joined === null) break;
      rectangles.pop();
      last = joined;
    }
    rectangles.push(last);
  }
  return rectangles.map(({ part, workgroups }) => ({ place: part.place, kernel: part.kernel, workgroups }));
}

/** Both as one rectangle that begins where `a` does; null where they are none. */
function join(a: Rectangle, b: Rectangle, most: number): Rectangle | null {
  if (a.part.kernel !== b.part.kernel || a.part.slice.ranges !== b.part.slice.ranges || a.first === null || b.first === null) return null;
  const [ax, ay] = a.first;
  const [bx, by] = b.first;
  const [aw, ah, az] = a.workgroups;
  const [bw, bh, bz] = b.workgroups;
  if (az !== bz) return null;
  if (ay === by && ah === bh && ax + aw === bx && aw + bw <= most) return { ...a, workgroups: [aw + bw, ah, az] };
  if (ax === bx && aw === bw && ay + ah === by && ah + bh <= most) return { ...a, workgroups: [aw, ah + bh, az] };
  return null;
}
