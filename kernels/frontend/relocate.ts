/**
 * A lowered module whose spans count as its nodes do (piece.ts), with the spans of the document's text instead. What
 * a mod holds is moved when it is asked for: most readers of a module look at one of its hundreds.
 */
import type { Mod, Span } from "../ir/mod.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Layout } from "./layout.ts";
import type { BoundName, CallArgument, CallSite, LoweredModule, LoweredVariant } from "./module.ts";

/** Moves what has spans of one file. */
export interface Mover {
  readonly variant: (v: LoweredVariant) => LoweredVariant;
  readonly call: (c: CallSite) => CallSite;
  readonly diagnostic: (d: Diagnostic) => Diagnostic;
  readonly need: <T extends { readonly span: Span }>(n: T) => T;
}

/** `module` with the spans of `file` where they stand in the text. */
export function relocated(module: LoweredModule, file: string, { toText }: Layout): LoweredModule {
  const move = moverTo(file, toText);
  return {
    variants: module.variants.map(move.variant),
    calls: module.calls.map(move.call),
    diagnostics: module.diagnostics.map(move.diagnostic),
    needs: module.needs.map(move.need),
    dataNeeds: module.dataNeeds.map(move.need),
  };
}

/** Moves spans of `file` from their offset to what `to` gives for it. */
export function moverTo(file: string, to: (offset: number) => number): Mover {
  const place = (span: Span): Span => {
    if (span.file !== file) return span;
    const from = to(span.from);
    return { file, from, to: from + span.to - span.from };
  };
  const mods = new Map<Mod, Mod>();
  const moveMod = (mod: Mod): Mod => {
    const known = mods.get(mod);
    if (known !== undefined) return known;
    const moved: Mod = {
      ...mod,
      span: place(mod.span),
      locals: mod.locals.map((l) => ({ ...l, span: place(l.span) })),
      ...(mod.steps === undefined ? {} : { steps: mod.steps.map((s) => ({ ...s, span: place(s.span) })) }),
      ...(mod.places === undefined ? {} : { places: new Map([...mod.places].map(([key, span]) => [key, place(span)])) }),
    };
    mods.set(mod, moved);
    return moved;
  };
  const moveVariant = (v: LoweredVariant): LoweredVariant => {
    let bindings: readonly BoundName[] | null = null;
    return {
      name: v.name,
      nameSpan: place(v.nameSpan),
      captures: v.captures,
      problem: v.problem,
      stated: v.stated,
      reads: v.reads,
      ...(v.assertions === undefined ? {} : { assertions: v.assertions.map((a) => ({ ...a, span: place(a.span) })) }),
      get scoreMod() {
        return v.scoreMod === null ? null : moveMod(v.scoreMod);
      },
      get maskMod() {
        return v.maskMod === null ? null : moveMod(v.maskMod);
      },
      get bindings() {
        bindings ??= v.bindings.map(moveRow);
        return bindings;
      },
    };
  };
  const moveRow = (row: BoundName): BoundName => {
    const moved = row.span === null ? row : { ...row, span: place(row.span) };
    const { shadows } = moved;
    return shadows?.span == null ? moved : { ...moved, shadows: { ...shadows, span: place(shadows.span) } };
  };
  const moveDiagnostic = (d: Diagnostic): Diagnostic => ({
    ...d,
    span: place(d.span),
    fix: d.fix === null ? null : { ...d.fix, edits: d.fix.edits.map((e) => ({ ...e, span: place(e.span) })) },
  });
  const moveCall = (c: CallSite): CallSite => {
    let given: CallSite["arguments"] | null = null;
    return {
      callee: c.callee,
      span: place(c.span),
      get scoreMod() {
        return c.scoreMod === null ? null : moveMod(c.scoreMod);
      },
      get maskMod() {
        return c.maskMod === null ? null : moveMod(c.maskMod);
      },
      get arguments() {
        given ??= new Map([...c.arguments].map(([name, a]): [string, CallArgument] => [name, { ...a, span: place(a.span) }]));
        return given;
      },
    };
  };
  return { variant: moveVariant, call: moveCall, diagnostic: moveDiagnostic, need: (n) => ({ ...n, span: place(n.span) }) };
}
