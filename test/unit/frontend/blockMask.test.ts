/**
 * A BlockMask in module code: its mask_mod, sizes and what is made of it. What PyTorch 2.13 says of the same lines
 * stands beside them.
 */
import { describe, expect, test } from "vitest";
import { simplify } from "../../../kernels/analysis/simplify.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../../kernels/frontend/module.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

const HEAD = `import torch
from torch.nn.attention.flex_attention import BlockMask, and_masks, create_block_mask, create_mask, flex_attention, noop_mask

def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx

def near(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx).abs() < 7

def with_offset(mask_mod, offset):
    def shifted(b, h, q_idx, kv_idx):
        return mask_mod(b, h, q_idx + offset, kv_idx)
    return shifted

def softcap(score, b, h, q_idx, kv_idx):
    return 20.0 * torch.tanh(score / 20.0)

base = create_block_mask(causal, 2, None, 512, 384, "cpu", (64, 32))
`;

const lower = (text: string): LoweredModule => lowerModule([{ file: "m.py", text: HEAD + text }]);

/** What is said of the text after `HEAD`, whose factory has parameters that nothing gives. */
const said = (module: LoweredModule) => module.diagnostics.filter((d) => d.span.from >= HEAD.length);

/** The mask of `mod`, with a body of `text`'s last lines. */
function bodyOf(module: LoweredModule, name: string): string {
  const body = module.variants.find((v) => v.name === name)?.maskMod?.body;
  return body === undefined ? "" : printExpr(simplify(body));
}

/** What an expression over module names comes to, as a mod that compares with it says. */
function askedOf(expression: string, before = ""): string {
  const module = lower(`${before}\nvalue = ${expression}\ndef asked(b, h, q_idx, kv_idx):\n    return q_idx == value\n`);
  expect(said(module)).toEqual([]);
  return bodyOf(module, "asked").replace("q_idx == ", "");
}

describe("what a BlockMask says of itself", () => {
  test.each([
    ["base.BLOCK_SIZE[0]", "64"],
    ["base.BLOCK_SIZE[1]", "32"],
    ["base.seq_lengths[0]", "512"],
    ["base.shape[0]", "2"],
    ["base.shape[1]", "1"],
    ["base.shape[-1]", "384"],
    ["base.numel()", "393216"],
    ["base.to('cpu').shape[2]", "512"],
    ["base[0].seq_lengths[0]", "512"],
    ["base[:, :, 1].BLOCK_SIZE[1]", "32"],
    ["base._adjust(128, 96).seq_lengths[1]", "96"],
    ["base._adjust(128, 96).numel()", "24576"],
    ["create_block_mask(causal, 1, 1, 300, 300, device='cpu').BLOCK_SIZE[0]", "128"],
    ["create_block_mask(causal, 1, 1, 300, 300, device='cpu', BLOCK_SIZE=16).BLOCK_SIZE[1]", "16"],
    ["by_hand.seq_lengths[1]", "192"],
    ["by_hand.shape[2]", "128"],
    ["by_hand.BLOCK_SIZE[0]", "64"],
    ["of_lengths.seq_lengths[0]", "100"],
  ])("%s is %s", (expression, value) => {
    const lists = "torch.zeros(1, 1, 2, dtype=torch.int32), torch.zeros(1, 1, 2, 3, dtype=torch.int32)";
    const before = [
      `by_hand = BlockMask.from_kv_blocks(${lists}, BLOCK_SIZE=64)`,
      `of_lengths = BlockMask.from_kv_blocks(${lists}, BLOCK_SIZE=(64, 64), mask_mod=near, seq_lengths=(100, 180))`,
    ].join("\n");
    expect(askedOf(expression, before)).toBe(value);
  });

  test("its lists and what follows from them are not known, and stand in with a hint", () => {
    const module = lower("share = base.sparsity()\ndef asked(b, h, q_idx, kv_idx):\n    return q_idx >= share\n");
    expect(said(module).map((d) => [d.code, d.severity])).toEqual([["seeded-value", "hint"]]);
  });

  test("so do the cells of create_mask, which may be indexed like any tensor", () => {
    const text = "cells = create_mask(causal, 1, 1, 64, 64)\ndef asked(b, h, q_idx, kv_idx):\n    return cells[0, 0, q_idx, kv_idx]\n";
    const module = lower(text);
    expect(said(module).map((d) => [d.code, d.severity])).toEqual([["seeded-value", "hint"]]);
    expect(bodyOf(module, "asked")).toBe("cells[0, 0, q_idx, kv_idx]");
  });
});

describe("its mask_mod", () => {
  test("is the mod itself, to call, to combine and to wrap", () => {
    const module = lower(
      [
        "moved = with_offset(base.mask_mod, 100)",
        "both = and_masks(base.mask_mod, near)",
        "of_noop = BlockMask.from_kv_blocks(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2, 2)).mask_mod",
        "def asked(b, h, q_idx, kv_idx):",
        "    return base.mask_mod(b, h, q_idx, kv_idx) & of_noop(b, h, q_idx, kv_idx)",
      ].join("\n"),
    );
    expect(said(module)).toEqual([]);
    expect(bodyOf(module, "moved")).toBe("q_idx - kv_idx >= -100");
    expect(bodyOf(module, "both")).toBe("(q_idx >= kv_idx) & (torch.abs(q_idx - kv_idx) < 7)");
    expect(bodyOf(module, "asked")).toBe("q_idx >= kv_idx");
  });

  test("is another after an assignment, as decoding makes at each step, and adjusting keeps it", () => {
    const text = [
      "base.mask_mod = with_offset(base.mask_mod, 100)",
      "base.mask_mod = with_offset(base.mask_mod, 1)",
      "taken = base._adjust(64, 64).mask_mod",
      "def asked(b, h, q_idx, kv_idx):",
      "    return taken(b, h, q_idx, kv_idx)",
    ].join("\n");
    expect(bodyOf(lower(text), "asked")).toBe("q_idx - kv_idx >= -101");
  });

  test("of a slice raises when it is called, and not when it is replaced", () => {
    const called = lower("rows = base[:, :, 3]\nmoved = with_offset(rows.mask_mod, 192)\n");
    expect(called.diagnostics.filter((d) => d.severity === "error").map((d) => d.code)).toEqual(["sliced-mask-mod"]);
    const replaced = lower("rows = base[:, :, 3]\nrows.mask_mod = with_offset(base.mask_mod, 192)\n");
    expect(said(replaced)).toEqual([]);
  });
});

describe("flex_attention pairs a score_mod", () => {
  const QUERY = "q = torch.randn(2, 1, 64, 32)\nk = torch.randn(2, 1, 384, 32)\n";
  const paired = (text: string): string[] =>
    lower(QUERY + text)
      .variants.filter((v) => v.scoreMod !== null && v.maskMod !== null)
      .map((v) => `${v.name} ${v.problem.qLen}: ${v.maskMod === null ? "" : printExpr(v.maskMod.body)}`);

  test("with the mod that the mask has by then, at the query's own length", () => {
    const text = "rows = base[:, :, 3]\nrows.mask_mod = with_offset(base.mask_mod, 192)\nout = flex_attention(q, k, k, softcap, rows)\n";
    expect(paired(text)).toEqual(["softcap + shifted 64: q_idx + 192 >= kv_idx"]);
  });

  test("with the mod of a mask that was moved to a device, or made from lists", () => {
    expect(paired("out = flex_attention(q, k, k, softcap, base.to('cuda'))\n")).toEqual(["softcap + causal 512: q_idx >= kv_idx"]);
    const lists = "torch.zeros(1, 1, 1, dtype=torch.int32), torch.zeros(1, 1, 1, 3, dtype=torch.int32)";
    expect(
      paired(
        `made = BlockMask.from_kv_blocks(${lists}, mask_mod=near, seq_lengths=(64, 384))\nout = flex_attention(q, k, k, softcap, made)\n`,
      ),
    ).toEqual(["softcap + near 64: torch.abs(q_idx - kv_idx) < 7"]);
  });
});
