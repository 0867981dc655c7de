/**
 * Completion inside `# flexlens:` comments, the pure part: what may be written at the end of a line so far. Keys are the
 * problem's, the kernel's and the names that the file's mods capture; each key has its values, and `assert` its claims.
 * The one table of the keys, with what each means, is here.
 */
import { OPTION_MEANINGS, OPTION_NAMES } from "../kernels/flash/kernelOptions.ts";
import type { ReservedKey } from "../kernels/frontend/directive.ts";
import { KERNEL_KEYS } from "../kernels/frontend/kernelWish.ts";
import { KERNELS } from "../kernels/ir/mod.ts";

/** A key of directives. */
export interface DirectiveKey {
  readonly about: string;
  /** What a value counts, or what kind it is. */
  readonly unit: string;
  /** The usual ones; any other of the kind will do. */
  readonly values: readonly string[];
}

const LENGTHS = ["1024", "2048", "4096", "8192", "16384"];

/** Keys that set the problem. */
export const PROBLEM_KEYS: Readonly<Record<ReservedKey, DirectiveKey>> = {
  B: { about: "Batch size.", unit: "sequences", values: ["1", "2", "4", "8"] },
  H: { about: "Number of query heads.", unit: "heads", values: ["8", "12", "16", "32"] },
  HKV: { about: "Number of key-value heads; divides `H` (grouped-query attention).", unit: "heads", values: ["1", "2", "4", "8"] },
  Q_LEN: { about: "Number of query tokens.", unit: "tokens", values: LENGTHS },
  KV_LEN: { about: "Number of key tokens.", unit: "tokens", values: LENGTHS },
  D: { about: "Head dimension of queries and keys.", unit: "numbers a head", values: ["64", "128", "256"] },
  DV: { about: "Head dimension of values.", unit: "numbers a head", values: ["64", "128", "256"] },
  BLOCK_SIZE: {
    about: "Block size of the mask: `128`, or `(64, 128)` for queries and keys.",
    unit: "tokens",
    values: ["128", "64", "256", "(64, 128)"],
  },
  SCALE: { about: "Factor of q·k before the score_mod; `1 / sqrt(D)` unless given.", unit: "factor", values: ["1.0", "0.125"] },
  DTYPE: {
    about: "What q, k, v and out are stored as: `torch.float32` or `torch.float16`; kernels compute in float32.",
    unit: "dtype",
    values: ["torch.float32", "torch.float16"],
  },
};

/** Keys that speak of the kernel. */
const OF_KERNEL: Readonly<Record<keyof typeof KERNEL_KEYS, DirectiveKey>> = {
  kernel: { about: KERNEL_KEYS.kernel, unit: "kernel", values: KERNELS.map((name) => `"${name}"`) },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a snippet's tab stop
  kernel_options: { about: KERNEL_KEYS.kernel_options, unit: "options", values: ['{"${1:BLOCK_M}": ${2:64}}'] },
};

/** What may follow `assert`; with tab stops. */
const CLAIMS: readonly (readonly [insert: string, about: string])[] = [
  ["kv_idx <= q_idx", "At every cell that is allowed, or of a score_mod at every cell."],
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: a snippet's tab stop
  ["equals(${1:mod})", "The same mask, or the same scores, as another mod's."],
  ["implies(${1:mod})", "What is allowed, the other mask allows too."],
  ["sparsity > ${1:0.5}", "The share of blocks that are skipped; `sparsity.elements` that of elements."],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: a snippet's tab stop
  ["no_empty_rows", "Every query sees a key."],
  ["symmetric", "The same at (q, kv) as at (kv, q)."],
];

export interface Suggestion {
  readonly label: string;
  readonly insert: string;
  /** True: `insert` has tab stops. */
  readonly snippet: boolean;
  readonly detail: string;
  readonly documentation: string;
  /** How many characters before the cursor it takes the place of. */
  readonly replaces: number;
}

/** A name that a mod captures, as the completion shows it. */
export interface CapturedName {
  readonly name: string;
  /** `f32[8]`, or the text of a scalar. */
  readonly about: string;
  /** The Python text of its value now; "" where the file has none. */
  readonly text: string;
  readonly isTensor: boolean;
}

/** Suggestions after `before`, the line up to the cursor. Empty outside of directives, and where anything may stand. */
export function suggestInDirective(before: string, captured: readonly CapturedName[]): readonly Suggestion[] {
  const opening = /^\s*#\s*([a-z]*)$/.exec(before);
  if (opening !== null && "flexlens:".startsWith(opening[1] ?? "")) {
    return [
      {
        label: "flexlens:",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a snippet's tab stop
        insert: "flexlens: ${1:H=8, Q_LEN=1024}",
        snippet: true,
        detail: "Flexlens directive",
        documentation: "Sizes and values of captures for the mod below, or for the whole file at its head.",
        replaces: opening[1]?.length ?? 0,
      },
    ];
  }
  const inside = /^\s*#\s*flexlens:(.*)$/.exec(before)?.[1];
  if (inside === undefined) return [];
  const { last, used, open } = readList(inside);
  if (open !== null) return open === "kernel_options" ? suggestOption(last) : [];
  const claim = /^\s*assert\s+([\w(]*)$/.exec(last);
  if (claim !== null) return CLAIMS.map(([insert, about]) => suggestion(insert, "claim", about, claim[1]?.length ?? 0));
  const value = /^\s*([\w.]+)\s*=\s*(["\w.]*)$/.exec(last);
  if (value !== null) return suggestValues(value[1] ?? "", value[2] ?? "", captured);
  const key = /^\s*([\w.]*)$/.exec(last);
  return key === null ? [] : suggestKeys(key[1] ?? "", used, captured);
}

/** A row of the list: tab stops make it a snippet, and are left out of its label. */
function suggestion(insert: string, detail: string, documentation: string, replaces: number): Suggestion {
  const snippet = insert.includes("${");
  return { label: insert.replace(/\$\{\d:([^}]*)\}/g, "$1"), insert, snippet, detail, documentation, replaces };
}

function suggestKeys(begun: string, used: ReadonlySet<string>, captured: readonly CapturedName[]): readonly Suggestion[] {
  const key = (label: string, detail: string, about: string): Suggestion => ({
    ...suggestion(`${label}=`, detail, about, begun.length),
    label,
  });
  const names = captured
    .filter(({ name }) => !(name in PROBLEM_KEYS))
    .map(({ name, about }) => key(name, about, "A value for this name: a Python expression, as `256` or `torch.arange(Q_LEN) // 64`."));
  const reserved = Object.entries(PROBLEM_KEYS).map(([name, { about, unit }]) => key(name, unit, about));
  const kernels = Object.entries(OF_KERNEL).map(([name, { about, unit }]) => key(name, unit, about));
  const claim = {
    ...suggestion("assert ", "claim", "What has to hold of the mod below: a comparison, or a property.", begun.length),
    label: "assert",
  };
  return [...[...names, ...reserved, ...kernels].filter(({ label }) => !used.has(label)), claim];
}

function suggestValues(key: string, begun: string, captured: readonly CapturedName[]): readonly Suggestion[] {
  const known: Readonly<Record<string, DirectiveKey>> = { ...PROBLEM_KEYS, ...OF_KERNEL };
  const row = Object.hasOwn(known, key) ? known[key] : undefined;
  if (row !== undefined) return row.values.map((value) => suggestion(value, row.unit, row.about, begun.length));
  const name = captured.find((c) => c.name === key.slice(key.lastIndexOf(".") + 1));
  if (name === undefined) return [];
  const now = name.text === "" ? [] : [suggestion(name.text, "as it is now", "The value that the file gives.", begun.length)];
  if (!name.isTensor) return now;
  return [
    ...now,
    suggestion("torch.arange(Q_LEN) // 64", "documents of 64 tokens", "Any expression of PyTorch and the problem's sizes.", begun.length),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a snippet's tab stop
    suggestion('load("${1:name.npy}")', "from a file", "A .npy, .npz, .csv, .json or .safetensors beside this file.", begun.length),
  ];
}

/** Within `kernel_options={…`: its names. */
function suggestOption(last: string): readonly Suggestion[] {
  const begun = /[{,]\s*("?\w*)$/.exec(last);
  if (begun === null) return [];
  return OPTION_NAMES.map((name) => suggestion(`"${name}": `, "kernel option", `The ${OPTION_MEANINGS[name]}.`, begun[1]?.length ?? 0)).map(
    (row, i) => ({ ...row, label: OPTION_NAMES[i] ?? row.label }),
  );
}

/** The last part of a directive's list, the keys before it, and the key within whose brackets the list ends (null: none). */
function readList(inside: string): { readonly last: string; readonly used: ReadonlySet<string>; readonly open: string | null } {
  const used = new Set<string>();
  let [depth, quote, part] = [0, "", ""];
  for (const c of inside) {
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if ((c === "," || c === ";") && depth === 0 && quote === "") {
      used.add(part.split("=")[0]?.trim() ?? "");
      part = "";
    } else part += c;
  }
  return { last: part, used, open: depth > 0 ? (part.split("=")[0]?.trim() ?? "") : null };
}
