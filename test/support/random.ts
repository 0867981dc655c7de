/**
 * Seeded random expressions, for tests that hold one evaluator against another. `randomExpr` goes through every
 * operator and dtype; `randomMask` looks like what people write (comparisons of indices, documents, windows, grids).
 */
import { binary, boolean, cast, constant, type Expr, load, unary, variable, where } from "../../kernels/ir/expr.ts";
import { arrayFor, type Capture } from "../../kernels/ir/mod.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { BINARY_OPS, type BinaryOp, type DType, isComparison, isFloat, UNARY_OPS, type UnaryOp } from "../../kernels/ir/ops.ts";

/** A stream of numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32: the same seed gives the same stream everywhere. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number in [from, to]. */
export const whole = (random: Random, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[whole(random, 0, items.length - 1)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

export const ALL_DTYPES: readonly DType[] = ["bool", "u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64"];

export interface RandomOptions {
  /** Levels of operators; default 4. */
  readonly depth?: number;
  /** dtypes of inner nodes; default all. */
  readonly dtypes?: readonly DType[];
  /** Read the score, and in which dtype; default not. */
  readonly score?: "f32" | "f64";
  /** Operators left out. */
  readonly without?: ReadonlySet<UnaryOp | BinaryOp>;
}

const SPECIAL = [0, 1, -1, 2, 3, 7, 8, 16, 255, -128];

/** A constant of `dtype`: mostly small, sometimes at the edge. */
export function randomConst(random: Random, dtype: DType): Expr {
  if (dtype === "bool") return boolean(random() < 0.5);
  if (isFloat(dtype)) {
    const value = random() < 0.05 ? pick(random, [Number.NaN, Infinity, -Infinity, -0]) : (random() - 0.5) * pick(random, [1, 10, 1000]);
    return constant(random() < 0.3 ? Math.round(value) : value, dtype);
  }
  return constant(random() < 0.7 ? whole(random, -8, 40) : pick(random, SPECIAL), dtype);
}

/** A captured tensor of up to three dimensions with values that fit `dtype`. */
export function randomCapture(random: Random, dtype: DType, name = "t"): Capture {
  const shape = Array.from({ length: whole(random, 0, 3) }, () => whole(random, 1, 9));
  const data = arrayFor(
    dtype,
    shape.reduce((n, s) => n * s, 1),
  );
  for (let i = 0; i < data.length; i++) {
    data[i] = dtype === "bool" ? (random() < 0.5 ? 1 : 0) : toDType(isFloat(dtype) ? (random() - 0.5) * 20 : whole(random, -20, 90), dtype);
  }
  return { name, dtype, shape, data };
}

/** An expression of `dtype` over every operator that the dtype has. */
export function randomExpr(random: Random, dtype: DType, options: RandomOptions = {}): Expr {
  const captures = new Map<DType, Capture>();
  const seen = new Map<DType, Expr[]>();
  const make = (type: DType, depth: number): Expr => {
    // Shared sub-expressions are what emitters get wrong: use an earlier one now and then.
    const earlier = seen.get(type) ?? [];
    if (earlier.length > 0 && random() < 0.12) return pick(random, earlier);
    const e = fresh(type, depth);
    seen.set(type, [...earlier, e]);
    return e;
  };
  const fresh = (type: DType, depth: number): Expr => {
    if (depth <= 0) return leaf(type);
    const roll = random();
    if (roll < 0.12) return where(make("bool", depth - 1), make(type, depth - 1), make(type, depth - 1));
    if (roll < 0.22) return cast(make(pick(random, options.dtypes ?? ALL_DTYPES), depth - 1), type);
    if (roll < 0.32) return gather(type, depth);
    if (roll < 0.5) return someUnary(type, depth);
    return someBinary(type, depth);
  };
  const leaf = (type: DType): Expr => {
    if (type === "i64" && random() < 0.75) return variable(pick(random, ["b", "h", "q_idx", "kv_idx"] as const));
    if (options.score !== undefined && random() < 0.6 && type === options.score) return variable("score", options.score);
    if (type !== "i64" && type !== "bool" && random() < 0.4) return cast(variable(pick(random, ["q_idx", "kv_idx"] as const)), type);
    return randomConst(random, type);
  };
  const gather = (type: DType, depth: number): Expr => {
    let capture = captures.get(type);
    if (capture === undefined) {
      capture = randomCapture(random, type, `t_${type}`);
      captures.set(type, capture);
    }
    return load(
      capture,
      capture.shape.map(() => make("i64", depth - 2)),
    );
  };
  const allowed = <T extends UnaryOp | BinaryOp>(ops: readonly T[]): readonly T[] => ops.filter((op) => !options.without?.has(op));
  const someUnary = (type: DType, depth: number): Expr => {
    const ops = allowed(unaryOps(type));
    if (ops.length === 0) return someBinary(type, depth);
    const op = pick(random, ops);
    const operand = op === "isnan" || op === "isinf" ? pick(random, ["f16", "f32", "f64"] as const) : type;
    return unary(op, make(operand, depth - 1));
  };
  const someBinary = (type: DType, depth: number): Expr => {
    const op = pick(random, allowed(binaryOps(type)));
    const operand = isComparison(op) ? pick(random, (options.dtypes ?? ALL_DTYPES).concat("i64", "i64")) : type;
    const a = make(operand, depth - 1);
    return binary(op, a, make(operand, depth - 1));
  };
  return make(dtype, options.depth ?? 4);
}

/** Operators whose result is of `dtype`. */
function unaryOps(dtype: DType): readonly UnaryOp[] {
  if (dtype === "bool") return ["not", "not", "isnan", "isinf"];
  if (isFloat(dtype)) return UNARY_OPS.filter((op) => op !== "not" && op !== "isnan" && op !== "isinf");
  return ["neg", "abs", "sign", "not", "floor", "round"];
}

function binaryOps(dtype: DType): readonly BinaryOp[] {
  const bits: readonly BinaryOp[] = ["and", "or", "xor"];
  if (dtype === "bool") return [...BINARY_OPS.filter(isComparison), ...bits, ...bits, ...bits, "min", "max", "add", "mul"];
  const rest = BINARY_OPS.filter((op) => !isComparison(op));
  if (isFloat(dtype)) return rest.filter((op) => !bits.includes(op) && op !== "shl" && op !== "shr");
  return rest.filter((op) => op !== "div" && op !== "atan2" && op !== "hypot");
}

/** A boolean expression as a mask_mod has it, for lengths up to `length` (captures hold that many elements). */
export function randomMask(random: Random, length: number, depth = 3): Expr {
  const q = variable("q_idx");
  const k = variable("kv_idx");
  const i64 = (n: number): Expr => constant(n, "i64");
  const perToken = (dtype: DType, value: () => number): Capture => {
    const data = arrayFor(dtype, length);
    for (let i = 0; i < length; i++) data[i] = value();
    return { name: "ids", dtype, shape: [length], data };
  };
  const documents = (): Capture => {
    let id = 0;
    return perToken("i64", () => (random() < 0.07 ? ++id : id));
  };
  const term = (x: Expr): Expr => {
    const by = i64(whole(random, 1, 20));
    switch (whole(random, 0, 5)) {
      case 0:
        return binary("floordiv", x, by);
      case 1:
        return binary("floormod", x, by);
      case 2:
        return binary("add", x, i64(whole(random, -20, 20)));
      case 3:
        return binary("min", binary("max", x, by), i64(whole(random, 10, 60)));
      default:
        return x;
    }
  };
  const make = (d: number): Expr => {
    if (d > 0 && random() < 0.6) {
      const a = make(d - 1);
      const op = pick(random, ["and", "and", "or", "or", "xor"] as const);
      return random() < 0.15 ? unary("not", a) : binary(op, a, make(d - 1));
    }
    const compare = pick(random, ["lt", "le", "gt", "ge", "eq", "ne"] as const);
    switch (whole(random, 0, 7)) {
      case 0:
        return binary("ge", q, k);
      case 1:
        return binary(compare, binary("sub", term(q), term(k)), i64(whole(random, -30, 30)));
      case 2: {
        const ids = documents();
        return binary("eq", load(ids, [q]), load(ids, [k]));
      }
      case 3:
        return load(
          perToken("bool", () => (random() < 0.8 ? 1 : 0)),
          [random() < 0.5 ? q : k],
        );
      case 4:
        return binary(compare, binary("floormod", binary("sub", q, k), i64(whole(random, 1, 6))), i64(whole(random, 0, 3)));
      case 5:
        return binary(compare, random() < 0.5 ? variable("h") : variable("b"), i64(whole(random, 0, 2)));
      case 6:
        return binary("le", unary("abs", binary("sub", term(q), term(k))), i64(whole(random, 0, 25)));
      default:
        return binary(compare, term(random() < 0.5 ? q : k), i64(whole(random, 0, length)));
    }
  };
  return make(depth);
}
