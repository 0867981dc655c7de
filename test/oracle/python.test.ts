/** `flexlens python`: the texts that real PyTorch ran (pythonGenerate.py) are those of today, and their masks are ours. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emitPythonFile } from "../../kernels/emit/pythonFile.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { captureOrigins } from "../../kernels/frontend/captureOrigin.ts";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { maskCells } from "../../kernels/mask/cells.ts";

interface Row {
  readonly file: string;
  readonly variant: string;
  readonly text: string;
  /** Of the first elements, one byte each. */
  readonly mask?: {
    readonly shape: readonly [B: number, H: number, Q: number, KV: number];
    readonly sha256: string;
    readonly allowed: number;
  };
  /** Scores that came out bit by bit as from the gallery's own mod. */
  readonly scores?: number;
}

const ROWS: readonly Row[] = JSON.parse(readFileSync(join(import.meta.dirname, "python.json"), "utf8"));
const GALLERY = join(import.meta.dirname, "../../kernels/gallery");
const FILES = readdirSync(GALLERY).filter((f) => f.endsWith(".py") && f !== "mistakes.py");
const VARIANTS = new Map(
  FILES.flatMap((file) =>
    lowerModule([{ file, text: readFileSync(join(GALLERY, file), "utf8") }]).variants.map((v): [string, LoweredVariant] => [
      `${file} ${v.name}`,
      v,
    ]),
  ),
);

test("every variant of the gallery ran in PyTorch", () => {
  expect(ROWS.map(({ file, variant }) => `${file} ${variant}`).sort()).toEqual([...VARIANTS.keys()].sort());
});

const variantOf = ({ file, variant }: Row): LoweredVariant => {
  const found = VARIANTS.get(`${file} ${variant}`);
  if (found === undefined) throw new Error(`${file} has no ${variant}`);
  return found;
};

test.each(ROWS)("$file $variant is written as it ran", (row) => {
  const variant = variantOf(row);
  expect(emitPythonFile(variant, fillProblem(variant.problem, 1), captureOrigins(variant)).text).toBe(row.text);
  expect([row.mask !== undefined, row.scores !== undefined]).toEqual([variant.maskMod !== null, variant.scoreMod !== null]);
});

describe("the mask that came out is ours", () => {
  test.each(ROWS.flatMap((row) => (row.mask === undefined ? [] : [{ ...row, mask: row.mask }])))("$file $variant", ({ mask, ...row }) => {
    const body = variantOf(row).maskMod?.body ?? null;
    const [B, H, Q, KV] = mask.shape;
    const hash = createHash("sha256");
    for (let b = 0; b < B; b++) for (let h = 0; h < H; h++) hash.update(maskCells(body, { b, h, q0: 0, q1: Q, k0: 0, k1: KV }));
    expect(hash.digest("hex")).toBe(mask.sha256);
  });
});
