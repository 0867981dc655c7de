/**
 * Arguments of builtins by a signature in one line: `"input other * rounding_mode?"`. A `?` marks what may be left
 * out, `*` alone makes the rest keyword-only, `*size` collects. Arguments that say nothing of the value (device,
 * requires_grad, …) are taken everywhere and dropped.
 */
import type { Span } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";
import { isFloat } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import type { Operand } from "./promote.ts";
import { derived, resolve } from "./pythonArithmetic.ts";
import type { BinOperator } from "./syntax.ts";
import { itemOf, scalarTensor, settled, tensorFrom } from "./tensor.ts";
import { type At, type TensorLike, tensorBinary } from "./torchElement.ts";
import { type Call, isScalar, isTensor, numberOf, refuse, type Tensor, tuple, type Unknown, type Value } from "./value.ts";

/** A function of the tables: how it is called, and what it gives. */
export interface Entry {
  readonly signature: string;
  readonly body: (a: Arguments) => Value;
}

export const entry = (signature: string, body: (a: Arguments) => Value): Entry => ({ signature, body });

/** Functions of PyTorch by name: those that are `torch.f(input, …)` and `input.f(…)` alike, and those that are one only. */
export interface Table {
  readonly both: Record<string, Entry>;
  readonly functions: Record<string, Entry>;
  readonly methods: Record<string, Entry>;
}

export const emptyTable = (): Table => ({ both: {}, functions: {}, methods: {} });

/** Puts `e` in `table` under each of the names, which are parted by spaces. */
export function define(table: Table, names: string, e: Entry): void {
  for (const name of names.split(" ")) table.both[name] = e;
}

/** The arguments of one call, by parameter name. */
export interface Arguments {
  readonly call: Call;
  readonly at: At;
  has(name: string): boolean;
  /** None where the argument was left out. */
  value(name: string): Value;
  tensor(name: string): TensorLike;
  /** A tensor or a Python number. */
  operand(name: string): Operand;
  int(name: string, otherwise?: number): number;
  number(name: string, otherwise?: number): number;
  flag(name: string, otherwise?: boolean): boolean;
  string(name: string, otherwise: string): string;
  dtype(name: string): DType | null;
  /** An int or a sequence of ints, or one collected by `*name`; null where left out or None. */
  ints(name: string): number[] | null;
  /** A list, tuple or tensor as tensors; rows of a tensor. */
  tensors(name: string): TensorLike[];
  /** `x op y` with PyTorch's promotion. */
  arithmetic(op: BinOperator, x: Operand, y: Operand): TensorLike;
  /** A tensor of these values that is no capture of its own. */
  literal(dtype: DType, shape: readonly number[], values: readonly number[]): Tensor;
}

const IGNORED = new Set([
  "device",
  "requires_grad",
  "layout",
  "pin_memory",
  "memory_format",
  "non_blocking",
  "copy",
  "generator",
  "stable",
  "validate_indices",
]);

interface Parsed {
  readonly positional: readonly string[];
  readonly keywords: readonly string[];
  readonly collect: string | null;
  readonly required: readonly string[];
}

const parsed = new Map<string, Parsed>();

function parse(signature: string): Parsed {
  const known = parsed.get(signature);
  if (known !== undefined) return known;
  const positional: string[] = [];
  const keywords: string[] = [];
  const required: string[] = [];
  let collect: string | null = null;
  let keywordOnly = false;
  for (const token of signature.split(" ").filter((t) => t !== "")) {
    if (token === "*") keywordOnly = true;
    else if (token.startsWith("*")) {
      collect = token.slice(1);
      keywordOnly = true;
    } else {
      const name = token.replace("?", "");
      if (!token.endsWith("?")) required.push(name);
      (keywordOnly ? keywords : positional).push(name);
    }
  }
  const result = { positional, keywords, collect, required };
  parsed.set(signature, result);
  return result;
}

/** Runs `e` on a call: binds, gives up on unknowns, evaluates. @throws Refusal */
export function invoke(e: Entry, call: Call): Value {
  const bound = bindCall(e.signature, call);
  for (const [name, v] of bound) {
    const standing = v.type === "instance" && v.class.isScalar === true ? v.attributes.get("value") : undefined;
    if (standing !== undefined) bound.set(name, standing);
    const hole = findUnknown(v);
    if (hole === null) continue;
    const filled = resolve(call.run, hole, { kind: "scalar" }, placeOf(call, hole));
    if (filled.type === "unknown") return derived(filled);
    if (v === hole) bound.set(name, filled);
    else return derived(hole);
  }
  return e.body(argumentsOf(call, bound));
}

/** Where the argument `v` is written: what is made up for it is named by its text. */
function placeOf({ node, args, span }: Call, v: Value): Span {
  const written = node?.args ?? [];
  // `x.f(…)` has `x` before what the brackets hold.
  return written[args.indexOf(v) - (args.length - written.length)]?.span ?? span;
}

function findUnknown(v: Value): Unknown | null {
  if (v.type === "unknown") return v;
  if (v.type !== "list" && v.type !== "tuple") return null;
  for (const item of v.items) {
    const hole = findUnknown(item);
    if (hole !== null) return hole;
  }
  return null;
}

function bindCall(signature: string, call: Call): Map<string, Value> {
  const { positional, keywords, collect, required } = parse(signature);
  const bound = new Map<string, Value>();
  const bad = (why: string): never => refuse("argument-count", call.span, [call.name, why]);
  call.args.forEach((v, i) => {
    const name = positional[i];
    if (name !== undefined) bound.set(name, v);
    else if (collect === null) bad(`takes at most ${positional.length} positional arguments`);
  });
  if (collect !== null) bound.set(collect, tuple(call.args.slice(positional.length)));
  for (const [name, v] of call.kwargs) {
    if (positional.includes(name) || keywords.includes(name) || name === collect) bound.set(name, v);
    else if (name === "axis" && positional.includes("dim")) bound.set("dim", v);
    else if (name === "keepdims" && (positional.includes("keepdim") || keywords.includes("keepdim"))) bound.set("keepdim", v);
    else if (!IGNORED.has(name)) bad(`has no parameter \`${name}\``);
  }
  for (const name of required) if (!bound.has(name)) bad(`needs \`${name}\``);
  return bound;
}

const NONE_VALUE: Value = { type: "none" };

function argumentsOf(call: Call, bound: ReadonlyMap<string, Value>): Arguments {
  const at: At = { run: call.run, span: call.span };
  const value = (name: string): Value => bound.get(name) ?? NONE_VALUE;
  const wrong = (name: string, wanted: string): never =>
    refuse("operand-types", call.span, [call.run.text(call.span), `\`${name}\` is ${describe(value(name))}, and ${wanted} is asked for`]);
  const has = (name: string): boolean => value(name).type !== "none";
  const number = (name: string, otherwise?: number): number => {
    const v = value(name);
    if (v.type === "none" && otherwise !== undefined) return otherwise;
    if (isScalar(v)) return numberOf(v);
    const one = isTensor(v) ? settled(v) : null;
    if (one !== null) return itemOf(one);
    if (v.type === "dynamic") return refuse("item-of-tensor", call.span, [call.run.text(call.span)]);
    return wrong(name, "a number");
  };
  const int = (name: string, otherwise?: number): number => {
    const v = value(name);
    if (v.type === "float" || (v.type === "tensor" && isFloat(v.dtype))) return wrong(name, "an int");
    return number(name, otherwise);
  };
  const operand = (name: string): Operand => {
    const v = value(name);
    return isTensor(v) || isScalar(v) ? v : wrong(name, "a tensor or a number");
  };
  return {
    call,
    at,
    has,
    value,
    number,
    int,
    operand,
    tensor: (name) => {
      const v = value(name);
      return isTensor(v) ? v : wrong(name, "a tensor");
    },
    flag: (name, otherwise = false) => {
      const v = value(name);
      return v.type === "none" ? otherwise : isScalar(v) ? numberOf(v) !== 0 : wrong(name, "True or False");
    },
    string: (name, otherwise) => {
      const v = value(name);
      return v.type === "none" ? otherwise : v.type === "str" ? v.value : wrong(name, "a string");
    },
    dtype: (name) => dtypeFrom(value(name)) ?? (has(name) ? wrong(name, "a dtype") : null),
    ints: (name) => {
      const v = value(name);
      if (v.type === "none") return null;
      const items = v.type === "tuple" || v.type === "list" ? v.items : [v];
      const [only] = items;
      const flat = items.length === 1 && only !== undefined && (only.type === "tuple" || only.type === "list") ? only.items : items;
      return flat.map((i) => {
        if (i.type === "int" || i.type === "bool") return numberOf(i);
        const one = isTensor(i) && !isFloat(i.dtype) ? settled(i) : null;
        if (one !== null) return itemOf(one);
        if (i.type === "dynamic") return refuse("item-of-tensor", call.span, [call.run.text(call.span)]);
        return wrong(name, "integers");
      });
    },
    arithmetic: (op, x, y) => tensorBinary(at, op, x, y),
    literal: (dtype, shape, values) => tensorFrom(dtype, shape, values, true),
    tensors: (name) => {
      const v = value(name);
      const items = v.type === "list" || v.type === "tuple" ? v.items : [v];
      const [only] = items;
      const flat = items.length === 1 && only !== undefined && (only.type === "list" || only.type === "tuple") ? only.items : items;
      return flat.map((i) => (isTensor(i) ? i : isScalar(i) ? scalarTensor(i) : wrong(name, "tensors")));
    },
  };
}

/** A dtype argument: `torch.float32`, or Python's `float`, `int`, `bool`. null for anything else. */
export function dtypeFrom(v: Value): DType | null {
  if (v.type === "dtype") return v.dtype;
  if (v.type !== "builtin") return null;
  return v.name === "bool" ? "bool" : v.name === "int" ? "i64" : v.name === "float" ? "f32" : null;
}

/** A tensor whose elements must be known. @throws Refusal for one that the mod's arguments decide */
export function known(a: Arguments, name: string): Tensor {
  const t = a.tensor(name);
  if (t.type === "tensor") return t;
  return refuse("unsupported-function", a.at.span, [a.call.name, `it takes a tensor whose values do not depend on the mod's arguments`]);
}
