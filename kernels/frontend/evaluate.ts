/**
 * The partial evaluator's front: runs a module's statements once, calls its functions, and traces mods to IR.
 *
 * What can be computed is computed; what depends on the mod's arguments becomes an expression; what module code does
 * that cannot be followed becomes `unknown`, silently, and is a fault only of the mod that needs it. Every entry
 * point ends, within a budget of steps and of nesting, and none throws on user text.
 */
import type { Expr } from "../ir/expr.ts";
import type { Local, Span } from "../ir/mod.ts";
import type { Diagnostic, Report, TextOf } from "./diagnostic.ts";
import type { Expression, Module } from "./syntax.ts";
import type { FunctionValue, Scope, Unknown, UnknownUse, Value } from "./value.ts";

/** What the evaluator needs from its caller. */
export interface InterpreterOptions {
  /** Steps for all that one interpreter does; default 2,000,000. */
  readonly stepBudget?: number;
  /** Gets warnings and hints as they are found; faults come back from the entry points. */
  readonly report: Report;
  readonly textOf: TextOf;
  /**
   * The tree of another source, or null where there is none. `level` counts the dots of a relative import and
   * `from` is the importing file. Called once an import statement; modules are run once each.
   */
  readonly resolveImport?: (module: string, level: number, from: string, span: Span) => Module | null;
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
}

/** A traced mod. */
export interface Traced {
  /** bool for a mask_mod; a score_mod's own dtype, not cast. */
  readonly body: Expr;
  readonly locals: readonly Local[];
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
   * Calls `mod` with the symbolic b, h, q_idx, kv_idx (and score), and checks what it returns. `span` is where faults
   * of the mod as a whole are shown.
   */
  traceMod(
    mod: Value,
    kind: "score_mod" | "mask_mod",
    scoreDType: "f32" | "f64",
    span: Span,
    overlay?: ReadonlyMap<string, Value>,
  ): Outcome<Traced>;
  readonly calls: readonly RecordedCall[];
  /** Statements of module code that were given up, for the budget or otherwise, with the reason. */
  readonly faults: readonly Diagnostic[];
}

/** The `def` or lambda behind a mod (through partial, a bound method, `__call__`), or null. */
export declare function functionOf(value: Value): FunctionValue | null;
/** Positional parameters without default that a call must still fill, as create_block_mask counts them; null for no function. */
export declare function positionalCount(value: Value): number | null;
export declare function createInterpreter(options: InterpreterOptions): Interpreter;
