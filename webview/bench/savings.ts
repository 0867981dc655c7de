/**
 * What a faster kernel is worth: time, GPU hours and money over the steps that the user gives, and the memory that a
 * kernel without the matrix of weights does not need. In: two times, and the user's own numbers. Out: figures, each with
 * its formula filled in. No price is known here; without one there is no money. Of the forward pass, since that is what
 * was measured. Pure.
 */
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { bytes, integer, milliseconds, NARROW_SPACE, significant } from "../number.ts";
import type { SavingsForm } from "../protocol.ts";
import type { PastRun } from "./history.ts";
import type { Timed } from "./ratio.ts";

export const NO_SAVINGS_FORM: SavingsForm = { steps: null, calls: null, price: null, currency: "" };

/** What figures are of where the user gives no number: one call a step, a million steps. */
export const USUAL_STEPS = 1_000_000;
export const USUAL_CALLS = 1;

/** The fastest kernel of a run that is not wrong, and the baseline that was sampled in turn with it. */
export interface Pair {
  readonly kernel: BenchResult;
  readonly baseline: BenchResult;
}

/** Of the last run of this text at these sizes that has both; null: none has. */
export function lastPair(runs: readonly PastRun[], sizes: string, key: string): Pair | null {
  for (const run of runs.toReversed()) {
    if (run.sizes !== sizes || run.key !== key) continue;
    const right = run.results.filter((r) => r.check?.passed !== false).toSorted((a, b) => a.medianMs - b.medianMs);
    const kernel = right.find((r) => r.engine !== "materialized");
    const baseline = right.find((r) => r.engine === "materialized");
    if (kernel !== undefined && baseline !== undefined) return { kernel, baseline };
  }
  return null;
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** The formula with its numbers. */
  readonly formula: string;
}

export interface TimeSavings {
  /** GPU hours; below zero the baseline is the faster one. */
  readonly hours: number;
  /** At the ends of the interval of the difference. */
  readonly range: readonly [low: number, high: number];
  readonly money: number | null;
  readonly figures: readonly Figure[];
}

const MS_PER_HOUR = 3.6e6;

/** Hours and money between the baseline and a kernel. */
export function timeSavings(baseline: Timed, kernel: Timed, form: SavingsForm): TimeSavings {
  const steps = form.steps ?? USUAL_STEPS;
  const calls = form.calls ?? USUAL_CALLS;
  const hoursOf = (ms: number): number => (ms * steps * calls) / MS_PER_HOUR;
  const hours = hoursOf(baseline.medianMs - kernel.medianMs);
  // As for a difference of two medians whose errors do not know of each other.
  const down = Math.hypot(baseline.medianMs - baseline.interval[0], kernel.interval[1] - kernel.medianMs);
  const up = Math.hypot(baseline.interval[1] - baseline.medianMs, kernel.medianMs - kernel.interval[0]);
  const money = form.price === null ? null : hours * form.price;
  const difference = `(${milliseconds(baseline.medianMs)} − ${milliseconds(kernel.medianMs)})${NARROW_SPACE}ms`;
  const figures: Figure[] = [
    {
      name: hours < 0 ? "GPU hours lost" : "GPU hours saved",
      value: hoursText(Math.abs(hours)),
      formula: `${difference} × ${integer(calls)} ${calls === 1 ? "call" : "calls"} a step × ${integer(steps)} steps ÷ 3.6e6 ms an hour`,
    },
  ];
  if (money !== null && form.price !== null) {
    const unit = form.currency.trim() === "" ? "" : `${NARROW_SPACE}${form.currency.trim()}`;
    figures.push({
      name: hours < 0 ? "Money lost" : "Money saved",
      value: `${moneyText(Math.abs(money))}${unit}`,
      formula: `${hoursText(Math.abs(hours))} × ${form.price}${unit} an hour`,
    });
  }
  return { hours, range: [hours - hoursOf(down), hours + hoursOf(up)], money, figures };
}

/** `12.3 h`, `4 100 h`; short ones in minutes or seconds. */
export function hoursText(hours: number): string {
  if (hours === 0) return `0${NARROW_SPACE}h`;
  if (hours >= 1) return `${significant(hours)}${NARROW_SPACE}h`;
  return hours * 60 >= 1 ? `${significant(hours * 60)}${NARROW_SPACE}min` : `${significant(hours * 3600)}${NARROW_SPACE}s`;
}

const moneyText = (x: number): string => (x >= 1000 ? integer(x) : x.toFixed(2));

/** The shape whose memory is asked for. */
export interface Shape {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
  readonly dtype: Dtype;
  /** Calls whose weights are kept at the same time: a step's layers. */
  readonly calls: number;
}

export const DTYPE_BYTES = { f32: 4, bf16: 2, f16: 2 } as const;
export type Dtype = keyof typeof DTYPE_BYTES;

/** Of each query row, whatever the dtype: one f32 log-sum-exp. */
const ROW_BYTES = 4;

export interface MemorySavings {
  /** Bytes that attention with a matrix of weights keeps for its backward pass. */
  readonly weights: number;
  /** Bytes that a fused kernel keeps in their place. */
  readonly rows: number;
  readonly figures: readonly Figure[];
}

/** Memory for the weights (Q_LEN × KV_LEN of each head), against one number a row. */
export function memorySavings({ batch, heads, qLen, kvLen, dtype, calls }: Shape): MemorySavings {
  const size = DTYPE_BYTES[dtype];
  const rowCount = calls * batch * heads * qLen;
  const weights = rowCount * kvLen * size;
  const rows = rowCount * ROW_BYTES;
  const times = `${calls === 1 ? "" : `${integer(calls)} calls × `}B ${integer(batch)} × H ${integer(heads)} × Q_LEN ${integer(qLen)}`;
  return {
    weights,
    rows,
    figures: [
      { name: "Weights not kept", value: bytes(weights), formula: `${times} × KV_LEN ${integer(kvLen)} × ${size} bytes (${dtype})` },
      { name: "Kept instead", value: bytes(rows), formula: `${times} × ${ROW_BYTES} bytes (one log-sum-exp a row)` },
    ],
  };
}

/** A price or a count as people type it: `2.5`, `2,5`, `1 000 000`; null where it is none, is below zero, or not a number. */
export function parseAmount(text: string): number | null {
  const bare = text.replace(/[\s\u202f\u00a0_]/g, "");
  const value = Number(/^\d+,\d{1,2}$/.test(bare) ? bare.replace(",", ".") : bare.replaceAll(",", ""));
  return bare !== "" && Number.isFinite(value) && value >= 0 ? value : null;
}
