/**
 * 233 one-line expressions that PyTorch evaluated (golden/_ops.json): the front end and the interpreter must give
 * their dtype and their values.
 */
import { describe, expect, test } from "vitest";
import { hazardsOf } from "../../kernels/analysis/hazard.ts";
import { ANY_BOX } from "../../kernels/analysis/interval.ts";
import { tensorFromCapture } from "../../kernels/frontend/tensor.ts";
import type { Value } from "../../kernels/frontend/value.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { type DType, isFloat, TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { decodeTensor, readGolden } from "../support/fixtures.ts";
import { traceText } from "../unit/frontend-eval/evaluateText.ts";

interface Case {
  readonly expr: string;
  readonly kind: "int" | "score";
  readonly score_dtype?: "float32" | "float64";
  readonly dtype?: string;
  readonly values?: readonly (readonly (number | string)[])[];
  readonly error?: string;
}
interface Ops {
  readonly q: readonly number[];
  readonly k: readonly number[];
  readonly s: readonly number[];
  readonly captures: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly data: number[] }>>;
  readonly cases: readonly Case[];
}

const ops = readGolden("_ops.json") as Ops;

const captures: Record<string, Value> = { flag: { type: "bool", value: true }, none: { type: "none" } };
for (const [name, t] of Object.entries(ops.captures)) captures[name] = tensorFromCapture(decodeTensor(t, name));

/** Relative to max(1, |x|): two roundings of f32; PyTorch's f32 functions are good to about one unit in the last place. */
const TOLERANCE: Readonly<Partial<Record<DType, number>>> = { f32: 3e-7, f64: 1e-14 };

function number(x: number | string): number {
  return x === "nan" ? Number.NaN : x === "inf" ? Number.POSITIVE_INFINITY : x === "-inf" ? Number.NEGATIVE_INFINITY : Number(x);
}

const points = ops.q.flatMap((q_idx, i) => ops.k.map((kv_idx) => ({ b: 0, h: 0, q_idx, kv_idx, score: ops.s[i] ?? 0 })));

/** Whether the values lead an index out of its tensor, which is told with the first cell where they do. */
const goesWrong = (body: Expr): boolean =>
  hazardsOf([body], ANY_BOX).some(({ condition }) => points.some((p) => interpret(condition, p) !== 0));

/** What does not agree with PyTorch, or null. */
function disagreement(c: Case): string | null {
  const outcome = traceText(
    `import torch\ndef f(s, b, h, q, k):\n    return ${c.expr}\n`,
    "score_mod",
    "f",
    c.score_dtype === "float64" ? "f64" : "f32",
    captures,
  );
  if (c.error !== undefined) return outcome.ok && !goesWrong(outcome.value.body) ? `PyTorch raises ${c.error}` : null;
  if (c.dtype === "int") return !outcome.ok && outcome.fault.code === "score-returns-constant" ? null : "a Python int is returned";
  if (!outcome.ok) return `${outcome.fault.code}: ${outcome.fault.message}`;
  const { body } = outcome.value;
  if (TORCH_NAMES[body.dtype] !== c.dtype) return `dtype ${TORCH_NAMES[body.dtype]}, not ${c.dtype}`;
  const tolerance = isFloat(body.dtype) ? (TOLERANCE[body.dtype] ?? 0) : 0;
  for (const [i, q_idx] of ops.q.entries()) {
    for (const [j, kv_idx] of ops.k.entries()) {
      const got = interpret(body, { b: 0, h: 0, q_idx, kv_idx, score: ops.s[i] ?? 0 });
      const want = number(c.values?.[i]?.[j] ?? Number.NaN);
      const near = Object.is(got, want) || got === want || Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want));
      if (!near && !(Number.isNaN(got) && Number.isNaN(want))) return `${got}, not ${want}, at q ${q_idx}, k ${kv_idx}, s ${ops.s[i]}`;
    }
  }
  return null;
}

describe("expressions agree with PyTorch in dtype and value", () => {
  test("there are 233 of them", () => {
    expect(ops.cases).toHaveLength(233);
  });
  for (const c of ops.cases) {
    const name = `${c.expr}${c.score_dtype === undefined ? "" : ` (score ${c.score_dtype})`}`;
    test(name, () => expect(disagreement(c)).toBeNull());
  }
});
