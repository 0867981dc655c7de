/**
 * Every mask variant at 4,096 tokens: what analysis says of its blocks against every one of its cells, by the emitted
 * loop, for block sizes that divide the length and for some that do not; and cells and lists against PyTorch's
 * (longMasks.json, made by longMasks.py). The masks are read from variants.py together with the code that builds their
 * arguments: the front end runs that as well.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { boxOf } from "../../kernels/analysis/interval.ts";
import { compileCells } from "../../kernels/emit/js.ts";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { BindingValue } from "../../kernels/frontend/module.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { freeVars } from "../../kernels/ir/walk.ts";
import { type BlockMask, FULL, forEachRun, torchSparsity } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { countAllowed } from "../../kernels/mask/count.ts";
import { torchFields } from "../../kernels/mask/torchView.ts";
import { hashU32, variantsText } from "../support/fixtures.ts";

interface LongMask {
  readonly mask: string;
  readonly cells: string;
  readonly allowed: number;
  readonly blocks: Readonly<Record<string, { readonly lists: string; readonly sparsity: number }>>;
}

const golden = JSON.parse(readFileSync(new URL("longMasks.json", import.meta.url), "utf8")) as {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly variants: Readonly<Record<string, LongMask>>;
};
const { batch, heads, length } = golden;
const names = Object.keys(golden.variants);

/** `Cfg(B, Hq, Hkv, Sq, Skv, D, block)`. */
const CFG = `Cfg(${batch}, ${heads}, ${heads}, ${length}, ${length}, 8, 128)`;

/** The variant's own builder, run by the front end: the mod that its entry names, with the arguments it makes. */
function bodyOf(name: string): Expr {
  const { mask } = variantOf(name);
  const bindings: Record<string, BindingValue> = { B: `${batch}`, H: `${heads}`, Q_LEN: `${length}`, KV_LEN: `${length}` };
  const args = `VARIANTS["${name}"][1](${CFG})["mask"]["args"]`;
  const isFactory = mask.startsWith("make_");
  const given = name === "block_map" ? "torch.tensor([[[[False]]]]), tile=4" : `**${args}`;
  if (name === "block_map") bindings["make_block_map.block_map"] = blockMap();
  const text = `${variantsText()}\nbuilt = ${isFactory ? `${mask}(${given})` : mask}\n`;
  const asked = name === "block_map" ? mask : "built";
  const { variant, diagnostics } = lowerPair([{ file: "variants.py", text }], null, asked, { stepBudget: 20_000_000, bindings });
  const body = variant?.maskMod?.body;
  const wrong = diagnostics.filter((d) => d.severity === "error").map((d) => d.message);
  if (body === undefined || wrong.length > 0) throw new Error(`${name} does not lower: ${wrong.join("; ")}`);
  return body;
}

/** Its builder hashes two million numbers in a Python loop, past any budget: `rint((B, H, S / 4, S / 4), 9, 3) == 0`. */
function blockMap(): BindingValue {
  const tiles = Math.floor((length + 3) / 4);
  const data = Uint8Array.from({ length: batch * heads * tiles * tiles }, (_, i) => (hashU32(i, 9) % 3 === 0 ? 1 : 0));
  return { name: "block_map", dtype: "bool", shape: [batch, heads, tiles, tiles], data };
}

function variantOf(name: string): LongMask {
  const v = golden.variants[name];
  if (v === undefined) throw new Error(`no fixture ${name}`);
  return v;
}

/** Allowed cells of each block, by the emitted loop over every cell, for all block sizes in one pass; and their digest. */
function counted(
  body: Expr,
  sizes: readonly (readonly [number, number])[],
): { counts: readonly Int32Array[]; digest: string; planes: number } {
  const loop = compileCells(body, boxOf(batch, heads, length, length));
  const planes = freeVars(body).has("h") ? heads : 1;
  const counts = sizes.map(([q, k]) => new Int32Array(planes * Math.ceil(length / q) * Math.ceil(length / k)));
  const group = 256;
  const cells = new Uint8Array(group * length);
  const sums = new Int32Array(length + 1);
  const digest = createHash("sha256");
  for (let h = 0; h < heads; h++) {
    for (let q0 = 0; q0 < length; q0 += group) {
      loop(cells, { b: 0, h, q0, q1: q0 + group, k0: 0, k1: length }, null);
      digest.update(cells);
      if (h >= planes) continue;
      for (let row = 0; row < group; row++) {
        let sum = 0;
        for (let k = 0, at = row * length; k < length; k++) {
          sum += cells[at++] ?? 0;
          sums[k + 1] = sum;
        }
        for (const [i, size] of sizes.entries()) addRow(counts[i], size, h, q0 + row, sums);
      }
    }
  }
  return { counts, digest: digest.digest("hex"), planes };
}

function addRow(counts: Int32Array | undefined, [blockQ, blockK]: readonly [number, number], h: number, q: number, sums: Int32Array): void {
  if (counts === undefined) return;
  const columns = Math.ceil(length / blockK);
  const at = (h * Math.ceil(length / blockQ) + Math.floor(q / blockQ)) * columns;
  for (let c = 0; c < columns; c++) {
    const inside = (sums[Math.min(length, (c + 1) * blockK)] ?? 0) - (sums[c * blockK] ?? 0);
    counts[at + c] = (counts[at + c] ?? 0) + inside;
  }
}

/** What the mask says of each block: 0 empty, 1 partial, 2 full; by rows or by columns of blocks. */
function statesOf(m: BlockMask, which: "rows" | "columns"): Uint8Array {
  const [rows, columns] = [Math.ceil(length / m.blockSize[0]), Math.ceil(length / m.blockSize[1])];
  const states = new Uint8Array(m.heads * rows * columns);
  const lines = which === "rows" ? rows : columns;
  for (let line = 0; line < m.heads * lines; line++) {
    const [h, at] = [Math.floor(line / lines), line % lines];
    forEachRun(m[which], line, (first, end, state) => {
      for (let x = first; x < end; x++) {
        const [row, column] = which === "rows" ? [at, x] : [x, at];
        states[(h * rows + row) * columns + column] = state === FULL ? 2 : 1;
      }
    });
  }
  return states;
}

function listsDigest(m: BlockMask): string {
  const f = torchFields(m, batch, heads);
  const digest = createHash("sha256");
  for (const list of [
    f.kvNumBlocks,
    f.kvIndices,
    f.fullKvNumBlocks,
    f.fullKvIndices,
    f.qNumBlocks,
    f.qIndices,
    f.fullQNumBlocks,
    f.fullQIndices,
  ])
    digest.update(new Uint8Array(list.buffer, list.byteOffset, list.byteLength));
  return digest.digest("hex");
}

describe("every mask variant at 4,096 tokens", () => {
  test("there is one for each mask of variants.py", () => {
    const masked = [...variantsText().matchAll(/^simple\("(\w+)",.*\bmask=/gm)].map(([, name]) => name);
    // Its builder makes a score of 4,096 × 4,096 × 2 numbers beside its mask, which is `causal`.
    expect(names).toEqual(masked.filter((name) => name !== "full_bias"));
  });

  test.each(names)("%s: analysed = every cell = PyTorch", (name) => {
    const { blocks, cells, allowed } = variantOf(name);
    const body = bodyOf(name);
    const sizes = Object.keys(blocks).map((key): readonly [number, number] => {
      const [q = 0, k = 0] = key.split(",").map(Number);
      return [q, k];
    });
    const { counts, digest, planes } = counted(body, sizes);
    expect(digest, "the cells").toBe(cells);
    sizes.forEach((size, i) => {
      const told = `in blocks of ${size}`;
      const m = buildBlockMask(body, { batch, heads, qLen: length, kvLen: length }, size);
      const dense = Uint8Array.from(counts[i] ?? [], (n) => (n === 0 ? 0 : n === size[0] * size[1] ? 2 : 1));
      expect(m.heads, told).toBe(planes);
      expect(Buffer.compare(statesOf(m, "rows"), dense), told).toBe(0);
      expect(Buffer.compare(statesOf(m, "columns"), dense), told).toBe(0);
      expect(listsDigest(m), told).toBe(blocks[String(size)]?.lists);
      expect(torchSparsity(m), told).toBeCloseTo(blocks[String(size)]?.sparsity ?? Number.NaN, 9);
      if (i === 0) expect(countAllowed(m, body) * (heads / m.heads)).toBe(allowed);
    });
  });
});
