/**
 * A lowered module whose spans count as its nodes do (piece.ts), with the spans of the document's text instead. What
 * a mod holds is moved when it is asked for: most readers of a module look at one of its hundreds.
 */
import type { Mod, Span } from "../ir/mod.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Layout } from "./layout.ts";
import type { BoundName, CallArgument, CallSite, LoweredModule, LoweredVariant } from "./module.ts";

/** `module` with the spans of `file` moved to where they stand in the text. */
export function relocated(module: LoweredModule, file: string, { toText }: Layout): LoweredModule {
  const place = (span: Span): Span => {
    if (span.file !== file) return span;
    const from = toText(span.from);
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
  const moveVariant = (variant: LoweredVariant): LoweredVariant => {
    const { scoreMod, maskMod, bindings, assertions } = variant;
    const moved = { ...variant, nameSpan: place(variant.nameSpan) };
    later(moved, "scoreMod", () => (scoreMod === null ? null : moveMod(scoreMod)));
    later(moved, "maskMod", () => (maskMod === null ? null : moveMod(maskMod)));
    later(moved, "bindings", () => bindings.map(moveRow));
    if (assertions !== undefined) later(moved, "assertions", () => assertions.map((a) => ({ ...a, span: place(a.span) })));
    return moved;
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
  const moveCall = (call: CallSite): CallSite => {
    const { scoreMod, maskMod } = call;
    const moved = { ...call, span: place(call.span) };
    later(moved, "scoreMod", () => (scoreMod === null ? null : moveMod(scoreMod)));
    later(moved, "maskMod", () => (maskMod === null ? null : moveMod(maskMod)));
    later(
      moved,
      "arguments",
      () => new Map([...call.arguments].map(([n, a]): [string, CallArgument] => [n, { ...a, span: place(a.span) }])),
    );
    return moved;
  };
  return {
    variants: module.variants.map(moveVariant),
    calls: module.calls.map(moveCall),
    diagnostics: module.diagnostics.map(moveDiagnostic),
    needs: module.needs.map((n) => ({ ...n, span: place(n.span) })),
    dataNeeds: module.dataNeeds.map((n) => ({ ...n, span: place(n.span) })),
  };
}

/** Gives `object` the property `key`, made when it is first read. */
function later<T extends object, K extends keyof T>(object: T, key: K, make: () => T[K]): void {
  Object.defineProperty(object, key, {
    enumerable: true,
    configurable: true,
    get() {
      const value = make();
      Object.defineProperty(object, key, { enumerable: true, value });
      return value;
    },
  });
}
