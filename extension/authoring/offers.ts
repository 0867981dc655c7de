/**
 * What may be typed at a place: inside a mod its arguments, its named values and what it captures, and the functions and
 * methods of PyTorch that run there; at the start of a line snippets of mods and the gallery. In: the words before the
 * cursor and what is known of the mod. Out: rows for the editor's list, as data.
 */
import { type CaptureOrigin, type CaptureRow, captureRows } from "../../kernels/frontend/captures.ts";
import type { LoweredModule, LoweredVariant } from "../../kernels/frontend/module.ts";
import { GALLERY, type GalleryEntry } from "../../kernels/gallery/gallery.ts";
import type { Mod, Step } from "../../kernels/ir/mod.ts";
import { TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { describeBinding } from "../hoverText.ts";
import { FLEX_MODULE, type Wanted } from "./importEdit.ts";
import type { ModAround, Typed } from "./place.ts";
import { callText, MOD_PARAMETERS, supportedIn } from "./signatures.ts";

export interface Offer {
  readonly label: string;
  readonly kind: "function" | "method" | "parameter" | "variable" | "captured" | "snippet" | "example";
  readonly detail: string;
  readonly documentation: string;
  /** With tab stops, for snippets; else the label is written. */
  readonly snippet?: string;
  readonly wanted?: readonly Wanted[];
  /** To be inserted between the definitions, with what it needs. */
  readonly entry?: GalleryEntry;
}

/** What a mod has names for, beside its arguments. */
export interface ModNames {
  readonly captured: readonly { readonly name: string; readonly about: string; readonly from: string }[];
  readonly locals: readonly { readonly name: string; readonly about: string }[];
}

const RUNS = "Flexlens: runs in FlexAttention";

/** Offers in the body of `mod`. `moduleOf`: the module that a receiver is, "" where it is none. */
export function offersInMod(typed: Typed, mod: ModAround, names: ModNames, moduleOf: (receiver: string) => string): readonly Offer[] {
  if (typed.kind === "other") return [];
  if (typed.kind !== "member") return [...parameterOffers(mod), ...nameOffers(names)];
  const module = moduleOf(typed.receiver);
  if (module !== "") return functionOffers(module, "function");
  const isValue =
    /^[)\]]$/.test(typed.receiver) ||
    mod.params.includes(typed.receiver) ||
    [...names.captured, ...names.locals].some(({ name }) => name === typed.receiver);
  return isValue ? functionOffers("Tensor", "method") : [];
}

/** Public names of a module that the evaluator has; those that write in place are left to those who know them. */
function functionOffers(module: string, kind: "function" | "method"): readonly Offer[] {
  const known = offered.get(module);
  if (known !== undefined) return known;
  const offers = [...supportedIn(module).values()]
    .filter(({ name }) => !/^_|_$/.test(name))
    .map((row): Offer => {
      const call = callText(row);
      return { label: row.name, kind, detail: RUNS, documentation: call === null ? "" : `\`\`\`python\n${call}\n\`\`\`` };
    });
  offered.set(module, offers);
  return offers;
}

const offered = new Map<string, readonly Offer[]>();

function parameterOffers({ kind, params }: ModAround): readonly Offer[] {
  const meanings = Object.values(MOD_PARAMETERS[kind]);
  return params.map((label, i) => ({
    label,
    kind: "parameter",
    detail: kind === "score_mod" && i === 0 ? "the score" : "an index",
    documentation: meanings[i] ?? "",
  }));
}

function nameOffers({ captured, locals }: ModNames): readonly Offer[] {
  return [
    ...captured.map(
      ({ name, about, from }): Offer => ({ label: name, kind: "captured", detail: about, documentation: `Captured: ${from}.` }),
    ),
    ...locals.map(({ name, about }): Offer => ({ label: name, kind: "variable", detail: about, documentation: "" })),
  ];
}

/** What is known of the names in `mod`: from its own variant, and of the others the module's own names. */
export function namesIn({ variants }: Pick<LoweredModule, "variants">, mod: Pick<ModAround, "name" | "within">): ModNames {
  const captured = new Map<string, ModNames["captured"][number]>();
  const locals = new Map<string, ModNames["locals"][number]>();
  const add = (row: CaptureRow): void => {
    if (!captured.has(row.name)) captured.set(row.name, { name: row.name, about: describeBinding(row), from: ORIGINS[row.origin] });
  };
  // What a factory gives goes by the factory's name.
  const isIt = ({ name }: Mod): boolean => name === mod.name || mod.within.includes(name);
  const isOwn = (variant: LoweredVariant): boolean => modsOf(variant).some(isIt);
  for (const variant of variants.filter(isOwn)) {
    for (const row of captureRows(variant)) add(row);
    for (const { steps = [] } of modsOf(variant).filter(isIt))
      for (const step of steps) if (isLocal(step)) locals.set(step.name, { name: step.name, about: typeText(step) });
  }
  for (const { bindings } of variants) for (const row of bindings) if (row.origin === "module") add(row);
  return { captured: [...captured.values()], locals: [...locals.values()] };
}

const ORIGINS: Readonly<Record<CaptureOrigin, string>> = {
  form: "a value of the panel's form",
  directive: "a directive's value",
  "file directive": "a value of the file's directive",
  module: "the module's value",
  "call site": "a call's argument",
  default: "a default argument",
  seeded: "made up, for the file gives no value",
  computed: "computed by the file",
};

const modsOf = ({ maskMod, scoreMod }: LoweredVariant): readonly Mod[] => [scoreMod, maskMod].filter((mod) => mod !== null);

/** A name that the mod's own text binds. */
export const isLocal = (step: Step): boolean => step.within === null && step.isResult !== true;

/** `int64`, `bool[4, 8]`, Python's `int`. */
export function typeText({ type, shape }: Pick<Step, "type" | "shape">): string {
  const name = type === "int" || type === "float" ? type : TORCH_NAMES[type];
  return shape.length === 0 ? name : `${name}[${shape.join(", ")}]`;
}

// Tab stops of snippets, which the editor fills.
/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: tab stops */
const MASK_MOD = "def ${1:mask}(b, h, q_idx, kv_idx):\n\treturn ${0:q_idx >= kv_idx}";
const SCORE_MOD = "def ${1:bias}(score, b, h, q_idx, kv_idx):\n\treturn ${0:score}";
const MASK_FACTORY =
  "def generate_${1:window}_mask(${2:size}):\n\tdef ${1:window}_mask(b, h, q_idx, kv_idx):\n\t\treturn ${0:q_idx - kv_idx < ${2:size}}\n\n\treturn ${1:window}_mask";
const SCORE_FACTORY =
  "def generate_${1:softcap}(${2:cap}):\n\tdef ${1:softcap}(score, b, h, q_idx, kv_idx):\n\t\treturn ${0:${2:cap} * torch.tanh(score / ${2:cap})}\n\n\treturn ${1:softcap}";
const BLOCK_MASK = "block_mask = create_block_mask(${1:mask_mod}, B=None, H=None, Q_LEN=${2:1024}, KV_LEN=${3:1024})";
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: tab stops */

const TORCH: Wanted = { module: "torch", name: null, as: "torch" };

const SNIPPETS: readonly Offer[] = [
  snippet("mask_mod", MASK_MOD, "a mask: True where a query sees a key"),
  snippet("score_mod", SCORE_MOD, "a score_mod: what a score becomes"),
  snippet("mask_mod factory", MASK_FACTORY, "a function that returns a mask for its argument"),
  snippet("score_mod factory", SCORE_FACTORY, "a function that returns a score_mod for its argument", [TORCH]),
  snippet("create_block_mask", BLOCK_MASK, "the block mask of a mask_mod", [
    { module: FLEX_MODULE, name: "create_block_mask", as: "create_block_mask" },
  ]),
];

function snippet(label: string, text: string, about: string, wanted: readonly Wanted[] = []): Offer {
  const shown = text.replace(/\$\{\d:((?:[^{}]|\{[^{}]*\}|\$\{[^{}]*\})*)\}/g, "$1").replace(/\$\{\d:([^{}]*)\}/g, "$1");
  return {
    label,
    kind: "snippet",
    detail: `Flexlens: ${about}`,
    documentation: `\`\`\`python\n${shown.replaceAll("\t", "    ")}\n\`\`\``,
    snippet: text,
    wanted,
  };
}

/** Offers at the start of a line outside of mods; the gallery's only where the module's own code stands. */
export function offersAtLine(isModuleLevel: boolean): readonly Offer[] {
  return isModuleLevel ? [...SNIPPETS, ...EXAMPLES] : SNIPPETS.filter(({ wanted = [] }) => wanted.length === 0);
}

const EXAMPLES: readonly Offer[] = GALLERY.filter(({ main }) => main !== null).map((entry) => ({
  label: `flex ${entry.title}`,
  kind: "example",
  detail: "Flexlens: a variant of the gallery",
  documentation: entry.description,
  entry,
}));
