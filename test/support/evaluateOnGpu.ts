/** Values of expressions as the emitted WGSL computes them, to hold against `interpret`. */
import { declareModBinding, emitEntries, packMods, wgslConstants } from "../../kernels/emit/wgsl.ts";
import { emitFunctions } from "../../kernels/emit/wgslFunctions.ts";
import { wgslType } from "../../kernels/emit/wgslPiece.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import type { Point } from "../../kernels/ir/interpret.ts";
import type { Local } from "../../kernels/ir/mod.ts";
import { runShader } from "./gpu.ts";

export interface GpuExpression {
  readonly body: Expr;
  readonly locals?: readonly Local[];
}

/** One compute shader that writes every expression at every point: word `point * expressions + i`. */
export function shaderOf(expressions: readonly GpuExpression[]): {
  readonly wgsl: string;
  readonly inputs: readonly { bytes: Uint8Array; uniform: boolean }[];
} {
  const entries = expressions.map((e, i) => ({
    name: `expression_${i}`,
    parameters: ["score", "b", "h", "q_idx", "kv_idx"] as const,
    type: wgslType(e.body.dtype),
    body: e.body,
    locals: e.locals ?? [],
  }));
  const emitted = emitEntries(entries);
  const stores = entries.map(({ name, type }, i) => {
    const value = `${name}(score, b, h, q_idx, kv_idx)`;
    return `  result[i * ${entries.length}u + ${i}u] = ${type === "bool" ? `u32(${value})` : `bitcast<u32>(${value})`};`;
  });
  const wgsl = `${wgslConstants}
struct Point { b: i32, h: i32, q_idx: i32, kv_idx: i32, score: f32 }
@group(0) @binding(0) var<storage, read_write> result: array<u32>;
@group(0) @binding(1) var<storage, read> points: array<Point>;
${emitted.bindings.map((binding, i) => declareModBinding(binding, i + 2)).join("\n")}
${emitFunctions(emitted.calls)}
${emitted.functions}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= arrayLength(&points)) {
    return;
  }
  let b = points[i].b;
  let h = points[i].h;
  let q_idx = points[i].q_idx;
  let kv_idx = points[i].kv_idx;
  let score = points[i].score;
${stores.join("\n")}
}`;
  const bytes = packMods(emitted);
  return { wgsl, inputs: bytes.map((each, i) => ({ bytes: each, uniform: emitted.bindings[i]?.kind === "uniform" })) };
}

/** `values[i][p]`: expression i at point p; bool as 0 or 1. */
export async function evaluateOnGpu(
  device: GPUDevice,
  expressions: readonly GpuExpression[],
  points: readonly Point[],
): Promise<number[][]> {
  const packed = new DataView(new ArrayBuffer(points.length * 20));
  points.forEach((p, i) => {
    [p.b, p.h, p.q_idx, p.kv_idx].forEach((x, j) => void packed.setInt32(i * 20 + 4 * j, x, true));
    packed.setFloat32(i * 20 + 16, p.score ?? 0, true);
  });
  const { wgsl, inputs } = shaderOf(expressions);
  const n = expressions.length;
  const words = await runShader(
    device,
    wgsl,
    points.length * n,
    [{ bytes: new Uint8Array(packed.buffer) }, ...inputs],
    Math.ceil(points.length / 64),
  );
  const floats = new Float32Array(words.buffer);
  const ints = new Int32Array(words.buffer);
  return expressions.map(({ body }, i) => points.map((_, p) => (wgslType(body.dtype) === "f32" ? floats : ints)[p * n + i] ?? Number.NaN));
}
