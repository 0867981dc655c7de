/**
 * Every operator over everything a float32 can be: all magnitudes, the neighbourhood of one, of whole numbers and of
 * multiples of pi/2, zeros of both signs, infinities and nan. What WGSL leaves to the hardware is taken as it is told in
 * emit/wgsl.ts: numbers below 2^-126 count as zero, from 2^126 up as infinity.
 */
import { describe, expect, it } from "vitest";
import { INFINITY } from "../../kernels/emit/wgslPiece.ts";
import { binary, cast, type Expr, load, unary, variable } from "../../kernels/ir/expr.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import type { Capture } from "../../kernels/ir/mod.ts";
import { BINARY_OPS, type BinaryOp, type DType, isFloat, UNARY_OPS } from "../../kernels/ir/ops.ts";
import { disagreement } from "../support/agreement.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();

const { PI } = Math;
const LEAST = 2 ** -126;
const isTiny = (x: number): boolean => x !== 0 && Math.abs(x) < LEAST;
const isFar = (x: number): boolean => Number.isFinite(x) && Math.abs(x) >= INFINITY;

/** Numbers from the least to the largest, seven in each power of two, and what is special. */
function everywhere(): number[] {
  const all: number[] = [];
  for (let e = -126; e < 126; e++) for (const f of [1, 1.0000001, 1.17, 4 / 3, 1.5, 1.7777, 1.9999999]) all.push(f * 2 ** e);
  for (let i = 0; i <= 200; i++) all.push(1 + i * 2 ** -23, 1 - i * 2 ** -24, i / 10, i, i + 0.5, (i * PI) / 2, i / 100);
  all.push(88.7, 89, 87.3, 88, 103.9, 104, 127.9, 128, 126, 65504, 65520, 2 ** 24, 2 ** 24 + 2, 2 ** 31, 2 ** 32, 4096 * PI, Infinity);
  const both = all.flatMap((x) => [x, -x]).map(Math.fround);
  return [...new Set(both.filter((x) => !isTiny(x) && !isFar(x))), -0, Number.NaN];
}

async function wrongs(
  bodies: readonly (readonly [name: string, body: Expr])[],
  points: readonly Point[],
  words: (p: Point) => string,
  excepted: (name: string, p: Point) => boolean = () => false,
): Promise<string[]> {
  const values = await evaluateOnGpu(
    gpu().device,
    bodies.map(([, body]) => ({ body })),
    points,
  );
  return bodies.flatMap(([name, body], i) => {
    for (const [p, point] of points.entries()) {
      const want = interpret(body, point);
      if (isTiny(want) || excepted(name, point)) continue;
      const reason = disagreement(values[i]?.[p] ?? Number.NaN, want, body.dtype);
      if (reason !== null) return [`${name} of ${words(point)}: ${reason}`];
    }
    return [];
  });
}

describe("operators over the whole range of float32", () => {
  const score = variable("score");
  const points = everywhere().map((x, q_idx) => ({ b: 0, h: 0, q_idx, kv_idx: 0, score: x }));

  it("functions of one number", async () => {
    const bodies = UNARY_OPS.filter((op) => op !== "not").map((op) => [op, unary(op, score)] as const);
    expect(bodies.length).toBeGreaterThan(25);
    expect(await wrongs(bodies, points, (p) => String(p.score))).toEqual([]);
  });

  it("conversions; an int64 beyond 32 bits keeps its sign", async () => {
    const bodies = (["bool", "u8", "i8", "i16", "i32", "f16", "bf16", "f64"] as const).map((to) => [to, cast(score, to)] as const);
    expect(await wrongs(bodies, points, (p) => String(p.score))).toEqual([]);
    const inRange = points.filter((p) => Math.abs(p.score) < 2 ** 31);
    expect(await wrongs([["i64", cast(score, "i64")]], inRange, (p) => String(p.score))).toEqual([]);
    const sign = [["sign of i64", unary("sign", cast(score, "i64"))]] as const;
    expect(await wrongs(sign, points, (p) => String(p.score))).toEqual([]);
  });

  const OPERANDS = [
    ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 4, 7.5, 10, 100, 127, 128, -126, 0.1, -0.1, 1 / 3, -0.75, 1000.25, 1e-3, -1e-3],
    ...[1.0000001, 0.9999999, 16777217, 1e-20, -1e-20, 1e10, -1e10, 1e20, 1e30, -1e30, Infinity, -Infinity, Number.NaN],
  ].map(Math.fround);
  const table = (name: string): Capture => ({ name, dtype: "f32", shape: [OPERANDS.length], data: Float32Array.from(OPERANDS) });
  const pairs: Point[] = OPERANDS.flatMap((_, q_idx) => OPERANDS.map((_, kv_idx) => ({ b: 0, h: 0, q_idx, kv_idx })));
  /** An infinity is a large number here: what is left of it after these is large, but may be finite; inf - inf is 0. */
  const LARGE: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["add", "sub", "mul", "div"]);

  it("functions of two numbers", async () => {
    const [x, y] = [load(table("x"), [variable("q_idx")]), load(table("y"), [variable("kv_idx")])];
    const ops = BINARY_OPS.filter((op) => !["and", "or", "xor", "shl", "shr"].includes(op));
    const infinite = (p: Point): boolean => [p.q_idx, p.kv_idx].some((i) => Math.abs(OPERANDS[i] ?? 0) === Infinity);
    const found = await wrongs(
      ops.map((op) => [op, binary(op, x, y)] as const),
      pairs,
      (p) => `${OPERANDS[p.q_idx]} and ${OPERANDS[p.kv_idx]}`,
      (name, p) => LARGE.has(name as BinaryOp) && infinite(p),
    );
    expect(found).toEqual([]);
  });

  it.each<DType>(["f16", "bf16"])("%s: rounded after each operation", async (dtype) => {
    const own = (name: string): Capture => ({
      ...table(name),
      dtype,
      data: Float32Array.from(OPERANDS, (v) => interpret(cast(constantOf(v), dtype), ORIGIN)),
    });
    const [x, y] = [load(own("x"), [variable("q_idx")]), load(own("y"), [variable("kv_idx")])];
    const ops = ["add", "sub", "mul", "div", "min", "max", "fmod", "floormod"] as const;
    const finite = pairs.filter((p) =>
      [p.q_idx, p.kv_idx].every((i) => Number.isFinite(interpret(load(own("z"), [variable("q_idx")]), { ...ORIGIN, q_idx: i }))),
    );
    const found = await wrongs(
      ops.map((op) => [op, binary(op, x, y)] as const),
      finite,
      (p) => `${OPERANDS[p.q_idx]} and ${OPERANDS[p.kv_idx]}`,
    );
    expect(isFloat(dtype) && finite.length > 700).toBe(true);
    expect(found).toEqual([]);
  });
});

const ORIGIN: Point = { b: 0, h: 0, q_idx: 0, kv_idx: 0 };
const constantOf = (x: number): Expr => load({ name: "c", dtype: "f32", shape: [], data: Float32Array.of(x) }, []);
