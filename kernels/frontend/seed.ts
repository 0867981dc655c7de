/**
 * Plausible values for names that the text leaves open: a window, a table of document ids, a bias. Seeded, so that the
 * same text gives the same picture; guessed from the name and from how the mod uses it. Whoever takes one says so in a
 * hint diagnostic (`seeded-value`): nothing here is ever shown as the user's own.
 */
import type { Expr } from "../ir/expr.ts";
import { interpretAll, type Point } from "../ir/interpret.ts";
import { arrayFor, type Capture } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";

/** Sizes that seeded tensors take. */
export interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/** What a name is used as. */
export type SeedKind = "int" | "float" | "bool" | "tensor" | "mask_mod" | "score_mod";

// While typing the same tensors are made again and again; one object each also keeps what is derived from them.
const made = new Map<string, Capture>();
const LARGEST_DIMENSION = 1 << 20;
const LARGEST_TENSOR = 1 << 24;

/** A number for `name` as Python text: `128` for a window, the number of heads for `num_heads`, `0.5` for a slope. */
export function seedScalar(name: string, kind: "int" | "float" | "bool", sizes: Sizes): string {
  if (kind === "bool") return "True";
  if (/^H[qQ]?$/.test(name)) return String(sizes.heads);
  const n = name.toLowerCase();
  const side = Math.max(1, Math.round(Math.sqrt(sizes.qLen)));
  const rules: readonly (readonly [RegExp, string])[] = [
    [/head/, String(sizes.heads)],
    [/^b$|batch|bsz/, String(sizes.batch)],
    [/^(is|use|has|enable)_|causal|bidirectional/, "True"],
    [/dilat/, "4"],
    [/sink/, "4"],
    [/kernel|^k[hw]$/, "7"],
    [/soft_?cap|^cap$/, "50.0"],
    [/slope|alpha|beta|gamma|decay|rate|freq|penalty|eps|lambda|temperature|^temp$|scal/, "0.5"],
    [/bias|factor|weight|strength/, "1.0"],
    [/height|width|canvas|grid|^[hw]$|rows|cols/, String(side)],
    [/window|radius|band|prefix|context|recent|local/, String(Math.max(1, Math.min(128, sizes.kvLen >> 2)))],
    [/block|tile|page|chunk|stride|patch|segment|group|bucket/, "64"],
    [/kv_?len|kv_?seq/, String(sizes.kvLen)],
    [/len|seq|^s$|^n$|size|max|total|num_tok/, String(sizes.qLen)],
    [/rank|shard|offset|shift|start|pos/, "0"],
    [/dim/, "64"],
  ];
  const text = rules.find(([pattern]) => pattern.test(n))?.[1] ?? "64";
  if (kind === "float" && /^\d+$/.test(text)) return `${text}.0`;
  return text;
}

/** The dtypes that a tensor of this name may have, the likeliest first. */
export function seedDTypes(name: string, inScoreMod: boolean): readonly DType[] {
  const n = name.toLowerCase();
  if (/mask|valid|keep|allow|visible|^is_|_is_|flag|ancestor|padding|active|selected/.test(n)) return ["bool", "i64", "f32"];
  if (
    /doc|seq|seg|_ids?$|^ids?$|idx|index|offset|len|pos|start|end|prefix|bucket|page|block|count|num|span|group|token|modality|perm|physical|logical|table_map/.test(
      n,
    )
  ) {
    return ["i64", "bool", "f32"];
  }
  if (inScoreMod || /bias|slope|table|gain|scale|weight|alibi|decay|gamma|temp|sink|freq|rope|coef|logit|emb/.test(n)) {
    return ["f32", "i64", "bool"];
  }
  return ["i64", "bool", "f32"];
}

/**
 * A tensor that takes `indices` (null: an index of which nothing is known): each dimension is as long as its index
 * needs over the problem. Values suit the name: ids that grow, offsets that end at the length, slopes below 1.
 */
export function seedTensor(name: string, dtype: DType, indices: readonly (Expr | null)[], sizes: Sizes): Capture {
  let shape = indices.map((index) => (index === null ? 4 : dimensionFor(index, sizes)));
  if (shape.reduce((a, n) => a * n, 1) > LARGEST_TENSOR) shape = shape.map((n) => Math.min(n, 256));
  const key = `${name} ${dtype} ${shape.join()} ${sizes.kvLen}`;
  const before = made.get(key);
  if (before !== undefined) return before;
  const length = shape.reduce((a, n) => a * n, 1);
  const data = arrayFor(dtype, length);
  const last = shape[shape.length - 1] ?? 1;
  const random = generator(name);
  const n = name.toLowerCase();
  for (let i = 0; i < length; i++) {
    const at = i % last;
    if (dtype === "bool") data[i] = /valid|padding|keep/.test(n) ? (at < Math.ceil(last * 0.8) ? 1 : 0) : random() < 0.5 ? 1 : 0;
    else if (dtype === "f32") data[i] = /slope|alibi/.test(n) ? 2 ** (-(8 * (at + 1)) / last) : random() * 2 - 1;
    else if (/offset|start|cu_|indptr|bound/.test(n)) data[i] = Math.floor((at * sizes.kvLen) / Math.max(1, last - 1));
    else if (/len|prefix/.test(n)) data[i] = Math.max(1, Math.floor(sizes.kvLen * (1 - at / (2 * last))));
    else if (/bucket/.test(n)) data[i] = Math.floor(random() * 32);
    else if (/perm|pos|idx|index|physical|logical|page/.test(n)) data[i] = at;
    else data[i] = at; // ids, settled below
  }
  if ((dtype === "i64" || dtype === "i32") && isIds(n)) fillIds(data, last, generator(name));
  const capture: Capture = { name, dtype, shape, data };
  if (made.size >= 64) made.clear();
  if (length <= 1 << 21) made.set(key, capture);
  return capture;
}

const isIds = (n: string): boolean => !/offset|start|cu_|indptr|bound|len|prefix|bucket|perm|pos|idx|index|physical|logical|page/.test(n);

/** Ids that go up by one at seeded places, some four to a row. */
function fillIds(data: { [i: number]: number; readonly length: number }, last: number, random: () => number): void {
  for (let row = 0; row < data.length; row += last) {
    let id = 0;
    for (let i = 0; i < last; i++) {
      if (i > 0 && random() < 3 / last) id++;
      data[row + i] = id;
    }
  }
}

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
  return { b: at(b, sizes.batch), h: at(h, sizes.heads), q_idx: at(q, sizes.qLen), kv_idx: at(k, sizes.kvLen) };
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
