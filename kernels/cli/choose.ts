/** Which variant of a file a command speaks of, and which of the file's diagnostics concern it. */
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import { findVariant, lowerModule, lowerOne, lowerPair } from "../frontend/lower.ts";
import type { LoweredVariant, LowerOptions } from "../frontend/module.ts";
import { lintReads } from "../lint/lint.ts";
import { checkRows, checkText } from "./check.ts";
import { withDataFiles } from "./dataFiles.ts";
import type { Input } from "./input.ts";
import { type Options, type Target, UsageError } from "./options.ts";

export interface Choice {
  /** null where it does not lower; the diagnostics say why. */
  readonly variant: LoweredVariant | null;
  /** What concerns the variant; where there is none, the errors that stand in its way. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Lowers the target's file with values of the command line and of its files, of which `typed` are the command line's.
 * @throws UsageError where it has nothing of that name, and no error that could hide it
 */
export function choose(input: Input, target: Target, lowering: LowerOptions, typed: Options["bindings"]): Choice {
  const { variant, diagnostics } = lower(input, target, withDataFiles(input.sources, lowering));
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (variant === null) return { variant, diagnostics: errors };
  // A value that was given and cannot be used: the mod with a made-up one in its place is not what was asked for.
  const inTheWay = errors.filter((d) => OF_VALUES.has(d.code) && (d.span.to === 0 || concerns(d, variant)));
  if (inTheWay.length > 0) return { variant: null, diagnostics: inTheWay };
  // What is said of the whole file belongs to `check`, and so do files of values; what is typed is for this mod.
  const slips = new Set(Object.keys(typed).map((key) => diagnose("binding-unused", variant.nameSpan, [key]).message));
  const said = diagnostics.filter((d) => (d.code === "binding-unused" ? slips.has(d.message) : concerns(d, variant)));
  return { variant, diagnostics: [...said, ...lintReads(input.sources, variant)] };
}

/** What is said of given values: at the mod that asks for them, or at no text at all. */
const OF_VALUES: ReadonlySet<string> = new Set(["binding-value", "directive-value"]);

/** The diagnostics as text for standard error. */
export const notesOf = (input: Input, diagnostics: readonly Diagnostic[]): string => checkText(checkRows(input, diagnostics));

function lower(input: Input, target: Target, lowering: LowerOptions) {
  if (target.scoreMod !== null || target.maskMod !== null) return lowerPair(input.sources, target.scoreMod, target.maskMod, lowering);
  const module = target.name === null ? lowerModule(input.sources, lowering) : lowerOne(input.sources, target.name, lowering);
  const variant = target.name === null ? (module.variants[0] ?? null) : findVariant(module, target.name);
  if (variant === null && (isAbsent(target.name, input) || module.diagnostics.every((d) => d.severity !== "error"))) {
    const names = [...new Set(module.variants.map((v) => v.name))];
    const way = names.length === 0 ? "it has no mask_mod and no score_mod" : `its variants are ${names.join(", ")}`;
    throw new UsageError(`${target.file} has no \`${target.name ?? ""}\`: ${way}`);
  }
  return { variant, diagnostics: module.diagnostics };
}

/** The file's text does not even hold the name. */
const isAbsent = (name: string | null, { sources }: Input): boolean =>
  name !== null && !(sources[0]?.text ?? "").includes(name.slice(name.lastIndexOf(".") + 1));

function concerns(d: Diagnostic, variant: LoweredVariant): boolean {
  const spans = [variant.nameSpan, variant.maskMod?.span, variant.scoreMod?.span].filter((s) => s !== undefined);
  return spans.some((s) => s.file === d.span.file && d.span.from < s.to && s.from < d.span.to);
}
