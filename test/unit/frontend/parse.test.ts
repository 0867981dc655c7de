import { describe, expect, test } from "vitest";
import { parseExpression, parseKeywords, parseModule } from "../../../kernels/frontend/parse.ts";
import type { Expression, FormatPart, Statement } from "../../../kernels/frontend/syntax.ts";

/** An expression with every operator in parentheses. */
function show(e: Expression | null): string {
  if (e === null) return "";
  switch (e.kind) {
    case "Name":
      return e.id;
    case "Constant":
      return "value" in e.literal
        ? typeof e.literal.value === "string"
          ? JSON.stringify(e.literal.value)
          : String(e.literal.value)
        : e.literal.type;
    case "BinOp":
    case "BoolOp":
      return `(${show(e.left)} ${e.op} ${show(e.right)})`;
    case "UnaryOp":
      return `(${e.op} ${show(e.operand)})`;
    case "Compare":
      return `(${[show(e.left), ...e.ops.flatMap((op, i) => [op, show(e.comparators[i] ?? null)])].join(" ")})`;
    case "IfExp":
      return `(${show(e.body)} if ${show(e.condition)} else ${show(e.otherwise)})`;
    case "Sequence":
      return `${e.form}[${e.elements.map(show).join(", ")}]`;
    case "Subscript":
      return `${show(e.object)}[${show(e.index)}]`;
    case "Slice":
      return `${show(e.lower)}:${show(e.upper)}:${show(e.step)}`;
    case "Attribute":
      return `${show(e.object)}.${e.name}`;
    case "Call":
      return `${show(e.callee)}(${[...e.args.map(show), ...e.keywords.map((k) => `${k.name ?? "**"}=${show(k.value)}`)].join(", ")})`;
    case "Lambda":
      return `lambda ${e.params.map((p) => `${p.role} ${p.name}${p.default === null ? "" : `=${show(p.default)}`}`).join(", ")}: ${show(e.body)}`;
    case "Starred":
      return `*${show(e.value)}`;
    case "Dict":
      return `dict{${e.entries.map((x) => `${x.key === null ? "**" : show(x.key)}: ${show(x.value)}`).join(", ")}}`;
    case "Comprehension":
      return `${e.form}(${show(e.element)}${e.value === null ? "" : `: ${show(e.value)}`} ${e.generators
        .map((g) => `for ${show(g.target)} in ${show(g.iterable)}${g.conditions.map((c) => ` if ${show(c)}`).join("")}`)
        .join(" ")})`;
    case "NamedExpr":
      return `(${show(e.target)} := ${show(e.value)})`;
    case "JoinedStr":
      return `f(${e.parts.map(showPart).join(" ")})`;
    case "Yield":
      return `yield ${e.isFrom ? "from " : ""}${show(e.value)}`;
    case "UnsupportedExpression":
      return `unsupported ${e.construct}`;
  }
}

function showPart(p: FormatPart): string {
  if (typeof p === "string") return JSON.stringify(p);
  const conversion = p.conversion === "" ? "" : `!${p.conversion}`;
  return p.spec.length === 0 ? `${show(p.value)}${conversion}` : `${show(p.value)}${conversion}:${p.spec.map(showPart).join(" ")}`;
}

describe("expressions bind as in Python", () => {
  test.each([
    ["not a and b or c", "(((not a) and b) or c)"],
    ["a and not b or c", "((a and (not b)) or c)"],
    ["not a == b", "(not (a == b))"],
    ["-a ** -b", "(- (a ** (- b)))"],
    ["a ** b ** c", "(a ** (b ** c))"],
    ["-a[0] * b", "((- a[0]) * b)"],
    ["a - b - c", "((a - b) - c)"],
    ["a | b & c ^ d << 1 + 2 * 3", "(a | ((b & c) ^ (d << (1 + (2 * 3)))))"],
    ["~(q >= k) & ~m", "((~ (q >= k)) & (~ m))"],
    ["q ^ k < 3", "((q ^ k) < 3)"],
    ["0 <= q - k < w", "(0 <= (q - k) < w)"],
    ["a is not b not in c", "(a is not b not in c)"],
    ["a if b else c if d else e", "(a if b else (c if d else e))"],
    ["not a if b else c", "((not a) if b else c)"],
    ["lambda a, /, b, *, c=1, **d: (a, b)", "lambda positional-only a, positional b, keyword-only c=1, kwargs d: tuple[a, b]"],
    ["f(*a, b, k=1, **c)", "f(*a, b, k=1, **=c)"],
    ["sum(i for i in x)", "sum(generator(i for i in x))"],
    ["[i for i in x if i if j for k in l]", "list(i for i in x if i if j for k in l)"],
    ["{a: b for c in d}", "dict(a: b for c in d)"],
    ["{**a, 1: 2}", "dict{**: a, 1: 2}"],
    ["x[a:b, ::c, ..., None]", "x[tuple[a:b:, ::c, Ellipsis, None]]"],
    ["x[*a]", "x[tuple[*a]]"],
    ["a, *b", "tuple[a, *b]"],
    ["(a,)", "tuple[a]"],
    ["()", "tuple[]"],
    ["((a))", "a"],
    ["(n := 3) > 2", "((n := 3) > 2)"],
    ["1_000 + 0xff + 1e-3 + .5", "(((1000 + 255) + 0.001) + 0.5)"],
    ["123456789012345678901234567890", "123456789012345678901234567890"],
    ["'a' \"b\\n\" r'\\n'", '"ab\\n\\\\n"'],
    ["f'x{a!r:>{w}}y{{'", 'f("x" a!r:">" w "y{")'],
    ["x == 1if a else 2", "((x == 1) if a else 2)"],
    ["await x", "unsupported `await`"],
  ])("%s", (text, expected) => {
    const { expression, diagnostics } = parseExpression(text, "f");
    expect(diagnostics).toEqual([]);
    expect(show(expression)).toBe(expected);
  });

  test("spans are offsets in the text, moved by the offset given, and take in parentheses of operands", () => {
    const { expression } = parseExpression("(a + b) * c", "f", 10);
    expect(expression.span).toEqual({ file: "f", from: 10, to: 21 });
    expect(expression.kind === "BinOp" && expression.left.span).toEqual({ file: "f", from: 11, to: 16 });
  });

  test("keyword lists take dotted names and keep spans", () => {
    const { keywords } = parseKeywords("B=1, make.w=torch.tensor([0, 1])", "f", 5);
    expect(keywords.map((k) => [k.name, k.value.span.from, k.value.span.to])).toEqual([
      ["B", 7, 8],
      ["make.w", 17, 37],
    ]);
  });
});

/** Names of definitions, `!` for what could not be read, the kind of anything else. */
function outline(body: readonly Statement[]): string {
  return body
    .map((s) => {
      if (s.kind === "FunctionDef") return s.name;
      if (s.kind === "ClassDef") return `${s.name}{${outline(s.body)}}`;
      return s.kind === "UnsupportedStatement" ? "!" : s.kind;
    })
    .join(" ");
}

const GOOD = "def good(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";

describe("a fault costs its own line", () => {
  test.each([
    ["an open bracket in a body", `def bad(q, k):\n    return (q >= k\n\n${GOOD}`, "bad good", "`(` is never closed"],
    ["an open bracket at the top", `x = foo(a, b\n\n${GOOD}y = [1\n${GOOD}`, "! good ! good", "`(` is never closed"],
    ["an open bracket before an assignment", `x = foo(a, b\ny = 3\n${GOOD}`, "! Assign good", "`(` is never closed"],
    ["an open parameter list", `def bad(b, h, q:\n    return q\n\n${GOOD}`, "! good", "`(` is never closed"],
    [
      "methods beside it",
      `class A:\n    def a(self):\n        return (1\n    def b(self:\n        x\n    def c(self): pass\n${GOOD}`,
      "A{a ! c} good",
      "`(` is never closed",
    ],
    ["the wrong bracket", `x = (1]\n${GOOD}`, "! good", "`]` does not close `(`"],
    ["a bracket too many", `x = 1)\n${GOOD}`, "! good", "`)` closes nothing"],
    ["an open string", `x = 'abc\n${GOOD}`, "! good", "never closed"],
    ["an open docstring", `x = """abc\n${GOOD}`, "! good", "never closed"],
    ["a missing colon", `def f(a)\n    return a\n${GOOD}`, "! good", "the `:` at the end of `def` is missing"],
    ["a missing block", `def f(a):\n${GOOD}`, "! good", "an indented block is missing after `def f(a):`"],
    ["a missing operand", `x = 1 +\n${GOOD}`, "! good", "`+` has nothing on its right"],
    ["a missing operator", `x = a b\n${GOOD}`, "! good", "missing between `a` and `b`"],
    ["too much indentation", `def f(a):\n    x = 1\n      y = 2\n    return x\n${GOOD}`, "f good", "indented more"],
    ["indentation that matches nothing", `def f(a):\n        x = 1\n    y = 2\n${GOOD}`, "f good", "matches no block"],
    ["tabs mixed with spaces", `def f(a):\n\tx = 1\n        y = 2\n${GOOD}`, "f good", "tabs and spaces are mixed"],
    ["Python 2", `print "x"\n${GOOD}`, "! good", "`print` is a function since Python 3"],
    ["a strange character", `x = a ? b\n${GOOD}`, "! good", "`?` is no character of Python's"],
    ["an assignment for a comparison", `if x = 1:\n    pass\nelse:\n    y\n${GOOD}`, "! good", "write `==` to compare"],
    ["a choice without its other side", `x = a if b\n${GOOD}`, "! good", "the `else` of this choice is missing"],
    ["a target that is none", `f(x) = 1\n${GOOD}`, "! good", "`f(x)` cannot be assigned to"],
    ["an argument after named ones", `f(a=1, b)\n${GOOD}`, "! good", "an argument without a name follows one with a name"],
    ["a default before none", `def f(a=1, b):\n    return a\n${GOOD}`, "! good", "a parameter without a default follows"],
    ["a try alone", `try:\n    x\n${GOOD}`, "! good", "an `except` or a `finally` is missing"],
    ["a decorator of nothing", `@a\nx = 1\n${GOOD}`, "! Assign good", "a definition is missing after this decorator"],
    ["a pattern that is none", `match x:\n    case 1 + 2: y\n    case 3: z\n${GOOD}`, "Match good", "only an imaginary number"],
    ["an f-string's brace", `x = f"{a"\n${GOOD}`, "! good", "never closed"],
    ["deep brackets", `x = ${"(".repeat(300)}1${")".repeat(300)}\n${GOOD}`, "! good", "nested too deeply"],
  ])("%s", (_, text, expected, message) => {
    const { module, diagnostics } = parseModule("f", text);
    expect(outline(module.body)).toBe(expected);
    expect(diagnostics.map((d) => d.message).join("\n")).toContain(message);
  });
});

describe("what is Python is no fault", () => {
  test.each([
    ["magics of IPython", "%matplotlib inline\n!pip install x\nfoo?\nx = 1\n"],
    ["line breaks of Windows", "def f(a):\r\n    '''d\r\n    '''\r\n    return (a +\r\n   1)\r\n"],
    ["with in brackets", "with (a as b, c as d):\n    pass\nwith (open(x) as f,\n      open(y) as g):\n    pass\n"],
    ["soft keywords as names", "match = 1\ncase = match\nmatch.case(1)\nprint(match)\ntype = 2\n"],
    ["match", "match x:\n    case 'a' | 1: pass\n    case [a, *r] as q if r: pass\n    case A.b: pass\n    case _: pass\n"],
    ["yield without a value", "def f():\n    x = yield\n    yield\n"],
    ["async code", "async def h(a, /, b=1) -> int:\n    await x\n    async with a as b: pass\n    async for i in x: pass\n"],
    ["imports", "from . import (a, b,)\nfrom ..x.y import c as d\nimport a.b as c, d\nfrom m import *\n"],
    ["stars", "x = *a, b\nfor i, in x: pass\ndef f(*, a, **k): pass\ng(*a, **b)\nx @= y\n"],
    ["closing brackets in the first column", "x = foo(\na,\nb\n)\ny = {\n'a': 1\n}\n"],
    ["a comment at the end without a line break", "x = 1  # y"],
    ["a byte order mark", "\ufeffx = 1\n"],
    ["continued lines", "x = 1 + \\\n    2\nassert x, \\\n    'no'\n"],
    ["nothing", ""],
  ])("%s", (_, text) => {
    const { module, diagnostics } = parseModule("f", text);
    expect(diagnostics.map((d) => d.message)).toEqual([]);
    expect(outline(module.body)).not.toContain("!");
  });

  test("offsets of the syntax tree are those of the text", () => {
    const text = "%magic\r\ndef f(a):\r\n\treturn a\r\n";
    const f = parseModule("f", text).module.body[1];
    expect(f?.kind === "FunctionDef" && text.slice(f.nameSpan.from, f.nameSpan.to)).toBe("f");
    expect(f !== undefined && text.slice(f.span.from, f.span.to)).toBe("def f(a):\r\n\treturn a");
  });
});
