import { describe, expect, test } from "vitest";
import { loadExpression, writtenPath } from "../../../extension/dataPath.ts";
import { directiveEdits, directiveEntries, withoutWritten } from "../../../extension/directiveEdit.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";

const MOD = "def near(b, h, q_idx, kv_idx):\n    return abs(q_idx - kv_idx) < window\n";

/** `text` after the edits at the definition of `near`. */
function written(text: string, entries: Readonly<Record<string, string>>): string {
  const at = text.indexOf("near");
  return directiveEdits(text, at, new Map(Object.entries(entries))).reduceRight(
    (now, { from, to, newText }) => now.slice(0, from) + newText + now.slice(to),
    text,
  );
}

describe("the form written into the text", () => {
  test.each<[string, string, Record<string, string>, string]>([
    ["stands above the mod", MOD, { window: "64", H: "4" }, `# flexlens: window=64, H=4\n${MOD}`],
    ["stands above decorators", `@cache\n${MOD}`, { window: "64" }, `# flexlens: window=64\n@cache\n${MOD}`],
    [
      "is indented as the mod is",
      `if True:\n    ${MOD.replace("\n    ", "\n        ")}`,
      { window: "8" },
      `if True:\n    # flexlens: window=8\n    ${MOD.replace("\n    ", "\n        ")}`,
    ],
    [
      "keeps the line ends of the text",
      MOD.replaceAll("\n", "\r\n"),
      { window: "64" },
      `# flexlens: window=64\r\n${MOD.replaceAll("\n", "\r\n")}`,
    ],
    [
      "takes the place of values that a directive of the mod has",
      `# flexlens: window=8, H=2\n${MOD}`,
      { window: "torch.tensor(9).item()", D: "32" },
      `# flexlens: window=torch.tensor(9).item(), H=2\n# flexlens: D=32\n${MOD}`,
    ],
    [
      "leaves a directive of the whole file alone",
      `# flexlens: window=8\n\n\n${MOD}`,
      { window: "9" },
      `# flexlens: window=8\n\n\n# flexlens: window=9\n${MOD}`,
    ],
    ["writes nothing where all stands there already", `# flexlens: window=8\n${MOD}`, { window: "8" }, `# flexlens: window=8\n${MOD}`],
  ])("%s", (_, text, entries, after) => {
    expect(written(text, entries)).toBe(after);
  });

  test("is read back as what the form said", () => {
    const problem = { batch: 2, qHeads: 8, kvHeads: 2, qLen: 512, kvLen: 256, qkHeadDim: 32, vHeadDim: 16, scale: 0.25 } as const;
    const entries = directiveEntries({ window: "3 * 8", table: new Float32Array(2) }, { ...problem, blockSize: [64, 32], storage: "f16" });
    const text = written(MOD, Object.fromEntries(entries));
    const [variant] = lowerModule([{ file: "m.py", text }]).variants;
    expect(variant?.problem).toMatchObject({ ...problem, blockSize: [64, 32], storage: "f16" });
    expect(variant?.bindings.find(({ name }) => name === "window")).toMatchObject({ origin: "directive", value: "24" });
  });

  test("leaves in the form what no directive says", () => {
    expect(withoutWritten({ qLen: 4, layout: "BSHD", rounding: "bf16", storage: "f32" })).toEqual({ layout: "BSHD", rounding: "bf16" });
  });
});

describe("a data file that was chosen", () => {
  test.each([
    ["beside the text", "/code/a/data/x.npy", "/code/a/m.py", ["/code"], "data/x.npy"],
    ["elsewhere in the workspace", "/code/b/x.npy", "/code/a/m.py", ["/code"], "b/x.npy"],
    ["outside of it", "/data/x.npy", "/code/a/m.py", ["/code"], "/data/x.npy"],
    ["on a drive of Windows", "/c:/data/x.npy", "/d:/w/m.py", ["/d:/w"], "c:/data/x.npy"],
    ["beside a text on that drive, whatever its letter's case", "/C:/w/x.npy", "/c:/w/m.py", [], "x.npy"],
    ["for a text without a place", "/code/x.npy", null, ["/code"], "x.npy"],
    ["in a folder whose name only begins alike", "/code-2/x.npy", "/code/m.py", ["/code"], "/code-2/x.npy"],
  ])("%s is named from there", (_, file, from, roots, path) => {
    expect(writtenPath(file, from, roots)).toBe(path);
  });

  test("is read whole, or by the capture's name out of an archive", () => {
    expect(loadExpression("x.npy", "docs")).toBe('load("x.npy")');
    expect(loadExpression('a "b".NPZ', "docs")).toBe('load("a \\"b\\".NPZ")["docs"]');
  });
});
