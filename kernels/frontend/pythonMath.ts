/** Python's `math`, and the scalar functions and ranges of numpy that factories call. */

import type { UnaryOp } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import { derived, resolve } from "./pythonArithmetic.ts";
import { itemOf, settled } from "./tensor.ts";
import type { At } from "./torchElement.ts";
import { floatUnary } from "./torchElement.ts";
import { bigInt, bool, type Call, float, int, isScalar, isTensor, numberOf, refuse, tuple, type Value } from "./value.ts";

type Handler = (call: Call, at: At) => Value;

/** Arguments as numbers; null where one is unknown outside a mod. */
function numbers(call: Call): number[] | null {
  const out: number[] = [];
  for (const v of call.args) {
    const k = resolve(call.run, v, { kind: "scalar" }, call.span);
    if (k.type === "unknown") return null;
    const one = isTensor(k) ? settled(k) : null;
    if (k.type === "dynamic" && one === null) refuse("item-of-tensor", call.span, [call.run.text(call.span)]);
    if (isScalar(k)) out.push(numberOf(k));
    else if (one !== null) out.push(itemOf(one));
    else refuse("operand-types", call.span, [call.run.text(call.span), `${describe(k)} is no number`]);
  }
  return out;
}

function scalar(f: (...xs: number[]) => number, result: (x: number) => Value): Handler {
  return (call) => {
    const xs = numbers(call);
    if (xs === null) {
      const hole = call.args.find((v) => v.type === "unknown");
      return hole?.type === "unknown" ? derived(hole) : float(Number.NaN);
    }
    const x = f(...xs);
    if (Number.isNaN(x) && !xs.some(Number.isNaN))
      refuse("operand-types", call.span, [call.run.text(call.span), "the value is outside the function's domain"]);
    return result(x);
  };
}

const whole = (x: number): Value => (Number.isSafeInteger(x) ? int(x + 0) : Number.isFinite(x) ? bigInt(BigInt(x)) : float(x));
const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

const FLOATS: Readonly<Record<string, (...xs: number[]) => number>> = {
  sqrt: (x = 0) => Math.sqrt(x),
  exp: (x = 0) => Math.exp(x),
  exp2: (x = 0) => 2 ** x,
  expm1: (x = 0) => Math.expm1(x),
  log: (x = 0, base) => (x <= 0 ? Number.NaN : base === undefined ? Math.log(x) : Math.log(x) / Math.log(base)),
  log2: (x = 0) => (x <= 0 ? Number.NaN : Math.log2(x)),
  log10: (x = 0) => (x <= 0 ? Number.NaN : Math.log10(x)),
  log1p: (x = 0) => Math.log1p(x),
  pow: (x = 0, y = 0) => x ** y,
  cbrt: (x = 0) => Math.cbrt(x),
  ldexp: (x = 0, n = 0) => x * 2 ** n,
  asinh: (x = 0) => Math.asinh(x),
  acosh: (x = 0) => Math.acosh(x),
  atanh: (x = 0) => Math.atanh(x),
  sin: (x = 0) => Math.sin(x),
  cos: (x = 0) => Math.cos(x),
  tan: (x = 0) => Math.tan(x),
  asin: (x = 0) => Math.asin(x),
  acos: (x = 0) => Math.acos(x),
  atan: (x = 0) => Math.atan(x),
  atan2: (y = 0, x = 0) => Math.atan2(y, x),
  sinh: (x = 0) => Math.sinh(x),
  cosh: (x = 0) => Math.cosh(x),
  tanh: (x = 0) => Math.tanh(x),
  fabs: (x = 0) => Math.abs(x),
  fmod: (x = 0, y = 1) => x % y,
  hypot: (...xs) => Math.hypot(...xs),
  copysign: (x = 0, y = 0) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x)),
  radians: (x = 0) => (x * Math.PI) / 180,
  degrees: (x = 0) => (x * 180) / Math.PI,
};
const INTS: Readonly<Record<string, (...xs: number[]) => number>> = {
  floor: (x = 0) => Math.floor(x),
  ceil: (x = 0) => Math.ceil(x),
  trunc: (x = 0) => Math.trunc(x),
  gcd: (a = 0, b = 0) => gcd(a, b),
  lcm: (a = 1, b = 1) => Math.abs(a * b) / Math.max(1, gcd(a, b)),
  perm: (n = 0, k = n) => Array.from({ length: Math.min(k, 1000) }, (_, i) => n - i).reduce((p, q) => p * q, 1),
  isqrt: (x = 0) => Math.floor(Math.sqrt(x)),
  factorial: (n = 0) => Array.from({ length: Math.min(170, n) }, (_, i) => i + 1).reduce((p, k) => p * k, 1),
  comb: (n = 0, k = 0) => Math.round(Array.from({ length: Math.min(k, 1000) }, (_, i) => (n - i) / (i + 1)).reduce((p, q) => p * q, 1)),
};
const TESTS: Readonly<Record<string, (x: number) => boolean>> = {
  isnan: Number.isNaN,
  isinf: (x) => Math.abs(x) === Number.POSITIVE_INFINITY,
  isfinite: Number.isFinite,
};

/** The numbers of a list or tuple; null where one is none. */
function listed(v: Value | undefined): number[] | null {
  if (v?.type !== "list" && v?.type !== "tuple") return null;
  const out = v.items.flatMap((x) => (isScalar(x) ? [numberOf(x)] : []));
  return out.length === v.items.length ? out : null;
}
const needsNumbers = (call: Call): never =>
  refuse("operand-types", call.span, [call.run.text(call.span), "lists of numbers are asked for"]);

/** A sum without rounding in between (Shewchuk), as Python's `fsum`. */
function exactSum(xs: readonly number[]): number {
  const partials: number[] = [];
  for (const given of xs) {
    let x = given;
    let n = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) partials[n++] = low;
      x = high;
    }
    partials.length = n;
    partials.push(x);
  }
  return partials.reduce((a, b) => a + b, 0);
}

const handlers: Record<string, Handler> = {
  fsum: (call) => float(exactSum(listed(call.args[0]) ?? needsNumbers(call))),
  dist: (call) => {
    const [p, q] = [listed(call.args[0]) ?? needsNumbers(call), listed(call.args[1]) ?? needsNumbers(call)];
    return float(Math.hypot(...p.map((x, i) => x - (q[i] ?? 0))));
  },
  modf: (call) => {
    const [x = 0] = numbers(call) ?? [];
    return tuple([float(x % 1), float(Math.trunc(x))]);
  },
  frexp: (call) => {
    const [x = 0] = numbers(call) ?? [];
    const exponent = x === 0 || !Number.isFinite(x) ? 0 : Math.floor(Math.log2(Math.abs(x))) + 1;
    return tuple([float(x / 2 ** exponent), int(exponent)]);
  },
  prod: (call, at) => {
    const v = call.args[0];
    const items = v?.type === "list" || v?.type === "tuple" ? v.items : [];
    at.run.step(at.span, 1 + items.length);
    const product = items.reduce((p, x) => p * (isScalar(x) ? numberOf(x) : Number.NaN), 1);
    return items.some((x) => x.type === "float") ? float(product) : whole(product);
  },
  isclose: scalar(
    (a = 0, b = 0) => (Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) ? 1 : 0),
    (x) => bool(x === 1),
  ),
};
for (const [name, f] of Object.entries(FLOATS)) handlers[name] = scalar(f, float);
for (const [name, f] of Object.entries(INTS)) handlers[name] = scalar(f, whole);
for (const [name, f] of Object.entries(TESTS))
  handlers[name] = scalar(
    (x = 0) => (f(x) ? 1 : 0),
    (x) => bool(x === 1),
  );

/** numpy's functions of one number; of an array they are torch's. */
const numpy: Record<string, Handler> = {};
for (const name of ["sqrt", "exp", "exp2", "log", "log2", "log10", "log1p", "sin", "cos", "tanh"] as const satisfies readonly UnaryOp[]) {
  const plain = handlers[name];
  numpy[name] = (call, at) => {
    const [x] = call.args;
    if (x !== undefined && isTensor(x)) return floatUnary(at, name, x);
    return plain === undefined ? float(Number.NaN) : plain(call, at);
  };
}
for (const name of ["floor", "ceil"]) {
  const f = INTS[name];
  if (f !== undefined) numpy[name] = scalar(f, float);
}

/** The tables of `math` and of numpy's functions of one number. */
export const mathTable: {
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly numpy: Readonly<Record<string, Handler>>;
  readonly values: Readonly<Record<string, Value>>;
} = {
  handlers,
  numpy,
  values: {
    inf: float(Number.POSITIVE_INFINITY),
    nan: float(Number.NaN),
    pi: float(Math.PI),
    e: float(Math.E),
    tau: float(2 * Math.PI),
  },
};
