/**
 * Expression × box of indices → interval that holds every value the expression takes in the box. Sound, not tight: a
 * boolean of [0, 1] is undecided, never wrong. Captured tensors answer by range minimum and maximum (pyramid.ts);
 * correlation between operands is lost, but for what interning (equal operands are one object) and simplification
 * remove. After Halide's bounds inference and Moore's interval arithmetic.
 *
 * An expression is compiled to a list of steps, one a node, so that millions of boxes can be asked about: those that
 * do not depend on kv_idx run once for a range of rows (`rows`), the others once for each range of keys (`keys`).
 */
import type { Binary, Expr, Load, VarName } from "../ir/expr.ts";
import { arrayFor, type Capture } from "../ir/mod.ts";
import { isFloat } from "../ir/ops.ts";
import { children, postorder } from "../ir/walk.ts";
import { boundBinary, boundCast, boundUnary, fitsInt, type Interval, type MutableInterval, rangeOf } from "./arithmetic.ts";
import { mergeRange, mergeSlices, type Pyramid, pyramidOf } from "./pyramid.ts";

export type { Interval } from "./arithmetic.ts";

/** Ranges of the mod's arguments, ends included. `score` defaults to any number, nan too. */
export interface Box {
  readonly b: Interval;
  readonly h: Interval;
  readonly q_idx: Interval;
  readonly kv_idx: Interval;
  readonly score?: Interval;
}

/** Every index there can be: what holds for any problem. Indices stay below 2^31. */
export const ANY_BOX: Box = {
  b: { min: 0, max: 2 ** 31 - 2 },
  h: { min: 0, max: 2 ** 31 - 2 },
  q_idx: { min: 0, max: 2 ** 31 - 2 },
  kv_idx: { min: 0, max: 2 ** 31 - 2 },
};

/** The box of all cells of a problem, each size at least 1. */
export function boxOf(batch: number, heads: number, qLen: number, kvLen: number): Box {
  const upTo = (n: number): Interval => ({ min: 0, max: Math.max(0, n - 1) });
  return { b: upTo(batch), h: upTo(heads), q_idx: upTo(qLen), kv_idx: upTo(kvLen) };
}

/** Interval of `e` in `box`. */
export function intervalOf(e: Expr, box: Box): Interval {
  return intervalsOf([e], box).get(e) ?? rangeOf(e.dtype);
}

/** Intervals of every node below `roots` in `box`. */
export function intervalsOf(roots: readonly Expr[], box: Box): Map<Expr, Interval> {
  const program = build(roots);
  assign(program, box);
  for (const step of program.rowSteps) step();
  for (const step of program.keySteps) step();
  return new Map([...program.cells].map(([node, { min, max }]) => [node, { min, max }]));
}

const anywhere = { withData: new WeakMap<Expr, MutableInterval>(), withoutData: new WeakMap<Expr, MutableInterval>() };

/**
 * Interval of `e` over ANY_BOX, kept with the node: what rewriting asks again and again. `withoutData` takes a load to
 * be any value of its dtype, so that what is concluded does not change with the captures' contents.
 */
export function boundOf(e: Expr, captures: "withData" | "withoutData" = "withoutData"): Interval {
  const bounds = anywhere[captures];
  const known = bounds.get(e);
  if (known !== undefined) return known;
  const at = (x: Expr): MutableInterval => bounds.get(x) ?? { ...rangeOf(x.dtype) };
  for (const node of postorder([e])) {
    if (bounds.has(node)) continue;
    const out = cell();
    if (node.kind === "var") Object.assign(out, node.name === "score" ? { min: Number.NaN, max: Number.NaN } : ANY_BOX[node.name]);
    else if (node.kind === "const") Object.assign(out, { min: node.value, max: node.value });
    else if (node.kind === "load" && captures === "withoutData") Object.assign(out, rangeOf(node.dtype));
    else stepOf(node, at, out)();
    bounds.set(node, out);
  }
  return at(e);
}

/** What `keys` answers: false everywhere in the box, true everywhere, or neither is known. */
export const FALSE = 0;
export const TRUE = 1;
export const UNDECIDED = 2;
export type Verdict = typeof FALSE | typeof TRUE | typeof UNDECIDED;

/** A predicate ready to be asked about many boxes; it keeps state between calls. */
export interface Decider {
  /** Sets the ranges of rows, ends included; `keys` then speaks of them. */
  rows(b: number, h: number, q0: number, q1: number): void;
  /** Is the predicate decided for keys k0..k1, ends included? */
  keys(k0: number, k1: number): Verdict;
}

/** Compiles the boolean expression `e` for many questions. */
export function compileDecider(e: Expr): Decider {
  const { vars, cells, rowSteps, keySteps } = build([e]);
  const { b, h, q_idx, kv_idx } = vars;
  const root = cells.get(e);
  if (root === undefined) throw new Error("the root of the expression has no interval");
  return {
    rows(batch, head, q0, q1) {
      b.min = batch;
      b.max = batch;
      h.min = head;
      h.max = head;
      q_idx.min = q0;
      q_idx.max = q1;
      for (const step of rowSteps) step();
    },
    keys(k0, k1) {
      kv_idx.min = k0;
      kv_idx.max = k1;
      for (const step of keySteps) step();
      return root.min === 1 ? TRUE : root.max === 0 ? FALSE : UNDECIDED;
    },
  };
}

type Step = () => void;

interface Program {
  readonly vars: Readonly<Record<VarName, MutableInterval>>;
  readonly cells: ReadonlyMap<Expr, MutableInterval>;
  readonly rowSteps: readonly Step[];
  readonly keySteps: readonly Step[];
}

// Made of fractions, so that V8 gives both fields a double's representation from the start.
const cell = (): MutableInterval => ({ min: 0.5, max: 0.5 });

function assign(program: Program, box: Box): void {
  for (const name of ["b", "h", "q_idx", "kv_idx"] as const) Object.assign(program.vars[name], box[name]);
  if (box.score !== undefined) Object.assign(program.vars.score, box.score);
}

function build(roots: readonly Expr[]): Program {
  const vars: Record<VarName, MutableInterval> = {
    b: cell(),
    h: cell(),
    q_idx: cell(),
    kv_idx: cell(),
    score: { min: Number.NaN, max: Number.NaN },
  };
  const cells = new Map<Expr, MutableInterval>();
  const onKeys = new Set<Expr>();
  const rowSteps: Step[] = [];
  const keySteps: Step[] = [];
  const at = (e: Expr): MutableInterval => {
    const found = cells.get(e);
    if (found === undefined) throw new Error(`${e.kind} is asked for before its turn`);
    return found;
  };
  for (const e of postorder(roots)) {
    if (e.kind === "var") {
      cells.set(e, vars[e.name]);
      if (e.name === "kv_idx") onKeys.add(e);
      continue;
    }
    const out = cell();
    cells.set(e, out);
    if (e.kind === "const") {
      out.min = e.value;
      out.max = e.value;
      continue;
    }
    const step = stepOf(e, at, out);
    const dependsOnKeys = children(e).some((child) => onKeys.has(child));
    if (dependsOnKeys) onKeys.add(e);
    (dependsOnKeys ? keySteps : rowSteps).push(step);
  }
  return { vars, cells, rowSteps, keySteps };
}

function stepOf(e: Exclude<Expr, { kind: "const" | "var" }>, at: (e: Expr) => MutableInterval, out: MutableInterval): Step {
  switch (e.kind) {
    case "load":
      return loadStep(e, e.indices.map(at), out);
    case "unary": {
      const a = at(e.a);
      if (e.op === "not" && e.dtype === "bool") {
        return () => {
          const { min, max } = a;
          out.min = 1 - max;
          out.max = 1 - min;
        };
      }
      return () => {
        boundUnary(e.op, e.a.dtype, a, out);
      };
    }
    case "binary":
      return binaryStep(e, at(e.a), at(e.b), out);
    case "where": {
      const cond = at(e.cond);
      const a = at(e.a);
      const b = at(e.b);
      return () => {
        const lo = cond.min === 1 ? a.min : cond.max === 0 ? b.min : Math.min(a.min, b.min);
        out.max = cond.min === 1 ? a.max : cond.max === 0 ? b.max : Math.max(a.max, b.max);
        out.min = lo;
      };
    }
    case "cast": {
      const a = at(e.a);
      return () => {
        boundCast(e.a.dtype, e.dtype, a, out);
      };
    }
  }
}

/** The operators that masks are made of get steps of their own; the others go by the table. */
function binaryStep(e: Binary, a: MutableInterval, b: MutableInterval, out: MutableInterval): Step {
  const dtype = e.a.dtype;
  const whole = !isFloat(dtype);
  if (e.a === e.b && whole) {
    const known = SAME[e.op];
    if (known !== undefined) {
      return () => {
        out.min = known;
        out.max = known;
      };
    }
  }
  if (dtype === "bool" && (e.op === "and" || e.op === "or")) {
    const pick = e.op === "and" ? Math.min : Math.max;
    return () => {
      out.min = pick(a.min, b.min);
      out.max = pick(a.max, b.max);
    };
  }
  if (whole && dtype !== "bool" && (e.op === "add" || e.op === "sub")) {
    const full = rangeOf(dtype);
    const minus = e.op === "sub";
    return () => {
      const lo = minus ? a.min - b.max : a.min + b.min;
      const hi = minus ? a.max - b.min : a.max + b.max;
      const fits = fitsInt(lo, hi, dtype);
      out.min = fits ? lo : full.min;
      out.max = fits ? hi : full.max;
    };
  }
  return () => {
    boundBinary(e.op, dtype, a, b, out);
  };
}

/** What an operator gives for two equal operands of an integer type. */
const SAME: Readonly<Partial<Record<Binary["op"], number>>> = { sub: 0, xor: 0, eq: 1, le: 1, ge: 1, ne: 0, lt: 0, gt: 0 };

const declared = new WeakMap<Capture, Interval>();

/**
 * A tensor without elements in the place of one of this dtype and shape: of its elements only the range is known. What
 * is concluded of an expression over it holds for every tensor whose elements lie in that range.
 */
export function standIn({ name, dtype, shape }: Capture, range: Interval): Capture {
  const capture = { name, dtype, shape, data: arrayFor(dtype, 0) };
  declared.set(capture, range);
  return capture;
}

/** More slices of the leading dimensions are taken as wholes, and with all that lie between: wider, never wrong. */
const MAX_SLICES = 64;

function loadStep(e: Load, indices: readonly MutableInterval[], out: MutableInterval): Step {
  const { capture } = e;
  const known = declared.get(capture);
  if (known !== undefined) {
    return () => {
      out.min = known.min;
      out.max = known.max;
    };
  }
  if (capture.data.length === 0) {
    return () => {
      out.min = 0;
      out.max = 0;
    };
  }
  let pyramid: Pyramid | null = null;
  const sizes = capture.shape;
  const rank = sizes.length;
  const range = sizes.map(() => cell());
  const lastX = range[rank - 1];
  const lastY = range[rank - 2];
  return () => {
    pyramid ??= pyramidOf(capture);
    for (let d = 0; d < rank; d++) {
      const to = range[d];
      const from = indices[d];
      if (to !== undefined && from !== undefined) wrapRange(from, sizes[d] ?? 1, to);
    }
    out.min = Number.POSITIVE_INFINITY;
    out.max = Number.NEGATIVE_INFINITY;
    const x0 = lastX?.min ?? 0;
    const x1 = lastX?.max ?? 0;
    const y0 = lastY?.min ?? 0;
    const y1 = lastY?.max ?? 0;
    if (pyramid.lead.length === 0) mergeRange(pyramid, 0, x0, x1, y0, y1, out);
    else if (countOf(pyramid.lead, range) > MAX_SLICES) {
      mergeSlices(pyramid, cornerOf(pyramid.lead, range, "min"), cornerOf(pyramid.lead, range, "max"), out);
    } else for (const slice of slicesIn(pyramid.lead, range)) mergeRange(pyramid, slice, x0, x1, y0, y1, out);
  };
}

/** Range of the position that an index in `from` reads: negative ones count from the end, all are clamped. */
function wrapRange(from: Interval, size: number, to: MutableInterval): void {
  if (from.min < 0 && from.max >= 0) {
    to.min = 0;
    to.max = size - 1;
  } else {
    const shift = from.max < 0 ? size : 0;
    to.min = Math.max(0, Math.min(size - 1, from.min + shift));
    to.max = Math.max(0, Math.min(size - 1, from.max + shift));
  }
}

const countOf = (lead: readonly number[], range: readonly Interval[]): number =>
  lead.reduce((n, size, d) => n * (range[d] === undefined ? size : range[d].max - range[d].min + 1), 1);

/** Row-major number of the first or last of the slices whose leading indices lie in `range`. */
const cornerOf = (lead: readonly number[], range: readonly Interval[], end: "min" | "max"): number =>
  lead.reduce((n, size, d) => n * size + (range[d]?.[end] ?? 0), 0);

/** Row-major numbers of the slices whose leading indices lie in `range`. */
function slicesIn(lead: readonly number[], range: readonly Interval[]): number[] {
  let slices = [0];
  for (let d = 0; d < lead.length; d++) {
    const size = lead[d] ?? 1;
    const next: number[] = [];
    for (const slice of slices) for (let i = range[d]?.min ?? 0; i <= (range[d]?.max ?? size - 1); i++) next.push(slice * size + i);
    slices = next;
  }
  return slices;
}
