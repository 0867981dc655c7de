/** Which callables PyTorch takes as mask_mods (signatures.json, made by signatures.py): the same, with the same bits. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { interpret } from "../../kernels/ir/interpret.ts";

interface Case {
  readonly text: string;
  readonly create_block_mask: string;
  readonly bits?: string;
}

const { head, cases } = JSON.parse(readFileSync(join(import.meta.dirname, "signatures.json"), "utf8")) as {
  readonly head: string;
  readonly cases: readonly Case[];
};
const CALL = "from torch.nn.attention.flex_attention import create_block_mask\nblock_mask = create_block_mask(mod, 1, 1, 8, 8)\n";

describe("a callable is taken as create_block_mask takes it", () => {
  test.each(cases)("$text", ({ text, create_block_mask, bits }) => {
    const { variants, diagnostics } = lowerModule([{ file: "mods.py", text: `${head}${text}\n${CALL}` }]);
    const mask = variants.find((v) => v.name === "mod")?.maskMod ?? variants.find((v) => v.maskMod !== null)?.maskMod ?? null;
    const loud = diagnostics.filter((d) => d.severity !== "hint");
    if (bits === undefined) {
      // A bound method is drawn all the same, with a warning: flex_attention takes it.
      const isTold = mask === null ? loud.some((d) => d.severity === "error") : loud.some((d) => d.message.includes("create_block_mask"));
      expect([isTold, loud.map((d) => d.code)], create_block_mask).toEqual([true, loud.map((d) => d.code)]);
      return;
    }
    // What flex_attention alone refuses is told, and taken.
    const wrong = loud.filter((d) => d.code !== "refused-by-flex-attention");
    expect(wrong.map((d) => `${d.code}: ${d.message}`)).toEqual([]);
    if (mask === null) throw new Error("no mask");
    const drawn = Array.from({ length: 64 }, (_, i) => interpret(mask.body, { b: 0, h: 0, q_idx: Math.floor(i / 8), kv_idx: i % 8 }));
    expect(drawn.join("")).toBe(bits);
  });
});
