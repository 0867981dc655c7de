import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../../kernels/frontend/module.ts";

const lower = (text: string): LoweredModule => lowerModule([{ file: "f.py", text }]);

/** The statements as the body of a mod, a mod that does nothing odd after it. */
const within = (statements: string, before = ""): string =>
  `${before}\ndef bad(b, h, q, k):\n    ${statements.trim().replaceAll("\n", "\n    ")}\n    return q >= k\n\ndef causal(b, h, q, k):\n    return q >= k\n`;

/** `code` and the text that is underlined, for each error. */
const errors = (text: string): string[] =>
  lower(text).diagnostics.flatMap((d) => (d.severity === "error" ? [`${d.code}: ${text.slice(d.span.from, d.span.to)}`] : []));

describe("a mod that does not end is stopped at the loop that holds it, and its neighbour stands", () => {
  const LOOPS: [name: string, statements: string, loop: string, before?: string][] = [
    ["while", "n = 0\nwhile n >= 0:\n    n += 1", "while n >= 0"],
    ["while on one line", "while True: pass", "while True"],
    ["while of names of the mod", "while True:\n    q = q + 1", "while True"],
    ["for over a range", "n = 0\nfor i in range(10**9):  # too far\n    n += i", "for i in range(10**9)"],
    ["for without end in one that ends", "for i in range(3):\n    while True:\n        i += 1", "while True"],
    ["a short for in one without end", "for i in range(10**9):\n    for j in range(100):\n        pass", "for i in range(10**9)"],
    ["the second of two, after one that ends", "n = 0\nfor i in range(20000):\n    n += 1\nwhile True:\n    n += 1", "while True"],
    ["a comprehension", "x = [i * i for i in range(10**9)]", "[i * i for i in range(10**9)]"],
    [
      "a comprehension of two",
      "x = {i + j for i in range(10**5) for j in range(10**5)}",
      "{i + j for i in range(10**5) for j in range(10**5)}",
    ],
    ["a comprehension in another", "x = [[j for j in range(9)] for i in range(10**9)]", "[[j for j in range(9)] for i in range(10**9)]"],
    ["a generator", "x = sum(i for i in itertools.count())", "sum(i for i in itertools.count())", "import itertools"],
    ["itertools", "for i in itertools.count():\n    pass", "for i in itertools.count()", "import itertools"],
    ["a list of what has no end", "x = list(itertools.repeat(1))", "list(itertools.repeat(1))", "import itertools"],
    ["map", "x = max(map(abs, itertools.count()))", "max(map(abs, itertools.count()))", "import itertools"],
    ["a list that grows", "x = [1]\nwhile x:\n    x.extend(x)", "while x"],
    ["a handler in a loop", "while True:\n    try:\n        raise ValueError\n    except ValueError:\n        pass", "while True"],
    ["a function called in a loop", "while True:\n    f(1)", "while True", "def f(x):\n    return x + 1"],
    ["calls that branch", "n = fib(40)", "fib(n - 1)", "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)"],
  ];
  test.each(LOOPS)("%s", (_, statements, loop, before = "") => {
    const text = within(statements, before);
    const m = lower(text);
    const [error] = m.diagnostics.filter((d) => d.severity === "error");
    expect(errors(text)).toEqual([`step-budget: ${loop}`]);
    expect(error?.message).toMatch(/^The (loop|comprehension|call|call of) `.* was stopped after 2[45]\d,\d{3} steps/);
    expect(m.variants.map((v) => v.name)).toEqual(["causal"]);
  });

  test.each<[string, string, string]>([
    ["a function", "def f(x):\n    return f(x)", "f(x)"],
    ["two functions", "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)", "x)"],
    ["a lambda", "f = lambda x: f(x + 1)", "f(x + 1)"],
    ["a comprehension", "def f(x):\n    return [f(x) for _ in range(1)]", "f(x)"],
    ["a key of sorted", "def f(x):\n    return sorted([1], key=lambda i: f(x))", "f(x)"],
    ["a property", "class A:\n    @property\n    def x(self):\n        return self.x\ndef f(q):\n    return A().x", "self.x"],
    ["an object that makes itself", "class A:\n    def __init__(self):\n        self.a = A()\ndef f(q):\n    return A()", "A()"],
  ])("recursion without end by %s", (_, before, call) => {
    const found = errors(within("q = f(q)", before));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^recursion-depth: /);
    expect(found[0]).toContain(call);
  });

  test.each<[string, string, string]>([
    ["a string", "s = 'a'\nwhile True:\n    s = s + s", "s + s"],
    ["a formatted string", "s = 'a'\nwhile True:\n    s = f'{s}{s}'", "f'{s}{s}'"],
    ["a string by format", "s = 'a'\nwhile True:\n    s = '{}{}'.format(s, s)", "'{}{}'.format(s, s)"],
    ["a string by %", "s = 'a'\nwhile True:\n    s = '%s%s' % (s, s)", "'%s%s' % (s, s)"],
    ["a string by join", "s = 'a'\nwhile True:\n    s = s.join([s, s])", "s.join([s, s])"],
    ["a string by replace", "s = 'a'\nwhile True:\n    s = s.replace('a', 'aa')", "s.replace('a', 'aa')"],
    ["a list", "x = [1]\nwhile True:\n    x = x + x", "x + x"],
    ["an integer", "x = 3\nwhile True:\n    x = x * x", "x * x"],
  ])("%s that doubles is told where it grows", (_, statements, where) => {
    expect(errors(within(statements))).toEqual([`too-large: ${where}`]);
  });

  test.each<[string, string]>([
    ["a padded string", "s = '%999999999d' % 7"],
    ["a justified string", "s = 'a'.ljust(10**9)"],
    ["a list of nothing, many times", "x = [] * 10**12"],
    ["a list, many times", "x = [1] * 10**10"],
    ["a power", "x = 10**10**10"],
    ["a shift", "x = 1 << 10**10"],
    ["a tensor", "x = torch.zeros(10**9)"],
    ["a tensor of two dimensions", "x = torch.ones(10**6, 10**6)"],
    ["a tensor expanded and added up", "x = torch.zeros(1).expand(10**5, 10**5).sum()"],
    ["a tensor expanded beyond any length", "x = list(torch.zeros(1).expand(10**9))"],
    ["a padded tensor", "x = torch.nn.functional.pad(torch.zeros(1, 1, 3), (10**9, 0), mode='replicate')"],
    ["a tensor indexed by a range without end", "x = torch.zeros(4, 8)[0, range(10**9)]"],
    ["a tensor in a million parts", "x = torch.zeros(1).expand(10**7).split(1)"],
    ["a range without a length", "x = torch.range(float('nan'))"],
    ["a function of floats over ints", "x = torch.nn.functional.softplus(torch.arange(3), 0)"],
    ["a histogram of a billion bins", "x = torch.histc(torch.ones(3), 10**9)"],
    ["a tensor of a thousand dimensions", "x = torch.ones(3).repeat(*[1] * 1000)"],
    ["a product of sets", "x = list(itertools.product(range(1000), repeat=9))"],
    ["tuples that hold each other twice, compared", "s = t = (1,)\nfor i in range(99):\n    s, t = (s, s), (t, t)\nx = s == t"],
    ["tuples that hold each other twice, as a key", "s = (1,)\nfor i in range(99):\n    s = (s, s)\nx = {s: 1}"],
    ["tuples that hold each other twice, as text", "s = (1,)\nfor i in range(99):\n    s = (s, s)\nx = str(s)"],
    ["a list nested 20,000 deep, as text", "s = []\nfor i in range(20000):\n    s = [s]\nx = str(s)"],
    ["a list in itself, as text", "s = []\ns.append(s)\nx = str(s)"],
  ])("%s: ends soon, with a word or none", (_, statements) => {
    const start = performance.now();
    const m = lower(within(statements, "import torch, itertools"));
    expect(performance.now() - start).toBeLessThan(5000);
    expect(m.variants.map((v) => v.name)).toContain("causal");
    expect(m.diagnostics.map((d) => d.code)).not.toContain("internal-fault");
  });

  test("a tensor expanded to a billion elements is read as the one that it is", () => {
    const m = lower("import torch\nx = torch.zeros(1).expand(8, 40000, 40000)\ndef near(b, h, q, k):\n    return x[h, q, k] <= 0\n");
    expect(m.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    expect(m.variants[0]?.captures.map((c) => c.data.length)).toEqual([1]);
  });

  test("a dense mask of 2,048 by 2,048 made in a factory is no runaway", { timeout: 60_000 }, () => {
    const m = lower(`import torch
def make(S):
    m = torch.ones(S, S, dtype=torch.bool).tril()
    m = m & (torch.arange(S)[:, None] - torch.arange(S)[None, :] < 128)
    m[:, :4] = True
    def near(b, h, q, k):
        return m[q, k]
    return near
near = make(2048)
`);
    expect(m.diagnostics).toEqual([]);
    expect(m.variants.map((v) => v.name)).toContain("near");
  });

  test("a made-up bias of eight million elements is not laid out before somebody looks", () => {
    const text = "def make(bias):\n    def biased(score, b, h, q, k):\n        return score + bias[h, q, k]\n    return biased\n";
    lower(`${text}# warm\n`);
    const start = performance.now();
    const [variant] = lower(text).variants;
    expect(performance.now() - start).toBeLessThan(500);
    expect(variant?.captures.map((c) => c.data.length)).toEqual([8 * 1024 * 1024]);
  });

  test("thirty that do not end leave enough for the one after them", () => {
    const runaways = Array.from({ length: 30 }, (_, i) => `def bad${i}(b, h, q, k):\n    while True: pass\n`).join("");
    const m = lower(`${runaways}def causal(b, h, q, k):\n    n = sum(i for i in range(1000))\n    return q + n >= k\n`);
    expect(m.variants.map((v) => v.name)).toEqual(["causal"]);
    expect(m.diagnostics.filter((d) => d.code === "step-budget")).toHaveLength(30);
  });

  test("what an imported module does is no part of the mod that reads it first", () => {
    const busy = Array.from({ length: 8 }, (_, i) => `n${i} = sum(i for i in range(15000))\n`).join("");
    const library = `${busy}def make(window):\n    def near(b, h, q, k):\n        return q - k < window\n    return near\n`;
    const m = lowerModule([
      { file: "f.py", text: "from library import make\nnear = make(3)\n" },
      { file: "library.py", text: library },
    ]);
    expect(m.variants.map((v) => v.name)).toEqual(["near"]);
    expect(m.diagnostics).toEqual([]);
  });

  test("a smaller budget is kept", () => {
    const text = within("n = 0\nfor i in range(1000):\n    n += i");
    expect(lowerModule([{ file: "f.py", text }]).variants).toHaveLength(2);
    const few = lowerModule([{ file: "f.py", text }], { stepBudget: 8000 });
    expect(few.variants.map((v) => v.name)).toEqual(["causal"]);
    expect(few.diagnostics.map((d) => d.message).join()).toContain("was stopped after 1,000 steps");
  });
});
