/**
 * Every mask of the fixtures against PyTorch's own values: the cells, all fields of the block mask, sparsity, text.
 * The masks are read from variants.py by the front end itself, with the fixtures' arguments bound.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import { blockSparsity, torchSparsity } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { maskBits } from "../../kernels/mask/cells.ts";
import { countAllowed } from "../../kernels/mask/count.ts";
import { torchString } from "../../kernels/mask/torchText.ts";
import { type TorchFields, torchFields } from "../../kernels/mask/torchView.ts";
import {
  type BlockMaskFields,
  bindingsOf,
  entryName,
  fixtureNames,
  loadFixture,
  type MaskCase,
  variantsText,
} from "../support/fixtures.ts";

const withMask = fixtureNames().filter((name) => loadFixture(name).has_mask);
const cases = withMask.flatMap((name) => Object.entries(loadFixture(name).mask_cases).map(([size, c]) => [name, size, c] as const));

test("there are fixtures for every mask and size", () => {
  expect(withMask.length).toBeGreaterThanOrEqual(37);
  expect(new Set(cases.map(([, size]) => size))).toEqual(new Set(["m64", "m50", "m37x61", "m300"]));
});

describe("PyTorch's own masks", () => {
  test.each(cases)("%s at %s", (_, __, c) => {
    const { B, H, Sq, Skv } = c.cfg;
    const body = bodyOf(c);
    const bits = maskBits(body, B, H, Sq, Skv);
    if (c.bits_b64 !== undefined) expect(Buffer.from(bits).equals(Buffer.from(c.bits_b64, "base64"))).toBe(true);
    expect(createHash("sha256").update(bits).digest("hex")).toBe(c.bits_sha256);

    const m = buildBlockMask(body, { batch: B, heads: H, qLen: Sq, kvLen: Skv }, c.block_mask.BLOCK_SIZE);
    expect(fieldsOf(torchFields(m, B, H))).toEqual(pickFields(c.block_mask));
    expect(countAllowed(m, body) * ((B / m.batch) * (H / m.heads))).toBe(c.popcount);
    expect(torchSparsity(m)).toBeCloseTo(c.block_mask.sparsity, 9);
    expect(blockSparsity(m)).toBeGreaterThanOrEqual(0);
    if (c.to_string !== undefined) expect(torchString(m, B, H)).toBe(c.to_string);
  });
});

function bodyOf(c: MaskCase) {
  const sources = [{ file: "variants.py", text: variantsText() }];
  // The sizes keep the values small that stand in for what the other mods of the file capture.
  const { B, H, Sq, Skv } = c.cfg;
  const bindings = { B: `${B}`, H: `${H}`, Q_LEN: `${Sq}`, KV_LEN: `${Skv}`, ...bindingsOf(c.mask) };
  const { variant, diagnostics } = lowerPair(sources, null, entryName(c.mask), { bindings });
  const body = variant?.maskMod?.body;
  if (body === undefined) {
    const errors = diagnostics.filter((d) => d.severity === "error").map((d) => d.message);
    throw new Error(`no mask: ${errors.join("; ")}`);
  }
  return body;
}

type ListFields = Omit<BlockMaskFields, "BLOCK_SIZE" | "seq_lengths" | "shape" | "sparsity">;

function pickFields(f: BlockMaskFields): ListFields {
  const { BLOCK_SIZE: _size, seq_lengths: _lengths, shape: _shape, sparsity: _sparsity, ...lists } = f;
  return lists;
}

/** The flat fields as PyTorch's nested lists. */
function fieldsOf(f: TorchFields): ListFields {
  const [rows, columns] = f.grid;
  const counts = (data: Int32Array, lines: number): number[][][] => cut(cut([...data], lines), f.heads);
  const ids = (data: Int32Array, lines: number, length: number): number[][][][] => cut(cut(cut([...data], length), lines), f.heads);
  return {
    kv_num_blocks: counts(f.kvNumBlocks, rows),
    kv_indices: ids(f.kvIndices, rows, columns),
    full_kv_num_blocks: counts(f.fullKvNumBlocks, rows),
    full_kv_indices: ids(f.fullKvIndices, rows, columns),
    q_num_blocks: counts(f.qNumBlocks, columns),
    q_indices: ids(f.qIndices, columns, rows),
    full_q_num_blocks: counts(f.fullQNumBlocks, columns),
    full_q_indices: ids(f.fullQIndices, columns, rows),
  };
}

function cut<T>(items: readonly T[], length: number): T[][] {
  return Array.from({ length: items.length / length }, (_, i) => items.slice(i * length, (i + 1) * length));
}
