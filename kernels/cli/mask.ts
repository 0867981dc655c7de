/** `flexlens mask`: the block mask of a variant as a summary, a picture in text, PyTorch's fields in JSON, or a PNG. */
import { writeFileSync } from "node:fs";
import { encode } from "fast-png";
import { fillProblem, type Problem } from "../flash/problem.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import type { Expr } from "../ir/expr.ts";
import { type BlockMask, countBlocks } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import { maskBits } from "../mask/cells.ts";
import { sparsityOf } from "../mask/count.ts";
import { PALETTES } from "../mask/palette.ts";
import { drawMask, fitView, maskText } from "../mask/picture.ts";
import { torchFields } from "../mask/torchView.ts";
import type { Options } from "./options.ts";

/** Above so many cells `bits` is null: base64 of more would not be read by anyone. */
const MAX_BITS = 2 ** 24;
const PNG_SIZE = 1024;

/** The command's standard output. */
export function maskCommand(variant: LoweredVariant, options: Options): string {
  const problem = fillProblem(variant.problem, 1);
  const body = variant.maskMod?.body ?? null;
  const size = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  const mask = buildBlockMask(body, size, problem.blockSize);
  if (options.png !== null) writeFileSync(options.png, maskPng(mask, body));
  if (options.output === "json") return JSON.stringify(maskJson(mask, body, problem));
  const picture = options.output === "text" ? pictures(mask) : "";
  return `${summary(variant.name, mask, body, problem)}\n${picture}`.trimEnd();
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

function summary(name: string, mask: BlockMask, body: Expr | null, p: Problem): string {
  const sparsity = sparsityOf(mask, body);
  const { partial, full, empty, total } = countBlocks(mask);
  return [
    `${name}: B ${p.batch}, H ${p.qHeads}, Q_LEN ${p.qLen}, KV_LEN ${p.kvLen}, BLOCK_SIZE (${p.blockSize.join(", ")})`,
    `blocks skipped   ${percent(sparsity.blocks)}  (${full} full, ${partial} partial, ${empty} empty of ${total})`,
    `elements masked  ${percent(sparsity.elements)}`,
  ].join("\n");
}

/** One picture where the mask is the same for all; else one a batch and head, headed by its index. */
function pictures(mask: BlockMask): string {
  const parts: string[] = [];
  for (let b = 0; b < mask.batch; b++) {
    for (let h = 0; h < mask.heads; h++) {
      const head = mask.batch * mask.heads === 1 ? "" : `(${b}, ${h})\n`;
      parts.push(head + maskText(mask, { b, h }));
    }
  }
  return parts.join("\n\n");
}

/** What `--json` prints; `bits` is row-major over [B, H, Q_LEN, KV_LEN], least significant bit first. */
export function maskJson(mask: BlockMask, body: Expr | null, p: Problem): object {
  const { batch: b, qHeads: h, qLen, kvLen } = p;
  const f = torchFields(mask, b, h);
  const [rows, columns] = f.grid;
  return {
    shape: [b, h, qLen, kvLen],
    block_size: mask.blockSize,
    kv_num_blocks: nest(f.kvNumBlocks, [b, h, rows]),
    kv_indices: nest(f.kvIndices, [b, h, rows, columns]),
    full_kv_num_blocks: nest(f.fullKvNumBlocks, [b, h, rows]),
    full_kv_indices: nest(f.fullKvIndices, [b, h, rows, columns]),
    q_num_blocks: nest(f.qNumBlocks, [b, h, columns]),
    q_indices: nest(f.qIndices, [b, h, columns, rows]),
    full_q_num_blocks: nest(f.fullQNumBlocks, [b, h, columns]),
    full_q_indices: nest(f.fullQIndices, [b, h, columns, rows]),
    sparsity: sparsityOf(mask, body),
    bits: b * h * qLen * kvLen > MAX_BITS ? null : Buffer.from(maskBits(body, b, h, qLen, kvLen)).toString("base64"),
  };
}

/** Nested lists of a flat row-major array. */
function nest(flat: Int32Array, shape: readonly number[]): unknown[] {
  const [n = 0, ...rest] = shape;
  const step = rest.reduce((a, x) => a * x, 1);
  const slice = (i: number) => flat.subarray(i * step, (i + 1) * step);
  return rest.length === 0 ? Array.from(flat) : Array.from({ length: n }, (_, i) => nest(slice(i), rest));
}

/** The mask of the first batch and head, at most 1,024 pixels a side, in the dark palette. */
function maskPng(mask: BlockMask, body: Expr | null): Uint8Array {
  const scale = Math.max(1, Math.floor(PNG_SIZE / Math.max(mask.qLen, mask.kvLen)));
  const width = Math.min(PNG_SIZE, mask.kvLen * scale);
  const height = Math.min(PNG_SIZE, mask.qLen * scale);
  const data = new Uint8ClampedArray(4 * width * height);
  drawMask(data, width, height, mask, fitView(mask, width, height), PALETTES.dark, body);
  return encode({ width, height, data, channels: 4 });
}
