/**
 * A mod at one point: the value of every name that it, and what it calls, bound on the way, and of its result. What the
 * panel's cell trace and `flexlens trace` show; the values are the interpreter's, which defines them.
 */
import type { Expr } from "./expr.ts";
import { interpretAll, type Point } from "./interpret.ts";
import type { Mod, Span, Step } from "./mod.ts";
import type { DType } from "./ops.ts";

/** A name with its value at the point. */
export interface TracedStep {
  /** `name`, or `function.name` in a function that the mod calls. */
  readonly name: string;
  readonly span: Span;
  readonly type: Step["type"];
  readonly shape: readonly number[];
  /** Row-major, one for a scalar; bool as 0 or 1. Null where the tensor has too many elements to keep. */
  readonly values: readonly number[] | null;
}

export interface ModTrace {
  /** In the order of evaluation. */
  readonly steps: readonly TracedStep[];
  readonly result: { readonly dtype: DType; readonly value: number };
  /** The value of every expression on the way. */
  readonly values: ReadonlyMap<Expr, number>;
}

/** The trace of `mod` at `point`; its score is 0 where it has none. */
export function traceMod(mod: Mod, point: Point): ModTrace {
  const steps = (mod.steps ?? []).filter((s) => s.isResult !== true);
  const locals = mod.locals.map((l) => l.value);
  const values = interpretAll([mod.body, ...locals, ...steps.flatMap((s) => s.elements ?? [])], point);
  const at = (e: Expr): number => values.get(e) ?? Number.NaN;
  return {
    steps: steps.map(({ name, within, span, type, shape, elements }) => ({
      name: within === null ? name : `${within}.${name}`,
      span,
      type,
      shape,
      values: elements === null ? null : elements.map(at),
    })),
    result: { dtype: mod.body.dtype, value: at(mod.body) },
    values,
  };
}
