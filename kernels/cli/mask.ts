/** `flexlens mask`: the block mask of a variant as a summary, a picture in text, PyTorch's fields in JSON, files, a report. */
import { writeFileSync } from "node:fs";
import { fillProblem, type Problem } from "../flash/problem.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import type { Expr } from "../ir/expr.ts";
import { type BlockMask, countBlocks } from "../mask/blockMask.ts";
import { maskCost } from "../mask/cost.ts";
import { sparsityOf } from "../mask/count.ts";
import { maskText } from "../mask/picture.ts";
import { wholePlane } from "../mask/region.ts";
import { torchSparsityText } from "../mask/torchText.ts";
import { buildTimed, listOptions, maskJson, type TimedMask } from "./maskJson.ts";
import { pngOf, writeMask } from "./maskOut.ts";
import { maskReport } from "./maskReport.ts";
import type { Options } from "./options.ts";

/** The command's standard output. */
export function maskCommand(variant: LoweredVariant, options: Options): string {
  const problem = fillProblem(variant.problem, 1);
  const body = variant.maskMod?.body ?? null;
  const timed = buildTimed(body, problem);
  const { mask } = timed;
  if (options.png !== null) writeFileSync(options.png, pngOf(mask, body, wholePlane(mask, 0, 0)));
  if (options.out !== null) writeMask(options.out, variant.name, mask, body, options, [problem.batch, problem.qHeads]);
  if (options.report !== null)
    return maskReport(variant.name, mask, body, options.report.ranks, options.output === "json" ? "json" : "text");
  if (options.output === "json") return JSON.stringify(maskJson(timed, body, problem, listOptions(variant.problem, options)));
  const picture = options.output === "text" ? pictures(mask) : "";
  return `${summary(variant.name, timed, body, problem)}\n${picture}`.trimEnd();
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** As the panel tells it: powers of 1,024, three digits. */
function byteText(n: number): string {
  const power = [1, 2, 3, 4].filter((each) => n >= 1024 ** each).length;
  return `${power === 0 ? n : Number((n / 1024 ** power).toPrecision(3))} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

function summary(name: string, { mask, builtMs }: TimedMask, body: Expr | null, p: Problem): string {
  const sparsity = sparsityOf(mask, body);
  const cost = maskCost(mask, p.batch, p.qHeads);
  const torch = torchSparsityText(mask);
  const { partial, full, empty, total } = countBlocks(mask);
  return [
    `${name}: B ${p.batch}, H ${p.qHeads}, Q_LEN ${p.qLen}, KV_LEN ${p.kvLen}, BLOCK_SIZE (${p.blockSize.join(", ")})`,
    `blocks skipped   ${percent(sparsity.blocks)}  (${full} full, ${partial} partial, ${empty} empty of ${total})`,
    `elements masked  ${percent(sparsity.elements)}`,
    ...(torch === null ? [] : [`PyTorch prints   ${torch}  (it counts blocks that reach over the end whole)`]),
    `kept in          ${byteText(cost.runs)} as runs  (PyTorch's lists ${byteText(cost.torchLists)}, dense ${byteText(cost.dense)}), built in ${builtMs < 10 ? builtMs.toPrecision(2) : Math.round(builtMs)} ms`,
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
