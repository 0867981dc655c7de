import { beforeEach, describe, expect, test } from "vitest";
import { createRuns, type Runs, type Shown } from "../../../extension/runs.ts";

const A: Shown = { document: "a.py", variant: "causal" };
const B: Shown = { document: "b.py", variant: "window" };
const C: Shown = { document: "c.py", variant: "tree" };

describe("runs", () => {
  let runs: Runs;
  let told: string[];
  const activities = () => [A, B, C].map((shown) => runs.activityOf(shown));

  beforeEach(() => {
    runs = createRuns();
    told = [];
    runs.onChange = (document) => told.push(document);
  });

  test("start at once where none goes on, and count from the click", () => {
    expect(runs.request(A)).toBe(A);
    expect(activities()).toEqual(["running", "idle", "idle"]);
    expect(told).toEqual(["a.py"]);
  });

  test("wait while another goes on, and start when it has ended", () => {
    runs.request(A);
    runs.report(A);
    expect(runs.request(B)).toBeNull();
    expect(activities()).toEqual(["running", "waiting", "idle"]);
    expect(runs.report(null)).toBe(B);
    expect(activities()).toEqual(["idle", "running", "idle"]);
  });

  test("let only the last who asks wait", () => {
    runs.request(A);
    runs.request(B);
    runs.request(C);
    expect(activities()).toEqual(["running", "idle", "waiting"]);
    expect(told.slice(-3).toSorted()).toEqual(["a.py", "b.py", "c.py"]);
  });

  test("are not asked for twice", () => {
    runs.request(A);
    expect(runs.request(A)).toBeNull();
    runs.report(A);
    expect(runs.report(null)).toBeNull();
    expect(activities()).toEqual(["idle", "idle", "idle"]);
  });

  test("started in the panel itself are known too", () => {
    runs.report(B);
    expect(runs.request(A)).toBeNull();
    expect(activities()).toEqual(["waiting", "running", "idle"]);
  });

  test("that the page has not taken up survive its start, and end with their time", () => {
    runs.request(A);
    runs.request(B);
    expect(runs.report(null)).toBeNull();
    expect(activities()).toEqual(["running", "waiting", "idle"]);
    expect(runs.expire(A)).toBe(B);
    expect(activities()).toEqual(["idle", "running", "idle"]);
  });

  test("that the page has taken up do not expire", () => {
    runs.request(A);
    runs.report(A);
    expect(runs.expire(A)).toBeNull();
    expect(activities()).toEqual(["running", "idle", "idle"]);
  });

  test("say how far they are, each of itself alone, and anew after the next start", () => {
    runs.request(A);
    runs.report(A);
    runs.progress(A, 0.4);
    runs.progress(B, 0.7);
    expect([A, B].map(runs.fractionOf)).toEqual([0.4, 0]);
    expect(told.at(-1)).toBe("a.py");
    runs.report(null);
    runs.request(A);
    expect(runs.fractionOf(A)).toBe(0);
  });

  test("that wait are taken back by themselves: what goes on goes on", () => {
    runs.request(A);
    runs.report(A);
    runs.request(B);
    expect(runs.withdraw(A)).toBe(false);
    expect(runs.withdraw(B)).toBe(true);
    expect(activities()).toEqual(["running", "idle", "idle"]);
    expect(runs.withdraw(B)).toBe(false);
  });

  test("taken back: what waits at once, what the page measures when it says so", () => {
    runs.request(A);
    runs.report(A);
    runs.request(B);
    runs.cancel();
    expect(activities()).toEqual(["running", "idle", "idle"]);
    expect(runs.report(null)).toBeNull();
    expect(activities()).toEqual(["idle", "idle", "idle"]);
  });

  test("taken back before the page took it up are gone at once", () => {
    runs.request(A);
    runs.cancel();
    expect(activities()).toEqual(["idle", "idle", "idle"]);
    expect(runs.request(B)).toBe(B);
  });
});
