import { describe, expect, test } from "vitest";
import { type Exported, printResults, readResults } from "../../../extension/resultsFile.ts";
import { planSweep, withPoint } from "../../../kernels/runtime/sweep.ts";
import { resultOf } from "./samples.ts";

const sweep = withPoint(
  planSweep({
    id: "s1",
    document: "file:///a.py",
    variant: "causal",
    key: "k",
    axes: [{ kind: "binding", name: "window", values: [64, 128] }],
    kernels: ["chosen", "materialized"],
    settings: { samples: 9, budgetMs: 3000 },
    base: { bindings: { window: "64" }, problem: { qLen: 256 }, defaults: {} },
    startedAt: 1,
  }),
  1,
  { state: "failed", reason: "no kernel fits" },
);
const details = {
  repeats: 4,
  instances: 2,
  clockStepMs: 0.1,
  noisy: false,
  pipelines: { used: 1, compiled: 0 },
  memory: { allocated: 100, moved: 200 },
  peaks: { matmulFlops: 1e12, matmul: "1024", matrices: { flops: 8e12, product: "1024" }, copyBytes: 1e11, measuredAt: 1 },
};
const documents: readonly Exported[] = [
  { path: "masks/a.py", results: [resultOf({ run: "r1", details }), resultOf({ check: null, baselineMs: null })], sweeps: [sweep] },
];
const text = printResults(documents, 0);
const read = (file: unknown) => readResults(typeof file === "string" ? file : JSON.stringify(file), "x.json");

describe("results as a file", () => {
  test("are read as they were written, and say where they came from", () => {
    const result = read(text);
    if (!result.ok) throw new Error(result.fault);
    const [document] = result.documents;
    expect(document?.path).toBe("masks/a.py");
    expect(document?.results).toEqual([
      { ...documents[0]?.results[0], run: "x.json:r1", importedFrom: "x.json" },
      { ...documents[0]?.results[1], importedFrom: "x.json" },
    ]);
    expect(document?.sweeps).toEqual([{ ...sweep, id: "x.json:s1", importedFrom: "x.json" }]);
  });

  test("the points of a sweep still find their sweep", () => {
    const point = resultOf({ sweep: { id: "s1", point: 0 } });
    const result = read(printResults([{ path: "a.py", results: [point], sweeps: [sweep] }], 0));
    expect(result.ok && result.documents[0]?.results[0]?.sweep?.id).toBe("x.json:s1");
  });

  /** The file with one thing in it changed. */
  const changed = (change: (result: Record<string, unknown>, file: Record<string, unknown>) => void): unknown => {
    const file = JSON.parse(text);
    change(file.documents[0].results[0], file);
    return file;
  };
  test.each<[string, unknown, string]>([
    ["no JSON", "{", "is no JSON"],
    ["other JSON", [1, 2], "holds no Flexlens results"],
    ["another version", changed((_, f) => Object.assign(f, { version: 2 })), "reads version 1"],
    ["no documents", changed((_, f) => Object.assign(f, { documents: 3 })), "`documents`"],
    ["a time that is none", changed((r) => Object.assign(r, { medianMs: "1" })), "`documents[0].results[0].medianMs`"],
    ["a negative time", changed((r) => Object.assign(r, { samplesMs: [1, -1] })), "`documents[0].results[0].samplesMs[1]`"],
    ["no samples", changed((r) => Object.assign(r, { samplesMs: [] })), "results[0].samplesMs`"],
    ["an unknown kernel", changed((r) => Object.assign(r, { engine: "warp" })), "results[0].engine`"],
    ["sparsity below 0", changed((r) => Object.assign(r, { sparsity: { blocks: -1, elements: 0 } })), "sparsity.blocks`"],
    ["half a problem", changed((r) => Object.assign(r, { problem: { batch: 1 } })), "problem.qHeads`"],
    ["an odd interval", changed((r) => Object.assign(r, { interval: [1] })), "results[0].interval`"],
    [
      "half of a peak",
      changed((r) => Object.assign(r, { details: { ...details, peaks: { ...details.peaks, matrices: { flops: 1 } } } })),
      "details.peaks.matrices.product`",
    ],
    ["half of the details", changed((r) => Object.assign(r, { details: { ...details, memory: {} } })), "details.memory.allocated`"],
    [
      "a sweep with an odd block size",
      {
        ...JSON.parse(text),
        documents: [{ path: "a", results: [], sweeps: [{ ...sweep, base: { ...sweep.base, problem: { blockSize: 3 } } }] }],
      },
      "sweeps[0].base.problem.blockSize`",
    ],
    [
      "a sweep without points",
      { ...JSON.parse(text), documents: [{ path: "a", results: [], sweeps: [{ ...sweep, points: [] }] }] },
      "points`",
    ],
  ])("%s is refused with the cause and the way out", (_, file, said) => {
    const result = read(file);
    expect(result.ok).toBe(false);
    const fault = result.ok ? "" : result.fault;
    expect(fault).toContain(said);
    expect(fault).toContain("`x.json`");
    expect(fault).toMatch(/Choose a file|export (it )?anew/);
  });
});
