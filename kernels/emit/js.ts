/**
 * Expression → a JavaScript loop over a rectangle of cells: the loop, not the function, since an engine makes of the
 * loop 0.4–1.1 ns a cell, and of composed closures 8–36 ns. What depends on the batch and head alone is computed
 * once, what depends on the row once a row, and what is costly and depends on the key alone once a key (kept in a
 * small array); only the rest runs for each cell. The meaning of each node is in jsExpression.ts.
 *
 * The text holds no text of the user, which is what makes `new Function` acceptable. Where a content security policy
 * forbids that, the host of the library installs another maker of functions (`useFunctionMaker`).
 */
import { fitsInt } from "../analysis/arithmetic.ts";
import { ANY_BOX, type Box, type Interval, intervalsOf } from "../analysis/interval.ts";
import { type Expr, cast as toDtype } from "../ir/expr.ts";
import type { Capture, TypedArray } from "../ir/mod.ts";
import { children, postorder } from "../ir/walk.ts";
import { jsExpression } from "./jsExpression.ts";
import { type Let, schedule } from "./schedule.ts";
import { source } from "./source.ts";

/** Makes a function of parameter names and the text of a body, as `new Function` does. */
export type FunctionMaker = (params: readonly string[], body: string) => (...args: never[]) => unknown;

let makeFunction: FunctionMaker = (params, body) => new Function(...params, body) as (...args: never[]) => unknown;

/** Installs the maker of functions for all that is compiled from now on. Default: `new Function`. */
export function useFunctionMaker(maker: FunctionMaker): void {
  makeFunction = maker;
}

/** Half-open in q and k: cells (q, k) with q0 <= q < q1 and k0 <= k < k1. */
export interface Rect {
  readonly b: number;
  readonly h: number;
  readonly q0: number;
  readonly q1: number;
  readonly k0: number;
  readonly k1: number;
}

/**
 * Writes the expression's value at each cell to `out`, row-major from 0: bool as 0 or 1. `score` holds the scores of
 * the same cells in the same order; null where the expression reads none.
 */
export type CellLoop = (out: TypedArray, rect: Rect, score: Float32Array | Float64Array | null) => void;
/** True if some cell's value is not `expected`; stops at the first. */
export type ScanLoop = (rect: Rect, expected: boolean) => boolean;
/** How many cells are true. */
export type CountLoop = (rect: Rect) => number;

/**
 * Loop over the values of `e`. `box` holds all indices it will be called with (default: any index below 2^31); the
 * tighter it is, the fewer checks are left in the loop.
 */
export function compileCells(e: Expr, box: Box = ANY_BOX): CellLoop {
  return cached(e, "cells", box) as CellLoop;
}

/** Loop that looks for a cell of another value in a boolean expression. */
export function compileScan(e: Expr, box: Box = ANY_BOX): ScanLoop {
  return cached(toDtype(e, "bool"), "scan", box) as ScanLoop;
}

/** Loop that counts the cells where a boolean expression is true. */
export function compileCount(e: Expr, box: Box = ANY_BOX): CountLoop {
  return cached(toDtype(e, "bool"), "count", box) as CountLoop;
}

type Kind = "cells" | "scan" | "count";

const loops = new WeakMap<Expr, Map<string, unknown>>();
/** Loops kept for one expression: a slider moved over many lengths must not fill the memory. */
const MAX_KEPT = 12;

function cached(e: Expr, kind: Kind, box: Box): unknown {
  const key = [kind, ...[box.b, box.h, box.q_idx, box.kv_idx].flatMap((i) => [i.min, i.max])].join();
  let mine = loops.get(e);
  if (mine === undefined) {
    mine = new Map();
    loops.set(e, mine);
  }
  let loop = mine.get(key);
  if (loop === undefined) {
    if (mine.size >= MAX_KEPT) mine.clear();
    const { params, args, body } = emitLoop(e, kind, box);
    loop = makeFunction(params, body)(...(args as never[]));
    mine.set(key, loop);
  }
  return loop;
}

/** Text of a factory and what to call it with; the factory returns the loop. Exported for tests and for reading. */
export interface EmittedLoop {
  readonly params: readonly string[];
  readonly args: readonly unknown[];
  readonly body: string;
}

const TAIL: Readonly<Record<Kind, { readonly head: string; readonly cell: (value: string) => string; readonly end: string }>> = {
  cells: { head: "out, rect, score", cell: (value) => `out[i] = ${value};`, end: "" },
  scan: { head: "rect, expected", cell: (value) => `if (${value} !== expected) return true;`, end: "return false;" },
  count: { head: "rect", cell: (value) => `if (${value}) n++;`, end: "return n;" },
};

// When a node can be computed: the lowest that its children allow.
const FIXED = 0;
const ROW = 1;
const KEY = 2;
const CELL = 3;

/** Emits the loop of `kind` over `e` for indices in `box`. */
export function emitLoop(e: Expr, kind: Kind, box: Box = ANY_BOX): EmittedLoop {
  const order = postorder([e]);
  const when = new Map<Expr, number>();
  const cost = new Map<Expr, number>();
  for (const node of order) {
    when.set(node, node.kind === "var" ? VAR_TIME[node.name] : children(node).reduce((t, c) => t | (when.get(c) ?? 0), FIXED));
    cost.set(
      node,
      children(node).reduce((n, c) => n + (cost.get(c) ?? 0), costOf(node)),
    );
  }
  const timeOf = (x: Expr): number => when.get(x) ?? CELL;
  const costly = (x: Expr): boolean => (cost.get(x) ?? 0) >= COLUMN_COST;
  const lets = scheduleLoop(e, timeOf, costly);

  const intervals = intervalsOf([e], box);
  const env = new Names(intervals);
  for (const { name, node } of lets) env.names.set(node, name);
  const define = ({ name, node }: Let): string => `const ${name} = ${env.write(node)};`;

  const readByCells = new Set([e, ...order.filter((x) => timeOf(x) === CELL).flatMap(children)]);
  const kept = lets.filter(({ node }) => timeOf(node) === KEY && costly(node) && readByCells.has(node));
  const isKept = new Set(kept);
  const fixed = lets.filter(({ node }) => timeOf(node) === FIXED).map(define);
  const row = lets.filter(({ node }) => timeOf(node) === ROW).map(define);
  const key = kept.length === 0 ? [] : lets.filter(({ node }) => timeOf(node) === KEY).map(define);
  const cell = lets.flatMap((l) => {
    if (isKept.has(l)) return [`const ${l.name} = ${l.node.dtype === "bool" ? `${l.name}s[j] !== 0` : `${l.name}s[j]`};`];
    const time = timeOf(l.node);
    return time === CELL || (time === KEY && !costly(l.node)) ? [define(l)] : [];
  });
  const value = isWide(e, intervals) ? `Number(${env.ref(e)})` : env.ref(e);
  const tail = TAIL[kind];
  const readsScore = order.some((x) => x.kind === "var" && x.name === "score");
  const scoreType = order.find((x) => x.kind === "var" && x.name === "score")?.dtype;
  const body = source`
    "use strict";
    ${kept.map(({ name, node }) => `let ${name}s = new ${columnArray(node, intervals)}(0);`)}
    return function (${tail.head}) {
      const b = rect.b | 0, h = rect.h | 0, q0 = rect.q0 | 0, q1 = rect.q1 | 0, k0 = rect.k0 | 0, k1 = rect.k1 | 0;
      ${fixed}
      ${kept.map(({ name, node }) => `if (${name}s.length < k1 - k0) ${name}s = new ${columnArray(node, intervals)}(k1 - k0);`)}
      ${
        key.length === 0
          ? ""
          : source`
            for (let k = k0, j = 0; k < k1; k++, j++) {
              ${key}
              ${kept.map(({ name, node }) => `${name}s[j] = ${node.dtype === "bool" ? `${name} ? 1 : 0` : name};`)}
            }`
      }
      let i = 0, n = 0;
      for (let q = q0; q < q1; q++) {
        ${row}
        for (let k = k0, j = 0; k < k1; k++, j++) {
          ${readsScore ? `const s = ${scoreType === "f32" ? "Math.fround(score[i])" : "score[i]"};` : ""}
          ${cell}
          ${tail.cell(kind === "cells" && e.dtype === "bool" ? `${value} ? 1 : 0` : value)}
          ${kind === "cells" ? "i++;" : ""}
        }
      }
      ${tail.end}
    };`;
  return { params: env.params, args: env.args, body };
}

/** A node of one time used by a later one is named there, so that it is computed at its own time. */
function scheduleLoop(e: Expr, timeOf: (e: Expr) => number, costly: (e: Expr) => boolean): readonly Let[] {
  const lets = schedule([e], {
    split: (child, parent) => timeOf(child) !== timeOf(parent) && (timeOf(child) !== KEY || costly(child)),
  });
  const time = timeOf(e);
  const hoistRoot = e.kind !== "const" && e.kind !== "var" && (time === FIXED || time === ROW || (time === KEY && costly(e)));
  return hoistRoot ? [...lets, { name: `t${lets.length}`, node: e }] : lets;
}

const VAR_TIME = { b: FIXED, h: FIXED, q_idx: ROW, kv_idx: KEY, score: CELL } as const;

/** From this cost on, a value of the key alone is kept in an array over the rows. */
const COLUMN_COST = 5;

/** Rough cost of a node in operations. */
function costOf(e: Expr): number {
  switch (e.kind) {
    case "const":
    case "var":
      return 0;
    case "load":
      return 2;
    case "unary":
      return e.dtype === "bool" || e.op === "neg" || e.op === "abs" || e.op === "not" ? 1 : 8;
    case "binary":
      return ["div", "floordiv", "floormod", "truncdiv", "fmod", "pow", "atan2", "hypot"].includes(e.op) ? 5 : 1;
    default:
      return 1;
  }
}

/** An i64 that may be a bigint. */
function isWide(e: Expr, intervals: ReadonlyMap<Expr, Interval>): boolean {
  const range = intervals.get(e);
  return e.dtype === "i64" && (range === undefined || !fitsInt(range.min, range.max, "i64"));
}

function columnArray(e: Expr, intervals: ReadonlyMap<Expr, Interval>): string {
  if (e.dtype === "bool") return "Uint8Array";
  if (isWide(e, intervals)) return "Array";
  const range = intervals.get(e);
  const whole = e.dtype !== "f16" && e.dtype !== "bf16" && e.dtype !== "f32" && e.dtype !== "f64";
  return whole && range !== undefined && range.min >= -(2 ** 31) && range.max < 2 ** 31 ? "Int32Array" : "Float64Array";
}

/** Names of the values, captures and helpers in one emitted loop. */
class Names {
  readonly names = new Map<Expr, string>();
  readonly params: string[] = [];
  readonly args: unknown[] = [];
  readonly #known = new Map<unknown, string>();
  readonly #intervals: ReadonlyMap<Expr, Interval>;

  constructor(intervals: ReadonlyMap<Expr, Interval>) {
    this.#intervals = intervals;
  }

  /** The node's own text, even where it has a name. */
  write(e: Expr): string {
    return jsExpression(e, {
      ref: (child) => this.ref(child),
      interval: (x) => this.#intervals.get(x) ?? { min: Number.NaN, max: Number.NaN },
      capture: (capture) => this.#param(capture, "c", () => narrowed(capture)),
      helper: (key, make) => this.#param(key, "f", make),
    });
  }

  ref(e: Expr): string {
    return this.names.get(e) ?? this.write(e);
  }

  #param(key: unknown, prefix: string, value: () => unknown): string {
    let name = this.#known.get(key);
    if (name === undefined) {
      name = `${prefix}${this.params.length}`;
      this.#known.set(key, name);
      this.params.push(name);
      this.args.push(value());
    }
    return name;
  }
}

const narrow = new WeakMap<Capture, TypedArray>();

/** The capture's data; i64 values that all fit in 32 bits as an Int32Array, which keeps the loop on integers. */
function narrowed(capture: Capture): TypedArray {
  if (capture.dtype !== "i64" || capture.data instanceof Int32Array) return capture.data;
  let data = narrow.get(capture);
  if (data === undefined) {
    const small = Int32Array.from(capture.data);
    data = small.every((x, i) => x === capture.data[i]) ? small : capture.data;
    narrow.set(capture, data);
  }
  return data;
}
