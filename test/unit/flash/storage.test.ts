/** float16 storage: how tensors are packed, and what the kernels' text does with them, whatever the device. */
import { describe, expect, it } from "vitest";
import { seededInputs } from "../../../kernels/flash/inputs.ts";
import { memoryOf } from "../../../kernels/flash/memory.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type Plan } from "../../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { planEngine } from "../../../kernels/flash/select.ts";
import { packTensor, storedInputs, unpackTensor } from "../../../kernels/flash/storage.ts";
import { roundF16 } from "../../../kernels/ir/number.ts";
import { causal } from "../../support/variants.ts";

/** All but the matrix kernel, which has a test of its own. */
const ENGINES = ["row", "quad", "tile", "decode", "small", "materialized"] as const;
const LIMITS: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true, f16: true };
const wide = fillProblem({ qLen: 16, qkHeadDim: 20, vHeadDim: 12 }, 2);
const half: Problem = { ...wide, storage: "f16" };

function planOf(engine: (typeof ENGINES)[number], problem: Problem, limits = LIMITS): Plan {
  const planned = planEngine(engine, causal, problem, limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
}

describe("tensors in float16", () => {
  it("are padded to whole vec4s, rounded, and read back", () => {
    const data = Float32Array.of(1, 0.1, -65504, 2049, 1e-7, 3);
    const packed = packTensor(data, 3, "f16");
    expect(packed).toHaveLength(8);
    expect(packed.byteLength).toBe(16);
    expect([...unpackTensor(packed.buffer, 3, "f16")]).toEqual([...data].map(roundF16));
    expect([...unpackTensor(packTensor(data, 3, "f32").buffer, 3, "f32")]).toEqual([...data]);
  });

  it("are made rounded, so that the reference reads what the kernel reads", () => {
    const { q, k, v } = seededInputs(half);
    for (const x of [q, k, v]) expect([...x]).toEqual([...x].map(roundF16));
    expect(storedInputs(seededInputs(wide), half)).toEqual({ q, k, v });
    expect(storedInputs(seededInputs(wide), wide)).toEqual(seededInputs(wide));
  });
});

describe.each(ENGINES)("the %s kernel in float16", (engine) => {
  it("has half the bytes in its tensors, and lse and scratch in f32", () => {
    const [f32, f16] = [planOf(engine, wide), planOf(engine, half)];
    for (const { name, byteLength } of f32.buffers) {
      const narrow = f16.buffers.find((b) => b.name === name)?.byteLength;
      expect([name, narrow]).toEqual([name, ["q", "k", "v", "out"].includes(name) ? byteLength / 2 : byteLength]);
    }
    expect(memoryOf(f16).moved).toBeLessThan(memoryOf(f32).moved);
  });

  it("reads and writes halves, and computes in vec4f", () => {
    const text = planOf(engine, half)
      .kernels.map((k) => k.wgsl)
      .join("\n");
    for (const tensor of ["Q", "K", "V", "OUT"]) expect(text).toMatch(new RegExp(`\\b${tensor}: array<vec2u>`));
    const uses = text.split("\n").filter((line) => /\b(Q|K|V)\[/.test(line) && !line.includes("//"));
    expect(uses.length).toBeGreaterThan(2);
    for (const line of uses) expect(line).toMatch(/from_halves\((Q|K|V)\[/);
    const writes = text.split("\n").filter((line) => /\bOUT\[/.test(line));
    expect(writes.length).toBeGreaterThan(0);
    for (const line of writes) expect(line).toMatch(/= to_halves\(/);
  });

  it("names no f16 for tensors in float32", () => {
    for (const { wgsl } of planOf(engine, wide).kernels) expect(wgsl).not.toMatch(/f16|halves|vec2u/);
  });

  it("wants no feature of the device", () => {
    for (const { wgsl } of planOf(engine, half, { ...LIMITS, f16: false }).kernels) expect(wgsl).not.toMatch(/enable f16/);
  });
});
