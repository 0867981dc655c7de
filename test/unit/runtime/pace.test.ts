/** Submissions out of slices: every slice once and in order, none too long, few where the device is fast. */
import { describe, expect, it } from "vitest";
import { cutGrid } from "../../../kernels/flash/plan.ts";
import { merged, nextSubmission, Pace, type Part, type Submission } from "../../../kernels/runtime/pace.ts";

/** The slices of kernels with these grids, at most `most` workgroups each. */
function partsOf(grids: readonly (readonly [x: number, y: number])[], most: number): Part[] {
  return grids
    .flatMap(([x, y], kernel) =>
      cutGrid(x, y, 65_535, most).map(({ firstX, firstY, x: w, y: h }) => ({
        kernel,
        slice: { workgroups: [w, h, 1] as const, first: [firstX, firstY] as const, paramsOffset: 0 },
      })),
    )
    .map((part, place) => ({ ...part, place }));
}

/** Runs all parts on a device that takes `ms` for a workgroup of a kernel, and gives the submissions with their times. */
function run(
  parts: readonly Part[],
  ms: (kernel: number, row: number) => number,
  pace = new Pace(),
  overheadMs = 0.2,
): [Submission, number][] {
  const done: [Submission, number][] = [];
  for (let from = 0; from < parts.length; ) {
    const { submission, next } = nextSubmission(parts, from, pace, 65_535);
    const taken = parts.slice(from, next);
    const time = taken.reduce(
      (sum, { kernel, slice }) => sum + ms(kernel, slice.first?.[1] ?? 0) * slice.workgroups[0] * slice.workgroups[1],
      overheadMs,
    );
    pace.note(submission, time);
    done.push([submission, time]);
    from = next;
  }
  return done;
}

/** Every workgroup that the submissions run, as `kernel x y`. */
function cellsOf(submissions: readonly Submission[], parts: readonly Part[]): string[] {
  return submissions.flatMap(({ dispatches }) =>
    dispatches.flatMap(({ place, kernel, workgroups: [w, h] }) => {
      const [x0 = 0, y0 = 0] = parts[place]?.slice.first ?? [];
      return Array.from({ length: w * h }, (_, i) => `${kernel} ${x0 + (i % w)} ${y0 + Math.floor(i / w)}`);
    }),
  );
}

describe("submissions of slices", () => {
  it.each([
    ["whole rows", [[10, 40]], 30],
    ["parts of rows", [[100, 7]], 30],
    ["one workgroup each", [[5, 9]], 1],
    [
      "several kernels",
      [
        [12, 10],
        [3, 50],
        [7, 7],
      ],
      8,
    ],
  ] as const)("run every workgroup once: %s", (_, grids, most) => {
    const parts = partsOf(grids, most);
    const wanted = grids
      .flatMap(([x, y], kernel) => Array.from({ length: x * y }, (__, i) => `${kernel} ${i % x} ${Math.floor(i / x)}`))
      .sort();
    for (const ms of [0.001, 1, 60]) {
      const ran = run(parts, () => ms).map(([submission]) => submission);
      expect(cellsOf(ran, parts).sort()).toEqual(wanted);
      const kernels = ran.flatMap(({ dispatches }) => dispatches.map((d) => d.kernel));
      expect(kernels).toEqual([...kernels].sort((a, b) => a - b));
    }
  });

  it("stay within half a second on slow devices, also where later rows cost twice as much", () => {
    const parts = partsOf([[8, 512]], 8);
    for (const ms of [0.01, 0.5, 5, 15]) {
      const times = run(parts, (_, row) => (row < 256 ? ms : 2 * ms)).map(([, time]) => time);
      expect(Math.max(...times)).toBeLessThanOrEqual(500);
    }
  });

  it("are few on a fast device, and one from the second run on", () => {
    const parts = partsOf(
      [
        [8, 512],
        [4, 512],
      ],
      8,
    );
    const pace = new Pace();
    expect(run(parts, () => 0.002, pace).length).toBeLessThan(16);
    const again = run(parts, () => 0.002, pace);
    expect(again).toHaveLength(1);
    expect(again[0]?.[0].dispatches).toHaveLength(2);
  });

  it("are not many where the way to the device and back takes longer than a slice", () => {
    const parts = partsOf([[1, 10]], 1);
    const pace = new Pace();
    for (let i = 0; i < 3; i++) run(parts, () => 1, pace, 60);
    expect(run(parts, () => 1, pace, 60).length).toBeLessThanOrEqual(2);
  });

  it("forget a first time that held compilation", () => {
    const parts = partsOf([[8, 512]], 8);
    const pace = new Pace();
    pace.note({ dispatches: [], load: new Map([[0, 8]]) }, 19_000);
    expect(run(parts, () => 0.002, pace).length).toBeLessThan(16);
  });

  it("take several runs together where they are short", () => {
    const once = partsOf([[8, 64]], 64);
    const pace = new Pace();
    run(once, () => 0.01, pace);
    const five = Array.from({ length: 5 }, () => once).flat();
    const ran = run(five, () => 0.01, pace);
    expect(ran).toHaveLength(1);
    expect(ran[0]?.[0].dispatches.map((d) => d.workgroups)).toEqual(Array.from({ length: 5 }, () => [8, 64, 1]));
  });
});

describe("neighbours in a grid", () => {
  const part = (
    first: readonly [number, number] | null,
    workgroups: readonly [number, number],
    ranges?: Record<string, { offset: number; size: number }>,
    kernel = 0,
  ): Part => ({
    kernel,
    place: 0,
    slice: {
      workgroups: [...workgroups, 1],
      paramsOffset: 0,
      ...(first === null ? {} : { first }),
      ...(ranges === undefined ? {} : { ranges }),
    },
  });
  const low = { q: { offset: 0, size: 16 } };
  const high = { q: { offset: 16, size: 16 } };

  it.each<[string, Part[], number, number[][]]>([
    ["beside each other", [part([0, 0], [4, 1]), part([4, 0], [2, 1])], 100, [[6, 1]]],
    ["below each other", [part([0, 0], [6, 2]), part([0, 2], [6, 3])], 100, [[6, 5]]],
    ["rows in parts", [part([0, 0], [4, 1]), part([4, 0], [2, 1]), part([0, 1], [4, 1]), part([4, 1], [2, 1])], 100, [[6, 2]]],
    [
      "apart",
      [part([0, 0], [4, 1]), part([0, 2], [4, 1])],
      100,
      [
        [4, 1],
        [4, 1],
      ],
    ],
    [
      "of another width",
      [part([0, 0], [4, 1]), part([0, 1], [3, 1])],
      100,
      [
        [4, 1],
        [3, 1],
      ],
    ],
    [
      "of another kernel",
      [part([0, 0], [4, 1]), part([0, 1], [4, 1], undefined, 1)],
      100,
      [
        [4, 1],
        [4, 1],
      ],
    ],
    [
      "of other parts of the tensors",
      [part([0, 0], [4, 1], low), part([0, 1], [4, 1], high)],
      100,
      [
        [4, 1],
        [4, 1],
      ],
    ],
    ["of the same part", [part([0, 0], [4, 1], low), part([0, 1], [4, 1], low)], 100, [[4, 2]]],
    [
      "beyond what a dimension holds",
      [part([0, 0], [4, 60]), part([0, 60], [4, 60])],
      100,
      [
        [4, 60],
        [4, 60],
      ],
    ],
    [
      "without a place",
      [part(null, [4, 1]), part(null, [4, 1])],
      100,
      [
        [4, 1],
        [4, 1],
      ],
    ],
  ])("%s", (_, parts, most, sizes) => {
    expect(merged(parts, most).map((d) => d.workgroups.slice(0, 2))).toEqual(sizes);
  });
});
