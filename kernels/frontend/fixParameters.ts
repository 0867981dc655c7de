/** The parameters that a mod lacks, put where they belong: `(b, q_idx, kv_idx)` → `(b, h, q_idx, kv_idx)`. */
import type { Fix, TextOf } from "./diagnostic.ts";
import { MASK_NAMES, SCORE_NAMES } from "./discover.ts";
import type { FunctionDef, Lambda } from "./syntax.ts";

const NAMES = ["score", "b", "h", "q_idx", "kv_idx"];

/** The fix for a function of fewer parameters than a mod has; null where it is not plain which are missing. */
export function parametersOf(node: FunctionDef | Lambda, textOf: TextOf): Fix | null {
  const given = node.params.filter((p) => (p.role === "positional" || p.role === "positional-only") && p.default === null);
  const [first] = given;
  const last = given.at(-1);
  if (first === undefined || last === undefined || given.length > 3 || first.name === "self") return null;
  const names = given.map((p) => p.name);
  const slots = places(names, SCORE_NAMES, true) ?? places(names, MASK_NAMES, false) ?? (given.length === 2 ? [3, 4] : null);
  if (slots === null) return null;
  const isScore = slots[0] === 0;
  const all = NAMES.slice(isScore ? 0 : 1).map((name, i) => {
    const param = given[slots.indexOf(isScore ? i : i + 1)];
    return { name: param?.name ?? name, text: param === undefined ? name : textOf(param.span), isNew: param === undefined };
  });
  if (new Set(all.map((p) => p.name)).size < all.length) return null;
  const added = all.filter((p) => p.isNew).map((p) => `\`${p.name}\``);
  const span = { ...first.span, to: last.span.to };
  return { title: `Add ${added.join(", ")}`, edits: [{ span, newText: all.map((p) => p.text).join(", ") }] };
}

/** Where each name belongs among `NAMES`, in order; null where one fits nowhere. A score_mod begins with its score. */
function places(names: readonly string[], patterns: readonly RegExp[], isScore: boolean): number[] | null {
  const out: number[] = [];
  for (const name of names) {
    const from = (out.at(-1) ?? -1) + 1;
    const at = patterns.findIndex((p, i) => i >= Math.max(0, from - (isScore ? 0 : 1)) && p.test(name));
    if (at < 0) return null;
    out.push(isScore ? at : at + 1);
  }
  return isScore && out[0] !== 0 ? null : out;
}
