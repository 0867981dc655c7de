import { describe, expect, it } from "vitest";
import { binary, cast, constant, type Expr, load, unary, variable, where } from "../../kernels/ir/expr.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import { arrayFor, type Capture } from "../../kernels/ir/mod.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type BinaryOp, type DType, isComparison, type UnaryOp } from "../../kernels/ir/ops.ts";
import { disagreement } from "../support/agreement.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();

const [q, k, score] = [variable("q_idx"), variable("kv_idx"), variable("score")];
const int = (x: number): Expr => constant(x, "i64");

function captured(name: string, dtype: DType, values: readonly number[], shape: readonly number[] = [values.length]): Capture {
  const data = arrayFor(dtype, values.length);
  values.forEach((x, i) => {
    data[i] = toDType(x, dtype);
  });
  return { name, dtype, shape, data };
}

/** Every (q_idx, kv_idx) below n. */
function grid(n: number, m = n): Point[] {
  return Array.from({ length: n * m }, (_, i) => ({ b: 0, h: 0, q_idx: Math.floor(i / m), kv_idx: i % m, score: 0 }));
}

/** Holds each expression's value on the GPU against `interpret` at each point. */
async function checkSame(expressions: readonly (readonly [name: string, body: Expr])[], points: readonly Point[]): Promise<void> {
  const values = await evaluateOnGpu(
    gpu().device,
    expressions.map(([, body]) => ({ body })),
    points,
  );
  const wrong = expressions.flatMap(([name, body], i) => {
    for (const [p, point] of points.entries()) {
      const reason = disagreement(values[i]?.[p] ?? Number.NaN, interpret(body, point), body.dtype);
      if (reason !== null) return [`${name} at q_idx=${point.q_idx} kv_idx=${point.kv_idx} score=${point.score}: ${reason}`];
    }
    return [];
  });
  expect(wrong).toEqual([]);
}

const INT_OPS: readonly BinaryOp[] = [
  "add",
  "sub",
  "mul",
  "floordiv",
  "floormod",
  "truncdiv",
  "fmod",
  "pow",
  "min",
  "max",
  "fmin",
  "fmax",
  "and",
  "or",
  "xor",
  "shl",
  "shr",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
];
const INT_UNARY: readonly UnaryOp[] = ["neg", "abs", "sign", "not", "floor", "ceil", "round", "trunc", "isnan", "isinf"];

describe("integer operators on the GPU mean what they mean in the IR", () => {
  it.each<DType>(["i64", "i32", "i16", "i8", "u8"])("%s: every pair of small and large operands", async (dtype) => {
    const numbers = [0, 1, -1, 2, -2, 3, -3, 5, 7, -7, 8, 31, 32, 33, 63, 64, 70, -8, 100, 127, 128, -128, 255, 256, 1000, -1000, 32767];
    const large = dtype === "i32" ? [2147483647, -2147483648, 65536, 123456789] : [];
    const c = captured("numbers", dtype, [...numbers, ...large]);
    const [a, b] = [load(c, [q]), load(c, [k])];
    // What leaves 32 bits is lost in i64, as its emitter reports; i32 wraps.
    const fits = (op: BinaryOp): boolean => dtype !== "i64" || !["mul", "pow", "shl"].includes(op);
    await checkSame(
      [
        ...INT_OPS.filter(fits).map((op) => [op, binary(op, a, b)] as const),
        ...INT_UNARY.map((op) => [op, unary(op, a)] as const),
        ...(["i64", "i32", "i16", "i8", "u8", "bool", "f32"] as const).map((to) => [`to ${to}`, cast(a, to)] as const),
      ],
      grid(c.data.length),
    );
  });

  it("products, powers and shifts of i64 that fit 32 bits", async () => {
    const [a, b] = [binary("sub", q, int(20)), binary("sub", k, int(3))];
    await checkSame(
      [
        ["mul", binary("mul", a, b)],
        ["pow", binary("pow", binary("sub", q, int(20)), binary("floormod", k, int(6)))],
        ["pow of a negative", binary("pow", binary("floordiv", a, int(9)), binary("min", b, int(12)))],
        ["shl", binary("shl", a, b)],
        ["shr", binary("shr", a, b)],
      ],
      grid(40, 25),
    );
  });

  it("operators with literals of either sign, where the text differs by the sign", async () => {
    const signed = binary("sub", q, k);
    const cases: (readonly [string, Expr])[] = [];
    for (const x of [7, 1, -1, -3]) {
      for (const op of INT_OPS) {
        if (op === "pow" || op === "shl") continue;
        cases.push([`signed ${op} ${x}`, binary(op, signed, int(x))], [`q_idx ${op} ${x}`, binary(op, q, int(x))]);
        if (!isComparison(op)) cases.push([`${x} ${op} signed`, binary(op, int(x), signed)]);
      }
    }
    for (const op of INT_OPS) cases.push([`signed ${op} 0`, binary(op, signed, int(0))], [`0 ${op} signed`, binary(op, int(0), signed)]);
    await checkSame(cases, grid(30));
  });

  it("comparisons with literals beyond 32 bits", async () => {
    const far = [2 ** 31, -(2 ** 31) - 1, 2 ** 40, -(2 ** 40), 10 ** 12];
    const ops = ["lt", "le", "gt", "ge", "eq", "ne"] as const;
    await checkSame(
      far.flatMap((x) => ops.map((op) => [`${op} ${x}`, binary(op, binary("sub", q, k), int(x))] as const)),
      grid(5),
    );
  });
});

describe("booleans on the GPU", () => {
  it("every operator of two booleans, casts and selection", async () => {
    const a = binary("eq", q, int(1));
    const b = binary("eq", k, int(1));
    const ops: readonly BinaryOp[] = ["and", "or", "xor", "add", "mul", "min", "max", "fmin", "fmax", "eq", "ne", "lt", "le", "gt", "ge"];
    const t = captured("flags", "bool", [0, 1]);
    const loaded = load(t, [q]);
    await checkSame(
      [
        ...ops.map((op) => [op, binary(op, a, b)] as const),
        ...ops.map((op) => [`${op} of a load`, binary(op, loaded, unary("not", b))] as const),
        ["not", unary("not", a)],
        ["to i64", cast(a, "i64")],
        ["to u8", cast(a, "u8")],
        ["to f32", cast(a, "f32")],
        ["to f16", cast(a, "f16")],
        ["where of booleans", where(a, b, constant(1, "bool"))],
        ["false", binary("or", a, constant(0, "bool"))],
      ],
      grid(2),
    );
  });
});

const FLOAT_OPS: readonly BinaryOp[] = [
  "add",
  "sub",
  "mul",
  "div",
  "floordiv",
  "floormod",
  "truncdiv",
  "fmod",
  "pow",
  "atan2",
  "hypot",
  "min",
  "max",
  "fmin",
  "fmax",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
];
const FLOAT_UNARY: readonly UnaryOp[] = [
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "round",
  "trunc",
  "exp",
  "exp2",
  "expm1",
  "log",
  "log2",
  "log10",
  "log1p",
  "sqrt",
  "rsqrt",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "sigmoid",
  "erf",
  "isnan",
  "isinf",
];

describe("float operators on the GPU mean what they mean in the IR", () => {
  const finite = [0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 2, -2, 3, -3, 0.1, -0.1, 7.25, -7.25, 12, 1e-3, -1e-3, 60000, -60000, 1e-6];
  it.each<DType>(["f32", "f64", "f16", "bf16"])("%s: every pair of finite operands", async (dtype) => {
    const c = captured("numbers", dtype, finite);
    const [a, b] = [load(c, [q]), load(c, [k])];
    // f64 operands are rounded to f32: a quotient near a whole number may fall to its other side.
    const steps: ReadonlySet<BinaryOp> = new Set(dtype === "f64" ? ["floordiv", "floormod", "truncdiv", "fmod"] : []);
    await checkSame(
      [
        ...FLOAT_OPS.filter((op) => !steps.has(op)).map((op) => [op, binary(op, a, b)] as const),
        ...FLOAT_UNARY.map((op) => [op, unary(op, a)] as const),
        ...(["bool", "i64", "i32", "f32", "f16", "bf16", "f64"] as const).map((to) => [`to ${to}`, cast(a, to)] as const),
      ],
      grid(c.data.length),
    );
  });

  it("nan, infinities and what makes them", async () => {
    const c = captured("numbers", "f32", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1, -2.5]);
    const [a, b] = [load(c, [q]), load(c, [k])];
    const kept: readonly BinaryOp[] = ["min", "max", "fmin", "fmax", "eq", "ne", "lt", "le", "gt", "ge", "hypot"];
    await checkSame(
      [
        ...kept.map((op) => [op, binary(op, a, b)] as const),
        ...(["neg", "abs", "sign", "isnan", "isinf", "tanh", "sigmoid", "exp", "log", "erf", "sin", "atan"] as const).map(
          (op) => [op, unary(op, a)] as const,
        ),
        ["== -inf", binary("eq", a, constant(Number.NEGATIVE_INFINITY, "f32"))],
        ["inf !=", binary("ne", constant(Number.POSITIVE_INFINITY, "f32"), a)],
        ["nan literal", binary("max", a, constant(Number.NaN, "f32"))],
        ["where -inf", where(binary("gt", q, k), a, constant(Number.NEGATIVE_INFINITY, "f32"))],
        ["-inf to f16", cast(a, "f16")],
        ["-inf to bf16", cast(a, "bf16")],
      ],
      grid(6),
    );
  });

  it("f16 rounds and overflows, bf16 loses integers above 256, as PyTorch's do", async () => {
    const slopes = captured("slopes", "f16", [0.1, 0.2, 0.3, 1e-5, 6e-8, 900]);
    const wide = captured("wide", "bf16", [0.1, 0.2, 0.3, 1e-5, 6e-8, 900]);
    const distance = binary("sub", binary("mul", q, int(37)), binary("mul", k, int(411)));
    await checkSame(
      [
        ["f16", binary("mul", cast(distance, "f16"), load(slopes, [binary("floormod", k, int(6))]))],
        ["bf16", binary("mul", cast(distance, "bf16"), load(wide, [binary("floormod", k, int(6))]))],
        ["bf16 + 1", binary("add", cast(distance, "bf16"), constant(1, "bf16"))],
        ["f16 subnormal", binary("mul", cast(binary("sub", q, k), "f16"), constant(6e-8, "f16"))],
        ["f16 halves", binary("div", cast(q, "f16"), constant(2 ** 12, "f16"))],
      ],
      grid(60),
    );
  });

  it("exact remainders and floor divisions of far-apart operands", async () => {
    const c = captured("numbers", "f32", [1e10, -1e10, 123456.7, -0.3, 0.7, 3e-5, 16777217, 2.5e30]);
    const [a, b] = [load(c, [q]), load(c, [k])];
    await checkSame(
      [
        ["fmod", binary("fmod", a, b)],
        ["floormod", binary("floormod", a, b)],
      ],
      grid(8),
    );
  });
});

describe("loads on the GPU", () => {
  const table = captured(
    "table",
    "i64",
    Array.from({ length: 60 }, (_, i) => 1000 + i),
    [3, 4, 5],
  );
  const bias = captured(
    "bias",
    "f32",
    Array.from({ length: 12 }, (_, i) => i / 8),
    [12],
  );
  const single = captured("single", "f64", [0.25], []);
  const flags = captured("table", "bool", [1, 0, 1, 1, 0], [5]);

  it("negative indices wrap and what is out of range is clamped, in every dimension", async () => {
    const i = binary("sub", q, int(20));
    const j = binary("sub", k, int(20));
    await checkSame(
      [
        ["one dimension", load(bias, [i])],
        ["three dimensions", load(table, [i, j, binary("add", i, j)])],
        ["never negative", load(bias, [q])],
        ["nested", load(bias, [load(table, [i, j, q])])],
        ["0-d", load(single, [])],
        ["two captures of one name", load(flags, [i])],
        ["both kinds of index", binary("add", load(bias, [q]), load(bias, [i]))],
      ],
      grid(40),
    );
  });
});

describe("arguments on the GPU", () => {
  it("each argument arrives in its own place, score in f32", async () => {
    const points: Point[] = [
      { b: 3, h: 5, q_idx: 7, kv_idx: 11, score: 0.125 },
      { b: 0, h: 1, q_idx: 100000, kv_idx: 2, score: -3.5 },
    ];
    await checkSame(
      [
        ...([variable("b"), variable("h"), q, k, score] as const).map((e, i) => [String(i), e] as const),
        ["score f64", variable("score", "f64")],
      ],
      points,
    );
  });
});

describe("the user's names on the GPU", () => {
  it("whatever an intermediate or a capture is called, the shader compiles and means the same", async () => {
    const names = `distance length step mix dot cross normalize reflect transpose exp log pow fma clamp abs min max select floor
      sign round sqrt f32 i32 u32 bool vec4f array ptr atomic sampler texture fn let var const override struct alias loop switch
      enable requires diagnostic main key m l acc qk alpha score b h q_idx kv_idx scalars captures_i32 score_mod mask_mod t0 t1
      self set get from of use with as mod match target type ref precise pass package filter template floor_div wrap_index
      precise_exp is_nan load_table NEG_INF MASKED_BELOW WINDOW _private __dunder__ x__y größe lambda_ nonlocal 1st _ __`.split(/\s+/);
    const span = { file: "", from: 0, to: 0 };
    const bodies = names.map((name, i) => {
      const value = binary("add", binary("floordiv", binary("sub", q, k), int(i + 2)), load(captured(name, "i64", [i, i + 1]), [q]));
      return {
        body: binary("max", binary("mul", value, value), unary("abs", value)),
        locals: [
          { name, span, value },
          { name, span, value: value.a },
        ],
      };
    });
    const points = grid(4);
    const values = await evaluateOnGpu(gpu().device, bodies, points);
    expect(values).toEqual(bodies.map(({ body }) => points.map((p) => interpret(body, p))));
  });
});
