/** Names that a mod's expressions may use beside the module's own: the problem's sizes, and what form and directives give. */
import type { ProblemHints } from "../ir/mod.ts";
import { type Binder, evaluateBinding, type Subject } from "./bindings.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Interpreter } from "./evaluate.ts";
import { withSizes } from "./pythonCall.ts";
import type { Sizes } from "./seed.ts";
import { int, type Scope, unknown, type Value } from "./value.ts";

export const DEFAULT_SIZES: Sizes = { batch: 1, heads: 8, qLen: 1024, kvLen: 1024 };

/** The sizes that `hints` give, and usual ones. */
export function sizesOf(hints: ProblemHints): Sizes {
  const qLen = hints.qLen ?? hints.kvLen ?? DEFAULT_SIZES.qLen;
  return {
    batch: hints.batch ?? DEFAULT_SIZES.batch,
    heads: hints.qHeads ?? DEFAULT_SIZES.heads,
    qLen,
    kvLen: hints.kvLen ?? qLen,
  };
}

/** Problem sizes under the names that binding expressions use, where the module has none of that name. */
export function namesBeside(scope: Scope, sizes: Sizes): Map<string, Value> {
  const names = new Map<string, Value>();
  const add = (name: string, size: number): void => {
    if (!scope.names.has(name)) names.set(name, int(size));
  };
  add("B", sizes.batch);
  add("H", sizes.heads);
  add("S", sizes.qLen);
  add("Q_LEN", sizes.qLen);
  add("KV_LEN", sizes.kvLen);
  return names;
}

/**
 * Values that free names of a mod take before the scopes around it: what form and directives say for this mod. Names
 * of the module itself that hold for the whole file are there already.
 */
export function overlayFor(
  subject: Subject,
  sizes: Sizes,
  binder: Binder,
  interpreter: Interpreter,
  scope: Scope,
  report: (d: Diagnostic) => void,
  file: string,
): ReadonlyMap<string, Value> {
  const overlay = new Map<string, Value>();
  const beside = namesBeside(scope, sizes);
  for (const name of binder.namesFor(subject)) {
    const binding = binder.find(subject, name);
    const before = scope.names.get(name);
    // What a factory makes of its argument is what the mod reads, not the argument.
    if (subject.parameters.has(name)) continue;
    if (binding === null || before?.type === "function" || before?.type === "class" || before?.type === "module") continue;
    const isFileWide = binding.key === binding.name && (binding.origin === "form" || binding.origin === "file directive");
    if (isFileWide && before !== undefined) continue;
    const value = evaluateBinding(binding, interpreter, scope, beside, { file, from: 0, to: 0 }, report);
    // What cannot be used has said so; a made-up value stands in.
    overlay.set(name, value ?? unknown("the value given for it cannot be used", { name }));
  }
  return withSizes(overlay, beside);
}
