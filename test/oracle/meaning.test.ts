/**
 * What PyTorch means by an expression (meaning.json, made by meaning.py): promotion under vmap, half precision, 64-bit
 * integers, conversions, sums, indices, and what it refuses. The front end and the interpreter mean the same.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Answer, judge } from "../fuzz/judge.ts";

interface Case extends Answer {
  readonly line: string;
}

const { head, cases } = JSON.parse(readFileSync(join(import.meta.dirname, "meaning.json"), "utf8")) as {
  readonly head: string;
  readonly cases: readonly Case[];
};

describe("an expression has PyTorch's dtype and values, or is refused as there", () => {
  test("there are two hundred of them", () => {
    expect(cases.length).toBeGreaterThan(200);
  });

  test.each(cases)("$line", (c) => {
    const expression = c.line.replace(/^(mask|f64): /, "");
    const kind = c.line.startsWith("mask: ") ? "mask_mod" : "score_mod";
    const parameters = kind === "mask_mod" ? "b, h, q_idx, kv_idx" : "score, b, h, q_idx, kv_idx";
    const text = `${head}\ndef mod(${parameters}):\n    return ${expression}\n`;
    const { why, refused, untold, undecided } = judge({ text, kind }, c.line.startsWith("f64: ") ? "f64" : "f32", c, [1, 2, 4, 4]);
    expect(why).toBeNull();
    expect({ refused, untold, undecided }).toEqual({
      refused: c.error !== undefined || (kind === "mask_mod" && c.dtype !== "bool"),
      untold: false,
      undecided: 0,
    });
  });
});
