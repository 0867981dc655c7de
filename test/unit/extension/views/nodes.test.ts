import { describe, expect, test } from "vitest";
import { COMMANDS, INTERNAL_COMMANDS } from "../../../../extension/contributions.ts";
import { placeOf, spoken, type TreeNode } from "../../../../extension/listNode.ts";
import { chosenOf, sizesAgain } from "../../../../extension/views/chosen.ts";
import { galleryNodes } from "../../../../extension/views/galleryNodes.ts";
import { type ResultFacts, resultNodes } from "../../../../extension/views/resultNodes.ts";
import { variantNodes } from "../../../../extension/views/variantNodes.ts";
import type { VariantRow } from "../../../../extension/views/variantRow.ts";
import { GALLERY } from "../../../../kernels/gallery/gallery.ts";
import type { BenchResult } from "../../../../kernels/runtime/result.ts";
import { CHECK, PROBLEM, resultOf } from "../samples.ts";

const NOW = 1_000_000 + 3 * 3_600_000;
const PICTURE = { light: "data:image/svg+xml;base64,bA==", dark: "data:image/svg+xml;base64,ZA==" };

const rowFor = (document: string, name: string, change: Partial<VariantRow> = {}): VariantRow => ({
  document,
  name,
  mods: ["mask_mod"],
  problem: PROBLEM,
  key: "now",
  figure: { kind: "counted", blocks: 0.4375 },
  shape: "causal-like",
  picture: PICTURE,
  ...change,
});
const nameOf = (document: string) => {
  const path = document.slice("file:///".length);
  const at = path.lastIndexOf("/");
  return { file: path.slice(at + 1), folder: path.slice(0, Math.max(0, at)) };
};
const spaced = (text: string | undefined): string => (text ?? "").replaceAll("\u202f", " ");

describe("the list of variants", () => {
  const listOf = (rows: readonly VariantRow[], results: readonly BenchResult[] = []): readonly TreeNode[] => {
    const files = new Map<string, VariantRow[]>([["file:///empty.py", []]]);
    for (const row of rows) files.set(row.document, [...(files.get(row.document) ?? []), row]);
    return variantNodes({ files, nameOf, resultsOf: (_, variant) => results.filter((r) => r.variant === variant), now: NOW });
  };

  test("groups by file, those at the top first, and leaves out files without variants", () => {
    const nodes = listOf([rowFor("file:///models/b.py", "x"), rowFor("file:///z.py", "y"), rowFor("file:///models/a.py", "w")]);
    expect(nodes.map(({ label, description }) => [label, description])).toEqual([
      ["z.py", ""],
      ["a.py", "models"],
      ["b.py", "models"],
    ]);
    expect(nodes[1]?.spoken).toBe("a.py, in models, 1 variant");
  });

  test.each<[string, Partial<VariantRow>, BenchResult[], string]>([
    ["a mask", {}, [], "43.8 % skipped"],
    ["a mask that was measured", {}, [resultOf()], "43.8 % skipped · 1.84 ms"],
    ["one measured before an edit", {}, [resultOf({ key: "before" })], "43.8 % skipped · 1.84 ms (before the edit)"],
    ["one measured at other sizes", {}, [resultOf({ problem: { ...PROBLEM, qLen: 4096 } })], "43.8 % skipped · 1.84 ms (at Q_LEN 4 096)"],
    ["one that was wrong", {}, [resultOf({ check: { ...CHECK, passed: false } })], "43.8 % skipped · wrong result"],
    ["a mask that takes long to count", { figure: { kind: "uncounted" } }, [], "not counted"],
    ["a score_mod", { figure: { kind: "none" }, mods: ["score_mod"] }, [], "score_mod"],
  ])("says of %s what it skips and takes", (_, change, results, expected) => {
    const [file] = listOf([rowFor("file:///a.py", "causal", change)], results);
    expect(spaced(file?.children[0]?.description)).toBe(expected);
  });

  test("is heard in whole words", () => {
    const [file] = listOf([rowFor("file:///a.py", "causal")], [resultOf()]);
    expect(file?.children[0]?.spoken).toBe(
      "causal, mask_mod, 43.8 percent of blocks skipped, causal-like, 1.84 milliseconds, 5.1 times materialised, checked, 3 hours ago",
    );
  });

  test("opens the file at the mod and shows the mask", () => {
    const [file] = listOf([rowFor("file:///a.py", "causal")]);
    const [node] = file?.children ?? [];
    expect(node?.command).toEqual({
      command: INTERNAL_COMMANDS.openVariant,
      arguments: ["file:///a.py", "causal", COMMANDS.showMask],
    });
    expect(placeOf(node)).toEqual({ kind: "variant", document: "file:///a.py", variant: "causal" });
  });
});

describe("the list of results", () => {
  const software = { name: "google swiftshader", software: true };
  const listOf = (results: readonly BenchResult[], row: ReturnType<ResultFacts["rowOf"]> = rowFor("file:///a.py", "causal")) =>
    resultNodes({ documents: [{ document: "file:///a.py", results }], nameOf, rowOf: () => row, now: NOW });
  const leaf = (result: BenchResult, row?: VariantRow | null): TreeNode | undefined => listOf([result], row)[0]?.children[0]?.children[0];

  test("goes from variant to device, the one measured last first, to kernel, the fastest first", () => {
    const nodes = listOf([
      resultOf({ engine: "row", medianMs: 5 }),
      resultOf({ engine: "tile" }),
      resultOf({ device: software, measuredAt: 2_000_000 }),
      resultOf({ variant: "alibi" }),
    ]);
    expect(
      nodes.map(({ label, children }) => [label, children.map((device) => [device.label, device.children.map((r) => r.label)])]),
    ).toEqual([
      ["alibi", [["nvidia h200", ["quad"]]]],
      [
        "causal",
        [
          ["google swiftshader", ["quad"]],
          ["nvidia h200", ["tile", "row"]],
        ],
      ],
    ]);
    expect(nodes[1]?.children[0]?.description).toBe("software adapter");
  });

  test.each<[string, BenchResult, string, string]>([
    ["checked", resultOf(), "1.84 ms · 5.1× materialised · checked · 3 h ago", "pass"],
    ["stale", resultOf({ key: "before" }), "1.84 ms (before the edit) · 3 h ago", "history"],
    ["noisy", resultOf({ interval: [1.2, 2.4] }), "≈ 1.84 ms · noisy · checked · 3 h ago", "pulse"],
    ["wrong", resultOf({ check: { ...CHECK, passed: false, maxAbs: 0.28 } }), "wrong result: error 0.28 · 3 h ago", "error"],
    ["not checked", resultOf({ check: null }), "1.84 ms · 5.1× materialised · not checked · 3 h ago", "circle-outline"],
  ])("shows that a result is %s, in words and by its icon", (_, result, description, icon) => {
    const node = leaf(result);
    expect(spaced(node?.description)).toBe(description);
    expect(node?.icon).toMatchObject({ kind: "named", name: icon });
  });

  test("says nothing of the text before it is read, and that a variant is gone once it is", () => {
    const unread = resultNodes({
      documents: [{ document: "file:///a.py", results: [resultOf({ key: "before" })] }],
      nameOf,
      rowOf: () => undefined,
      now: NOW,
    });
    expect(spaced(unread[0]?.children[0]?.children[0]?.description)).toBe("1.84 ms · 5.1× materialised · checked · 3 h ago");
    expect(listOf([resultOf()], null)[0]?.description).toBe("a.py · no longer in the text");
    expect(leaf(resultOf(), null)?.icon).toMatchObject({ name: "circle-slash" });
  });

  test("has another id for each entry, and the same for the same", () => {
    const results = [resultOf(), resultOf({ engine: "row" }), resultOf({ device: software }), resultOf({ variant: "alibi" })];
    const idsOf = (nodes: readonly TreeNode[]): string[] => nodes.flatMap((node) => [node.id, ...idsOf(node.children)]);
    const ids = idsOf(listOf(results));
    expect(new Set(ids).size).toBe(ids.length);
    expect(idsOf(listOf(results))).toEqual(ids);
  });
});

describe("results that a command means", () => {
  const [first, second] = resultNodes({
    documents: [{ document: "file:///a.py", results: [resultOf(), resultOf({ engine: "row" }), resultOf({ variant: "x" })] }],
    nameOf,
    rowOf: () => undefined,
    now: NOW,
  });

  test("are those of the entry, of a group all below it", () => {
    expect(chosenOf(first, undefined)).toEqual([{ document: "file:///a.py", results: [resultOf(), resultOf({ engine: "row" })] }]);
    expect(chosenOf(first?.children[0]?.children[0], []).flatMap(({ results }) => results)).toHaveLength(1);
  });

  test("are those of all that is selected, each once, where the entry is among it", () => {
    const [chosen] = chosenOf(first, [first, first?.children[0], second]);
    expect(chosen?.results).toHaveLength(3);
    expect(chosenOf(second, [first]).flatMap(({ results }) => results)).toHaveLength(1);
  });

  test("are none for what is no entry", () => {
    for (const argument of [undefined, null, "file:///a.py", {}, { place: 1 }]) expect(chosenOf(argument, undefined)).toEqual([]);
  });
});

describe("sizes said anew", () => {
  test("are those that differ", () => {
    expect(sizesAgain(PROBLEM, PROBLEM)).toEqual({});
    expect(sizesAgain({ ...PROBLEM, qLen: 4096, storage: "f16" }, PROBLEM)).toEqual({ qLen: 4096, storage: "f16" });
    expect(sizesAgain({ ...PROBLEM, blockSize: [64, 64] }, PROBLEM)).toEqual({ blockSize: [64, 64] });
  });
});

test("the gallery lists every example, with its picture where there is one", () => {
  const nodes = galleryNodes(GALLERY, ({ file }) => (file === "causal.py" ? PICTURE : null));
  expect(nodes.map(({ id }) => id)).toEqual(GALLERY.map(({ file }) => file));
  expect(nodes.find(({ id }) => id === "causal.py")).toMatchObject({
    icon: { kind: "picture" },
    command: { command: COMMANDS.openExample, arguments: ["causal.py"] },
  });
});

test.each([
  ["43.8\u202f% of blocks skipped · 1.84\u202fms", "43.8 percent of blocks skipped, 1.84 milliseconds"],
  ["840\u202fµs · 5.1× materialised", "840 microseconds, 5.1 times materialised"],
  ["≈ 12.3\u202fs (at Q_LEN 4\u202f096)", "about 12.3 seconds (at Q_LEN 4096)"],
  ["BLOCK_SIZE 64 × 64", "BLOCK_SIZE 64 by 64"],
])("`%s` is heard as `%s`", (text, expected) => {
  expect(spoken(text)).toBe(expected);
});
