/**
 * The order in which PyTorch's CPU kernels add the elements of a float tensor: in vectors of so many lanes, four
 * running sums side by side, partial sums put away at powers of two. In any other order the last places differ.
 * After aten/src/ATen/native/cpu/SumKernel.cpp (cascade_sum).
 */

/** A sum that nothing was added to yet is null. */
type Sum<T> = T | null;
type Add<T> = (a: T, b: T) => T;

const plus = <T>(add: Add<T>, a: Sum<T>, b: Sum<T>): Sum<T> => (a === null ? b : b === null ? a : add(a, b));

const LEVELS = 4;
const SIDE_BY_SIDE = 4;

/** Items `start`, `start + stride`, …, `count` of them, one after the other with partial sums at each level. */
function leveled<T>(items: readonly T[], add: Add<T>, start: number, stride: number, count: number): Sum<T> {
  const power = Math.max(4, Math.floor(Math.ceil(Math.log2(Math.max(1, count))) / LEVELS));
  const sums = new Array<Sum<T>>(LEVELS).fill(null);
  const take = (i: number): void => {
    sums[0] = plus(add, sums[0] ?? null, items[start + i * stride] ?? null);
  };
  let i = 0;
  while (i + 2 ** power <= count) {
    for (const end = i + 2 ** power; i < end; i++) take(i);
    for (let level = 1; level < LEVELS; level++) {
      sums[level] = plus(add, sums[level] ?? null, sums[level - 1] ?? null);
      sums[level - 1] = null;
      if (i % 2 ** (power * (level + 1)) !== 0) break;
    }
  }
  for (; i < count; i++) take(i);
  return sums.reduce((total, s) => plus(add, total, s), null);
}

/** A row of items: four sums of every fourth, then what is left, then the four. */
function rowSum<T>(items: readonly T[], add: Add<T>): Sum<T> {
  const each = Math.floor(items.length / SIDE_BY_SIDE);
  const sums = Array.from({ length: SIDE_BY_SIDE }, (_, k) => leveled(items, add, k, SIDE_BY_SIDE, each));
  for (const rest of items.slice(each * SIDE_BY_SIDE)) sums[0] = plus(add, sums[0] ?? null, rest);
  return sums.reduce((total, s) => plus(add, total, s), null);
}

/** How the elements lie: next to each other, each `width` of them in one vector; or a stride apart. */
export type Layout = { readonly width: number; readonly pairs: boolean } | "strided";

/** float32 in vectors of 8, float64 of 4; half precision is read 16 at a time and added in pairs. */
export const layoutOf = (dtype: string, contiguous: boolean): Layout =>
  !contiguous ? "strided" : dtype === "f64" ? { width: 4, pairs: false } : { width: 8, pairs: dtype !== "f32" };

/** The sum of `items`; null for none. */
export function sumOf<T>(items: readonly T[], add: Add<T>, layout: Layout): Sum<T> {
  if (layout === "strided") return leveled(items, add, 0, 1, items.length);
  const { width } = layout;
  const read = layout.pairs ? 2 * width : width;
  const count = Math.floor(items.length / read);
  if (count === 0) return rowSum(items, add);
  const lane = (from: number): T[] => items.slice(from, from + width);
  const join = (a: readonly T[], b: readonly T[]): T[] => a.flatMap((x, i) => plus(add, x, b[i] ?? null) ?? []);
  const vectors = Array.from({ length: count }, (_, v) => (layout.pairs ? join(lane(v * read), lane(v * read + width)) : lane(v * read)));
  const rest = items.slice(count * read);
  const partial = rowSum(vectors, join) ?? [];
  return [...rest, ...partial].reduce((total: Sum<T>, x) => plus(add, total, x), null);
}
