/**
 * `interpret`, and how far PyTorch's value may lie from it. Arithmetic, comparisons, conversions are exact in both, so that
 * their error is 0; square roots, exp, sin and their kin differ in the last places, and what is computed from them carries
 * that on. Null where the error decides a jump (a comparison, a floor).
 */
import type { Expr } from "../../kernels/ir/expr.ts";
import type { Point } from "../../kernels/ir/interpret.ts";
import { type BinaryOp, type DType, isFloat, type UnaryOp } from "../../kernels/ir/ops.ts";
import { type Bounded, interpretOn, type Machine, type Operand, type Step } from "../support/errorWalk.ts";
import { isTranscendental } from "../support/transcendental.ts";

const REMAINDERS: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>(["fmod", "floormod", "floordiv"]);

/** Distance of neighbours of `x` in each float dtype, or a little more. */
const EPSILON: Readonly<Partial<Record<DType, number>>> = { f16: 2 ** -10, bf16: 2 ** -7, f32: 2 ** -23, f64: 2 ** -52 };
const LEAST: Readonly<Partial<Record<DType, number>>> = { f16: 2 ** -24, bf16: 2 ** -133, f32: 2 ** -149, f64: 2 ** -1074 };

const place = (x: number, dtype: DType): number => Math.abs(x) * (EPSILON[dtype] ?? 0) + (LEAST[dtype] ?? 0);

const EXTREMES: ReadonlySet<Step["op"]> = new Set<Step["op"]>(["min", "max", "fmin", "fmax"]);

/**
 * The smaller or larger of −0 and +0: PyTorch's scalar loop gives the first, its vector loop the second, so that the sign is
 * as the operands lie in memory. A number as small as there is stands for it: where the sign decides (atan2) the ends differ.
 */
function unsignedZero({ op, to, value, operands }: Step): number {
  const [a, b] = operands;
  if (!EXTREMES.has(op) || value !== 0 || a?.[0] !== 0 || b?.[0] !== 0 || Object.is(a[0], b[0])) return 0;
  return LEAST[to] ?? 0;
}

/**
 * `x ** number` in float32: PyTorch's vector loop (runs of 32 or more, side by side in memory) rounds the number to float32
 * first, as the interpreter and compiled kernels do; its scalar loop (shorter runs, the tail, strides) calls C's pow with the
 * double. They differ by up to half a place of the number, times ln x: 2e-6 of the value for (2^37) ** math.pi. A number with
 * few bits is the same in both.
 */
function knownExponent(node: Expr, a: Operand, b: Operand): Operand {
  if (node.kind !== "binary" || node.op !== "pow" || node.dtype !== "f32" || node.b.kind !== "const") return b;
  const [exponent] = b;
  if (!(a[0] > 0 && Number.isFinite(a[0]) && Number.isFinite(exponent)) || Number.isInteger(exponent * 2 ** 10)) return b;
  return [exponent, b[1] + place(exponent, "f32") / 2];
}

const pytorch = (fused: DType | null): Machine => ({
  unsaid: () => false,
  memory: () => 0,
  operands: (node, operands) => {
    const [a, b] = operands;
    if (node.kind !== "binary" || a === undefined || b === undefined) return operands;
    if (REMAINDERS.has(node.op) || node.op === "div") {
      // These jump where the divisor may be 0.
      if (b[1] > 0 && Math.abs(b[0]) <= b[1]) return null;
      // A vector library gives up on quotients that large.
      if (isFloat(node.dtype) && node.op !== "div" && Number.isFinite(a[0]) && Math.abs(a[0] / b[0]) > 2 ** 40) return null;
    }
    return [a, knownExponent(node, a, b)];
  },
  result: (step) => {
    const { op, to, value, operands, corners } = step;
    const sure = operands.every(([, error]) => error === 0);
    // Of half precision it is taken in float32 or step by step, as the operands lie in memory.
    if (sure && op === "floordiv" && (to === "f16" || to === "bf16")) return Number.isFinite(value) ? 2 * place(value, to) : 0;
    const off = own(op, value, to) + unsignedZero(step) + (fused === null ? 0 : secondRounding(step, fused));
    if (sure && off === 0) return 0;
    const ends = corners();
    if (!isFloat(to)) return ends.every((x) => x === value) ? 0 : null;
    if (Number.isNaN(value)) return ends.every(Number.isNaN) ? 0 : null;
    if (!Number.isFinite(value)) return sure && ends.every((x) => x === value) ? 0 : null;
    const widest = Math.max(...ends.map((x) => Math.abs(x - value)));
    return Number.isFinite(widest) ? 1.5 * widest + off + (sure ? 0 : place(value, to)) : null;
  },
});

/** A product that is rounded before it is added. The interpreter takes one of float32 in float64, to round it once. */
function secondRounding({ op, to, value }: Step, dtype: DType): number {
  if (op !== "mul" || !isFloat(to) || !Number.isFinite(value)) return 0;
  return place(value, to === "f64" ? dtype : to) / 2;
}

/** Of an inexact function: the last places; in float32 as far as the stated bound. */
function own(op: Step["op"], value: number, dtype: DType): number {
  // Square roots come from a vector library that is one place off now and then.
  if (op === "sqrt") return 1.01 * place(value, dtype);
  if (op === "cast" || !isTranscendental(op)) return 0;
  return dtype === "f32" ? 2e-6 * Math.max(Math.abs(value), 2 ** -20) : 4 * place(value, dtype);
}

const STEP_BY_STEP = pytorch(null);
const FUSED = { f32: pytorch("f32"), f64: pytorch("f64") } as const;

/**
 * Value and error of `e` at `p`; null where an inexact function's last places decide. `fused`: it holds products of scores of
 * that dtype that are added in one call (`alpha=`), which PyTorch's vector loops round once and its scalar loops twice.
 */
export const interpretWithin = (e: Expr, p: Point, fused: "f32" | "f64" | null = null): Bounded | null =>
  interpretOn(fused === null ? STEP_BY_STEP : FUSED[fused], e, p);
