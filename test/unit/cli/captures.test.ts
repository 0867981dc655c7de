/** `flexlens captures`, and data files on the command line, on files of a folder of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";

const MODS = `import torch

# flexlens: doc=load("data/doc.csv")
def same(b, h, q_idx, kv_idx):
    return doc[q_idx] == doc[kv_idx]


def make(offsets, window=4):
    lengths = offsets[1:] - offsets[:-1]
    ids = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    def mask(b, h, q_idx, kv_idx):
        return (ids[q_idx] == ids[kv_idx]) & (q_idx - kv_idx < window)
    return mask


def plain(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
`;

let folder = "";
let file = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "flexlens-captures-"));
  mkdirSync(join(folder, "data"));
  file = join(folder, "mods.py");
  writeFileSync(file, MODS);
  writeFileSync(join(folder, "data", "doc.csv"), "0\n0\n1\n1\n");
  writeFileSync(join(folder, "ids.json"), "[7, 7, 8]");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = async (name: string, ...more: string[]) => {
  const { out, code } = await runCommand(["captures", `${file}::${name}`, "--json", ...more]);
  expect(code).toBe(0);
  return JSON.parse(out);
};

describe("flexlens captures", () => {
  test("gives each capture's origin, dtype, shape, text, summary and place", async () => {
    expect(await rowsOf("same")).toEqual([
      {
        name: "doc",
        origin: "directive",
        dtype: "int64",
        shape: [4],
        text: 'load("data/doc.csv")',
        summary: "0 … 1, 2 distinct: 0, 0, 1, 1",
        min: 0,
        max: 1,
        distinct: 2,
        file,
        line: 3,
        column: 17,
      },
    ]);
  });

  test("lists scalars, and what the file computes for the mod", async () => {
    const rows = await rowsOf("make", "--bind", "offsets=torch.tensor([0, 3, 8])");
    expect(rows).toMatchObject([
      {
        name: "offsets",
        origin: "form",
        dtype: "int64",
        shape: [3],
        text: "torch.tensor([0, 3, 8])",
        summary: "0 … 8, 3 distinct: 0, 3, 8",
      },
      { name: "window", origin: "default", dtype: null, shape: null, text: "4", summary: "4", line: 8 },
      { name: "ids", origin: "computed", dtype: "int64", shape: [8], summary: "0 … 1, 2 distinct: 0, 0, 0, 1, 1, 1, 1, 1" },
    ]);
  });

  test("says which values were made up", async () => {
    expect(await rowsOf("make")).toMatchObject([
      { name: "window" },
      { name: "offsets", origin: "seeded" },
      { name: "ids", origin: "computed" },
    ]);
  });

  test("names what --bind takes the place of", async () => {
    expect(await rowsOf("make", "--bind", "window=9", "--bind", "offsets=torch.tensor([0, 8])")).toContainEqual(
      expect.objectContaining({ name: "window", origin: "form", text: "9", shadows: { origin: "default", text: "4" } }),
    );
  });

  test("is a table for people", async () => {
    const { out } = await runCommand(["captures", `${file}::same`]);
    expect(out).toBe("doc  directive, line 3  int64[4]  0 … 1, 2 distinct: 0, 0, 1, 1");
    expect((await runCommand(["captures", `${file}::plain`])).out).toBe("plain captures nothing.");
  });

  test("with --snippet gives the lines that save the tensors, and the directive", async () => {
    const { out, code } = await runCommand(["captures", `${file}::make`, "--snippet"]);
    expect(code).toBe(0);
    expect(out).toContain("np.savez(");
    expect(out).toContain('ids=array(seen(mod)["ids"])');
    expect(out).toContain('# flexlens: ids=load("make.flexlens.npz")["ids"]');
    const none = await runCommand(["captures", `${file}::plain`, "--snippet"]);
    expect(none).toMatchObject({ out: "", code: 0 });
    expect(none.err).toContain("reads no tensor");
  });
});

describe("data files on the command line", () => {
  const sparsity = async (...more: string[]) =>
    JSON.parse((await runCommand(["mask", `${file}::same`, "--q-len", "4", "--kv-len", "4", "--json", ...more])).out);

  test("lie beside the file that names them, wherever the command runs", async () => {
    const cwd = process.cwd();
    process.chdir(tmpdir());
    try {
      expect(await rowsOf("same")).toMatchObject([{ shape: [4] }]);
    } finally {
      process.chdir(cwd);
    }
  });

  test("may be given by --bind, relative to the file", async () => {
    expect(await rowsOf("same", "--bind", 'doc=load("ids.json")')).toMatchObject([{ origin: "form", shape: [3], min: 7, max: 8 }]);
  });

  test("reach the mask", async () => {
    const one = await sparsity();
    const other = await sparsity("--bind", "doc=torch.zeros(4)");
    expect(one).not.toEqual(other);
  });

  test("that are missing are an error of the file, at the expression that names them", async () => {
    const broken = join(folder, "broken.py");
    writeFileSync(broken, MODS.replace("data/doc.csv", "data/gone.csv"));
    const { out, code } = await runCommand(["check", broken, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({
        code: "data-file",
        severity: "error",
        line: 3,
        column: 17,
        endColumn: 17 + 'load("data/gone.csv")'.length,
      }),
    );
    expect(out).toContain(`it is looked for as ${join(folder, "data", "gone.csv")}`);
  });

  test("that are folders are refused with that reason", async () => {
    mkdirSync(join(folder, "folder.npy"), { recursive: true });
    const { out } = await runCommand(["check", file, "--bind", 'doc=load("folder.npy")', "--json"]);
    expect(out).toContain("it is no file");
  });

  test("that a program saved with a snippet are read back", async () => {
    // What Python's side does is held by test/oracle/snippet.test.ts; here the file goes by the names alone.
    const { out } = await runCommand(["captures", `${file}::make`, "--snippet", "--json"]);
    const { directive, file: name } = JSON.parse(out);
    const [row] = JSON.parse(readFileSync(join(import.meta.dirname, "../../oracle/snippet.json"), "utf8")).filter(
      (r: { variant: string; directive: string }) => r.directive.includes('["doc"]'),
    );
    writeFileSync(join(folder, name), Buffer.from(row.npz, "base64"));
    writeFileSync(join(folder, "given.py"), MODS.replace("def make", `${directive.replace('["ids"]', '["doc"]')}\ndef make`));
    const given = JSON.parse((await runCommand(["captures", `${join(folder, "given.py")}::make`, "--json"])).out);
    expect(given).toContainEqual(expect.objectContaining({ name: "ids", dtype: "int64", shape: [48] }));
  });
});
