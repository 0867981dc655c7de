/**
 * `create_mask` of either kind of mod: of a mask_mod its cells, of a score_mod where a score of 0 does not become −inf
 * (what else it does to the score is lost, as in PyTorch).
 */
import { boxOf } from "../analysis/interval.ts";
import { binary, constant, type Expr } from "../ir/expr.ts";
import type { Mod } from "../ir/mod.ts";
import { rewrite } from "../ir/walk.ts";
import type { MaskSize } from "./blockMask.ts";
import { maskCells } from "./cells.ts";

/** The bool expression of the cells that a mod leaves. */
export function maskBodyOf(mod: Pick<Mod, "kind" | "body">): Expr {
  if (mod.kind === "mask_mod") return mod.body;
  const body = rewrite(mod.body, (e) => (e.kind === "var" && e.name === "score" ? constant(0, e.dtype) : e));
  return binary("ne", body, constant(Number.NEGATIVE_INFINITY, body.dtype));
}

/** 1 where the cell is left, row-major [batch, heads, qLen, kvLen]: a byte a cell, so the caller looks at the size. */
export function createMask(mod: Pick<Mod, "kind" | "body">, { batch, heads, qLen, kvLen }: MaskSize): Uint8Array {
  const body = maskBodyOf(mod);
  const out = new Uint8Array(batch * heads * qLen * kvLen);
  const box = boxOf(batch, heads, qLen, kvLen);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const at = (b * heads + h) * qLen * kvLen;
      maskCells(body, { b, h, q0: 0, q1: qLen, k0: 0, k1: kvLen }, out.subarray(at, at + qLen * kvLen), box);
    }
  }
  return out;
}
