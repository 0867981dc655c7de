/**
 * Arguments for a function that the file does not call by itself, or calls with values of its own: a factory, a
 * class, a method. For each parameter the first that has a value wins: form, directives, a module constant of that
 * name, a call in the file, the default, a reserved key of that name; else a seeded value with a hint.
 */
import type { Span } from "../ir/mod.ts";
import { once } from "../ir/once.ts";
import { type Binder, type Binding, evaluateBinding, overText, rowOf, type Subject } from "./bindings.ts";
import { diagnose, type Report, type TextOf } from "./diagnostic.ts";
import { isReserved } from "./directive.ts";
import { lastName, positionalNames } from "./discover.ts";
import type { Interpreter } from "./evaluate.ts";
import type { BoundName } from "./module.ts";
import { comparedWith, isComputedFrom, keysReadFrom, kindOf, kindOfItems } from "./parameterKind.ts";
import { parseExpression } from "./parse.ts";
import { type SeedKind, type Sizes, seedScalar } from "./seed.ts";
import type { Call, Expression, FunctionDef, Node, Parameter, Statement } from "./syntax.ts";
import { type Scope, unknown, type Value } from "./value.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** What binding needs of the lowering under way. */
export interface BindingContext {
  readonly binder: Binder;
  readonly interpreter: Interpreter;
  /** The module's names. */
  readonly scope: Scope;
  /** Names for binding expressions that the module may not have (`Q_LEN`, `S`). */
  readonly overlay: ReadonlyMap<string, Value>;
  readonly sizes: Sizes;
  readonly textOf: TextOf;
  readonly report: Report;
  /** A made-up table for a parameter that a factory computes from; null: none is made, what it computes stays open. */
  readonly table: ((param: string, span: Span) => Value | null) | null;
  /** Whether the function goes on behind what made-up values run into, and what it may be left without is there. */
  readonly explores: boolean;
}

export interface BoundArguments {
  readonly args: readonly Value[];
  readonly kwargs: ReadonlyMap<string, Value>;
  readonly rows: readonly BoundName[];
}

/** The file of what is made up. */
export const SEED_FILE = "seed";

export const CAUSAL = "lambda b, h, q_idx, kv_idx: q_idx >= kv_idx";
export const IDENTITY = "lambda score, b, h, q_idx, kv_idx: score";
/** A function of which nothing is known. */
export const FIRST = "lambda x, *rest: x";

/**
 * Binds `params` (without `self`) of `body`, the function whose use of them shows what they are. `call` is the call in
 * the file whose arguments count, `at` where faults without a place stand.
 */
export function bindParameters(
  params: readonly Parameter[],
  body: readonly Node[],
  subject: Subject,
  call: Call | null,
  at: Span,
  context: BindingContext,
): BoundArguments {
  const args: Value[] = [];
  const kwargs = new Map<string, Value>();
  const rows: BoundName[] = [];
  const passed = argumentsOf(call, params);
  for (const param of params) {
    if (param.role === "args") {
      // `def all_of(*mods)`: only where nothing stands before it can it be filled, as the others go by name.
      const kind = param === params[0] && passed.size === 0 ? kindOfItems(param.name, body) : null;
      if (kind === null) continue;
      const { value, row } = seeded(param, kind, body, context);
      args.push(value);
      rows.push(row);
      continue;
    }
    if (param.role === "kwargs") {
      for (const name of keysReadFrom(param.name, body)) {
        const entry: Parameter = { ...param, name, role: "keyword-only", annotation: null, default: null };
        const { value, row } = bindOne(entry, body, subject, passed.get(name) ?? null, at, context);
        rows.push(row);
        if (value !== null) kwargs.set(name, value);
      }
      continue;
    }
    const { value, row } = bindOne(param, body, subject, passed.get(param.name) ?? null, at, context);
    rows.push(row);
    if (value === null) continue;
    if (param.role === "positional-only") args.push(value);
    else kwargs.set(param.name, value);
  }
  return { args, kwargs, rows };
}

function bindOne(
  param: Parameter,
  body: readonly Node[],
  subject: Subject,
  passed: Expression | null,
  at: Span,
  context: BindingContext,
): { value: Value | null; row: BoundName } {
  const { binder, interpreter, scope, overlay, textOf, report } = context;
  const { name } = param;
  const given = (binding: Binding): { value: Value; row: BoundName } | null => {
    binder.use(binding);
    const value = evaluateBinding(binding, interpreter, scope, overlay, at, report);
    if (value === null) return null;
    const row = rowOf(name, binding.origin, binding.text, value, binding.span);
    return {
      value,
      row: binding.origin === "form" ? overText(row, binder.findInText(subject, name), beneath(param, passed, context)) : row,
    };
  };
  const binding = binder.find(subject, name);
  const bound = binding === null ? null : given(binding);
  if (bound !== null) return bound;

  const kind = once(() => kindOf(param, body, scope));
  const constant = scope.names.get(name);
  if (constant !== undefined && isData(constant, kind)) {
    const place = constantPlace(context, name);
    return { value: constant, row: rowOf(name, "module", place?.text ?? name, constant, place?.span ?? null) };
  }
  if (passed !== null) {
    const outcome = interpreter.evaluate(passed, scope, overlay);
    if (outcome.ok && outcome.value.type !== "unknown") {
      return { value: outcome.value, row: rowOf(name, "call site", textOf(passed.span), outcome.value, passed.span) };
    }
  }
  if (param.default !== null) {
    const isLeftOut = param.default.kind === "Constant" && param.default.literal.type === "None";
    const row = rowOf(name, "default", textOf(param.default.span), null, param.default.span);
    if (context.explores && isLeftOut) return { value: unknown("nothing in the file gives it", { name }), row };
    return { value: null, row };
  }
  const reserved = isReserved(name) ? binder.reserved(subject, name) : null;
  const size = reserved === null ? null : given(reserved);
  if (size !== null) return size;
  return seeded(param, kind(), body, context);
}

/** What the text says of a parameter without directives. */
function beneath({ name, default: standard }: Parameter, passed: Expression | null, context: BindingContext): BoundName["shadows"] | null {
  const constant = constantPlace(context, name);
  if (constant !== null) return { origin: "module", ...constant };
  if (passed !== null) return { origin: "call site", text: context.textOf(passed.span), span: passed.span };
  return standard === null ? null : { origin: "default", text: context.textOf(standard.span), span: standard.span };
}

function seeded(param: Parameter, kind: SeedKind, body: readonly Node[], context: BindingContext): { value: Value; row: BoundName } {
  const { name, nameSpan } = param;
  if (kind === "tensor") {
    const table = isComputedFrom(name, body) ? (context.table?.(name, nameSpan) ?? null) : null;
    // The row is the seeder's here as well.
    if (table !== null) return { value: table, row: rowOf(name, "seeded", "", null, nameSpan) };
    // Made up where it is used: only there is its shape known. The row is the seeder's.
    return { value: unknown("nothing in the file gives it", { name }), row: rowOf(name, "seeded", "", null, nameSpan) };
  }
  const choice = kind === "int" ? comparedWith(name, body) : null;
  const text = choice === null ? textFor(name, kind, context.sizes) : JSON.stringify(choice);
  // Where a tensor would lie changes no value: nothing to ask the user for.
  if (kind !== "device") context.report(diagnose("seeded-value", nameSpan, [name, `\`${text}\``]));
  const outcome = context.interpreter.evaluate(parseExpression(text, SEED_FILE).expression, context.scope);
  const value = outcome.ok ? outcome.value : unknown("nothing in the file gives it", { name });
  return { value, row: rowOf(name, "seeded", text, value, nameSpan) };
}

function textFor(name: string, kind: Exclude<SeedKind, "tensor">, sizes: Sizes): string {
  switch (kind) {
    case "mask_mod":
      return CAUSAL;
    case "score_mod":
      return IDENTITY;
    case "function":
      return FIRST;
    case "device":
      return '"cpu"';
    default:
      return seedScalar(name, kind, sizes);
  }
}

/** Whether a module's value of the same name can stand for a parameter: data, or a mod where a mod is wanted. */
function isData(value: Value, wanted: () => SeedKind): boolean {
  switch (value.type) {
    case "none":
    case "bool":
    case "int":
    case "float":
    case "str":
    case "tuple":
    case "list":
    case "dict":
    case "set":
    case "range":
    case "tensor":
    case "instance":
      return true;
    case "function":
    case "partial": {
      const kind = wanted();
      return kind === "mask_mod" || kind === "score_mod";
    }
    default:
      return false;
  }
}

/** Where a module constant gets its value, and the first line of that value: the last `name = …` of the module's own. */
export function constantPlace({ scope, textOf }: Pick<BindingContext, "scope" | "textOf">, name: string): Place | null {
  const span = constantSpans(scope.module.body).get(name);
  if (span === undefined) return null;
  const [shown = "", ...more] = textOf(span).split(/\r?\n/);
  return { text: more.length === 0 ? shown : `${shown.trimEnd()}…`, span };
}

interface Place {
  readonly text: string;
  readonly span: Span;
}

const constantSpansOf = new WeakMap<readonly Node[], ReadonlyMap<string, Span>>();

function constantSpans(body: readonly Statement[]): ReadonlyMap<string, Span> {
  const known = constantSpansOf.get(body);
  if (known !== undefined) return known;
  const spans = new Map<string, Span>();
  for (const s of body) {
    if (s.kind === "Assign") {
      for (const t of s.targets) if (t.kind === "Name") spans.set(t.id, s.value.span);
    } else if (s.kind === "AnnAssign" && s.value !== null && s.target.kind === "Name") spans.set(s.target.id, s.value.span);
  }
  constantSpansOf.set(body, spans);
  return spans;
}

/** Arguments of `call` by parameter name; those after a `*x` are not known. */
function argumentsOf(call: Call | null, params: readonly Parameter[]): Map<string, Expression> {
  const passed = new Map<string, Expression>();
  if (call === null) return passed;
  const positional = params.filter((p) => p.role === "positional" || p.role === "positional-only");
  for (const [i, arg] of call.args.entries()) {
    const name = positional[i]?.name;
    if (arg.kind === "Starred" || name === undefined) break;
    passed.set(name, arg);
  }
  for (const keyword of call.keywords) if (keyword.name !== null) passed.set(keyword.name, keyword.value);
  return passed;
}

/** Calls of `name` (or of an attribute called so) in the order of the text, those inside the definition itself left out. */
export function callsOf(name: string, body: readonly Node[], { span }: Node): Call[] {
  const inside = (c: Call): boolean => c.span.file === span.file && c.span.from >= span.from && c.span.to <= span.to;
  return (callsIn(body).get(name) ?? []).filter((c) => !inside(c));
}

const callsByName = new WeakMap<readonly Node[], ReadonlyMap<string, readonly Call[]>>();

/** Every call below `body` by the last name of what is called. */
function callsIn(body: readonly Node[]): ReadonlyMap<string, readonly Call[]> {
  const known = callsByName.get(body);
  if (known !== undefined) return known;
  const calls = new Map<string, Call[]>();
  walkSyntax(body, (n) => {
    if (n.kind === "Call" && n.callee.kind !== "Call") {
      const name = lastName(n.callee);
      const same = calls.get(name);
      if (same === undefined) calls.set(name, [n]);
      else same.push(n);
    }
    return true;
  });
  callsByName.set(body, calls);
  return calls;
}

/** A function's parameters without `self`. */
export function withoutSelf(node: FunctionDef): readonly Parameter[] {
  return positionalNames(node.params).length > 0 ? node.params.slice(1) : node.params;
}
