import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { simplify } from "../../../kernels/analysis/simplify.ts";
import { writeNpy } from "../../../kernels/data/npyWrite.ts";
import { emitPython } from "../../../kernels/emit/python.ts";
import { emitPythonFile, type PythonFile } from "../../../kernels/emit/pythonFile.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../../kernels/frontend/module.ts";
import { binary, boolean, cast, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { captureKey, listExpr } from "../../../kernels/ir/key.ts";
import type { Capture, Mod, TypedArray, Variant } from "../../../kernels/ir/mod.ts";
import type { DType } from "../../../kernels/ir/ops.ts";
import { capturesOf, rewrite } from "../../../kernels/ir/walk.ts";
import { fixtureNames } from "../../support/fixtures.ts";
import { lowerFlexCase } from "../../support/loweredFixtures.ts";
import { ALL_DTYPES, randomExpr, seeded } from "../../support/random.ts";
import { variantOf } from "../../support/variants.ts";

const GALLERY = join(import.meta.dirname, "../../../kernels/gallery");

function lowered({ text, arrays }: PythonFile): LoweredModule {
  const files = arrays.map(({ file, array }) => ({ path: file, from: "out.py", bytes: writeNpy(array), fault: null }));
  return lowerModule([{ file: "out.py", text }], { files });
}

/** An index into a dimension of one can only be 0, which slices say and whole tensors do not. */
const withOnlyIndex = (e: Expr): Expr =>
  e.kind === "load"
    ? load(
        e.capture,
        e.indices.map((index, d) => (e.capture.shape[d] === 1 ? constant(0, "i64") : index)),
      )
    : e;

const meaning = (mod: Mod | null) =>
  mod === null
    ? null
    : {
        body: listExpr([simplify(rewrite(mod.body, withOnlyIndex))]),
        captures: capturesOf(mod.body)
          .map((c) => `${c.dtype}[${c.shape}] ${captureKey(c)}`)
          .sort(),
      };

/** The file reads back as the same mods, without a warning, and with no value made up. */
function checkReadBack(variant: Variant, problem: Problem): void {
  const file = emitPythonFile(variant, problem);
  const module = lowered(file);
  expect(
    module.diagnostics.filter((d) => d.severity !== "hint" || d.code === "seeded-value").map((d) => d.message),
    file.text,
  ).toEqual([]);
  for (const kind of ["maskMod", "scoreMod"] as const) {
    const back = module.variants.flatMap((v) => v[kind] ?? []);
    if (variant[kind] !== null) expect(back.map(meaning), file.text).toContainEqual(meaning(variant[kind]));
  }
}

describe("the Python of the gallery is read back as the same expressions", () => {
  const files = readdirSync(GALLERY).filter((f) => f.endsWith(".py") && f !== "mistakes.py");
  test.each(files)("%s", (file) => {
    const { variants } = lowerModule([{ file, text: readFileSync(join(GALLERY, file), "utf8") }]);
    expect(variants.length).toBeGreaterThan(0);
    for (const variant of variants) {
      const problem = fillProblem(variant.problem, 1);
      checkReadBack(variant, problem);
      const [back] = lowered(emitPythonFile(variant, problem)).variants.filter((v) => v.maskMod !== null);
      if (variant.maskMod !== null)
        expect(back?.problem).toMatchObject({ qLen: problem.qLen, kvLen: problem.kvLen, blockSize: problem.blockSize });
    }
  });
});

test.each(fixtureNames())("the Python of the fixture %s is read back as the same expressions", (name) => {
  const mods = lowerFlexCase(name, "f24", "f32");
  if (mods.maskMod === null && mods.scoreMod === null) return;
  checkReadBack({ name, captures: [], ...mods }, fillProblem({ batch: 1, qHeads: 2, qLen: 24, kvLen: 24, blockSize: [8, 8] }));
});

const q = variable("q_idx");
const k = variable("kv_idx");
const h = variable("h");
const score = variable("score");
const f32 = (x: number): Expr => constant(x, "f32");
const i64 = (x: number): Expr => constant(x, "i64");
const table: Capture = { name: "table", dtype: "f32", shape: [4, 6], data: Float32Array.from({ length: 24 }, (_, i) => i / 7) };
const names = { captures: new Map([[table, "table"]]), locals: new Map<Expr, string>() };

describe("an expression keeps its dtypes and roundings in Python", () => {
  const cases: readonly (readonly [string, Expr])[] = [
    ["score + (q_idx - k_idx).to(torch.float32)".replace("k_idx", "kv_idx"), binary("add", score, cast(binary("sub", q, k), "f32"))],
    // A number over a tensor is the reciprocal times the number in PyTorch: one rounding more.
    ["torch.tensor(8.0, dtype=torch.float32, device=b.device) / score", binary("div", f32(8), score)],
    ["score / 8.0", binary("div", score, f32(8))],
    ["torch.minimum(q_idx, torch.tensor(5, dtype=torch.int64, device=b.device))", binary("min", q, i64(5))],
    ['torch.where(q_idx >= kv_idx, score, -float("inf"))', where(binary("ge", q, k), score, f32(Number.NEGATIVE_INFINITY))],
    [
      "torch.where(q_idx >= kv_idx, torch.tensor(1, dtype=torch.int32, device=b.device), torch.tensor(0, dtype=torch.int32, device=b.device))",
      where(binary("ge", q, k), constant(1, "i32"), constant(0, "i32")),
    ],
    ["(q_idx >= kv_idx) == (h > 2)", binary("eq", binary("ge", q, k), binary("gt", h, i64(2)))],
    ["table[2][h]", load(table, [i64(2), h])],
    ["table[:, 3][h]", load(table, [h, i64(3)])],
    ["table[2, 3]", load(table, [i64(2), i64(3)])],
    ["(-q_idx) ** 2", binary("pow", unary("neg", q), i64(2))],
    ["q_idx > kv_idx", binary("and", boolean(true), binary("gt", q, k))],
    ["b.new_full((), True, dtype=torch.bool)", boolean(true)],
    ["score * 0.10000000149011612", binary("mul", score, f32(0.1))],
  ];
  test.each(cases)("%s", (text, e) => expect(emitPython(e, names)).toEqual({ lines: [], value: text }));

  test("what is used twice gets a name, the mod's own where it has one", () => {
    const d = binary("sub", q, k);
    const e = binary("and", binary("ge", d, i64(0)), binary("lt", d, i64(5)));
    expect(emitPython(e, names)).toEqual({ lines: ["t0 = q_idx - kv_idx"], value: "(t0 >= 0) & (t0 < 5)" });
    expect(emitPython(e, { ...names, locals: new Map([[d, "distance"]]) })).toEqual({
      lines: ["distance = q_idx - kv_idx"],
      value: "(distance >= 0) & (distance < 5)",
    });
    // A tensor of the user's is called t0.
    expect(emitPython(e, { captures: new Map([[table, "t0"]]), locals: new Map() }).lines).toEqual(["t_0 = q_idx - kv_idx"]);
  });
});

describe("a tensor is written as what it is", () => {
  const captureOf = (dtype: DType, shape: readonly number[], data: TypedArray): Capture => ({ name: "ids", dtype, shape, data });
  const line = (c: Capture): string => {
    const index = c.shape.map((_, d) => (d === 0 ? q : k));
    const file = emitPythonFile(
      variantOf("m", { mask: binary("ne", cast(load(c, index), "f32"), f32(0)) }),
      fillProblem({ qLen: 16, kvLen: 16 }),
    );
    return file.text.split("\n").find((l) => l.startsWith("ids = ")) ?? "";
  };
  const long = Float64Array.from({ length: 4096 }, (_, i) => (i * 7919) % 4096);
  test.each([
    [
      captureOf(
        "i64",
        [4096],
        Float64Array.from({ length: 4096 }, (_, i) => i),
      ),
      "torch.arange(4096, dtype=torch.int64, device=DEVICE)",
    ],
    [
      captureOf(
        "i32",
        [100],
        Int32Array.from({ length: 100 }, (_, i) => 7 - 2 * i),
      ),
      "torch.arange(7, -193, -2, dtype=torch.int32, device=DEVICE)",
    ],
    [
      captureOf(
        "i64",
        [1000],
        Float64Array.from({ length: 1000 }, (_, i) => (i < 300 ? 4 : 9)),
      ),
      "torch.repeat_interleave(torch.tensor([4, 9], dtype=torch.int64, device=DEVICE), torch.tensor([300, 700], device=DEVICE))",
    ],
    [captureOf("f16", [3, 5], new Float32Array(15).fill(0.5)), "torch.full((3, 5,), 0.5, dtype=torch.float16, device=DEVICE)"],
    [captureOf("bool", [2, 2], Uint8Array.of(1, 0, 0, 1)), "torch.tensor([[True, False], [False, True]], dtype=torch.bool, device=DEVICE)"],
    [
      captureOf("f32", [3], Float32Array.of(0.1, Number.NEGATIVE_INFINITY, Number.NaN)),
      'torch.tensor([0.1, -float("inf"), float("nan")], dtype=torch.float32, device=DEVICE)',
    ],
    [captureOf("i64", [4096], long), 'torch.tensor(np.load("m.ids.npy"), dtype=torch.int64, device=DEVICE)'],
  ])("%#: %s", (capture, text) => {
    expect(line(capture)).toBe(`ids = ${text}`);
    // Whatever it is written as, the values come back.
    const index = capture.shape.map((_, d) => (d === 0 ? q : k));
    const variant = variantOf("m", { mask: binary("ne", cast(load(capture, index), "f32"), f32(0)) });
    const back = lowered(emitPythonFile(variant, fillProblem({ qLen: 16, kvLen: 16 }))).variants.flatMap((v) => v.maskMod ?? [])[0];
    const [read] = back === undefined ? [] : capturesOf(back.body);
    expect(read === undefined ? null : [read.dtype, read.shape, captureKey(read)]).toEqual([
      capture.dtype,
      capture.shape,
      captureKey(capture),
    ]);
  });

  test("names that Python or the text itself has are not taken", () => {
    const named = (name: string): Capture => ({ name, dtype: "i64", shape: [2], data: Float64Array.of(3, 5) });
    const e = binary("eq", load(named("lambda"), [q]), binary("add", load(named("self.q"), [k]), load(named("torch"), [q])));
    const { text } = emitPythonFile(variantOf("Model.near", { mask: e }), fillProblem({}));
    expect(text).toContain("lambda_2 = torch.tensor(");
    expect(text).toContain("self_q = torch.tensor(");
    expect(text).toContain("torch_2 = torch.tensor(");
  });
});

test("random expressions over every operator are read back with the same values", () => {
  // Integers divided by zero and indices out of range raise in Python, where the expression has a value.
  const without = new Set(["floordiv", "floormod", "truncdiv", "fmod"] as const);
  let read = 0;
  for (let i = 0; i < 150; i++) {
    const dtype = ALL_DTYPES[i % ALL_DTYPES.length] ?? "bool";
    const e = randomExpr(seeded(4000 + i), dtype, { depth: 3, score: "f32", without });
    const file = emitPythonFile(variantOf("m", { score: e }), fillProblem({ batch: 1, qHeads: 2, qLen: 4, kvLen: 5 }));
    const module = lowered(file);
    const back = module.variants.flatMap((v) => v.scoreMod ?? [])[0]?.body;
    if (back === undefined) {
      expect(module.diagnostics.map((d) => d.message).join(), file.text).toMatch(/is out of range|to a negative integer/);
      continue;
    }
    read++;
    expect(back.dtype, file.text).toBe(e.dtype);
    for (let q_idx = 0; q_idx < 4; q_idx++) {
      for (let kv_idx = 0; kv_idx < 5; kv_idx++) {
        const point = { b: 0, h: kv_idx % 2, q_idx, kv_idx, score: 0.75 };
        expect(interpret(back, point), file.text).toEqual(interpret(e, point));
      }
    }
  }
  expect(read).toBeGreaterThan(120);
});
