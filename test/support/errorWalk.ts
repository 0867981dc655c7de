/**
 * How far another machine's value of an expression may lie from the interpreter's: each node carries its value and a bound on
 * its error, carried on by evaluating at the ends. Which operations are exact there, and what is not to be compared at all,
 * the machine says (bounded.ts: 32-bit arithmetic on a GPU; fuzz/within.ts: PyTorch on a CPU). Where an error decides a jump
 * (a comparison of numbers as good as equal, a floor, a remainder) the answer is null, and a test leaves the point out.
 */
import type { Expr } from "../../kernels/ir/expr.ts";
import { evalBinary, evalUnary, interpretAll, type Point } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type BinaryOp, type DType, isComparison, type UnaryOp } from "../../kernels/ir/ops.ts";
import { postorder } from "../../kernels/ir/walk.ts";

export interface Bounded {
  readonly value: number;
  /** 0: exactly this. */
  readonly error: number;
}

/** An operand's value and how far it may lie off. */
export type Operand = readonly [value: number, error: number];

/** One operation, for the machine to say what it adds. */
export interface Step {
  readonly op: UnaryOp | BinaryOp | "cast";
  /** Of the operands, and of the result. */
  readonly from: DType;
  readonly to: DType;
  readonly value: number;
  readonly operands: readonly Operand[];
  /** Results at all ends of the operands; the one value where these are sure. */
  readonly corners: () => readonly number[];
}

export interface Machine {
  /** The error with which a number arrives from memory. */
  readonly memory: (value: number, dtype: DType) => number | null;
  /** Operands as the machine has them; null where it may give anything. */
  readonly operands: (
    node: Expr & { readonly kind: "unary" | "cast" | "binary" },
    operands: readonly Operand[],
  ) => readonly Operand[] | null;
  /** The error of the result. */
  readonly result: (step: Step) => number | null;
  /** Values of which nothing is said. */
  readonly unsaid: (value: number, dtype: DType) => boolean;
}

/** Where the operands are not sure, these may meet or jump between their ends. */
function jumps(op: BinaryOp, [a, da]: Operand, [b, db]: Operand): boolean {
  if (da + db === 0) return false;
  if (isComparison(op)) return Math.abs(a - b) <= da + db;
  return (op === "fmod" || op === "floormod" || op === "floordiv") && da + Math.abs(a / b) * db > 0.1 * Math.abs(b);
}

const ends = ([x, error]: Operand): readonly number[] => (error === 0 ? [x] : [x - error, x, x + error]);

/** Value and error bound of `e` at `p` on the machine; null where it may give anything. */
export function interpretOn(machine: Machine, e: Expr, p: Point): Bounded | null {
  const values = interpretAll([e], p);
  const errors = new Map<Expr, number | null>();
  const operandOf = (x: Expr): Operand | null => {
    const error = errors.get(x) ?? null;
    return error === null ? null : [values.get(x) ?? Number.NaN, error];
  };
  const errorOf = (node: Expr): number | null => {
    const value = values.get(node) ?? Number.NaN;
    if (machine.unsaid(value, node.dtype)) return null;
    switch (node.kind) {
      case "const":
      case "var":
        return machine.memory(value, node.dtype);
      case "load":
        return node.indices.every((i) => errors.get(i) === 0) ? machine.memory(value, node.dtype) : null;
      case "where": {
        const cond = operandOf(node.cond);
        return cond !== null && cond[1] === 0 ? (errors.get(cond[0] !== 0 ? node.a : node.b) ?? null) : null;
      }
      case "unary":
      case "cast": {
        const a = operandOf(node.a);
        const [x] = (a === null ? null : machine.operands(node, [a])) ?? [];
        if (x === undefined) return null;
        const from = node.a.dtype;
        const at = (v: number): number => (node.kind === "cast" ? toDType(v, node.dtype) : evalUnary(node.op, v, from));
        const op = node.kind === "cast" ? "cast" : node.op;
        return machine.result({ op, from, to: node.dtype, value, operands: [x], corners: () => (x[1] === 0 ? [value] : ends(x).map(at)) });
      }
      case "binary": {
        const [a, b] = [operandOf(node.a), operandOf(node.b)];
        const [x, y] = (a === null || b === null ? null : machine.operands(node, [a, b])) ?? [];
        if (x === undefined || y === undefined || jumps(node.op, x, y)) return null;
        const { op } = node;
        const from = node.a.dtype;
        const corners = (): readonly number[] =>
          x[1] + y[1] === 0 ? [value] : ends(x).flatMap((v) => ends(y).map((w) => evalBinary(op, v, w, from)));
        return machine.result({ op, from, to: node.dtype, value, operands: [x, y], corners });
      }
    }
  };
  for (const node of postorder([e])) errors.set(node, errorOf(node));
  const error = errors.get(e) ?? null;
  return error === null ? null : { value: values.get(e) ?? Number.NaN, error };
}
