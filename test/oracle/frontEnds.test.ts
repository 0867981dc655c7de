/**
 * Where PyTorch's two front ends differ (frontEnds.json, made by frontEnds.py): what one of them takes is taken, with a
 * warning that names the other; what both refuse is refused; what concerns create_block_mask alone is said of masks alone.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../kernels/frontend/lower.ts";

interface Case {
  readonly body: string;
  readonly score_mod: { readonly flex_attention: string };
  readonly mask_mod: { readonly flex_attention: string; readonly create_block_mask: string };
}

const { head, cases } = JSON.parse(readFileSync(join(import.meta.dirname, "frontEnds.json"), "utf8")) as {
  readonly head: string;
  readonly cases: readonly Case[];
};

/** Whether `mod` lowers, and which front ends are named in warnings, as the ones that refuse. */
function read(kind: "score_mod" | "mask_mod", body: string): { readonly taken: boolean; readonly refusedBy: readonly string[] } {
  const mod =
    kind === "score_mod"
      ? `def mod(score, b, h, q_idx, kv_idx):\n${body}    return r\n`
      : `def mod(b, h, q_idx, kv_idx):\n    score = q_idx * 1.0\n${body}    return r > 0\n`;
  const { variants, diagnostics } = lowerModule([{ file: "mods.py", text: head + mod }]);
  const names: Readonly<Record<string, string>> = {
    "refused-by-flex-attention": "flex_attention",
    "refused-by-create-block-mask": "create_block_mask",
    "builtin-min-max": "create_block_mask",
  };
  return {
    taken: variants.some((v) => v.name === "mod"),
    refusedBy: [...new Set(diagnostics.flatMap((d) => names[d.code] ?? []))],
  };
}

describe("a score_mod is flex_attention's alone", () => {
  test.each(cases)("$body", ({ body, score_mod }) => {
    const { taken, refusedBy } = read("score_mod", body);
    if (score_mod.flex_attention === "ok") expect({ taken, refusedBy }).toEqual({ taken: true, refusedBy: [] });
    else expect(!taken || refusedBy.includes("flex_attention"), score_mod.flex_attention).toBe(true);
  });
});

describe("a mask_mod goes through both", () => {
  test.each(cases)("$body", ({ body, mask_mod }) => {
    const { taken, refusedBy } = read("mask_mod", body);
    const refusing = (["flex_attention", "create_block_mask"] as const).filter((name) => mask_mod[name] !== "ok");
    if (refusing.length === 2) expect(taken).toBe(false);
    else expect({ taken, refusedBy }).toEqual({ taken: true, refusedBy: refusing });
  });
});
