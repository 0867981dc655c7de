/**
 * Would another order of the tokens visit fewer blocks? Row-major order tears neighbourhoods on a grid apart: tokens
 * one row away are a row's length away in the sequence. Tiles of one block's size and Morton's Z-order keep them
 * together; a dilated window wants its residues together. Each order is measured by building the mask that it gives,
 * and the best is handed out as Python. After the tile orders of NATTEN and of FlexAttention's own examples, and
 * Morton, 1966.
 */
import { simplify } from "../analysis/simplify.ts";
import { cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, countBlocks } from "./blockMask.ts";
import { type Grid, gridOf, periodsOf, reordered } from "./grid.ts";
import { budgetOf, visitedBlocks } from "./visited.ts";

/** One order of the tokens. */
export type Order =
  | { readonly kind: "tiles"; readonly grid: Grid; readonly tile: readonly number[] }
  | { readonly kind: "morton"; readonly grid: Grid }
  /** By the remainder of the token's number, then by the number: a grid of that width column by column. */
  | { readonly kind: "residue"; readonly period: number; readonly isColumn: boolean };

export interface MeasuredOrder {
  readonly order: Order;
  /** `tiles of 8 × 16`. */
  readonly name: string;
  /** Blocks visited; null where the mask would take too long to build. */
  readonly blocks: number | null;
}

export interface ReorderReport {
  /** Blocks visited in the order at hand. */
  readonly blocks: number;
  /** In the order of trial; empty where the mask speaks of no grid and no period. */
  readonly tried: readonly MeasuredOrder[];
  /** The best where it saves a tenth of the blocks. */
  readonly best: MeasuredOrder | null;
  /** The best order as Python, for the mod of the name given. */
  readonly python: string | null;
}

/** Steps of some hundred microseconds that one order's mask may cost. */
const BUDGET = 2 ** 14;
/** Savings below this share are not worth a change. */
const WORTH = 0.1;
/** Longer sequences are not sorted. */
const MOST_TOKENS = 2 ** 21;

/** Measures the orders that suit the mask; yields the share done every few milliseconds. `name`: of the mod, for the Python text. */
export function* reorderings(body: Expr | null, m: BlockMask, name: string): Generator<number, ReorderReport> {
  const { full, partial } = countBlocks(m);
  const blocks = full + partial;
  const tried: MeasuredOrder[] = [];
  if (body !== null && Math.max(m.qLen, m.kvLen) <= MOST_TOKENS) {
    const e = simplify(cast(body, "bool"));
    const orders = ordersFor(e, m);
    for (const order of orders) {
      const steps = blocksUnder(order, e, m);
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) yield tried.length / orders.length;
      tried.push({ order, name: nameOf(order), blocks: step.value });
    }
  }
  const measured = tried.flatMap((t) => (t.blocks === null ? [] : [{ ...t, blocks: t.blocks }]));
  const [first] = measured.sort((a, b) => a.blocks - b.blocks);
  const best = first !== undefined && first.blocks < (1 - WORTH) * blocks ? first : null;
  return { blocks, tried, best, python: best === null ? null : orderPython(best.order, m, name, blocks, best.blocks) };
}

function ordersFor(e: Expr, m: BlockMask): readonly Order[] {
  const grid = gridOf(e);
  const orders: Order[] = [];
  if (grid !== null) {
    for (const tile of tilesOf(grid, m.blockSize[0])) orders.push({ kind: "tiles", grid, tile });
    orders.push({ kind: "morton", grid });
  }
  const periods = new Set(periodsOf(e));
  const width = grid?.inner.at(-1);
  if (width !== undefined && grid?.offset === 0) periods.add(width);
  for (const period of periods)
    if (period < Math.max(m.qLen, m.kvLen)) orders.push({ kind: "residue", period, isColumn: period === width });
  return orders;
}

/** Tiles of a block's size, all but square: `8 × 16` and `16 × 8` for 128; in three dimensions also one plane deep. */
function tilesOf({ inner }: Grid, blockQ: number): readonly (readonly number[])[] {
  const bits = Math.max(inner.length + 1, Math.floor(Math.log2(blockQ)));
  const flat = inner.length < 2 ? [] : evenTiles(inner.length, bits).map((tile) => [1, ...tile]);
  return [...evenTiles(inner.length + 1, bits), ...flat];
}

/** All ways to make 2^bits of that many powers of two that differ by a factor of two at most. */
function evenTiles(dimensions: number, bits: number): readonly (readonly number[])[] {
  const low = Math.floor(bits / dimensions);
  const larger = bits - low * dimensions;
  const choices = Array.from({ length: 2 ** dimensions }, (_, set) => Array.from({ length: dimensions }, (_, d) => (set >> d) & 1));
  return choices.filter((more) => more.reduce((a, b) => a + b, 0) === larger).map((more) => more.map((extra) => 2 ** (low + extra)));
}

function nameOf(order: Order): string {
  switch (order.kind) {
    case "tiles":
      return `tiles of ${order.tile.join(" × ")}`;
    case "morton":
      return "Morton order";
    case "residue":
      return order.isColumn ? `the ${order.period} columns one after another` : `remainders by ${order.period} together`;
  }
}

function* blocksUnder(order: Order, e: Expr, m: BlockMask): Generator<undefined, number | null> {
  const qOrder = yield* orderSteps(order, m.qLen);
  const kvOrder = m.kvLen === m.qLen ? qOrder : yield* orderSteps(order, m.kvLen);
  const size = { batch: m.batch, heads: m.heads, qLen: m.qLen, kvLen: m.kvLen };
  return yield* visitedBlocks(reordered(e, qOrder, kvOrder), size, m.blockSize, budgetOf(BUDGET));
}

/** The tokens 0 … n − 1 in the order: element i is the token that comes to stand at i. */
export function tokenOrder(order: Order, n: number): Float64Array {
  const steps = orderSteps(order, n);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Tokens that are keyed and sorted in one go: some milliseconds. */
const RUN = 2 ** 15;

/** As `tokenOrder`, in steps of some milliseconds: runs are sorted, then merged two by two. */
function* orderSteps(order: Order, n: number): Generator<undefined, Float64Array> {
  const key = keyOf(order, n);
  // The token rides in the lower digits of its key: a sort of numbers is fast, a sort by a function is not.
  let sorted = new Float64Array(n);
  for (let from = 0; from < n; from += RUN) {
    const end = Math.min(n, from + RUN);
    for (let t = from; t < end; t++) sorted[t] = key(t) * n + t;
    sorted.subarray(from, end).sort();
    yield;
  }
  for (let width = RUN; width < n; width *= 2) {
    const merged = new Float64Array(n);
    for (let from = 0; from < n; from += 2 * width) {
      merge(sorted.subarray(from, from + width), sorted.subarray(from + width, from + 2 * width), merged.subarray(from));
      yield;
    }
    sorted = merged;
  }
  return sorted.map((x) => ((x % n) + n) % n);
}

function merge(a: Float64Array, b: Float64Array, out: Float64Array): void {
  let i = 0;
  let j = 0;
  for (let at = 0; at < a.length + b.length; at++) {
    const takeA = j >= b.length || (i < a.length && (a[i] ?? 0) < (b[j] ?? 0));
    out[at] = (takeA ? a[i++] : b[j++]) ?? 0;
  }
}

function keyOf(order: Order, n: number): (t: number) => number {
  if (order.kind === "residue") {
    const rows = Math.ceil(n / order.period);
    return (t) => (t % order.period) * rows + Math.floor(t / order.period);
  }
  const { offset, inner } = order.grid;
  const place = (t: number): number[] => coordinates(t - offset, inner);
  const bits = bitsOf(order.grid, n);
  const key =
    order.kind === "morton"
      ? (x: readonly number[]) => interleaved(x, bits)
      : (x: readonly number[]) => {
          let outside = 0;
          let inside = 0;
          for (const [d, coordinate] of x.entries()) {
            const edge = order.tile[d] ?? 1;
            outside = outside * (d === 0 ? 1 : Math.ceil((inner[d - 1] ?? 1) / edge)) + Math.floor(coordinate / edge);
            inside = inside * edge + (coordinate % edge);
          }
          return outside * order.tile.reduce((a, b) => a * b, 1) + inside;
        };
  return (t) => (t < offset ? t - offset : key(place(t)));
}

/** Outermost first. */
function coordinates(t: number, inner: readonly number[]): number[] {
  const out: number[] = [];
  let rest = t;
  for (const extent of inner.toReversed()) {
    out.push(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return [rest, ...out.reverse()];
}

/** Bits of the largest coordinate. */
function bitsOf({ offset, inner }: Grid, n: number): number {
  const outermost = Math.ceil(Math.max(1, n - offset) / inner.reduce((a, b) => a * b, 1));
  return Math.ceil(Math.log2(Math.max(2, outermost, ...inner)));
}

function interleaved(x: readonly number[], bits: number): number {
  let key = 0;
  for (let bit = bits - 1; bit >= 0; bit--) for (const coordinate of x) key = 2 * key + (Math.floor(coordinate / 2 ** bit) % 2);
  return key;
}

/** The order as Python to paste below the mod: the permutation, the mod over it, its block mask. */
function orderPython(order: Order, m: BlockMask, name: string, before: number, after: number): string {
  const { qLen, kvLen, blockSize } = m;
  const count = (n: number): string => n.toLocaleString("en-US");
  const one = qLen === kvLen;
  const [q, kv] = one ? ["order", "order"] : ["q_order", "kv_order"];
  const isName = /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name);
  return [
    `# ${nameOf(order)[0]?.toUpperCase()}${nameOf(order).slice(1)}: ${count(after)} blocks of ${blockSize.join(" x ")} are visited instead of ${count(before)}.`.replaceAll(
      "×",
      "x",
    ),
    "import torch",
    "from torch.nn.attention.flex_attention import create_block_mask",
    "",
    'DEVICE = "cuda" if torch.cuda.is_available() else "cpu"',
    "",
    "",
    "def token_order(n):",
    "    t = torch.arange(n, device=DEVICE)",
    ...keyPython(order, Math.max(qLen, kvLen)).map((line) => `    ${line}`),
    "    return torch.argsort(key)",
    "",
    "",
    ...(one ? [`order = token_order(${qLen})`] : [`q_order, kv_order = token_order(${qLen}), token_order(${kvLen})`]),
    `# q = q[:, :, ${q}]; k = k[:, :, ${kv}]; v = v[:, :, ${kv}]; and back: out[:, :, torch.argsort(${q})]`,
    "",
    "",
    "def reordered(b, h, q_idx, kv_idx):",
    `    return ${isName ? name : "mask_mod"}(b, h, ${q}[q_idx], ${kv}[kv_idx])`,
    "",
    "",
    `block_mask = create_block_mask(reordered, ${m.batch === 1 ? "None" : m.batch}, ${m.heads === 1 ? "None" : m.heads}, ${qLen}, ${kvLen}, device=DEVICE, BLOCK_SIZE=(${blockSize.join(", ")}))`,
    "",
  ].join("\n");
}

function keyPython(order: Order, n: number): readonly string[] {
  if (order.kind === "residue") return [`key = t % ${order.period} * n + t // ${order.period}`];
  const { offset, inner } = order.grid;
  const t = offset === 0 ? "t" : `(t - ${offset})`;
  const plane = inner.reduce((a, b) => a * b, 1);
  const names = inner.length === 1 ? ["row", "column"] : ["plane", "row", "column"];
  const [width = 1] = inner.slice(-1);
  const values =
    inner.length === 1 ? [`${t} // ${width}`, `${t} % ${width}`] : [`${t} // ${plane}`, `${t} % ${plane} // ${width}`, `${t} % ${width}`];
  const key =
    order.kind === "morton"
      ? [
          "key = torch.zeros_like(t)",
          `for bit in range(${bitsOf(order.grid, n)}):`,
          ...names.map((x, d) => `    key = key + ((${x} >> bit) % 2 << (${names.length} * bit + ${names.length - 1 - d}))`),
        ]
      : [`key = (${tilePython(order.tile, inner, names)}) * ${order.tile.reduce((a, b) => a * b, 1)} + ${insidePython(order.tile, names)}`];
  const kept = offset === 0 ? [] : [`key = torch.where(t < ${offset}, t - ${offset}, key)`];
  return [`${names.join(", ")} = ${values.join(", ")}`, ...key, ...kept];
}

/** The tile's number. */
function tilePython(tile: readonly number[], inner: readonly number[], names: readonly string[]): string {
  return names.reduce((text, x, d) => {
    const index = `${x} // ${tile[d] ?? 1}`;
    if (d === 0) return index;
    return `${d === 1 ? text : `(${text})`} * ${Math.ceil((inner[d - 1] ?? 1) / (tile[d] ?? 1))} + ${index}`;
  }, "");
}

/** The token's number within its tile. */
function insidePython(tile: readonly number[], names: readonly string[]): string {
  return names
    .map((x, d) => {
      const below = tile.slice(d + 1).reduce((a, b) => a * b, 1);
      return below === 1 ? `${x} % ${tile[d] ?? 1}` : `${x} % ${tile[d] ?? 1} * ${below}`;
    })
    .join(" + ");
}
