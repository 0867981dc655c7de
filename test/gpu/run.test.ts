/**
 * `flexlens run`: the numbers that come out of a file of q, k and v, against the float64 reference over the same
 * numbers, through each format, each dtype and each family that is there.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../kernels/cli/command.ts";
import { readTensors } from "../../kernels/cli/tensorFiles.ts";
import { readData } from "../../kernels/data/read.ts";
import { writerFor } from "../../kernels/data/write.ts";
import { checkForward } from "../../kernels/flash/check.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { ENGINES } from "../../kernels/flash/select.ts";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { Variant } from "../../kernels/ir/mod.ts";
import "../support/dawnPolls.ts";
import { noMods } from "../support/variants.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-run-gpu-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = `import torch

slopes = torch.tensor([0.5, 0.25, 0.125, 0.0625])


def late(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx > 2)


def alibi(score, b, h, q_idx, kv_idx):
    return score + slopes[h] * (kv_idx - q_idx)
`;
const mods = join(folder, "mods.py");
writeFileSync(mods, TEXT);

/** Grouped heads, lengths that no tile divides, two head dims. */
const problem: Problem = fillProblem({ batch: 2, qHeads: 4, kvHeads: 2, qLen: 37, kvLen: 51, qkHeadDim: 8, vHeadDim: 12 });
const shapes = {
  q: [2, 4, 37, 8],
  k: [2, 2, 51, 8],
  v: [2, 2, 51, 12],
} as const;
const inputs = seededInputs(problem);

function inputsFile(ending: "npz" | "safetensors"): string {
  const path = join(folder, `qkv.${ending}`);
  const { q, k, v } = inputs;
  const bytes = writerFor(path)?.({
    q: { dtype: "f32", shape: shapes.q, data: q },
    k: { dtype: "f32", shape: shapes.k, data: k },
    v: { dtype: "f64", shape: shapes.v, data: Float64Array.from(v) },
  });
  writeFileSync(path, bytes ?? "");
  return path;
}

/** As a model stores them: rounded to the dtype by whoever reads them. */
function jsonFile(dtype: string): string {
  const path = join(folder, `qkv-${dtype}.json`);
  const { q, k, v } = inputs;
  const tensors = Object.entries({ q, k, v }).map(([name, x]) => [name, { dtype, shape: shapes[name as "q"], data: Array.from(x) }]);
  writeFileSync(path, JSON.stringify(Object.fromEntries(tensors)));
  return path;
}

interface Output {
  readonly out: ArrayLike<number>;
  readonly lse: ArrayLike<number>;
}

function outputOf(path: string): Output {
  const table = readData(path, new Uint8Array(readFileSync(path)));
  if (table.kind !== "table") throw new Error("no table");
  const [out, lse] = ["out", "lse"].map((name) => table.get(name));
  if (out?.kind !== "array" || lse?.kind !== "array") throw new Error("out and lse are arrays");
  expect([out.dtype, out.shape, lse.dtype, lse.shape]).toEqual(["f32", [2, 4, 37, 12], "f32", [2, 4, 37]]);
  return { out: out.data, lse: lse.data };
}

function variantOf(score: string | null, mask: string | null): Variant {
  if (score === null && mask === null) return noMods;
  const { variant } = lowerPair([{ file: "mods.py", text: TEXT }], score, mask);
  if (variant === null) throw new Error("both lower");
  return variant;
}

const CASES = [
  { score: "alibi", mask: "late", from: "npz", to: "safetensors" },
  { score: null, mask: "late", from: "safetensors", to: "json" },
  { score: "alibi", mask: null, from: "safetensors", to: "npz" },
  { score: null, mask: null, from: "npz", to: "npz" },
] as const;

describe("`run`", () => {
  it.each(CASES)("score_mod $score, mask_mod $mask: from .$from to .$to", async ({ score, mask, from, to }) => {
    const output = join(folder, `out-${score}-${mask}.${to}`);
    const words = [
      ...(score === null && mask === null ? [] : [mods]),
      ...(score === null ? [] : ["--score-mod", score]),
      ...(mask === null ? [] : ["--mask-mod", mask]),
    ];
    const { out, err, code } = await runCommand(["run", ...words, "--inputs", inputsFile(from), "-o", output, "--scale", "0.3", "--json"]);
    expect(code, err).toBe(0);
    const scaled = { ...problem, scale: 0.3 };
    const report = JSON.parse(out);
    expect(report).toMatchObject({ problem: scaled, out: output, check: { passed: true, allRows: true, rows: 296 } });
    expect(report.times.medianMs).toBeGreaterThan(0);
    const got = outputOf(output);
    const check = checkForward(got, referenceForward(variantOf(score, mask), scaled, inputs), scaled);
    expect(check, JSON.stringify(check)).toMatchObject({ passed: true, bound: "|a − b| ≤ 1e-5 · (|b| + rms(b))" });
    if (mask === null) return;
    // Rows 0 to 2 see no key.
    expect(Array.from({ length: 3 * 12 }, (_, i) => Math.abs(got.out[i] ?? 1))).toEqual(new Array(36).fill(0));
    expect([got.lse[0], got.lse[2], Number.isFinite(got.lse[3])]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, true]);
  });

  it("--layout BSHD --max-scores: heads behind the sequence, and each row's largest score", async () => {
    const path = join(folder, "bshd.npz");
    const turned: Problem = { ...problem, layout: "BSHD" };
    const bytes = writerFor(path)?.({
      q: { dtype: "f32", shape: [2, 37, 4, 8], data: inputs.q },
      k: { dtype: "f32", shape: [2, 51, 2, 8], data: inputs.k },
      v: { dtype: "f32", shape: [2, 51, 2, 12], data: inputs.v },
    });
    writeFileSync(path, bytes ?? "");
    const output = join(folder, "bshd-out.npz");
    const words = ["run", mods, "--score-mod", "alibi", "--mask-mod", "late", "--inputs", path, "-o", output];
    const { out: text, err, code } = await runCommand([...words, "--layout", "BSHD", "--max-scores"]);
    expect(code, err).toBe(0);
    expect(text).toContain(`out, lse and max_scores written to ${output}`);
    const table = readData(output, new Uint8Array(readFileSync(output)));
    const [out, lse, maxScores] = ["out", "lse", "max_scores"].map((name) => (table.kind === "table" ? table.get(name) : null));
    if (out?.kind !== "array" || lse?.kind !== "array" || maxScores?.kind !== "array") throw new Error("three arrays");
    expect([out.shape, lse.shape, maxScores.shape]).toEqual([
      [2, 37, 4, 12],
      [2, 4, 37],
      [2, 4, 37],
    ]);
    const reference = referenceForward(variantOf("alibi", "late"), turned, inputs);
    const check = checkForward({ out: out.data, lse: lse.data, maxScores: maxScores.data }, reference, turned);
    expect(check, JSON.stringify(check)).toMatchObject({ passed: true });
  });

  it.each(["float32", "float16", "bfloat16", "float64"])("computes what %s holds", async (dtype) => {
    const file = jsonFile(dtype);
    const output = join(folder, `${dtype}.npz`);
    const { err, code, out } = await runCommand(["run", `${mods}::late`, "--inputs", file, "--out", output, "--kernel", "row"]);
    expect(code, err).toBe(0);
    expect(out).toContain("checked against float64, all rows");
    expect(out).toContain("\nrow ran: it is the one that is asked for\n");
    const read = readTensors(file).inputs;
    expect(read.q[0] === inputs.q[0]).toBe(dtype === "float32" || dtype === "float64");
    const check = checkForward(outputOf(output), referenceForward(variantOf(null, "late"), problem, read), problem);
    expect(check.passed, JSON.stringify(check)).toBe(true);
  });

  it.each(ENGINES)("--kernel %s runs it, or ends with its reason and code 1", async (engine) => {
    const output = join(folder, `forced-${engine}.npz`);
    const words = ["run", `${mods}::late`, "--inputs", inputsFile("npz"), "-o", output, "--kernel", engine, "--json"];
    const { out, err, code } = await runCommand(words);
    if (code === 1) {
      expect([out, err.startsWith(`${engine}: `)]).toEqual(["", true]);
      return;
    }
    expect(code, err).toBe(0);
    expect(JSON.parse(out).engine).toBe(engine);
    const check = checkForward(outputOf(output), referenceForward(variantOf(null, "late"), problem, inputs), problem);
    expect(check.passed, JSON.stringify(check)).toBe(true);
  });

  it("stores float16 where that is asked for", async () => {
    const output = join(folder, "half.npz");
    const { out, err, code } = await runCommand([
      "run",
      `${mods}::late`,
      "--inputs",
      inputsFile("npz"),
      "-o",
      output,
      "--dtype",
      "f16",
      "--json",
    ]);
    expect(code, err).toBe(0);
    const half: Problem = { ...problem, storage: "f16" };
    expect(JSON.parse(out)).toMatchObject({ problem: half, check: { passed: true, bound: "|a − b| ≤ 1e-3 · (|b| + rms(b))" } });
    const table = readData(output, new Uint8Array(readFileSync(output)));
    const [o, lse] = ["out", "lse"].map((name) => (table.kind === "table" ? table.get(name) : null));
    if (o?.kind !== "array" || lse?.kind !== "array") throw new Error("out and lse are arrays");
    expect([o.dtype, lse.dtype]).toEqual(["f16", "f32"]);
    const reference = referenceForward(variantOf(null, "late"), half, seededInputs(half));
    expect(checkForward({ out: o.data, lse: lse.data }, reference, half)).toMatchObject({ passed: true });
  });

  it("says why a family that is not there does not run", async () => {
    const words = ["run", "--inputs", inputsFile("npz"), "--json", "--kernel", "matrix"];
    const { out, err, code } = await runCommand(words);
    expect([out, code]).toEqual(["", 1]);
    // One line; a device that has matrices has none for 12 columns of V.
    expect(err).toMatch(
      /^matrix: (it needs the experimental device feature `[a-z-]+`|D is 8 and DV is 12; its matrices need multiples of .*)$/,
    );
  });
});
