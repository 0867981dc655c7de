/**
 * Plausible numbers for names that the text leaves open, and dtypes for tensors (their elements: seedTensor.ts): a
 * window, a number of heads, a cap. Guessed from the name, the same for the same text. Whoever takes one says so in a
 * hint diagnostic (`seeded-value`): nothing here is ever shown as the user's own.
 */
import type { DType } from "../ir/ops.ts";

/** Sizes that seeded tensors take. */
export interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/** Documents, sequences or images that a made-up packing holds. */
export const DOCUMENTS = 5;

/** What a name is used as. */
export type SeedKind = "int" | "float" | "bool" | "tensor" | "mask_mod" | "score_mod" | "function" | "device";

/** What names of a number are about, the first that fits first, and a usual value of each, as a number or as Python text. */
const RULES: readonly (readonly [pattern: RegExp, usual: (sizes: Sizes) => number | string])[] = [
  [/^(h|head|heads)_|local_heads|global_heads/, (sizes) => Math.max(1, sizes.heads >> 1)],
  [/head/, (sizes) => sizes.heads],
  [/^b$|batch|bsz/, (sizes) => sizes.batch],
  [/^(is|use|has|enable)_|causal$|bidirectional$/, () => "True"],
  [/^t[hw]$|tile_?(h|w|height|width|rows|cols)$|^(h|w)_?tile$/, () => 8],
  [/kernel_?tiles|tiles_?kernel/, () => 3],
  [/(text|prompt|cond)_?(len|tokens|size)/, (sizes) => Math.max(1, sizes.qLen >> 3)],
  [/(num|n)_?(doc|seq|seg|image|span|part)/, () => DOCUMENTS],
  [/^c$/, () => 8],
  [/^n$/, (sizes) => Math.max(1, sizes.qLen >> 1)],
  [/shard_?(size|len)?$|local_?(size|len)/, (sizes) => Math.max(1, sizes.qLen >> 2)],
  [/rank/, () => 1],
  [/dilat/, () => 4],
  [/sink/, () => 4],
  [/kernel|^k[hw]$/, () => 7],
  [/soft_?cap|^cap$/, () => "50.0"],
  [/slope|alpha|beta|gamma|decay|rate|freq|penalty|eps|lambda|temperature|^temp$|scal/, () => "0.5"],
  [/bias|factor|weight|strength/, () => "1.0"],
  [/height|width|canvas|grid|^[hw]$|rows|cols/, (sizes) => Math.max(1, Math.round(Math.sqrt(sizes.qLen)))],
  [/window|radius|band|prefix|context|recent|local/, (sizes) => Math.max(1, Math.min(128, sizes.kvLen >> 2))],
  [/block|tile|page|chunk|stride|patch|segment|group|bucket/, () => 64],
  [/kv_?len|kv_?seq/, (sizes) => sizes.kvLen],
  [/len|seq|^s$|size|max|total|num_tok/, (sizes) => sizes.qLen],
  [/offset|shift|start|pos/, () => 0],
  [/dim/, () => 64],
];

/** A number for `name` as Python text: `128` for a window, the number of heads for `num_heads`, `0.5` for a slope. */
export function seedScalar(name: string, kind: "int" | "float" | "bool", sizes: Sizes): string {
  if (kind === "bool") return "True";
  if (/^H[qQ]?$/.test(name)) return String(sizes.heads);
  const n = name.toLowerCase();
  const usual = RULES.find(([pattern]) => pattern.test(n))?.[1];
  const text = usual === undefined ? "64" : String(usual(sizes));
  if (kind === "float" && /^\d+$/.test(text)) return `${text}.0`;
  return text;
}

/** The dtypes that a tensor of this name may have, the likeliest first. */
export function seedDTypes(name: string, inScoreMod: boolean): readonly DType[] {
  const n = name.toLowerCase();
  if (/(len|length|offset|count|id|position)s?$/.test(n)) return ["i64", "bool", "f32"];
  if (/mask|valid|keep|allow|visible|^is_|_is_|flag|ancestor|padding|active|selected|^block_map$|layout|adj/.test(n))
    return ["bool", "i64", "f32"];
  if (
    /doc|seq|seg|_ids?$|^ids?$|idx|index|offset|len|pos|start|end|prefix|bucket|page|block|count|num|span|group|token|modality|perm|physical|logical|table_map/.test(
      n,
    )
  ) {
    return ["i64", "bool", "f32"];
  }
  if (inScoreMod || /bias|slope|table|gain|scale|weight|alibi|decay|gamma|temp|sink|freq|rope|coef|logit|emb/.test(n)) {
    return ["f32", "i64", "bool"];
  }
  return ["i64", "bool", "f32"];
}
