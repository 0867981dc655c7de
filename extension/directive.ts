/**
 * Completion inside `# flexlens:` comments, the pure part: what may be written at the end of a line so far. The keys
 * are the problem's reserved ones and the names that the file's mods capture.
 */

import type { ReservedKey } from "../kernels/frontend/directive.ts";
import { KERNEL_KEYS } from "../kernels/frontend/kernelWish.ts";

/** Keys that set the problem, with what each means; one table for completion and its documentation. */
export const RESERVED_KEYS: Readonly<Record<ReservedKey, string>> = {
  B: "Batch size.",
  H: "Number of query heads.",
  HKV: "Number of key-value heads; divides `H` (grouped-query attention).",
  Q_LEN: "Number of query tokens.",
  KV_LEN: "Number of key tokens.",
  D: "Head dimension of queries and keys.",
  DV: "Head dimension of values.",
  BLOCK_SIZE: "Block size of the mask: `128`, or `(64, 128)` for queries and keys.",
  SCALE: "Factor of q·k before the score_mod; `1 / sqrt(D)` unless given.",
  DTYPE: "What q, k, v and out are stored as: `torch.float32` or `torch.float16`; kernels compute in float32.",
};

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
}

/**
 * Suggestions after `before`, the line up to the cursor; `used` are the keys that the directive has elsewhere. Empty
 * outside of directives and within a value.
 */
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
  const { partial, used } = lastKey(inside);
  if (partial === null) return [];
  const key = (label: string, detail: string, documentation: string): Suggestion => ({
    label,
    insert: `${label}=`,
    snippet: false,
    detail,
    documentation,
    replaces: partial.length,
  });
  const reserved = Object.entries(RESERVED_KEYS).map(([name, about]) => key(name, "problem size", about));
  const names = captured
    .filter(({ name }) => !(name in RESERVED_KEYS))
    .map(({ name, about }) => key(name, about, "A value for this name: a Python expression, as `256` or `torch.arange(Q_LEN) // 64`."));
  const kernels = Object.entries(KERNEL_KEYS).map(([name, about]) => key(name, "kernel choice", about));
  return [...names, ...reserved, ...kernels].filter(({ label }) => !used.has(label));
}

/** The key begun at the end of a directive's arguments (null within a value), and the keys before it. */
function lastKey(inside: string): { readonly partial: string | null; readonly used: ReadonlySet<string> } {
  const used = new Set<string>();
  let depth = 0;
  let quote = "";
  let part = "";
  for (const c of inside) {
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if (c === "," && depth === 0 && quote === "") {
      used.add(part.split("=")[0]?.trim() ?? "");
      part = "";
    } else part += c;
  }
  const partial = /^\s*([\w.]*)$/.exec(part)?.[1] ?? null;
  return { partial: depth === 0 && quote === "" ? partial : null, used };
}
