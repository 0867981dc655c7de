/**
 * Python's arithmetic over values. Tensors go to torchElement.ts, objects to their methods (`__add__`, …), what is
 * unknown stays so until a mod needs it.
 */
import type { Span } from "../ir/mod.ts";
import { describe } from "./describe.ts";
import { quote } from "./diagnosticRow.ts";
import { arrayBinary, asArray, isArray, isNumpyPair } from "./numpyArray.ts";
import { lookupClass } from "./pythonClass.ts";
import { percentFormat } from "./pythonText.ts";
import type { BinOperator, UnaryOp } from "./syntax.ts";
import { type At, tensorBinary, tensorUnary } from "./torchElement.ts";
import { matmul } from "./torchReduce.ts";
import {
  bigInt,
  bool,
  float,
  int,
  isScalar,
  isTensor,
  list,
  NO_KWARGS,
  numberOf,
  Refusal,
  type Run,
  refuse,
  type Scalar,
  str,
  tuple,
  type Unknown,
  type UnknownUse,
  unknown,
  type Value,
} from "./value.ts";

/** `v`, or the value that stands for it where it is unknown. While a mod is traced an unknown is a fault. @throws Refusal */
export function resolve(run: Run, v: Value, use: UnknownUse, span: Span): Value {
  if (v.type === "instance" && v.class.isScalar === true) return v.attributes.get("value") ?? v;
  if (v.type !== "unknown") return v;
  if (run.trace === null) return v;
  return run.supply(v, use, span) ?? refuseUnknown(run, v, span);
}

/** @throws Refusal always: why `v` is not known, at its cause where that is a fault of the text. */
export function refuseUnknown(run: Run, v: Unknown, span: Span): never {
  if (v.fault !== null) throw new Refusal(v.fault);
  if (v.module !== null) refuse("module-not-found", span, [v.name ?? run.text(span), v.module, v.cause]);
  return refuse("unknown-value", span, [v.name ?? run.text(span), v.cause]);
}

/** What is computed from an unknown: unknown for the same cause. */
export const derived = (v: Unknown): Unknown =>
  unknown(v.cause, { ...(v.module === null ? {} : { module: v.module }), ...(v.fault === null ? {} : { fault: v.fault }) });

/** Used as a number or a flag. */
export const SCALAR: UnknownUse = { kind: "scalar" };

const DUNDER: Readonly<Record<BinOperator, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "truediv",
  "//": "floordiv",
  "%": "mod",
  "**": "pow",
  "@": "matmul",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "lshift",
  ">>": "rshift",
};

/** `a op b`. @throws Refusal */
export function binaryOperation(at: At, op: BinOperator, left: Value, right: Value): Value {
  // Flags stay flags: their operators go before the numbers that they stand for.
  const flags = left.type === "instance" && left.class.isScalar === true ? lookupClass(left.class, `__${DUNDER[op]}__`) : null;
  if (flags !== null) return at.run.call(flags, [left, right], NO_KWARGS, at.span);
  const a = resolve(at.run, left, SCALAR, at.span);
  const b = resolve(at.run, right, SCALAR, at.span);
  if (a.type === "unknown") return derived(a);
  if (b.type === "unknown") return derived(b);
  if (isNumpyPair(a, b)) return arrayBinary(at, op, a, b);
  if (isTensor(a) || isTensor(b)) {
    if ((isTensor(a) || isScalar(a)) && (isTensor(b) || isScalar(b))) {
      if (op === "@" && isTensor(a) && isTensor(b)) return matmul(at, a, b);
      if (op !== "@") return tensorBinary(at, op, a, b);
    }
    return badOperands(at, op, a, b);
  }
  if (isScalar(a) && isScalar(b) && op !== "@") return scalarBinary(at, op, a, b);
  if (a.type === "instance" || b.type === "instance") {
    const own = a.type === "instance" ? lookupClass(a.class, `__${DUNDER[op]}__`) : null;
    if (own !== null) return at.run.call(own, [a, b], NO_KWARGS, at.span);
    const reflected = b.type === "instance" ? lookupClass(b.class, `__r${DUNDER[op]}__`) : null;
    if (reflected !== null) return at.run.call(reflected, [b, a], NO_KWARGS, at.span);
  }
  return containerBinary(at, op, a, b) ?? badOperands(at, op, a, b);
}

/** @throws Refusal always: the two do not go with `op`. */
export function badOperands(at: At, op: string, a: Value, b: Value): never {
  return refuse("operand-types", at.span, [at.run.text(at.span), `\`${op}\` does not take ${describe(a)} and ${describe(b)}`]);
}

/** Of a string, list or tuple; 0 for anything else. */
const lengthOf = (v: Value): number => (v.type === "str" ? v.value.length : v.type === "list" || v.type === "tuple" ? v.items.length : 0);

/** The classes of a union's part: `int`, `None`, another union. Null for what is no class. */
function classesOf(v: Value): readonly Value[] | null {
  if (v.type === "class" || v.type === "builtin" || v.type === "none") return [v];
  return v.type === "tuple" && v.items.length > 1 && v.items.every((i) => i.type === "class" || i.type === "builtin" || i.type === "none")
    ? v.items
    : null;
}

function containerBinary(at: At, op: BinOperator, a: Value, b: Value): Value | null {
  // `int | None`: like the tuple of its classes, for `isinstance` and annotations.
  const [some, more] = op === "|" && (a.type !== "none" || b.type !== "none") ? [classesOf(a), classesOf(b)] : [null, null];
  if (some !== null && more !== null) return tuple([...some, ...more]);
  if (op === "+") {
    const length = lengthOf(a) + lengthOf(b);
    if (length > 1e6) refuse("too-large", at.span, [`\`${at.run.text(at.span)}\``]);
    if (length > 16) at.run.step(at.span, length / 16);
    if (a.type === "str" && b.type === "str") return str(a.value + b.value);
    if (a.type === "list" && b.type === "list") return list([...a.items, ...b.items]);
    if (a.type === "tuple" && b.type === "tuple") return tuple([...a.items, ...b.items]);
  }
  if (op === "*" && (isScalar(a) || isScalar(b))) {
    const [times, what] = isScalar(a) ? [a, b] : [b, a];
    const n = isScalar(times) ? Math.max(0, numberOf(times)) : 0;
    if (what.type === "str" || what.type === "list" || what.type === "tuple") {
      const length = what.type === "str" ? what.value.length : what.items.length;
      if (n * length > 1e6) refuse("too-large", at.span, [`\`${at.run.text(at.span)}\``]);
      at.run.step(at.span, 1 + (n * length) / 16);
      if (what.type === "str") return str(what.value.repeat(n));
      const items = Array.from({ length: length === 0 ? 0 : n }, () => what.items).flat();
      return what.type === "list" ? list(items) : tuple(items);
    }
  }
  if (op === "%" && a.type === "str") return str(percentFormat(at, a.value, b));
  if (op === "|" && a.type === "dict" && b.type === "dict") return { type: "dict", entries: new Map([...a.entries, ...b.entries]) };
  if (a.type === "set" && b.type === "set") {
    const kept = [...a.entries].filter(([k]) => (op === "&" ? b.entries.has(k) : op === "|" || !b.entries.has(k)));
    const added = op === "|" || op === "^" ? [...b.entries].filter(([k]) => !a.entries.has(k)) : [];
    if (op === "&" || op === "|" || op === "-" || op === "^") return { type: "set", entries: new Map([...kept, ...added]) };
  }
  return null;
}

/** Python's arithmetic on numbers, exact for integers. @throws Refusal on division by zero */
export function scalarBinary(at: At, op: BinOperator, a: Scalar, b: Scalar): Scalar {
  if (a.type !== "float" && b.type !== "float") return intBinary(at, op, a, b);
  const [x, y] = [numberOf(a), numberOf(b)];
  switch (op) {
    case "+":
      return float(x + y);
    case "-":
      return float(x - y);
    case "*":
      return float(x * y);
    case "/":
      if (y === 0) refuse("zero-division", at.span, [at.run.text(at.span)]);
      return float(x / y);
    case "//":
      if (y === 0) refuse("zero-division", at.span, [at.run.text(at.span)]);
      return float(Math.floor(x / y));
    case "%":
      if (y === 0) refuse("zero-division", at.span, [at.run.text(at.span)]);
      return float(x % y !== 0 && x % y < 0 !== y < 0 ? (x % y) + y : x % y);
    case "**":
      return float(x ** y);
    default:
      return badOperands(at, op, a, b);
  }
}

/** A Python integer as a bigint. */
export const big = (v: Scalar): bigint => (typeof v.value === "bigint" ? v.value : BigInt(Number(v.value)));

function intBinary(at: At, op: BinOperator, a: Scalar, b: Scalar): Scalar {
  const [x, y] = [numberOf(a), numberOf(b)];
  if ((op === "&" || op === "|" || op === "^") && a.type === "bool" && b.type === "bool") {
    return bool(op === "&" ? a.value && b.value : op === "|" ? a.value || b.value : a.value !== b.value);
  }
  switch (op) {
    case "+":
      return Number.isSafeInteger(x + y) ? int(x + y) : bigInt(big(a) + big(b));
    case "-":
      return Number.isSafeInteger(x - y) ? int(x - y) : bigInt(big(a) - big(b));
    case "*":
      if (Number.isSafeInteger(x * y)) return int(x * y + 0);
      // Beyond 1,024 bits nobody computes on purpose, and the next square would take long.
      if (!Number.isFinite(x * y)) refuse("too-large", at.span, [quote(at.run.text(at.span))]);
      return bigInt(big(a) * big(b));
    case "/":
      if (y === 0) refuse("zero-division", at.span, [at.run.text(at.span)]);
      return float(x / y);
    case "//":
    case "%": {
      if (y === 0) refuse("zero-division", at.span, [at.run.text(at.span)]);
      if (Math.abs(x) < 2 ** 52 && Math.abs(y) < 2 ** 52) {
        const rest = x % y;
        const floored = rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest + 0;
        return int((op === "%" ? floored : (x - floored) / y) + 0);
      }
      const [p, q] = [big(a), big(b)];
      const r = p % q;
      const m = r !== 0n && r < 0n !== q < 0n ? r + q : r;
      return bigInt(op === "%" ? m : (p - m) / q);
    }
    case "**":
      if (y < 0) return float(x ** y);
      if (y * Math.log2(Math.abs(x) + 1) > 1024) refuse("too-large", at.span, [quote(at.run.text(at.span))]);
      return bigInt(big(a) ** big(b));
    case "<<":
      if (y < 0 || y > 1000) refuse("operand-types", at.span, [at.run.text(at.span), "the shift is negative or too large"]);
      return bigInt(big(a) << big(b));
    case ">>":
      if (y < 0) refuse("operand-types", at.span, [at.run.text(at.span), "the shift is negative"]);
      return bigInt(big(a) >> big(b));
    case "&":
      return bigInt(big(a) & big(b));
    case "|":
      return bigInt(big(a) | big(b));
    case "^":
      return bigInt(big(a) ^ big(b));
    default:
      return badOperands(at, op, a, b);
  }
}

/** `-x`, `+x`, `~x`. @throws Refusal */
export function unaryOperation(at: At, op: Exclude<UnaryOp["op"], "not">, operand: Value): Value {
  const x = resolve(at.run, operand, SCALAR, at.span);
  if (x.type === "unknown") return derived(x);
  if (isTensor(x)) return isArray(x) ? asArray(tensorUnary(at, op, x)) : tensorUnary(at, op, x);
  if (x.type === "float" && op !== "~") return float(op === "-" ? -x.value : x.value);
  if (x.type === "int" || x.type === "bool") {
    if (op === "+") return int(numberOf(x));
    if (op === "-") return typeof x.value === "bigint" ? bigInt(-x.value) : int(0 - numberOf(x));
    return bigInt(-big(x) - 1n);
  }
  if (x.type === "instance") {
    const method = lookupClass(x.class, op === "-" ? "__neg__" : op === "+" ? "__pos__" : "__invert__");
    if (method !== null) return at.run.call(method, [x], NO_KWARGS, at.span);
  }
  return refuse("operand-types", at.span, [at.run.text(at.span), `\`${op}\` does not take ${describe(x)}`]);
}
