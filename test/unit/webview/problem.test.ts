import { describe, expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { editProblem, fieldText, type ProblemKey } from "../../../webview/problem.ts";
import { lowerBindings } from "../../../webview/protocol.ts";

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
    ["gives the size back to the text when emptied", { batch: 4, qLen: 9 }, square, "batch", " ", { qLen: 9 }],
  ];
  it.each(edits)("%s", (_, hints, shown, key, text, expected) => {
    expect(editProblem(hints, shown, key, text)).toEqual({ ok: true, hints: expected });
  });

  it.each([
    ["what is no number", "qLen", "many", "`many` is no size; write a whole number such as `4096` or `4k`."],
    ["head counts that do not divide", "kvHeads", "3", "8 heads cannot share 3 key heads; KV heads must divide H: 1, 2, 4, 8."],
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
