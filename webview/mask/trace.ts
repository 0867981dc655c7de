/**
 * Why one element is allowed or masked: every named step of the mod with its operands filled in and its value, in
 * source order, and the conjunct that masks. Pure; values come from the library's trace (kernels/ir/trace.ts).
 */
import type { Binary, Expr } from "../../kernels/ir/expr.ts";
import { interpretAll, type Point } from "../../kernels/ir/interpret.ts";
import type { Mod, Span, Variant } from "../../kernels/ir/mod.ts";
import { type BinaryOp, type DType, isFloat } from "../../kernels/ir/ops.ts";
import { traceMod } from "../../kernels/ir/trace.ts";
import { type Explanation, explain, type Why, whyOf } from "../../kernels/mask/why.ts";
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
  /** Where that conjunct is written, where a text stands behind it. */
  readonly place: Span | null;
  readonly mask: readonly TraceRow[];
  /** Steps of the score_mod at `score`; empty where there is none. */
  readonly score: readonly TraceRow[];
}

/** The trace of a variant at one element; its score_mod at `score`. */
export function traceCell(variant: Variant, point: Point, score = 0): Trace {
  const mask = variant.maskMod === null ? null : traceMask(variant.maskMod, point);
  return {
    allowed: mask?.allowed ?? true,
    maskedBy: mask?.reason?.name ?? null,
    place: mask?.reason?.span ?? null,
    mask: mask?.rows ?? [],
    score: variant.scoreMod === null ? [] : traceScore(variant.scoreMod, { ...point, score }),
  };
}

/** The trace as lines of text, for the clipboard. */
export function traceText(variant: Variant, point: Point, score = 0): string {
  const trace = traceCell(variant, point, score);
  const verdict = trace.allowed ? "allowed" : `masked by ${trace.maskedBy}`;
  const head = `${variant.name} b=${point.b} h=${point.h} q_idx=${point.q_idx} kv_idx=${point.kv_idx}: ${verdict}`;
  const lines = (rows: readonly TraceRow[]): string[] =>
    rows.map((r) => `${r.name} = ${r.detail === "" ? "" : `${r.detail} = `}${r.value}`);
  const at = trace.score.length > 0 ? [`score_mod at a score of ${formatValue(score, "f32")}`] : [];
  return [head, ...lines(trace.mask), ...at, ...lines(trace.score)].join("\n");
}

const reasonsOf = new WeakMap<Mod, Why>();

/** The reasons of a mask, worked out once. */
export function whyOfMask(mod: Mod): Why {
  const why = reasonsOf.get(mod) ?? whyOf(mod);
  reasonsOf.set(mod, why);
  return why;
}

function traceMask(mod: Mod, point: Point): { allowed: boolean; reason: Explanation["reason"] | null; rows: readonly TraceRow[] } {
  const why = whyOfMask(mod);
  const values = new Map([
    ...traceMod(mod, point).values,
    ...interpretAll(
      why.reasons.map((r) => r.expr),
      point,
    ),
  ]);
  const explanation = explain(mod, why, point);
  const killer = explanation?.reason ?? null;
  const at = (e: Expr): number => values.get(e) ?? Number.NaN;
  // Without names of the user's own the conjuncts themselves are the steps.
  const own = mod.locals.length > 0 || why.reasons.length < 2;
  const rows: TraceRow[] = own
    ? mod.locals.map((s) => row(s.name, s.value, values, killer?.masksWhen === false && s.value === killer.expr))
    : why.reasons.map((r) => (r.masksWhen ? verdict(r.name, 1 - at(r.expr), r === killer) : row(r.name, r.expr, values, r === killer)));
  if (killer !== null && !rows.some((r) => r.kills)) {
    rows.push(killer.masksWhen ? verdict(killer.name, 0, true) : row(killer.name, killer.expr, values, true));
  }
  // Of a conjunct with alternatives each that failed, and then the conjunct itself.
  const parts = (explanation?.parts ?? []).filter((part) => !rows.some((r) => r.name === part.name));
  const place = rows.findIndex((r) => r.kills);
  rows.splice(Math.max(0, place), 0, ...parts.map((part) => verdict(part.name, part.holds ? 1 : 0, false)));
  if (killer === null && !mod.locals.some((l) => l.value === mod.body)) rows.push(row("return", mod.body, values, false));
  return { allowed: values.get(mod.body) === 1, reason: killer, rows };
}

const verdict = (name: string, value: number, kills: boolean): TraceRow => ({ name, detail: "", value: formatValue(value, "bool"), kills });

function traceScore(mod: Mod, point: Point): readonly TraceRow[] {
  const { values } = traceMod(mod, point);
  const rows = mod.locals.map((l) => row(l.name, l.value, values, false));
  return mod.locals.some((l) => l.value === mod.body) ? rows : [...rows, row("return", mod.body, values, false)];
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
