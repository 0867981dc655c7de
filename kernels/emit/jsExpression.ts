/**
 * One node of an expression → JavaScript text with exactly the IR's meaning: booleans as booleans, everything else as
 * numbers rounded or wrapped to their dtype. Where the interval of a node proves it safe, integers are kept on the
 * engine's 32-bit paths (`|0`, `Math.imul`, shifts) and corrections for negative operands or indices are left out.
 * An i64 that may lie beyond 2^53 is a bigint there, as in the interpreter, and only the interpreter's functions touch it.
 * What is rare calls the interpreter's own definition. No text of the user gets in: captures and helpers are numbered.
 */
import { fitsInt, type Interval } from "../analysis/arithmetic.ts";
import type { Binary, Cast, Const, Expr, Load, Unary } from "../ir/expr.ts";
import { applyBinary, applyUnary, wrapIndex } from "../ir/interpret.ts";
import type { Capture } from "../ir/mod.ts";
import { roundBf16, roundF16, roundHalfEven } from "../ir/number.ts";
import { type BinaryOp, type DType, isFloat, type UnaryOp } from "../ir/ops.ts";
import { convert, type Exact, exactly } from "../ir/wide.ts";

/** What the text of a node leans on. */
export interface Surroundings {
  /** Text of a child: its name, or the child written in place. */
  readonly ref: (e: Expr) => string;
  readonly interval: (e: Expr) => Interval;
  /** Name under which the emitted function sees a capture's data. */
  readonly capture: (capture: Capture) => string;
  /** Name under which it sees a helper function. */
  readonly helper: (key: string, make: () => (...args: Exact[]) => Exact) => string;
}

const isInt32 = (i: Interval): boolean => i.min >= -(2 ** 31) && i.max <= 2 ** 31 - 1;
/** An i64 that a JavaScript number may not hold: where the value is so, it is a bigint. */
const isWide = (dtype: DType, i: Interval): boolean => dtype === "i64" && !fitsInt(i.min, i.max, "i64");
const isPoint = (i: Interval): boolean => i.min === i.max;

/** JavaScript text of `e`, in parentheses where it is more than a name or a call. */
export function jsExpression(e: Expr, env: Surroundings): string {
  switch (e.kind) {
    case "const":
      return jsConst(e);
    case "var":
      return { b: "b", h: "h", q_idx: "q", kv_idx: "k", score: "s" }[e.name];
    case "load":
      return jsLoad(e, env);
    case "unary":
      return jsUnary(e, env);
    case "binary":
      return e.a.dtype === "bool" ? jsBoolBinary(e, env) : isFloat(e.a.dtype) ? jsFloatBinary(e, env) : jsIntBinary(e, env);
    case "where":
      return `(${env.ref(e.cond)} ? ${env.ref(e.a)} : ${env.ref(e.b)})`;
    case "cast":
      return jsCast(e, env);
  }
}

function jsConst(e: Const): string {
  if (e.dtype === "bool") return e.value !== 0 ? "true" : "false";
  const text = Object.is(e.value, -0) ? "-0" : String(e.value);
  return text.startsWith("-") ? `(${text})` : text;
}

/** A child as a number, whatever its dtype. */
const number = (e: Expr, env: Surroundings): string => (e.dtype === "bool" ? `(${env.ref(e)} ? 1 : 0)` : env.ref(e));

function jsLoad(e: Load, env: Surroundings): string {
  const { capture } = e;
  if (capture.data.length === 0) return e.dtype === "bool" ? "false" : "0";
  // Row-major: each index times the size of all dimensions after it.
  const position = e.indices.map((index, d) => {
    const stride = capture.shape.slice(d + 1).reduce((n, size) => n * size, 1);
    const here = jsIndex(index, capture.shape[d] ?? 1, env);
    return stride === 1 ? here : `${here} * ${stride}`;
  });
  const value = `${env.capture(capture)}[${position.length === 0 ? "0" : position.join(" + ")}]`;
  if (isWide(e.dtype, env.interval(e))) return `${env.helper("exactly", () => (x) => exactly(Number(x)))}(${value})`;
  return e.dtype === "bool" ? `(${value} !== 0)` : value;
}

function jsIndex(index: Expr, size: number, env: Surroundings): string {
  const { min, max } = env.interval(index);
  const text = env.ref(index);
  if (min >= 0 && max < size) return text;
  if (min >= 0 && fitsInt(min, max, "i64")) return `Math.min(${text}, ${size - 1})`;
  return `${env.helper("wrapIndex", () => (x, n) => wrapIndex(Number(x), Number(n)))}(${text}, ${size})`;
}

/** Rounds a float result to `dtype`. */
function rounded(text: string, dtype: DType, env: Surroundings): string {
  if (dtype === "f64") return text;
  if (dtype === "f32") return `Math.fround(${text})`;
  const round = dtype === "f16" ? roundF16 : roundBf16;
  return `${env.helper(`round ${dtype}`, () => (x) => round(Number(x)))}(${text})`;
}

/** Wraps an exact integer result to `dtype`; [min, max] holds it. */
function wrapped(text: string, min: number, max: number, dtype: DType): string {
  if (fitsInt(min, max, dtype)) return text;
  const exact = Math.max(-min, max) <= Number.MAX_SAFE_INTEGER;
  if (dtype === "i64" || !exact) throw new Error("a wide result is the interpreter's to compute");
  switch (dtype) {
    case "u8":
      return `(${text} & 255)`;
    case "i8":
      return `(${text} << 24 >> 24)`;
    case "i16":
      return `(${text} << 16 >> 16)`;
    default:
      return `(${text} | 0)`;
  }
}

function slowUnary(op: UnaryOp, dtype: DType, text: string, env: Surroundings): string {
  return `${env.helper(
    `${op} ${dtype}`,
    () =>
      (x = 0) =>
        applyUnary(op, x, dtype),
  )}(${text})`;
}

function slowBinary(op: BinaryOp, dtype: DType, a: string, b: string, env: Surroundings): string {
  return `${env.helper(
    `${op} ${dtype}`,
    () =>
      (x = 0, y = 0) =>
        applyBinary(op, x, y, dtype),
  )}(${a}, ${b})`;
}

/** Unary operators that are one function of Math, then rounded. */
const MATH: ReadonlySet<UnaryOp> = new Set<UnaryOp>([
  ...(["exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"] as const),
  ...(["sinh", "cosh", "tanh"] as const),
]);

function jsUnary(e: Unary, env: Surroundings): string {
  const dtype = e.a.dtype;
  const text = number(e.a, env);
  const { min, max } = env.interval(e.a);
  if (dtype === "bool") {
    if (e.op === "not") return `!${env.ref(e.a)}`;
    if (e.op === "isnan" || e.op === "isinf") return "false";
    return `(${slowUnary(e.op, dtype, text, env)} !== 0)`;
  }
  const whole = !isFloat(dtype);
  if (isWide(dtype, { min, max })) return slowUnary(e.op, dtype, text, env);
  switch (e.op) {
    case "isnan":
      return whole ? "false" : `Number.isNaN(${text})`;
    case "isinf":
      return whole ? "false" : `(Math.abs(${text}) === Infinity)`;
    case "neg":
      return whole ? wrapped(`(0 - ${text})`, -max, -min, dtype) : `(-${text})`;
    case "abs":
      return whole ? wrapped(`Math.abs(${text})`, 0, Math.max(-min, max), dtype) : `Math.abs(${text})`;
    case "not":
      return isInt32({ min, max }) && dtype !== "u8" ? `(~${text})` : slowUnary(e.op, dtype, text, env);
    case "floor":
    case "ceil":
    case "trunc":
      return whole ? text : `Math.${e.op}(${text})`;
    case "round":
      return whole ? text : `${env.helper("roundHalfEven", () => (x) => roundHalfEven(Number(x)))}(${text})`;
    case "sign":
      return whole ? `Math.sign(${text})` : slowUnary(e.op, dtype, text, env);
    case "exp2":
      return rounded(`(2 ** ${text})`, dtype, env);
    case "rsqrt":
      return rounded(`(1 / Math.sqrt(${text}))`, dtype, env);
    case "sigmoid":
      return rounded(`(1 / (1 + Math.exp(-${text})))`, dtype, env);
    default:
      return MATH.has(e.op) && !whole ? rounded(`Math.${e.op}(${text})`, dtype, env) : slowUnary(e.op, dtype, text, env);
  }
}

const COMPARE: Readonly<Partial<Record<BinaryOp, string>>> = { eq: "===", ne: "!==", lt: "<", le: "<=", gt: ">", ge: ">=" };
const BITS: Readonly<Partial<Record<BinaryOp, string>>> = { and: "&", or: "|", xor: "^" };

function jsBoolBinary(e: Binary, env: Surroundings): string {
  const a = env.ref(e.a);
  const b = env.ref(e.b);
  switch (e.op) {
    // Both sides are pure and total: whether the right one is evaluated cannot be seen.
    case "and":
    case "mul":
    case "min":
    case "fmin":
      return `(${a} && ${b})`;
    case "or":
    case "add":
    case "max":
    case "fmax":
      return `(${a} || ${b})`;
    case "xor":
    case "ne":
      return `(${a} !== ${b})`;
    case "eq":
      return `(${a} === ${b})`;
    default: {
      const symbol = COMPARE[e.op];
      if (symbol !== undefined) return `(${number(e.a, env)} ${symbol} ${number(e.b, env)})`;
      return `(${slowBinary(e.op, "bool", number(e.a, env), number(e.b, env), env)} !== 0)`;
    }
  }
}

const ARITHMETIC: Readonly<Partial<Record<BinaryOp, string>>> = { add: "+", sub: "-", mul: "*", div: "/" };

function jsFloatBinary(e: Binary, env: Surroundings): string {
  const a = env.ref(e.a);
  const b = env.ref(e.b);
  const compare = COMPARE[e.op];
  if (compare !== undefined) return `(${a} ${compare} ${b})`;
  const symbol = ARITHMETIC[e.op];
  if (symbol !== undefined) return rounded(`(${a} ${symbol} ${b})`, e.dtype, env);
  switch (e.op) {
    case "min":
    case "max":
      return `Math.${e.op}(${a}, ${b})`;
    case "atan2":
    case "hypot":
      return rounded(`Math.${e.op}(${a}, ${b})`, e.dtype, env);
    case "pow":
      // Of an infinite exponent and of nan C's power is another than JavaScript's.
      if (e.b.kind === "const" && Number.isFinite(e.b.value)) return rounded(`(${a} ** ${b})`, e.dtype, env);
      return slowBinary(e.op, e.dtype, a, b, env);
    default:
      return slowBinary(e.op, e.dtype, a, b, env);
  }
}

function jsIntBinary(e: Binary, env: Surroundings): string {
  const { op, dtype } = e;
  const operandType = e.a.dtype;
  const a = env.ref(e.a);
  const b = env.ref(e.b);
  const compare = COMPARE[op];
  if (compare !== undefined) return `(${a} ${compare} ${b})`;
  const ia = env.interval(e.a);
  const ib = env.interval(e.b);
  const small = isInt32(ia) && isInt32(ib);
  const slow = (): string => slowBinary(op, operandType, a, b, env);
  if (isWide(operandType, ia) || isWide(operandType, ib)) return slow();
  const safe = (min: number, max: number): boolean => fitsInt(min, max, "i64");
  switch (op) {
    case "add":
      return safe(ia.min + ib.min, ia.max + ib.max) ? wrapped(`(${a} + ${b})`, ia.min + ib.min, ia.max + ib.max, dtype) : slow();
    case "sub":
      return safe(ia.min - ib.max, ia.max - ib.min) ? wrapped(`(${a} - ${b})`, ia.min - ib.max, ia.max - ib.min, dtype) : slow();
    case "mul": {
      const ends = [ia.min * ib.min, ia.min * ib.max, ia.max * ib.min, ia.max * ib.max];
      const min = Math.min(...ends);
      const max = Math.max(...ends);
      if (small && isInt32({ min, max })) return wrapped(`Math.imul(${a}, ${b})`, min, max, dtype);
      // `+ 0` makes a -0 a 0: integers have none.
      return safe(min, max) ? wrapped(`(${a} * ${b} + 0)`, min, max, dtype) : slow();
    }
    case "min":
    case "fmin":
      return `Math.min(${a}, ${b})`;
    case "max":
    case "fmax":
      return `Math.max(${a}, ${b})`;
    case "and":
    case "or":
    case "xor":
      return small ? `(${a} ${BITS[op]} ${b})` : slow();
    case "shl": {
      const fits = small && ib.min >= 0 && ib.max <= 31 && ia.max * 2 ** ib.max < 2 ** 31 && ia.min * 2 ** ib.max >= -(2 ** 31);
      return fits && fitsInt(ia.min * 2 ** ib.max, ia.max * 2 ** ib.max, dtype) ? `(${a} << ${b})` : slow();
    }
    case "shr":
      return small && ib.min >= 0 && ib.max <= 31 ? `(${a} >> ${b})` : slow();
    case "floordiv":
    case "floormod":
    case "truncdiv":
    case "fmod":
      return small && isPoint(ib) && ib.min > 0 ? jsDivide(op, a, ib.min, ia, env) : slow();
    default:
      return slow();
  }
}

/** Division of a 32-bit integer by a positive constant. */
function jsDivide(op: "floordiv" | "floormod" | "truncdiv" | "fmod", a: string, by: number, ia: Interval, env: Surroundings): string {
  const log = 31 - Math.clz32(by);
  const powerOfTwo = 1 << log === by;
  switch (op) {
    case "floordiv":
      if (powerOfTwo) return `(${a} >> ${log})`;
      return ia.min >= 0 ? `(${a} / ${by} | 0)` : `Math.floor(${a} / ${by})`;
    case "floormod":
      if (powerOfTwo) return `(${a} & ${by - 1})`;
      return ia.min >= 0 ? `(${a} % ${by})` : `${env.helper("floorModPositive", () => floorModPositive)}(${a}, ${by})`;
    case "truncdiv":
      return `(${a} / ${by} | 0)`;
    case "fmod":
      return `(${a} % ${by} | 0)`;
  }
}

/** Python's modulo of a 32-bit integer by a positive one. */
function floorModPositive(x: Exact = 0, y: Exact = 1): number {
  const r = (Number(x) % Number(y)) | 0;
  return r < 0 ? r + Number(y) : r;
}

function jsCast(e: Cast, env: Surroundings): string {
  const from = e.a.dtype;
  const text = number(e.a, env);
  const i = env.interval(e.a);
  if (e.dtype === "bool") return `(${text} !== 0)`;
  const slow = (): string =>
    `${env.helper(
      `${from} to ${e.dtype}`,
      () =>
        (x = 0) =>
          convert(x, from, e.dtype),
    )}(${text})`;
  if (isWide(from, i)) return slow();
  if (isFloat(e.dtype)) return rounded(text, e.dtype, env);
  if (!isFloat(from)) return wrapped(text, i.min, i.max, e.dtype);
  if (isInt32(i)) return wrapped(`(${text} | 0)`, Math.trunc(i.min), Math.trunc(i.max), e.dtype);
  return slow();
}
