/**
 * What the hover says, as Markdown with HTML in it: the formula, the mask in a picture and in figures, the captures and where their
 * values come from, the last time measured. Pure; the picture comes in as a data URI.
 */
import { simplify } from "../kernels/analysis/simplify.ts";
import type { Problem } from "../kernels/flash/problem.ts";
import { type CaptureOrigin, type CaptureRow, captureRows, captureSummary } from "../kernels/frontend/captures.ts";
import type { BoundName, LoweredVariant } from "../kernels/frontend/module.ts";
import type { Mod } from "../kernels/ir/mod.ts";
import { TORCH_NAMES } from "../kernels/ir/ops.ts";
import { printExpr } from "../kernels/ir/print.ts";
import { type BlockMask, blockSparsity, countBlocks } from "../kernels/mask/blockMask.ts";
import { torchSparsityText } from "../kernels/mask/torchText.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { age } from "../kernels/runtime/resultText.ts";
import { COMMANDS } from "./contributions.ts";
import { benchmarkTitle, shownResult } from "./lensTitle.ts";
import { integer, percent } from "./number.ts";

export interface HoverFacts {
  readonly document: string;
  readonly variant: LoweredVariant;
  readonly problem: Problem;
  /** null: no mask_mod, or too large to count here. */
  readonly mask: BlockMask | null;
  /** Share of masked elements; null where it was not counted. */
  readonly elements: number | null;
  /** Of the mask, in words; empty where there is none. */
  readonly shape: string;
  /** Data URI, of the mask or of what a score_mod by itself adds; null: no picture. */
  readonly picture: string | null;
  readonly key: string;
  readonly results: readonly BenchResult[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Longest formula shown, in characters. */
const FORMULA = 600;
/** Rows of captures shown; the rest is counted. */
const CAPTURES = 8;
/** Edge of the picture, CSS pixels. */
export const PICTURE_EDGE = 96;

export function hoverMarkdown(facts: HoverFacts): string {
  const { variant } = facts;
  const mods = [variant.scoreMod, variant.maskMod].filter((mod) => mod !== null);
  return [...mods.map((mod) => formula(mod, mods.length > 1)), figures(facts), captures(variant), links(facts)]
    .filter((part) => part !== "")
    .join("\n\n");
}

function formula(mod: Mod, named: boolean): string {
  const text = printExpr(simplify(mod.body), { maxLength: FORMULA });
  return `\`\`\`python\n${named ? `${mod.kind}: ` : ""}${text}\n\`\`\``;
}

function altText({ variant, mask, shape }: HoverFacts): string {
  if (variant.maskMod === null) return `What ${variant.name} adds to a score`;
  const share = mask === null ? "" : `, ${percent(blockSparsity(mask)).replace("%", "percent")} of blocks empty`;
  return `Mask of ${variant.name}${share}${shape === "" ? "" : `, ${shape}`}`;
}

function figures(facts: HoverFacts): string {
  const { mask, elements, variant, key, problem, results, now, shape } = facts;
  const lines: string[] = [];
  if (mask !== null) {
    if (shape !== "") lines.push(html(shape));
    const { full, partial, empty } = countBlocks(mask);
    lines.push(`<b>${percent(blockSparsity(mask))}</b> of blocks skipped`);
    lines.push(elements === null ? "elements not counted: too many" : `<b>${percent(elements)}</b> of elements masked`);
    lines.push(`${integer(full)} full, ${integer(partial)} partial, ${integer(empty)} empty`);
    const torch = torchSparsityText(mask);
    if (torch !== null) lines.push(`PyTorch's <code>sparsity()</code> says ${torch}: it counts blocks over the end whole`);
  } else if (variant.maskMod !== null) {
    lines.push("blocks not counted here: it takes too long; the panel counts them");
  } else {
    lines.push("nothing is skipped: there is no mask_mod");
  }
  lines.push(sizes(problem));
  const shown = shownResult(results, key, problem);
  if (shown !== null) {
    const { engine, device, measuredAt } = shown.result;
    lines.push(`${benchmarkTitle(results, key, problem)}<br>${html(`${engine} on ${device.name}, ${age(now - measuredAt)}`)}`);
  }
  const picture = facts.picture === null ? "" : `<td><img alt="${html(altText(facts))}" src="${facts.picture}"></td>`;
  // One row, so that the picture stands beside all figures; HTML, since a Markdown cell has one line.
  return `<table><tr>${picture}<td>${lines.join("<br>")}</td></tr></table>`;
}

/** `B 1 · H 8 · S 1 024 · D 64 · blocks 128 × 128`; sizes that differ from their partner are both named. */
function sizes(p: Problem): string {
  const heads = p.qHeads === p.kvHeads ? `H ${integer(p.qHeads)}` : `H ${integer(p.qHeads)}, HKV ${integer(p.kvHeads)}`;
  const lengths = p.qLen === p.kvLen ? `S ${integer(p.qLen)}` : `Q_LEN ${integer(p.qLen)}, KV_LEN ${integer(p.kvLen)}`;
  const dims = p.qkHeadDim === p.vHeadDim ? `D ${p.qkHeadDim}` : `D ${p.qkHeadDim}, DV ${p.vHeadDim}`;
  const storage = p.rounding !== undefined ? [`rounded to ${p.rounding}`] : p.storage === "f32" ? [] : [p.storage];
  const layout = p.layout === "BHSD" ? [] : [p.layout];
  return [`B ${integer(p.batch)}`, heads, lengths, dims, `blocks ${p.blockSize.join(" × ")}`, ...storage, ...layout].join(" · ");
}

function captures(variant: LoweredVariant): string {
  const all = captureRows(variant);
  if (all.length === 0) return "";
  const shown = all.slice(0, CAPTURES).map((row) => ({ row, holds: held(row) }));
  const someHold = shown.some(({ holds }) => holds !== "");
  const rows = shown.map(({ row, holds }) => [
    code(row.name),
    code(describeBinding(row)),
    ...(someHold ? [holds] : []),
    ORIGINS[row.origin],
  ]);
  const more = all.length > CAPTURES ? `\n\nand ${all.length - CAPTURES} more` : "";
  return table(["capture", "value", ...(someHold ? ["holds"] : []), "from"], rows) + more;
}

/** What is in a tensor; for another value, what its expression gives. */
function held(row: CaptureRow): string {
  const summary = captureSummary(row);
  return summary === "" || summary === row.text ? "" : code(summary);
}

/** A captured value on a line: `int64[4096]`, `256`, `torch.arange(S) // 64`. */
export function describeBinding(binding: Pick<BoundName, "tensor" | "text">): string {
  const { tensor, text } = binding;
  const short = text.length > 48 ? `${text.slice(0, 47)}…` : text;
  if (tensor === null) return short;
  const shape = `${TORCH_NAMES[tensor.dtype]}[${tensor.shape.join(", ")}]`;
  return short === "" || short === shape ? shape : `${shape} = ${short}`;
}

const ORIGINS: Readonly<Record<CaptureOrigin, string>> = {
  form: "the panel",
  directive: "directive",
  "file directive": "directive of the file",
  module: "the file",
  "call site": "a call",
  default: "default argument",
  seeded: "**made up**: the file gives no value",
  computed: "computed by the file",
};

function links({ document, variant }: HoverFacts): string {
  const args = encodeURIComponent(JSON.stringify([document, variant.name]));
  const link = (text: string, command: string): string => `[${text}](command:${command}?${args})`;
  return [link("Mask", COMMANDS.showMask), link("Benchmark", COMMANDS.showBenchmark), link("Kernel", COMMANDS.showKernel)].join(" · ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => ":---")), ...rows.map(line)].join("\n");
}

/** Text as inline code in a table cell. */
const code = (text: string): string => `\`${text.replaceAll("`", "'").replaceAll("|", "\\|").replace(/\s+/g, " ")}\``;
/** Text within HTML; a line break would end the block that Markdown takes for HTML. */
const html = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[\r\n]+/g, " ");
