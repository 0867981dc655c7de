/** What a kernel takes of the device: registers by the model, the mods' operations, the rows of the Kernel tab. */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type DeviceLimits, type Plan } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { ENGINES, planEngine } from "../../../kernels/flash/select.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { operationsOf, operationsText } from "../../../webview/wgsl/operations.ts";
import { registersOf } from "../../../webview/wgsl/registers.ts";
import { resourcesOf, threadsOf } from "../../../webview/wgsl/resources.ts";

const LIMITS: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true };
const variantOf = (text: string) => {
  const [variant] = lowerModule([{ file: "m.py", text }], {}).variants;
  if (variant === undefined) throw new Error("no variant");
  return variant;
};
const CAUSAL = variantOf("def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n");

function planOf(engine: (typeof ENGINES)[number], limits = LIMITS, problem: Parameters<typeof fillProblem>[0] = {}): Plan {
  const planned = planEngine(engine, CAUSAL, fillProblem({ qLen: 1024, kvLen: 1024, ...problem }), limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
}

const main = (...lines: readonly string[]): string => ["fn main(thread: u32) {", ...lines.map((line) => `  ${line}`), "}"].join("\n");

describe("the estimate of registers", () => {
  it.each<[string, number, readonly string[]]>([
    ["counts what is alive at once", 3, ["let a = 1.0;", "let b = a + 1.0;", "let c = a + b;", "let d = c;"]],
    ["counts four for a vec4f, and one for its component", 5, ["let a = vec4f(1.0);", "let b = a.x;", "let c = b;"]],
    ["takes the width of what operators and built-ins are given", 8, ["let a = vec4f(1.0);", "let b = max(a, vec4f()) * 2.0;"]],
    ["knows what narrows", 5, ["let a = vec4f(1.0);", "let b = dot(a, a);"]],
    ["takes a declared type", 4, ["var t: vec4f;", "let a = 1;"]],
    ["counts arrays whole", 33, ["var t = array<vec4f, 8>();", "let a = t[0].x;"]],
    ["reads the same bits as another type", 2, ["let a = bitcast<vec2u>(x);"]],
    ["lets a name in a block end with it", 5, ["{", "let a = vec4f();", "let b = a.x;", "}", "{", "let a = vec4f();", "}"]],
    // a, i, c: the next round needs both that come from outside.
    ["keeps what a loop needs through it", 6, ["let a = 1.0;", "for (var i = 0u; i < 4u; i++) {", "let b = a;", "let c = vec4f();", "}"]],
    [
      "lets what stands before a loop end there where the loop does not need it",
      5,
      ["let a = 1.0;", "let b = a;", "loop {", "let c = vec4f();", "let d = c.x;", "}"],
    ],
    ["counts no comments", 1, ["let a = 1.0; // let b = vec4f();"]],
  ])("%s", (_, count, lines) => {
    expect(registersOf(main(...lines))?.count).toBe(count);
  });

  it("adds what a function holds where it is called, and says where the most is", () => {
    const wgsl = `fn sum(x: vec4f) -> f32 {\n  let half = x * 0.5;\n  return half.x + half.y;\n}\n${main("let a = 1.0;", "let b = sum(vec4f(a)) + a;", "let c = b;")}`;
    expect(registersOf(wgsl)).toEqual({ count: 6, line: 6 });
  });

  it("takes elements of buffers and fields of structs by what is declared", () => {
    const head =
      "struct Params {\n  scale: f32,\n  at: vec4f,\n}\n@group(0) @binding(0) var<storage, read> K: array<vec4f>;\n@group(0) @binding(1) var<uniform> params: Params;\n";
    expect(registersOf(head + main("let k = K[thread] * params.scale;"))?.count).toBe(4);
    expect(registersOf(head + main("let k = params.scale;"))?.count).toBe(1);
    expect(registersOf(head + main("let k = params.at;"))?.count).toBe(4);
  });

  it("counts a structure by its fields, made here or by a function", () => {
    const head = "struct Run {\n  key: u32,\n  at: vec4f,\n}\nfn next() -> Run {\n  return Run(0u, vec4f());\n}\n";
    expect(registersOf(head + main("let run = next();"))?.count).toBe(5);
    expect(registersOf(head + main("let run = Run(0u, vec4f());"))?.count).toBe(5);
  });

  it("is not given for what a whole subgroup shares", () => {
    expect(registersOf(main("let a = subgroup_matrix_left<f16, 8, 8>();"))).toBeNull();
    expect(registersOf(main("var a: texture_2d<f32>;"))).toBeNull();
  });

  it("grows with the rows that a thread has, and holds q, the accumulator and little more in every kernel", () => {
    const rows = [1, 2, 4].map((ROWS) => {
      const planned = planEngine("row", CAUSAL, fillProblem({ qLen: 64, kvLen: 64 }), LIMITS, undefined, { ROWS });
      return planned.kind === "plan" ? (registersOf(planned.plan.kernels[0]?.wgsl ?? "")?.count ?? 0) : 0;
    });
    rows.forEach((count, i) => {
      const held = 2 ** i * (64 + 64 + 2);
      expect(count).toBeGreaterThanOrEqual(held);
      expect(count).toBeLessThan(held + 50);
    });
    for (const engine of ENGINES) {
      const planned = planEngine(engine, CAUSAL, fillProblem({ qLen: 16, kvLen: 48 }), LIMITS);
      for (const { wgsl } of planned.kind === "plan" ? planned.plan.kernels : []) expect(registersOf(wgsl)?.count).toBeGreaterThan(4);
    }
  });
});

describe("the mods' operations", () => {
  it("are counted once each, after simplification", () => {
    const text = `import torch
docs = torch.arange(64) // 8
def mask(b, h, q_idx, kv_idx):
    d = q_idx - kv_idx + 0
    same = docs[q_idx] == docs[kv_idx]
    return same & (d < 12) & (d % 4 == 0)
`;
    const { maskMod } = variantOf(text);
    if (maskMod === null) throw new Error("no mask_mod");
    expect(operationsOf(maskMod)).toMatchObject({ total: 9 });
    expect(operationsText(operationsOf(maskMod))).toBe("2 loads, 1 division, 1 arithmetic, 3 comparisons, 2 logic");
  });

  it("of a score_mod name its functions and conversions", () => {
    const { scoreMod } = variantOf(
      "import torch\ndef cap(score, b, h, q_idx, kv_idx):\n    return 20 * torch.tanh(score / 20) + torch.where(q_idx > 3, h, b)\n",
    );
    if (scoreMod === null) throw new Error("no score_mod");
    expect(operationsText(operationsOf(scoreMod))).toBe("1 function, 1 division, 2 arithmetic, 1 comparison, 1 choice, 1 conversion");
  });
});

describe("the rows of resources", () => {
  const row = (plan: Plan, name: string, limits = LIMITS) => {
    const [kernel] = plan.kernels;
    const found = kernel === undefined ? undefined : resourcesOf(plan, kernel, limits).find((r) => r.name === name);
    if (found === undefined) throw new Error(`no row ${name}`);
    return found;
  };

  it("stand against the limits of the device", () => {
    expect(row(planOf("row"), "storage buffers")).toMatchObject({ text: "6 of 8", share: 0.75 });
    expect(row(planOf("row"), "storage buffers", { ...LIMITS, maxStorageBuffersPerShaderStage: 12 })).toMatchObject({
      text: "6 of 12",
      share: 0.5,
    });
    expect(row(planOf("row"), "workgroup memory")).toMatchObject({ share: 0, about: expect.stringContaining("does not limit") });
    const tile = planOf("tile");
    const bytes = tile.kernels[0]?.workgroupBytes ?? 0;
    expect(bytes).toBeGreaterThan(0);
    expect(row(tile, "workgroup memory").share).toBeCloseTo(bytes / LIMITS.maxComputeWorkgroupStorageSize);
    expect(row(tile, "threads a workgroup").share).toBeCloseTo(threadsOf(tile.kernels[0]?.wgsl ?? "") / 256);
  });

  it("say how the estimate comes about, and that too many registers spill", () => {
    expect(row(planOf("row"), "registers, estimate").about).not.toContain("goes to memory");
    const wide = planEngine("row", CAUSAL, fillProblem({ qLen: 64, kvLen: 64, qkHeadDim: 256, vHeadDim: 256 }), LIMITS);
    if (wide.kind === "refused") throw new Error(wide.refusal.reason);
    expect(row(wide.plan, "registers, estimate").about).toContain("goes to memory");
  });

  it("give what a step reads, in the storage type, and what it does with each byte", () => {
    // 64 rows × 2 keys of 64 + 64 floats.
    expect(row(planOf("row"), "read a step")).toMatchObject({
      text: "1.00\u202fKiB",
      about: expect.stringContaining("32 floating-point operations"),
    });
    expect(row(planOf("row", LIMITS, { storage: "f16" }), "read a step")).toMatchObject({
      text: "512\u202fB",
      about: expect.stringContaining("64 floating-point"),
    });
    const softmax = planOf("materialized").kernels.find((k) => k.pass === "softmax");
    if (softmax === undefined) throw new Error("no softmax");
    expect(resourcesOf(planOf("materialized"), softmax, LIMITS).map((r) => r.name)).not.toContain("read a step");
  });

  it("are there for every kernel of every engine", () => {
    for (const engine of ENGINES) {
      const planned = planEngine(engine, CAUSAL, fillProblem({ qLen: 16, kvLen: 48 }), LIMITS);
      if (planned.kind === "refused") continue;
      for (const kernel of planned.plan.kernels) {
        for (const { text, about, share } of resourcesOf(planned.plan, kernel, LIMITS)) {
          expect(`${text} ${about}`).not.toMatch(/NaN|undefined|null|Infinity/);
          if (share !== null) expect(share).toBeLessThanOrEqual(1);
        }
      }
    }
  });
});
