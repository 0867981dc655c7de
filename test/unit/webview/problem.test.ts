import { describe, expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { isPreset, PUBLISHED, presetOf, presetText, withPreset } from "../../../webview/presets.ts";
import { editProblem, fieldText, type ProblemKey, parseScale, rareText, storageOf, withStorage } from "../../../webview/problem.ts";
import { lowerBindings } from "../../../webview/protocol.ts";

/** With plain spaces. */
const plain = (text: string): string => text.replaceAll("\u202f", " ");

const square = fillProblem({ qLen: 1024, qHeads: 8 });
const cross = fillProblem({ qLen: 64, kvLen: 1024, qHeads: 8, kvHeads: 2 });

describe("a size typed into the problem bar", () => {
  const edits: [string, ProblemHints, typeof square, ProblemKey, string, ProblemHints][] = [
    ["moves both lengths of a square matrix", {}, square, "qLen", "4k", { qLen: 4096, kvLen: 4096 }],
    ["moves one length of a matrix that is not square", {}, cross, "qLen", "128", { qLen: 128 }],
    ["leaves the queries alone when the keys change", {}, square, "kvLen", "2048", { kvLen: 2048 }],
    ["moves both head counts where they are equal", {}, square, "qHeads", "12", { qHeads: 12, kvHeads: 12 }],
    ["keeps the key heads of grouped queries", {}, cross, "qHeads", "16", { qHeads: 16 }],
    ["takes one block size for both sides", {}, square, "blockSize", "64", { blockSize: [64, 64] }],
    ["takes a block size for each side", {}, square, "blockSize", "128 × 32", { blockSize: [128, 32] }],
    ["takes a comma between block sizes", {}, square, "blockSize", "128, 64", { blockSize: [128, 64] }],
    ["reads a comma of thousands as one number", {}, square, "blockSize", "1,024", { blockSize: [1024, 1024] }],
    ["takes a head dimension of the values by itself", {}, square, "vHeadDim", "32", { vHeadDim: 32 }],
    ["takes a scale", {}, square, "scale", "1/8", { scale: 0.125 }],
    ["gives a scale back to the head dimension when emptied", { scale: 2 }, square, "scale", "", {}],
    ["gives the size back to the text when emptied", { batch: 4, qLen: 9 }, square, "batch", " ", { qLen: 9 }],
  ];
  it.each(edits)("%s", (_, hints, shown, key, text, expected) => {
    expect(editProblem(hints, shown, key, text)).toEqual({ ok: true, hints: expected });
  });

  it.each([
    ["what is no number", "qLen", "many", "`many` is no size; write a whole number such as `4096` or `4k`."],
    ["head counts that do not divide", "kvHeads", "3", "8 heads cannot share 3 key heads; KV heads must divide H: 1, 2, 4, 8."],
    ["a scale that is none", "scale", "1/", "`1/` is no scale; write a number such as `0.125`, `1/8` or `1/sqrt(128)`."],
    ["three block sizes", "blockSize", "1x2x3", "`1x2x3` is no block size; write `128`, or `128 × 64`."],
  ] as const)("is refused with a way out: %s", (_, key, text, error) => {
    expect(editProblem({}, square, key, text)).toEqual({ ok: false, error });
  });

  it("shows block sizes as one number where they are equal", () => {
    expect(fieldText(square, "blockSize")).toBe("128");
    expect(fieldText(fillProblem({ blockSize: [128, 64] }), "blockSize")).toBe("128 × 64");
  });
});

describe("bindings for lowering", () => {
  it("carry the form's sizes under their reserved keys beside its values", () => {
    expect(lowerBindings({ bindings: { window: "256" }, problem: { qLen: 4096, qHeads: 8, blockSize: [64, 32], storage: "f16" } })).toEqual(
      {
        window: "256",
        Q_LEN: "4096",
        H: "8",
        BLOCK_SIZE: "(64, 32)",
        DTYPE: '"f16"',
      },
    );
  });
});

describe("what sizes mostly are", () => {
  it.each([
    ["0.125", 0.125],
    [".5", 0.5],
    ["1/8", 0.125],
    ["1/sqrt(64)", 0.125],
    ["1/√64", 0.125],
    ["1 / sqrt 16", 0.25],
    ["2e-1", 0.2],
    ["-1", -1],
    ["0", 0],
  ])("a scale reads %s", (text, value) => {
    expect(parseScale(text)).toBeCloseTo(value, 15);
  });

  it.each(["", "1/0", "eight", "1//8", "sqrt(64)", "1/8/2"])("no scale is `%s`", (text) => {
    expect(parseScale(text)).toBeNull();
  });

  it("is not said, and what is not so is", () => {
    expect(rareText(square)).toBe("");
    expect(rareText(fillProblem({ vHeadDim: 32, scale: 0.1, layout: "BSHD" }))).toBe("DV 32 · scale 0.1 · BSHD");
    expect(fieldText(square, "scale")).toBe("1/√64");
  });
});

describe("what tensors are stored as", () => {
  it.each([
    ["f16", { storage: "f16" }],
    ["f32", { storage: "f32" }],
    ["bf16", { storage: "f32", rounding: "bf16" }],
  ] as const)("is %s after it was chosen, whatever it was", (chosen, hints) => {
    for (const before of [{}, { storage: "f16" }, { storage: "f32", rounding: "bf16" }] as const) {
      const next = withStorage({ qLen: 64, ...before }, chosen);
      expect(next).toEqual({ qLen: 64, ...hints });
      expect(storageOf(fillProblem(next))).toBe(chosen);
    }
  });
});

describe("sizes by name", () => {
  it.each(PUBLISHED)("$name can be run: its heads share evenly, and it is recognised when it is shown", (preset) => {
    const shown = fillProblem(withPreset({}, preset));
    expect(shown.qHeads % shown.kvHeads).toBe(0);
    expect(PUBLISHED.filter((other) => isPreset(shown, other)).map(({ name }) => name)).toContain(preset.name);
    expect(isPreset({ ...shown, qLen: shown.qLen + 1 }, preset)).toBe(false);
  });

  it("has the two settings of vision transformers", () => {
    expect(PUBLISHED.slice(0, 2).map(({ problem }) => plain(presetText(problem)))).toEqual([
      "B 128 · H 16 · S 196 · D 64",
      "B 8 · H 12 · S 3 136 · D 64",
    ]);
  });

  it("takes the place of all sizes, and leaves block, storage and layout", () => {
    const hints: ProblemHints = { qLen: 9, scale: 3, vHeadDim: 8, blockSize: [64, 64], storage: "f16", layout: "BSHD" };
    expect(withPreset(hints, { problem: { qHeads: 4 } })).toEqual({ qHeads: 4, blockSize: [64, 64], storage: "f16", layout: "BSHD" });
  });

  it("keeps of the sizes shown what does not follow from the others", () => {
    expect(presetOf(fillProblem({ qLen: 64, qHeads: 2 }))).toEqual({ batch: 1, qHeads: 2, kvHeads: 2, qLen: 64, kvLen: 64, qkHeadDim: 64 });
    expect(presetOf(fillProblem({ vHeadDim: 32, scale: 1 }))).toMatchObject({ vHeadDim: 32, scale: 1 });
  });

  it("says what it has", () => {
    expect(plain(presetText({ qHeads: 32, kvHeads: 8, qLen: 1, kvLen: 8192, vHeadDim: 64 }))).toBe(
      "H 32/8 · Q_LEN 1 · KV_LEN 8 192 · DV 64",
    );
  });
});
