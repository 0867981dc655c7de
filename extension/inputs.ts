/**
 * What the user gave for a document beside its text: values of the panel's form, problem sizes, the kernel of each variant.
 * They live here, in the host, so that lens and panels speak of the same thing, and are kept in the workspace's state.
 */
import type { BindingValue } from "../kernels/frontend/module.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import type { TakenKernels } from "../webview/protocol.ts";
import { type Memory, renamed } from "./results.ts";

export interface Inputs {
  readonly bindings: Readonly<Record<string, BindingValue>>;
  readonly problem: ProblemHints;
  readonly kernels: TakenKernels;
  /** Grows with each change: part of a reading's version. */
  readonly revision: number;
}

export interface InputStore {
  of(document: string): Inputs;
  set(document: string, change: Partial<Omit<Inputs, "revision">>): void;
  /** As the store of results does. */
  rename(from: string, to: string): void;
}

const KEY = "flexlens.inputs";
const NONE: Inputs = { bindings: {}, problem: {}, kernels: {}, revision: 0 };

interface StoredInputs extends Pick<Inputs, "problem"> {
  readonly bindings: Readonly<Record<string, string>>;
  /** Absent where none was taken. */
  readonly kernels?: TakenKernels;
}
type Stored = Readonly<Record<string, StoredInputs>>;

/** Expressions and sizes outlive a reload; tensor data given as such is held for the session, being no text. */
export function createInputStore(memory: Memory): InputStore {
  const inputs = new Map<string, Inputs>(
    Object.entries(memory.get<Stored>(KEY, {})).map(([document, kept]) => [document, { ...NONE, ...kept }]),
  );
  const keep = (): void => {
    const stored = [...inputs].flatMap(([document, { bindings, problem, kernels }]) => {
      const texts = Object.entries(bindings).filter((entry): entry is [string, string] => typeof entry[1] === "string");
      return [texts, Object.keys(problem), Object.keys(kernels)].every(({ length }) => length === 0)
        ? []
        : [[document, { bindings: Object.fromEntries(texts), problem, kernels }] as const];
    });
    void memory.update(KEY, Object.fromEntries(stored) satisfies Stored);
  };
  return {
    of: (document) => inputs.get(document) ?? NONE,
    set(document, change) {
      const before = inputs.get(document) ?? NONE;
      inputs.set(document, { ...before, ...change, revision: before.revision + 1 });
      keep();
    },
    rename(from, to) {
      for (const [document, given] of [...inputs]) {
        const now = renamed(document, from, to);
        if (now === document) continue;
        inputs.delete(document);
        inputs.set(now, given);
      }
      keep();
    },
  };
}
