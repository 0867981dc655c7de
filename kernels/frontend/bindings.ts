/**
 * Values for names that a mod takes from around it: what the form and the directives say, in their order of precedence.
 *
 * A binding is a Python expression, evaluated by the same evaluator as the file, or a tensor's data. `mod.name` speaks
 * of one mod, and beats the bare name. The reserved keys set the problem; they bind a name of the same spelling only
 * where nothing else does.
 */
import type { Capture, Span } from "../ir/mod.ts";
import { type DType, TORCH_NAMES } from "../ir/ops.ts";
import { type Diagnostic, diagnose, type Report } from "./diagnostic.ts";
import { type Directive, type DirectiveEntry, isReserved } from "./directive.ts";
import type { Interpreter } from "./evaluate.ts";
import { knownModule } from "./knownModules.ts";
import type { BindingOrigin, BindingValue, BoundName } from "./module.ts";
import { parseExpression } from "./parse.ts";
import { printed } from "./printed.ts";
import { LOAD } from "./pythonFiles.ts";
import type { Expression } from "./syntax.ts";
import { outline, tensorFromCapture } from "./tensor.ts";
import type { Scope, Value } from "./value.ts";

/** One value that somebody gave for a name. */
export interface Binding {
  /** As it was given: `name` or `mod.name`. */
  readonly key: string;
  readonly name: string;
  readonly origin: BindingOrigin;
  readonly text: string;
  readonly span: Span | null;
  readonly expression: Expression | null;
  readonly capture: Capture | null;
}

/** Whom a binding is for: names (`make_window`, a variable) and the statements that directives may stand above. */
export interface Subject {
  /** The most particular first. */
  readonly names: readonly string[];
  /** Offsets of statements. */
  readonly targets: readonly number[];
  /** Its parameters, each with whether its own text gives the name another value: a binding of one is an argument. */
  readonly parameters: ReadonlyMap<string, { readonly isChanged: boolean }>;
}

export interface Binder {
  /** The binding that wins for `name` among form and directives; reserved keys are left to `reserved`. */
  find(subject: Subject, name: string): Binding | null;
  /** The one that would win without the form. */
  findInText(subject: Subject, name: string): Binding | null;
  /** The winning value of a reserved key, for the problem. */
  reserved(subject: Subject, key: string): Binding | null;
  /** Bare names that hold for the whole file: they take the place of module constants. */
  fileWide(): readonly Binding[];
  /** Names for which the subject has any binding but reserved ones. */
  namesFor(subject: Subject): readonly string[];
  /** Says that `binding` was wanted. */
  use(binding: Binding): void;
  /** Texts of the form's expressions by the file key of their spans. */
  readonly texts: ReadonlyMap<string, string>;
  /** A warning for each directive entry whose key nothing `wanted`, a hint for each such value of the form. */
  unused(wanted: ReadonlySet<string>): readonly Diagnostic[];
  /** Faults in the form's texts. */
  readonly diagnostics: readonly Diagnostic[];
}

export function createBinder(
  form: Readonly<Record<string, BindingValue>>,
  directives: readonly Directive[],
  document: { readonly file: string },
  wanted: (key: string) => void,
): Binder {
  const texts = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const entryOf = new Map<Binding, DirectiveEntry>();
  const fromForm = new Map<string, Binding>();
  for (const [key, value] of Object.entries(form)) {
    const binding = formBinding(key, value, document.file, texts, diagnostics);
    if (binding !== null) fromForm.set(key, binding);
  }
  const ofDirective = (entry: DirectiveEntry, origin: BindingOrigin): Binding => {
    const binding: Binding = {
      key: entry.key,
      name: lastPart(entry.key),
      origin,
      text: entry.text,
      span: entry.value.span,
      expression: entry.value,
      capture: null,
    };
    entryOf.set(binding, entry);
    return binding;
  };
  // Later entries win over earlier ones of the same key.
  const local = directives.flatMap((d) =>
    d.target === null ? [] : [{ target: d.target, bindings: d.entries.map((e) => ofDirective(e, "directive")).reverse() }],
  );
  const nearTo = (subject: Subject): readonly Binding[] => {
    if (local.length === 0) return [];
    const targets = new Set(subject.targets);
    return local.filter((l) => targets.has(l.target)).flatMap((l) => l.bindings);
  };
  const fileWide = directives
    .filter((d) => d.target === null)
    .flatMap((d) => d.entries.map((e) => ofDirective(e, "file directive")))
    .reverse();

  /** The keys that were looked for when a binding was found: values for them that it beats are no mistakes. */
  const rivals = new Map<Binding, readonly string[]>();
  const inText = (subject: Subject, keys: readonly string[]): Binding | null => {
    return pick(nearTo(subject), keys) ?? pick(fileWide, keys);
  };
  const search = (subject: Subject, keys: readonly string[]): Binding | null => {
    const found = keys.map((key) => fromForm.get(key)).find((b) => b !== undefined) ?? inText(subject, keys);
    if (found !== null) rivals.set(found, [...(rivals.get(found) ?? []), ...keys]);
    return found;
  };
  const isEmpty = fromForm.size === 0 && local.length === 0 && fileWide.length === 0;
  const dottedFor = (subject: Subject, name: string): string[] => subject.names.map((n) => `${n}.${name}`);
  const keysFor = (subject: Subject, name: string): string[] =>
    isReserved(name) ? dottedFor(subject, name) : [...dottedFor(subject, name), name];

  return {
    texts,
    diagnostics,
    find: (subject, name) => (isEmpty ? null : search(subject, keysFor(subject, name))),
    findInText: (subject, name) => inText(subject, keysFor(subject, name)),
    // Where a parameter has the key's name, the dotted key gives it a value, and the bare one the problem.
    reserved(subject, key) {
      if (isEmpty) return null;
      return (subject.parameters.has(key) ? search(subject, [key]) : null) ?? search(subject, [...dottedFor(subject, key), key]);
    },
    fileWide: () => [
      ...[...fromForm.values()].filter((b) => b.key === b.name && !isReserved(b.name)),
      ...fileWide.filter((b) => b.key === b.name && !isReserved(b.name) && !fromForm.has(b.name)),
    ],
    namesFor(subject) {
      if (isEmpty) return [];
      const names = new Set<string>();
      const near = nearTo(subject);
      for (const b of [...fromForm.values(), ...near, ...fileWide]) {
        const owner = b.key.slice(0, Math.max(0, b.key.length - b.name.length - 1));
        if (owner === "" ? !isReserved(b.name) : subject.names.includes(owner)) names.add(b.name);
      }
      return [...names];
    },
    use(binding) {
      for (const key of [binding.key, ...(rivals.get(binding) ?? [])]) wanted(key);
    },
    unused(used) {
      // A value that another one beats is no mistake.
      const all = [...local.flatMap((l) => l.bindings), ...fileWide];
      const form = [...fromForm.values()].filter((b) => !used.has(b.key) && !(b.key === b.name && isReserved(b.name)));
      const whole = { file: document.file, from: 0, to: 0 };
      const unusedEntries = all.flatMap((b) => {
        const entry = entryOf.get(b);
        if (entry === undefined || used.has(b.key) || (b.key === b.name && isReserved(b.name))) return [];
        return [diagnose("directive-unused", entry.keySpan, [b.key])];
      });
      return [...unusedEntries, ...form.map((b) => diagnose("binding-unused", whole, [b.key]))];
    },
  };
}

function pick(bindings: readonly Binding[], keys: readonly string[]): Binding | null {
  for (const key of keys) {
    const found = bindings.find((b) => b.key === key);
    if (found !== undefined) return found;
  }
  return null;
}

/** `name` of `mod.name` and of `Class.method.name`. */
function lastPart(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}

function formBinding(
  key: string,
  value: BindingValue,
  document: string,
  texts: Map<string, string>,
  diagnostics: Diagnostic[],
): Binding | null {
  const base = { key, name: lastPart(key), origin: "form", span: null } as const;
  if (typeof value !== "string") return { ...base, text: summary(value), expression: null, capture: value };
  const file = `binding:${key}`;
  texts.set(file, value);
  const { expression, diagnostics: faults } = parseExpression(value, file);
  const [fault] = faults;
  if (fault === undefined) return { ...base, text: value, expression, capture: null };
  const why = fault.message.replace(/^Syntax error: /, "").replace(/\.$/, "");
  diagnostics.push(diagnose("binding-value", { file: document, from: 0, to: 0 }, [key, value, why]));
  return null;
}

/** `float32[4, 8]`: words for a tensor whose Python text is not known. */
export function summary(tensor: { readonly dtype: DType; readonly shape: readonly number[] }): string {
  return `${TORCH_NAMES[tensor.dtype]}[${tensor.shape.join(", ")}]`;
}

/**
 * The value of `binding`, or null with a diagnostic. Faults in a directive stand at their place in the file; faults in
 * the form at `at`.
 */
export function evaluateBinding(
  binding: Binding,
  interpreter: Interpreter,
  scope: Scope,
  overlay: ReadonlyMap<string, Value>,
  at: Span,
  report: Report,
): Value | null {
  if (binding.capture !== null) return tensorFromCapture(binding.capture);
  if (binding.expression === null) return null;
  const outcome = interpreter.evaluate(binding.expression, scope, withTools(overlay, scope));
  if (outcome.ok && outcome.value.type === "tensor") outcome.value.storage.name ??= binding.name;
  const why = !outcome.ok ? outcome.fault.message.replace(/\.$/, "") : outcome.value.type === "unknown" ? outcome.value.cause : null;
  if (outcome.ok && why === null) return outcome.value;
  // The text shows which part of a directive it is; the form's values have a field each.
  if (!outcome.ok && binding.span !== null && outcome.fault.code === "data-file") {
    report(outcome.fault);
    return null;
  }
  const span = binding.span ?? at;
  report(diagnose("binding-value", span, [binding.key, binding.text, why ?? ""]));
  return null;
}

/** What an expression of a binding may use although the file does not import it: `load`, torch, math, NumPy. */
function withTools(overlay: ReadonlyMap<string, Value>, scope: Scope): ReadonlyMap<string, Value> {
  const names = new Map<string, Value>([["load", LOAD]]);
  for (const [name, module] of [
    ["torch", "torch"],
    ["math", "math"],
    ["np", "numpy"],
    ["numpy", "numpy"],
  ] as const) {
    const value = scope.names.has(name) ? null : knownModule(module);
    if (value !== null) names.set(name, value);
  }
  for (const [name, value] of overlay) names.set(name, value);
  return names;
}

/** The row of a value of the form, with what the text says in its place: a directive, else `otherwise`. */
export function overText(row: BoundName, directive: Binding | null, otherwise: BoundName["shadows"] | null): BoundName {
  if (row.origin !== "form") return row;
  const shadows = directive ?? otherwise;
  return shadows === null || shadows === undefined
    ? row
    : { ...row, shadows: { origin: shadows.origin, text: shadows.text, span: shadows.span } };
}

/** The form's row for a name. */
export function rowOf(name: string, origin: BindingOrigin, text: string, value: Value | null, span: Span | null): BoundName {
  const tensor = value?.type === "tensor" ? outline(value) : null;
  return { name, origin, text, tensor, value: value === null || tensor !== null ? null : printed(value), span };
}
