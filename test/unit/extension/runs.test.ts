import { beforeEach, describe, expect, test } from "vitest";
import { createRuns, type Runs, type Shown } from "../../../extension/runs.ts";

const A: Shown = { document: "a.py", variant: "causal" };
const B: Shown = { document: "b.py", variant: "window" };
const C: Shown = { document: "c.py", variant: "tree" };

/** Two panels. */
const LEFT = "left";
const RIGHT = "right";

describe("runs", () => {
  let runs: Runs<string>;
  let told: string[];
  const activities = () => [A, B, C].map((shown) => runs.activityOf(shown));

  beforeEach(() => {
    runs = createRuns();
    told = [];
    runs.onChange = (documents) => told.push(...documents);
  });

  test("start at once where none goes on, and count from the click", () => {
    expect(runs.request(A, LEFT)).toEqual({ shown: A, at: LEFT });
    expect(activities()).toEqual(["running", "idle", "idle"]);
    expect(told).toEqual(["a.py"]);
  });

  test("wait while another goes on, and start when it has ended", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    expect(runs.request(B, LEFT)).toBeNull();
    expect(activities()).toEqual(["running", "waiting", "idle"]);
    expect(runs.report(LEFT, null)).toEqual({ shown: B, at: LEFT });
    expect(activities()).toEqual(["idle", "running", "idle"]);
  });

  test("let only the last who asks wait", () => {
    runs.request(A, LEFT);
    runs.request(B, LEFT);
    runs.request(C, LEFT);
    expect(activities()).toEqual(["running", "idle", "waiting"]);
    expect(told.slice(-3).toSorted()).toEqual(["a.py", "b.py", "c.py"]);
  });

  test("are not asked for twice", () => {
    runs.request(A, LEFT);
    expect(runs.request(A, LEFT)).toBeNull();
    runs.report(LEFT, A);
    expect(runs.report(LEFT, null)).toBeNull();
    expect(activities()).toEqual(["idle", "idle", "idle"]);
  });

  test("started in the panel itself are known too", () => {
    runs.report(LEFT, B);
    expect(runs.request(A, LEFT)).toBeNull();
    expect(activities()).toEqual(["waiting", "running", "idle"]);
  });

  test("that the page has not taken up survive its start, and end with their time", () => {
    runs.request(A, LEFT);
    runs.request(B, LEFT);
    expect(runs.report(LEFT, null)).toBeNull();
    expect(activities()).toEqual(["running", "waiting", "idle"]);
    expect(runs.expire(A)).toEqual({ shown: B, at: LEFT });
    expect(activities()).toEqual(["idle", "running", "idle"]);
  });

  test("that the page has taken up do not expire", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    expect(runs.expire(A)).toBeNull();
    expect(activities()).toEqual(["running", "idle", "idle"]);
  });

  test("say how far they are, each of itself alone, and anew after the next start", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    runs.progress(A, 0.4);
    runs.progress(B, 0.7);
    expect([A, B].map(runs.fractionOf)).toEqual([0.4, 0]);
    expect(told.at(-1)).toBe("a.py");
    runs.report(LEFT, null);
    runs.request(A, LEFT);
    expect(runs.fractionOf(A)).toBe(0);
  });

  test("that wait are taken back by themselves: what goes on goes on", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    runs.request(B, LEFT);
    expect(runs.withdraw(A)).toBe(false);
    expect(runs.withdraw(B)).toBe(true);
    expect(activities()).toEqual(["running", "idle", "idle"]);
    expect(runs.withdraw(B)).toBe(false);
  });

  test("taken back: what waits at once, what the page measures when it says so", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    runs.request(B, LEFT);
    runs.cancel();
    expect(activities()).toEqual(["running", "idle", "idle"]);
    expect(runs.report(LEFT, null)).toBeNull();
    expect(activities()).toEqual(["idle", "idle", "idle"]);
  });

  test("taken back before the page took it up are gone at once", () => {
    runs.request(A, LEFT);
    runs.cancel();
    expect(activities()).toEqual(["idle", "idle", "idle"]);
    expect(runs.request(B, LEFT)).toEqual({ shown: B, at: LEFT });
  });

  test("in two panels go one after the other, and each panel knows of the other's", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    expect(runs.isMeasuring).toBe(true);
    expect(runs.request(B, RIGHT)).toBeNull();
    expect(runs.elsewhere(LEFT)).toEqual({ variant: null, waits: false });
    expect(runs.elsewhere(RIGHT)).toEqual({ variant: "causal", waits: true });
    expect(runs.report(RIGHT, null)).toBeNull();
    expect(activities()).toEqual(["running", "waiting", "idle"]);
    expect(runs.report(LEFT, null)).toEqual({ shown: B, at: RIGHT });
    expect(runs.elsewhere(LEFT)).toEqual({ variant: "window", waits: false });
    expect(runs.elsewhere(RIGHT)).toEqual({ variant: null, waits: false });
  });

  test("end with their panel, and what waits in another starts there", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    runs.request(B, RIGHT);
    expect(runs.leave(LEFT)).toEqual({ shown: B, at: RIGHT });
    expect(activities()).toEqual(["idle", "running", "idle"]);
  });

  test("that wait in a panel that is closed are taken back, and what goes on elsewhere goes on", () => {
    runs.request(A, LEFT);
    runs.report(LEFT, A);
    runs.request(B, RIGHT);
    expect(runs.leave(RIGHT)).toBeNull();
    expect(activities()).toEqual(["running", "idle", "idle"]);
  });
});
