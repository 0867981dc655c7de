/**
 * Evaluation of expressions: one case a kind of node. Values and operators are elsewhere (pythonOperators.ts,
 * torch*.ts); here stands what Python's syntax means, and which of it a tensor of the mod refuses.
 */
import type { Span } from "../ir/mod.ts";
import { describe } from "./describe.ts";
import { quote } from "./diagnosticRow.ts";
import { factOf, fixFor, offered, valuesIn, warnOfPrecedence } from "./evaluateFix.ts";
import type { FactOf } from "./fix.ts";
import { mayMisread, rewriteBoolean, rewriteChain, rewriteTernary } from "./fixCondition.ts";
import { yieldItem } from "./generator.ts";
import { tensorMembership } from "./membership.ts";
import { warnOfMods } from "./modOperators.ts";
import { binaryOperation, derived, resolve, SCALAR, unaryOperation } from "./pythonArithmetic.ts";
import { getAttribute, setAttribute } from "./pythonAttribute.ts";
import { pythonBuiltin } from "./pythonBuiltins.ts";
import { bindingScope, isUnbound, lookupName } from "./pythonCall.ts";
import { compareOperation, isOpen, iterate, keyOf, truthOf } from "./pythonOperators.ts";
import { getSubscript, setSubscript } from "./pythonSubscript.ts";
import { formatValue, reprOf, textOfValue } from "./pythonText.ts";
import { recordStep } from "./step.ts";
import type { Call, Comprehension, Expression, FormatPart, Generator, Literal, Parameter, Sequence } from "./syntax.ts";
import { nameTensor } from "./tensor.ts";
import type { At } from "./torchElement.ts";
import {
  bigInt,
  bool,
  type Dynamic,
  ELLIPSIS,
  type FunctionValue,
  float,
  int,
  list,
  NO_KWARGS,
  NONE,
  Refusal,
  type Run,
  refuse,
  type Scope,
  str,
  type Trace,
  tuple,
  type Value,
} from "./value.ts";

/**
 * Nested evaluations (expressions, statements, calls together) before recursion is refused: 100 to 250 Python calls,
 * inside a JavaScript stack of one megabyte before its code is optimised.
 */
export const MAX_DEPTH = 900;

/** Characters of a string: what doubles in a loop must not fill the memory. */
const MAX_TEXT = 1e5;

/** The value of `node`. @throws Refusal, Raised; whoever catches restores `run.depth` */
export function evaluate(run: Run, node: Expression, scope: Scope): Value {
  run.depth++;
  if (run.depth > MAX_DEPTH) run.tooDeep(node.span);
  run.step(node.span);
  const value = fixing(run, node, scope);
  if (run.trace !== null && value.type === "dynamic" && node.kind !== "Name") notePlace(run.trace.places, value, node.span);
  if (value.type === "str" && value.value.length > MAX_TEXT) refuse("too-large", node.span, [quote(run.text(node.span))]);
  run.depth--;
  return value;
}

/** Keeps where a number of the mod was computed, or a captured tensor indexed. */
function notePlace(places: Trace["places"], { elements, gather }: Dynamic, span: Span): void {
  const first = elements?.[0];
  const what = gather !== null ? gather.capture : elements?.length === 1 || first?.kind !== "load" ? first : first.capture;
  if (what !== undefined && !places.has(what)) places.set(what, span);
}

function dispatch(run: Run, node: Expression, scope: Scope): Value {
  if (node.kind === "Name") return readName(run, node.id, scope, node.span);
  if (node.kind === "Constant") return literalValue(node.literal, node.span);
  const at: At = { run, span: node.span };
  switch (node.kind) {
    case "JoinedStr":
      return str(formatParts(run, node.parts, scope));
    case "BinOp": {
      const [left, right] = [operand(run, node.left, scope), operand(run, node.right, scope)];
      if (left.type === "function") warnOfMods(run, node, left, right, (name) => lookupName(scope, name, null) !== null);
      return binaryOperation(at, node.op, left, right);
    }
    case "BoolOp": {
      const left = resolve(run, evaluate(run, node.left, scope), { kind: "scalar" }, node.left.span);
      if (left.type === "unknown") return derived(left);
      if (left.type === "dynamic") {
        const rewrite = rewriteBoolean(node, factsIn(run, scope), run.text);
        refuse("boolean-operator", node.span, [run.text(node.span), node.op, rewrite.text], rewrite.fix);
      }
      if (truthOf({ run, span: node.left.span }, left) !== (node.op === "and")) return left;
      const right = evaluate(run, node.right, scope);
      if (left.type === "function") warnOfMods(run, node, left, right, (name) => lookupName(scope, name, null) !== null);
      return right;
    }
    case "UnaryOp": {
      const operand = evaluate(run, node.operand, scope);
      if (node.op === "not") {
        const v = resolve(run, operand, { kind: "scalar" }, node.operand.span);
        if (v.type === "unknown") return derived(v);
        if (v.type === "dynamic") {
          const rewrite = rewriteBoolean(node, factsIn(run, scope), run.text);
          refuse("boolean-operator", node.span, [run.text(node.span), "not", rewrite.text], rewrite.fix);
        }
        return bool(!truthOf(at, v));
      }
      return unaryOperation(at, node.op, operand);
    }
    case "Compare": {
      const read = node.ops.every((op) => op === "is" || op === "is not") ? evaluate : operand;
      let left = read(run, node.left, scope);
      let result: Value = bool(true);
      for (const [i, op] of node.ops.entries()) {
        const comparator = node.comparators[i];
        if (comparator === undefined) break;
        const right = op.endsWith("in") ? evaluate(run, comparator, scope) : read(run, comparator, scope);
        const found = op.endsWith("in") ? tensorMembership(at, node, left, right, factsIn(run, scope), run.text) : null;
        result = found ?? compareOperation(at, op, left, right);
        if (i === node.ops.length - 1 || result.type === "unknown") break;
        if (result.type === "dynamic") {
          const { text, fix } = offered(rewriteChain(node, factsIn(run, scope), run.text));
          refuse("chained-comparison", node.span, [run.text(node.span), text], fix);
        }
        if (!truthOf(at, result)) break;
        left = right;
      }
      if (result.type === "dynamic" && mayMisread(node) && run.trace !== null && !run.guessing)
        warnOfPrecedence(run, node, factsIn(run, scope));
      return result;
    }
    case "Call":
      return evaluateCall(run, node, scope);
    case "Attribute":
      return getAttribute(at, evaluate(run, node.object, scope), node.name);
    case "Subscript":
      return getSubscript(at, evaluate(run, node.object, scope), evaluate(run, node.index, scope), node.index.span);
    case "Slice": {
      const part = (e: Expression | null) => (e === null ? NONE : evaluate(run, e, scope));
      return { type: "slice", lower: part(node.lower), upper: part(node.upper), step: part(node.step) };
    }
    case "Sequence":
      return evaluateSequence(run, node, scope);
    case "Dict": {
      const entries = new Map<string, { key: Value; value: Value }>();
      for (const e of node.entries) {
        const value = evaluate(run, e.value, scope);
        if (e.key !== null) {
          const key = evaluate(run, e.key, scope);
          entries.set(keyOf({ run, span: e.key.span }, key), { key, value });
        } else if (value.type === "dict") {
          for (const [k, v] of value.entries) entries.set(k, { ...v });
        } else if (value.type === "unknown") {
          return derived(value);
        }
      }
      return { type: "dict", entries };
    }
    case "Comprehension":
      return evaluateComprehension(run, node, scope);
    case "Lambda":
      return makeFunction(run, "<lambda>", node.params, node.body, scope, node.span, node.span);
    case "IfExp": {
      const condition = resolve(run, evaluate(run, node.condition, scope), { kind: "scalar" }, node.condition.span);
      if (condition.type === "unknown") {
        // Of two functions the first, as of two branches: a value would be half of a result.
        const first = run.trace === null ? evaluate(run, node.body, scope) : condition;
        return first.type === "function" ? first : derived(condition);
      }
      if (condition.type === "dynamic" && isOpen(condition)) {
        const { text, fix } = offered(rewriteTernary(node, factsIn(run, scope), run.text));
        refuse("data-dependent-ternary", node.span, [run.text(node.span), text], fix);
      }
      return evaluate(run, truthOf({ run, span: node.condition.span }, condition) ? node.body : node.otherwise, scope);
    }
    case "NamedExpr": {
      const value = evaluate(run, node.value, scope);
      bindName(run, bindingScope(scope, node.target.id), node.target.id, value, node.target.span);
      return value;
    }
    case "Starred":
      return refuse("unsupported-construct", node.span, ["A star here"]);
    case "Yield": {
      const value = node.value === null ? NONE : evaluate(run, node.value, scope);
      if (!node.isFrom) yieldItem(scope, value);
      else for (const item of iterate(at, value)) yieldItem(scope, item);
      return NONE;
    }
    case "UnsupportedExpression":
      return refuse("unsupported-construct", node.span, [capitalised(node.construct)]);
  }
}

function literalValue(literal: Literal, span: Span): Value {
  switch (literal.type) {
    case "int":
      return typeof literal.value === "bigint" ? bigInt(literal.value) : int(literal.value);
    case "float":
      return float(literal.value);
    case "str":
    case "bytes":
      return str(literal.value);
    case "bool":
      return bool(literal.value);
    case "None":
      return NONE;
    case "Ellipsis":
      return ELLIPSIS;
    case "complex":
      return refuse("unsupported-construct", span, ["A complex number"]);
  }
}

/** The text of an f-string's parts. */
function formatParts(run: Run, parts: readonly FormatPart[], scope: Scope): string {
  const text = (p: FormatPart): string => {
    if (typeof p === "string") return p;
    const at = { run, span: p.value.span };
    const value = evaluate(run, p.value, scope);
    const shown = p.conversion === "" ? value : str(p.conversion === "s" ? textOfValue(at, value) : reprOf(at, value));
    return formatValue(at, shown, formatParts(run, p.spec, scope));
  };
  return parts.map(text).join("");
}

/** An operand: an unknown is a fault here, where it stands, rather than at the whole operation. */
const operand = (run: Run, node: Expression, scope: Scope): Value => {
  const value = evaluate(run, node, scope);
  return value.type === "unknown" ? resolve(run, value, SCALAR, node.span) : value;
};

/** A name's value. @throws Refusal where nothing defines it */
export function readName(run: Run, name: string, scope: Scope, span: Span): Value {
  const own = scope.kind === "module" || scope.elsewhere !== null ? undefined : scope.names.get(name);
  if (own === undefined && isUnbound(scope, name, run.overlay)) refuse("unbound-name", span, [name]);
  const value = own ?? lookupName(scope, name, run.overlay) ?? pythonBuiltin(name);
  if (value !== null) {
    if (value.type === "tensor") run.drawn ??= value.storage.drawn;
    return value;
  }
  // `from m import *` of a module that is not at hand may define it.
  const star = lookupName(scope, "*", null);
  const starred = star?.type === "module" ? star.get(name) : star;
  return starred ?? refuse("unknown-name", span, [name, ""]);
}

/** The value of `node`; a refusal of just this node gets the fix that its text allows. */
function fixing(run: Run, node: Expression, scope: Scope): Value {
  try {
    return dispatch(run, node, scope);
  } catch (e) {
    throw e instanceof Refusal && !run.guessing ? fixFor(e, node, valuesIn(run, scope, evaluate, e.known), run.text) : e;
  }
}

/** What is known of expressions in `scope`, for the rewrite of one that is refused. */
export function factsIn(run: Run, scope: Scope): FactOf {
  const valueAt = valuesIn(run, scope, evaluate);
  return (node) => factOf(valueAt(node));
}

/** `text` with its first letter large. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function evaluateCall(run: Run, node: Call, scope: Scope): Value {
  if (node.callee.kind === "Name" && node.callee.id === "super" && lookupName(scope, "super", null) === null) return makeSuper(scope);
  const callee = evaluate(run, node.callee, scope);
  const args: Value[] = [];
  for (const arg of node.args) {
    if (arg.kind !== "Starred") {
      args.push(evaluate(run, arg, scope));
      continue;
    }
    const items = resolve(run, evaluate(run, arg.value, scope), { kind: "iterate" }, arg.span);
    if (items.type === "unknown") return derived(items);
    args.push(...iterate({ run, span: arg.span }, items));
  }
  if (node.keywords.length === 0) return run.call(callee, args, NO_KWARGS, node.span, node);
  const kwargs = new Map<string, Value>();
  for (const k of node.keywords) {
    const value = evaluate(run, k.value, scope);
    if (k.name !== null) kwargs.set(k.name, value);
    else if (value.type === "dict") for (const e of value.entries.values()) kwargs.set(e.key.type === "str" ? e.key.value : "", e.value);
    else if (value.type === "unknown") return derived(value);
    else refuse("operand-types", k.span, [run.text(k.span), `\`**\` takes a dict, not ${describe(value)}`]);
  }
  return run.call(callee, args, kwargs, node.span, node);
}

/** `super()` of a method: an object whose attributes are looked up after the method's class. */
function makeSuper(scope: Scope): Value {
  let s: Scope | null = scope;
  while (s !== null && !s.names.has("__class__")) s = s.parent;
  const owner = s?.names.get("__class__");
  const self = s?.names.get("__self__");
  if (owner?.type !== "class" || (self?.type !== "instance" && self?.type !== "class")) return { type: "opaque", what: "super" };
  return {
    type: "instance",
    class: { ...(self.type === "class" ? self : self.class), name: "super" },
    attributes: new Map<string, Value>([
      ["__super__", owner],
      ["__self__", self],
    ]),
  };
}

function evaluateSequence(run: Run, node: Sequence, scope: Scope): Value {
  const items: Value[] = [];
  for (const e of node.elements) {
    if (e.kind !== "Starred") {
      items.push(evaluate(run, e, scope));
      continue;
    }
    const value = resolve(run, evaluate(run, e.value, scope), { kind: "iterate" }, e.span);
    if (value.type === "unknown") return derived(value);
    items.push(...iterate({ run, span: e.span }, value));
  }
  if (node.form === "tuple") return tuple(items);
  if (node.form === "list") return list(items);
  const at: At = { run, span: node.span };
  return { type: "set", entries: new Map(items.map((i) => [keyOf(at, i), i])) };
}

function evaluateComprehension(run: Run, node: Comprehension, outer: Scope): Value {
  const scope: Scope = { names: new Map(), parent: outer, elsewhere: null, kind: "comprehension", module: outer.module };
  // The first iterable is evaluated at once, in the scope around.
  const first = node.generators[0];
  if (first === undefined) return list([]);
  const iterable = resolve(run, evaluate(run, first.iterable, outer), { kind: "iterate" }, first.iterable.span);
  if (iterable.type === "unknown") return derived(iterable);
  const rounds = loop(run, node.generators, 0, iterable, scope);
  if (node.form === "generator") {
    const source = (function* () {
      for (const _ of rounds) yield evaluate(run, node.element, scope);
    })();
    return { type: "iterator", what: "generator", source };
  }
  const mark = run.enter("comprehension", node.span);
  try {
    return collect(run, node, rounds, scope);
  } finally {
    run.leave(mark);
  }
}

/** The dict, list or set of a comprehension's rounds. */
function collect(run: Run, node: Comprehension, rounds: Iterable<null>, scope: Scope): Value {
  const at: At = { run, span: node.span };
  if (node.form === "dict") {
    const entries = new Map<string, { key: Value; value: Value }>();
    for (const _ of rounds) {
      const key = evaluate(run, node.element, scope);
      entries.set(keyOf(at, key), { key, value: node.value === null ? NONE : evaluate(run, node.value, scope) });
    }
    return { type: "dict", entries };
  }
  const items: Value[] = [];
  for (const _ of rounds) items.push(evaluate(run, node.element, scope));
  return node.form === "list" ? list(items) : { type: "set", entries: new Map(items.map((i) => [keyOf(at, i), i])) };
}

/** One round for each combination that the conditions let through, its targets bound in `scope`. */
function* loop(run: Run, generators: readonly Generator[], depth: number, iterable: Value, scope: Scope): IterableIterator<null> {
  const g = generators[depth];
  if (g === undefined) {
    yield null;
    return;
  }
  for (const item of iterate({ run, span: g.iterable.span }, iterable)) {
    assign(run, scope, g.target, item);
    if (!g.conditions.every((c) => truthOf({ run, span: c.span }, evaluate(run, c, scope)))) continue;
    const next = generators[depth + 1];
    if (next === undefined) yield null;
    else yield* loop(run, generators, depth + 1, evaluate(run, next.iterable, scope), scope);
  }
}

/** A function value; its defaults are evaluated here. */
export function makeFunction(
  run: Run,
  name: string,
  params: readonly Parameter[],
  body: FunctionValue["body"],
  scope: Scope,
  span: Span,
  nameSpan: Span,
): FunctionValue {
  const defaults = params.some((p) => p.default !== null) ? new Map<string, Value>() : null;
  for (const p of params) if (p.default !== null) defaults?.set(p.name, evaluate(run, p.default, scope));
  return { type: "function", name, params, defaults: defaults ?? NO_KWARGS, body, scope, span, nameSpan, attributes: new Map() };
}

/** Binds a name, names the tensor after it, and notes it for the cell trace. */
export function bindName(run: Run, scope: Scope, name: string, value: Value, span: Span): void {
  const holder = scope.elsewhere?.get(name) ?? scope;
  holder.names.set(name, value);
  if (value.type === "tensor") nameTensor(run, value, name);
  const { trace } = run;
  if (trace === null) return;
  recordStep(trace, holder, name, value, span);
  if (value.type !== "dynamic" || value.shape.length > 0) return;
  const inside = span.file === trace.span.file && span.from >= trace.span.from && span.to <= trace.span.to;
  const element = value.elements?.[0];
  if (inside && element !== undefined) trace.locals.set(`${name}@${span.from}`, { name, span, value: element });
}

/** `target = value` for every kind of target. @throws Refusal */
export function assign(run: Run, scope: Scope, target: Expression, value: Value): void {
  switch (target.kind) {
    case "Name":
      bindName(run, scope, target.id, value, target.span);
      return;
    case "Attribute":
      setAttribute({ run, span: target.span }, evaluate(run, target.object, scope), target.name, value);
      return;
    case "Subscript":
      setSubscript({ run, span: target.span }, evaluate(run, target.object, scope), evaluate(run, target.index, scope), value);
      return;
    case "Sequence":
      unpack(run, scope, target, value);
      return;
    case "Starred":
      assign(run, scope, target.value, value);
      return;
    default:
      refuse("unsupported-construct", target.span, ["An assignment to this"]);
  }
}

/** The items of what is unpacked into the names at `at`. @throws Refusal that says so */
function* unpacked(at: At, value: Value): IterableIterator<Value> {
  try {
    yield* iterate(at, value);
  } catch (e) {
    if (!(e instanceof Refusal) || e.diagnostic.code !== "not-iterable" || e.diagnostic.span !== at.span) throw e;
    const target = at.run.text(at.span);
    refuse("not-iterable", at.span, [target, value.type === "dynamic" ? "a single number" : describe(value), target]);
  }
}

function unpack(run: Run, scope: Scope, target: Sequence, value: Value): void {
  const at: At = { run, span: target.span };
  const known = resolve(run, value, { kind: "iterate" }, target.span);
  if (known.type === "unknown") {
    for (const e of target.elements) assign(run, scope, e, derived(known));
    return;
  }
  const wanted = target.elements.length;
  const star = target.elements.findIndex((e) => e.kind === "Starred");
  const items: Value[] = [];
  for (const item of unpacked(at, known)) {
    items.push(item);
    if (star < 0 && items.length > wanted) break;
  }
  if (star < 0 ? items.length !== wanted : items.length < wanted - 1) {
    const got = items.length > wanted ? `more than ${wanted}` : String(items.length);
    refuse("unpack-count", target.span, [run.text(target.span), String(wanted), got]);
  }
  const after = star < 0 ? 0 : wanted - 1 - star;
  target.elements.forEach((e, i) => {
    if (i === star) assign(run, scope, e, list(items.slice(star, items.length - after)));
    else assign(run, scope, e, items[star >= 0 && i > star ? items.length - wanted + i : i] ?? NONE);
  });
}
