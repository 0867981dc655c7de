/**
 * The front door: Python text → variants, diagnostics, needs.
 *
 * parse → run the module's code once → find the mods → bind what they capture → trace each to IR (session.ts).
 * `lowerModule` gives an answer for any text, within a budget of steps: a mod that cannot be followed gives diagnostics
 * and no variant, and its neighbours stand. Nothing of the text is executed; values are computed by the evaluator's own
 * rules. Whoever lowers a text again and again while it is typed does so by `createLowering` (lowering.ts).
 */
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import type { LoweredModule, LoweredVariant, LowerOptions, Source } from "./module.ts";
import { type Parsed, parseModule } from "./parse.ts";
import { combine, type Draft, type Owned, runSession, type Session } from "./session.ts";
import { settle } from "./settle.ts";
import { withOwnNames } from "./variantNames.ts";

/** Lowers `sources[0]`, which may import the others. Never throws, and always ends. */
export function lowerModule(sources: readonly Source[], options: LowerOptions = {}): LoweredModule {
  return lowerNamed(sources, options, null);
}

/** Lowers the mods of those names alone, or all where `names` is null. */
function lowerNamed(sources: readonly Source[], options: LowerOptions, names: ReadonlySet<string> | null): LoweredModule {
  return lowerSome(sources, options, names).module;
}

/** The same; `isRefused`: a mod that was wanted could not be followed. */
function lowerSome(
  sources: readonly Source[],
  options: LowerOptions,
  names: ReadonlySet<string> | null,
): { readonly module: LoweredModule; readonly isRefused: boolean } {
  const document = sources[0];
  if (document === undefined) return { module: EMPTY, isRefused: false };
  const parsed = parseModule(document.file, document.text);
  const wants = names === null ? () => true : (entry: { readonly name: string }) => names.has(entry.name);
  const session = runSession(sources, parsed, options, { body: parsed.module.body, wants, firstCall: null });
  return { module: finish(parsed, session.draft, session, names === null), isRefused: session.draft.failed.length > 0 };
}

export const EMPTY: LoweredModule = { variants: [], calls: [], diagnostics: [], needs: [], dataNeeds: [] };

/** A draft as the world sees it; spans are still those of the module's nodes. `isWhole`: no mod was left out. */
export function finish(parsed: Parsed, draft: Draft, session: Session, isWhole: boolean): LoweredModule {
  const { toText } = parsed.module.layout;
  const variants = inOrder(draft.variants, (v) => toText(v.nameSpan.from));
  const said = [...parsed.diagnostics, ...session.remarks, ...draft.diagnostics.map((d) => d.it)];
  // Who could not be followed may have wanted more; who was left out may have wanted what the text says, and no given value.
  if (draft.failed.length === 0) {
    const unused = session.unused(new Set(draft.used.map((u) => u.it)));
    said.push(...(isWhole ? unused : unused.filter((d) => d.code === "binding-unused")));
  }
  return {
    variants: withOwnNames(variants, draft.names, parsed.module),
    calls: inOrder(draft.calls, (c) => (c.span.file === parsed.module.file ? toText(c.span.from) : -1)),
    diagnostics: settle(said, parsed, () => [...draft.names.keys()].sort(), session.textOf),
    needs: draft.needs,
    dataNeeds: draft.dataNeeds,
  };
}

/** What is owned, by where it stands. */
const inOrder = <T>(all: readonly Owned<T>[], placeOf: (it: T) => number): T[] =>
  all
    .map(({ it }) => ({ it, at: placeOf(it) }))
    .sort((a, b) => a.at - b.at)
    .map(({ it }) => it);

/** As `lowerModule`, but where `name` is a mod's own name the others are not traced: some of the time, and no fault of theirs. */
export function lowerOne(sources: readonly Source[], name: string, options: LowerOptions = {}): LoweredModule {
  const { module: few, isRefused } = lowerSome(sources, options, new Set([name]));
  return isRefused || few.variants.some((v) => v.name === name) ? few : lowerModule(sources, options);
}

/** The variant of that name (names are unique: see variantNames.ts); or the one whose mod's own name it is; or null. */
export function findVariant(module: LoweredModule, name: string): LoweredVariant | null {
  const { variants } = module;
  return (
    variants.find((v) => v.name === name) ??
    variants.find((v) => v.name.endsWith(`.${name}`)) ??
    variants.find((v) => v.maskMod?.name === name || v.scoreMod?.name === name) ??
    null
  );
}

/** One variant of two mods by name, for the command line's `--score-mod` and `--mask-mod`. */
export function lowerPair(
  sources: readonly Source[],
  scoreName: string | null,
  maskName: string | null,
  options: LowerOptions = {},
): { readonly variant: LoweredVariant | null; readonly diagnostics: readonly Diagnostic[]; readonly module: LoweredModule } {
  const file = sources[0]?.file ?? "";
  const names = [scoreName, maskName].filter((n) => n !== null);
  const few = lowerNamed(sources, options, new Set(names));
  const serves = (name: string | null, kind: "scoreMod" | "maskMod"): boolean =>
    name === null || few.variants.some((v) => v.name === name && v[kind] !== null);
  // A name that is no entry's own may be a mod's inside another, and a fault asks for the names that there are.
  const module = serves(scoreName, "scoreMod") && serves(maskName, "maskMod") ? few : lowerModule(sources, options);
  const diagnostics = [...module.diagnostics];
  const find = (name: string | null, kind: "scoreMod" | "maskMod"): LoweredVariant | null => {
    if (name === null) return null;
    const named = module.variants.filter((v) => v.name === name && v[kind] !== null);
    const variant = named[0] ?? module.variants.find((v) => v[kind]?.name === name) ?? findVariant(module, name);
    if (variant !== null && variant[kind] !== null) return variant;
    const what = kind === "scoreMod" ? "score_mod" : "mask_mod";
    const names = module.variants.filter((v) => v[kind] !== null).map((v) => `\`${v.name}\``);
    const way = names.length === 0 ? `this file has no ${what}` : `its ${what}s are ${names.join(", ")}`;
    diagnostics.push(diagnose("unknown-name", { file, from: 0, to: 0 }, [name, way]));
    return null;
  };
  const score = find(scoreName, "scoreMod");
  const mask = find(maskName, "maskMod");
  if ((scoreName !== null && score === null) || (maskName !== null && mask === null)) return { variant: null, diagnostics, module };
  const first = score ?? mask;
  if (first === null) return { variant: null, diagnostics, module };
  return { variant: combine(score, mask, first.nameSpan), diagnostics, module };
}
