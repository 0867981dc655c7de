/**
 * Whether something that was read from a file is a measurement or a sweep, field by field. Files are written by other
 * versions, other machines and other hands: what is shown of them must be there and be what it says. A shape answers with
 * the path of the first thing that is wrong (`.samplesMs[2]`), or null.
 */
import { KERNELS } from "../kernels/ir/mod.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { SWEEP_SIZES, type Sweep } from "../kernels/runtime/sweep.ts";

type Shape = (x: unknown) => string | null;

const when =
  (holds: (x: unknown) => boolean): Shape =>
  (x) =>
    holds(x) ? null : "";
const text = when((x) => typeof x === "string");
const flag = when((x) => typeof x === "boolean");
const number = when((x) => typeof x === "number" && Number.isFinite(x));
const count = when((x) => typeof x === "number" && Number.isSafeInteger(x) && x >= 0);
const size = when((x) => typeof x === "number" && Number.isSafeInteger(x) && x >= 1);
const whole = when((x) => typeof x === "number" && Number.isSafeInteger(x));
const milliseconds = when((x) => typeof x === "number" && Number.isFinite(x) && x >= 0);
const share = when((x) => typeof x === "number" && x >= 0 && x <= 1);
const oneOf = (...words: readonly unknown[]): Shape => when((x) => words.includes(x));
const orNull =
  (shape: Shape): Shape =>
  (x) =>
    x === null ? null : shape(x);
const maybe =
  (shape: Shape): Shape =>
  (x) =>
    x === undefined ? null : shape(x);

const listOf =
  (shape: Shape, least = 0, most = Number.POSITIVE_INFINITY): Shape =>
  (x) => {
    if (!Array.isArray(x) || x.length < least || x.length > most) return "";
    for (const [i, item] of x.entries()) {
      const fault = shape(item);
      if (fault !== null) return `[${i}]${fault}`;
    }
    return null;
  };

const record = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === "object" && x !== null && !Array.isArray(x);

const object =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (x) => {
    if (!record(x)) return "";
    for (const [name, shape] of Object.entries(fields)) {
      const fault = shape(x[name]);
      if (fault !== null) return `.${name}${fault}`;
    }
    return null;
  };

const valuesOf =
  (shape: Shape): Shape =>
  (x) =>
    record(x) ? object(Object.fromEntries(Object.keys(x).map((name) => [name, shape])))(x) : "";

/** One of several objects, told apart by the word under `tag`. */
const tagged =
  (tag: string, kinds: Readonly<Record<string, Shape>>): Shape =>
  (x) => {
    const word = record(x) ? x[tag] : undefined;
    const shape = typeof word === "string" && Object.hasOwn(kinds, word) ? kinds[word] : undefined;
    return shape === undefined ? `.${tag}` : shape(x);
  };

const kernel = oneOf(...KERNELS);
const interval = listOf(milliseconds, 2, 2);

const PROBLEM = object({
  batch: size,
  qHeads: size,
  kvHeads: size,
  qLen: size,
  kvLen: size,
  qkHeadDim: size,
  vHeadDim: size,
  scale: number,
  storage: oneOf("f32", "f16"),
  layout: oneOf("BHSD", "BSHD"),
  blockSize: listOf(size, 2, 2),
});

const CHECK = object({
  maxAbs: number,
  maxRel: number,
  bound: text,
  passed: flag,
  firstBad: orNull(listOf(count)),
  rows: count,
  allRows: flag,
});

const DETAILS = object({
  repeats: size,
  instances: count,
  clockStepMs: milliseconds,
  noisy: flag,
  pipelines: object({ used: count, compiled: count }),
  memory: object({ allocated: count, moved: count }),
  peaks: orNull(
    object({
      matmulFlops: number,
      matmul: text,
      matrices: maybe(orNull(object({ flops: number, product: text }))),
      copyBytes: number,
      measuredAt: number,
    }),
  ),
});

const RESULT = object({
  key: text,
  variant: text,
  engine: kernel,
  direction: oneOf("forward"),
  problem: PROBLEM,
  tile: text,
  sparsity: object({ blocks: share, elements: share }),
  device: object({ name: text, software: flag }),
  clock: oneOf("timestamp-query", "wall"),
  samplesMs: listOf(milliseconds, 1),
  medianMs: milliseconds,
  interval,
  baselineMs: orNull(milliseconds),
  compileMs: milliseconds,
  denseFlops: number,
  effectiveFlops: number,
  check: orNull(CHECK),
  measuredAt: number,
  details: maybe(DETAILS),
  run: maybe(text),
  sweep: maybe(object({ id: text, point: count })),
  importedFrom: maybe(text),
});

const maybeSize = maybe(size);
const hints = object({
  batch: maybeSize,
  qHeads: maybeSize,
  kvHeads: maybeSize,
  qLen: maybeSize,
  kvLen: maybeSize,
  qkHeadDim: maybeSize,
  vHeadDim: maybeSize,
  scale: maybe(number),
  storage: maybe(oneOf("f32", "f16")),
  layout: maybe(oneOf("BHSD", "BSHD")),
  blockSize: maybe(listOf(size, 2, 2)),
  kernel: maybe(listOf(kernel)),
  // Read where they are used, like those of a text.
  kernelOptions: maybe(when(record)),
});
const axis = (name: Shape): Shape => object({ name, values: listOf(whole, 1) });
const times = object({ medianMs: milliseconds, interval });

const SWEEP = object({
  id: text,
  document: text,
  variant: text,
  key: text,
  axes: listOf(tagged("kind", { size: axis(oneOf(...SWEEP_SIZES)), option: axis(text), binding: axis(text) }), 1, 2),
  kernels: listOf(oneOf("chosen", ...KERNELS), 1),
  settings: object({ samples: size, budgetMs: milliseconds }),
  base: object({ bindings: valuesOf(text), problem: hints, defaults: hints }),
  startedAt: number,
  device: orNull(text),
  points: listOf(
    object({
      at: listOf(whole, 1, 2),
      state: tagged("state", {
        left: object({ losses: count }),
        done: object({ tookMs: milliseconds, missing: listOf(object({ engine: kernel, reason: text, broke: flag })) }),
        failed: object({ reason: text }),
      }),
    }),
    1,
  ),
  importedFrom: maybe(text),
  drift: orNull(object({ point: count, kernels: listOf(object({ engine: kernel, before: times, after: times })) })),
});

/** The path of what is wrong with a measurement; null where nothing is. */
export const resultFault = (x: unknown): string | null => RESULT(x);
/** The same of a sweep. */
export const sweepFault = (x: unknown): string | null => SWEEP(x);

export const isResult = (x: unknown): x is BenchResult => resultFault(x) === null;
export const isSweep = (x: unknown): x is Sweep => sweepFault(x) === null;
