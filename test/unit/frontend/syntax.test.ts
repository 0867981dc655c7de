import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { parseModule } from "../../../kernels/frontend/parse.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

const faultsOf = (text: string): string[] =>
  parseModule("f.py", text).diagnostics.map((d) => `${text.slice(d.span.from, d.span.to)}: ${d.message}`);

describe("what is Python, from 3.8 to 3.14, is no fault", () => {
  test.each<[string, string]>([
    [
      "match",
      "match x:\n    case 1 | 2:\n        pass\n    case Point(x=0, y=0):\n        pass\n    case [a, *rest] if a > 0:\n        pass\n    case {'k': v, **rest}:\n        pass\n    case (1, 2) as t:\n        pass\n    case str() | None | True:\n        pass\n    case -1 | 1.5 | 1+2j | 'a':\n        pass\n    case a.b.c:\n        pass\n    case _:\n        pass\n",
    ],
    ["match tuple", "match a, b:\n    case 1, 2:\n        pass\n    case *x, y:\n        pass\n"],
    ["match call", "match(x)\nmatch = 3\nmatch[0]\nmatch.group()\ncase = 1\ntype = 2\nprint(match, case, type)\n"],
    ["match paren", "match (x):\n    case (1):\n        pass\n"],
    ["match neg", "match -x:\n    case _:\n        pass\n"],
    ["match star", "match *a, b:\n    case _:\n        pass\n"],
    ["walrus", "if (n := len(a)) > 10: pass\n[y := f(x), y**2]\nprint(f'{(x:=3)}')\nwhile chunk := f.read(): pass\n"],
    ["except*", "try:\n    pass\nexcept* ValueError as e:\n    pass\nexcept* (A, B):\n    pass\n"],
    ["except no paren", "try:\n    pass\nexcept A, B:\n    pass\n"],
    ["type alias", "type X = int\ntype Point[T] = tuple[T, T]\ntype A[T: int, *Ts, **P] = dict[T, P]\n"],
    ["generics", "def f[T](x: T) -> T: ...\nclass A[T: (int, str), *Ts, **P](Base[T]): ...\nasync def g[T = int](): ...\n"],
    ["fstring nested", "x = f'{a['b']}'\ny = f\"{f\"{1+1}\"}\"\nz = f'{a!r:>{w}} {b=} {{}} {c:%Y-%m-%d}'\n"],
    ["fstring multi", "x = f'''{\n  a  # comment\n}'''\ny = f'{\"\\n\".join(a)}'\nz = f'{x:{\"a\"}}'\n"],
    ["fstring lambda", "x = f'{(lambda x: x*2)(3)}'\nx = f'{a if b else c}'\nx=f'{a[1:2]}'\nx=f'{d[\"k\"]:>10}'\n"],
    ["tstring", 'x = t\'hello {name!r:>10}\'\ny = t"{a}" t"{b}"\nz = rt\'\\d{a}\'\nw = tr"{a}"\n'],
    ["rb", "x = rb'a' Rb'b' bR\"c\" u'd' F'{e}' rF'{g}' fR'x'\n"],
    [
      "posonly",
      "def f(a, /, b, *, c=1, **kw): pass\nlambda a, /, b, *, c: 0\nlambda *a, **k: 0\nlambda: 0\nlambda *, a: a\ndef g(*, a): pass\ndef h(a=1, /): pass\nf = lambda a=1, /, *b: a\n",
    ],
    [
      "decorators",
      "@a.b[c](d)\ndef f(): pass\n@(x := y)\ndef g(): pass\n@lambda f: f\ndef h(): pass\n@buttons[0].clicked.connect\ndef i(): pass\n@a if b else c\nclass D: pass\n@x @ y\ndef k(): pass\n",
    ],
    [
      "async",
      "async def f():\n    async with a as b, c as d:\n        await x\n    async for i in y:\n        pass\n    return [i async for i in z if await w]\n",
    ],
    ["toplevel await", "await f()\nx = await g()\nasync with a: pass\nasync for i in b: pass\n"],
    ["star index", "a[*b]\na[*b, 1]\nx: tuple[*Ts]\ndef f(*args: *Ts): pass\na[1:2, *c, ::3]\n"],
    [
      "with paren",
      "with (open(a) as f, open(b) as g):\n    pass\nwith (open(a), open(b)):\n    pass\nwith (a):\n    pass\nwith (a, b) as c:\n    pass\nwith (\n    open(a) as f,\n    open(b) as g,\n):\n    pass\nwith (yield): pass\nwith (a as b): pass\n",
    ],
    ["with paren comment", "with (\n    # c1\n    open(a) as f,  # c2\n    open(b) as g\n    # c3\n):\n    pass\n"],
    ["with async paren", "async def f():\n    async with (a as b, c as d):\n        pass\n"],
    ["underscores", "x = 1_000_000 + 0x_FF + 1_0.0_1e1_0 + 0b_1 + 0o_7 + 1j + 1e5j + .5 + 5. + 5.e3 + 1_0j\n"],
    [
      "star assign",
      "a, *b = c\n*a, = b\nfor x, *y in z: pass\nfor x in *a, *b: pass\nreturn_ = *a, b\n[*a, *b]\n{**a, 'b': 1}\n{*a, *b}\nf(*a, *b, **c, **d)\nprint(*a, sep='')\n",
    ],
    ["return star", "def f():\n    return 1, *x\ndef g():\n    yield *a, b\n    x = yield\n    y = yield from z\n    yield\n    return\n"],
    [
      "annot",
      "x: int\nx: int = 3\nself.x: int = 3\na[0]: str = 'a'\n(x): int = 1\ndef f(a: 'int' = 3, *args: int, **kw: str) -> None: pass\nx: list[int] = []\n",
    ],
    ["global", "def f():\n    global a, b\n    nonlocal c\n    del a, b[0], c.d\n    del (a, b)\n    assert a, 'b'\n    raise A from b\n"],
    ["lambda default", "f = lambda x=1, *a, y, **k: (x, y)\ng = lambda: (yield)\nh = lambda x: lambda y: x + y\n"],
    [
      "chained",
      "a = b = c\na < b < c\nnot a\na not in b\na is not b\na if b else c\na or b and not c\n-a ** -b\n~a\na @ b\na @= b\na //= b\na **= b\na >>= b\na <<= b\n",
    ],
    [
      "comp",
      "[x for y in z for x in y if x if y]\n{k: v for k, v in a}\n{x for x in y}\n(x for x in y)\nf(x for x in y)\n[a if b else c for d in e]\n[x async for x in y]\n[(x, y) for x in a for y in b]\n[lambda: x for x in y]\n",
    ],
    ["slices", "a[1:2:3]\na[::]\na[:, None]\na[..., 0]\na[1:, ::2]\na[b := 1]\na[:-1]\na[-1:]\na[lambda: 0]\na[()]\n"],
    ["semicolons", "a = 1; b = 2;\nif a: b; c\nclass A: x = 1; y = 2\nwhile 1: break\nfor i in a: pass\nelse: pass\n"],

    [
      "backslash",
      "x = 1 + \\\n    2\nif a and \\\n   b:\n    pass\nfrom a import \\\n    b\nassert x, \\\n    'y'\nwith a as b, \\\n     c as d:\n    pass\n",
    ],
    [
      "import",
      "from a import (b, c as d,)\nfrom . import x\nfrom .. import y\nfrom ...a.b import c\nimport a.b as c, d\nfrom a import *\nfrom .import x\nfrom.a import b\n",
    ],
    ["ellipsis", "def f(): ...\nclass A: ...\nx = ...\nx[...]\n"],
    ["unicode", "é = 1\nπ = 3.14\n变量 = 2\ndef ƒ(ñ): return ñ\nµ = 1\nx·y = 2\nª = 1\n℘ = 1\n𝐱 = 2\nnaïve_ = 1\n"],
    ["form feed", "x = 1\n\f\ndef f():\n    pass\n\f\nclass A:\n    pass\n"],
    ["crlf", "def f():\r\n    x = 1\r\n    return x\r\nif a:\r\n    b\r\nelse:\r\n    c\r\n"],
    ["cr", "def f():\r    x = 1\r    return x\rif a:\r    b\rx = '''\r'''\r# c\ry = 1\r"],
    ["bom", "\ufeffimport torch\nx = 1\n"],
    ["bom def", "\ufeffdef f():\n    return 1\ndef g():\n    return 2\n"],
    ["tabs", "def f():\n\tx = 1\n\tif x:\n\t\ty = 2\n\treturn x\n"],
    ["tabs separate", "def f():\n\treturn 1\ndef g():\n    return 2\n"],
    ["trailing ws", "def f():   \n    return 1   \n   \n\t\ndef g(): return 2"],
    ["no newline", "def f():\n    return 1"],
    ["comment dedent", "def f():\n    x = 1\n# comment\n    return x\n        # deep\n  # odd\n"],
    ["empty", ""],
    ["only comment", "# a"],
    ["docstring only", "'''a'''"],
    ["nested def", "def f():\n    def g():\n        def h(): return 1\n        return h\n    return g\n"],
    [
      "cond import",
      "if TYPE_CHECKING:\n    from a import b\ntry:\n    import c\nexcept ImportError:\n    c = None\nfinally:\n    pass\nelse_ = 1\n",
    ],
    ["try all", "try: pass\nexcept: pass\nelse: pass\nfinally: pass\n"],
    ["class kw", "class A(B, metaclass=C, **kw): pass\nclass A(): pass\nclass A(*bases): pass\n"],

    ["print names", "print\nprint(1)\nprint = 3\nexec('a')\nexec\nprint(a, file=b)\nx = print\n"],
    [
      "keywords soft",
      "_ = 1\nmatch = case = type = _\nmatch.x = 1\ntype(x)\ntype.y\nmatch, case = 1, 2\ntype: int = 3\nmatch: int = 3\ntype[0] = 1\nmatch * 3\nmatch - 3\n",
    ],
    ["dict/set", "x = {}\nx = {1}\nx = {1: 2,}\nx = {**a}\nx = {'a': lambda: 0, 'b': 1 if c else d}\n"],
    ["cond lambda", "x = lambda: 1 if a else 2\nsorted(a, key=lambda t: (t[0], -t[1]))\n"],
    ["star expr paren", "x = (*a, *b)\nx = *a,\n(a), b = c\n[a, [b, c]] = d\n"],
    ["generator arg", "sum(x for x in y)\nany(x for x in y if x)\nf(a, (x for x in y))\n"],
    ["await expr", "async def f():\n    return await a + await b\n    x = [await c for c in d]\n    await (e)\n    yield await f\n"],
    ["global stmt", "global x\nx = 1\n"],
    ["long if", "if (a and\n        b or\n        c):\n    pass\nelif d: pass\nelse: pass\n"],
    ["nested brackets comments", "x = [\n    1,  # one\n    # two\n    2,\n\n    3,\n]\n"],
    ["string prefix name", "f = 3\nb = 4\nf ('a')\nrb = 1\nu = 2\nf'a'\nt = 1\nt(1)\nt [0]\n"],
    ["nonascii strings", "x = 'é — “quotes” 😀'\n# é 😀\ny = 1\n"],
    ["assert tuple", "assert (a, b)\nassert a, (b,\n  c)\n"],
    ["del paren", "del (a), b\ndel [a, b]\n"],
    ["raise", "raise\nraise A\nraise A(b) from None\n"],
    ["star kw after", "f(a, *b, c, d=1, *e, **g, h=2)\n"],
    [
      "decorated class methods",
      "class A:\n    @property\n    def x(self): return 1\n    @x.setter\n    def x(self, v): self._x = v\n    @staticmethod\n    def y(): pass\n",
    ],
    ["multi-line def", "def f(\n    a: int,\n    b: str = 'x',  # c\n    *,\n    c=None,\n) -> Dict[\n    str, int\n]:\n    pass\n"],
    [
      "not keyword prefix",
      "nothing = 1\nisx = 2\niffy = 3\nforx = 1\nimporter = 1\ndefx = 3\nclassy = 1\n_if = 1\nlambda_ = 1\nasync_ = 1\nawaitx = 2\nprinter = 1\nexecute = 1\nmatcher = 1\n",
    ],
    ["line cont in str in fstring", "x = (f'a {b}'\n     f' c {d}')\n"],

    ["fstring dict", "f'{ {1:2}[1] }'\nf'{x[\"a\"]}'\nf'{x!r}'\nf'{x = }'\nf'{x = !r:>5}'\n"],
    ["fstring bs", "f'{x}\\n{y}'\nf'\\{x}'\nf'\\N{DASH}'\nrf'\\{x}'\n"],
    ["try star nest", "try:\n    try:\n        a\n    finally:\n        b\nexcept A as e:\n    raise\n"],
    ["async comp", "x = [i async for i in a]\n"],
    ["ternary lambda kw", "f(key=lambda x: x, b=1 if c else 2)\n"],
    ["global semicolon", "import a; import b\nfrom c import d; e = 1\n"],
    ["matrix", "a = b @ c.T @ d\n"],
    ["type comments", "x = []  # type: List[int]\ndef f(a, b):\n    # type: (int, int) -> int\n    return a\n"],

    ["walrus comp", "[y for x in z if (y := f(x))]\nany((m := x) for x in y)\nf(x := 1)\nf(a, x := 1, y=2)\na[x := 0]\n"],
    ["numeric suffix", "x = 0xDEADbeef\nx = 0B11\nx = 0O17\nx = 00\nx = 1E5\nx = 1.e-5J\n"],
    ["finally break", "for x in y:\n    try: continue\n    finally: pass\n"],

    [
      "targets of with that are no names",
      "with a as b.c, d as e[0], f as (g, h):\n    pass\nwith mock.patch(\n    x, 'y as z.w') as self.m:\n    pass\n",
    ],
    ["trailing commas of lambdas", "x = lambda a,: 0\ny = lambda *a,: 0\nz = lambda a, b, /,: a\n"],
    ["stars in subscripts", "x = a[*b[c]]\ny = t[l[T], A[*Ts], m]\nz = a[b, *c]\nw = A[T, *Ts, str, *Us]\n"],
    ["patterns without parts, close to their word", "match x:\n    case():\n        pass\n    case[]:\n        pass\n"],
    [
      "code in strings, and a triple quote in one of its own",
      'q = \'"""\'\na = """\\\ndef f(x):\n    return x\n"""\n\ndef g():\n    return a\n',
    ],
    ["strings over lines", "x = 'a' 'b' \"c\"\n\"\"\"a\n\"b\" ''\n\"\"\"\nx = 'a\\\nb'\nx = '\\''\n"],
    ["f-string formats", "print(f'{x:{width}.{precision}f}')\nprint(f'{x!s:^{w}}')\nprint(f'{x:=+10}')\nprint(f'{{x}}')\n"],
    ["attributes of numbers", "1 .real\n1..real\n1.0.real\n(1).real\n1if x else 2\n[1for x in y]\n"],
  ])("%s", (_, text) => expect(faultsOf(text)).toEqual([]));
});

describe("what the grammar does not know is read all the same", () => {
  /** The body of the one mask in `text`, printed. */
  const maskOf = (text: string): string => {
    const m = lowerModule([{ file: "f.py", text }]);
    const body = m.variants.find((v) => v.name === "m")?.maskMod?.body;
    return body === undefined ? m.diagnostics.map((d) => d.message).join() : printExpr(body);
  };
  const near = (n: string): string => `def m(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < ${n}\n`;

  test.each<[string, string, string]>([
    [
      "any expression as a decorator",
      `table = [lambda f: lambda b, h, q_idx, kv_idx: ~f(b, h, q_idx, kv_idx)]\n@table[0]\n${near("4")}`,
      "~(q_idx - kv_idx < 4)",
    ],
    [
      "a starred index",
      `p = (1,)\nt = [3, 4]\nclass G:\n    def __getitem__(self, k):\n        return t[k[0]]\nw = G()[*p]\n${near("w")}`,
      "q_idx - kv_idx < 4",
    ],
    ["starred values to loop over", `w = 0\na = [1, 2]\nfor x in *a, 3:\n    w += x\n${near("w")}`, "q_idx - kv_idx < 6"],
    ["a match over several values", `w = 0\nmatch 1, 2:\n    case 1, 2:\n        w = 5\n${near("w")}`, "q_idx - kv_idx < 5"],
    [
      "targets of with in brackets",
      `class Pair:\n    def __enter__(self):\n        return 2, 3\nwith Pair() as (f, g):\n    w = f + g\n${near("w")}`,
      "q_idx - kv_idx < 5",
    ],
    [
      "grouped contexts with comments",
      `with (\n    # one\n    open("x") as f,  # two\n    open("y") as g,\n):\n    w = 5\n${near("w")}`,
      "q_idx - kv_idx < 5",
    ],
    ["nested quotes in f-strings", `d = {"a": 7}\nw = int(f"{d["a"]}")\n${near("w")}`, "q_idx - kv_idx < 7"],
    ["letters that are the same to Python", `𝐰 = 3\n${near("w")}`, "q_idx - kv_idx < 3"],
    [
      "type parameters with defaults",
      `def make[T = int](w: T):\n    return lambda b, h, q_idx, kv_idx: q_idx - kv_idx < w\nm = make(3)\n`,
      "q_idx - kv_idx < 3",
    ],
    ["print as a value", `print = 3\n${near("print")}`, "q_idx - kv_idx < 3"],
    ["a byte order mark", `\ufeff${near("3")}`, "q_idx - kv_idx < 3"],
    ["form feeds", `W = 3\n\f\n${near("W")}`, "q_idx - kv_idx < 3"],
    ["carriage returns alone", near("3").replaceAll("\n", "\r"), "q_idx - kv_idx < 3"],
    ["tabs", near("3").replace("    ", "\t"), "q_idx - kv_idx < 3"],
    [
      "IPython's lines",
      `%matplotlib inline\n!pip install x\nimport torch\ntorch.arange?\nif True:\n    !ls \\\n      -l\nfiles = !ls\n%time w = 3\nv = %time 4\n${near("w + v")}`,
      "q_idx - kv_idx < 7",
    ],
    ["await at the top", `await setup()\nx = await load()\n${near("3")}`, "q_idx - kv_idx < 3"],
  ])("%s", (_, text, expected) => expect(maskOf(text)).toBe(expected));
});

describe("what is no Python", () => {
  test.each<[string, string, string]>([
    ["print as a statement", 'print "a"\n', "`print` is a function since Python 3; write `print(…)`"],
    ["exec as a statement", 'exec "a"\n', "`exec` is a function"],
    ["return outside of a function", "x = 1\nreturn x\n", "`return` stands outside of a function"],
    ["a NUL", "x = 1\n\0\n", "no character of Python's"],
    ["a decorator of half an expression", "@a[\ndef f(): pass\n", "`[` is never closed"],
  ])("%s is one fault", (_, text, message) => {
    const said = faultsOf(text);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(message);
  });

  test("a mod whose last line is lost to tabs is not said to return nothing", () => {
    const m = lowerModule([{ file: "f.py", text: "def m(b, h, q_idx, kv_idx):\n\tx = q_idx\n        return x >= kv_idx\n" }]);
    expect(m.diagnostics.map((d) => d.code)).toEqual(["syntax-error"]);
  });
});
