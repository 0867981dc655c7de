import { describe, expect, it } from "vitest";
import { wallStep } from "../../../kernels/runtime/clock.ts";
import { type Contestant, findRepeats, roundsFor, sampleInTurn, shortestSample } from "../../../kernels/runtime/sampling.ts";

/** A device whose runs take `runMs` each, read by timestamps rounded down to `stepMs`; null: by the wall alone. */
function fakeDevice(runMs: number, stepMs: number | null): { readonly sample: Contestant["sample"]; readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    sample: async (repeats) => {
      asked.push(repeats);
      const total = repeats * runMs;
      const stamped = stepMs === null ? null : Math.floor(total / stepMs) * stepMs;
      // A stamp that ends where it began says nothing: the clock gives null then.
      return { wallMs: (total + 0.2) / repeats, gpuMs: stamped === null || stamped === 0 ? null : stamped / repeats };
    },
  };
}

describe("the repeats of a sample", () => {
  it.each([
    ["a run far below the step of rounded timestamps", 0.002, 0.065536],
    ["a run of a few steps", 0.3, 0.1],
    ["a run by fine timestamps", 0.5, 0.000001],
    ["a run by the wall", 0.5, null],
    ["a run that is long enough alone", 900, 0.1],
  ])("make the clock's step less than 1 %% of it: %s", async (_, runMs, stepMs) => {
    const shortest = shortestSample(stepMs, 0.1);
    const { repeats } = await findRepeats(fakeDevice(runMs, stepMs).sample, shortest);
    expect((stepMs ?? 0.1) / (repeats * runMs)).toBeLessThan(0.01);
    expect(repeats).toBeLessThanOrEqual(10_000);
  });

  it("are one where a run is long, and cost one run to find", async () => {
    const device = fakeDevice(900, null);
    expect(await findRepeats(device.sample, 60)).toMatchObject({ repeats: 1, warmMs: 900.2 });
    expect(device.asked).toEqual([1]);
  });

  it("grow at most sixteenfold at once, since a first time may be nothing but rounding", async () => {
    const device = fakeDevice(0.001, 0.065536);
    await findRepeats(device.sample, 20);
    for (const [i, repeats] of device.asked.slice(1).entries()) expect(repeats / (device.asked[i] ?? 1)).toBeLessThanOrEqual(16);
  });

  it("end at ten thousand", async () => {
    expect((await findRepeats(fakeDevice(1e-7, null).sample, 60)).repeats).toBeLessThanOrEqual(10_000);
  });
});

describe("the shortest sample", () => {
  it.each([
    [0.000001, 0.1, 20],
    [0.5, 0.1, 100],
    [null, 0.005, 60],
    [null, 1, 200],
  ])("with timestamps of %o ms and a wall clock of %d ms is %d ms", (stamp, wall, ms) => {
    expect(shortestSample(stamp, wall)).toBeCloseTo(ms, 9);
  });
});

describe("the rounds", () => {
  it.each([
    ["as many as the budget has, up to what is asked", 10, 3000, 9, 9],
    ["five even where the budget is too small", 1000, 3000, 9, 5],
    ["three where five would take more than 20 s", 5000, 3000, 9, 3],
    ["one where three would", 9000, 3000, 9, 1],
  ])("are %s", (_, roundMs, budgetMs, most, rounds) => {
    expect(roundsFor(roundMs, budgetMs, most)).toBe(rounds);
  });
});

describe("sampling in turn", () => {
  const recorded = (): { log: string[]; of: (name: string, renews?: boolean) => Contestant; rest: () => Promise<void> } => {
    const log: string[] = [];
    return {
      log,
      of: (name, renews = true) => ({
        renew: async () => {
          log.push(`new ${name}`);
          return renews;
        },
        sample: async (repeats) => {
          log.push(`${name} × ${repeats}`);
          return { wallMs: 10, gpuMs: null };
        },
      }),
      rest: async () => {
        log.push("rest");
      },
    };
  };
  const options = { shortestMs: 20, budgetMs: 0, most: 9 };

  it("lets contestants alternate, each sample on a fresh instance after a rest of the queue", async () => {
    const { log, of, rest } = recorded();
    const results = await sampleInTurn([of("a"), of("b")], { ...options, rest });
    expect(log.slice(0, 12)).toEqual([
      ...["a × 1", "a × 3", "b × 1", "b × 3"],
      ...["rest", "a × 3", "rest", "b × 3"],
      ...["new a", "rest", "a × 3", "new b"],
    ]);
    expect(results.map((r) => [r.samples.length, r.instances, r.repeats])).toEqual([
      [5, 5, 3],
      [5, 5, 3],
    ]);
  });

  it("counts one instance where memory has no room for another", async () => {
    const { of, rest } = recorded();
    const [result] = await sampleInTurn([of("a", false)], { ...options, rest });
    expect([result?.samples.length, result?.instances]).toEqual([5, 1]);
  });

  it.each([
    ["five rounds of fresh instances", 1000, 5, 5],
    ["three, where five and their first runs would take more than 20 s", 3000, 3, 3],
    ["three of the same instance, where first runs would leave no time for them", 5000, 3, 1],
    ["one, where runs are longer than that", 9000, 1, 1],
  ])("takes %s", async (_, runMs, samples, instances) => {
    const sample = async () => ({ wallMs: runMs, gpuMs: null });
    const [result] = await sampleInTurn([{ sample, renew: async () => true }], { ...options, rest: async () => undefined });
    expect([result?.samples.length, result?.instances]).toEqual([samples, instances]);
  });

  it("says before each sample whose it is and how much is done", async () => {
    const { of, rest } = recorded();
    const told: [number, number][] = [];
    await sampleInTurn([of("a"), of("b")], { ...options, rest, onSample: (i, done) => told.push([i, done]) });
    expect(told.slice(0, 3)).toEqual([
      [0, 0],
      [1, 0.1],
      [0, 0.2],
    ]);
  });
});

describe("the step of the wall clock", () => {
  it("is its smallest change", () => {
    let readings = 0;
    expect(wallStep(() => Math.floor(readings++ / 7) * 0.1)).toBeCloseTo(0.1, 9);
    expect(wallStep(() => performance.now())).toBeLessThan(1);
  });
  it("is that of the coarsest clock there is where it stands still", () => {
    expect(wallStep(() => 5)).toBe(100);
  });
});
