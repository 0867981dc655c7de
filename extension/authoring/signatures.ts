/**
 * Signatures of what one writes with FlexAttention: the two kinds of mod, its functions, and the functions of PyTorch
 * that run inside a mod. In: the call around the cursor. Out: what an editor shows of it, as data.
 */
import { type SupportedName, supportedNames } from "../../kernels/frontend/builtins.ts";
import { kindByNames, MASK_NAMES, type ModKind, SCORE_NAMES } from "../../kernels/frontend/discover.ts";
import type { CallAround } from "./place.ts";

export interface SignatureParameter {
  /** As it stands in the signature's label. */
  readonly label: string;
  readonly about: string;
}

export interface Signature {
  readonly label: string;
  readonly about: string;
  readonly parameters: readonly SignatureParameter[];
  /** Index of the parameter at hand; -1: none. */
  readonly active: number;
}

interface Known {
  readonly about: string;
  /** `name=default` → what it is. */
  readonly parameters: Readonly<Record<string, string>>;
}

const INDICES = {
  b: "Index of the batch, from 0.",
  h: "Index of the query head, from 0.",
  q_idx: "Position of the query, from 0.",
  kv_idx: "Position of the key, from 0.",
} as const;

/** What the arguments of a mod are, in order. */
export const MOD_PARAMETERS: Readonly<Record<ModKind, Readonly<Record<string, string>>>> = {
  mask_mod: INDICES,
  score_mod: { score: "q·k of the pair, times the scale: what the softmax is taken of.", ...INDICES },
};

const MODS: Readonly<Record<ModKind, Known>> = {
  mask_mod: { about: "A mask_mod: True where the query sees the key.", parameters: MOD_PARAMETERS.mask_mod },
  score_mod: { about: "A score_mod: the score that takes the place of `score`.", parameters: MOD_PARAMETERS.score_mod },
};

const LENGTHS = {
  B: "Batch size; None where the mask is the same for all.",
  H: "Number of query heads; None where the mask is the same for all.",
};

/** FlexAttention's own functions. */
export const FLEX_FUNCTIONS: Readonly<Record<string, Known>> = {
  create_block_mask: {
    about: "The blocks of a mask that a kernel has to look at.",
    parameters: {
      mask_mod: "The mask: `(b, h, q_idx, kv_idx) -> bool`.",
      ...LENGTHS,
      Q_LEN: "Number of queries.",
      KV_LEN: "Number of keys.",
      "device=None": "Where the lists of blocks are kept.",
      "BLOCK_SIZE=128": "Size of a block: one number, or a pair for queries and keys.",
      "_compile=False": "Build it in compiled code, which needs less memory.",
    },
  },
  create_mask: {
    about: "The mask as a tensor of [B, H, Q_LEN, KV_LEN].",
    parameters: {
      mod_fn: "A mask_mod or a score_mod.",
      ...LENGTHS,
      Q_LEN: "Number of queries.",
      KV_LEN: "Number of keys.",
      "device=None": "Where the tensor is kept.",
    },
  },
  flex_attention: {
    about: "Attention with the scores that `score_mod` gives, over what `block_mask` allows.",
    parameters: {
      query: "[B, H, Q_LEN, D].",
      key: "[B, HKV, KV_LEN, D].",
      value: "[B, HKV, KV_LEN, DV].",
      "score_mod=None": "What a score becomes: `(score, b, h, q_idx, kv_idx) -> score`.",
      "block_mask=None": "What `create_block_mask` gives.",
      "scale=None": "Factor of q·k before the score_mod; 1 / sqrt(D) unless given.",
      "enable_gqa=False": "Whether there are fewer key than query heads.",
      "return_lse=False": "Whether the logarithms of the softmax' sums are returned too.",
      "kernel_options=None": "Tile sizes and the like of PyTorch's own kernels.",
    },
  },
  and_masks: { about: "A mask_mod that allows what all of these do.", parameters: { "*mask_mods": "mask_mods." } },
  or_masks: { about: "A mask_mod that allows what one of these does.", parameters: { "*mask_mods": "mask_mods." } },
};

/** What stands around the call. */
export interface CallContext {
  /** Inside a mod's body. */
  readonly inMod: boolean;
  /** Whether the file has to do with FlexAttention: a `def` is then worth a word. */
  readonly isFlexFile: boolean;
  /** The kind of the file's mod of that name; null for another name. */
  readonly modOf: (name: string) => ModKind | null;
  /** `torch.nn.functional` of `F`, as the file imports it; "" for what is no module. */
  readonly moduleOf: (receiver: string) => string;
}

/** The signatures to show, the likeliest first; empty: it is none of ours. */
export function signaturesOf(call: CallAround, context: CallContext): readonly Signature[] {
  const name = call.callee.slice(call.callee.lastIndexOf(".") + 1);
  if (call.isDefinition) return definitionSignatures(call, context);
  const flex = Object.hasOwn(FLEX_FUNCTIONS, name) ? FLEX_FUNCTIONS[name] : undefined;
  if (flex !== undefined) return [signature(name, flex, call)];
  const kind = context.modOf(call.callee);
  if (kind !== null) return [signature(call.callee, MODS[kind], call)];
  if (!context.inMod || !call.callee.includes(".")) return [];
  const receiver = call.callee.slice(0, call.callee.lastIndexOf("."));
  const module = context.moduleOf(receiver) || "Tensor";
  const known = supportedIn(module).get(name);
  return known === undefined || known.signature === null ? [] : [torchSignature(known, call)];
}

/** `def f(` in a file of masks: both kinds, as long as what is written could become one. */
function definitionSignatures(call: CallAround, { isFlexFile }: CallContext): readonly Signature[] {
  const names = call.written.map((part) => (part.split(/[:=]/)[0] ?? "").trim());
  const begun = names.filter((name) => name !== "");
  if (!isFlexFile || call.written.some((part) => part.startsWith("*"))) return [];
  const fits = (patterns: readonly RegExp[]): boolean =>
    begun.length <= patterns.length && begun.every((name, i) => patterns[i]?.test(name) === true || i === begun.length - 1);
  const kinds = (["mask_mod", "score_mod"] as const).filter((kind) => fits(kind === "mask_mod" ? MASK_NAMES : SCORE_NAMES));
  const certain = kindByNames(begun);
  return kinds.filter((kind) => certain === null || kind === certain).map((kind) => signature(call.callee, MODS[kind], call));
}

function signature(name: string, { about, parameters }: Known, call: CallAround): Signature {
  const list = Object.entries(parameters).map(([label, text]) => ({ label, about: text }));
  return { label: `${name}(${list.map(({ label }) => label).join(", ")})`, about, parameters: list, active: activeOf(list, call) };
}

function torchSignature({ module, name, signature: words }: SupportedName, call: CallAround): Signature {
  // `input other * rounding_mode?`: a method has its input before the dot.
  const own = (words ?? "").split(" ").filter((word) => word !== "");
  const labels = (module === "Tensor" ? own.slice(1) : own).map((word) => (word.endsWith("?") ? `${word.slice(0, -1)}=…` : word));
  const parameters = labels.map((label) => ({ label, about: "" }));
  return {
    label: `${module === "Tensor" ? "" : `${module}.`}${name}(${labels.join(", ")})`,
    about: "Runs in FlexAttention, and here.",
    parameters,
    active: activeOf(parameters, call),
  };
}

/** The parameter that the argument at hand is for. */
function activeOf(parameters: readonly SignatureParameter[], { index, keyword }: CallAround): number {
  const names = parameters.map(({ label }) => label.replace(/^\*/, "").split("=")[0] ?? "");
  if (keyword !== null) return names.indexOf(keyword);
  const collects = parameters.findIndex(({ label }) => label.startsWith("*") && label.length > 1);
  if (collects >= 0 && index >= collects) return collects;
  return index < parameters.length ? index : -1;
}

/** What the evaluator has of a module, by name. */
export function supportedIn(module: string): ReadonlyMap<string, SupportedName> {
  tables ??= grouped();
  return tables.get(module) ?? new Map();
}

let tables: ReadonlyMap<string, ReadonlyMap<string, SupportedName>> | null = null;

function grouped(): ReadonlyMap<string, ReadonlyMap<string, SupportedName>> {
  const groups = new Map<string, Map<string, SupportedName>>();
  for (const row of supportedNames()) {
    const group = groups.get(row.module) ?? new Map<string, SupportedName>();
    groups.set(row.module, group.set(row.name, row));
  }
  return groups;
}

/** How a supported name is called: `torch.where(condition, input=…, other=…)`. */
export function callText(row: SupportedName): string | null {
  return row.signature === null
    ? null
    : torchSignature(row, { callee: row.name, isDefinition: false, index: 0, keyword: null, written: [] }).label;
}
