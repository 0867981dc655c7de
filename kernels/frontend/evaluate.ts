/**
 * The partial evaluator's front: runs a module's statements once, calls its functions, and traces mods to IR.
 *
 * What can be computed is computed; what depends on the mod's arguments becomes an expression; what module code does
 * that cannot be followed becomes `unknown`, silently, and is a fault only of the mod that needs it. Every entry
 * point ends, within a budget of steps and of nesting, and none throws on user text.
 */
import type { DataValue } from "../data/value.ts";
import { type Expr, variable } from "../ir/expr.ts";
import type { Capture, Local, Span, Step } from "../ir/mod.ts";
import { TORCH_NAMES } from "../ir/ops.ts";
import { capturesOf } from "../ir/walk.ts";
import { createBudget } from "./budget.ts";
import { describe } from "./describe.ts";
import { type Diagnostic, diagnose, type Report, type TextOf } from "./diagnostic.ts";
import { quote } from "./diagnosticRow.ts";
import { evaluate as evaluateExpression, MAX_DEPTH } from "./expression.ts";
import { elsewhereOf, functionText } from "./functionNames.ts";
import { generator } from "./generator.ts";
import { type ImportHost, importModule } from "./importing.ts";
import { instantiate } from "./instantiate.ts";
import { ModuleNames } from "./moduleNames.ts";
import type { Resolved } from "./modules.ts";
import { derived, resolve } from "./pythonArithmetic.ts";
import { bindParameters, functionOf } from "./pythonCall.ts";
import { isOpaque, lookupClass } from "./pythonClass.ts";
import { keyOf } from "./pythonOperators.ts";
import { boundNames, execute, faultOf, isStackOverflow, type OnFault } from "./statement.ts";
import { enterFrame, newTrace, recordResult } from "./step.ts";
import type { Call as CallNode, Expression, Module, Statement } from "./syntax.ts";
import { drawnAt, dynamic, dynamicElements, elementsOf, nameTensor } from "./tensor.ts";
import {
  type FunctionValue,
  isScalar,
  isTensor,
  NO_KWARGS,
  NONE,
  numberOf,
  Refusal,
  type Run,
  refuse,
  type Scope,
  str,
  type Trace,
  tuple,
  type Unknown,
  type UnknownUse,
  unknown,
  VAR_BITS,
  type Value,
} from "./value.ts";

/** What the evaluator needs from its caller. */
export interface InterpreterOptions {
  /** Steps for all that one interpreter does; default 2,000,000. */
  readonly stepBudget?: number;
  /** Gets warnings and hints as they are found; faults come back from the entry points. */
  readonly report: Report;
  /** Called before each statement of the document's own code. */
  readonly entering?: (statement: Statement) => void;
  readonly textOf: TextOf;
  /**
   * What an import means: `level` counts the dots of a relative one and `from` is the importing file. Asked when a name
   * that it binds is first read; modules are run once each.
   */
  readonly resolveImport?: (module: string, level: number, from: string, span: Span) => Resolved;
  /** What a data file holds. @throws Refusal with the cause. Without it no file is at hand. */
  readonly readData?: (path: string, span: Span, as: "data" | "json") => DataValue;
  /** A value for an unknown that a mod needs, or null; see `UnknownUse`. */
  readonly supply?: (unknown: Unknown, use: UnknownUse, span: Span) => Value | null;
}

/** The value, or the fault that stopped its evaluation. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Diagnostic };

/** A call of `create_block_mask`, `create_mask` or `flex_attention` that module code made; arguments by parameter name. */
export interface RecordedCall {
  readonly callee: "create_block_mask" | "create_mask" | "flex_attention";
  readonly args: ReadonlyMap<string, Value>;
  /** What it gave back: look for it among the `block_mask` arguments. */
  readonly result: Value;
  readonly span: Span;
  /** Where the arguments stand, by parameter name, as far as the call names them. */
  readonly places: ReadonlyMap<string, Span>;
}

/** A traced mod. */
export interface Traced {
  /** bool for a mask_mod; a score_mod's own dtype, not cast. */
  readonly body: Expr;
  /** Those that the body loads. */
  readonly captures: readonly Capture[];
  readonly locals: readonly Local[];
  readonly steps: readonly Step[];
  readonly places: ReadonlyMap<Expr | Capture, Span>;
}

export interface Interpreter {
  /** Runs `module` as `name` (default `__main__`); names in `overrides` keep that value whatever is assigned. Never throws. */
  runModule(module: Module, name?: string, overrides?: ReadonlyMap<string, Value>): Scope;
  /** `overlay` answers for free names before the scopes around a function do. */
  evaluate(expression: Expression, scope: Scope, overlay?: ReadonlyMap<string, Value>): Outcome<Value>;
  call(
    callee: Value,
    args: readonly Value[],
    kwargs: ReadonlyMap<string, Value>,
    span: Span,
    overlay?: ReadonlyMap<string, Value>,
  ): Outcome<Value>;
  /**
   * As `call`, where `callee`'s own statements may fault: those that `survives` leave their names open, and the next
   * one runs. Where a condition is open both sides run.
   */
  explore(
    callee: Value,
    args: readonly Value[],
    kwargs: ReadonlyMap<string, Value>,
    span: Span,
    survives: (fault: Diagnostic) => boolean,
    overlay?: ReadonlyMap<string, Value>,
  ): Outcome<Value>;
  /** As `evaluate`, by the rules of a mod's body: for what is said about one, in a scope that has its arguments. */
  evaluateInMod(expression: Expression, scope: Scope, scoreDType: "f32" | "f64", overlay?: ReadonlyMap<string, Value>): Outcome<Value>;
  /**
   * Calls `mod` with the symbolic b, h, q_idx, kv_idx (and score), and checks what it returns. `span` is where faults
   * of the mod as a whole are shown; `hasHalfQueries`: q is float16.
   */
  traceMod(
    mod: Value,
    kind: "score_mod" | "mask_mod",
    scoreDType: "f32" | "f64",
    span: Span,
    overlay?: ReadonlyMap<string, Value>,
    hasHalfQueries?: boolean,
  ): Outcome<Traced>;
  readonly calls: readonly RecordedCall[];
  /** The import of the first module that led to the source `file`; null where none did. */
  importOf(file: string): Span | null;
  /** Statements of module code that were given up, for the budget or otherwise, with the reason. */
  readonly faults: readonly Diagnostic[];
}

const DEFAULT_BUDGET = 2_000_000;

/** What create_block_mask alone refuses says nothing of a score_mod, which flex_attention alone gets. */
const OF_MASKS_ALONE: ReadonlySet<string> = new Set(["refused-by-create-block-mask", "builtin-min-max"]);

/** A fresh evaluator; its modules, budget and recorded calls are its own. */
export function createInterpreter(options: InterpreterOptions): Interpreter {
  const budget = createBudget(options.stepBudget ?? DEFAULT_BUDGET, options.textOf);
  const calls: RecordedCall[] = [];
  const faults: Diagnostic[] = [];
  const modules = new Map<string, Scope>();
  const imports = new Map<string, Span>();
  const warned = new Set<string>();
  let trace: Trace | null = null;
  let overlay: ReadonlyMap<string, Value> | null = null;
  let returned: Span | null = null;
  /** What the function that is called next survives. */
  let exploring: OnFault | null = null;

  const run: Run = {
    depth: 0,
    guessing: false,
    drawn: null,
    get trace() {
      return trace;
    },
    get overlay() {
      return overlay;
    },
    step: (span, n = 1) => budget.step(span, n),
    enter: (what, span) => budget.enter(what, span, null),
    leave: budget.leave,
    tooDeep,
    text: options.textOf,
    warn(code, span, words, fix = null) {
      if (trace?.kind === "score_mod" && OF_MASKS_ALONE.has(code)) return;
      if (run.guessing) return;
      const key = `${code} ${span.file} ${span.from} ${span.to}`;
      if (warned.has(key)) return;
      warned.add(key);
      options.report(diagnose(code, span, words, fix));
    },
    supply: (unknownValue, use, span) => options.supply?.(unknownValue, use, span) ?? null,
    readData: (path, span, as) => options.readData?.(path, span, as) ?? refuse("data-file", span, [path, "no files are at hand"]),
    record(callee, args, result, span, places) {
      if (callee === "create_block_mask" || callee === "create_mask" || callee === "flex_attention")
        calls.push({ callee, args, result, span, places });
    },
    importModule: (module, level, span, from) => importModule(host, module, level, span, from),
    trying: 0,
    call,
  };

  /** Runs `f` with its own share of the budget, and gives its value or its fault. */
  function attempt<T>(span: Span, f: () => T): Outcome<T> {
    const { depth } = run;
    try {
      return { ok: true, value: budget.share(f) };
    } catch (e) {
      return { ok: false, fault: faultOf(e, run, span) };
    } finally {
      run.depth = depth;
    }
  }

  function withOverlay<T>(names: ReadonlyMap<string, Value> | undefined, f: () => T): T {
    const outer = overlay;
    overlay = names ?? null;
    try {
      return f();
    } finally {
      overlay = outer;
    }
  }

  // ------------------------------------------------------------------------------------------------- modules

  const noteFault = (fault: Diagnostic): Diagnostic => {
    faults.push(fault);
    return fault;
  };

  function runModule(module: Module, name = "__main__", overrides: ReadonlyMap<string, Value> = new Map()): Scope {
    const scope: Scope = {
      names: new ModuleNames(overrides),
      parent: null,
      elsewhere: null,
      kind: "module",
      module: { ...module, name },
    };
    modules.set(module.file, scope);
    scope.names.set("__name__", str(name));
    scope.names.set("__file__", str(module.file));
    for (const statement of module.body) {
      if (name === "__main__") options.entering?.(statement);
      const done = attempt(statement.span, () => execute(run, [statement], scope, noteFault));
      if (done.ok) continue;
      if (!faults.includes(done.fault)) faults.push(done.fault);
      for (const bound of boundNames([statement])) {
        if (!scope.names.has(bound)) scope.names.set(bound, unknown("the code that computes it cannot be followed", { fault: done.fault }));
      }
    }
    return scope;
  }

  const host: ImportHost = {
    run,
    resolve: (module, level, from, span) =>
      options.resolveImport?.(module, level, from, span) ?? { kind: "absent", looked: null, assumed: false },
    scopeOf({ module }, name, span, from) {
      if (!imports.has(module.file)) imports.set(module.file, imports.get(from.file) ?? span);
      return modules.get(module.file) ?? aside(() => runModule(module, name));
    },
    guard(span, f) {
      const made = attempt(span, f);
      return made.ok ? made.value : unknown("the code that computes it cannot be followed", { fault: made.fault });
    },
  };

  /** Runs an imported module's code as what it is, whoever reads its names: no part of the mod being traced. */
  function aside(f: () => Scope): Scope {
    const outer = { trace, overlay, returned };
    const { drawn, trying } = run;
    [trace, overlay, run.drawn, run.trying] = [null, null, null, 0];
    try {
      return budget.apart(f);
    } finally {
      ({ trace, overlay, returned } = outer);
      run.drawn = drawn;
      run.trying = trying;
    }
  }

  // --------------------------------------------------------------------------------------------------- calls

  function call(callee: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>, span: Span, node?: CallNode): Value {
    run.step(span);
    switch (callee.type) {
      case "function": {
        const mark = budget.enter("function", span, callee.name);
        try {
          return callFunction(callee, args, kwargs, span);
        } catch (e) {
          throw isStackOverflow(e) ? tooDeep(span) : e;
        } finally {
          budget.leave(mark);
        }
      }
      case "builtin": {
        const mark = budget.enter("call", span, null);
        try {
          return callee.call({ run, name: callee.name, args, kwargs, span, node: node ?? null });
        } catch (e) {
          // A stack, string, list or view that is beyond what JavaScript holds.
          throw e instanceof RangeError ? (isStackOverflow(e) ? tooDeep(span) : tooLarge(span)) : e;
        } finally {
          budget.leave(mark);
        }
      }
      case "partial":
        return call(callee.callee, [...callee.args, ...args], new Map([...callee.kwargs, ...kwargs]), span);
      case "method":
        return call(callee.callee, [callee.self, ...args], kwargs, span);
      case "class":
        return instantiate(run, callee, args, kwargs, span);
      case "instance": {
        const method = lookupClass(callee.class, "__call__") ?? (isOpaque(callee.class) ? lookupClass(callee.class, "forward") : null);
        if (method !== null) return call(method, [callee, ...args], kwargs, span);
        break;
      }
      case "unknown": {
        const made = resolve(run, callee, { kind: "call", arity: args.length }, node?.callee.span ?? span);
        return made.type === "unknown" ? derived(made) : call(made, args, kwargs, span, node);
      }
      case "opaque":
        return unknown(`it is what a ${callee.what} gives`);
      default:
        break;
    }
    return refuse("not-callable", span, [options.textOf(node?.callee.span ?? span), describe(callee)]);
  }

  /** Blames the function that calls itself; where none does, the value at `span`. @throws Refusal */
  function tooDeep(span: Span): never {
    const f = budget.recursing();
    return f === null ? tooLarge(span) : refuse("recursion-depth", f.span, [f.name ?? ""]);
  }

  function tooLarge(span: Span): never {
    return refuse("too-large", span, [quote(options.textOf(span))]);
  }

  function callFunction(f: FunctionValue, args: readonly Value[], kwargs: ReadonlyMap<string, Value>, span: Span): Value {
    const onFault = exploring;
    exploring = null;
    run.depth++;
    if (run.depth > MAX_DEPTH) tooDeep(span);
    const names = bindParameters(f, args, kwargs, span);
    for (const [name, value] of names) if (value.type === "tensor") nameTensor(run, value, name);
    const owner = f.attributes.get("__class__");
    const [self] = args;
    if (owner !== undefined && self !== undefined) {
      names.set("__class__", owner);
      names.set("__self__", self);
    }
    const { bound, declared, isGenerator } = functionText(f.body);
    const scope: Scope = {
      names,
      parent: f.scope,
      bound,
      elsewhere: elsewhereOf(declared, f.scope),
      kind: "function",
      module: f.scope.module,
    };
    if (trace !== null) enterFrame(trace, scope, f);
    const { body } = f;
    const memo = f.attributes.get("__memo__");
    const key = memo?.type === "dict" ? keyOf({ run, span }, tuple([...args, ...[...kwargs].flatMap(([k, v]) => [str(k), v])])) : "";
    const kept = memo?.type === "dict" ? memo.entries.get(key) : undefined;
    if (kept !== undefined) {
      run.depth--;
      return kept.value;
    }
    if (isGenerator && !("kind" in body)) {
      run.depth--;
      return generator(run, span, (onYield) => execute(run, body, { ...scope, onYield }, null));
    }
    let value: Value = NONE;
    if ("kind" in f.body) {
      value = evaluateExpression(run, f.body, scope);
      returned = f.body.span;
    } else {
      const end = execute(run, f.body, scope, onFault);
      returned = f.nameSpan;
      if (end?.kind === "return") {
        value = end.value;
        returned = end.span;
      }
    }
    run.depth--;
    if (trace !== null) recordResult(trace, f, value);
    if (memo?.type === "dict") memo.entries.set(key, { key: NONE, value });
    return value;
  }

  // -------------------------------------------------------------------------------------------------- tracing

  function evaluateInMod(
    expression: Expression,
    scope: Scope,
    scoreDType: "f32" | "f64",
    names?: ReadonlyMap<string, Value>,
  ): Outcome<Value> {
    const outer = trace;
    trace = newTrace(scoreDType, expression.span, "mask_mod");
    try {
      return attempt(expression.span, () => withOverlay(names, () => evaluateExpression(run, expression, scope)));
    } finally {
      trace = outer;
    }
  }

  function traceMod(
    mod: Value,
    kind: "score_mod" | "mask_mod",
    scoreDType: "f32" | "f64",
    span: Span,
    names?: ReadonlyMap<string, Value>,
    hasHalfQueries = false,
  ): Outcome<Traced> {
    const f = functionOf(mod);
    const current = newTrace(scoreDType, f?.span ?? span, kind, hasHalfQueries);
    const index = (name: "b" | "h" | "q_idx" | "kv_idx"): Value => dynamic("i64", [], [variable(name)], VAR_BITS[name]);
    const score = dynamic(scoreDType, [], [variable("score", scoreDType)], VAR_BITS.score);
    const args = [index("b"), index("h"), index("q_idx"), index("kv_idx")];
    const outer = trace;
    trace = current;
    returned = null;
    try {
      return attempt(span, () =>
        withOverlay(names, () => {
          const value = call(mod, kind === "score_mod" ? [score, ...args] : args, NO_KWARGS, span);
          const body = bodyOf(value, kind, f, returned ?? span);
          const captures = capturesOf(body);
          for (const capture of captures) {
            const at = drawnAt(capture);
            if (at !== null) run.warn("random-values", at, [options.textOf(at)]);
          }
          const locals = [...current.locals.values()].sort((a, b) => a.span.from - b.span.from);
          return { body, captures, locals, steps: current.steps, places: current.places };
        }),
      );
    } finally {
      trace = outer;
    }
  }

  /** What a mod returns, as the one expression it must be. @throws Refusal */
  function bodyOf(given: Value, kind: "score_mod" | "mask_mod", f: FunctionValue | null, span: Span): Expr {
    const value = resolve(run, given, { kind: "scalar" }, span);
    if (value.type === "none") return refuse("returns-nothing", f?.nameSpan ?? span, [f?.name ?? options.textOf(span)]);
    if (isScalar(value)) {
      if (kind === "score_mod") return refuse("score-returns-constant", span, [options.textOf(span)]);
      const q = f?.params.filter((p) => p.role === "positional" && p.name !== "self").at(2)?.name ?? "q_idx";
      const text = options.textOf(span);
      const isLiteral = /^(True|False|\d+)$/.test(text);
      const tensor = value.type === "bool" ? `(${text})` : `bool(${text})`;
      const rewrite = isLiteral ? (numberOf(value) !== 0 ? `${q} >= 0` : `${q} < 0`) : `(${q} >= 0) & ${tensor}`;
      return refuse("mask-returns-constant", span, [options.textOf(span), rewrite], {
        title: `Return \`${rewrite}\``,
        edits: [{ span, newText: rewrite }],
      });
    }
    if (!isTensor(value) || value.shape.length > 0) return refuse("returns-non-scalar", span, [describe(value)]);
    const [body] = value.type === "dynamic" ? dynamicElements(value) : elementsOf(value);
    if (body === undefined) return refuse("returns-non-scalar", span, [describe(value)]);
    if (kind === "mask_mod" && body.dtype !== "bool") refuse("mask-not-bool", span, [options.textOf(span), TORCH_NAMES[body.dtype]]);
    if (kind === "score_mod" && body.dtype === "bool") run.warn("score-returns-mask", span, [options.textOf(span)]);
    return body;
  }

  return {
    calls,
    faults,
    importOf: (file) => imports.get(file) ?? null,
    runModule,
    evaluateInMod,
    evaluate: (expression, scope, names) =>
      attempt(expression.span, () => withOverlay(names, () => evaluateExpression(run, expression, scope))),
    call: (callee, args, kwargs, span, names) => attempt(span, () => withOverlay(names, () => call(callee, args, kwargs, span))),
    explore: (callee, args, kwargs, span, survives, names) => {
      exploring = (fault) => {
        if (survives(fault)) return null;
        throw new Refusal(fault);
      };
      const outcome = attempt(span, () => withOverlay(names, () => call(callee, args, kwargs, span)));
      exploring = null;
      return outcome;
    },
    traceMod,
  };
}
