/** `flexlens trace`: what each name of a mod holds at one element, and what comes out. */
import { hazardsOf } from "../analysis/hazard.ts";
import { ANY_BOX } from "../analysis/interval.ts";
import type { Diagnostic } from "../frontend/diagnostic.ts";
import type { BindingValue, LoweredVariant } from "../frontend/module.ts";
import { interpret, type Point } from "../ir/interpret.ts";
import type { Mod } from "../ir/mod.ts";
import { type DType, isFloat, TORCH_NAMES } from "../ir/ops.ts";
import { type TracedStep, traceMod } from "../ir/trace.ts";
import type { Outcome } from "./bench.ts";
import { checkRows } from "./check.ts";
import { type Choice, choose, notesOf } from "./choose.ts";
import type { Input } from "./input.ts";
import { jsonText, type Nested, numberOf } from "./jsonText.ts";
import { type Options, type Target, UsageError } from "./options.ts";
import { cellText, refusalOf } from "./refused.ts";

interface Row {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly value: Nested;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly cell?: number;
}

/** Traces the target at `options.at`. @throws UsageError */
export function traceCommand(input: Input, target: Target, options: Options, bindings: Readonly<Record<string, BindingValue>>): Outcome {
  const at = options.at ?? [0, 0, 0, 0];
  const { variant, diagnostics } = withinLengths(input, target, at, bindings, options.bindings);
  const notes = notesOf(input, diagnostics);
  const refusedAs = (refusals: readonly Diagnostic[]): Outcome => ({
    out: options.output === "json" ? JSON.stringify(checkRows(input, refusals)) : "",
    err: notesOf(input, refusals),
    code: 1,
  });
  if (variant === null) return refusedAs(diagnostics.filter((d) => d.severity === "error"));
  const [b, h, q_idx, kv_idx] = at;
  const point = { b, h, q_idx, kv_idx, score: options.score };
  for (const mod of [variant.scoreMod, variant.maskMod]) {
    const refusal = mod === null ? null : refusalAt(mod, point, input);
    if (refusal !== null) return refusedAs([refusal]);
  }
  const { rows, result, mask } = traced(variant, point, input);
  if (options.output === "json")
    return { out: jsonText({ at, locals: rows, result, ...(mask === null ? {} : { mask }) }), err: notes, code: 0 };
  return { out: table(variant, point, rows, result, mask, target.file), err: notes, code: 0 };
}

const KEYS = ["B", "H", "Q_LEN", "KV_LEN"] as const;

/** Lengths that nothing gives are no bounds: they are taken to be long enough. */
function withinLengths(
  input: Input,
  target: Target,
  at: readonly [number, number, number, number],
  bindings: Readonly<Record<string, BindingValue>>,
  typed: Options["bindings"],
): Choice {
  const choice = choose(input, target, { bindings }, typed);
  if (choice.variant === null) return choice;
  const { batch, qHeads, qLen, kvLen } = choice.variant.problem;
  const known = [batch, qHeads, qLen ?? kvLen, kvLen ?? qLen];
  if (at.some((index, i) => index >= (known[i] ?? Number.POSITIVE_INFINITY))) {
    const lengths = KEYS.flatMap((key, i) => (known[i] === undefined ? [] : [`${key} = ${known[i]}`])).join(", ");
    throw new UsageError(`--at ${at.join(",")} is no element of the mask: ${lengths}, and indices begin at 0`);
  }
  const assumed = [1, 8, 1024, 1024];
  const needed = KEYS.flatMap((key, i) => {
    const index = at[i] ?? 0;
    return known[i] === undefined && index >= (assumed[i] ?? 0) && bindings[key] === undefined ? [[key, String(index + 1)]] : [];
  });
  return needed.length === 0 ? choice : choose(input, target, { bindings: { ...Object.fromEntries(needed), ...bindings } }, typed);
}

function refusalAt(mod: Mod, point: Point, input: Input): Diagnostic | null {
  for (const hazard of hazardsOf([mod.body], ANY_BOX)) {
    if (interpret(hazard.condition, point) === 0) continue;
    const index = hazard.kind === "index" ? hazard.node.indices[hazard.dimension] : undefined;
    const value = index === undefined ? 0 : interpret(index, point);
    return refusalOf(hazard, mod, value, cellText(point.b, point.h, point.q_idx, point.kv_idx), input);
  }
  return null;
}

interface Result {
  readonly dtype: string;
  readonly value: Nested;
}

/** Of a pair: the score_mod's names, then the mask_mod's; the result is the score, -inf where it is masked. */
function traced(variant: LoweredVariant, point: Point, input: Input): { rows: Row[]; result: Result; mask: boolean | null } {
  const traces = [variant.scoreMod, variant.maskMod].flatMap((mod) => (mod === null ? [] : [traceMod(mod, point)]));
  const rows = traces.flatMap((t) => t.steps.map((step) => rowOf(step, input)));
  const [first, second] = traces.map((t) => t.result);
  if (first === undefined) throw new Error("a variant without mods");
  if (second === undefined)
    return { rows, result: { dtype: TORCH_NAMES[first.dtype], value: scalar(first.value, first.dtype) }, mask: null };
  const dtype = isFloat(first.dtype) ? first.dtype : "f32";
  const score = second.value === 0 ? Number.NEGATIVE_INFINITY : first.value;
  return { rows, result: { dtype: TORCH_NAMES[dtype], value: scalar(score, dtype) }, mask: second.value !== 0 };
}

const scalar = (value: number, type: DType | "int" | "float"): Nested => (type === "bool" ? value !== 0 : numberOf(value));

function rowOf({ name, type, shape, values, span }: TracedStep, input: Input): Row {
  const dtype = type === "int" || type === "float" ? type : TORCH_NAMES[type];
  const numbers = values?.map((x) => scalar(x, type)) ?? null;
  return {
    name,
    dtype,
    shape,
    value: numbers === null ? null : nested(numbers, shape),
    file: span.file,
    ...input.place(span.from, span.file),
  };
}

function nested(flat: readonly Nested[], shape: readonly number[]): Nested {
  const [n, ...rest] = shape;
  if (n === undefined) return flat[0] ?? null;
  const step = rest.reduce((a, x) => a * x, 1);
  return Array.from({ length: n }, (_, i) => nested(flat.slice(i * step, (i + 1) * step), rest));
}

function table(variant: LoweredVariant, p: Point, rows: readonly Row[], result: Result, mask: boolean | null, file: string): string {
  const score = variant.scoreMod === null ? "" : `, score = ${p.score ?? 0}`;
  const where = (r: Row): string => {
    const place = `${r.cell === undefined ? "" : `#${r.cell}:`}${r.line}:${r.column}`;
    return r.file === file ? place : `${r.file}:${place}`;
  };
  const value = (r: Row): string => (r.value === null ? `of shape [${r.shape.join(", ")}]` : pythonText(r.value));
  const lines = rows.map((r) => [r.name, value(r), r.dtype, where(r)]);
  if (mask !== null) lines.push(["mask", pythonText(mask), "bool", ""]);
  lines.push(["result", pythonText(result.value), result.dtype, ""]);
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((l) => l[i]?.length ?? 0)));
  const text = lines.map((l) =>
    l
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [`${variant.name} at ${cellText(p.b, p.h, p.q_idx, p.kv_idx)}${score}`, ...text].join("\n");
}

function pythonText(value: Nested): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Object.is(value, -0) ? "-0.0" : String(value);
  return typeof value === "string" ? value : `[${value.map(pythonText).join(", ")}]`;
}
