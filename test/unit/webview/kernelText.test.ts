/** What the Kernel tab says of a kernel's text: links to Python, changes, folds, what is found. */
import { describe, expect, it } from "vitest";
import { originsOf } from "../../../kernels/emit/wgslOrigin.ts";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { ENGINES, planEngine } from "../../../kernels/flash/select.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { Source } from "../../../kernels/frontend/module.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import { type Change, diffLines, editOf, type Seen, track } from "../../../webview/wgsl/changes.ts";
import { hitsOf, marked } from "../../../webview/wgsl/find.ts";
import { foldsOf } from "../../../webview/wgsl/folds.ts";
import { highlightLine } from "../../../webview/wgsl/highlight.ts";
import { type Links, linksOf } from "../../../webview/wgsl/links.ts";
import { seeded } from "../../support/random.ts";

interface Shown {
  readonly wgsl: string;
  readonly lines: readonly string[];
  readonly links: Links;
}

function shown(sources: readonly Source[], name: string | null = null): Shown {
  const { variants } = lowerModule(sources, {});
  const variant = variants.find((v) => name === null || v.name === name);
  if (variant === undefined) throw new Error("no variant");
  const planned = planEngine("row", variant, fillProblem({ ...variant.problem, qLen: 64, kvLen: 64 }), DEFAULT_LIMITS);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  const wgsl = planned.plan.kernels[0]?.wgsl ?? "";
  return { wgsl, lines: wgsl.split("\n"), links: linksOf(variant, wgsl, originsOf(variant, wgsl), sources, "masks.py") };
}

const TEXT = `import torch

docs = torch.arange(64) // 8


def same_document(b, h, q_idx, kv_idx):
    same = docs[q_idx] == docs[kv_idx]
    near = q_idx - kv_idx < 12
    return same & near
`;
const ONE = [{ file: "file:///a/masks.py", text: TEXT }];

describe("the lines of WGSL and of Python", () => {
  it("know each other, and say so in words", () => {
    const { lines, links } = shown(ONE);
    const rows = [...links.code].map(([at, link]) => `${link.line} ${lines[at]?.trim()} // ${link.ghost}`);
    expect(rows).toEqual([
      "7 fn load_docs(i: i32) -> i32 { // docs[q_idx]",
      "7 return captures_i32[scalars.offset_docs + min(i, scalars.size_docs - 1)]; // ",
      "7 let same = load_docs(q_idx) == load_docs(kv_idx); // docs[q_idx] == docs[kv_idx]",
      "8 let near = q_idx - kv_idx < scalars.i0; // q_idx - kv_idx < 12",
      "9 return same & near; // same & near",
    ]);
    const near = [...links.code.values()][3];
    expect(near?.label).toBe("q_idx - kv_idx < 12, masks.py line 8");
    expect(links.wgsl.get(near?.python ?? "")?.map((at) => lines[at]?.trim())).toEqual(["let near = q_idx - kv_idx < scalars.i0;"]);
  });

  it("stand in excerpts of the text, without the indentation that they share", () => {
    const { links } = shown(ONE);
    expect(links.excerpts.map((e) => e.title)).toEqual(["masks.py, lines 6–9"]);
    expect(links.excerpts[0]?.lines.map((l) => [l.line, l.text, l.colour])).toEqual([
      [6, "def same_document(b, h, q_idx, kv_idx):", null],
      [7, "    same = docs[q_idx] == docs[kv_idx]", 0],
      [8, "    near = q_idx - kv_idx < 12", 1],
      [9, "    return same & near", 2],
    ]);
    const [, line] = links.excerpts[0]?.lines ?? [];
    expect(TEXT.slice(line?.span.from, line?.span.to)).toBe("same = docs[q_idx] == docs[kv_idx]");
  });

  it("are found by the editor's cursor where WGSL comes of its line", () => {
    const { links } = shown(ONE);
    expect(links.keyAt("file:///a/masks.py", TEXT.indexOf("12"))).toBe("0:8");
    expect(links.keyAt("file:///a/masks.py", TEXT.indexOf("def"))).toBeNull();
    expect(links.keyAt("file:///a/other.py", 0)).toBeNull();
  });

  it.each(["\r\n", "\r"])("count alike with line ends %j", (end) => {
    const { links } = shown([{ file: "file:///a/masks.py", text: TEXT.replaceAll("\n", end) }]);
    expect([...links.code.values()].map((l) => l.line)).toEqual([7, 7, 7, 8, 9]);
    expect(links.excerpts[0]?.lines.map((l) => l.text.trim())[2]).toBe("near = q_idx - kv_idx < 12");
  });

  it("also of what a mod calls in another file", () => {
    const sources = [
      {
        file: "file:///a/masks.py",
        text: "from parts import near\n\ndef mask(b, h, q_idx, kv_idx):\n    return near(q_idx, kv_idx) & (q_idx >= kv_idx)\n",
        imports: { parts: { file: "file:///a/my%20parts.py" } },
      },
      { file: "file:///a/my%20parts.py", text: "def near(q, k):\n    return q - k < 7\n" },
    ];
    const { links } = shown(sources, "mask");
    expect(links.excerpts.map((e) => e.title)).toEqual(["masks.py, lines 3–4", "my parts.py, line 2"]);
    expect([...(links.wgsl.get("1:2") ?? [])]).toHaveLength(1);
    expect(links.code.get(links.wgsl.get("1:2")?.[0] ?? -1)?.all).toEqual(new Set(["0:4", "1:2"]));
  });
});

describe("the lines that an edit changed", () => {
  const letters = (text: string): string[] => [...text];
  it.each<[string, string, readonly Change[]]>([
    ["abc", "abc", []],
    ["", "ab", [{ at: 0, lines: 2, removed: 0 }]],
    ["abc", "abxc", [{ at: 2, lines: 1, removed: 0 }]],
    ["abxc", "abc", [{ at: 2, lines: 0, removed: 1 }]],
    [
      "abcd",
      "axcy",
      [
        { at: 1, lines: 1, removed: 1 },
        { at: 3, lines: 1, removed: 1 },
      ],
    ],
    [
      "abcabba",
      "cbabac",
      [
        { at: 0, lines: 0, removed: 2 },
        { at: 1, lines: 1, removed: 0 },
        { at: 4, lines: 0, removed: 1 },
        { at: 5, lines: 1, removed: 0 },
      ],
    ],
  ])("from %j to %j are the fewest", (before, after, changes) => {
    const found = diffLines(letters(before), letters(after));
    const cost = (list: readonly Change[]): number => list.reduce((n, c) => n + c.lines + c.removed, 0);
    expect(cost(found)).toBe(cost(changes));
    expect(rebuilt(letters(before), letters(after), found)).toBe(after);
    if (before !== "abcabba") expect(found).toEqual(changes);
  });

  it("lead from any text to any other", () => {
    const random = seeded(7);
    const below = (n: number): number => Math.floor(random() * n);
    for (let round = 0; round < 300; round++) {
      const text = (): string[] => Array.from({ length: below(12) }, () => "abc".charAt(below(3)));
      const [before, after] = [text(), text()];
      expect(rebuilt(before, after, diffLines(before, after))).toBe(after.join(""));
    }
  });

  it("of a text that is another altogether are all of it", () => {
    const many = (prefix: string): string[] => Array.from({ length: 900 }, (_, i) => `${prefix}${i}`);
    expect(diffLines(many("a"), many("b"))).toEqual([{ at: 0, lines: 900, removed: 900 }]);
  });

  /** `before` with the changes made, the new lines out of `after`. */
  function rebuilt(before: readonly string[], after: readonly string[], changes: readonly Change[]): string {
    const out: string[] = [];
    let at = 0;
    for (const c of changes) {
      while (out.length < c.at) out.push(before[at++] ?? "?");
      at += c.removed;
      out.push(...after.slice(c.at, c.at + c.lines));
    }
    return [...out, ...before.slice(at)].join("");
  }
});

describe("the last edit", () => {
  const seen = (wgsl: string, key: string, at: number, i0 = 1): Seen => ({ wgsl, key, at, scalars: new Map([["i0", i0]]) });

  it("is all that was typed without a pause", () => {
    let t = track(undefined, seen("a\nb", "1", 0));
    expect(editOf(t)).toBeNull();
    t = track(t, seen("a\nx", "2", 10_000));
    t = track(t, seen("a\nxy", "3", 10_400));
    expect(editOf(t)).toEqual({ changes: [{ at: 1, lines: 1, removed: 1 }], lines: 1, values: [] });
    t = track(t, seen("a\nb", "1", 10_800));
    expect(editOf(t)).toBeNull();
    t = track(t, seen("a\nb\nc", "4", 20_000));
    expect(editOf(t)?.changes).toEqual([{ at: 2, lines: 1, removed: 0 }]);
  });

  it("of values alone leaves the text, and says which", () => {
    const t = track(track(undefined, seen("a", "1", 0, 256)), seen("a", "2", 9000, 512));
    expect(editOf(t)).toEqual({ changes: [], lines: 0, values: [{ name: "i0", from: 256, to: 512 }] });
  });

  it("is still the one before where nothing of the kernel has changed", () => {
    const t = track(track(undefined, seen("a", "1", 0)), seen("b", "2", 9000));
    expect(track(t, seen("b", "2", 19_000))).toBe(t);
  });
});

describe("folds", () => {
  it("leave the user's lines in sight, and everything else once", () => {
    for (const { file, text } of GALLERY) {
      for (const variant of lowerModule([{ file, text }], {}).variants) {
        for (const engine of ENGINES) {
          const planned = planEngine(engine, variant, fillProblem({ ...variant.problem }), { ...DEFAULT_LIMITS, subgroups: true });
          for (const { wgsl } of planned.kind === "plan" ? planned.plan.kernels : []) {
            const { lines: linked } = originsOf(variant, wgsl);
            const lines = wgsl.trimEnd().split("\n");
            const folds = foldsOf(lines, (at) => linked.has(at));
            folds.forEach((fold, i) => {
              expect(fold.from).toBeGreaterThanOrEqual(folds[i - 1]?.to ?? 0);
              expect(fold.to - fold.from).toBeGreaterThanOrEqual(10);
              expect(fold.about, `${engine} ${variant.name} line ${fold.from}`).toMatch(/\w/);
              expect(balance(lines.slice(fold.from, fold.to))).toBe(0);
            });
            for (const at of linked.keys()) expect(folds.some((f) => f.from <= at && at < f.to)).toBe(false);
            const left = lines.length - folds.reduce((n, f) => n + f.to - f.from, 0);
            expect(left, `${engine} ${variant.name}`).toBeLessThan(170);
          }
        }
      }
    }
  });

  const balance = (lines: readonly string[]): number =>
    lines.reduce(
      (n, line) => n + (line.replace(/\/\/.*/, "").match(/\{/g)?.length ?? 0) - (line.replace(/\/\/.*/, "").match(/\}/g)?.length ?? 0),
      0,
    );

  it.each([
    [
      "its comment",
      ["fn main() {", "  // Scores of two keys.", ...Array.from({ length: 12 }, (_, i) => `  let a${i} = ${i};`), "", "  return;", "}"],
      "Scores of two keys",
    ],
    [
      "what it writes",
      [
        "@group(0) @binding(0) var<storage, read_write> OUT: array<f32>;",
        "",
        "fn main() {",
        ...Array.from({ length: 12 }, (_, i) => `  OUT[${i}] = 1.0;`),
        "",
        "  return;",
        "}",
      ],
      "writes OUT",
    ],
    [
      "what it reads",
      [
        "@group(0) @binding(0) var<storage, read> K: array<f32>;",
        "",
        "fn main() {",
        ...Array.from({ length: 12 }, (_, i) => `  let k${i} = K[${i}];`),
        "",
        "  return;",
        "}",
      ],
      "reads K",
    ],
    [
      "its names",
      ["fn main() {", ...Array.from({ length: 12 }, (_, i) => `  let a${i} = ${i};`), "", "  return;", "}"],
      "a0, a1, a2, a3 and 8 more",
    ],
    ["the functions in it", Array.from({ length: 5 }, (_, i) => [`fn f${i}() {`, "}", ""]).flat(), "f0(), f1(), f2(), f3() and 1 more"],
  ])("say what a stretch does by %s", (_, lines, about) => {
    // A line that is marked keeps the function around it in sight.
    expect(foldsOf(lines, (at) => /return|^fn main/.test(lines[at] ?? "")).map((f) => f.about)).toEqual([about]);
  });
});

describe("finding", () => {
  it("gives every place in any case, none for nothing", () => {
    expect(hitsOf(["let Aa = aA;", "", "bAaAb"], "aa")).toEqual([
      { line: 0, from: 4, to: 6 },
      { line: 0, from: 9, to: 11 },
      { line: 2, from: 1, to: 3 },
    ]);
    expect(hitsOf(["let a = b;"], "")).toEqual([]);
  });

  it.each(["let t0 = q_idx >= kv_idx; // causal", "  return t0 & t1;", ""])("marks places without changing the text: %s", (line) => {
    const hits = hitsOf([line], "t0").concat(hitsOf([line], "idx >"));
    const pieces = marked(highlightLine(line), hits);
    expect(pieces.map((p) => p.text).join("")).toBe(line);
    const found = pieces
      .filter((p) => p.marked)
      .map((p) => p.text)
      .join("");
    expect(found).toBe(hits.map((h) => line.slice(h.from, h.to)).join(""));
  });
});
