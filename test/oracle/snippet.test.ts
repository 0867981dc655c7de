/** Capture snippets that ran in real programs (snippetGenerate.py): what they saved, read here, gives PyTorch's masks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findVariant, lowerModule } from "../../kernels/frontend/lower.ts";
import type { DataFile, LoweredVariant } from "../../kernels/frontend/module.ts";
import { captureSnippet } from "../../kernels/frontend/snippet.ts";
import { interpret } from "../../kernels/ir/interpret.ts";

interface Row {
  readonly name: string;
  readonly source: string;
  readonly variant: string;
  readonly sizes: readonly [B: number, H: number, qLen: number, kvLen: number];
  readonly python: string;
  readonly directive: string;
  readonly file: string;
  readonly npz: string;
  readonly mask: string;
}

const ROWS: readonly Row[] = JSON.parse(readFileSync(join(import.meta.dirname, "snippet.json"), "utf8"));
const FILE = "mods.py";

function variantOf(text: string, name: string, files: readonly DataFile[] = []): { variant: LoweredVariant; errors: readonly string[] } {
  const module = lowerModule([{ file: FILE, text }], { files });
  const variant = findVariant(module, name);
  if (variant === null) throw new Error(`${name} does not lower: ${JSON.stringify(module.diagnostics)}`);
  return { variant, errors: module.diagnostics.filter((d) => d.severity === "error").map((d) => d.message) };
}

/** The mask's elements as 0 and 1, row-major. */
function bitsOf({ maskMod }: LoweredVariant, [B, H, qLen, kvLen]: Row["sizes"]): string {
  if (maskMod === null) throw new Error("no mask_mod");
  let bits = "";
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let q = 0; q < qLen; q++) for (let k = 0; k < kvLen; k++) bits += interpret(maskMod.body, { b, h, q_idx: q, kv_idx: k }) ? 1 : 0;
  return bits;
}

describe("the capture snippet for", () => {
  test.each(ROWS)("$name is the one that ran", ({ source, variant, python, directive, file }) => {
    expect(captureSnippet(variantOf(source, variant).variant)).toEqual({ python, directive, file });
  });

  test.each(ROWS)("$name saves what gives PyTorch's mask here", ({ source, variant: name, directive, file, npz, sizes, mask }) => {
    const bytes = new Uint8Array(Buffer.from(npz, "base64"));
    const { variant, errors } = variantOf(`${directive}\n\n${source}`, name, [{ path: file, from: FILE, bytes, fault: null }]);
    expect(errors).toEqual([]);
    expect(bitsOf(variant, sizes)).toBe(mask);
    // Without what was saved, made-up values stand in, and the mask is another.
    const seeded = variantOf(source, name).variant;
    expect(bitsOf(seeded, sizes)).not.toBe(mask);
  });
});
