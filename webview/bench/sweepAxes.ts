/**
 * What a sweep of the variant shown can vary, the values that are typed for it, and the text of the document at one of its
 * points: the form's values and sizes with those of the point in their place, so that a point is lowered and measured as
 * the panel would if the user had typed it. Pure.
 */
import { OPTION_MEANINGS, OPTION_NAMES } from "../../kernels/flash/kernelOptions.ts";
import type { Problem } from "../../kernels/flash/problem.ts";
import { captureRows } from "../../kernels/frontend/captures.ts";
import type { BindingValue } from "../../kernels/frontend/module.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import { axisName } from "../../kernels/runtime/resultText.ts";
import type { Sweep, SweepAxis, SweepBase, SweepSize } from "../../kernels/runtime/sweep.ts";
import { integer, parseSize } from "../number.ts";
import type { Show } from "../protocol.ts";
import type { Scene } from "../state.ts";

/** An axis that can be chosen. */
export interface AxisChoice {
  /** Among the choices. */
  readonly id: string;
  /** With values that are worth a start, around the present one. */
  readonly axis: SweepAxis;
  readonly label: string;
}

const SIZES: readonly { readonly name: SweepSize; readonly label: string; readonly suggest: (p: Problem) => readonly number[] }[] = [
  { name: "S", label: "S, both lengths", suggest: (p) => around(Math.max(p.qLen, p.kvLen), 64) },
  { name: "Q_LEN", label: "Q_LEN", suggest: (p) => around(p.qLen, 1) },
  { name: "KV_LEN", label: "KV_LEN", suggest: (p) => around(p.kvLen, 64) },
  { name: "B", label: "B, batch", suggest: () => [1, 2, 4, 8] },
  { name: "H", label: "H, query and key heads", suggest: (p) => around(p.qHeads, 1) },
  { name: "HKV", label: "KV heads", suggest: (p) => divisors(p.qHeads) },
  { name: "D", label: "D, head dimension", suggest: () => [32, 64, 128] },
  { name: "BLOCK_SIZE", label: "BLOCK_SIZE of the mask", suggest: () => [32, 64, 128, 256] },
];

/** What can vary: sizes, whole numbers that the mod reads, options of the kernels' tiles. */
export function axisChoices({ variant, problem }: Pick<Scene, "variant" | "problem">): readonly AxisChoice[] {
  const sizes = SIZES.map(({ name, label, suggest }): AxisChoice => {
    return { id: `size ${name}`, axis: { kind: "size", name, values: suggest(problem) }, label };
  });
  const values = captureRows(variant).flatMap(({ name, tensor, origin, value, text }): AxisChoice[] => {
    const present = tensor === null && origin !== "computed" ? wholeNumber(value ?? text) : null;
    return present === null ? [] : [{ id: `binding ${name}`, axis: { kind: "binding", name, values: aroundValue(present) }, label: name }];
  });
  const options = OPTION_NAMES.map((name): AxisChoice => {
    const suggested = name === "ROWS" || name === "SPLIT_KV" ? [1, 2, 4, 8] : [16, 32, 64, 128];
    return { id: `option ${name}`, axis: { kind: "option", name, values: suggested }, label: `${name}: ${OPTION_MEANINGS[name]}` };
  });
  // What the mod itself reads is what its author varies first, after the length.
  return [...sizes.slice(0, 1), ...values, ...sizes.slice(1), ...options];
}

const around = (n: number, least: number): readonly number[] =>
  [...new Set([n / 4, n / 2, n, 2 * n].map((x) => Math.max(least, Math.round(x))))].sort((a, b) => a - b);

const aroundValue = (n: number): readonly number[] => (n >= 8 ? around(n, 1) : Array.from({ length: 4 }, (_, i) => Math.max(0, n - 1) + i));

function divisors(n: number): readonly number[] {
  const all: number[] = [];
  for (let d = 1; d <= n && d <= 4096; d++) if (n % d === 0) all.push(d);
  return all;
}

const wholeNumber = (text: string): number | null => (/^[-−]?\d{1,15}$/.test(text.trim()) ? Number(text.trim().replace("−", "-")) : null);

/** Values of one axis, and points of a sweep, at most. */
export const MOST_VALUES = 100;
export const MOST_POINTS = 400;

export type Typed = { readonly ok: true; readonly values: readonly number[] } | { readonly ok: false; readonly error: string };

/** A list as people type it: `256, 512, 1k`, set off by commas or spaces. */
export function readValues(text: string, kind: SweepAxis["kind"]): Typed {
  // Narrow and fixed spaces are within a number; other spaces stand between two.
  const words = text
    .replaceAll(/[\u202f\u00a0_]/g, "")
    .split(/[,;\s]+/)
    .filter((word) => word !== "");
  const values: number[] = [];
  for (const word of words) {
    const value = parseSize(word) ?? (kind === "binding" ? wholeNumber(word) : null);
    if (value === null) {
      const example = kind === "binding" ? "whole numbers such as `0, 64, 1k`" : "whole numbers from 1 such as `256, 512, 1k`";
      return { ok: false, error: `\`${word}\` is no value for this; write ${example}.` };
    }
    if (!values.includes(value)) values.push(value);
  }
  if (values.length === 0) return { ok: false, error: "There are no values; write some, such as `256, 512, 1k`." };
  if (values.length > MOST_VALUES) return { ok: false, error: `${values.length} values are more than ${MOST_VALUES}; take fewer steps.` };
  return { ok: true, values };
}

/** `steps` values from `from` to `to`: by a factor where the range is wide, else by a distance; whole numbers, each once. */
export function spread(from: number, to: number, steps: number): readonly number[] {
  if (steps <= 1 || from === to) return [...new Set([from, to])];
  const byFactor = from > 0 && to > 0 && Math.max(from, to) / Math.min(from, to) >= 4;
  const value = (share: number): number => (byFactor ? from * (to / from) ** share : from + (to - from) * share);
  return [...new Set(Array.from({ length: steps }, (_, i) => Math.round(value(i / (steps - 1)))))];
}

/** The text of a list of values, as `readValues` reads it. */
export const valuesText = (values: readonly number[]): string => values.join(", ");

/** `S = 2 048, window_size = 64`. */
export const placeText = (axes: readonly SweepAxis[], at: readonly number[]): string =>
  axes.map((axis, i) => `${axisName(axis)} = ${integer(at[i] ?? 0)}`).join(", ");

/**
 * What the form says now, for a sweep to stay with, and every size, so that none follows another that varies. Values that
 * are data, not text, cannot be kept and are left out.
 */
export function baseOf(show: Show, { variant, problem: p }: Pick<Scene, "variant" | "problem">): SweepBase {
  const { batch, qHeads, kvHeads, qLen, kvLen, qkHeadDim, vHeadDim, storage, blockSize } = p;
  const sizes = { batch, qHeads, kvHeads, qLen, kvLen, qkHeadDim, vHeadDim, storage, blockSize };
  const texts = Object.entries(show.bindings).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return {
    bindings: Object.fromEntries(texts),
    problem: { ...sizes, ...show.problem, ...show.kernels?.[variant.name] },
    defaults: show.defaults ?? {},
  };
}

/** `show` as it is at a point of the sweep; `at` empty: as it was when the sweep was made. */
export function showAt(show: Show, sweep: Pick<Sweep, "axes" | "base">, at: readonly number[]): Show {
  const bindings: Record<string, BindingValue> = { ...sweep.base.bindings };
  let problem: ProblemHints = sweep.base.problem;
  for (const [i, axis] of sweep.axes.entries()) {
    const value = at[i];
    if (value === undefined) continue;
    if (axis.kind === "binding") bindings[axis.name] = String(value);
    else if (axis.kind === "option") problem = { ...problem, kernelOptions: { ...problem.kernelOptions, [axis.name]: value } };
    else problem = { ...problem, ...hintsOf(axis.name, value) };
  }
  return { ...show, bindings, problem, defaults: sweep.base.defaults };
}

function hintsOf(name: SweepSize, value: number): ProblemHints {
  switch (name) {
    case "S":
      return { qLen: value, kvLen: value };
    case "Q_LEN":
      return { qLen: value };
    case "KV_LEN":
      return { kvLen: value };
    case "B":
      return { batch: value };
    case "H":
      return { qHeads: value, kvHeads: value };
    case "HKV":
      return { kvHeads: value };
    case "D":
      return { qkHeadDim: value, vHeadDim: value };
    case "BLOCK_SIZE":
      return { blockSize: [value, value] };
  }
}
