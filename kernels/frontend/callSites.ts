/**
 * The calls of FlexAttention that module code made, as data for whoever looks at them later (kernels/lint): which mod
 * each is given, what its size arguments came to, and where in the text they stand.
 */
import type { Mod } from "../ir/mod.ts";
import type { RecordedCall } from "./evaluate.ts";
import type { CallArgument, CallSite } from "./module.ts";
import { numberOf, type Value } from "./value.ts";

/** A mod with the value that it was traced from; null where it was made for the trace alone. */
export interface TracedValue {
  readonly value: Value | null;
  readonly mod: Mod;
}

export function callSites(calls: readonly RecordedCall[], traced: readonly TracedValue[]): CallSite[] {
  const maskModOf = finder(traced, "mask_mod");
  const scoreModOf = finder(traced, "score_mod");
  return calls.map(({ callee, span, args, places }) => ({
    callee,
    span,
    maskMod: maskModOf(args.get("mask_mod") ?? args.get("mod_fn")),
    scoreMod: scoreModOf(args.get("score_mod")),
    arguments: new Map(
      [...args].flatMap(([name, value]): [string, CallArgument][] => {
        const at = places.get(name);
        return at === undefined ? [] : [[name, { span: at, value: plain(value) }]];
      }),
    ),
  }));
}

/** Finds a value's mod of `kind`: that of the very value; else one of the same code, as a factory gives for other arguments. */
function finder(traced: readonly TracedValue[], kind: Mod["kind"]): (value: Value | undefined) => Mod | null {
  const byValue = new Map<Value, Mod>();
  const byCode = new Map<string, Mod>();
  for (const { value, mod } of traced) {
    if (value === null || mod.kind !== kind) continue;
    const code = codeOf(value);
    if (!byValue.has(value)) byValue.set(value, mod);
    if (code !== null && !byCode.has(code)) byCode.set(code, mod);
  }
  return (value) => {
    if (value === undefined) return null;
    const code = codeOf(value);
    return byValue.get(value) ?? (code === null ? null : (byCode.get(code) ?? null));
  };
}

/** Where a function's name stands; null for what is none. */
const codeOf = (value: Value): string | null => (value.type === "function" ? `${value.nameSpan.from} ${value.nameSpan.file}` : null);

function plain(value: Value): CallArgument["value"] {
  if (value.type === "none") return "None";
  if (value.type === "int" || value.type === "float") return numberOf(value);
  return null;
}
