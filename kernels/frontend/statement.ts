/**
 * Execution of statements. Module and class bodies are lenient: a statement that cannot be followed leaves its names
 * unknown and the next one runs. Function bodies are strict: the first fault ends the call.
 */
import type { Span } from "../ir/mod.ts";
import { TORCH_NAMES } from "../ir/ops.ts";
import { define, defineClass, type Recover } from "./definition.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { quote } from "./diagnosticRow.ts";
import { offered, standsFor } from "./evaluateFix.ts";
import { assign, capitalised, evaluate, factsIn } from "./expression.ts";
import type { Rewrite } from "./fix.ts";
import { rewriteIf, writtenOut } from "./fixBranch.ts";
import { importForReaders, importFrom, importNames } from "./importing.ts";
import { lineBefore } from "./layout.ts";
import { holdNames } from "./moduleNames.ts";
import { matches } from "./pattern.ts";
import { binaryOperation, resolve } from "./pythonArithmetic.ts";
import { lookupName } from "./pythonCall.ts";
import { lookupClass } from "./pythonClass.ts";
import { caught, raised } from "./pythonException.ts";
import { isOpen, iterate, truthOf } from "./pythonOperators.ts";
import { deleteSubscript } from "./pythonSubscript.ts";
import { textOfValue } from "./pythonText.ts";
import { leaveUnknown } from "./skippedLoop.ts";
import type { AugAssign, Expression, For, If, Match, Pattern, Raise, Statement, Try, While, With } from "./syntax.ts";
import type { At, TensorLike } from "./torchElement.ts";
import { storeInPlace } from "./torchInPlace.ts";
import {
  type Instance,
  isTensor,
  NO_KWARGS,
  NONE,
  Raised,
  Refusal,
  type Run,
  refuse,
  type Scope,
  tuple,
  unknown,
  type Value,
} from "./value.ts";

/** How a block ended, where it did not run to its end. */
export type Completion = { readonly kind: "break" | "continue" } | { readonly kind: "return"; readonly value: Value; readonly span: Span };

/**
 * Gets the faults of a lenient body; gives what the names carry that the statement leaves open: the fault, or null
 * where it says nothing of the text. @throws what the body is not to survive
 */
export type OnFault = (fault: Diagnostic) => Diagnostic | null;

/** Faults that nothing survives: what is left of the budget is none. */
export const isFinal = (d: Diagnostic): boolean => d.code === "step-budget";

/** Runs `body` in `scope`. @throws Refusal, Raised from strict bodies; only final faults from lenient ones */
export function execute(run: Run, body: readonly Statement[], scope: Scope, onFault: OnFault | null): Completion | null {
  for (const statement of body) {
    const depth = run.depth;
    try {
      const end = one(run, statement, body, scope, onFault);
      if (end !== null) return end;
    } catch (e) {
      run.depth = depth;
      if (onFault === null) throw e;
      const fault = faultOf(e, run);
      const left = onFault(fault);
      if (isFinal(fault)) throw e;
      // In a loop without end every round may fault: that must not be cheap.
      run.step(statement.span, 500);
      if (left === null && statement.kind === "If") {
        bothSides(run, statement, scope, onFault);
        continue;
      }
      for (const name of boundNames([statement])) {
        const open = unknown("the code that computes it cannot be followed", left === null ? { name } : { fault: left });
        if (left === null || !scope.names.has(name)) scope.names.set(name, open);
      }
    }
  }
  return null;
}

/** The diagnostic of a caught fault; a stack that is too deep counts as one. Anything else is ours and is thrown on. */
export function faultOf(e: unknown, run: Run, span?: Span): Diagnostic {
  if (e instanceof Refusal) return e.diagnostic;
  if (e instanceof Raised) {
    const text = e.message === "" ? e.exception : `${e.exception}: ${e.message}`;
    return { code: "raised", severity: "error", span: e.span, message: `Evaluating this raises \`${text}\`.`, fix: null };
  }
  // A stack that no function of the user's fills, or a string or list that JavaScript cannot hold.
  if (e instanceof RangeError && span !== undefined) return diagnose("too-large", span, [quote(run.text(span))]);
  // A defect of ours costs the statement or the mod that meets it, and is told.
  if (e instanceof Error && span !== undefined) return diagnose("internal-fault", span, [e.message]);
  throw e;
}

/** True for JavaScript's own stack at its end. */
export const isStackOverflow = (e: unknown): boolean => e instanceof RangeError && e.message.includes("call stack");

function one(run: Run, s: Statement, block: readonly Statement[], scope: Scope, onFault: OnFault | null): Completion | null {
  run.depth++;
  run.step(s.span);
  const { drawn } = run;
  run.drawn = null;
  const end = dispatch(run, s, block, scope, onFault);
  run.drawn ??= drawn;
  run.depth--;
  return end;
}

function dispatch(run: Run, s: Statement, block: readonly Statement[], scope: Scope, onFault: OnFault | null): Completion | null {
  switch (s.kind) {
    case "ExpressionStatement":
      evaluate(run, s.value, scope);
      return null;
    case "Assign": {
      const value = evaluate(run, s.value, scope);
      for (const target of s.targets) assign(run, scope, target, value);
      return null;
    }
    case "AugAssign":
      augment(run, s, scope);
      return null;
    case "AnnAssign":
      annotate(run, scope, s.target, s.annotation);
      if (s.value !== null) assign(run, scope, s.target, evaluate(run, s.value, scope));
      return null;
    case "Return":
      return { kind: "return", value: s.value === null ? NONE : evaluate(run, s.value, scope), span: s.value?.span ?? s.span };
    case "If":
      return branch(run, s, block, scope, onFault);
    case "For":
      return forLoop(run, s, scope, onFault);
    case "While":
      return whileLoop(run, s, scope, onFault);
    case "FunctionDef":
      define(run, s, scope, recovering(run));
      return null;
    case "ClassDef":
      defineClass(run, s, scope, (body) => execute(run, s.body, body, onFault ?? ((fault) => fault)), recovering(run));
      return null;
    case "Import":
      importNames(run, s, scope);
      return null;
    case "ImportFrom":
      importFrom(run, s, scope);
      return null;
    case "Delete":
      for (const target of s.targets) {
        if (target.kind === "Name") (scope.elsewhere?.get(target.id) ?? scope).names.delete(target.id);
        else if (target.kind === "Subscript")
          deleteSubscript({ run, span: target.span }, evaluate(run, target.object, scope), evaluate(run, target.index, scope));
        else if (target.kind === "Sequence") for (const e of target.elements) if (e.kind === "Name") scope.names.delete(e.id);
      }
      return null;
    case "Simple":
      return s.word === "pass" ? null : { kind: s.word };
    case "Scope":
      return null; // gathered when the function was called
    case "Assert": {
      const test = resolve(run, evaluate(run, s.test, scope), { kind: "scalar" }, s.test.span);
      if (test.type === "dynamic") refuse("data-dependent-assert", s.span, [run.text(s.test.span)]);
      if (test.type !== "unknown" && !truthOf({ run, span: s.test.span }, test))
        refuse("assertion-failed", s.span, [run.text(s.test.span)]);
      return null;
    }
    case "Raise":
      return raise(run, s, scope);
    case "With":
      return withBlock(run, s, scope, onFault);
    case "Try":
      return tryBlock(run, s, scope, onFault);
    case "Match":
      return matchCases(run, s, scope, onFault);
    case "UnsupportedStatement":
      return refuse("unsupported-construct", s.span, [capitalised(s.construct)]);
  }
}

/** `x op= value`: in place for tensors and lists, as Python and PyTorch have it. */
function augment(run: Run, s: AugAssign, scope: Scope): void {
  const at = { run, span: s.span };
  const current = evaluate(run, s.target, scope);
  const value = evaluate(run, s.value, scope);
  if (isTensor(current)) {
    const result = binaryOperation(at, s.op, current, value);
    const stored = isTensor(result) ? storedInPlace(at, s, current, result) : result;
    assign(run, scope, s.target, stored);
    return;
  }
  if (current.type === "list" && s.op === "+") {
    current.items.push(...iterate({ run, span: s.value.span }, value));
    return;
  }
  assign(run, scope, s.target, binaryOperation(at, s.op, current, value));
}

/** `storeInPlace`; where that is refused, with the way to write a new tensor. */
function storedInPlace(at: At, s: AugAssign, target: TensorLike, result: TensorLike): TensorLike {
  try {
    return storeInPlace(at, target, result);
  } catch (e) {
    const { text, fix } = writtenOut(s, at.run.text);
    const code = e instanceof Refusal ? e.diagnostic.code : null;
    const whole = at.run.text(s.span);
    if (code === "in-place-shape") refuse("in-place-shape", s.span, [whole, text], fix);
    if (code === "in-place-dtype")
      refuse("in-place-dtype", s.span, [whole, TORCH_NAMES[result.dtype], TORCH_NAMES[target.dtype], text], fix);
    throw e;
  }
}

/** Class bodies keep the order of annotated names: the fields of a dataclass. */
function annotate(run: Run, scope: Scope, target: Expression, annotation: Expression): void {
  const written = run.text(annotation.span);
  if (scope.kind !== "class" || target.kind !== "Name" || written.includes("ClassVar")) return;
  for (const list of written.includes("InitVar") ? ["__annotations__", "__initvars__"] : ["__annotations__"]) {
    const known = scope.names.get(list);
    const names = known?.type === "tuple" ? known.items : [];
    scope.names.set(list, tuple([...names, { type: "str", value: target.id }]));
  }
}

function branch(run: Run, s: If, block: readonly Statement[], scope: Scope, onFault: OnFault | null): Completion | null {
  const at = { run, span: s.condition.span };
  const chosen = (): Rewrite | null => {
    return rewriteIf(s, block.slice(block.indexOf(s) + 1), {
      facts: factsIn(run, scope),
      textOf: run.text,
      isBound: (name) => scope.names.has(name),
      before: lineBefore(scope.module, s.span.from),
    });
  };
  const condition = conditionOf(run, s, scope, chosen);
  if (condition.type === "dynamic" && isOpen(condition)) {
    const { text, fix } = offered(chosen());
    refuse("data-dependent-branch", s.condition.span, [run.text(s.condition.span), "if", text], fix);
  }
  if (condition.type === "unknown" && onFault !== null) {
    bothSides(run, s, scope, onFault);
    return null;
  }
  if (truthOf(at, condition)) return execute(run, s.body, scope, onFault);
  const end = execute(run, s.otherwise, scope, onFault);
  if (end === null && nameOf(s.condition) === "TYPE_CHECKING") importForReaders(run, s.body, scope);
  return end;
}

/** Both sides are read for what they define; where they differ the first wins. */
function bothSides(run: Run, s: If, scope: Scope, onFault: OnFault): void {
  execute(run, s.body, scope, onFault);
  const keep = holdNames(scope.names, boundNames(s.body));
  execute(run, s.otherwise, scope, onFault);
  keep();
}

/** The value of the condition; where it is refused itself, with the rewrite of the whole `if`. */
function conditionOf(run: Run, s: If, scope: Scope, chosen: () => Rewrite | null): Value {
  try {
    return resolve(run, evaluate(run, s.condition, scope), { kind: "scalar" }, s.condition.span);
  } catch (e) {
    if (!(e instanceof Refusal) || run.guessing || !standsFor(e.diagnostic, s.condition)) throw e;
    const rewrite = chosen();
    throw rewrite === null ? e : new Refusal({ ...e.diagnostic, fix: rewrite.fix });
  }
}

/** `TYPE_CHECKING` of `typing.TYPE_CHECKING`. */
const nameOf = (e: Expression): string => (e.kind === "Name" ? e.id : e.kind === "Attribute" ? e.name : "");

function forLoop(run: Run, s: For, scope: Scope, onFault: OnFault | null): Completion | null {
  const at = { run, span: s.iterable.span };
  const iterable = resolve(run, evaluate(run, s.iterable, scope), { kind: "iterate" }, at.span);
  if (iterable.type === "unknown" && onFault !== null) {
    leaveUnknown(s, scope, boundNames([s]), iterable);
    return null;
  }
  const mark = run.enter("loop", headOf(run, s));
  try {
    for (const item of iterate(at, iterable)) {
      assign(run, scope, s.target, item);
      const end = execute(run, s.body, scope, onFault);
      if (end?.kind === "break") return null;
      if (end?.kind === "return") return end;
    }
  } finally {
    run.leave(mark);
  }
  return execute(run, s.otherwise, scope, onFault);
}

/** A loop's first line, up to its colon: what is underlined where it does not end. */
function headOf(run: Run, s: For | While): Span {
  const to = s.body[0]?.span.from ?? s.span.to;
  const head = run.text({ ...s.span, to }).replace(/:\s*(#[^\n]*\s*)*$/, "");
  return { ...s.span, to: s.span.from + head.length };
}

function whileLoop(run: Run, s: While, scope: Scope, onFault: OnFault | null): Completion | null {
  const at = { run, span: s.condition.span };
  const mark = run.enter("loop", headOf(run, s));
  try {
    for (;;) {
      run.step(s.span);
      const condition = resolve(run, evaluate(run, s.condition, scope), { kind: "scalar" }, at.span);
      if (condition.type === "dynamic") refuse("data-dependent-loop", s.condition.span, [run.text(s.condition.span)]);
      if (condition.type === "unknown" && onFault !== null) {
        leaveUnknown(s, scope, boundNames([s]), condition);
        return null;
      }
      if (!truthOf(at, condition)) break;
      const end = execute(run, s.body, scope, onFault);
      if (end?.kind === "break") return null;
      if (end?.kind === "return") return end;
    }
  } finally {
    run.leave(mark);
  }
  return execute(run, s.otherwise, scope, onFault);
}

/** What a part of a definition that fails leaves: an unknown with its fault. @throws what nothing survives */
const recovering =
  (run: Run): Recover =>
  (e, what) => {
    const fault = faultOf(e, run);
    if (isFinal(fault)) throw e;
    return unknown(`${what} cannot be followed`, { fault });
  };

/** The name under which a scope holds the exception that is being handled: what a bare `raise` raises again. */
const HANDLED = "__exception__";

function raise(run: Run, s: Raise, scope: Scope): never {
  const value = s.exception === null ? lookupName(scope, HANDLED, null) : evaluate(run, s.exception, scope);
  if (value === null) throw new Raised("RuntimeError", "No active exception to reraise", s.span);
  throw (
    raised(value, s.span, value.type === "instance" ? textOfValue({ run, span: s.span }, value) : "") ?? new Raised("TypeError", "", s.span)
  );
}

/** `with`: contexts are entered in order and left in reverse; a generator runs around its block. */
function withBlock(run: Run, s: With, scope: Scope, onFault: OnFault | null, from = 0): Completion | null {
  const item = s.items[from];
  if (item === undefined) return execute(run, s.body, scope, onFault);
  const { span } = item.context;
  const context = evaluate(run, item.context, scope);
  const method = (name: string): Value | null => (context.type === "instance" ? lookupClass(context.class, name) : null);
  const [enter, exit] = [method("__enter__"), method("__exit__")];
  let value: Value = context;
  if (context.type === "iterator" && context.within !== undefined) {
    // `@contextmanager`: the block runs where the generator yields, so that what is after it comes after the block.
    let ended: Completion | null = null;
    context.within((given) => {
      if (item.target !== null) assign(run, scope, item.target, given);
      ended = withBlock(run, s, scope, onFault, from + 1);
    });
    return ended;
  }
  if (enter !== null) value = run.call(enter, [context], NO_KWARGS, span);
  if (item.target !== null) assign(run, scope, item.target, value);
  const { depth } = run;
  let end: Completion | null;
  try {
    end = withBlock(run, s, scope, onFault, from + 1);
  } catch (e) {
    const instance = exit !== null && (e instanceof Raised || e instanceof Refusal) && !isFinal(faultOf(e, run)) ? caught(e, null) : null;
    if (exit === null || instance === null) throw e;
    run.depth = depth;
    const answer = run.call(exit, [context, instance.class, instance, NONE], NO_KWARGS, span);
    if (!truthOf({ run, span }, answer)) throw e;
    return null;
  }
  if (exit !== null) run.call(exit, [context, NONE, NONE, NONE], NO_KWARGS, span);
  return end;
}

function tryBlock(run: Run, s: Try, scope: Scope, onFault: OnFault | null): Completion | null {
  const { depth, trying } = run;
  let end: Completion | null;
  try {
    // Strict inside, so that a handler sees the fault.
    if (s.handlers.length > 0) run.trying++;
    end = execute(run, s.body, scope, s.handlers.length > 0 ? null : onFault);
    run.trying = trying;
    end ??= execute(run, s.otherwise, scope, onFault);
  } catch (e) {
    run.depth = depth;
    run.trying = trying;
    const found = isFinal(faultOf(e, run)) ? null : handlerOf(run, s, scope, e);
    if (found === null) {
      execute(run, s.finally, scope, onFault);
      throw e;
    }
    const { handler, exception } = found;
    const outer = scope.names.get(HANDLED);
    scope.names.set(HANDLED, exception);
    if (handler.name !== null) scope.names.set(handler.name, exception);
    try {
      end = execute(run, handler.body, scope, onFault);
    } finally {
      if (outer === undefined) scope.names.delete(HANDLED);
      else scope.names.set(HANDLED, outer);
    }
  }
  return execute(run, s.finally, scope, onFault) ?? end;
}

/** The first handler that catches `e`, with the exception that it gets. */
function handlerOf(run: Run, s: Try, scope: Scope, e: unknown): { handler: Try["handlers"][number]; exception: Instance } | null {
  const thrown = e instanceof Raised || e instanceof Refusal ? e : new Refusal(faultOf(e, run));
  for (const handler of s.handlers) {
    const exception = caught(thrown, handler.type === null ? null : evaluate(run, handler.type, scope));
    if (exception !== null) return { handler, exception };
  }
  return null;
}

function matchCases(run: Run, s: Match, scope: Scope, onFault: OnFault | null): Completion | null {
  const subject = resolve(run, evaluate(run, s.subject, scope), { kind: "scalar" }, s.subject.span);
  if (subject.type === "unknown" && onFault !== null) return null;
  for (const c of s.cases) {
    if (subject.type === "dynamic" && looksInside(c.pattern))
      refuse("data-dependent-branch", s.subject.span, [run.text(s.subject.span), "match"]);
    if (!matches(run, c.pattern, subject, scope)) continue;
    if (c.guard !== null && !truthOf({ run, span: c.guard.span }, evaluate(run, c.guard, scope))) continue;
    return execute(run, c.body, scope, onFault);
  }
  return null;
}

/** Whether a pattern asks for the subject's value. */
function looksInside(p: Pattern): boolean {
  if (p.kind === "OrPattern") return p.alternatives.some(looksInside);
  return p.kind === "AsPattern" ? looksInside(p.pattern) : p.kind === "ValuePattern";
}

/** The names that statements bind in their own scope. */
export function boundNames(body: readonly Statement[]): string[] {
  const out: string[] = [];
  const target = (e: Expression): void => {
    if (e.kind === "Name") out.push(e.id);
    else if (e.kind === "Sequence") e.elements.forEach(target);
    else if (e.kind === "Starred") target(e.value);
  };
  const visit = (s: Statement): void => {
    switch (s.kind) {
      case "Assign":
        s.targets.forEach(target);
        break;
      case "AugAssign":
      case "AnnAssign":
        target(s.target);
        break;
      case "FunctionDef":
      case "ClassDef":
        out.push(s.name);
        break;
      case "For":
        target(s.target);
        [...s.body, ...s.otherwise].forEach(visit);
        break;
      case "While":
        [...s.body, ...s.otherwise].forEach(visit);
        break;
      case "If":
        [...s.body, ...s.otherwise].forEach(visit);
        break;
      case "With":
        for (const i of s.items) if (i.target !== null) target(i.target);
        s.body.forEach(visit);
        break;
      case "Try":
        [...s.body, ...s.handlers.flatMap((h) => h.body), ...s.otherwise, ...s.finally].forEach(visit);
        break;
      case "Match":
        s.cases.flatMap((c) => c.body).forEach(visit);
        break;
      case "Import":
        for (const a of s.names) out.push(a.asName ?? a.name.split(".")[0] ?? a.name);
        break;
      case "ImportFrom":
        for (const a of s.names) if (a.name !== "*") out.push(a.asName ?? a.name);
        break;
      default:
        break;
    }
  };
  body.forEach(visit);
  return out;
}
