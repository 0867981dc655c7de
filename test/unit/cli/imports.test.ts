import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";
import { readInput } from "../../../kernels/cli/input.ts";
import { type Files, hugeLibrary, INSTALLED, LAZY, SITE, writeFiles } from "../../support/projects.ts";

const top = mkdtempSync(join(tmpdir(), "flexlens-imports-"));
afterAll(() => rmSync(top, { recursive: true }));
let count = 0;
let folder = top;
beforeEach(() => {
  folder = join(top, String(count++));
});

const WINDOW = ["▒···", "▒▒··", "·▒▒·", "··▒▒"];
const BAND = ["█▒··", "▒█▒·", "·▒█▒", "··▒█"];
const MAKE_WINDOW =
  "def make(window):\n    def near(b, h, q_idx, kv_idx):\n        return (q_idx >= kv_idx) & (q_idx - kv_idx < window)\n    return near\n";
const MAKE_BAND = "def band(width):\n    return lambda b, h, q_idx, kv_idx: (q_idx - kv_idx).abs() <= width\n";

/** The mask of `target` as a picture of blocks of 16 at length 64, or what was said instead. */
async function picture(files: Files, target: string, ...more: string[]): Promise<string[] | string> {
  writeFiles(folder, files);
  const argv = ["mask", join(folder, target), "--q-len", "64", "--block-size", "16", "--text", ...more];
  const { out, err, code } = await runCommand(argv);
  return code === 0 ? out.split("\n").slice(-4) : err;
}

describe("a file of few lines shows the mask of a library's factory", () => {
  test.each<[string, Files, string, string[]]>([
    [
      "by its module",
      { ...INSTALLED, "a.py": "from maskery.masks.sliding import generate_sliding_window\nm = generate_sliding_window(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "by a package's re-export",
      { ...INSTALLED, "a.py": "from maskery.masks import generate_sliding_window\nm = generate_sliding_window(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "by the library's own `import *`",
      { ...INSTALLED, "a.py": "from maskery import generate_sliding_window as make\nm = make(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "by attributes of the library",
      { ...INSTALLED, "a.py": "import maskery\nm = maskery.masks.generate_sliding_window(window_size=16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "by a dotted import",
      { ...INSTALLED, "a.py": "import maskery.masks.sliding\nm = maskery.masks.sliding.generate_sliding_window(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "by a dotted import under another name",
      { ...INSTALLED, "a.py": "import maskery.masks.sliding as s\nm = s.generate_sliding_window(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "by `import *` in the file itself",
      { ...INSTALLED, "a.py": "from maskery.masks import *\nm = generate_sliding_window(1, config=WindowConfig(size=16))\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "with tensors of its own",
      {
        ...INSTALLED,
        "a.py": "import torch\nfrom maskery import causal_mask, document_mask\nm = document_mask(causal_mask, torch.tensor([0, 16, 64]))\n",
      },
      "a.py::m",
      ["▒···", "·▒··", "·█▒·", "·██▒"],
    ],
    [
      "in a call of create_block_mask",
      {
        ...INSTALLED,
        "a.py":
          "from torch.nn.attention.flex_attention import create_block_mask\nfrom maskery import generate_sliding_window\nbm = create_block_mask(generate_sliding_window(16), None, None, 64, 64)\n",
      },
      "a.py::bm",
      WINDOW,
    ],
    [
      "inside a function that imports it when called",
      {
        ...INSTALLED,
        "a.py":
          "def make(window: int = 16) -> _mask_mod_signature:\n    from maskery.masks import generate_sliding_window\n    return generate_sliding_window(window)\n",
      },
      "a.py::make",
      WINDOW,
    ],
    [
      "from a package that lists its names under TYPE_CHECKING",
      { ...LAZY, "a.py": "from lazily import band\nm = band(16)\n" },
      "a.py::m",
      BAND,
    ],
    ["from a package that answers by __getattr__", { ...LAZY, "a.py": "from getter import band\nm = band(16)\n" }, "a.py::m", BAND],
    [
      "from an editable install",
      {
        [`${SITE}/near.pth`]: "../../../../checkout/src\n",
        "checkout/src/near/__init__.py": MAKE_WINDOW,
        "a.py": "from near import make\nm = make(16)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "in a notebook",
      {
        ...INSTALLED,
        "a.ipynb": JSON.stringify({
          nbformat: 4,
          cells: [
            { cell_type: "code", source: "%pip install maskery\nfrom maskery import generate_sliding_window" },
            { cell_type: "code", source: "m = generate_sliding_window(16)" },
          ],
        }),
      },
      "a.ipynb::m",
      WINDOW,
    ],
  ])("%s", async (_, files, target, expected) => {
    expect(await picture(files, target)).toEqual(expected);
  });
});

describe("a project's own modules are found", () => {
  test.each<[string, Files, string, string[]]>([
    ["beside the file", { "lib.py": MAKE_WINDOW, "a.py": "from lib import make\nm = make(16)\n" }, "a.py::m", WINDOW],
    [
      "from the package's root",
      { "p/__init__.py": "", "p/q/__init__.py": "", "p/lib.py": MAKE_WINDOW, "p/q/a.py": "from p.lib import make\nm = make(16)\n" },
      "p/q/a.py::m",
      WINDOW,
    ],
    [
      "by dots",
      { "p/__init__.py": "", "p/q/__init__.py": "", "p/lib.py": MAKE_WINDOW, "p/q/a.py": "from ..lib import make as f\nm = f(16)\n" },
      "p/q/a.py::m",
      WINDOW,
    ],
    [
      "by dots alone",
      { "p/__init__.py": "", "p/lib.py": MAKE_WINDOW, "p/a.py": "from . import lib\nm = lib.make(16)\n" },
      "p/a.py::m",
      WINDOW,
    ],
    [
      "by dots in a folder without __init__.py",
      { "p/lib.py": MAKE_WINDOW, "p/a.py": "from . import lib\nm = lib.make(16)\n" },
      "p/a.py::m",
      WINDOW,
    ],
    ["in folders without __init__.py", { "x/y/lib.py": MAKE_WINDOW, "a.py": "from x.y import lib\nm = lib.make(16)\n" }, "a.py::m", WINDOW],
    [
      "in such folders, where a file has the folder's name in another place",
      { "x/y/lib.py": MAKE_WINDOW, "sub/x": "", "sub/a.py": "from x.y import lib\nm = lib.make(16)\n" },
      "sub/a.py::m",
      WINDOW,
    ],
    ["in such folders, dotted", { "x/y/lib.py": MAKE_WINDOW, "a.py": "import x.y.lib\nm = x.y.lib.make(16)\n" }, "a.py::m", WINDOW],
    ["in src", { "src/p/__init__.py": MAKE_WINDOW, "examples/a.py": "from p import make\nm = make(16)\n" }, "examples/a.py::m", WINDOW],
    [
      "and not their stubs",
      { "lib.pyi": "def make(window: int): ...\n", "lib.py": MAKE_WINDOW, "a.py": "from lib import make\nm = make(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "a package before a file of its name",
      { "lib.py": "make = 3\n", "lib/__init__.py": MAKE_WINDOW, "a.py": "from lib import make\nm = make(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "though named like an installed one",
      { ...INSTALLED, "maskery.py": MAKE_BAND, "a.py": "from maskery import band\nm = band(16)\n" },
      "a.py::m",
      BAND,
    ],
    [
      "though a library has one of that name inside",
      {
        ...INSTALLED,
        [`${SITE}/utils.py`]: "make = 4\n",
        "utils.py": MAKE_WINDOW,
        "a.py": "from maskery import causal_mask\nfrom utils import make\nm = make(16)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "though named like torch in part",
      { "torch_ops.py": MAKE_WINDOW, "a.py": "import torch\nfrom torch_ops import make\nm = make(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "in a circle",
      {
        "p/__init__.py": "from .a import f\n",
        "p/a.py": "from .b import make\nfrom . import b\ndef f(w):\n    return make(w)\nSIZE = 16\n",
        "p/b.py": `from .a import SIZE\n${MAKE_WINDOW}`,
        "m.py": "from p.b import SIZE\nfrom p import f\nm = f(SIZE)\n",
      },
      "m.py::m",
      WINDOW,
    ],
    [
      "which import the file itself",
      { "a.py": "SIZE = 16\nfrom lib import m\nmask = m\n", "lib.py": `${MAKE_WINDOW}import a\nm = make(a.SIZE)\n` },
      "a.py::mask",
      WINDOW,
    ],
    [
      "and a missing one gives way to its fallback",
      {
        "lib.py": MAKE_WINDOW,
        "a.py": "try:\n    from fast_lib import make\nexcept ImportError:\n    from lib import make\nm = make(16)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "and a missing name too",
      {
        "fast_lib.py": "x = 1\n",
        "lib.py": MAKE_WINDOW,
        "a.py": "try:\n    from fast_lib import make\nexcept ImportError:\n    from lib import make\nm = make(16)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "though named like a library that is not read",
      { [`${SITE}/datasets/__init__.py`]: "make = 3\n", "datasets.py": MAKE_WINDOW, "a.py": "from datasets import make\nm = make(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "and libraries that are not read count as installed",
      {
        "lib.py": MAKE_WINDOW,
        "a.py": "try:\n    import triton\n    WIDE = 16\nexcept ImportError:\n    WIDE = 4\nfrom lib import make\nm = make(WIDE)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "and the first that is there wins",
      {
        "fast_lib.py": MAKE_WINDOW,
        "a.py":
          "try:\n    import fast_lib as lib\n    FAST = True\nexcept ImportError:\n    lib, FAST = None, False\nm = lib.make(16 if FAST else 4)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "with what __all__ names by `import *`, and no more",
      {
        "lib.py": `__all__ = ["make", "_size"]\n_size = 16\nother = 1\n${MAKE_WINDOW}`,
        "a.py": "other = 0\nfrom lib import *\nm = make(_size + other)\n",
      },
      "a.py::m",
      WINDOW,
    ],
    [
      "by importlib",
      { "lib.py": MAKE_WINDOW, "a.py": "import importlib\nm = importlib.import_module('lib').make(16)\n" },
      "a.py::m",
      WINDOW,
    ],
    [
      "with a constant that a class of theirs holds",
      { "lib.py": `class Config:\n    window = 16\n${MAKE_WINDOW}`, "a.py": "from lib import Config, make\nm = make(Config.window)\n" },
      "a.py::m",
      WINDOW,
    ],
  ])("%s", async (_, files, target, expected) => {
    expect(await picture(files, target)).toEqual(expected);
  });

  test("in folders that the user names", async () => {
    const files = { "elsewhere/lib/deep.py": MAKE_WINDOW, "proj/a.py": "from lib.deep import make\nm = make(16)\n" };
    expect(await picture(files, "proj/a.py::m", "--path", tmpdir(), "--path", join(folder, "elsewhere"))).toEqual(WINDOW);
  });
});

test("a --path that is no folder is wrong usage", async () => {
  writeFiles(folder, { "a.py": "x = 1\n" });
  const { err, code } = await runCommand(["check", join(folder, "a.py"), "--path", join(folder, "nowhere")]);
  expect([code, err]).toEqual([2, expect.stringContaining("--path takes a folder")]);
});

describe("files are read as Python reads them", () => {
  const MASK = "def m(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";
  const latin = (text: string) => Buffer.from(text, "latin1");
  test.each<[string, Uint8Array, number]>([
    ["with a byte order mark", Buffer.from(`\ufeff${MASK}`), 0],
    ["in the encoding that they name", latin(`# -*- coding: latin-1 -*-\nname = "Größe"\nassert len(name) == 5\n${MASK}`), 0],
    ["with bytes that are no UTF-8, in a comment", latin(`# Größe\n${MASK}`), 0],
    ["with an encoding that only Python knows", latin(`# coding: rot13\n${MASK}`), 0],
    ["with a NUL, which Python refuses", Buffer.from(`x = 1\n\0\n${MASK}`), 1],
  ])("%s", async (_, bytes, code) => {
    writeFiles(folder, { "a.py": bytes });
    expect((await runCommand(["check", join(folder, "a.py")])).code).toBe(code);
    expect((await runCommand(["mask", `${join(folder, "a.py")}::m`])).code).toBe(0);
  });
});

describe("what goes wrong in an imported module is said here", () => {
  test.each<[string, Files, string, string[]]>([
    [
      "a module that is nowhere: at its use, with where was looked and the way out",
      { "a.py": "from nowhere import shift\ndef m(b, h, q_idx, kv_idx):\n    return shift(q_idx) >= kv_idx\n" },
      "a.py::m",
      ["a.py:3:12", "`shift` comes from `nowhere`", "beside this file", "--path", "extraPaths"],
    ],
    [
      "a name that a module lacks: at the import, with the nearest",
      {
        "lib.py": MAKE_WINDOW,
        "a.py": "from lib import makee\nm = makee(16)\n\ndef n(b, h, q_idx, kv_idx):\n    return makee(q_idx) > 0\n",
      },
      "a.py::n",
      ["a.py:1:17", "lib.py", "`makee`", "`make`"],
    ],
    [
      "a mod that PyTorch refuses: at the mod, with file and line in words",
      {
        "lib.py": "\n\ndef bad(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx and q_idx > 0\n",
        "a.py": "from lib import bad\nm = bad\n",
      },
      "a.py::m",
      ["a.py:2:1", "boolean-operator", "lib.py:4"],
    ],
    [
      "a definition that is no Python",
      {
        "lib.py": "def make(w:\n    return w\n",
        "a.py": "from lib import make\ndef m(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < make(4)\n",
      },
      "a.py::m",
      ["a.py:2:5", "Syntax error", "lib.py:1"],
    ],
  ])("%s", async (_, files, target, expected) => {
    const said = await picture(files, target);
    for (const part of expected) expect(said).toContain(part);
  });
});

describe("large libraries", () => {
  test("are read as far as a mask needs them", async () => {
    writeFiles(folder, {
      ...hugeLibrary(40, 500),
      "a.py": "from huge import helper7\ndef m(b, h, q_idx, kv_idx):\n    return helper7(q_idx) >= kv_idx\n",
    });
    const { sources } = await readInput(join(folder, "a.py"));
    expect(sources.slice(1).map((s) => s.file.slice(s.file.lastIndexOf("huge")))).toEqual([
      "huge/__init__.py",
      "huge/m7.py",
      "huge/base.py",
    ]);
    expect((await runCommand(["mask", join(folder, "a.py::m")])).code).toBe(0);
  });
});
