/**
 * The front door: Python text → variants, diagnostics, needs.
 *
 * parse → run the module's code once → find the mods → bind what they capture → trace each to IR. `lowerModule` gives
 * an answer for any text, within a budget of steps: a mod that cannot be followed gives diagnostics and no variant, and
 * its neighbours stand. Nothing of the text is executed; values are computed by the evaluator's own rules.
 */
import type { Capture, Mod, ProblemHints, Span } from "../ir/mod.ts";
import { capturesOf } from "../ir/walk.ts";
import { createClaims } from "./assertion.ts";
import { type Binder, createBinder, evaluateBinding, type Subject } from "./bindings.ts";
import { callSites } from "./callSites.ts";
import { createDataFiles } from "./dataFiles.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { assignmentsOf, RESERVED_KEYS, readDirectives } from "./directive.ts";
import { type Entry, type Found, findEntries } from "./entries.ts";
import { createInterpreter, type Interpreter } from "./evaluate.ts";
import { callHints, captureHints, mergeHints, reservedHint } from "./hints.ts";
import { placeName } from "./importing.ts";
import type { Assertion, BoundName, CallSite, LoweredModule, LoweredVariant, LowerOptions, ModReads, Source } from "./module.ts";
import { createModules } from "./modules.ts";
import type { BindingContext } from "./parameters.ts";
import { isBroken, type Parsed, parseModule } from "./parse.ts";
import { functionOf, positionalCount, withSizes } from "./pythonCall.ts";
import { readsOf } from "./reads.ts";
import { constantRows, mergeRows } from "./rows.ts";
import type { Sizes } from "./seed.ts";
import { createSeeder, GUESSES, type Seeder } from "./seeder.ts";
import { settle } from "./settle.ts";
import { int, type Scope, unknown, type Value } from "./value.ts";
import { withOwnNames } from "./variantNames.ts";
import { bindingsIn } from "./walkSyntax.ts";

const DEFAULT_SIZES: Sizes = { batch: 1, heads: 8, qLen: 1024, kvLen: 1024 };

/** Lowers `sources[0]`, which may import the others. Never throws, and always ends. */
export function lowerModule(sources: readonly Source[], options: LowerOptions = {}): LoweredModule {
  const document = sources[0];
  if (document === undefined) return { variants: [], calls: [], diagnostics: [], needs: [], dataNeeds: [] };
  return lowerNamed(sources, document, options, null);
}

/** Lowers the mods of those names alone, or all where `names` is null. */
function lowerNamed(sources: readonly Source[], document: Source, options: LowerOptions, names: ReadonlySet<string> | null): LoweredModule {
  const session = createSession(sources, parseModule(document.file, document.text), options, names);
  try {
    session.run();
  } catch (error) {
    session.report(internalFault(error, { file: document.file, from: 0, to: 0 }));
  }
  return session.result();
}

/** As `lowerModule`, but where `name` is a variant's own name the other mods are not traced: some of the time. */
export function lowerOne(sources: readonly Source[], name: string, options: LowerOptions = {}): LoweredModule {
  const document = sources[0] ?? { file: "", text: "" };
  const few = lowerNamed(sources, document, options, new Set([name]));
  return few.variants.some((v) => v.name === name) ? few : lowerModule(sources, options);
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
  const document = sources[0] ?? { file: "", text: "" };
  const { file } = document;
  const names = [scoreName, maskName].filter((n) => n !== null);
  const few = lowerNamed(sources, document, options, new Set(names));
  // A name that is no entry's own may be a mod's inside another, and a fault asks for the names that there are.
  const module = names.every((n) => few.variants.some((v) => v.name === n)) ? few : lowerModule(sources, options);
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

/** Two variants as one: score_mod of the first, mask_mod of the second. */
function combine(score: LoweredVariant | null, mask: LoweredVariant | null, nameSpan: Span): LoweredVariant {
  const rows = new Map<string, BoundName>();
  for (const row of [...(score?.bindings ?? []), ...(mask?.bindings ?? [])]) if (!rows.has(row.name)) rows.set(row.name, row);
  const scoreMod = score?.scoreMod ?? null;
  const maskMod = mask?.maskMod ?? null;
  return {
    name: [score?.name, mask?.name].filter((n) => n !== undefined).join(" + "),
    nameSpan,
    scoreMod,
    maskMod,
    captures: capturesOf(...[scoreMod, maskMod].flatMap((m) => (m === null ? [] : [m.body]))),
    problem: mergeHints([mask?.problem ?? {}, score?.problem ?? {}]),
    stated: mergeHints([mask?.stated ?? {}, score?.stated ?? {}]),
    bindings: [...rows.values()],
    assertions: (score ?? mask)?.assertions ?? [],
    reads: [...(score?.reads ?? []), ...(mask?.reads ?? [])],
  };
}

function internalFault(error: unknown, span: Span): Diagnostic {
  return diagnose("internal-fault", span, [error instanceof Error ? error.message : String(error)]);
}

interface Session {
  run(): void;
  report(diagnostic: Diagnostic): void;
  result(): LoweredModule;
}

interface Traced {
  readonly entry: Entry;
  readonly mod: Mod;
  readonly rows: readonly BoundName[];
  readonly reads: ModReads;
  readonly problem: ProblemHints;
  readonly stated: ProblemHints;
  readonly value: Value;
  readonly assertions: readonly Assertion[];
}

function createSession(sources: readonly Source[], parsed: Parsed, options: LowerOptions, only: ReadonlySet<string> | null): Session {
  const { module } = parsed;
  const { file } = module;
  const diagnostics: Diagnostic[] = [...parsed.diagnostics];
  const variants: LoweredVariant[] = [];
  let calls: readonly CallSite[] = [];
  const modules = createModules(sources);
  const dataFiles = createDataFiles(options.files ?? [], file);
  const texts = new Map(sources.map((s) => [s.file, s.text]));
  let sink = diagnostics;
  let known: ReadonlyMap<string, Value> = new Map();
  let seeder: Seeder | null = null;
  const report = (d: Diagnostic): void => {
    sink.push(d);
  };
  const read = readDirectives(module, parsed.comments);
  diagnostics.push(...read.diagnostics);
  const binder = createBinder(options.bindings ?? {}, read.directives, { file });
  diagnostics.push(...binder.diagnostics);
  const textOf = (span: Span): string => {
    const from = span.file === file ? module.layout.toText(span.from) : span.from;
    return (texts.get(span.file) ?? binder.texts.get(span.file) ?? "").slice(from, from + span.to - span.from);
  };
  const tracedBefore = new Map<Value, ReturnType<Interpreter["traceMod"]>>();
  const claims = createClaims(read.directives, file);
  const reservedValues = new Map<unknown, ProblemHints>();

  const constants = constantRows(module, binder);

  const interpreters: Interpreter[] = [];
  const interpreterFor = (): Interpreter => {
    const made = createInterpreter({
      ...(options.stepBudget === undefined ? {} : { stepBudget: options.stepBudget }),
      report,
      textOf,
      readData: dataFiles.read,
      resolveImport: (name, level, from, span) => modules.resolve(name, level, from, span),
      supply: (unknown, use, span) => seeder?.supply(unknown, use, span) ?? null,
    });
    interpreters.push(made);
    return made;
  };

  /** Runs the module; where form or file directive name a module's constant, once more with that value in its place. */
  const runModule = (): { interpreter: Interpreter; scope: Scope; overridden: ReadonlySet<string> } => {
    const first = interpreterFor();
    const scope = first.runModule(module);
    const wide = binder.fileWide();
    const own = wide.length === 0 ? new Set<string>() : bindingsIn(module.body);
    const overrides = new Map<string, Value>();
    for (const binding of wide) {
      const before = scope.names.get(binding.name);
      if (!own.has(binding.name) || overrides.has(binding.name) || before?.type === "function" || before?.type === "class") continue;
      binder.use(binding);
      const value = evaluateBinding(binding, first, scope, namesBeside(scope, DEFAULT_SIZES), { file, from: 0, to: 0 }, report);
      if (value !== null) overrides.set(binding.name, value);
    }
    if (overrides.size === 0) return { interpreter: first, scope, overridden: new Set() };
    const second = interpreterFor();
    return { interpreter: second, scope: second.runModule(module, "__main__", overrides), overridden: new Set(overrides.keys()) };
  };

  const run = (): void => {
    const early: Diagnostic[] = [];
    sink = early;
    const { interpreter, scope } = runModule();
    sink = diagnostics;
    diagnostics.push(...early.filter((d) => !MADE_UP.has(d.code)));
    known = scope.names;
    for (const fault of interpreter.faults) if (ALWAYS_SHOWN.has(fault.code)) report(fault);
    const whole: Subject = { names: [], targets: [], parameters: new Map() };
    const context = (subject: Subject, sizes: Sizes): BindingContext => ({
      binder,
      interpreter,
      scope,
      overlay: overlayFor(subject, sizes, binder, interpreter, scope, report, file),
      sizes,
      textOf,
      report,
      table: null,
    });
    const reserved = (subject: Subject): ProblemHints => reservedHints(subject, interpreter, scope);
    const found = findEntries(module, context(whole, sizesOf(reserved(whole))));
    const firstCall = mergeHints(
      found.calls
        .filter((c) => c.callee !== "flex_attention")
        .map(callHints)
        .slice(0, 1),
    );
    const traced: Traced[] = [];
    for (const plain of found.entries) {
      if (only !== null && !only.has(plain.name)) continue;
      if (isBroken(parsed, plain.span)) continue;
      const direct = found.calls.filter((c) => plain.identity !== null && [...c.args.values()].includes(plain.identity));
      const targets = [
        ...plain.subject.targets,
        ...assignmentsOf(
          direct.map((c) => c.span),
          module.body,
        ),
      ];
      const entry: Entry = { ...plain, subject: { ...plain.subject, targets } };
      const own = mergeHints([reserved(entry.subject), ...direct.map(callHints)]);
      const hints = mergeHints([own, firstCall]);
      const result = traceEntry(entry, context(entry.subject, sizesOf(hints)), hints, own);
      if (result === null) continue;
      traced.push(result);
      variants.push(variantOf(result));
    }
    pairs(found, traced);
    calls = callSites(
      found.calls,
      traced.map((t) => ({ value: t.entry.identity ?? t.value, mod: t.mod })),
    );
    // Random numbers of module code are worth a word where a mod reads them, and not where they are q, k and v.
    const read = traced.flatMap((t) => t.rows.flatMap((r) => (r.span === null ? [] : [r.span])));
    for (const d of early) if (MADE_UP.has(d.code) && read.some((s) => s.from <= d.span.from && d.span.to <= s.to)) report(d);
    if (traced.length !== found.entries.length) return;
    diagnostics.push(...binder.unused());
    diagnostics.push(...claims.unused(textOf));
  };

  const reservedHints = (subject: Subject, interpreter: Interpreter, scope: Scope): ProblemHints => {
    const all: ProblemHints[] = [];
    for (const key of RESERVED_KEYS) {
      const binding = binder.reserved(subject, key);
      if (binding === null) continue;
      binder.use(binding);
      let hint = reservedValues.get(binding);
      if (hint === undefined) {
        const value = evaluateBinding(binding, interpreter, scope, new Map(), { file, from: 0, to: 0 }, report);
        const made = value === null ? { hint: {} } : reservedHint(key, value);
        if ("why" in made) report(diagnose("directive-value", binding.span ?? { file, from: 0, to: 0 }, [binding.key, made.why]));
        hint = "hint" in made ? made.hint : {};
        reservedValues.set(binding, hint);
      }
      all.push(hint);
    }
    return mergeHints(all);
  };

  /** Makes and traces one mod; where made-up tensors were of a dtype that does not do, with others. */
  const traceEntry = (entry: Entry, context: BindingContext, hints: ProblemHints, sure: ProblemHints): Traced | null => {
    let firstFaults: Diagnostic[] | null = null;
    for (const guess of GUESSES) {
      const faults: Diagnostic[] = [];
      sink = faults;
      const own = createSeeder(entry.subject, isScoreMod(entry), guess, context);
      seeder = own;
      const result = guarded(entry, () => attemptTrace(entry, { ...context, table: own.table }, own, hints, sure));
      seeder = null;
      sink = diagnostics;
      if (result !== null) {
        diagnostics.push(...faults.map((d) => here(d, entry.nameSpan)));
        return result;
      }
      firstFaults ??= faults;
      if (!own.guessed()) break;
    }
    diagnostics.push(...(firstFaults ?? []).map((d) => here(d, entry.nameSpan)));
    return null;
  };

  /** A defect of ours in one mod costs that mod alone. */
  const guarded = (entry: Entry, f: () => Traced | null): Traced | null => {
    try {
      return f();
    } catch (error) {
      report(internalFault(error, entry.nameSpan));
      return null;
    }
  };

  const isScoreMod = (entry: Entry): boolean => entry.identity !== null && positionalCount(entry.identity) === 5;

  const attemptTrace = (entry: Entry, context: BindingContext, own: Seeder, hints: ProblemHints, sure: ProblemHints): Traced | null => {
    const made = entry.make(context);
    if (made === null) return null;
    const count = positionalCount(made.value);
    if (count !== 4 && count !== 5) {
      if (made.value.type === "unknown" && made.value.fault !== null) report(made.value.fault);
      else report(diagnose("parameter-count", entry.nameSpan, [entry.name, count === null ? "no" : String(count)]));
      return null;
    }
    const kind = count === 4 ? "mask_mod" : "score_mod";
    const plain = binder.namesFor(entry.subject).length === 0;
    const outcome =
      (plain ? tracedBefore.get(made.value) : undefined) ??
      context.interpreter.traceMod(made.value, kind, options.scoreDType ?? "f32", entry.nameSpan, context.overlay);
    // One value under two names, a factory's and a variable's, is one mod. Made-up captures are each entry's own.
    if (plain && outcome.ok && own.rows.length === 0) tracedBefore.set(made.value, outcome);
    if (!outcome.ok) {
      report(here(outcome.fault, entry.nameSpan));
      return null;
    }
    const { body, locals, steps, places } = outcome.value;
    const fn = functionOf(made.value);
    const span = fn !== null && fn.span.file === file ? fn.span : entry.nameSpan;
    const mod: Mod = { kind, name: entry.name, span, body, locals, steps, places };
    const rows = mergeRows(made.rows, own.rows, constants(entry, context));
    const seededNames = new Set(rows.filter((r) => r.origin === "seeded").map((r) => r.name));
    const given = (c: Capture): boolean => !seededNames.has(c.name);
    const isChanged = (name: string): boolean => entry.subject.parameters.get(name)?.isChanged === true;
    const isNamed = context.scope.names.get(entry.name) === made.value;
    const reads = { mod: entry.name, isNamed, reads: readsOf(made.value, context.overlay, rows, isChanged) };
    const about = { targets: entry.subject.targets, rows };
    const assertions = claims.about(made.value, mod, about, { ...context, scoreDType: options.scoreDType ?? "f32", textOf, report });
    return {
      entry,
      mod,
      rows,
      reads,
      problem: mergeHints([hints, captureHints([mod], given)]),
      stated: sure,
      value: made.value,
      assertions,
    };
  };

  /** What is said of another file is shown at `span` of this one, with the place in words. */
  const here = (d: Diagnostic, span: Span): Diagnostic => {
    if (d.span.file === file) return d;
    const where = d.span.file.startsWith("binding:")
      ? `in the value of \`${d.span.file.slice("binding:".length)}\``
      : `in ${placeName(d.span, texts.get(d.span.file) ?? "")}`;
    return { ...d, span, message: `${d.message.replace(/\.$/, "")} (${where}).`, fix: null };
  };

  /** What module code of an imported file is said to do, at the import that led to it. */
  const atImport = (d: Diagnostic): Diagnostic => {
    if (d.span.file === file || !texts.has(d.span.file)) return d;
    const span = interpreters.map((i) => i.importOf(d.span.file)).find((s) => s !== null);
    return here(d, span ?? { file, from: 0, to: 0 });
  };

  const variantOf = ({ entry, mod, rows, reads, problem, stated, assertions }: Traced): LoweredVariant => ({
    name: entry.name,
    nameSpan: entry.nameSpan,
    scoreMod: mod.kind === "score_mod" ? mod : null,
    maskMod: mod.kind === "mask_mod" ? mod : null,
    captures: capturesOf(mod.body),
    problem,
    stated,
    bindings: rows,
    reads: [reads],
    assertions,
  });

  /** `flex_attention(…, score_mod=s, block_mask=create_block_mask(m, …))` puts two mods together. */
  const pairs = (found: Found, traced: readonly Traced[]): void => {
    const byValue = (value: Value | undefined): Traced | null =>
      traced.find((t) => value !== undefined && t.entry.identity === value) ?? null;
    const seen = new Set<string>();
    for (const call of found.calls) {
      if (call.callee !== "flex_attention") continue;
      const score = byValue(call.args.get("score_mod"));
      const blockMask = call.args.get("block_mask");
      const made = blockMask === undefined ? undefined : found.calls.find((c) => c.result === blockMask && c !== call);
      const mask = byValue(made?.args.get("mask_mod"));
      if (score === null || mask === null || score.mod.kind !== "score_mod" || mask.mod.kind !== "mask_mod") continue;
      const key = `${score.entry.name} + ${mask.entry.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const nameSpan = call.span.file === file ? calleeSpan(call.span) : score.entry.nameSpan;
      const both = combine(variantOf(score), variantOf(mask), nameSpan);
      const hints = callHints(call);
      variants.push({ ...both, problem: mergeHints([both.problem, hints]), stated: mergeHints([both.stated, hints]) });
    }
  };

  /** `flex_attention` of `attention.flex_attention(q, …)`. */
  const calleeSpan = (span: Span): Span => {
    const name = /^[\w.\s]*?(\w+)\s*\(/.exec(textOf(span));
    if (name?.[1] === undefined) return span;
    const from = span.from + name[0].lastIndexOf(name[1]);
    return { file, from, to: from + name[1].length };
  };

  return {
    run,
    report: (d) => void diagnostics.push(d),
    result: () => ({
      variants: withOwnNames(
        [...variants].sort((a, b) => a.nameSpan.from - b.nameSpan.from),
        known,
        module.text,
      ),
      calls,
      diagnostics: settle(diagnostics.map(atImport), parsed, known, textOf),
      needs: modules.needs,
      dataNeeds: dataFiles.needs,
    }),
  };
}

const MADE_UP: ReadonlySet<string> = new Set(["seeded-value", "random-values"]);
const ALWAYS_SHOWN: ReadonlySet<string> = new Set(["step-budget", "recursion-depth", "internal-fault"]);

function sizesOf(hints: ProblemHints): Sizes {
  const qLen = hints.qLen ?? hints.kvLen ?? DEFAULT_SIZES.qLen;
  return {
    batch: hints.batch ?? DEFAULT_SIZES.batch,
    heads: hints.qHeads ?? DEFAULT_SIZES.heads,
    qLen,
    kvLen: hints.kvLen ?? qLen,
  };
}

/** Problem sizes under the names that binding expressions use, where the module has none of that name. */
function namesBeside(scope: Scope, sizes: Sizes): Map<string, Value> {
  const names: Record<string, number> = {
    B: sizes.batch,
    H: sizes.heads,
    S: sizes.qLen,
    Q_LEN: sizes.qLen,
    KV_LEN: sizes.kvLen,
  };
  return new Map(Object.entries(names).flatMap(([k, v]): [string, Value][] => (scope.names.has(k) ? [] : [[k, int(v)]])));
}

/**
 * Values that free names of a mod take before the scopes around it: what form and directives say for this mod. Names
 * of the module itself that hold for the whole file are there already.
 */
function overlayFor(
  subject: Subject,
  sizes: Sizes,
  binder: Binder,
  interpreter: Interpreter,
  scope: Scope,
  report: (d: Diagnostic) => void,
  file: string,
): ReadonlyMap<string, Value> {
  const overlay = new Map<string, Value>();
  const beside = namesBeside(scope, sizes);
  for (const name of binder.namesFor(subject)) {
    const binding = binder.find(subject, name);
    const before = scope.names.get(name);
    // What a factory makes of its argument is what the mod reads, not the argument.
    if (subject.parameters.has(name)) continue;
    if (binding === null || before?.type === "function" || before?.type === "class" || before?.type === "module") continue;
    const isFileWide = binding.key === binding.name && (binding.origin === "form" || binding.origin === "file directive");
    if (isFileWide && before !== undefined) continue;
    const value = evaluateBinding(binding, interpreter, scope, beside, { file, from: 0, to: 0 }, report);
    // What cannot be used has said so; a made-up value stands in.
    overlay.set(name, value ?? unknown("the value given for it cannot be used", { name }));
  }
  return withSizes(overlay, beside);
}
