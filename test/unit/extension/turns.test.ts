/** Work in turns: what it comes to, what may go on between them, and when it is given up. */
import { describe, expect, test } from "vitest";
import { inTurns, TURN_MS } from "../../../extension/turns.ts";

/** A clock that each step of the work moves on. */
function work(steps: number, stepMs: number) {
  let now = 0;
  let done = 0;
  function* run(): Generator<void, string> {
    for (; done < steps; done++) {
      now += stepMs;
      yield;
    }
    return "all";
  }
  return { run, clock: () => now, done: () => done };
}

describe("work in turns", () => {
  test("comes to its end where its allowance suffices", async () => {
    const { run, clock } = work(100, 1);
    expect(await inTurns(run(), { allowanceMs: 1000, isStopped: () => false, clock })).toBe("all");
  });

  test("lets others in after each turn", async () => {
    const { run, clock, done } = work(40, 1);
    const seen: number[] = [];
    const all = inTurns(run(), { allowanceMs: 1000, isStopped: () => false, clock });
    const watch = setInterval(() => seen.push(done()), 0);
    await all;
    clearInterval(watch);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen[0]).toBeLessThanOrEqual(2 * TURN_MS);
  });

  test("is given up beyond its allowance, which counts its own time alone", async () => {
    const { run, clock, done } = work(1000, 1);
    expect(await inTurns(run(), { allowanceMs: 50, isStopped: () => false, clock })).toBeNull();
    expect(done()).toBeLessThan(50 + 2 * TURN_MS);
  });

  test("is left where nobody wants it any more", async () => {
    const { run, clock, done } = work(1000, 1);
    expect(await inTurns(run(), { allowanceMs: 1e6, isStopped: () => done() > 100, clock })).toBeNull();
    expect(done()).toBeLessThan(100 + 2 * TURN_MS);
  });

  test("ends with the exception that it throws", async () => {
    // biome-ignore lint/correctness/useYield: it ends before its first step
    const broken = function* (): Generator<void, string> {
      throw new Error("broken");
    };
    await expect(inTurns(broken(), { allowanceMs: 1, isStopped: () => false })).rejects.toThrow("broken");
  });
});
