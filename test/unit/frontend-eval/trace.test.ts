/** Mods traced to expressions: what each construct becomes, and what is refused, at which expression. */
import { describe, expect, test } from "vitest";
import { createInterpreter } from "../../../kernels/frontend/evaluate.ts";
import { parseModule } from "../../../kernels/frontend/parse.ts";
import { tensorFrom } from "../../../kernels/frontend/tensor.ts";
import { unknown } from "../../../kernels/frontend/value.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { capturesOf } from "../../../kernels/ir/walk.ts";
import { runText, traceText } from "./evaluateText.ts";

const HEAD = "import functools, math, torch\nfrom torch.nn.attention.flex_attention import and_masks, or_masks, noop_mask\n";

/** The body of the mask_mod `f`, as text; the fault's code and text where it is refused. */
function mask(text: string): string {
  const r = traceText(HEAD + text);
  return r.ok ? printExpr(r.value.body) : `${r.fault.code} at ${r.text.slice(r.fault.span.from, r.fault.span.to)}`;
}
function score(body: string): string {
  const r = traceText(`${HEAD}def f(score, b, h, q, k):\n    return ${body}\n`, "score_mod");
  return r.ok ? printExpr(r.value.body) : `${r.fault.code} at ${r.text.slice(r.fault.span.from, r.fault.span.to)}`;
}
const lambda = (body: string): string => mask(`f = lambda b, h, q, k: ${body}\n`);

describe("constructs", () => {
  test.each([
    [
      "helpers, tuples, closures",
      "def make(w):\n    def rc(i):\n        return i // w, i % w\n    def m(b, h, q, k):\n        (r, c), (s, d) = rc(q), rc(k)\n        return (r == s) & (c >= d)\n    return m\nf = make(8)\n",
      "(q_idx // 8 == kv_idx // 8) & (q_idx % 8 >= kv_idx % 8)",
    ],
    [
      "static branches and early return",
      "causal = True\ndef f(b, h, q, k):\n    if not causal:\n        return q < k\n    return q >= k\n",
      "q_idx >= kv_idx",
    ],
    [
      "and_masks of lambdas",
      "f = and_masks(lambda b, h, q, k: q >= k, lambda b, h, q, k: k > 3)\n",
      "True & (q_idx >= kv_idx) & (kv_idx > 3)",
    ],
    ["or_masks of nothing", "f = or_masks()\n", "False"],
    ["partial by keyword", "def g(b, h, q, k, w):\n    return q - k < w\nf = functools.partial(g, w=4)\n", "q_idx - kv_idx < 4"],
    [
      "callable objects",
      "class M:\n    def __init__(self, w): self.w = w\n    def near(self, q, k): return (q - k).abs() <= self.w\n    def __call__(self, b, h, q, k): return self.near(q, k)\nf = M(2)\n",
      "torch.abs(q_idx - kv_idx) <= 2",
    ],
    [
      "loops over static values",
      "def f(b, h, q, k):\n    m = q == k\n    for d in (1, 2):\n        m = m | (q - k == d)\n    return m\n",
      "(q_idx == kv_idx) | (q_idx - kv_idx == 1) | (q_idx - kv_idx == 2)",
    ],
    [
      "reduce over a comprehension",
      "f = lambda b, h, q, k: functools.reduce(lambda x, y: x | y, [k == i for i in range(2)])\n",
      "(kv_idx == 0) | (kv_idx == 1)",
    ],
    [
      "nested gathers are loads",
      "u = torch.tensor([1, 0])\nt = torch.tensor([[1, 2], [3, 4]])\nf = lambda b, h, q, k: t[u[q], k] == t[u[q]][k]\n",
      "t[u[q_idx], kv_idx] == t[u[q_idx], kv_idx]",
    ],
    [
      "a static index beside one of the mod's",
      "t = torch.tensor([[1, 2], [3, 4]])\nf = lambda b, h, q, k: t[-1, q] == t[0][k]\n",
      "t[1, q_idx] == t[0, kv_idx]",
    ],
    [
      "rows of a gather, unpacked",
      "t = torch.tensor([[[0, 2], [3, 4]]])\ndef f(b, h, q, k):\n    m = q < 0\n    for a, e in t[b]:\n        m = m | ((k >= a) & (k < e))\n    return m\n",
      "(q_idx < 0) | (kv_idx >= t[b, 0, 0]) & (kv_idx < t[b, 0, 1]) | (kv_idx >= t[b, 1, 0]) & (kv_idx < t[b, 1, 1])",
    ],
    ["literals made in the mod are constants", "f = lambda b, h, q, k: q >= torch.tensor([3, 5])[1]\n", "q_idx >= 5"],
    [
      "augmented assignment",
      "def f(b, h, q, k):\n    m = q >= k\n    m &= k > 1\n    m |= q == 0\n    return m\n",
      "(q_idx >= kv_idx) & (kv_idx > 1) | (q_idx == 0)",
    ],
    [
      "an in-place change is seen through other names",
      "def f(b, h, q, k):\n    p = q\n    p += 1\n    return q >= k\n",
      "q_idx + 1 >= kv_idx",
    ],
    ["noop_mask", "f = noop_mask\n", "True"],
    [
      "try runs its body",
      "def f(b, h, q, k):\n    try:\n        return q >= k\n    except Exception:\n        return q < k\n",
      "q_idx >= kv_idx",
    ],
    ["walrus", "f = lambda b, h, q, k: ((d := q - k) >= 0) & (d < 4)\n", "(q_idx - kv_idx >= 0) & (q_idx - kv_idx < 4)"],
    [
      "an unknown decorator leaves the function",
      "import secret\n@secret.jit(fast=True)\ndef f(b, h, q, k):\n    return q >= k\n",
      "q_idx >= kv_idx",
    ],
    [
      "lru_cache'd builders",
      "@functools.lru_cache(maxsize=None)\ndef make(w):\n    return lambda b, h, q, k: q - k < w\nf = make(3)\n",
      "q_idx - kv_idx < 3",
    ],
  ])("%s", (_, text, printed) => {
    expect(mask(text)).toBe(printed);
  });
  test("dtypes of a score", () => {
    expect(score("score + 2 * (q - k)")).toBe("score + 2 * (q_idx - kv_idx)");
    expect(score("(q / 7).to(score.dtype) * 2 ** h")).toBe("q_idx / 7.0 * 2 ** h");
  });
});

describe("refusals stand on the exact expression", () => {
  test.each([
    ["(q >= k) & (0 <= q < 4)", "chained-comparison at 0 <= q < 4"],
    ["(q >= k) and (k > 3)", "boolean-operator at (q >= k) and (k > 3)"],
    ["~(not q)", "boolean-operator at not q"],
    ["True if q >= k else False", "data-dependent-ternary at True if q >= k else False"],
    ["(q > 0) & -(q >= k)", "bool-negation at -(q >= k)"],
    ["((q > 0) - (k > 0)) == 0", "bool-subtraction at (q > 0) - (k > 0)"],
    ["1 - (q > k) == 1", "bool-subtraction at 1 - (q > k)"],
    ["int(q) > k", "item-of-tensor at int(q)"],
    ["q.item() > k", "item-of-tensor at q.item()"],
    ["math.floor(q / 2) > k", "item-of-tensor at math.floor(q / 2)"],
    ["round(q / 2) > k", "python-round at round(q / 2)"],
    ["[1, 2][q] > k", "index-of-list at [1, 2][q]"],
    ["{1: 2}[q] > k", "index-of-list at {1: 2}[q]"],
    ["q not in [1, 2]", "membership-of-tensor at q not in [1, 2]"],
    ["torch.arange(8)[q:k].sum() > 1", "dynamic-slice at torch.arange(8)[q:k]"],
    ["torch.arange(8)[q / 2] == 1", "float-index at q / 2"],
    ["torch.arange(8)[q > k] == 1", "boolean-index at q > k"],
    ["torch.arange(8)[9] == q", "index-out-of-range at torch.arange(8)[9]"],
    ["torch.arange(8)[q, k] == q", "index-out-of-range at torch.arange(8)[q, k]"],
    ["torch.rand(()) > q", "random-in-mod at torch.rand(())"],
    ["any(q > i for i in range(2))", "truth-value at any(q > i for i in range(2))"],
    ["sum(1 for _ in range(q)) > k", "range-of-tensor at range(q)"],
    ["q // 0 == k", "zero-division at q // 0"],
    ["q ** -1 == k", "negative-power at q ** -1"],
    ["(q & 1.5) == k", "operand-types at q & 1.5"],
    ["torch.where(q, 1, 2) == k", "operand-types at torch.where(q, 1, 2)"],
    ["torch.clamp(q, 0, k) == k", "operand-types at torch.clamp(q, 0, k)"],
    ["torch.maximum(q, 0) == k", "operand-types at torch.maximum(q, 0)"],
    ["torch.inf_like(q) > k", "unknown-attribute at torch.inf_like"],
    ["torch.fft.fft(q) > k", "unsupported-function at torch.fft.fft(q)"],
    ["q.shape[-1] > k", "index-out-of-range at q.shape[-1]"],
    ["q + 1", "mask-not-bool at q + 1"],
    ["True", "mask-returns-constant at True"],
    ["(q >= k, k)", "returns-non-scalar at (q >= k, k)"],
    ["(q >= k).unsqueeze(0)", "returns-non-scalar at (q >= k).unsqueeze(0)"],
    ["q >= nothing", "unknown-name at nothing"],
    ["q.nothing() > k", "unknown-attribute at q.nothing"],
    ["len(3) > k", "operand-types at len(3)"],
    ["'a' + 1 > k", "operand-types at 'a' + 1"],
    ["noop_mask(b, h, q)", "argument-count at noop_mask(b, h, q)"],
    ["(lambda a: a)(q, k)", "argument-count at (lambda a: a)(q, k)"],
    ["3(q)", "not-callable at 3(q)"],
  ])("%s", (body, refusal) => {
    expect(lambda(body)).toBe(refusal);
  });
  test.each([
    ["if", "    if q >= k:\n        return q > 0\n    return q < 0\n", "data-dependent-branch at q >= k"],
    ["while", "    while q > k:\n        q = q - 1\n    return q > k\n", "data-dependent-loop at q > k"],
    ["assert", "    assert q >= 0\n    return q > k\n", "data-dependent-assert at assert q >= 0"],
    ["a static assert that does not hold", "    assert 1 > 2, 'no'\n    return q > k\n", "assertion-failed at assert 1 > 2, 'no'"],
    ["raise", "    raise ValueError('no')\n", "raised at raise ValueError('no')"],
    ["no return", "    m = q >= k\n", "returns-nothing at f"],
    [
      "an in-place result that is wider",
      "    r = torch.ones_like(q, dtype=torch.bool)\n    r &= q >= k\n    return r\n",
      "in-place-shape at r &= q >= k",
    ],
    ["an in-place result of a higher category", "    q *= 0.5\n    return q > k\n", "in-place-dtype at q *= 0.5"],
    ["unpacking the wrong number", "    a, c = (q, k, h)\n    return a > c\n", "unpack-count at a, c"],
    ["unpacking a number", "    a, c = q\n    return a > c\n", "not-iterable at a, c"],
  ])("%s", (_, body, refusal) => {
    expect(mask(`def f(b, h, q, k):\n${body}`)).toBe(refusal);
  });
});

describe("warnings", () => {
  test.each([
    ["max(q - k, 0) > 1", "builtin-min-max"],
    ["pow(q, 2) > k", "refused-by-flex-attention"],
    ["torch.take(torch.arange(8), q) == 1", "refused-by-flex-attention"],
    ["torch.arange(8)[..., q] == 1", "refused-by-flex-attention"],
  ])("%s is taken, with a warning", (body, code) => {
    const r = traceText(`${HEAD}f = lambda b, h, q, k: ${body}\n`);
    expect(r.ok).toBe(true);
    expect(r.reports.map((d) => d.code)).toEqual([code]);
  });
  test("random numbers are named where a mod captures them, and nowhere else", () => {
    const text = `${HEAD}q0 = torch.randn(4, 4)\ndef make(bias):\n    table = bias * 2\n    return lambda score, b, h, q, k: score + table[h]\nf = make(torch.rand(8))\n`;
    const r = traceText(text, "score_mod");
    expect(r.reports.map((d) => [d.code, text.slice(d.span.from, d.span.to)])).toEqual([["random-values", "torch.rand(8)"]]);
    expect(r.ok).toBe(true);
  });
  test("a fix comes with a refusal that has one", () => {
    const r = traceText(`${HEAD}f = lambda b, h, q, k: 0 <= q < 4\n`);
    expect(r.ok ? null : r.fault.fix?.edits[0]?.newText).toBe("(0 <= q) & (q < 4)");
  });
});

describe("captures and locals", () => {
  test("one tensor is one capture, whatever names and mods read it", () => {
    const r = traceText(`${HEAD}ids = torch.tensor([0, 0, 1])\nalias = ids\ndef f(b, h, q, k):\n    return ids[q] == alias[k]\n`);
    if (!r.ok) throw new Error(r.fault.message);
    const captures = capturesOf(r.value.body);
    expect(captures.map((c) => [c.name, c.dtype, c.shape])).toEqual([["ids", "i64", [3]]]);
  });
  test("a 0-d float tensor from outside is a load, a Python number a constant", () => {
    const r = traceText(`${HEAD}s = torch.tensor(0.5)\ng = 2.0\ndef f(score, b, h, q, k):\n    return score * (s * g)\n`, "score_mod");
    expect(r.ok ? printExpr(r.value.body) : "").toBe("score * (s * 2.0)");
  });
  test("a local is noted with its place and its expression, in source order", () => {
    const text = `${HEAD}def f(b, h, q, k):\n    d = q - k\n    near = d < 4\n    return near\n`;
    const r = traceText(text);
    if (!r.ok) throw new Error(r.fault.message);
    expect(r.value.locals.map((l) => [l.name, printExpr(l.value), text.slice(l.span.from, l.span.to)])).toEqual([
      ["d", "q_idx - kv_idx", "d"],
      ["near", "q_idx - kv_idx < 4", "near"],
    ]);
  });
  test("a slice of a tensor keeps its values", () => {
    const r = traceText(`${HEAD}t = torch.arange(10) * 10\nf = lambda b, h, q, k: t[2:8:2][q] == 40\n`);
    if (!r.ok) throw new Error(r.fault.message);
    const at = (q_idx: number) => interpret(r.value.body, { b: 0, h: 0, q_idx, kv_idx: 0 });
    expect([0, 1, 2, -2].map(at)).toEqual([0, 1, 0, 1]);
  });
  test.each([
    [5, false],
    [100, false],
    [100, true],
  ])("bucketize and isin over %i boundaries agree with counting (right: %s)", (n, right) => {
    const flag = right ? "True" : "False";
    const text = `${HEAD}bounds = torch.arange(${n}) * 3\ndef f(score, b, h, q, k):\n    return torch.bucketize(q, bounds, right=${flag}) * 2 + torch.isin(q, bounds)\n`;
    const r = traceText(text, "score_mod");
    if (!r.ok) throw new Error(r.fault.message);
    for (let q = -2; q < 3 * n + 2; q++) {
      let below = 0;
      for (let i = 0; i < n; i++) if (right ? i * 3 <= q : i * 3 < q) below++;
      const inside = q >= 0 && q % 3 === 0 && q < 3 * n ? 1 : 0;
      expect(interpret(r.value.body, { b: 0, h: 0, q_idx: q, kv_idx: 0 })).toBe(below * 2 + inside);
    }
  });
});

describe("unknowns", () => {
  const trace = (text: string, supply: boolean) => {
    const source = HEAD + text;
    const uses: string[] = [];
    const interpreter = createInterpreter({
      report: () => undefined,
      textOf: (s) => source.slice(s.from, s.to),
      supply: (u, use) => {
        uses.push(`${u.name} ${use.kind}`);
        if (!supply) return null;
        return use.kind === "index" ? tensorFrom("i64", [4], [0, 0, 1, 1], false) : { type: "int", value: 7 };
      },
    });
    const scope = interpreter.runModule(
      parseModule("m.py", source).module,
      "m",
      new Map([["w", unknown("nobody gave it", { name: "w" })]]),
    );
    const mod = scope.names.get("f") ?? { type: "none" as const };
    const r = interpreter.traceMod(mod, "mask_mod", "f32", { file: "m.py", from: 0, to: 1 });
    return { result: r.ok ? printExpr(r.value.body) : `${r.fault.code}: ${r.fault.message}`, uses };
  };
  test("the front door may supply a value by its use", () => {
    expect(trace("f = lambda b, h, q, k: q - k < w\n", true)).toEqual({ result: "q_idx - kv_idx < 7", uses: ["w scalar"] });
    expect(trace("f = lambda b, h, q, k: w[q] == w[k]\n", true).uses).toContain("w index");
  });
  test("else the mod that needs it says what is missing", () => {
    expect(trace("f = lambda b, h, q, k: q - k < w\n", false).result).toContain("unknown-value: The value of `w` is not known");
    expect(trace("from other import n\nf = lambda b, h, q, k: q - k < n\n", false).result).toContain(
      "module-not-found: `n` comes from `other`",
    );
  });
  test("a fault in a factory is reported where it stands", () => {
    expect(trace("t = torch.zeros(2).nothing()\nf = lambda b, h, q, k: t[q] > k\n", false).result).toContain("unknown-attribute");
  });
});

describe("every text ends", () => {
  test.each([
    ["while True", "while True:\n    pass\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["a loop in a factory", "def g():\n    while True: pass\nx = g()\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["recursion", "def g(n):\n    return g(n + 1)\nx = g(0)\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["a deep __call__ chain", "class A:\n    def __add__(self, o): return self + o\nx = A() + 1\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["itertools.count", "import itertools\nx = list(itertools.count())\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["doubling", "x = [1]\nfor _ in range(100):\n    x = x + x\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["growing integers", "x = 3\nfor _ in range(100):\n    x = x * x\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["growing strings", "x = 'a'\nwhile True:\n    x += x\ndef f(b, h, q, k):\n    return q >= k\n"],
    ["range(10**9)", "x = [i for i in range(10**9)]\ndef f(b, h, q, k):\n    return q >= k\n"],
  ])("%s leaves the mod after it, within a second", (_, text) => {
    const started = performance.now();
    expect(mask(text)).toBe("q_idx >= kv_idx");
    expect(performance.now() - started).toBeLessThan(1000);
  });
  test("a mod that recurses is refused at the call", () => {
    expect(mask("def f(b, h, q, k):\n    return f(b, h, q, k)\n")).toMatch(/^recursion-depth/);
    expect(mask("def f(b, h, q, k):\n    while True:\n        q = q + 1\n")).toMatch(/^(step-budget|too-large)/);
  });
  test("a small budget is kept", () => {
    const { interpreter } = runText("for i in range(1000):\n    x = i\n", {}, 400);
    expect(interpreter.faults.map((f) => f.code)).toEqual(["step-budget"]);
  });
});
