/**
 * The things of a module that are mods, each as a value to trace: its functions and methods, what its factories give,
 * variables that hold one, and what functions hand to create_block_mask and flex_attention. Runs the module's code
 * through the evaluator to get at them; draws no conclusions from what goes wrong on the way but diagnostics.
 */
import type { Span } from "../ir/mod.ts";
import type { Subject } from "./bindings.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { type Candidate, discover, kindByNames, lastName, type ModKind, positionalNames } from "./discover.ts";
import type { Outcome, RecordedCall } from "./evaluate.ts";
import { replace } from "./fix.ts";
import { lineOf } from "./layout.ts";
import type { BoundName } from "./module.ts";
import { type BindingContext, bindParameters, callsOf, SEED_FILE, withoutSelf } from "./parameters.ts";
import { functionOf, positionalCount } from "./pythonCall.ts";
import type { AnnAssign, Assign, Call, ClassDef, Expression, FunctionDef, Module, Name, Parameter, Statement } from "./syntax.ts";
import type { Class, FunctionValue, Instance, Value } from "./value.ts";
import { bindingsIn, ownStatements, walkSyntax } from "./walkSyntax.ts";

/** One mod of the document, before it is traced. */
export interface Entry {
  readonly name: string;
  readonly nameSpan: Span;
  readonly subject: Subject;
  /** Where its text is: faults on these lines leave it out. */
  readonly span: Span;
  /** Makes the mod's value, binding what it needs; asked again for each attempt. Null after a reported fault. */
  readonly make: (context: BindingContext) => { value: Value; rows: readonly BoundName[] } | null;
  /** The value itself where it exists before binding: by it, call sites find the entry. */
  readonly identity: Value | null;
}

export interface Found {
  readonly entries: readonly Entry[];
  /** Calls of FlexAttention, by module code and by functions that were run for them. */
  readonly calls: readonly RecordedCall[];
}

export function findEntries(module: Module, context: BindingContext): Found {
  const entries: Entry[] = [];
  const candidates = discover(module.body);
  const { interpreter, scope } = context;

  for (const candidate of candidates) {
    if (candidate.role === "user" || (candidate.owner === null && isCompletedElsewhere(candidate.node, module))) continue;
    const subject = subjectOf(candidate);
    const identity = candidate.role === "mod" ? definedValue(candidate, module, context) : null;
    if (candidate.role === "mod" && candidate.owner === null && identity === null) continue;
    entries.push({
      name: candidate.name,
      nameSpan: candidate.node.nameSpan,
      subject,
      span: candidate.node.span,
      identity,
      make: (c) => makeCandidate(candidate, identity, module, subject, c),
    });
  }

  const factories = new Map(candidates.flatMap((c) => (c.role === "factory" ? [[c.name, c] as const] : [])).reverse());
  for (const { name, statement } of variables(module)) {
    const value = scope.names.get(name.id);
    if (value === undefined || !isMod(value) || isDefinition(value, name.id)) continue;
    entries.push(variableEntry(name, statement, value, factories, module));
  }

  const identities = new Set(entries.map((e) => e.identity));
  const calls: RecordedCall[] = [...interpreter.calls];
  const runs: { calls: readonly RecordedCall[]; seeded: number }[] = [];
  for (const candidate of candidates) {
    if (candidate.role !== "user") continue;
    const before = interpreter.calls.length;
    if (calls.some((c) => contains(candidate.node.span, c.span))) continue;
    // What is handed over counts; what goes wrong with made-up arguments does not.
    const quiet: BindingContext = { ...context, report: () => undefined, explores: true };
    const run = runFunction(candidate, module, subjectOf(candidate), quiet, () => true);
    if (run === null) continue;
    runs.push({ calls: interpreter.calls.slice(before), seeded: run.rows.filter((r) => r.origin === "seeded").length });
  }
  // Sizes that the file gives go before sizes that were made up.
  for (const run of runs.sort((a, b) => a.seeded - b.seeded)) calls.push(...run.calls);
  for (const call of calls) {
    for (const argument of ["mask_mod", "score_mod"]) {
      const value = call.args.get(argument);
      if (value === undefined || value.type === "none" || value.type === "unknown") continue;
      if (value.type === "method" && argument === "mask_mod") context.report(boundMethod(value, call, context));
      const face = behind(value);
      if (identities.has(value) || (face !== null && identities.has(face)) || isMethod(value, entries, module)) continue;
      for (const entry of callEntry(value, argument as ModKind, call, entries, module, context)) {
        entries.push(entry);
        identities.add(entry.identity);
      }
    }
  }
  return { entries, calls };
}

/**
 * A mod with parameters more that have no value of use (`block_size=None`, `*, window`), which the module fills in by
 * `partial(mod, …)`: what that gives is the mod.
 */
function isCompletedElsewhere(node: FunctionDef, module: Module): boolean {
  const isOpen = node.params.some(
    (p) =>
      (p.default === null && p.role === "keyword-only") ||
      (p.default?.kind === "Constant" && p.default.literal.type === "None" && !asksAbout(node, p.name)),
  );
  if (!isOpen) return false;
  let isHanded = false;
  walkSyntax(module.body, (n) => {
    const [first] = n.kind === "Call" ? n.args : [];
    if (n.kind === "Call" && first?.kind === "Name" && first.id === node.name && lastName(n.callee) === "partial") isHanded = true;
    return !isHanded;
  });
  return isHanded;
}

/** Whether the function does without a value of `name`: it asks whether there is one (`if drop is not None`). */
function asksAbout(node: FunctionDef, name: string): boolean {
  let asks = false;
  walkSyntax(node.body, (n) => {
    if (n.kind === "Compare" && n.left.kind === "Name" && n.left.id === name && /^is/.test(n.ops[0] ?? "")) asks = true;
    return !asks;
  });
  return asks;
}

/** Whether a value can be called as a mod and has the look of one. */
export function isMod(value: Value): boolean {
  const count = positionalCount(value);
  if (count !== 4 && count !== 5) return false;
  const fn = functionOf(value);
  if (fn === null) return value.type === "builtin" || value.type === "function";
  const names = positionalNames(fn.params);
  return (
    kindByNames(names.slice(-count)) !== null ||
    kindByNames(names.slice(0, count)) !== null ||
    kindByNames(names.slice(1, count + 1)) !== null
  );
}

function subjectOf({ name, node, owner, role }: Candidate): Subject {
  if (owner === null) return { names: [name], targets: [node.span.from], parameters: role === "mod" ? new Map() : parametersOf(node) };
  const init = owner.body.find((s): s is FunctionDef => s.kind === "FunctionDef" && s.name === "__init__");
  const parameters = new Map([...(init === undefined ? [] : parametersOf(init)), ...(role === "mod" ? [] : parametersOf(node))]);
  return { names: [name, owner.name], targets: [node.span.from, owner.span.from], parameters };
}

function parametersOf(node: FunctionDef): Subject["parameters"] {
  const bound = bindingsIn(node.body.filter((s) => !keepsValue(s)));
  return new Map(node.params.map(({ name }) => [name, { isChanged: bound.has(name) }]));
}

/** `ids = ids.to(device).contiguous()`: done once more it changes nothing. */
function keepsValue(s: Statement): boolean {
  if (s.kind !== "Assign" || s.targets.length !== 1) return false;
  const [target] = s.targets;
  let at: Expression = s.value;
  while (at.kind === "Call" && at.callee.kind === "Attribute" && KEEPING.has(at.callee.name)) at = at.callee.object;
  return target?.kind === "Name" && at.kind === "Name" && at.id === target.id;
}

const KEEPING = new Set("to cpu cuda contiguous detach clone long int short bool float half bfloat16 double type type_as".split(" "));

/** The value of a module's own function; of one that a later definition hides, run again by itself. */
function definedValue({ node, owner }: Candidate, module: Module, { interpreter, scope }: BindingContext): Value | null {
  if (owner !== null) return null;
  const value = scope.names.get(node.name);
  if (value !== undefined && isFrom(value, node)) return value;
  if (value !== undefined && value.type !== "unknown" && functionOf(value) !== null && node.decorators.length > 0 && isMod(value))
    return value;
  const alone: Module = { ...module, body: [{ ...node, decorators: [] }] };
  const again = interpreter.runModule(alone, "__main__", undefined).names.get(node.name);
  return again?.type === "function" ? { ...again, scope: { ...again.scope, parent: scope } } : null;
}

const isFrom = (value: Value, node: FunctionDef): boolean => functionOf(value)?.nameSpan.from === node.nameSpan.from;

/** The function's own name stands for it already. */
function isDefinition(value: Value, name: string): boolean {
  return value.type === "function" && value.name === name && value.scope.kind === "module";
}

function makeCandidate(
  candidate: Candidate,
  identity: Value | null,
  module: Module,
  subject: Subject,
  context: BindingContext,
): { value: Value; rows: readonly BoundName[] } | null {
  if (identity !== null) return { value: identity, rows: [] };
  if (candidate.role === "mod") return methodValue(candidate, module, subject, context);
  // What made-up values run into is no fault of the text.
  const decided: Survives = (fault, rows) => rows.some((r) => r.origin === "seeded") && DECIDED_BY_VALUES.has(fault.code);
  const run = runFunction(candidate, module, subject, context, context.explores ? decided : null);
  if (run === null) return null;
  const { outcome, rows } = run;
  if (!outcome.ok) {
    context.report(decided(outcome.fault, rows) ? { ...outcome.fault, severity: "warning" } : outcome.fault);
    return null;
  }
  return { value: outcome.value, rows };
}

/** Codes of what one value runs into and another does not. */
const DECIDED_BY_VALUES: ReadonlySet<string> = new Set([
  "index-out-of-range",
  "raised",
  "assertion-failed",
  "zero-division",
  "operand-types",
  "not-iterable",
  "unknown-attribute",
]);

/** Whether a function goes on behind a fault; `rows` are the arguments that it was given. */
type Survives = (fault: Diagnostic, rows: readonly BoundName[]) => boolean;

/** Calls a function or method with the arguments that bindings give. */
function runFunction(
  candidate: Candidate,
  module: Module,
  subject: Subject,
  context: BindingContext,
  survives: Survives | null,
): { outcome: Outcome<Value>; rows: readonly BoundName[] } | null {
  const { node, owner } = candidate;
  const made =
    owner === null ? { value: definedValue(candidate, module, context), rows: [] } : methodValue(candidate, module, subject, context);
  if (made?.value === null || made?.value === undefined) return null;
  const params = owner === null || candidate.isStatic ? node.params : withoutSelf(node);
  const call = callsOf(node.name, module.body, node)[0] ?? null;
  const bound = bindParameters(params, node.body, subject, call, node.nameSpan, context);
  const held = owner === null && call !== null ? heldResult(call, bound.rows, module, context) : null;
  if (held !== null) return { outcome: { ok: true, value: held }, rows: bound.rows };
  const rows = [...made.rows, ...bound.rows];
  const { interpreter, overlay } = context;
  const outcome =
    survives === null
      ? interpreter.call(made.value, bound.args, bound.kwargs, node.nameSpan, overlay)
      : interpreter.explore(made.value, bound.args, bound.kwargs, node.nameSpan, (fault) => survives(fault, rows), overlay);
  return { outcome, rows };
}

/** What `variable = factory(…)` has given already, if the arguments bound are those of that call. */
function heldResult(call: Call, rows: readonly BoundName[], module: Module, { scope }: BindingContext): Value | null {
  const variable = variableWith(call, module);
  const value = variable === undefined ? undefined : scope.names.get(variable.name.id);
  if (value === undefined || !isMod(value)) return null;
  const passed = [...call.args, ...call.keywords.map((k) => k.value)];
  const same = (row: BoundName): boolean =>
    row.origin === "call site" ||
    row.origin === "default" ||
    (row.origin === "module" && passed.some((p) => p.kind === "Name" && p.id === row.name));
  return rows.every(same) ? value : null;
}

/** A method bound to an instance of its class, which is made with bound arguments; a static one as it is. */
function methodValue(
  { node, owner, isStatic }: Candidate,
  module: Module,
  subject: Subject,
  context: BindingContext,
): { value: Value; rows: readonly BoundName[] } | null {
  const cls = owner === null ? undefined : context.scope.names.get(owner.name);
  if (owner === null || cls?.type !== "class") return null;
  const member = memberOf(cls, node.name);
  if (member === null) return null;
  if (isStatic) return { value: functionOf(member) ?? member, rows: [] };
  const { self, rows } = instanceOf(owner, cls, module, subject, context);
  return { value: { type: "method", self, callee: member }, rows };
}

function memberOf(cls: Class, name: string): Value | null {
  return cls.members.get(name) ?? null;
}

function instanceOf(
  owner: ClassDef,
  cls: Class,
  module: Module,
  subject: Subject,
  context: BindingContext,
): { self: Value; rows: readonly BoundName[] } {
  const held = heldInstance(cls, context);
  const wanted = context.binder.namesFor(subject).length > 0;
  if (held !== null && !wanted) return { self: held, rows: [] };
  const init = owner.body.find((s): s is FunctionDef => s.kind === "FunctionDef" && s.name === "__init__");
  const params = init === undefined ? fieldsOf(owner) : withoutSelf(init);
  const call = callsOf(owner.name, module.body, owner)[0] ?? null;
  const bound = bindParameters(params, owner.body, subject, call, owner.nameSpan, context);
  const outcome = context.interpreter.call(cls, bound.args, bound.kwargs, owner.nameSpan, context.overlay);
  if (outcome.ok && classOf(outcome.value) === cls) return { self: outcome.value, rows: bound.rows };
  // A class that cannot be made (it inherits from what is not at hand): its attributes are made up one by one.
  const self: Instance = { type: "instance", class: cls, attributes: new Map() };
  return { self: cls.opaque || !outcome.ok ? openInstance(self) : self, rows: bound.rows };
}

/** An instance whose attributes are not known: each is asked for by name when a mod reads it. */
function openInstance(self: Instance): Value {
  return { ...self, class: { ...self.class, opaque: true } };
}

/** An instance that a module variable holds. */
function heldInstance(cls: Class, { scope }: BindingContext): Value | null {
  for (const value of scope.names.values()) if (classOf(value) === cls) return value;
  return null;
}

/** The class of an instance, be it a named tuple. */
const classOf = (v: Value): Class | null => (v.type === "instance" || v.type === "tuple" ? (v.class ?? null) : null);

/** A dataclass's fields as parameters. */
function fieldsOf(owner: ClassDef): Parameter[] {
  return owner.body.flatMap((s): Parameter[] => {
    if (s.kind !== "AnnAssign" || s.target.kind !== "Name") return [];
    const { id, span } = s.target;
    return [{ kind: "Parameter", span: s.span, name: id, nameSpan: span, role: "positional", annotation: s.annotation, default: s.value }];
  });
}

// ------------------------------------------------------------------------------------------------------- variables

const byValue = new WeakMap<Module, ReadonlyMap<Expression | null, Variable>>();

/** The variable that gets what `call` gives. */
function variableWith(call: Call, module: Module): Variable | undefined {
  let known = byValue.get(module);
  if (known === undefined) {
    known = new Map(variables(module).map((v) => [v.statement.value, v]));
    byValue.set(module, known);
  }
  return known.get(call);
}

const variablesOf = new WeakMap<Module, readonly Variable[]>();

interface Variable {
  readonly name: Name;
  readonly statement: Assign | AnnAssign;
}

/** Names that the module's own code assigns, each at its last assignment. */
function variables(module: Module): readonly Variable[] {
  const known = variablesOf.get(module);
  if (known !== undefined) return known;
  const found = new Map<string, { name: Name; statement: Assign | AnnAssign }>();
  const note = (target: Expression, statement: Assign | AnnAssign): void => {
    if (target.kind === "Name") {
      found.delete(target.id);
      found.set(target.id, { name: target, statement });
    } else if (target.kind === "Sequence") for (const e of target.elements) note(e, statement);
  };
  for (const s of ownStatements(module.body)) {
    if (s.kind === "Assign") for (const t of s.targets) note(t, s);
    else if (s.kind === "AnnAssign" && s.value !== null) note(s.target, s);
  }
  const all = [...found.values()];
  variablesOf.set(module, all);
  return all;
}

/**
 * A variable that holds a mod. Where it holds what a factory of the module gave, its parameters can be bound anew
 * (`sliding.window=512`): then the factory is called again.
 */
function variableEntry(
  name: Name,
  statement: Assign | AnnAssign,
  value: Value,
  factories: ReadonlyMap<string, Candidate>,
  module: Module,
): Entry {
  const call = statement.value;
  const factory = call?.kind === "Call" && call.callee.kind === "Name" ? factories.get(call.callee.id) : undefined;
  const names = factory === undefined ? [name.id] : [name.id, factory.name];
  const targets = factory === undefined ? [statement.span.from] : [statement.span.from, factory.node.span.from];
  const subject: Subject = { names, targets, parameters: factory === undefined ? new Map() : parametersOf(factory.node) };
  const behindIt = functionOf(value);
  return {
    name: name.id,
    nameSpan: name.span,
    subject,
    span: behindIt !== null && behindIt.span.file === module.file ? behindIt.span : statement.span,
    identity: value,
    make(context) {
      if (factory === undefined || call?.kind !== "Call") return { value, rows: [] };
      const fn = definedValue(factory, module, context);
      const bound = bindParameters(factory.node.params, factory.node.body, subject, call, factory.node.nameSpan, context);
      const changed = bound.rows.some((r) => r.origin === "form" || r.origin === "directive" || r.origin === "file directive");
      if (!changed || fn === null) return { value, rows: bound.rows };
      const outcome = context.interpreter.call(fn, bound.args, bound.kwargs, call.span, context.overlay);
      if (outcome.ok) return { value: outcome.value, rows: bound.rows };
      context.report(outcome.fault);
      return null;
    },
  };
}

// ------------------------------------------------------------------------------------------------------ call sites

/** Entries for a mod that only a call site has: a function inside a function, a lambda in place. */
function callEntry(
  value: Value,
  kind: ModKind,
  call: RecordedCall,
  entries: readonly Entry[],
  module: Module,
  context: BindingContext,
): Entry[] {
  if (call.span.file !== module.file) return [];
  const count = positionalCount(value);
  const fn = functionOf(value);
  // `create_block_mask(mask_mod, …)` in a function that takes the mod: made up to run it, and none of the text.
  if (fn !== null && fn.span.file === SEED_FILE) return [];
  if (count !== (kind === "mask_mod" ? 4 : 5)) {
    if (fn !== null && count !== null) {
      const shown = fn.name === "<lambda>" ? context.textOf(fn.span) : fn.name;
      context.report(diagnose("parameter-count", fn.span.file === module.file ? fn.nameSpan : call.span, [shown, String(count)]));
    }
    return [];
  }
  const inside =
    fn !== null && fn.span.file === module.file && entries.some((e) => contains(e.span, fn.span) && e.span.from !== fn.span.from);
  const { name, nameSpan } = nameOf(value, fn, call, module, context);
  if (inside && entries.some((e) => e.name === name)) return [];
  const around = entries.find((e) => fn !== null && contains(e.span, fn.span));
  return [
    {
      name,
      nameSpan,
      subject: {
        names: around === undefined ? [name] : [name, ...around.subject.names],
        targets: fn === null ? [] : [fn.span.from],
        parameters: new Map(),
      },
      span: fn !== null && fn.span.file === module.file ? fn.span : call.span,
      identity: value,
      make: () => ({ value, rows: [] }),
    },
  ];
}

/** Whether one of `entries` is the method that `value` is bound from. */
function isMethod(value: Value, entries: readonly Entry[], module: Module): boolean {
  const fn = value.type === "method" ? functionOf(value) : null;
  return fn !== null && fn.span.file === module.file && entries.some((e) => e.nameSpan.from === fn.nameSpan.from);
}

/** create_block_mask counts `self`: the warning, with the lambda that it takes instead. */
function boundMethod(value: Value, call: RecordedCall, { textOf }: BindingContext): Diagnostic {
  const place = call.places.get("mask_mod") ?? call.places.get("mod_fn") ?? null;
  const name = functionOf(value)?.name ?? "method";
  if (place === null) return diagnose("bound-method", call.span, [name]);
  const text = textOf(place);
  const names = "b, h, q_idx, kv_idx";
  if (!/^[\w.]+$/.test(text)) return diagnose("bound-method", place, [text]);
  const rewrite = `lambda ${names}: ${text}(${names})`;
  return diagnose("bound-method", place, [text, rewrite], replace({ span: place }, rewrite).fix);
}

/** A function's own name; else the variable that holds the block mask; else the factory, or the line. */
function nameOf(
  value: Value,
  fn: FunctionValue | null,
  call: RecordedCall,
  module: Module,
  { scope }: BindingContext,
): { name: string; nameSpan: Span } {
  if (fn !== null && value.type !== "partial" && fn.name !== "<lambda>" && fn.span.file === module.file) {
    return { name: fn.name, nameSpan: fn.nameSpan };
  }
  for (const { name } of variables(module)) {
    if (scope.names.get(name.id) === call.result) return { name: name.id, nameSpan: name.span };
  }
  if (fn !== null && fn.name !== "<lambda>" && fn.span.file === module.file) return { name: fn.name, nameSpan: fn.nameSpan };
  const span = fn !== null && fn.span.file === module.file ? fn.span : call.span;
  return { name: `lambda at line ${lineOf(module, span.from)}`, nameSpan: { ...span, to: Math.min(span.to, span.from + "lambda".length) } };
}

/** The function that a value is another face of, for telling whether two values are one mod. */
function behind(value: Value): Value | null {
  return value.type === "method" || value.type === "partial" ? null : functionOf(value);
}

const contains = (outer: Span, inner: Span): boolean => outer.file === inner.file && outer.from <= inner.from && inner.to <= outer.to;
