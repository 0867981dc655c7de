/**
 * Why one element is allowed or masked: every named step of the mod with its operands filled in and its value, in
 * source order, and the conjunct that masks. Pure; values come from the library's trace (kernels/ir/trace.ts).
 */
import { type Binary, boolean, type Expr } from "../../kernels/ir/expr.ts";
import type { Point } from "../../kernels/ir/interpret.ts";
import type { Mod, Variant } from "../../kernels/ir/mod.ts";
import { type BinaryOp, type DType, isFloat } from "../../kernels/ir/ops.ts";
import { printExpr } from "../../kernels/ir/print.ts";
import { traceMod } from "../../kernels/ir/trace.ts";
import { integer, significant } from "../number.ts";

export interface TraceRow {
  readonly name: string;
  /** The operands' values around the operator, `2 871 ≥ 1 990`; empty where that says nothing. */
  readonly detail: string;
  readonly value: string;
  /** The conjunct that masks the element. */
  readonly kills: boolean;
}

export interface Trace {
  readonly allowed: boolean;
  /** The first conjunct that is false, as it is named or written; null where the element is allowed. */
  readonly maskedBy: string | null;
  readonly mask: readonly TraceRow[];
  /** Steps of the score_mod at a score of 0; empty where there is none. */
  readonly score: readonly TraceRow[];
}

/** The trace of a variant at one element. */
export function traceCell(variant: Variant, point: Point): Trace {
  const mask = variant.maskMod === null ? null : traceMask(variant.maskMod, point);
  return {
    allowed: mask?.allowed ?? true,
    maskedBy: mask?.maskedBy ?? null,
    mask: mask?.rows ?? [],
    score: variant.scoreMod === null ? [] : traceScore(variant.scoreMod, { ...point, score: 0 }),
  };
}

/** The trace as lines of text, for the clipboard. */
export function traceText(variant: Variant, point: Point): string {
  const trace = traceCell(variant, point);
  const verdict = trace.allowed ? "allowed" : `masked by ${trace.maskedBy}`;
  const head = `${variant.name} b=${point.b} h=${point.h} q_idx=${point.q_idx} kv_idx=${point.kv_idx}: ${verdict}`;
  const steps = [...trace.mask, ...trace.score].map((r) => `${r.name} = ${r.detail === "" ? "" : `${r.detail} = `}${r.value}`);
  return [head, ...steps].join("\n");
}

function traceMask(mod: Mod, point: Point): { allowed: boolean; maskedBy: string | null; rows: readonly TraceRow[] } {
  const parts = conjuncts(mod.body);
  const { values } = traceMod(mod, point);
  const allowed = values.get(mod.body) === 1;
  const killer = allowed ? undefined : parts.find((p) => values.get(p) === 0);
  const names = new Map(mod.locals.map((l) => [l.value, l.name]));
  // Without names of the user's own the parts themselves are the steps.
  const steps = mod.locals.length > 0 || parts.length < 2 ? mod.locals : parts.map((value) => ({ name: printShort(value, names), value }));
  const rows: TraceRow[] = steps.map((s) => row(s.name, s.value, values, s.value === killer));
  if (killer !== undefined && !steps.some((s) => s.value === killer)) rows.push(row(printShort(killer, names), killer, values, true));
  if (killer === undefined && !names.has(mod.body)) rows.push(row("return", mod.body, values, false));
  return { allowed, maskedBy: killer === undefined ? null : (names.get(killer) ?? printShort(killer, names)), rows };
}

function traceScore(mod: Mod, point: Point): readonly TraceRow[] {
  const { values } = traceMod(mod, point);
  const rows = mod.locals.map((l) => row(l.name, l.value, values, false));
  return mod.locals.some((l) => l.value === mod.body) ? rows : [...rows, row("return", mod.body, values, false)];
}

/** The operands of the outermost `&`, left to right; the expression itself where it is none. Each once. */
export function conjuncts(body: Expr): readonly Expr[] {
  const parts = new Set<Expr>();
  const seen = new Set<Expr>();
  const stack: Expr[] = [body];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (seen.has(e)) continue;
    seen.add(e);
    if (e.kind === "binary" && e.op === "and" && e.dtype === "bool") stack.push(e.b, e.a);
    else parts.add(bare(e));
  }
  // `and_masks` starts from True; alone it is what there is.
  if (parts.size > 1) parts.delete(boolean(true));
  return [...parts];
}

/** Without the False that `or_masks` starts from. */
function bare(e: Expr): Expr {
  if (e.kind !== "binary" || e.op !== "or") return e;
  if (e.a === boolean(false)) return bare(e.b);
  return e.b === boolean(false) ? bare(e.a) : e;
}

/** An expression in at most one line of the side panel, with the mod's own names for its parts. */
function printShort(e: Expr, names: ReadonlyMap<Expr, string>): string {
  const text = printExpr(e, { names });
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}

const SIGNS: Partial<Record<BinaryOp, string>> = {
  add: "+",
  sub: "−",
  mul: "×",
  div: "/",
  floordiv: "//",
  floormod: "%",
  and: "&",
  or: "|",
  xor: "^",
  eq: "==",
  ne: "≠",
  lt: "<",
  le: "≤",
  gt: ">",
  ge: "≥",
};

function row(name: string, e: Expr, values: ReadonlyMap<Expr, number>, kills: boolean): TraceRow {
  return { name, detail: e.kind === "binary" ? filledIn(e, values) : "", value: formatValue(values.get(e) ?? Number.NaN, e.dtype), kills };
}

function filledIn(e: Binary, values: ReadonlyMap<Expr, number>): string {
  const sign = SIGNS[e.op];
  if (sign === undefined || e.a.dtype === "bool") return "";
  const of = (x: Expr): string => formatValue(values.get(x) ?? Number.NaN, x.dtype);
  return `${of(e.a)} ${sign} ${of(e.b)}`;
}

/** A value as Python would name it, numbers set for reading. */
export function formatValue(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 0 ? "False" : "True";
  if (!isFloat(dtype)) return integer(value);
  const a = Math.abs(value);
  return a !== 0 && Number.isFinite(a) && (a < 1e-4 || a >= 1e7)
    ? value.toExponential(2).replace(/-/g, "−").replace("+", "")
    : significant(value, 4);
}
