/** Python's own semantics in the evaluator: what a factory or a module computes before a mod is traced. */
import { describe, expect, test } from "vitest";
import type { Value } from "../../../kernels/frontend/value.ts";
import { printValue, runText } from "./evaluateText.ts";

/** `repr` of `x` after running `text`; the fault's code where it is unknown. */
function outcome(text: string): string {
  const { scope } = runText(text);
  const x: Value | undefined = scope.names.get("x");
  if (x === undefined) return "unbound";
  if (x.type === "unknown") return x.fault?.code ?? x.cause;
  return printValue(x);
}

describe("numbers", () => {
  test.each([
    ["7 // 2, -7 // 2, 7 // -2, -7 % 3, 7 % -3", "(3, -4, -4, 2, -2)"],
    ["7 / 2, 6 / 2, 2 ** 10, 2 ** -1, 2.0 ** 3", "(3.5, 3.0, 1024, 0.5, 8.0)"],
    ["-7.5 // 2, -7.5 % 2, 7.5 % -2", "(-4.0, 0.5, -0.5)"],
    ["1 << 40, (1 << 70) >> 68, 6 & 3, 6 | 3, 6 ^ 3, ~6", "(1099511627776, 4, 2, 7, 5, -7)"],
    ["123456789 * 987654321987", String(123456789n * 987654321987n)],
    ["(2 ** 64) // 3, (2 ** 64) % 1000", `(${2n ** 64n / 3n}, ${2n ** 64n % 1000n})`],
    ["True + True, True & False, True ^ True, not 0", "(2, False, False, True)"],
    ["round(2.5), round(-1.5), round(3.14159, 2), abs(-3), divmod(-7, 2)", "(2, -2, 3.14, 3, (-4, 1))"],
    ["int(3.9), int(-3.9), int('42'), float('-inf'), int('ff', 16)", "(3, -3, 42, -inf, 255)"],
    ["1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, 3 in range(0, 9, 3)", "(True, False, True, True)"],
    ["max(3, 1, 2), min([4, 2]), max([1, 5], key=lambda v: -v), sum([1, 2.5])", "(3, 2, 1, 3.5)"],
    ["0 or 5, 3 and 4, None or 'a', '' and 1", "(5, 4, 'a', '')"],
  ])("%s", (expression, expected) => {
    expect(outcome(`x = ${expression}`)).toBe(expected);
  });
});

describe("containers", () => {
  test.each([
    ["[i * j for i in range(3) for j in range(i) if i != j]", "[0, 0, 2]"],
    ["list(zip([1, 2], 'ab')), list(enumerate('ab', 1))", "([(1, 'a'), (2, 'b')], [(1, 'a'), (2, 'b')])"],
    ["{k: v for k, v in [('a', 1), ('b', 2)]}['b'], dict(a=1).get('z', 9)", "(2, 9)"],
    ["[5, 3, 1][::-1], 'hello'[1:4], (1, 2, 3)[-1], list(range(10)[2:8:3])", "([1, 3, 5], 'ell', 3, [2, 5])"],
    ["sorted([3, 1, 2], reverse=True), list(reversed([1, 2])), list(map(lambda v: v + 1, [1, 2]))", "([3, 2, 1], [2, 1], [2, 3])"],
    ["[*range(3), *[7]], (*'ab',), {**{'a': 1}, 'b': 2}['a']", "([0, 1, 2, 7], ('a', 'b'), 1)"],
    ["len({1, 1, 2}), 2 in {1, 2}, 'a' in {'a': 0}, len('abc')", "(2, True, True, 3)"],
    ["any(i > 2 for i in range(5)), all([]), sum(i for i in range(4))", "(True, True, 6)"],
    ["(y := 4) + y", "8"],
    ["f'{1 + 1}-{\"a\"}'", "'2-a'"],
    ["[[0] * 2] * 2", "[[0, 0], [0, 0]]"],
  ])("%s", (expression, expected) => {
    expect(outcome(`x = ${expression}`)).toBe(expected);
  });
});

describe("statements", () => {
  test.each([
    ["a loop with else", "for i in range(3):\n    pass\nelse:\n    x = i\n", "2"],
    ["break skips else", "x = 0\nfor i in range(3):\n    break\nelse:\n    x = 1\n", "0"],
    ["while with continue", "x = 0\ni = 0\nwhile i < 5:\n    i += 1\n    if i % 2: continue\n    x += i\n", "6"],
    ["starred unpacking", "a, *b, c = range(5)\nx = (a, b, c)\n", "(0, [1, 2, 3], 4)"],
    ["swap", "a, b = 1, 2\na, b = b, a\nx = (a, b)\n", "(2, 1)"],
    [
      "closures and nonlocal",
      "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n\n    g()\n    return g()\nx = f()\n",
      "2",
    ],
    ["global", "n = 1\ndef f():\n    global n\n    n = 5\nf()\nx = n\n", "5"],
    [
      "keyword-only and defaults",
      "def f(a, b=2, *args, c, d=4, **kw):\n    return (a, b, args, c, d, len(kw))\nx = f(1, 2, 3, c=5, z=6)\n",
      "(1, 2, (3,), 5, 4, 1)",
    ],
    ["a default is evaluated once, where the function is defined", "k = 1\ndef f(a=k):\n    return a\nk = 2\nx = f()\n", "1"],
    ["late binding of closures", "fs = [lambda: i for i in range(3)]\nx = [f() for f in fs]\n", "[2, 2, 2]"],
    [
      "try catches by name",
      "try:\n    raise ValueError('no')\nexcept KeyError:\n    x = 1\nexcept (TypeError, ValueError) as e:\n    x = 2\nfinally:\n    y = 1\n",
      "2",
    ],
    ["try catches our own faults", "try:\n    x = 1 // 0\nexcept ZeroDivisionError:\n    x = 'caught'\n", "'caught'"],
    [
      "match on literals, sequences and guards",
      "def f(v):\n    match v:\n        case 0 | 1:\n            return 'small'\n        case [a, *rest] if len(rest) > 1:\n            return rest\n        case str() | None:\n            return 'odd'\n        case _:\n            return 'other'\nx = (f(1), f([1, 2, 3]))\n",
      "('small', [2, 3])",
    ],
    ["aliases of lists share", "a = [1]\nb = a\nb += [2]\nb.append(3)\nx = a\n", "[1, 2, 3]"],
    ["del", "a = {'k': 1, 'j': 2}\ndel a['k']\nx = list(a)\n", "['j']"],
    [
      "functools",
      "from functools import partial, reduce\nimport operator\nx = (reduce(operator.mul, [1, 2, 3, 4]), partial(pow, 2)(5))\n",
      "(24, 32)",
    ],
    [
      "itertools",
      "import itertools as it\nx = (list(it.accumulate([1, 2, 3])), list(it.chain([1], [2])), list(it.islice(it.count(), 3)))\n",
      "([1, 3, 6], [1, 2], [0, 1, 2])",
    ],
    [
      "math",
      "import math\nx = (math.ceil(7 / 2), math.floor(-0.5), math.prod([2, 3]), math.gcd(12, 18), math.log2(8), math.isqrt(17))\n",
      "(4, -1, 6, 6, 3.0, 4)",
    ],
  ])("%s", (_, text, expected) => {
    expect(outcome(text)).toBe(expected);
  });
});

describe("classes", () => {
  test.each([
    [
      "attributes, methods, inheritance, super",
      "class A:\n    k = 2\n    def __init__(self, n):\n        self.n = n\n    def get(self):\n        return self.n * self.k\nclass B(A):\n    def __init__(self, n):\n        super().__init__(n + 1)\n    def get(self):\n        return super().get() + 1\nx = B(3).get()\n",
      "9",
    ],
    [
      "__call__, property, staticmethod, classmethod",
      "class A:\n    def __call__(self, v):\n        return v + 1\n    @property\n    def p(self):\n        return 5\n    @staticmethod\n    def s(v):\n        return v * 2\n    @classmethod\n    def c(cls):\n        return cls.__name__\na = A()\nx = (a(1), a.p, A.s(4), a.s(4), A.c())\n",
      "(2, 5, 8, 8, 'A')",
    ],
    [
      "dataclass with default factory",
      "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: int\n    b: int = 3\n    c: list = field(default_factory=list)\nx = (C(1).b, C(1, c=[2]).c, C(1) == C(1, 3))\n",
      "(3, [2], True)",
    ],
    [
      "operators",
      "class V:\n    def __init__(self, v): self.v = v\n    def __add__(self, o): return V(self.v + o.v)\n    def __eq__(self, o): return self.v == o.v\n    def __len__(self): return self.v\n    def __getitem__(self, i): return self.v * i\nv = V(1) + V(2)\nx = (v.v, v == V(3), len(v), v[5])\n",
      "(3, True, 3, 15)",
    ],
    [
      "getattr with a computed name",
      "class A:\n    w_1 = 7\nx = (getattr(A(), f'w_{1}'), getattr(A(), 'no', 0), hasattr(A(), 'w_1'))\n",
      "(7, 0, True)",
    ],
    [
      "nn.Module keeps its attributes",
      "import torch.nn as nn\nclass M(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.n = 4\n    def forward(self, v):\n        return v + self.n\nx = M()(1)\n",
      "5",
    ],
    ["namedtuple", "from collections import namedtuple\nP = namedtuple('P', 'a b')\np = P(1, b=2)\nx = (p.a, p.b, p[1])\n", "(1, 2, 2)"],
  ])("%s", (_, text, expected) => {
    expect(outcome(text)).toBe(expected);
  });
});

describe("what cannot be followed", () => {
  test("a module that is not at hand leaves its names unknown, and the rest runs", () => {
    expect(outcome("import secret\ny = secret.thing(3) + 1\nx = 5\n")).toBe("5");
    expect(outcome("from secret.sub import thing\nx = thing[0].more\n")).toBe("the module is not at hand");
  });
  test.each([
    ["a sum", "x = 1\nfor n in secret.lengths:\n    x += n\n"],
    ["a list", "x = [0]\nfor n in secret.lengths:\n    x.append(x[-1] + n)\n"],
    ["a dict", "x = {}\nwhile secret.more():\n    x[len(x)] = secret.next()\n"],
    ["a tensor", "x = torch.zeros(3)\nfor i in secret.rows:\n    x[i] = 1\n"],
    ["a tensor in place", "x = torch.zeros(3)\nfor v in secret.rows:\n    x[1:].add_(v)\n"],
  ])("what a loop over an unknown adds up is unknown: %s", (_, text) => {
    expect(outcome(`import secret, torch\n${text}`)).toBe("the module is not at hand");
  });
  test("what such a loop only assigns keeps the value from before it", () => {
    expect(outcome("import secret\nx = 4\nfor batch in secret.loader:\n    x = batch.window\n    y = x\n")).toBe("4");
  });
  test("both sides of an unknown condition are read for what they define", () => {
    expect(outcome("import torch\nif torch.cuda.is_available():\n    x = 1\nelse:\n    x = 2\n    y = 3\n")).toBe("1");
  });
  test("a broken statement does not hide its neighbours", () => {
    const { scope, interpreter } = runText("a = 1\nb = nothing + 1\nc = a + 1\n");
    expect(scope.names.get("c")).toEqual({ type: "int", value: 2 });
    expect(interpreter.faults.map((f) => f.code)).toEqual(["unknown-name"]);
  });
});
