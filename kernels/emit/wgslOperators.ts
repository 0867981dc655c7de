/**
 * Operators of the IR as WGSL text. The meaning is that of ir/interpret.ts in 32 bits: where WGSL rounds, truncates or
 * compares otherwise, a function of wgslFunctions.ts is called; the sign of an operand, where it is plain to see, spares
 * the call. u8, i8, i16 wrap and f16, bf16 round after each operation that can leave them.
 */
import type { Binary, Cast, Const, Expr, Unary } from "../ir/expr.ts";
import { type BinaryOp, type DType, isComparison, isFloat, type UnaryOp } from "../ir/ops.ts";
import { children } from "../ir/walk.ts";
import { type Context, infix, list, type Names, type Piece, PRODUCT, primary, UNARY, wgslType, within } from "./wgslPiece.ts";

type Get = (e: Expr) => Piece;

/**
 * Floats below `root` on which a jump depends: a comparison, a cast to int, a floor. WGSL lets a quotient be off by 2.5
 * units in the last place, which there may be a whole step: log(16 / 8) / log(16) * 8 must not come out below 2.
 */
export function exactFloats(order: readonly Expr[]): Set<Expr> {
  const exact = new Set<Expr>();
  for (const e of order.toReversed()) {
    if (!exact.has(e) && !jumps(e)) continue;
    for (const kid of children(e)) if (isFloat(kid.dtype)) exact.add(kid);
  }
  return exact;
}

const JUMPS: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>([
  "floor",
  "ceil",
  "round",
  "trunc",
  "sign",
  "floordiv",
  "floormod",
  "truncdiv",
  "fmod",
]);

function jumps(e: Expr): boolean {
  if (e.kind === "cast") return !isFloat(e.dtype);
  return (e.kind === "unary" && JUMPS.has(e.op)) || (e.kind === "binary" && (JUMPS.has(e.op) || isComparison(e.op)));
}

/** Brings a result back into the range of a narrow dtype: u8, i8, i16 wrap, f16 and bf16 round. */
export function rounded(piece: Piece, e: Unary | Binary, names: Names): Piece {
  const narrow = NARROW[e.dtype];
  if (narrow === undefined || EXACT_OPS.has(e.op)) return piece;
  return { ...primary(`${names.call(narrow)}(${piece.text})`), nonNegative: e.dtype === "u8", maybeNan: piece.maybeNan };
}

const NARROW: Partial<Record<DType, string>> = { u8: "wrap_u8", i8: "wrap_i8", i16: "wrap_i16", f16: "round_f16", bf16: "round_bf16" };

/** Operators whose result on a narrow dtype is one of its values already. */
const EXACT_OPS: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>([
  "sign",
  "floor",
  "ceil",
  "round",
  "trunc",
  "min",
  "max",
  "fmin",
  "fmax",
  "and",
  "or",
  "xor",
  "shr",
  "floormod",
]);

/** Operators of floats that WGSL has with the precision asked for. */
const BUILTIN: Partial<Record<UnaryOp, string>> = {
  abs: "abs",
  floor: "floor",
  ceil: "ceil",
  round: "round",
  trunc: "trunc",
  sqrt: "sqrt",
};

export function emitUnary(e: Unary, a: Piece, names: Names): Piece {
  const type = wgslType(e.a.dtype);
  const call = (name: string): Piece => ({ ...primary(`${name}(${a.text})`), maybeNan: a.maybeNan });
  if (e.op === "isnan" || e.op === "isinf")
    return type === "f32" ? call(names.call(e.op === "isnan" ? "is_nan" : "is_inf")) : primary("false");
  if (e.op === "not")
    return { text: `${type === "bool" ? "!" : "~"}${within(a, UNARY)}`, level: UNARY, nonNegative: false, maybeNan: false };
  if (type === "bool") return a;
  // `-` directly before another `-` would read as a decrement.
  if (e.op === "neg")
    return {
      text: `-${a.text.startsWith("-") ? `(${a.text})` : within(a, UNARY)}`,
      level: UNARY,
      nonNegative: false,
      maybeNan: a.maybeNan,
    };
  if (type === "i32") {
    if (e.op === "abs" || e.op === "sign") return { ...call(e.op), nonNegative: a.nonNegative || (e.op === "abs" && e.dtype === "i64") };
    if (e.op === "floor" || e.op === "ceil" || e.op === "round" || e.op === "trunc") return a;
    throw new Error(`${e.op} of ${e.a.dtype}: the front end casts first`);
  }
  if (e.op === "sign") return call(a.maybeNan ? names.call("sign_nan") : "sign");
  const builtin = BUILTIN[e.op];
  return builtin === undefined
    ? { ...call(names.call(HELPER[e.op] ?? e.op)), maybeNan: true }
    : { ...call(builtin), maybeNan: a.maybeNan || e.op === "sqrt" };
}

/** Functions of wgslFunctions.ts for what the language has too imprecisely, or not at all. */
const HELPER: Partial<Record<UnaryOp, string>> = {
  exp: "precise_exp",
  exp2: "precise_exp2",
  expm1: "expm1",
  log: "precise_log",
  log2: "precise_log2",
  log10: "precise_log10",
  log1p: "log1p",
  rsqrt: "rsqrt",
  sin: "precise_sin",
  cos: "precise_cos",
  tan: "precise_tan",
  asin: "precise_asin",
  acos: "precise_acos",
  atan: "precise_atan",
  sinh: "precise_sinh",
  cosh: "precise_cosh",
  tanh: "precise_tanh",
  sigmoid: "sigmoid",
  erf: "erf",
};

export function emitBinary(e: Binary, get: Get, { names, exact }: Context): Piece {
  const type = wgslType(e.a.dtype);
  const [a, b] = [e.a, e.b].map((x) => inRange(x, isComparison(e.op) && type === "i32", names) ?? get(x)) as [Piece, Piece];
  switch (type) {
    case "bool":
      return emitBool(e.op, a, b);
    case "i32":
      return emitInt(e, a, b, names);
    case "f32":
      return emitFloat(e, a, b, names, exact.has(e));
  }
}

/** A literal beyond 32 bits compares as the largest that fits: the same answer for every index there is. */
function inRange(x: Expr, compared: boolean, names: Names): Piece | null {
  if (!compared || x.kind !== "const" || x.value === (x.value | 0)) return null;
  return { ...primary(names.scalar("i32", x.value > 0 ? 0x7fff_ffff : -0x8000_0000)), nonNegative: x.value > 0 };
}

function emitBool(op: BinaryOp, a: Piece, b: Piece): Piece {
  const not = (p: Piece): Piece => ({ ...primary(`!${within(p, UNARY)}`), level: UNARY });
  switch (op) {
    case "and":
    case "mul":
    case "min":
    case "fmin":
      return infix("and", a, b);
    case "or":
    case "add":
    case "max":
    case "fmax":
      return infix("or", a, b);
    case "xor":
    case "ne":
      return infix("ne", a, b);
    case "eq":
      return infix("eq", a, b);
    case "lt":
      return infix("and", not(a), b);
    case "le":
      return infix("or", not(a), b);
    case "gt":
      return infix("and", a, not(b));
    case "ge":
      return infix("or", a, not(b));
    default:
      throw new Error(`${op} of bool: the front end casts first`);
  }
}

function emitInt(e: Binary, a: Piece, b: Piece, names: Names): Piece {
  const both = a.nonNegative && b.nonNegative;
  const call = (name: string, nonNegative = false): Piece => ({ ...primary(`${name}(${list(a, b)})`), nonNegative });
  // A divisor is known to be positive when it is a literal above zero: its sign is the text's business.
  const literal = e.b.kind === "const" ? Math.sign(e.b.value) : 0;
  switch (e.op) {
    case "add":
    case "mul":
      // An i64 that leaves 32 bits is a loss anyway; an i32 may wrap on purpose.
      return { ...infix(e.op, a, b), nonNegative: both && e.dtype === "i64" };
    case "floordiv":
      if (a.nonNegative && literal > 0)
        return { text: `${within(a, PRODUCT)} / ${within(b, UNARY)}`, level: PRODUCT, nonNegative: true, maybeNan: false };
      return call(names.call(literal > 0 ? "floor_div_positive" : "floor_div"), both);
    case "floormod":
      if (a.nonNegative && literal > 0)
        return { text: `${within(a, PRODUCT)} % ${within(b, UNARY)}`, level: PRODUCT, nonNegative: true, maybeNan: false };
      return call(names.call(literal > 0 ? "floor_mod_positive" : "floor_mod"), b.nonNegative);
    case "truncdiv":
      if (literal === 0) return call(names.call("trunc_div"), both);
      return { text: `${within(a, PRODUCT)} / ${within(b, UNARY)}`, level: PRODUCT, nonNegative: both, maybeNan: false };
    case "fmod":
      if (isZero(e.b)) return call(names.call("trunc_mod"));
      return { text: `${within(a, PRODUCT)} % ${within(b, UNARY)}`, level: PRODUCT, nonNegative: a.nonNegative, maybeNan: false };
    case "pow":
      return call(names.call("int_pow"), both && e.dtype === "i64");
    case "min":
    case "fmin":
      return call("min", both);
    case "max":
    case "fmax":
      return call("max", a.nonNegative || b.nonNegative);
    case "and":
      return { ...infix("and", a, b), nonNegative: a.nonNegative || b.nonNegative };
    case "or":
    case "xor":
      return { ...infix(e.op, a, b), nonNegative: both };
    case "shl":
      return call(names.call("shift_left"));
    case "shr":
      return { ...call(names.call("shift_right")), nonNegative: a.nonNegative };
    default:
      if (e.op === "sub" || isComparison(e.op)) return infix(e.op, a, b);
      throw new Error(`${e.op} of ${e.a.dtype}: the front end casts first`);
  }
}

function emitFloat(e: Binary, a: Piece, b: Piece, names: Names, exact: boolean): Piece {
  const call = (name: string, maybeNan = true): Piece => ({ ...primary(`${name}(${list(a, b)})`), maybeNan });
  const nan = a.maybeNan || b.maybeNan;
  switch (e.op) {
    case "min":
    case "max":
      return call(nan ? names.call(`${e.op}_nan`) : e.op, nan);
    case "fmin":
    case "fmax":
      return call(nan ? names.call(`${e.op.slice(1)}_number`) : e.op.slice(1), nan);
    case "floordiv":
      return call(names.call("floor_div_f32"));
    case "truncdiv":
      return call(names.call("trunc_div_f32"));
    case "floormod":
      return call(names.call("floor_mod_f32"));
    case "fmod":
      return call(names.call("fmod_f32"));
    case "pow":
      return call(names.call("precise_pow"));
    case "atan2":
      return call(names.call("precise_atan2"));
    case "hypot":
      return call(names.call("hypot"));
    case "eq":
      return compareInfinity(e, a, b) ?? infix("eq", a, b);
    case "ne":
      // Compilers take WGSL's != for an ordered comparison, by which nan is not unequal to nan.
      return compareInfinity(e, a, b) ?? (nan ? { ...primary(`!(${infix("eq", a, b).text})`), level: UNARY } : infix("ne", a, b));
    case "mul":
    case "div": {
      // A product with a literal 0.0 is simplified to 0.0 by compilers, nan or not: the zero comes as data.
      const [x, y] = [e.a, e.b].map((operand, i) => (isZero(operand) ? primary(names.scalar("f32", operand.value)) : i === 0 ? a : b)) as [
        Piece,
        Piece,
      ];
      if (e.op === "div" && exact) return primary(`${names.call("divide")}(${list(x, y)})`);
      return infix(e.op, x, y);
    }
    case "add":
    case "sub":
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return infix(e.op, a, b);
    default:
      throw new Error(`${e.op} of ${e.a.dtype}: refused by the front end`);
  }
}

export const isZero = (e: Expr): e is Const => e.kind === "const" && e.value === 0;

/** `x == -inf`: true for whatever stands for it, the sentinel and beyond. */
function compareInfinity(e: Binary, a: Piece, b: Piece): Piece | null {
  const [literal, other] = e.b.kind === "const" ? [e.b.value, a] : e.a.kind === "const" ? [e.a.value, b] : [0, a];
  if (Math.abs(literal) !== Number.POSITIVE_INFINITY) return null;
  const name = literal > 0 ? "POS_INF" : "NEG_INF";
  const test = infix(literal > 0 ? "ge" : "le", other, primary(name));
  return e.op === "eq" ? test : { ...primary(`!(${test.text})`), level: UNARY };
}

export function emitCast(e: Cast, a: Piece, names: Names): Piece {
  const from = wgslType(e.a.dtype);
  const to = wgslType(e.dtype);
  const narrow = NARROW[e.dtype];
  const narrowed = (p: Piece): Piece =>
    narrow === undefined || widens(e.a.dtype, e.dtype)
      ? p
      : { ...primary(`${names.call(narrow)}(${p.text})`), nonNegative: e.dtype === "u8", maybeNan: p.maybeNan };
  if (to === "bool") return from === "bool" ? a : truthOf(a, from);
  if (from === to) return narrowed(a);
  if (to === "i32" && from === "bool") return narrowed({ ...primary(`i32(${a.text})`), nonNegative: true });
  if (to === "i32") return narrowed(primary(`${names.call(e.dtype === "i64" ? "truncate_i64" : "truncate_i32")}(${a.text})`));
  return narrowed({ ...primary(`f32(${a.text})`), maybeNan: false });
}

/** `a != 0`; nan is true, which WGSL's != leaves to the compiler. */
export function truthOf(a: Piece, type: "i32" | "f32"): Piece {
  if (type === "i32") return { ...infix("ne", a, primary("0")), maybeNan: false };
  if (!a.maybeNan) return { ...infix("ne", a, primary("0.0")), maybeNan: false };
  return { ...primary(`!(${infix("eq", a, primary("0.0")).text})`), level: UNARY, maybeNan: false };
}

/** True where every value of `from` is one of `to`. */
function widens(from: DType, to: DType): boolean {
  const wider: Partial<Record<DType, readonly DType[]>> = {
    bool: ["u8", "i8", "i16", "f16", "bf16"],
    u8: ["i16", "f16", "bf16"],
    i8: ["i16", "f16", "bf16"],
  };
  return wider[from]?.includes(to) ?? false;
}
