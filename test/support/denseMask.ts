/** Block masks the slow way, from every cell: what `buildBlockMask` and its views are held against. */
import type { MaskSize } from "../../kernels/mask/blockMask.ts";

/** 0 empty, 1 partial, 2 full for each block, [batch, heads, rows, columns]; padding counts as masked. */
export function denseStates(bits: ArrayLike<number>, size: MaskSize, [blockQ, blockK]: readonly [number, number]): Uint8Array {
  const rows = Math.ceil(size.qLen / blockQ);
  const columns = Math.ceil(size.kvLen / blockK);
  const states = new Uint8Array(size.batch * size.heads * rows * columns);
  for (let plane = 0; plane < size.batch * size.heads; plane++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let allowed = 0;
        for (let q = r * blockQ; q < Math.min(size.qLen, (r + 1) * blockQ); q++) {
          for (let k = c * blockK; k < Math.min(size.kvLen, (c + 1) * blockK); k++)
            allowed += bits[(plane * size.qLen + q) * size.kvLen + k] ?? 0;
        }
        states[(plane * rows + r) * columns + c] = allowed === 0 ? 0 : allowed === blockQ * blockK ? 2 : 1;
      }
    }
  }
  return states;
}
