import { describe, expect, it } from "vitest";
import { highlightLine, highlightPython } from "../../../webview/wgsl/highlight.ts";

describe("WGSL in colours", () => {
  it.each([
    "fn mask_mod(b: i32, h: i32, q_idx: i32, kv_idx: i32) -> bool {",
    "  let t0 = q_idx >= kv_idx; // causal",
    "@group(0) @binding(0) var<storage, read> q: array<vec4f>;",
    "const LOG2_E = 1.44269504f;",
    "// FlashAttention forward: OUT = softmax(mods(Q Kᵀ SM_SCALE)) V",
    "  if (x > 0x7fu) { return 1e-5; }",
    "<img src=x onerror=alert(1)>",
    "",
  ])("never changes the text: %s", (line) => {
    expect(
      highlightLine(line)
        .map((p) => p.text)
        .join(""),
    ).toBe(line);
  });

  it("tells the kinds apart", () => {
    const kinds = (line: string): string[][] =>
      highlightLine(line)
        .filter((p) => p.kind !== "plain")
        .map((p) => [p.kind, p.text]);
    expect(kinds("@compute fn main() -> vec4f { return f(x, 1.5e-3f); } // done")).toEqual([
      ["keyword", "@compute"],
      ["keyword", "fn"],
      ["function", "main"],
      ["type", "vec4f"],
      ["control", "return"],
      ["function", "f"],
      ["name", "x"],
      ["number", "1.5e-3f"],
      ["comment", "// done"],
    ]);
  });
});

describe("Python in colours", () => {
  it.each(["    return docs[q_idx] == docs[kv_idx]  # same", "x = 'it\\'s' + \"a", "@torch.compile", "σ = 1_000 // 0x1f", ""])(
    "never changes the text: %s",
    (line) => {
      expect(
        highlightPython(line)
          .map((p) => p.text)
          .join(""),
      ).toBe(line);
    },
  );

  it("tells the kinds apart", () => {
    const kinds = highlightPython('def f(q): return torch.where(q, 1.5e-3, "a # b") # done').filter((p) => p.kind !== "plain");
    expect(kinds.map((p) => [p.kind, p.text])).toEqual([
      ["keyword", "def"],
      ["function", "f"],
      ["name", "q"],
      ["control", "return"],
      ["name", "torch"],
      ["function", "where"],
      ["name", "q"],
      ["number", "1.5e-3"],
      ["number", '"a # b"'],
      ["comment", "# done"],
    ]);
  });
});
