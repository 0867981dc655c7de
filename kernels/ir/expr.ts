/**
 * The expression a mod computes: seven node kinds, immutable and interned (equal nodes are one object, so `===`
 * compares whole trees and a common sub-expression is found for nothing). Semantics stand above each kind.
 *
 * Nodes are values: no spans, no ids, no analysis results; whoever needs those keeps a map of its own.
 * After Halide's `IR.h`: the meaning is written here, the interpreter (interpret.ts) is its executable form.
 */
import type { Capture } from "./mod.ts";
import { toDType } from "./number.ts";
import { type BinaryOp, binaryResult, type DType, type UnaryOp, unaryResult } from "./ops.ts";
import { convert } from "./wide.ts";

export const VAR_NAMES = ["b", "h", "q_idx", "kv_idx", "score"] as const;
export type VarName = (typeof VAR_NAMES)[number];

/** A number of `dtype`, already rounded or wrapped to it; bool is 0 or 1. */
export interface Const {
  readonly kind: "const";
  readonly dtype: DType;
  readonly value: number;
}

/** An argument of the mod. Indices are i64; `score` is f32, or f64 where q is float64. */
export interface Var {
  readonly kind: "var";
  readonly dtype: DType;
  readonly name: VarName;
}

/**
 * One element of a capture; one i64 index a dimension. A negative index counts from the end, as in PyTorch;
 * what is still out of range is clamped into it (PyTorch raises: the front end warns).
 */
export interface Load {
  readonly kind: "load";
  readonly dtype: DType;
  readonly capture: Capture;
  readonly indices: readonly Expr[];
}

/** `op` in the operand's own dtype: f32 operands are computed and rounded in f32, and so on. See UNARY_OPS. */
export interface Unary {
  readonly kind: "unary";
  readonly dtype: DType;
  readonly op: UnaryOp;
  readonly a: Expr;
}

/** Both operands have one dtype; integers wrap. Both are always evaluated. See BINARY_OPS. */
export interface Binary {
  readonly kind: "binary";
  readonly dtype: DType;
  readonly op: BinaryOp;
  readonly a: Expr;
  readonly b: Expr;
}

/** `cond` is bool; the branches have one dtype; both are evaluated, one is chosen. */
export interface Where {
  readonly kind: "where";
  readonly dtype: DType;
  readonly cond: Expr;
  readonly a: Expr;
  readonly b: Expr;
}

/** Conversion, as PyTorch's `.to(dtype)`: float to int truncates (what does not fit is the least integer), to bool is `!= 0`, ints wrap. */
export interface Cast {
  readonly kind: "cast";
  readonly dtype: DType;
  readonly a: Expr;
}

export type Expr = Const | Var | Load | Unary | Binary | Where | Cast;

// Interning. Keys name children by a number each node gets on creation; nodes are held weakly, so a long session's
// table holds what is alive and no more. What the running task has asked for is beside it in `recent`: a WeakRef that
// was asked keeps its node as long, and is far slower.
const ids = new WeakMap<object, number>();
let nextId = 1;
const table = new Map<string, WeakRef<Expr>>();
const recent = new Map<string, Expr>();
const collected = new FinalizationRegistry<string>((key) => {
  if (table.get(key)?.deref() === undefined) table.delete(key);
});

function idOf(x: object): number {
  let id = ids.get(x);
  if (id === undefined) {
    id = nextId++;
    ids.set(x, id);
  }
  return id;
}

function intern<T extends Expr>(key: string, node: T): T {
  const seen = recent.get(key);
  if (seen !== undefined) return seen as T;
  const known = table.get(key)?.deref();
  if (known === undefined) {
    table.set(key, new WeakRef<Expr>(node));
    collected.register(node, key);
  }
  const only = known ?? node;
  if (recent.size === 0) Promise.resolve().then(() => recent.clear());
  recent.set(key, only);
  return only as T;
}

export function constant(value: number, dtype: DType): Const {
  const v = toDType(value, dtype);
  return intern(`c${dtype}:${Object.is(v, -0) ? "-0" : v}`, { kind: "const", dtype, value: v });
}

export const boolean = (value: boolean): Const => constant(value ? 1 : 0, "bool");

/** They are few, and kept. */
const variables: Readonly<Record<VarName, Partial<Record<DType, Var>>>> = { b: {}, h: {}, q_idx: {}, kv_idx: {}, score: {} };

/** `dtype` defaults to i64 for indices and f32 for `score`. */
export function variable(name: VarName, dtype: DType = name === "score" ? "f32" : "i64"): Var {
  const known = variables[name];
  known[dtype] ??= { kind: "var", dtype, name };
  return known[dtype];
}

/** @throws Error if there is not one i64 index a dimension: a defect of the caller, not of the user. */
export function load(capture: Capture, indices: readonly Expr[]): Load {
  if (indices.length !== capture.shape.length || indices.some((i) => i.dtype !== "i64")) {
    throw new Error(
      `load of ${capture.name}${JSON.stringify(capture.shape)} with ${indices.length} indices (${indices.map((i) => i.dtype).join(" ")})`,
    );
  }
  return intern(`l${idOf(capture)}[${indices.map(idOf).join()}]`, { kind: "load", dtype: capture.dtype, capture, indices });
}

export function unary(op: UnaryOp, a: Expr): Unary {
  return intern(`u${op}:${idOf(a)}`, { kind: "unary", dtype: unaryResult(op, a.dtype), op, a });
}

/** @throws Error if the dtypes differ: promotion is the front end's. */
export function binary(op: BinaryOp, a: Expr, b: Expr): Binary {
  if (a.dtype !== b.dtype) throw new Error(`${op} of ${a.dtype} and ${b.dtype}`);
  return intern(`b${op}:${idOf(a)},${idOf(b)}`, { kind: "binary", dtype: binaryResult(op, a.dtype), op, a, b });
}

/** @throws Error if `cond` is not bool or the branches' dtypes differ. */
export function where(cond: Expr, a: Expr, b: Expr): Where {
  if (cond.dtype !== "bool" || a.dtype !== b.dtype) throw new Error(`where of ${cond.dtype}, ${a.dtype}, ${b.dtype}`);
  return intern(`w${idOf(cond)},${idOf(a)},${idOf(b)}`, { kind: "where", dtype: a.dtype, cond, a, b });
}

/** `a` itself where it has the dtype already. */
export function cast(a: Expr, dtype: DType): Expr {
  if (a.dtype === dtype) return a;
  if (a.kind === "const") return constant(Number(convert(a.value, a.dtype, dtype)), dtype);
  return intern(`k${dtype}:${idOf(a)}`, { kind: "cast", dtype, a });
}
