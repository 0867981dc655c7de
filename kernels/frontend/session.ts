/**
 * One lowering under way: the module's code is run once, its mods are found, bound, and traced to IR.
 *
 * It may be told to run some of the module's statements and to trace some of its mods only: then it gives what those
 * come to, and incremental.ts puts it together with what was known of the others. So everything it says has an owner,
 * the offset of the definition or statement that it was said for.
 */
import type { Capture, Mod, ProblemHints, Span } from "../ir/mod.ts";
import { capturesOf } from "../ir/walk.ts";
import { createClaims } from "./assertion.ts";
import { createBinder, evaluateBinding, type Subject } from "./bindings.ts";
import { callSites } from "./callSites.ts";
import { createDataFiles } from "./dataFiles.ts";
import { type Diagnostic, diagnose, type TextOf } from "./diagnostic.ts";
import { assignmentsAround, RESERVED_KEYS, readDirectives } from "./directive.ts";
import { type Entry, type Found, findEntries } from "./entries.ts";
import { createInterpreter, type Interpreter } from "./evaluate.ts";
import { callHints, captureHints, kernelHints, mergeHints, reservedHint } from "./hints.ts";
import { placeName } from "./importing.ts";
import type { Assertion, BoundName, CallSite, DataNeed, LoweredVariant, LowerOptions, ModReads, Need, Source } from "./module.ts";
import { factsOf, type NameFact } from "./moduleNames.ts";
import { createModules } from "./modules.ts";
import { DEFAULT_SIZES, namesBeside, overlayFor, sizesOf } from "./overlay.ts";
import type { BindingContext } from "./parameters.ts";
import { isBroken, type Parsed } from "./parse.ts";
import { functionOf, positionalCount } from "./pythonCall.ts";
import { readsOf } from "./reads.ts";
import { constantRows, mergeRows } from "./rows.ts";
import type { Sizes } from "./seed.ts";
import { createSeeder, GUESSES, type Seeder } from "./seeder.ts";
import type { Statement } from "./syntax.ts";
import type { Scope, Value } from "./value.ts";
import { bindingsIn } from "./walkSyntax.ts";

/** Two variants as one: score_mod of the first, mask_mod of the second. */
export function combine(score: LoweredVariant | null, mask: LoweredVariant | null, nameSpan: Span): LoweredVariant {
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

/** What a session lowers: all of a module, or a part of it. */
export interface Part {
  /** The statements that are run, in their order. */
  readonly body: readonly Statement[];
  readonly wants: (entry: Entry) => boolean;
  /** What the first call that makes a block mask says of sizes, where another part has it; null where it is found here. */
  readonly firstCall: ProblemHints | null;
}

/** Something said for the definition or statement that has the offset `owner`; -1 for the module as a whole. */
export interface Owned<T> {
  readonly owner: number;
  readonly it: T;
}

/** What a session comes to; spans count as the module's nodes do. */
export interface Draft {
  readonly variants: readonly Owned<LoweredVariant>[];
  readonly calls: readonly Owned<CallSite>[];
  readonly diagnostics: readonly Owned<Diagnostic>[];
  readonly needs: readonly Need[];
  readonly dataNeeds: readonly DataNeed[];
  /** Keys of bindings, and places of claims, that something wanted. */
  readonly used: readonly Owned<string>[];
  /** Mods that could not be followed. */
  readonly failed: readonly number[];
  /** The first call that makes a block mask: what it says of sizes, and the call's owner. */
  readonly firstCall: Owned<ProblemHints> | null;
  /** The module's names at its end. */
  readonly names: ReadonlyMap<string, NameFact>;
}

export interface Session {
  readonly draft: Draft;
  /** What is wrong with directives and with the form's values. */
  readonly remarks: readonly Diagnostic[];
  /** Warnings about directives and form values that nothing wanted, if those of `used` were. */
  readonly unused: (used: ReadonlySet<string>) => readonly Diagnostic[];
  readonly textOf: TextOf;
}

interface Traced {
  readonly entry: Entry;
  readonly mod: Mod;
  readonly captures: readonly Capture[];
  readonly rows: readonly BoundName[];
  readonly reads: ModReads;
  readonly problem: ProblemHints;
  readonly stated: ProblemHints;
  readonly value: Value;
  readonly assertions: readonly Assertion[];
}

/** Lowers `part` of the document `sources[0]`, read as `parsed`. A defect of ours ends it early, and is told. */
export function runSession(sources: readonly Source[], parsed: Parsed, options: LowerOptions, part: Part): Session {
  const { module } = parsed;
  const { file } = module;
  const ran = part.body === module.body ? module : { ...module, body: part.body };
  const diagnostics: Owned<Diagnostic>[] = [];
  const variants: Owned<LoweredVariant>[] = [];
  const used: Owned<string>[] = [];
  const failed: number[] = [];
  let calls: readonly Owned<CallSite>[] = [];
  let firstCall: Owned<ProblemHints> | null = null;
  const modules = createModules(sources);
  const dataFiles = createDataFiles(options.files ?? [], file);
  const texts = new Map(sources.map((s) => [s.file, s.text]));
  let sink = diagnostics;
  let owner = -1;
  let isRunning = true;
  let names: ReadonlyMap<string, Value> = new Map();
  let seeder: Seeder | null = null;
  const ownerOf = (span: Span): number => (span.file === file ? module.layout.fromText(module.layout.toText(span.from)) : -1);
  const report = (it: Diagnostic): void => {
    sink.push({ owner: owner >= 0 ? owner : ownerOf(it.span), it });
  };
  const { directives, diagnostics: misread } = readDirectives(module, parsed.comments);
  const binder = createBinder(options.bindings ?? {}, directives, { file }, (key) => used.push({ owner, it: key }));
  const textOf = (span: Span): string => {
    const from = span.file === file ? module.layout.toText(span.from) : span.from;
    return (texts.get(span.file) ?? binder.texts.get(span.file) ?? "").slice(from, from + span.to - span.from);
  };
  const claims = createClaims(
    directives,
    file,
    (span) => `assert@${ownerOf(span)}`,
    (place) => used.push({ owner, it: place }),
  );
  const tracedBefore = new Map<Value, ReturnType<Interpreter["traceMod"]>>();
  const reservedValues = new Map<unknown, ProblemHints>();

  const constants = constantRows(ran, binder);

  const interpreters: Interpreter[] = [];
  const interpreterFor = (): Interpreter => {
    const made = createInterpreter({
      ...(options.stepBudget === undefined ? {} : { stepBudget: options.stepBudget }),
      report,
      entering: (statement) => {
        if (isRunning) owner = statement.span.from;
      },
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
    const scope = first.runModule(ran);
    const wide = binder.fileWide();
    const own = wide.length === 0 ? new Set<string>() : bindingsIn(ran.body);
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
    return { interpreter: second, scope: second.runModule(ran, "__main__", overrides), overridden: new Set(overrides.keys()) };
  };

  const run = (): void => {
    const early: Owned<Diagnostic>[] = [];
    sink = early;
    const { interpreter, scope } = runModule();
    sink = diagnostics;
    isRunning = false;
    owner = -1;
    const madeUp: Diagnostic[] = [];
    for (const d of early) {
      if (MADE_UP.has(d.it.code)) madeUp.push(d.it);
      else diagnostics.push(d);
    }
    names = scope.names;
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
      explores: false,
    });
    const reserved = (subject: Subject): ProblemHints => reservedHints(subject, interpreter, scope);
    const found = findEntries(ran, context(whole, sizesOf(reserved(whole))));
    const first = found.calls.find((c) => c.callee !== "flex_attention");
    if (first !== undefined) firstCall = { owner: ownerOf(first.span), it: callHints(first) };
    const usual = part.firstCall ?? firstCall?.it ?? {};
    const callsWith = index(found.calls.flatMap((c) => [...new Set(c.args.values())].map((value) => [value, c] as const)));
    const traced: Traced[] = [];
    const assignmentAround = assignmentsAround(ran.body);
    for (const plain of found.entries) {
      if (!part.wants(plain)) continue;
      owner = plain.nameSpan.from;
      if (isBroken(parsed, plain.span)) failed.push(owner);
      else {
        const direct = plain.identity === null ? [] : (callsWith.get(plain.identity) ?? []);
        const around = direct.flatMap((c) => assignmentAround(c.span) ?? []);
        const { subject } = plain;
        const entry = around.length === 0 ? plain : { ...plain, subject: { ...subject, targets: [...subject.targets, ...around] } };
        const own = mergeHints([reserved(entry.subject), kernelHints(directives, entry.subject), ...direct.map(callHints)]);
        const hints = mergeHints([own, usual]);
        const result = traceEntry(entry, context(entry.subject, sizesOf(hints)), hints, own);
        if (result === null) failed.push(owner);
        else {
          traced.push(result);
          variants.push({ owner, it: variantOf(result) });
          // Random numbers of module code are worth a word where a mod reads them, and not where they are q, k and v.
          const read = madeUp.length === 0 ? [] : result.rows.flatMap((r) => r.span ?? []);
          for (const it of read.length === 0 ? [] : madeUp) if (read.some((s) => contains(s, it.span))) report(it);
        }
      }
      owner = -1;
    }
    pairs(found, traced);
    const sites = callSites(
      found.calls,
      traced.map((t) => ({ value: t.entry.identity ?? t.value, mod: t.mod })),
    );
    calls = sites.map((it) => ({ owner: ownerOf(it.span), it }));
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
    let firstFaults: Owned<Diagnostic>[] | null = null;
    let isGuessed = true;
    for (const guess of GUESSES) {
      if (guess.explores === true ? entry.identity !== null : !isGuessed) continue;
      const faults: Owned<Diagnostic>[] = [];
      sink = faults;
      const own = createSeeder(entry.subject, isScoreMod(entry), guess, context);
      seeder = own;
      const result = guarded(entry, () =>
        attemptTrace(entry, { ...context, table: own.table, explores: guess.explores === true }, own, hints, sure),
      );
      seeder = null;
      sink = diagnostics;
      if (result !== null) {
        for (const { it } of faults) report(here(it, entry.nameSpan));
        return result;
      }
      firstFaults ??= faults;
      isGuessed &&= own.guessed();
    }
    for (const { it } of firstFaults ?? []) report(here(it, entry.nameSpan));
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
    const isHalf = hints.storage === "f16";
    const plain = binder.namesFor(entry.subject).length === 0 && !isHalf;
    const outcome =
      (plain ? tracedBefore.get(made.value) : undefined) ??
      context.interpreter.traceMod(made.value, kind, options.scoreDType ?? "f32", entry.nameSpan, context.overlay, isHalf);
    // One value under two names, a factory's and a variable's, is one mod. Made-up captures are each entry's own.
    if (plain && outcome.ok && own.rows.length === 0) tracedBefore.set(made.value, outcome);
    if (!outcome.ok) {
      report(here(outcome.fault, entry.nameSpan));
      return null;
    }
    const { body, captures, locals, steps, places } = outcome.value;
    const fn = functionOf(made.value);
    const span = fn !== null && fn.span.file === file ? fn.span : entry.nameSpan;
    const mod: Mod = { kind, name: entry.name, span, body, locals, steps, places };
    const rows = mergeRows(made.rows, own.rows, constants(entry, context));
    const given = (c: Capture): boolean => !rows.some((r) => r.origin === "seeded" && r.name === c.name);
    const isChanged = (name: string): boolean => entry.subject.parameters.get(name)?.isChanged === true;
    const isNamed = context.scope.names.get(entry.name) === made.value;
    const reads = { mod: entry.name, isNamed, reads: readsOf(made.value, context.overlay, rows, isChanged) };
    const about = { targets: entry.subject.targets, rows };
    const assertions = claims.about(made.value, mod, about, () => ({
      ...context,
      scoreDType: options.scoreDType ?? "f32",
      textOf,
      report,
    }));
    return {
      entry,
      mod,
      captures,
      rows,
      reads,
      problem: captures.length === 0 ? hints : mergeHints([hints, captureHints([mod], given)]),
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

  const variantOf = ({ entry, mod, captures, rows, reads, problem, stated, assertions }: Traced): LoweredVariant => ({
    name: entry.name,
    nameSpan: entry.nameSpan,
    scoreMod: mod.kind === "score_mod" ? mod : null,
    maskMod: mod.kind === "mask_mod" ? mod : null,
    captures,
    problem,
    stated,
    bindings: rows,
    reads: [reads],
    assertions,
  });

  /** `flex_attention(…, score_mod=s, block_mask=create_block_mask(m, …))` puts two mods together. */
  const pairs = (found: Found, traced: readonly Traced[]): void => {
    const byIdentity = new Map(traced.toReversed().map((t) => [t.entry.identity, t]));
    const byValue = (value: Value | undefined): Traced | null => (value === undefined ? null : (byIdentity.get(value) ?? null));
    const byResult = new Map(found.calls.toReversed().map((c) => [c.result, c]));
    const seen = new Set<string>();
    for (const call of found.calls) {
      if (call.callee !== "flex_attention") continue;
      const score = byValue(call.args.get("score_mod"));
      const blockMask = call.args.get("block_mask");
      const made = blockMask === undefined ? undefined : byResult.get(blockMask);
      const mask = byValue(made?.args.get("mask_mod"));
      if (score === null || mask === null || score.mod.kind !== "score_mod" || mask.mod.kind !== "mask_mod") continue;
      const key = `${score.entry.name} + ${mask.entry.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const nameSpan = call.span.file === file ? calleeSpan(call.span) : score.entry.nameSpan;
      const both = combine(variantOf(score), variantOf(mask), nameSpan);
      const hints = callHints(call);
      const it = { ...both, problem: mergeHints([both.problem, hints]), stated: mergeHints([both.stated, hints]) };
      variants.push({ owner: nameSpan.from, it });
    }
  };

  /** `flex_attention` of `attention.flex_attention(q, …)`. */
  const calleeSpan = (span: Span): Span => {
    const name = /^[\w.\s]*?(\w+)\s*\(/.exec(textOf(span));
    if (name?.[1] === undefined) return span;
    const from = span.from + name[0].lastIndexOf(name[1]);
    return { file, from, to: from + name[1].length };
  };

  try {
    run();
  } catch (error) {
    diagnostics.push({ owner: -1, it: internalFault(error, { file, from: 0, to: 0 }) });
  }
  return {
    textOf,
    unused: (wanted) => [...binder.unused(wanted), ...claims.unused(textOf, wanted)],
    remarks: [...misread, ...binder.diagnostics],
    draft: {
      variants,
      calls,
      diagnostics: diagnostics.map(({ owner: o, it }) => ({ owner: o, it: atImport(it) })),
      needs: modules.needs,
      dataNeeds: dataFiles.needs,
      used,
      failed,
      firstCall,
      names: factsOf(names),
    },
  };
}

const contains = (outer: Span, inner: Span): boolean => outer.file === inner.file && outer.from <= inner.from && inner.to <= outer.to;

/** Values by key, each key's in their order. */
function index<K, V>(pairs: readonly (readonly [K, V])[]): ReadonlyMap<K, readonly V[]> {
  const all = new Map<K, V[]>();
  for (const [key, value] of pairs) {
    const known = all.get(key);
    if (known === undefined) all.set(key, [value]);
    else known.push(value);
  }
  return all;
}

const MADE_UP: ReadonlySet<string> = new Set(["seeded-value", "random-values"]);
const ALWAYS_SHOWN: ReadonlySet<string> = new Set(["step-budget", "recursion-depth", "internal-fault"]);
