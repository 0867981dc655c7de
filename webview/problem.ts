/**
 * The problem bar's arithmetic: what a typed size does to the form's hints, and why some sizes cannot be. Pure.
 * Two lengths that are equal move together (self-attention stays square), and so do two head counts.
 */
import type { Problem } from "../kernels/flash/problem.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import { integer, parseSize } from "./number.ts";

export type ProblemKey = "batch" | "qHeads" | "kvHeads" | "qLen" | "kvLen" | "qkHeadDim" | "blockSize" | "vHeadDim" | "scale";

export interface ProblemField {
  readonly key: ProblemKey;
  /** The field's name in PyTorch's words. */
  readonly label: string;
  readonly tip: string;
  readonly characters: number;
}

export const PROBLEM_FIELDS: readonly ProblemField[] = [
  { key: "batch", label: "B", tip: "Batch", characters: 2 },
  { key: "qHeads", label: "H", tip: "Query heads", characters: 2 },
  { key: "kvHeads", label: "KV heads", tip: "Key and value heads; they divide H", characters: 2 },
  { key: "qLen", label: "Q_LEN", tip: "Queries; 4k is 4,096", characters: 5 },
  { key: "kvLen", label: "KV_LEN", tip: "Keys; 4k is 4,096", characters: 5 },
  { key: "qkHeadDim", label: "D", tip: "Head dimension", characters: 3 },
  { key: "blockSize", label: "block", tip: "BLOCK_SIZE of the block mask: one number, or queries × keys", characters: 3 },
];

/** Those that mostly follow from the others. */
export const RARE_FIELDS: readonly ProblemField[] = [
  { key: "vHeadDim", label: "DV", tip: "Head dimension of values; D unless given", characters: 3 },
  {
    key: "scale",
    label: "scale",
    tip: "Factor of q·k before the score_mod; 1/√D unless given. `0.1`, `1/8` and `1/sqrt(128)` are taken",
    characters: 6,
  },
];

/** What tensors are stored as: the names of the choice, and what each asks for. */
export const STORAGES = [
  { value: "f32", text: "float32" },
  { value: "f16", text: "float16" },
  { value: "bf16", text: "bfloat16 (rounded, no times)" },
] as const;

/** The choice that a problem shows. */
export const storageOf = (p: Pick<Problem, "storage" | "rounding">): (typeof STORAGES)[number]["value"] => p.rounding ?? p.storage;

/** The form's hints after another was chosen. */
export function withStorage(hints: ProblemHints, chosen: string): ProblemHints {
  const { rounding: _before, ...others } = hints;
  return chosen === "bf16" ? { ...others, storage: "f32", rounding: "bf16" } : { ...others, storage: chosen === "f16" ? "f16" : "f32" };
}

/** What of the rare sizes is not as it mostly is: `DV 32 · scale 0.1 · BSHD`; empty: nothing. */
export function rareText(p: Problem): string {
  return [
    ...(p.vHeadDim === p.qkHeadDim ? [] : [`DV ${integer(p.vHeadDim)}`]),
    ...(isOwnScale(p) ? [`scale ${fieldText(p, "scale")}`] : []),
    ...(p.layout === "BHSD" ? [] : [p.layout]),
  ].join(" · ");
}

const isOwnScale = (p: Pick<Problem, "scale" | "qkHeadDim">): boolean => p.scale !== 1 / Math.sqrt(p.qkHeadDim);

/** A field's text for a problem. */
export function fieldText(problem: Problem, key: ProblemKey): string {
  if (key === "scale") return isOwnScale(problem) ? String(Number(problem.scale.toPrecision(6))) : `1/√${problem.qkHeadDim}`;
  if (key !== "blockSize") return integer(problem[key]);
  const [q, kv] = problem.blockSize;
  return q === kv ? integer(q) : `${integer(q)} × ${integer(kv)}`;
}

export type Edit = { readonly ok: true; readonly hints: ProblemHints } | { readonly ok: false; readonly error: string };

/**
 * The form's hints after `text` was typed into a field. An empty text gives the size back to the file. `hints` are
 * the form's so far, `shown` the problem as it stands.
 */
export function editProblem(hints: ProblemHints, shown: Problem, key: ProblemKey, text: string): Edit {
  if (text.trim() === "") return { ok: true, hints: without(hints, key) };
  if (key === "blockSize") {
    const sizes = text.split(/[×x*;]|,(?!\d{3}\b)/i).map(parseSize);
    const [q = null, kv = q] = sizes;
    if (q === null || kv === null || sizes.length > 2)
      return { ok: false, error: `\`${text}\` is no block size; write \`128\`, or \`128 × 64\`.` };
    return { ok: true, hints: { ...hints, blockSize: [q, kv] } };
  }
  if (key === "scale") {
    const scale = parseScale(text);
    if (scale === null)
      return { ok: false, error: `\`${text}\` is no scale; write a number such as \`0.125\`, \`1/8\` or \`1/sqrt(128)\`.` };
    return { ok: true, hints: { ...hints, scale } };
  }
  const value = parseSize(text);
  if (value === null) return { ok: false, error: `\`${text}\` is no size; write a whole number such as \`4096\` or \`4k\`.` };
  if (key === "qLen" && shown.qLen === shown.kvLen) return { ok: true, hints: { ...hints, qLen: value, kvLen: value } };
  if (key === "qHeads" && shown.qHeads === shown.kvHeads) return { ok: true, hints: { ...hints, qHeads: value, kvHeads: value } };
  const next = { ...shown, [key]: value };
  if (next.qHeads % next.kvHeads !== 0) {
    return {
      ok: false,
      error: `${next.qHeads} heads cannot share ${next.kvHeads} key heads; KV heads must divide H: ${divisors(next.qHeads).join(", ")}.`,
    };
  }
  return { ok: true, hints: { ...hints, [key]: value } };
}

/** A factor as people write it: `0.125`, `1/8`, `1/sqrt(128)`, `1/√128`. null where it is none. */
export function parseScale(text: string): number | null {
  const number = String.raw`(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)`;
  const match = new RegExp(String.raw`^(-?)${number}(?:/(?:(?:sqrt|√)\(?${number}\)?|${number}))?$`, "i").exec(text.replace(/[\s_]/g, ""));
  if (match === null) return null;
  const [, sign, over, root, under] = match;
  const divisor = root === undefined ? Number(under ?? 1) : Math.sqrt(Number(root));
  const value = (sign === "-" ? -1 : 1) * (Number(over) / divisor);
  return Number.isFinite(value) ? value : null;
}

function without(hints: ProblemHints, key: ProblemKey): ProblemHints {
  const rest = { ...hints };
  delete rest[key];
  return rest;
}

/** The six largest divisors at most: a line of text holds no more. */
function divisors(n: number): readonly number[] {
  const all: number[] = [];
  for (let d = 1; d <= n && d <= 4096; d++) if (n % d === 0) all.push(d);
  return all.slice(-6);
}
