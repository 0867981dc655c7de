import { describe, expect, test } from "vitest";
import { boxOf } from "../../../kernels/analysis/interval.ts";
import { simplify } from "../../../kernels/analysis/simplify.ts";
import { termsOf } from "../../../kernels/analysis/terms.ts";
import { compileCells } from "../../../kernels/emit/js.ts";
import { binary, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { arrayFor, type Capture } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import type { MaskSize } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask, buildCompiled, buildSteps, buildUnlessStopped } from "../../../kernels/mask/build.ts";
import { compileMask } from "../../../kernels/mask/compile.ts";
import { cellCounter, countAllowed, countAllowedIn } from "../../../kernels/mask/count.ts";
import { type RowSolver, rowSolver } from "../../../kernels/mask/rowSolver.ts";
import type { Spans } from "../../../kernels/mask/spans.ts";
import { denseStates } from "../../support/denseMask.ts";
import { pick, type Random, randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const b = variable("b");
const h = variable("h");
const i64 = (n: number): Expr => constant(n, "i64");
const and = (...all: Expr[]): Expr => all.reduce((x, y) => binary("and", x, y));
const or = (x: Expr, y: Expr): Expr => binary("or", x, y);
const not = (x: Expr): Expr => unary("not", x);
const le = (x: Expr, y: Expr): Expr => binary("le", x, y);
const eq = (x: Expr, y: Expr): Expr => binary("eq", x, y);
const sub = (x: Expr, y: Expr): Expr => binary("sub", x, y);
const add = (x: Expr, y: Expr): Expr => binary("add", x, y);
const div = (x: Expr, n: number): Expr => binary("floordiv", x, i64(n));
const mod = (x: Expr, n: number): Expr => binary("floormod", x, i64(n));
const apart = (x: Expr, y: Expr, n: number): Expr => le(unary("abs", sub(x, y)), i64(n));
const causal = binary("ge", q, k);

function tensor(shape: readonly number[], value: (i: number) => number, dtype: "i64" | "bool" = "i64"): Capture {
  const data = arrayFor(
    dtype,
    shape.reduce((n, s) => n * s, 1),
  );
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return { name: "t", dtype, shape, data };
}

/** Ids that rise by one now and then; `padding` of the last elements are -1. */
function documents(random: Random, length: number, padding = 0): Capture {
  let id = 0;
  return tensor([length], (i) => (i >= length - padding ? -1 : random() < 0.05 ? ++id : id));
}

const size = (qLen: number, kvLen: number, batch = 1, heads = 1): MaskSize => ({ batch, heads, qLen, kvLen });

/** Masks of the kinds that people write, over up to `n` tokens, 2 batches and 3 heads. */
const kinds: Readonly<Record<string, (random: Random, n: number) => Expr>> = {
  causal: () => causal,
  "a window": (r, n) => and(causal, le(sub(q, k), i64(whole(r, 0, n)))),
  "a window on both sides": (r) => apart(q, k, whole(r, 0, 40)),
  "outside of a window": (r) => not(apart(q, k, whole(r, 0, 40))),
  "a prefix": (r, n) => or(causal, binary("lt", k, i64(whole(r, 0, n)))),
  "a prefix for each batch": (r, n) =>
    or(
      causal,
      binary(
        "lt",
        k,
        load(
          tensor([2], () => whole(r, 0, n)),
          [b],
        ),
      ),
    ),
  documents: (r, n) => {
    const ids = documents(r, n);
    return and(causal, eq(load(ids, [q]), load(ids, [k])));
  },
  "documents with padding": (r, n) => {
    const ids = documents(r, n, whole(r, 1, 20));
    return and(causal, eq(load(ids, [q]), load(ids, [k])), binary("ge", load(ids, [k]), i64(0)));
  },
  "documents of each batch": (r, n) => {
    const [first, second] = [documents(r, n), documents(r, n)];
    const ids = tensor([2, n], (i) => (i < n ? first.data[i] : second.data[i - n]) ?? 0);
    return eq(load(ids, [b, q]), load(ids, [b, k]));
  },
  "falling ids": (r, n) => {
    let id = n;
    const ids = tensor([n], () => (r() < 0.1 ? --id : id));
    return le(load(ids, [q]), load(ids, [k]));
  },
  "ids in no order": (r, n) => {
    const ids = tensor([n], () => whole(r, 0, 5));
    return and(apart(q, k, 30), eq(load(ids, [q]), load(ids, [k])));
  },
  "ids in no order, and padding": (r, n) => {
    const order = Array.from({ length: 20 }, (_, i) => i).sort(() => r() - 0.5);
    const ids = tensor([2, n], (i) => (i % n > n - 20 ? -1 : (order[Math.floor((i % n) / 17)] ?? 0)));
    const same = eq(load(ids, [b, q]), load(ids, [b, k]));
    return and(causal, same, binary("ne", load(ids, [b, q]), i64(-1)));
  },
  "two kinds of tokens": (r, n) => {
    const kind = tensor([n], (i) => Math.floor(i / 9) % 3);
    return or(and(causal, apart(q, k, whole(r, 3, 50))), and(eq(load(kind, [q]), i64(1)), eq(load(kind, [k]), load(kind, [q]))));
  },
  "keys of one kind": (r, n) => {
    const kind = tensor([n], () => whole(r, 0, 2));
    return and(apart(q, k, 40), eq(load(kind, [k]), i64(1)));
  },
  "valid keys": (r, n) => {
    const valid = tensor([n], (i) => (i < n / 2 ? 1 : 0), "bool");
    return and(causal, r() < 0.5 ? load(valid, [k]) : not(load(valid, [q])));
  },
  "global tokens": (r, n) => {
    const global = tensor([n], () => (r() < 0.02 ? 1 : 0), "bool");
    return or(or(apart(q, k, 8), load(global, [q])), load(global, [k]));
  },
  "a picture": (r) => {
    const w = whole(r, 3, 40);
    return and(apart(div(q, w), div(k, w), whole(r, 0, 4)), apart(mod(q, w), mod(k, w), whole(r, 0, 4)));
  },
  "a picture, its columns by subtraction": (r) => {
    const w = whole(r, 3, 40);
    const column = (x: Expr): Expr => sub(x, binary("mul", div(x, w), i64(w)));
    return and(apart(div(q, w), div(k, w), whole(r, 0, 4)), apart(column(q), column(k), whole(r, 0, 4)));
  },
  "a picture behind text": (r) => {
    const text = whole(r, 0, 30);
    const w = whole(r, 3, 20);
    const at = (x: Expr): Expr => sub(x, i64(text));
    const near = and(apart(div(at(q), w), div(at(k), w), 2), apart(mod(at(q), w), mod(at(k), w), 3));
    return or(binary("lt", k, i64(text)), and(binary("ge", q, i64(text)), near));
  },
  "a video": (r) => {
    const w = whole(r, 2, 9);
    const rows = whole(r, 2, 9);
    const axis = (f: (x: Expr) => Expr): Expr => apart(f(q), f(k), whole(r, 0, 3));
    return and(
      axis((x) => div(x, w * rows)),
      axis((x) => mod(div(x, w), rows)),
      axis((x) => mod(x, w)),
    );
  },
  "tiles of a picture": (r) => {
    const w = whole(r, 8, 40);
    const tile = whole(r, 2, 8);
    return and(eq(div(div(q, w), tile), div(div(k, w), tile)), eq(div(mod(q, w), tile), div(mod(k, w), tile)));
  },
  chunks: (r) => eq(div(q, whole(r, 1, 50)), div(k, whole(r, 1, 50))),
  "chunks before this one": (r) => {
    const n = whole(r, 1, 50);
    return binary("gt", div(q, n), div(k, n));
  },
  "every n-th key": (r) => and(causal, or(apart(q, k, 5), eq(mod(k, whole(r, 1, 40)), i64(0)))),
  "further in the line, and five before": (r) => {
    const w = whole(r, 7, 40);
    return and(le(i64(5), sub(q, k)), le(mod(q, w), mod(k, w)));
  },
  "distances by the modulus": (r) => and(causal, eq(mod(sub(q, k), whole(r, 1, 7)), i64(0))),
  "a dilated window for each head": (r) => {
    const near = le(sub(q, k), i64(whole(r, 10, 90)));
    return and(causal, near, eq(binary("floormod", sub(q, k), add(h, i64(1))), i64(0)));
  },
  "distances that are powers of two": () => eq(binary("and", sub(q, k), sub(sub(q, k), i64(1))), i64(0)),
  "distances by a table": (r) => {
    const table = tensor([300], () => (r() < 0.3 ? 1 : 0), "bool");
    return and(causal, load(table, [sub(q, k)]));
  },
  "an offset for each head": (r) => le(binary("mul", k, add(h, i64(1))), add(q, i64(whole(r, -30, 30)))),
  "a window for each head": () => le(sub(q, k), binary("mul", h, i64(17))),
  "one of two by the query": (r, n) => where(binary("lt", q, i64(whole(r, 0, n))), causal, apart(q, k, 9)),
  "the lesser of two bounds": (r, n) => le(k, binary("min", add(q, i64(5)), i64(whole(r, 0, n)))),
  "the greater of two distances": () => le(binary("max", sub(q, k), sub(k, mod(q, 7))), i64(12)),
  "a scaled diagonal": (r) => binary("ge", binary("mul", q, i64(whole(r, 1, 5))), binary("mul", k, i64(whole(r, 1, 5)))),
};

function dense(e: Expr, s: MaskSize): Uint8Array {
  const cells = new Uint8Array(s.batch * s.heads * s.qLen * s.kvLen);
  const loop = compileCells(e, boxOf(s.batch, s.heads, s.qLen, s.kvLen));
  const plane = s.qLen * s.kvLen;
  for (let i = 0; i < s.batch * s.heads; i++) {
    const rect = { b: Math.floor(i / s.heads), h: i % s.heads, q0: 0, q1: s.qLen, k0: 0, k1: s.kvLen };
    loop(cells.subarray(i * plane, (i + 1) * plane), rect, null);
  }
  return cells;
}

function keysOf({ count, at }: Spans): Set<number> {
  const keys = new Set<number>();
  for (let i = 0; i < count; i++) for (let x = at[2 * i] ?? 0; x < (at[2 * i + 1] ?? 0); x++) keys.add(x);
  return keys;
}

function checkRows(solver: RowSolver, cells: Uint8Array, at: number, kvLen: number, q0: number, q1: number, told: string): void {
  solver.rows(q0, q1);
  const allowed = keysOf(solver.allowed);
  const possible = keysOf(solver.possible);
  for (let key = 0; key < kvLen; key++) {
    let some = false;
    let all = true;
    for (let row = q0; row <= q1; row++) {
      if (cells[at + row * kvLen + key] === 1) some = true;
      else all = false;
    }
    if (some) expect(possible.has(key), `${told}, key ${key} is possible`).toBe(true);
    if (!all) expect(allowed.has(key), `${told}, key ${key} is allowed`).toBe(false);
    if (solver.isExact() && q0 === q1) expect([allowed.has(key), possible.has(key)], `${told}, key ${key}`).toEqual([some, some]);
    if (solver.missesRest() && !allowed.has(key)) expect(all, `${told}, key ${key} is missed`).toBe(false);
    if (solver.hitsPossible() && possible.has(key)) expect(some, `${told}, key ${key} is hit`).toBe(true);
  }
}

describe("what is solved of rows is what their cells say", () => {
  test.each(Object.keys(kinds))("for %s", (name) => {
    const random = seeded(name.length);
    for (let n = 0; n < 6; n++) {
      const s = size(whole(random, 1, 150), whole(random, 1, 150), 2, 3);
      const e = simplify(kinds[name]?.(random, 150) ?? causal);
      const terms = termsOf(e);
      if (terms === null) continue;
      const solver = rowSolver(terms, s.qLen, s.kvLen, (c) => c);
      const cells = dense(e, s);
      for (let i = 0; i < 6; i++) {
        const plane = whole(random, 0, 5);
        solver.plane(Math.floor(plane / 3), plane % 3);
        const q0 = whole(random, 0, s.qLen - 1);
        const q1 = i < 3 ? q0 : whole(random, q0, s.qLen - 1);
        checkRows(solver, cells, plane * s.qLen * s.kvLen, s.kvLen, q0, q1, `${printExpr(e)}, rows ${q0} to ${q1}`);
      }
    }
  });

  test("where two bounds hold somewhere in a range of rows, but in no row both", () => {
    // Key 11 is five before row 16 alone, and no less far in its line than row 10 alone.
    const e = and(le(i64(5), sub(q, k)), le(mod(q, 10), mod(k, 10)));
    const s = size(40, 40);
    const solver = rowSolver(termsOf(simplify(e)) ?? [], 40, 40, (c) => c);
    solver.plane(0, 0);
    checkRows(solver, dense(e, s), 0, 40, 10, 16, "rows 10 to 16");
  });

  test("for random masks", () => {
    const random = seeded(31);
    let solved = 0;
    for (let n = 0; n < 200; n++) {
      const e = simplify(randomMask(random, 60, whole(random, 0, 3)));
      const s = size(whole(random, 1, 60), whole(random, 1, 60), 2, 3);
      const terms = termsOf(e);
      if (terms === null) continue;
      const solver = rowSolver(terms, s.qLen, s.kvLen, (c) => c);
      const cells = dense(e, s);
      const plane = whole(random, 0, 5);
      if (solver.plane(Math.floor(plane / 3), plane % 3)) solved++;
      const q0 = whole(random, 0, s.qLen - 1);
      for (const q1 of [q0, whole(random, q0, s.qLen - 1)])
        checkRows(solver, cells, plane * s.qLen * s.kvLen, s.kvLen, q0, q1, `${printExpr(e)}, rows ${q0} to ${q1}`);
    }
    expect(solved).toBeGreaterThan(50);
  });
});

/** Which of the kinds above are solved without a look at single cells. */
test("causal masks, windows, prefixes, documents, chunks and neighbourhoods are solved exactly", () => {
  const random = seeded(3);
  const exact = Object.keys(kinds).filter((name) => {
    const terms = termsOf(simplify(kinds[name]?.(random, 100) ?? causal));
    const solver = terms === null ? null : rowSolver(terms, 100, 100, (c) => c);
    if (solver?.plane(0, 0) !== true) return false;
    solver.rows(0, 99);
    return solver.isExact();
  });
  expect(Object.keys(kinds).filter((name) => !exact.includes(name))).toEqual([
    "distances by the modulus",
    "a dilated window for each head",
    "distances that are powers of two",
    "distances by a table",
    "an offset for each head",
  ]);
});

describe("a mask that is solved by rows is what its cells say", () => {
  test.each(Object.keys(kinds))("for %s, in blocks of any size, at lengths that are no multiple", (name) => {
    const random = seeded(name.length + 1);
    for (let n = 0; n < 6; n++) {
      const e = kinds[name]?.(random, 300) ?? causal;
      const s = size(whole(random, 1, 300), whole(random, 1, 300), 2, 3);
      const blockSize = [pick(random, [1, 16, 33, 64, 128]), pick(random, [1, 16, 50, 64, 128])] as const;
      const m = buildBlockMask(e, s, blockSize);
      const cells = dense(e, s);
      const expected = denseStates(cells, s, blockSize);
      const told = `${printExpr(e)} at ${JSON.stringify(s)} in blocks of ${blockSize}`;
      expect(statesOf(m, s), told).toEqual(expected);
      const perPlane = s.qLen * s.kvLen;
      const repeats = (s.batch / m.batch) * (s.heads / m.heads);
      expect(countAllowed(m, e) * repeats, told).toBe(cells.reduce((sum, x) => sum + x, 0));
      const plane = whole(random, 0, 5);
      const [q0, k0] = [whole(random, 0, s.qLen), whole(random, 0, s.kvLen)];
      const rect = { b: Math.floor(plane / 3), h: plane % 3, q0, q1: whole(random, q0, s.qLen), k0, k1: whole(random, k0, s.kvLen) };
      let inRect = 0;
      for (let y = rect.q0; y < rect.q1; y++)
        for (let x = rect.k0; x < rect.k1; x++) inRect += cells[plane * perPlane + y * s.kvLen + x] ?? 0;
      expect(countAllowedIn(m, e, rect), `${told}, ${JSON.stringify(rect)}`).toBe(inRect);
      expect(cellCounter(e, s).count(rect), told).toBe(inRect);
    }
  });
});

test("what sees distances only is known as such, and what does not is not", () => {
  const random = seeded(4);
  const known = Object.keys(kinds).filter((name) => compileMask(kinds[name]?.(random, 100) ?? causal).isOfDistance());
  expect(known).toEqual([
    "causal",
    "a window",
    "a window on both sides",
    "outside of a window",
    "distances by the modulus",
    "a dilated window for each head",
    "distances that are powers of two",
    "distances by a table",
    "a window for each head",
  ]);
});

test("a million tokens of every third distance are built, and counted, by their diagonals", () => {
  const e = and(causal, eq(mod(sub(q, k), 3), i64(0)));
  const n = 2 ** 20;
  const m = buildBlockMask(e, size(n, n), [128, 128]);
  expect(m.rows.runs.length / 3).toBe(n / 128);
  // Row q allows q // 3 + 1 keys.
  const upTo = (rows: number): number => {
    const thirds = Math.floor(rows / 3);
    return (3 * thirds * (thirds + 1)) / 2 + (rows - 3 * thirds) * (thirds + 1);
  };
  expect(countAllowed(m, e)).toBe(upTo(n));
  expect(countAllowedIn(m, e, { b: 0, h: 0, q0: 500_000, q1: 500_300, k0: 0, k1: n })).toBe(upTo(500_300) - upTo(500_000));
});

test.each([
  ["ids that match everywhere", size(2600, 5200), (n: number) => tensor([n], (i) => (i * 7919) % 3)],
  ["kinds in turn", size(2600, 5200), (n: number) => tensor([n], (i) => i % 2)],
] as const)("%s, which are too many to list, are looked at instead", (_, s, ids) => {
  const t = ids(5200);
  const e = eq(load(t, [q]), load(t, [k]));
  expect(statesOf(buildBlockMask(e, s, [128, 128]), s)).toEqual(denseStates(dense(e, s), s, [128, 128]));
  expect(countAllowed(buildBlockMask(e, s, [128, 128]), e)).toBe(dense(e, s).reduce((n, x) => n + x, 0));
});

test("periods that are too many to list are looked at instead", () => {
  const s = size(5, 70_000);
  const e = and(binary("ge", add(q, i64(69_000)), k), eq(mod(k, 2), i64(1)));
  expect(statesOf(buildBlockMask(e, s, [2, 128]), s)).toEqual(denseStates(dense(e, s), s, [2, 128]));
  expect(countAllowed(buildBlockMask(e, s, [2, 128]), e)).toBe(dense(e, s).reduce((n, x) => n + x, 0));
});

function statesOf(m: ReturnType<typeof buildBlockMask>, s: MaskSize): Uint8Array {
  const rows = Math.ceil(s.qLen / m.blockSize[0]);
  const columns = Math.ceil(s.kvLen / m.blockSize[1]);
  const out = new Uint8Array(s.batch * s.heads * rows * columns);
  for (let plane = 0; plane < s.batch * s.heads; plane++) {
    const stored = (m.batch === 1 ? 0 : Math.floor(plane / s.heads)) * m.heads + (m.heads === 1 ? 0 : plane % s.heads);
    for (let row = 0; row < rows; row++) {
      for (let r = m.rows.rowStart[stored * rows + row] ?? 0; r < (m.rows.rowStart[stored * rows + row + 1] ?? 0); r++)
        out.fill(
          m.rows.runs[3 * r + 2] === 1 ? 2 : 1,
          (plane * rows + row) * columns + (m.rows.runs[3 * r] ?? 0),
          (plane * rows + row) * columns + (m.rows.runs[3 * r + 1] ?? 0),
        );
    }
  }
  return out;
}

describe("captures are exchanged", () => {
  const build = (e: Expr) => buildBlockMask(e, size(200, 200), [16, 16]);
  const same = (ids: Capture): Expr => and(causal, eq(load(ids, [q]), load(ids, [k])));

  test("without compiling again, whatever their order", () => {
    const random = seeded(12);
    const wide = tensor([200], (i) => (i === 0 ? -1000 : i === 199 ? 1000 : 0));
    const compiled = compileMask(same(wide));
    for (let n = 0; n < 10; n++) {
      const ids = n % 3 === 0 ? tensor([200], () => whole(random, 0, 3)) : documents(random, 200, n % 3 === 1 ? 30 : 0);
      expect(buildCompiled(compiled.withCaptures([ids]), size(200, 200), [16, 16])).toEqual(build(same(ids)));
    }
  });

  test("for values that were not foreseen, which compiles again", () => {
    const compiled = compileMask(same(documents(seeded(1), 200)));
    for (const large of [2 ** 40, -(2 ** 60), 2 ** 62]) {
      const ids = tensor([200], (i) => large + Math.floor(i / 30) * 2 ** 12);
      expect(buildCompiled(compiled.withCaptures([ids]), size(200, 200), [16, 16])).toEqual(build(same(ids)));
      expect(countAllowed(build(same(ids)), same(ids))).toBe(dense(same(ids), size(200, 200)).reduce((n, x) => n + x, 0));
    }
  });

  test("for indices that wrap around, in an expression over those that do not", () => {
    const index = tensor([200], (i) => i % 10);
    const table = tensor([10], (i) => i);
    const e = (at: Capture): Expr => eq(load(table, [load(at, [q])]), load(table, [load(at, [k])]));
    const compiled = compileMask(e(index));
    // These wrap around: what was compiled for indices in range would read beside the table.
    const negative = tensor([200], (i) => -1 - (i % 10));
    expect(buildCompiled(compiled.withCaptures([negative, table]), size(200, 200), [16, 16])).toEqual(build(e(negative)));
    expect(() => compiled.withCaptures([table, index])).toThrow("same dtypes and shapes");
  });
});

describe("a build in steps", () => {
  const table = tensor([3000], (i) => (i * 7919) % 2003);
  const e = le(load(table, [mod(add(binary("mul", q, i64(7)), binary("mul", k, i64(13))), 3000)]), i64(0));

  test("pauses while cells are looked at, and says how far it is", () => {
    const steps: number[] = [];
    const build = buildSteps(compileMask(e), size(3000, 3000), [64, 64]);
    let step = build.next();
    for (; step.done !== true; step = build.next()) steps.push(step.value.done / step.value.of);
    expect(steps.length).toBeGreaterThan(5);
    expect(steps).toEqual([...steps].sort((x, y) => x - y));
    expect(step.value).toEqual(buildBlockMask(e, size(3000, 3000), [64, 64]));
  });

  test("ends where it is told to", () => {
    let asked = 0;
    expect(buildUnlessStopped(e, size(3000, 3000), [64, 64], () => ++asked === 3)).toBeNull();
    expect(asked).toBe(3);
    expect(cellCounter(e, size(3000, 3000), () => true).count({ b: 0, h: 0, q0: 0, q1: 3000, k0: 0, k1: 3000 })).toBeNull();
  });
});
