/** A small sweep on a real device: points in turn, a kernel that does not fit, the drift, a cancellation and the rest. */
import { describe, expect, it } from "vitest";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { benchmark } from "../../kernels/runtime/benchmark.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { nextStep, planSweep, type Sweep, tally } from "../../kernels/runtime/sweep.ts";
import { runSweep, type SweepHands } from "../../kernels/runtime/sweepRun.ts";
import { useGpu } from "../support/gpu.ts";
import { causal } from "../support/variants.ts";

const gpu = useGpu();
const kernels = ["chosen", "row", "materialized"] as const;

describe("a sweep on a device", () => {
  it("is cancelled after its first point, goes on, and ends whole with its drift", async () => {
    const handle = handleOf(gpu().device);
    let sweep: Sweep = planSweep({
      id: "s",
      document: "file:///a.py",
      variant: "causal",
      key: "k",
      axes: [{ kind: "size", name: "S", values: [32, 96] }],
      kernels,
      settings: { samples: 3, budgetMs: 50 },
      base: { bindings: {}, problem: {}, defaults: {} },
      startedAt: 0,
    });
    const kept: BenchResult[] = [];
    const cancel = new AbortController();
    const hands: SweepHands = {
      async measure(point, signal) {
        const problem = fillProblem({ qLen: sweep.points[point]?.at[0] ?? 1, qkHeadDim: 8, blockSize: [64, 32] }, 2);
        const report = await benchmark(handle, { variant: causal, problem, engines: kernels }, { samples: 3, budgetMs: 50, signal });
        return report.cancelled ? { kind: "disturbed" } : { kind: "measured", results: report.results, missing: [] };
      },
      ready: async () => undefined,
      resultsOf: (point) => kept.filter((r) => r.sweep?.point === point),
      keep(next, results) {
        sweep = next;
        kept.push(...results);
        cancel.abort();
      },
      now: () => performance.now(),
    };
    expect(await runSweep(sweep, handle.info.name, hands, cancel.signal)).toEqual({ kind: "cancelled" });
    expect(tally(sweep)).toMatchObject({ done: 1, left: 1 });
    expect(await runSweep(sweep, handle.info.name, hands, new AbortController().signal)).toEqual({ kind: "finished" });
    expect(nextStep(sweep)).toEqual({ kind: "finished" });
    // Without subgroups the chosen kernel is the row kernel, and is measured once.
    const engines = handle.limits.subgroups ? ["quad", "row", "materialized"] : ["row", "materialized"];
    expect(kept.map((r) => `${r.sweep?.point} ${r.problem.qLen} ${r.check?.passed}`)).toEqual([
      ...engines.map(() => "0 32 true"),
      ...engines.map(() => "1 96 true"),
    ]);
    expect(sweep.drift?.kernels.length).toBe(engines.length);
  });
});
