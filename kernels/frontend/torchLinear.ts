/** Products of tensors: `@` in any number of dimensions, einsum, outer, tensordot, kron, and norms. */
import { TORCH_NAMES } from "../ir/ops.ts";
import { floatType } from "./promote.ts";
import { reshape, viewOf } from "./tensor.ts";
import { type Arguments, define, emptyTable, entry } from "./torchArguments.ts";
import { type At, applyBinary, applyUnary, cast, floatUnary, type TensorLike } from "./torchElement.ts";
import { axisOf, indexSelect } from "./torchIndex.ts";
import { matmul, reduce } from "./torchReduce.ts";
import { rearrange } from "./torchShape.ts";
import { isScalar, numberOf, refuse, type Tensor } from "./value.ts";

export const LINEAR = emptyTable();

const wrong = (at: At, why: string): never => refuse("operand-types", at.span, [at.run.text(at.span), why]);

for (const [name, ranks] of [
  ["matmul", null],
  ["mm", [2, 2]],
  ["mv", [2, 1]],
  ["bmm", [3, 3]],
  ["dot", [1, 1]],
] as const) {
  define(
    LINEAR,
    name,
    entry("input other", (a) => {
      const [x, y] = [a.tensor("input"), a.tensor("other")];
      if (ranks !== null && (x.shape.length !== ranks[0] || y.shape.length !== ranks[1]))
        wrong(a.at, `\`${name}\` takes tensors of ${ranks[0]} and ${ranks[1]} dimensions`);
      return matmul(a.at, x, y);
    }),
  );
}

/** `x` with a new last axis of one, or a new first one. */
const column = (x: TensorLike): TensorLike => rearrange(x, (t) => reshape(t, [...t.shape, 1]));

define(
  LINEAR,
  "outer ger",
  entry("input vec2", (a) => {
    const [x, y] = [a.tensor("input"), a.tensor("vec2")];
    if (x.shape.length !== 1 || y.shape.length !== 1) wrong(a.at, "`outer` takes two tensors of one dimension");
    return a.arithmetic("*", column(x), y);
  }),
);
define(
  LINEAR,
  "inner",
  entry("input other", (a) => {
    const [x, y] = [a.tensor("input"), a.tensor("other")];
    if (x.shape.length === 0 || y.shape.length === 0) return applyBinary(a.at, "mul", x, y);
    return y.shape.length === 1 ? matmul(a.at, x, y) : tensordot(a, x, y, [x.shape.length - 1], [y.shape.length - 1]);
  }),
);
define(
  LINEAR,
  "kron",
  entry("input other", (a) => {
    const [x, y] = [a.tensor("input"), a.tensor("other")];
    const rank = Math.max(x.shape.length, y.shape.length);
    const full = (t: TensorLike): number[] => [...new Array<number>(rank - t.shape.length).fill(1), ...t.shape];
    const [p, q] = [full(x), full(y)];
    const left = rearrange(x, (t) =>
      reshape(
        t,
        p.flatMap((s) => [s, 1]),
      ),
    );
    const right = rearrange(y, (t) =>
      reshape(
        t,
        q.flatMap((s) => [1, s]),
      ),
    );
    const product = a.arithmetic("*", left, right);
    return rearrange(product, (t) =>
      reshape(
        t,
        p.map((s, d) => s * (q[d] ?? 1)),
      ),
    );
  }),
);
define(
  LINEAR,
  "trace",
  entry("input", (a) => reduce(a.at, "sum", diagonal(a, a.tensor("input")), null, false)),
);

/** The main diagonal of the first two dimensions. */
function diagonal(a: Arguments, x: TensorLike): TensorLike {
  if (x.shape.length !== 2) wrong(a.at, "a matrix is asked for");
  return rearrange(x, (t) => merged(t, 0, 1));
}

/** `t` along its axes `p` and `q` at once: one axis, at `p`'s place. */
function merged(t: Tensor, p: number, q: number): Tensor {
  const keep = (_: number, d: number): boolean => d !== q;
  const size = Math.min(t.shape[p] ?? 1, t.shape[q] ?? 1);
  const shape = t.shape.map((s, d) => (d === p ? size : s)).filter(keep);
  const strides = t.strides.map((s, d) => (d === p ? s + (t.strides[q] ?? 0) : s)).filter(keep);
  return viewOf(t, shape, strides);
}

function tensordot(a: Arguments, x: TensorLike, y: TensorLike, dimsX: readonly number[], dimsY: readonly number[]): TensorLike {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const namesX = x.shape.map((_, d) => letters[d] ?? "");
  const namesY = y.shape.map((_, d) => {
    const shared = dimsY.indexOf(d);
    return shared < 0 ? (letters[x.shape.length + d] ?? "") : (namesX[dimsX[shared] ?? 0] ?? "");
  });
  const out = [...namesX.filter((_, d) => !dimsX.includes(d)), ...namesY.filter((_, d) => !dimsY.includes(d))];
  return contract(a.at, [x, y], [namesX, namesY], out);
}
LINEAR.functions["tensordot"] = entry("a b dims?", (a) => {
  const [x, y] = [a.tensor("a"), a.tensor("b")];
  const dims = a.value("dims");
  if (dims.type === "list" || dims.type === "tuple") {
    const lists = dims.items.map((l) =>
      l.type === "list" || l.type === "tuple" ? l.items.map((i) => (isScalar(i) ? numberOf(i) : 0)) : isScalar(l) ? [numberOf(l)] : [],
    );
    const axes = (l: readonly number[] | undefined, t: TensorLike): number[] => (l ?? []).map((d) => axisOf(a.at, d, t.shape.length));
    return tensordot(a, x, y, axes(lists[0], x), axes(lists[1], y));
  }
  const n = a.int("dims", 2);
  const first = Array.from({ length: n }, (_, i) => i);
  return tensordot(
    a,
    x,
    y,
    first.map((i) => x.shape.length - n + i),
    first,
  );
});

// ---------------------------------------------------------------------------------------------------------- einsum

LINEAR.functions["einsum"] = entry("equation *operands", (a) => {
  const equation = a.string("equation", "").replaceAll(/\s/g, "");
  return einsum(a.at, equation, a.tensors("operands"));
});

/** `torch.einsum`: letters name axes, `...` those that are left and broadcast. @throws Refusal where they do not fit */
export function einsum(at: At, equation: string, operands: readonly TensorLike[]): TensorLike {
  const [inputs = "", output] = equation.split("->");
  const terms = inputs.split(",");
  if (terms.length !== operands.length) wrong(at, `the equation names ${terms.length} operands, and there are ${operands.length}`);
  const named = terms.map((term, i) => axisNames(at, term, operands[i]?.shape.length ?? 0));
  const dots = [...new Set(named.flat().filter((n) => n.length > 1))].sort();
  const letters = named.flat().filter((n) => n.length === 1);
  const once = [...new Set(letters)].sort().filter((n) => letters.indexOf(n) === letters.lastIndexOf(n));
  const wanted =
    output === undefined
      ? [...dots, ...once]
      : output.split(/(\.\.\.|[A-Za-z])/).flatMap((part) => (part === "..." ? dots : part === "" ? [] : [part]));
  return contract(at, operands, named, wanted);
}

/** A name an axis: letters, and `...0`, `...1` counted from the end for what `...` covers. */
function axisNames(at: At, term: string, rank: number): string[] {
  const parts: readonly string[] = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
  const covered = rank - parts.filter((p) => p !== "...").length;
  if (covered < 0 || (covered > 0 && !parts.includes("..."))) wrong(at, `\`${term}\` does not name ${rank} dimensions`);
  return parts.flatMap((p) => (p === "..." ? Array.from({ length: covered }, (_, i) => `...${String(100 - covered + i)}`) : [p]));
}

/** Multiplies the operands along axes of the same name, and sums over those that are not wanted. */
function contract(at: At, operands: readonly TensorLike[], named: readonly (readonly string[])[], wanted: readonly string[]): TensorLike {
  const dtype = operands[0]?.dtype ?? "f32";
  const other = operands.find((x) => x.dtype !== dtype);
  if (other !== undefined) wrong(at, `the operands have one dtype, not ${TORCH_NAMES[dtype]} and ${TORCH_NAMES[other.dtype]}`);
  const all = [...wanted, ...[...new Set(named.flat())].filter((n) => !wanted.includes(n))];
  const missing = wanted.find((n) => !named.flat().includes(n));
  if (missing !== undefined || new Set(wanted).size < wanted.length) wrong(at, "the result's letters stand once each, and in an operand");
  const spread = operands.map((x, i) => inOrder(x, named[i] ?? [], all));
  const product = spread.reduce((p, x) => applyBinary(at, "mul", p, x));
  const summed = all.map((_, d) => d).slice(wanted.length);
  return summed.length === 0 ? product : reduce(at, "sum", product, summed, false, dtype);
}

/** `x` with one axis for each of `all`, of size 1 where it has none of that name; repeated names are its diagonal. */
function inOrder(x: TensorLike, names: readonly string[], all: readonly string[]): TensorLike {
  let own = [...names];
  let out = x;
  for (let p = 0; p < own.length; p++) {
    for (let q = own.indexOf(own[p] ?? "", p + 1); q >= 0; q = own.indexOf(own[p] ?? "", p + 1)) {
      const [first, second] = [p, q];
      out = rearrange(out, (t) => merged(t, first, second));
      own = own.filter((_, d) => d !== second);
    }
  }
  return rearrange(out, (t) =>
    viewOf(
      t,
      all.map((n) => (own.includes(n) ? (t.shape[own.indexOf(n)] ?? 1) : 1)),
      all.map((n) => (own.includes(n) ? (t.strides[own.indexOf(n)] ?? 0) : 0)),
    ),
  );
}

// ------------------------------------------------------------------------------------------------------- distances

/** The p-norm over `dims`, null for all elements. */
export function norm(at: At, x: TensorLike, p: number, dims: readonly number[] | null, keepdim: boolean): TensorLike {
  const y = cast(at, x, floatType(x.dtype));
  const absolute = applyUnary(at, "abs", y);
  if (p === Number.POSITIVE_INFINITY) return reduce(at, "max", absolute, dims, keepdim);
  if (p === 1) return reduce(at, "sum", absolute, dims, keepdim);
  if (p !== 2) return wrong(at, `the norm ${p} is not computed here, but 1, 2 and inf are`);
  return floatUnary(at, "sqrt", reduce(at, "sum", applyBinary(at, "mul", y, y), dims, keepdim));
}
const normEntry = entry("input p? dim? keepdim? * ord? dtype?", (a) => {
  const order = a.has("ord") ? "ord" : "p";
  const p = a.value(order).type === "str" ? 2 : a.number(order, 2);
  return norm(a.at, a.tensor("input"), p, a.ints("dim"), a.flag("keepdim"));
});
define(LINEAR, "norm", normEntry);

/** What `torch.linalg` has of these. */
export const LINALG = {
  norm: normEntry,
  vector_norm: normEntry,
  vecdot: entry("input other * dim?", (a) =>
    reduce(a.at, "sum", a.arithmetic("*", a.tensor("input"), a.tensor("other")), [a.int("dim", -1)], false),
  ),
};

LINEAR.functions["cdist"] = entry("x1 x2 p?", (a) => {
  const [x, y] = [a.tensor("x1"), a.tensor("x2")];
  const rows = rearrange(x, (t) => reshape(t, [...t.shape.slice(0, -1), 1, t.shape.at(-1) ?? 1]));
  const others = rearrange(y, (t) => reshape(t, [...t.shape.slice(0, -2), 1, ...t.shape.slice(-2)]));
  return norm(a.at, a.arithmetic("-", rows, others), a.number("p", 2), [-1], false);
});
define(
  LINEAR,
  "cross",
  entry("input other dim?", (a) => {
    const [x, y] = [a.tensor("input"), a.tensor("other")];
    const axis = axisOf(a.at, a.int("dim", -1), x.shape.length);
    if (x.shape[axis] !== 3) wrong(a.at, "the dimension has three elements");
    const turned = (t: TensorLike, by: readonly number[]): TensorLike => indexSelect(a.at, t, axis, a.literal("i64", [3], by));
    const product = (p: readonly number[], q: readonly number[]): TensorLike => a.arithmetic("*", turned(x, p), turned(y, q));
    return a.arithmetic("-", product([1, 2, 0], [2, 0, 1]), product([2, 0, 1], [1, 2, 0]));
  }),
);
LINEAR.functions["cosine_similarity"] = entry("x1 x2 dim? eps?", (a) => {
  const [x, y, dims] = [a.tensor("x1"), a.tensor("x2"), [a.int("dim", 1)]];
  const dot = reduce(a.at, "sum", a.arithmetic("*", x, y), dims, false);
  const lengths = a.arithmetic("*", norm(a.at, x, 2, dims, false), norm(a.at, y, 2, dims, false));
  const least = a.literal(lengths.dtype, [], [a.number("eps", 1e-8)]);
  return applyBinary(a.at, "div", dot, applyBinary(a.at, "max", lengths, least));
});
/** `torch.nn.functional.normalize`: each row divided by its norm. */
export const NORMALIZE = entry("input p? dim? eps?", (a) => {
  const x = a.tensor("input");
  const size = norm(a.at, x, a.number("p", 2), [a.int("dim", 1)], true);
  return applyBinary(a.at, "div", x, applyBinary(a.at, "max", size, a.literal(x.dtype, [], [a.number("eps", 1e-12)])));
});
