import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { Source } from "../../../kernels/frontend/module.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

const MOD = "def m(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < w\n";

/** The body of `m`, or what was said instead. */
function lowered(text: string, others: Readonly<Record<string, string>> = {}, imports?: Source["imports"]): string {
  const sources: Source[] = [
    { file: "a.py", text, ...(imports === undefined ? {} : { imports }) },
    ...Object.entries(others).map(([file, source]) => ({ file, text: source, ...(imports === undefined ? {} : { imports: {} }) })),
  ];
  const module = lowerModule(sources);
  const body = module.variants.find((v) => v.name === "m")?.maskMod?.body;
  return body === undefined ? module.diagnostics.map((d) => `${d.code}: ${d.message}`).join("\n") : printExpr(body);
}

describe("an import binds what Python would bind", () => {
  test.each<[string, string, Record<string, string>]>([
    ["the later of two `import *`", `from x import *\nfrom y import *\n${MOD}`, { "x.py": "w = 1\n", "y.py": "w = 4\n" }],
    ["what no later `import *` of PyTorch defines", `from math import *\nfrom torch import *\nw = isqrt(17)\n${MOD}`, {}],
    ["the file's own name after an `import *`", `from x import *\nw = 4\n${MOD}`, { "x.py": "w = 1\n" }],
    ["the imported name after the file's own", `w = 1\nfrom x import *\n${MOD}`, { "x.py": "w = 4\n" }],
    ["the fallback of a missing module", `try:\n    from nowhere import w\nexcept ImportError:\n    w = 4\n${MOD}`, {}],
    [
      "the fallback of a fallback",
      `try:\n    import n1\nexcept ImportError:\n    try:\n        import n2\n    except ModuleNotFoundError:\n        w = 4\n${MOD}`,
      {},
    ],
    [
      "`else` where the module is there",
      `try:\n    import x\nexcept ImportError:\n    w = 1\nelse:\n    w = x.w\n${MOD}`,
      { "x.py": "w = 4\n" },
    ],
    [
      "a name through a chain of modules",
      `from x import w\n${MOD}`,
      { "x.py": "from y import *\n", "y.py": "from z import v as w\n", "z.py": "v = 4\n" },
    ],
    [
      "a name of the module that imports back",
      `from x import w\n${MOD}`,
      { "x.py": "import y\nv = 4\nw = y.double() // 2\n", "y.py": "import x\ndef double():\n    return 2 * x.v\n" },
    ],
    ["a module inside a function", `def get():\n    import x\n    return x.w\nw = get()\n${MOD}`, { "x.py": "w = 4\n" }],
    [
      "what either branch of an unknown condition imports",
      `import torch\nif torch.cuda.is_available():\n    from x import w\nelse:\n    w = 1\n${MOD}`,
      { "x.py": "w = 4\n" },
    ],
  ])("%s", (_, text, others) => expect(lowered(text, others)).toBe("q_idx - kv_idx < 4"));

  test("nothing in two modules that need each other's names at once, and it ends", () => {
    const circle = { "x.py": "from y import v\nw = v + 1\n", "y.py": "from x import w\nv = w + 1\n" };
    const files = Object.entries({ "a.py": `from x import w\n${MOD}`, ...circle }).map(([file, text]) => ({ file, text }));
    expect(lowerModule(files).diagnostics.map((d) => d.code)).toEqual(["seeded-value"]);
  });

  test("what the caller says, whatever the files are called", () => {
    const imports = { conf: { file: "/site-packages/conf/__init__.py" } };
    expect(lowered(`from conf import w\n${MOD}`, { "conf.py": "w = 1\n", "/site-packages/conf/__init__.py": "w = 4\n" }, imports)).toBe(
      "q_idx - kv_idx < 4",
    );
  });

  test("nothing where the caller found nothing, and says where it looked", () => {
    const text = "from conf import w\ndef m(b, h, q_idx, kv_idx):\n    return w(q_idx) > 0\n";
    expect(lowered(text, { "conf.py": "w = 1\n" }, { conf: { looked: "it is not in the attic" } })).toContain("it is not in the attic");
  });
});

test("modules whose names nobody reads are not run", () => {
  const endless = "while True:\n    pass\n";
  const m = lowerModule([
    { file: "a.py", text: `import x\nfrom y import z\nw = 4\n${MOD}` },
    { file: "x.py", text: endless },
    { file: "y.py", text: endless },
  ]);
  expect(m.diagnostics).toEqual([]);
});
