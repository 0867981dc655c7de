/**
 * Plausible elements for tensors that the text leaves open: document ids, offsets, a bias, a block table. Guessed from
 * the name and from how the mod uses it, the same for the same text. All tables of documents speak of one packing of
 * the problem's length, so that ids, offsets and lengths that a mod reads together agree.
 */
import type { Expr } from "../ir/expr.ts";
import { interpretAll, type Point } from "../ir/interpret.ts";
import { arrayFor, type Capture, type TypedArray } from "../ir/mod.ts";
import { toDType } from "../ir/number.ts";
import type { DType } from "../ir/ops.ts";
import { DOCUMENTS, type Sizes } from "./seed.ts";

// While typing the same tensors are made again and again; one object each also keeps what is derived from them.
const made = new Map<string, WeakRef<Capture>>();
const LARGEST_DIMENSION = 1 << 20;
const LARGEST_TENSOR = 1 << 24;

/** Where the documents of the packing begin, as shares of the length, and where the last one ends. */
const SHARES = [0, 0.19, 0.31, 0.56, 0.84, 1];
// Tables hold DOCUMENTS numbers, or one more where the end is asked for.
if (SHARES.length !== DOCUMENTS + 1) throw new Error("the packing has another number of documents");

/**
 * A tensor that takes `indices` (null: an index of which nothing is known): each dimension is as long as its index
 * needs over the problem. Values suit the name: ids that grow, offsets that end at the length, slopes below 1.
 */
export function seedTensor(name: string, dtype: DType, indices: readonly (Expr | null)[], sizes: Sizes): Capture {
  const words = name.toLowerCase();
  const fill = fillFor(words, dtype);
  let shape = indices.map((index) => (index === null ? (fill.length ?? DOCUMENTS) : dimensionFor(index, sizes)));
  if (fill.trailing !== undefined && indices.length === 1) shape = [...shape, ...fill.trailing];
  if (shape.reduce((a, n) => a * n, 1) > LARGEST_TENSOR) shape = shape.map((n) => Math.min(n, 256));
  const isPerBatch = indices.length === 1 && isVariable(indices[0], "b");
  const key = `${name} ${dtype} ${shape.join()} ${sizes.qLen} ${sizes.kvLen} ${isPerBatch}`;
  const before = made.get(key)?.deref();
  if (before !== undefined) return before;
  const capture = lazily(name, dtype, shape, () => {
    const length = shape.reduce((a, n) => a * n, 1);
    const data = arrayFor(dtype, length);
    const last = shape.at(-1) ?? 1;
    const place: Place = { last, shape, sizes, isPerBatch, random: generator(name) };
    for (let i = 0; i < length; i++) data[i] = toDType(fill.at(i % last, Math.floor(i / last), place), dtype);
    return data;
  });
  if (made.size >= 64) made.clear();
  made.set(key, new WeakRef(capture));
  return capture;
}

/** A capture whose elements are made when they are first read: while typing nobody looks at a bias of eight million. */
function lazily(name: string, dtype: DType, shape: readonly number[], make: () => TypedArray): Capture {
  let data: TypedArray | null = null;
  return {
    name,
    dtype,
    shape,
    get data() {
      data ??= make();
      return data;
    },
  };
}

/** Whether a name speaks of how a packing is cut: offsets or lengths of its documents. */
export const isPacking = (name: string): boolean => /offset|indptr|cu_|(^|_)(seq)?(lens|lengths|splits|sizes)$|seqlens/i.test(name);

/** What elements of a tensor are made from. */
interface Place {
  readonly last: number;
  readonly shape: readonly number[];
  readonly sizes: Sizes;
  /** Indexed by the batch alone: one number a sequence. */
  readonly isPerBatch: boolean;
  readonly random: () => number;
}

interface Fill {
  /** The element at `at` of the last dimension in the row `row` of all before it. */
  readonly at: (at: number, row: number, place: Place) => number;
  /** Where the mod does not show how long it is. */
  readonly length?: number;
  /** Dimensions that follow the one index of a table that is read row by row. */
  readonly trailing?: readonly number[];
}

type Rule = readonly [pattern: RegExp, fill: Fill];

/** Where document `i` of the packing begins in `length` tokens. */
const startOf = (i: number, length: number): number => Math.round((SHARES[Math.min(i, DOCUMENTS)] ?? 1) * length);

/** The document of token `at`; rows of a batch are packed alike, a little apart. */
function documentOf(at: number, row: number, length: number): number {
  const moved = at + Math.round((row % 4) * 0.04 * length);
  let i = 0;
  while (i + 1 < DOCUMENTS && startOf(i + 1, length) <= moved) i++;
  return i;
}

const IDS: Fill = { at: (at, row, { last }) => documentOf(at, row, last) };

const INTEGERS: readonly Rule[] = [
  [/span|range|interval/, { at: (at, row, { sizes, shape }) => spanOf(at, row % (shape.at(-2) ?? 1), sizes.kvLen), trailing: [3, 2] }],
  [/cu_|indptr|offset|bound|split|edges/, { at: (at, _, { last, sizes }) => offsetOf(at, last, sizes), length: DOCUMENTS + 1 }],
  [
    /start|begin|first/,
    { at: (at, row, { isPerBatch, sizes }) => (isPerBatch ? (sizes.kvLen >> 3) * (1 + (at % 2)) : startOf(at, sizes.kvLen) + 0 * row) },
  ],
  [
    /(^|_)(end|stop)s?(_|$)/,
    { at: (at, _, { isPerBatch, sizes }) => (isPerBatch ? sizes.kvLen - (sizes.kvLen >> 3) : startOf(at + 1, sizes.kvLen)) },
  ],
  [/prefix/, { at: (at, _, { sizes }) => Math.max(1, sizes.kvLen >> (2 + (at % 2))) }],
  [/len|count|size/, { at: lengthOf }],
  [/bucket/, { at: (at, row, { shape, last }) => (shape.length === 1 ? at % 32 : bucketOf(Math.abs((row % last) - at))) }],
  [/perm|page|physical|logical|phys|block_table|block_tables|slot/, { at: (at, row, { last }) => permuted(at, row, last) }],
  [/top_?k|select|chosen|rout/, { at: (at, _, { random }) => Math.floor(random() * (1 + (at >> 6))) }],
  [/(^|_)(h|row|y)s?_?(id|idx|ids|index|pos|coord)/, { at: (at, _, { last }) => Math.floor(at / sideOf(last)) }],
  [/(^|_)(w|col|x)s?_?(id|idx|ids|index|pos|coord)/, { at: (at, _, { last }) => at % sideOf(last) }],
  [/pos|idx|index|order|arange|step|time|frame|coord/, { at: (at) => at }],
];

const FLOATS: readonly Rule[] = [
  [/slope|alibi/, { at: (at, _, { last }) => 2 ** (-(8 * (at + 1)) / last) }],
  [/log_?(gamma|decay|alpha|a$)/, { at: (at) => Math.log(1 - 2 ** (-5 - (at % 16))) }],
  [/gamma|decay/, { at: (at) => 1 - 2 ** (-5 - (at % 16)) }],
  [/temp|scale|gain|sigma|std|rate|cap|weight|norm/, { at: (_, __, { random }) => 0.5 + random() }],
  [/./, { at: (_, __, { random }) => gauss(random) }],
];

const BOOLS: readonly Rule[] = [
  [/valid|padding|keep/, { at: (at, row, { last }) => (at < Math.ceil(last * (0.8 - 0.1 * (row % 4))) ? 1 : 0) }],
  [/global|sink|special|summary/, { at: (at) => (at % 64 === 0 ? 1 : 0) }],
  [/ancestor|tree|parent/, { at: (at, row) => (isAncestor(at, row) ? 1 : 0) }],
  [/./, { at: (_, __, { random }) => (random() < 0.5 ? 1 : 0) }],
];

function fillFor(words: string, dtype: DType): Fill {
  const rules = dtype === "bool" ? BOOLS : dtype === "f32" ? FLOATS : INTEGERS;
  return rules.find(([pattern]) => pattern.test(words))?.[1] ?? IDS;
}

/** Offsets of the packing where the table has one for each document or one more; evenly spread otherwise. */
function offsetOf(at: number, last: number, { kvLen }: Sizes): number {
  if (last === DOCUMENTS || last === DOCUMENTS + 1) return startOf(at, kvLen);
  return Math.floor((at * kvLen) / Math.max(1, last - 1));
}

/** Of a document, or, one number a sequence, what is not padding. */
function lengthOf(at: number, _row: number, { isPerBatch, last, sizes }: Place): number {
  if (isPerBatch || last > DOCUMENTS) return Math.max(1, Math.floor(sizes.kvLen * (0.8 - 0.15 * (at % 4))));
  return startOf(at + 1, sizes.kvLen) - startOf(at, sizes.kvLen);
}

/** Start and length of three spans. */
function spanOf(at: number, row: number, length: number): number {
  return at === 0 ? Math.floor(length * (0.1 + 0.3 * row)) : Math.max(1, Math.floor(length * 0.15));
}

/** Of a square picture of so many tokens. */
const sideOf = (tokens: number): number => Math.max(1, Math.round(Math.sqrt(tokens)));

/** T5's buckets, coarser with the distance. */
const bucketOf = (distance: number): number => Math.min(31, distance < 16 ? distance : 16 + Math.floor(4 * Math.log2(distance / 16)));

/** A permutation of `last` for each row: a step that has no divisor in common with it. */
function permuted(at: number, row: number, last: number): number {
  let step = Math.max(1, Math.round(last * 0.382));
  while (divisor(step, last) !== 1) step++;
  return (at * step + row) % last;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** In the binary tree whose node `i` has the parent `(i - 1) >> 1`; every node is its own ancestor. */
function isAncestor(candidate: number, node: number): boolean {
  let at = node;
  while (at > candidate) at = (at - 1) >> 1;
  return at === candidate;
}

/** A normal variate (Box and Muller). */
const gauss = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const isVariable = (index: Expr | null | undefined, name: string): boolean => index?.kind === "var" && index.name === name;

/** One more than the largest value that `index` takes over the problem's corners and some seeded points. */
function dimensionFor(index: Expr, sizes: Sizes): number {
  let largest = 0;
  const random = generator("points");
  const corners = [0, 1];
  const points: Point[] = [];
  for (const b of corners)
    for (const h of corners) for (const q of corners) for (const k of corners) points.push(scaled(b, h, q, k, sizes));
  for (let i = 0; i < 64; i++) points.push(scaled(random(), random(), random(), random(), sizes));
  for (const point of points) {
    const value = interpretAll([index], point).get(index) ?? 0;
    if (Number.isFinite(value)) largest = Math.max(largest, value);
  }
  return Math.min(LARGEST_DIMENSION, Math.floor(largest) + 1);
}

function scaled(b: number, h: number, q: number, k: number, sizes: Sizes): Point {
  const at = (x: number, n: number): number => Math.min(n - 1, Math.floor(x * n));
  // A table of positions serves queries and keys alike.
  const length = Math.max(sizes.qLen, sizes.kvLen);
  return { b: at(b, sizes.batch), h: at(h, sizes.heads), q_idx: at(q, length), kv_idx: at(k, length) };
}

/** Numbers in [0, 1) that depend on `name` alone (xorshift32 from a hash of the name). */
function generator(name: string): () => number {
  let state = 0x9e3779b9;
  for (let i = 0; i < name.length; i++) state = Math.imul(state ^ name.charCodeAt(i), 0x85ebca6b) >>> 0;
  state = state === 0 ? 1 : state;
  return () => {
    state = (state ^ (state << 13)) >>> 0;
    state = (state ^ (state >>> 17)) >>> 0;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
}
