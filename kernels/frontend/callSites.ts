/**
 * The calls of FlexAttention that module code made, as data for whoever looks at them later (kernels/lint): which mod
 * each is given, what its size arguments came to, and where in the text they stand.
 */
import type { Mod } from "../ir/mod.ts";
import type { RecordedCall } from "./evaluate.ts";
import type { CallArgument, CallSite } from "./module.ts";
import { functionOf } from "./pythonCall.ts";
import { numberOf, type Value } from "./value.ts";

/** A mod with the value that it was traced from; null where it was made for the trace alone. */
export interface TracedValue {
  readonly value: Value | null;
  readonly mod: Mod;
}

export function callSites(calls: readonly RecordedCall[], traced: readonly TracedValue[]): CallSite[] {
  return calls.map(({ callee, span, args, places }) => ({
    callee,
    span,
    maskMod: modOf(args.get("mask_mod") ?? args.get("mod_fn"), "mask_mod", traced),
    scoreMod: modOf(args.get("score_mod"), "score_mod", traced),
    arguments: new Map(
      [...args].flatMap(([name, value]): [string, CallArgument][] => {
        const at = places.get(name);
        return at === undefined ? [] : [[name, { span: at, value: plain(value) }]];
      }),
    ),
  }));
}

/** The mod of that very value; else one of the same code, as a factory gives for other arguments. */
function modOf(value: Value | undefined, kind: Mod["kind"], traced: readonly TracedValue[]): Mod | null {
  if (value === undefined) return null;
  const own = traced.find((t) => t.value === value && t.mod.kind === kind);
  if (own !== undefined) return own.mod;
  const code = value.type === "function" ? value.nameSpan : null;
  if (code === null) return null;
  const same = traced.find((t) => {
    const other = t.value?.type === "function" ? functionOf(t.value)?.nameSpan : undefined;
    return t.mod.kind === kind && other !== undefined && other.file === code.file && other.from === code.from;
  });
  return same?.mod ?? null;
}

function plain(value: Value): CallArgument["value"] {
  if (value.type === "none") return "None";
  if (value.type === "int" || value.type === "float") return numberOf(value);
  return null;
}
