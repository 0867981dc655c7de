/** The layouts that peers want their tensors in, and the mask as an additive bias. */
import type { Problem } from "../../../kernels/flash/problem.ts";
import type { Variant } from "../../../kernels/ir/mod.ts";
import { createMask } from "../../../kernels/mask/createMask.ts";

type Floats = Float32Array<ArrayBuffer>;

/** [B, heads, length, d] → [B, length, heads, d]. */
export function headsInside(x: Floats, batch: number, heads: number, length: number, d: number): Floats {
  return exchanged(x, batch, heads, length, d);
}

/** [B, length, heads, d] → [B, heads, length, d]. */
export function headsOutside(x: Floats, batch: number, heads: number, length: number, d: number): Floats {
  return exchanged(x, batch, length, heads, d);
}

/** [B, m, n, d] → [B, n, m, d]. */
function exchanged(x: Floats, batch: number, m: number, n: number, d: number): Floats {
  const out = new Float32Array(x.length);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        const from = ((b * m + i) * n + j) * d;
        out.set(x.subarray(from, from + d), ((b * n + j) * m + i) * d);
      }
    }
  }
  return out;
}

/** [count, length, d] → [count, d, length]. */
export function transposed(x: Floats, count: number, length: number, d: number): Floats {
  const out = new Float32Array(x.length);
  for (let c = 0; c < count; c++) {
    for (let t = 0; t < length; t++) {
      for (let i = 0; i < d; i++) out[(c * d + i) * length + t] = x[(c * length + t) * d + i] ?? 0;
    }
  }
  return out;
}

/** What stands for minus infinity in a bias: software adapters and peers may not carry infinities. */
const MASKED = -1e30;

/** [Q_LEN, KV_LEN]: 0 where the mask_mod (the same for every batch and head) allows, a large negative number elsewhere. */
export function additiveBias(variant: Variant, p: Problem): Floats {
  if (variant.maskMod === null) throw new Error(`${variant.name} has no mask_mod`);
  const mask = createMask(variant.maskMod, { batch: 1, heads: 1, qLen: p.qLen, kvLen: p.kvLen });
  return Float32Array.from(mask, (allowed) => (allowed ? 0 : MASKED));
}
