/**
 * What is asked of the choice of a kernel, put together: the families and options of a directive or of the user's hand,
 * and the `kernel_options` of a call in the text. In: hints, as the front end and the form give them. Out: wishes for
 * `chooseForward`, and sentences about what has no meaning here or cannot be.
 */
import { KERNELS, type ProblemHints } from "../ir/mod.ts";
import { readCallOptions, readOptions } from "./kernelOptions.ts";
import type { Engine } from "./plan.ts";
import type { Wishes } from "./select.ts";

/** Wishes, and what is to be said of them. */
export interface Asked {
  readonly wishes: Pick<Wishes, "engines" | "options">;
  /** What cannot be: the option is left out. */
  readonly faults: readonly string[];
  /** What is PyTorch's alone, and what of a call is used. */
  readonly told: readonly string[];
}

/** The wishes in `hints`. A `kernel` that is named beats what options and calls leave. */
export function askedOf(hints: Pick<ProblemHints, "kernel" | "kernelOptions" | "callKernelOptions">): Asked {
  const own = readOptions(hints.kernelOptions ?? {});
  const call = readCallOptions(hints.callKernelOptions ?? {});
  const named = hints.kernel ?? null;
  const left = both(own.engines, call.engines)?.filter((e) => e !== "materialized") ?? null;
  const isNone = named === null && left?.length === 0;
  const engines = named ?? (isNone ? null : left);
  return {
    wishes: { ...(engines === null ? {} : { engines }), options: own.options },
    faults: isNone ? [...own.faults, NONE_LEFT] : own.faults,
    told: [...own.told, ...call.told],
  };
}

const NONE_LEFT =
  "`BACKEND` and `FORCE_USE_FLEX_ATTENTION` of the call and the directive leave no kernel together, and are not used; `kernel` names one";

function both(a: readonly Engine[] | null, b: readonly Engine[] | null): readonly Engine[] | null {
  if (a === null || b === null) return a ?? b;
  return KERNELS.filter((engine) => a.includes(engine) && b.includes(engine));
}
