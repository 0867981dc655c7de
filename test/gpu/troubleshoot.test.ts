/** The test of WebGPU on a device that works: every step is reached, and its numbers are right. */
import { afterAll, expect, test } from "vitest";
import { create, globals } from "webgpu";
import "../support/dawnPolls.ts";
import { probeGpu } from "../../webview/troubleshoot/probe.ts";
import { verdictOf } from "../../webview/troubleshoot/verdict.ts";
import { WELL } from "../unit/webview/troubleshoot/facts.ts";

Object.assign(globalThis, globals);
// Dawn's instance must outlive its devices.
let instance: GPU | null = create([]);
afterAll(() => {
  instance = null;
});

test("an adapter that works is tested to the end", async () => {
  const steps: string[] = [];
  const input = { page: WELL.page, surroundings: WELL.surroundings, lostBefore: 0, onStep: (now: string) => steps.push(now) };
  const facts = await probeGpu(instance ?? undefined, input);
  expect(steps).toEqual(["asking for an adapter", "opening a device", "computing", "reading the clocks"]);
  expect(facts).toMatchObject({ hasApi: true, deviceFault: null, computeFault: null, compute: { count: 1024, wrong: null }, lost: null });
  expect(facts.adapter?.limits.binding).toBeGreaterThanOrEqual(2 ** 27);
  expect(facts.clock?.wallMs).toBeGreaterThan(0);
  expect(verdictOf(facts).cause).toBe(facts.adapter?.software === true ? "software adapter" : "none");
}, 60_000);
