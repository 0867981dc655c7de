/**
 * Sum of integer expressions of one index (and of b and h) → a function of that index, and whether it rises or falls
 * all along it: then its range over a stretch is its two ends, and a comparison with it is solved by bisection, where
 * intervals would halve. Captured tensors count: sorted document ids rise. The order of a tensor's elements is found in
 * one pass and kept with the tensor.
 */
import type { Binary, Cast, Expr, Load, Unary } from "../ir/expr.ts";
import { evalBinary, evalUnary, wrapIndex } from "../ir/interpret.ts";
import type { Capture, TypedArray } from "../ir/mod.ts";
import { type BinaryOp, isFloat } from "../ir/ops.ts";
import { convert } from "../ir/wide.ts";
import { fitsInt, rangeOf } from "./arithmetic.ts";
import { boundOf } from "./interval.ts";
import type { Linear } from "./linear.ts";

/** 1: never falls; -1: never rises; 0: one value throughout; null: unknown. */
export type Direction = -1 | 0 | 1 | null;

/** Over which index a line runs, how long it is, and what stands for the rest. */
export interface Axis {
  readonly name: "q_idx" | "kv_idx";
  readonly length: number;
  /** Batch and head that are asked about; the caller changes them, and asks for directions anew. */
  readonly plane: { b: number; h: number };
  /** The tensor to read in place of a load's own. */
  readonly capture: (capture: Capture) => Capture;
}

/** A function of the axis' index. */
export interface Line {
  /** Exact, for 0 <= i < length. */
  readonly at: (i: number) => number;
  /** For the plane that is set. */
  readonly direction: () => Direction;
}

/** The line of a sum, or null where it could leave the integers that are exact, or reads the axis that is not its own. */
export function lineOf(form: Linear, axis: Axis): Line | null {
  const parts: { readonly line: Line; readonly by: number }[] = [];
  for (const [e, by] of form.terms) {
    const line = compile(e, axis);
    if (line === null) return null;
    parts.push({ line, by });
  }
  const { constant } = form;
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    const { at, direction } = only.line;
    if (only.by === 1 && constant === 0) return only.line;
    return { at: (i) => only.by * at(i) + constant, direction: () => times(direction(), only.by) };
  }
  return {
    at(i) {
      let sum = constant;
      for (const { line, by } of parts) sum += by * line.at(i);
      return sum;
    },
    direction: () => parts.reduce<Direction>((d, { line, by }) => together(d, times(line.direction(), by)), 0),
  };
}

/** Of a sum, a minimum, a conjunction: where all go one way, so does it. */
function together(a: Direction, b: Direction): Direction {
  if (a === null || b === null) return null;
  if (a === 0) return b;
  return b === 0 || a === b ? a : null;
}

function times(d: Direction, by: number): Direction {
  if (by === 0) return 0;
  return d === null || d === 0 || by > 0 ? d : d === 1 ? -1 : 1;
}

const still: () => Direction = () => 0;

/** Loads never leave their dtype; what is computed must not be able to. */
function mayWrap(e: Expr): boolean {
  if (isFloat(e.dtype) || e.dtype === "bool") return false;
  const { min, max } = boundOf(e, "withData");
  if (!fitsInt(min, max, "i64")) return true;
  if (e.kind === "load" || e.kind === "const" || e.kind === "var") return false;
  const full = rangeOf(e.dtype);
  return min <= full.min && max >= full.max;
}

function compile(e: Expr, axis: Axis): Line | null {
  if (mayWrap(e)) return null;
  const { plane } = axis;
  switch (e.kind) {
    case "const":
      return { at: () => e.value, direction: still };
    case "var":
      if (e.name === "b") return { at: () => plane.b, direction: still };
      if (e.name === "h") return { at: () => plane.h, direction: still };
      return e.name === axis.name ? { at: (i) => i, direction: () => 1 } : null;
    case "load":
      return compileLoad(e, axis);
    case "unary": {
      const a = compile(e.a, axis);
      return a && finite(e, unaryLine(e, a), axis);
    }
    case "binary": {
      const a = compile(e.a, axis);
      const b = a && compile(e.b, axis);
      return a && b && finite(e, binaryLine(e, a, b), axis);
    }
    case "where": {
      const cond = compile(e.cond, axis);
      const a = cond && compile(e.a, axis);
      const b = a && compile(e.b, axis);
      if (cond === null || a === null || b === null) return null;
      return {
        at: (i) => (cond.at(i) !== 0 ? a.at(i) : b.at(i)),
        direction: () => (cond.direction() === 0 ? (cond.at(0) !== 0 ? a : b).direction() : null),
      };
    }
    case "cast": {
      const a = compile(e.a, axis);
      return a && finite(e, castLine(e, a), axis);
    }
  }
}

/** A float that rises from a finite number to a finite one has no nan between; of any other nothing is said. */
function finite(e: Expr, line: Line, axis: Axis): Line {
  if (!isFloat(e.dtype)) return line;
  const hasFiniteEnds = (): boolean => Number.isFinite(line.at(0)) && Number.isFinite(line.at(axis.length - 1));
  return { at: line.at, direction: () => (hasFiniteEnds() ? line.direction() : null) };
}

const RISING: ReadonlySet<string> = new Set(["floor", "ceil", "round", "trunc", "sign"]);

function unaryLine(e: Unary, a: Line): Line {
  const { op } = e;
  const { dtype } = e.a;
  const direction = (): Direction => {
    const d = a.direction();
    if (d === 0 || RISING.has(op)) return d;
    return op === "neg" || op === "not" ? times(d, -1) : null;
  };
  if (op === "not" && dtype === "bool") return { at: (i) => 1 - a.at(i), direction };
  return { at: (i) => evalUnary(op, a.at(i), dtype), direction };
}

function castLine(e: Cast, a: Line): Line {
  const from = e.a.dtype;
  const to = e.dtype;
  if (!isFloat(from) && !isFloat(to) && to !== "bool") {
    const { min, max } = boundOf(e.a, "withData");
    if (fitsInt(min, max, to)) return a;
    return { at: (i) => Number(convert(a.at(i), from, to)), direction: () => (a.direction() === 0 ? 0 : null) };
  }
  // To a float: rounding is monotone. To an integer: truncation is, and what does not fit gives the full range (mayWrap).
  const keeps = to !== "bool";
  return {
    at: (i) => Number(convert(a.at(i), from, to)),
    direction: () => (a.direction() === 0 || keeps ? a.direction() : null),
  };
}

function binaryLine(e: Binary, a: Line, b: Line): Line {
  const { op } = e;
  const { dtype } = e.a;
  const direction = (): Direction => binaryDirection(op, dtype === "bool", a, b);
  if (!isFloat(dtype)) {
    switch (op) {
      case "add":
        if (dtype !== "bool") return { at: (i) => a.at(i) + b.at(i), direction };
        break;
      case "sub":
        if (dtype !== "bool") return { at: (i) => a.at(i) - b.at(i), direction };
        break;
      case "floordiv":
        if (e.b.kind === "const" && e.b.value > 0) {
          const by = e.b.value;
          return { at: (i) => Math.floor(a.at(i) / by), direction };
        }
        break;
      case "floormod":
        if (e.b.kind === "const" && e.b.value > 0) {
          const by = e.b.value;
          return {
            at: (i) => {
              const x = a.at(i);
              return x - Math.floor(x / by) * by;
            },
            direction,
          };
        }
        break;
      default:
    }
  }
  return { at: (i) => evalBinary(op, a.at(i), b.at(i), dtype), direction };
}

function binaryDirection(op: BinaryOp, isBool: boolean, a: Line, b: Line): Direction {
  const da = a.direction();
  const db = b.direction();
  if (da === 0 && db === 0) return 0;
  switch (op) {
    case "and":
    case "or":
      return isBool ? together(da, db) : null;
    case "add":
    case "min":
    case "max":
      return together(da, db);
    case "sub":
      return isBool ? null : together(da, times(db, -1));
    case "ge":
    case "gt":
      return together(da, times(db, -1));
    case "le":
    case "lt":
      return together(times(da, -1), db);
    case "mul":
      if (isBool) return together(da, db);
      return db === 0 ? times(da, b.at(0)) : da === 0 ? times(db, a.at(0)) : null;
    case "floordiv":
    case "truncdiv":
    case "div":
      return db === 0 && b.at(0) > 0 ? da : null;
    default:
      return null;
  }
}

/** At most one index may go along the axis; the others choose the line of elements, for each plane anew. */
function compileLoad(e: Load, axis: Axis): Line | null {
  const capture = axis.capture(e.capture);
  const { shape, data } = capture;
  if (data.length === 0) return { at: () => 0, direction: still };
  const indices: Line[] = [];
  for (const index of e.indices) {
    const line = compile(index, axis);
    if (line === null) return null;
    indices.push(line);
  }
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((n, size) => n * size, 1));
  const size = shape[0] ?? 1;
  const [first] = indices;
  const [index] = e.indices;
  const isPlain = indices.length === 1 && first !== undefined && index?.kind === "var" && index.name === axis.name && axis.length <= size;
  const at =
    indices.length === 1 && first !== undefined
      ? isPlain
        ? (i: number): number => data[i] ?? 0
        : (i: number): number => data[wrapIndex(first.at(i), size)] ?? 0
      : (i: number): number => {
          let position = 0;
          for (let d = 0; d < indices.length; d++) {
            position += wrapIndex(indices[d]?.at(i) ?? 0, shape[d] ?? 1) * (strides[d] ?? 1);
          }
          return data[position] ?? 0;
        };
  const direction = (): Direction => {
    let moving = -1;
    let way: Direction = 0;
    let base = 0;
    for (let d = 0; d < indices.length; d++) {
      const line = indices[d];
      const along = line?.direction() ?? null;
      if (line === undefined || along === null) return null;
      if (along === 0) base += wrapIndex(line.at(0), shape[d] ?? 1) * (strides[d] ?? 1);
      else if (moving >= 0) return null;
      else {
        moving = d;
        way = along;
        // Indices below 0 count from the end: past them the order breaks.
        if (line.at(0) < 0 || line.at(axis.length - 1) < 0) return null;
      }
    }
    if (moving < 0) return 0;
    return times(orderOf(capture, base, strides[moving] ?? 1, shape[moving] ?? 1), way ?? 1);
  };
  return { at, direction };
}

const orders = new WeakMap<Capture, Map<string, Direction>>();
/** Orders kept for one tensor: one for each of its lines that was asked about. */
const MAX_ORDERS = 4096;

/** Do `count` elements from `base` on, `stride` apart, rise or fall? */
function orderOf(capture: Capture, base: number, stride: number, count: number): Direction {
  let known = orders.get(capture);
  if (known === undefined) {
    known = new Map();
    orders.set(capture, known);
  }
  const key = `${base},${stride}`;
  let order = known.get(key);
  if (order === undefined) {
    if (known.size >= MAX_ORDERS) known.clear();
    order = stride === 1 ? orderOfStretch(capture.data, base, base + count) : orderAlong(capture.data, base, stride, count);
    known.set(key, order);
  }
  return order;
}

/** Stops at the first element that settles it. */
function orderOfStretch(data: TypedArray, from: number, to: number): Direction {
  let before = data[from] ?? 0;
  let i = from + 1;
  while (i < to && data[i] === before) i++;
  if (i >= to) return Number.isNaN(before) ? null : 0;
  if ((data[i] ?? 0) > before) {
    for (; i < to; i++) {
      const x = data[i] ?? 0;
      if (!(x >= before)) return null;
      before = x;
    }
    return 1;
  }
  for (; i < to; i++) {
    const x = data[i] ?? 0;
    if (!(x <= before)) return null;
    before = x;
  }
  return -1;
}

function orderAlong(data: TypedArray, base: number, stride: number, count: number): Direction {
  let rises = true;
  let falls = true;
  for (let i = 1; i < count && (rises || falls); i++) {
    const before = data[base + (i - 1) * stride] ?? 0;
    const x = data[base + i * stride] ?? 0;
    rises &&= x >= before;
    falls &&= x <= before;
  }
  return rises ? (falls ? 0 : 1) : falls ? -1 : null;
}
