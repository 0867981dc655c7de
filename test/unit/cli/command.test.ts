/** The command line as a program uses it: PyTorch's own masks by `mask --json`, diagnostics by `check --json`, exit codes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, describe, expect, it } from "vitest";
import type { CheckRow } from "../../../kernels/cli/check.ts";
import { runCommand } from "../../../kernels/cli/command.ts";
import { type Entry, fixtureNames, loadFixture } from "../../support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const GALLERY = join(import.meta.dirname, "../../../kernels/gallery");
const VARIANTS = join(import.meta.dirname, "../../oracle/variants.py");

function argumentsOf(name: string, entry: Entry): string[] {
  if (entry.call === undefined) return [`${VARIANTS}::${entry.name}`];
  return [`${VARIANTS}::${entry.call}`, "--bind-file", file(`${name}.json`, JSON.stringify(entry.args))];
}

const masks = fixtureNames().flatMap((name) => Object.entries(loadFixture(name).mask_cases).map(([size, c]) => ({ name, size, ...c })));

describe("`mask --json`", () => {
  it("is tried on every mask of the fixtures", () => expect(masks.length).toBeGreaterThan(150));

  it.each(masks)("gives PyTorch's fields and bits of $name at $size", async ({ name, size, cfg, mask, bits_sha256, block_mask }) => {
    const sizes = ["--b", cfg.B, "--h", cfg.H, "--q-len", cfg.Sq, "--kv-len", cfg.Skv, "--block-size", block_mask.BLOCK_SIZE.join()];
    const { out, err, code } = await runCommand(["mask", ...argumentsOf(`${name}-${size}`, mask), ...sizes.map(String), "--json"]);
    expect(code, err).toBe(0);
    const got = JSON.parse(out);
    expect(got.shape).toEqual([cfg.B, cfg.H, cfg.Sq, cfg.Skv]);
    const { BLOCK_SIZE, seq_lengths: _lengths, shape: _shape, sparsity: _sparsity, ...fields } = block_mask;
    expect(got.block_size).toEqual(BLOCK_SIZE);
    for (const [field, value] of Object.entries(fields)) expect(got[field], field).toEqual(value);
    expect(createHash("sha256").update(Buffer.from(got.bits, "base64")).digest("hex")).toBe(bits_sha256);
    for (const share of [got.sparsity.blocks, got.sparsity.elements]) expect(share >= 0 && share <= 1).toBe(true);
  });

  it("leaves out the bits of more than 2^24 cells", async () => {
    const { out } = await runCommand(["mask", `${GALLERY}/causal.py::causal`, "--q-len", "8192", "--kv-len", "8192", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ shape: [1, 1, 8192, 8192], bits: null, sparsity: { blocks: 0.4921875 } });
  });
});

describe("`mask`", () => {
  it("draws blocks as text", async () => {
    const { out } = await runCommand(["mask", `${GALLERY}/causal.py::causal`, "--q-len", "512", "--kv-len", "512", "--text"]);
    expect(out.split("\n").slice(-4)).toEqual(["▒···", "█▒··", "██▒·", "███▒"]);
    expect(out).toContain("blocks skipped   37.5 %");
  });

  it("draws cells as PNG", async () => {
    const png = join(folder, "causal.png");
    expect((await runCommand(["mask", `${GALLERY}/causal.py::causal`, "--q-len", "8", "--kv-len", "8", "--png", png])).code).toBe(0);
    const { width, height, data } = decode(readFileSync(png));
    expect([width, height]).toEqual([1024, 1024]);
    const at = (q: number, k: number): number => Number(data[4 * ((q * 128 + 64) * width + k * 128 + 64)]);
    expect(at(3, 2)).toBe(at(7, 0));
    expect(at(3, 2)).not.toBe(at(2, 3));
  });

  it("takes a factory's parameters, a pair of mods, a method", async () => {
    const bound = await runCommand(["mask", `${GALLERY}/sink_tokens.py::generate_sink_mask`, "--bind", "window=128", "--json"]);
    const loose = await runCommand(["mask", `${GALLERY}/sink_tokens.py::generate_sink_mask`, "--json"]);
    expect(JSON.parse(bound.out).sparsity.elements).toBeGreaterThan(JSON.parse(loose.out).sparsity.elements);
    const pair = await runCommand(["mask", `${GALLERY}/alibi.py`, "--score-mod", "alibi_bias", "--mask-mod", "causal"]);
    expect(pair.out).toContain("alibi_bias + causal");
    const path = file(
      "method.py",
      "class Model:\n    def __init__(self):\n        self.w = 8\n    def near(self, b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < self.w\n",
    );
    expect((await runCommand(["mask", `${path}::Model.near`])).code).toBe(0);
  });

  it("follows an import into a neighbouring file", async () => {
    file(
      "library.py",
      "def make(window):\n    def near(b, h, q_idx, kv_idx):\n        return (q_idx >= kv_idx) & (q_idx - kv_idx < window)\n    return near\n",
    );
    const path = file("uses.py", "from library import make\n\nmask = make(16)\n");
    const { out, code } = await runCommand(["mask", `${path}::mask`, "--q-len", "64", "--block-size", "16", "--text"]);
    expect(code).toBe(0);
    expect(out.split("\n").slice(-2)).toEqual(["·▒▒·", "··▒▒"]);
  });
});

describe("`check --json`", () => {
  const rowsOf = async (path: string, ...options: string[]): Promise<{ rows: CheckRow[]; code: number }> => {
    const { out, code } = await runCommand(["check", path, "--json", ...options]);
    return { rows: JSON.parse(out), code };
  };

  it("places a fault and its rewrite, 1-based, in UTF-16 units", async () => {
    const path = file("chained.py", 'def m(b, h, q_idx, kv_idx):\n    s = "𝄞"; return 0 <= q_idx < 4\n');
    const { rows, code } = await rowsOf(path);
    expect(code).toBe(1);
    expect(rows).toEqual([
      {
        code: "chained-comparison",
        severity: "error",
        file: path,
        line: 2,
        column: 22,
        endLine: 2,
        endColumn: 36,
        message: expect.stringContaining("chained"),
        fix: {
          title: expect.any(String),
          edits: [{ line: 2, column: 22, endLine: 2, endColumn: 36, newText: "(0 <= q_idx) & (q_idx < 4)" }],
        },
      },
    ]);
  });

  it("names the cell of a notebook", async () => {
    const cell = (source: string) => ({ cell_type: "code", source, metadata: {}, outputs: [], execution_count: null });
    const cells = [
      { cell_type: "markdown", source: "# words", metadata: {} },
      cell("%matplotlib inline\nW = 3"),
      cell("def m(b, h, q, k):\n    return q >= k and q - k < W"),
    ];
    const { rows } = await rowsOf(file("book.ipynb", JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells })));
    expect(rows).toMatchObject([{ code: "boolean-operator", cell: 2, line: 2, column: 12 }]);
  });

  it("finds nothing wrong in the gallery but in the file of mistakes, and there eleven", async () => {
    // Its padding rows see nothing, which a hint says.
    expect((await rowsOf(`${GALLERY}/composition.py`)).rows.map((row) => row.code)).toEqual(["empty-rows"]);
    expect((await rowsOf(`${GALLERY}/composition.py`, "--no-lints")).rows).toEqual([]);
    expect((await rowsOf(`${GALLERY}/mistakes.py`)).rows).toHaveLength(11);
  });
});

describe("what the command line answers to a slip", () => {
  const mods = file(
    "slips.py",
    "def good(b, h, q_idx, kv_idx, W=4):\n    return q_idx - kv_idx < W\n\ndef bad(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx and h > 0\n\ndef packed(b, h, q_idx, kv_idx):\n    return ids[q_idx] == ids[kv_idx]\n",
  );
  it.each([
    ["a name that no function has", 2, ["mask", `${mods}::goood`], "has no `goood`: its variants are good"],
    ["a function that PyTorch refuses", 1, ["mask", `${mods}::bad`], "slips.py:5:12: error"],
    ["an option that there is not", 2, ["mask", `${mods}::good`, "--qlen", "8"], "`--qlen` is no option; --q-len is one\n"],
    ["an option near none", 2, ["mask", `${mods}::good`, "--frobnicate"], "`--frobnicate` is no option\n"],
    ["a file that there is not", 2, ["check", `${folder}/none.py`], "none.py does not exist\n"],
    ["a folder", 2, ["check", folder], "is a folder: name a file in it\n"],
    [
      "a value for a name that nothing takes",
      0,
      ["mask", `${mods}::good`, "--bind", "WW=8"],
      "A value is given for `WW`, and nothing here takes it",
    ],
    ["a value that cannot be computed", 1, ["mask", `${mods}::packed`, "--bind", "ids=torch.arnge(3)"], "[binding-value]"],
    ["a value that cannot be read", 1, ["mask", `${mods}::packed`, "--bind", "ids=torch.arange("], "[binding-value]"],
    ["a size that is none", 1, ["mask", `${mods}::good`, "--bind", "Q_LEN=-3"], "[directive-value]"],
    ["a file without mods", 0, ["check", file("empty.py", "x = 1\n")], "empty.py: it has no mask_mod and no score_mod"],
    ["a file without faults", 0, ["check", `${GALLERY}/causal.py`], "causal.py: nothing to say of its one variant"],
  ])("%s", async (_slip, code, argv, message) => {
    const outcome = await runCommand(argv);
    expect(outcome.err).toContain(message);
    expect(outcome.code).toBe(code);
  });

  it("tells of the named function alone, not of its neighbours", async () => {
    const { err } = await runCommand(["mask", `${mods}::packed`]);
    expect(err).toContain("`ids` is not defined here");
    expect(err.split("\n")).toHaveLength(1);
  });

  it("draws what lowers, whatever is wrong beside it", async () => {
    const made = file(
      "made.py",
      'def gen(n):\n    def inner(b, h, q, k):\n        return q - k < n\n    return inner\n\na = gen(64)\nb = gen("x")\n',
    );
    expect((await runCommand(["mask", made])).code).toBe(0);
    expect((await runCommand(["mask", `${made}::b`])).code).toBe(1);
  });

  it("takes a file of values for more than the one mod", async () => {
    const values = file("values.json", '{"W": 8, "ids": [1, 2], "WW": 3}');
    expect((await runCommand(["mask", `${mods}::good`, "--bind-file", values])).err).toBe("");
  });

  it("draws nothing of a value in place of the given one", async () => {
    expect((await runCommand(["mask", `${mods}::packed`, "--bind", "ids=torch.arnge(3)"])).out).toBe("");
  });
});

describe("exit codes", () => {
  it.each([
    [0, ["--help"]],
    [0, ["kernel", `${GALLERY}/causal.py::causal`]],
    [1, ["check", `${GALLERY}/mistakes.py`]],
    [1, ["mask", `${GALLERY}/mistakes.py::python_and`]],
    [2, ["mask", `${GALLERY}/causal.py::no_such_name`]],
    [2, ["mask", `${GALLERY}/no_such_file.py::causal`]],
    [2, ["mask", `${GALLERY}/causal.py::causal`, "--bind-file", `${GALLERY}/causal.py`]],
    [2, ["draw"]],
  ])("%d for %j", async (code, argv) => expect((await runCommand(argv)).code).toBe(code));
});
