/**
 * What the user gave for a document beside its text: values of the panel's form and problem sizes. They live here, in
 * the host, so that lens and panel speak of the same thing, and are kept in the workspace's state.
 */
import type { BindingValue } from "../kernels/frontend/module.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import { type Memory, renamed } from "./results.ts";

export interface Inputs {
  readonly bindings: Readonly<Record<string, BindingValue>>;
  readonly problem: ProblemHints;
  /** Grows with each change: part of a reading's version. */
  readonly revision: number;
}

export interface InputStore {
  of(document: string): Inputs;
  set(document: string, change: Partial<Pick<Inputs, "bindings" | "problem">>): void;
  /** As the store of results does. */
  rename(from: string, to: string): void;
}

const KEY = "flexlens.inputs";
const NONE: Inputs = { bindings: {}, problem: {}, revision: 0 };

type Stored = Readonly<Record<string, { readonly bindings: Readonly<Record<string, string>>; readonly problem: ProblemHints }>>;

/** Expressions and sizes outlive a reload; tensor data given as such is held for the session, being no text. */
export function createInputStore(memory: Memory): InputStore {
  const inputs = new Map<string, Inputs>(
    Object.entries(memory.get<Stored>(KEY, {})).map(([document, kept]) => [document, { ...kept, revision: 0 }]),
  );
  const keep = (): void => {
    const stored = [...inputs].flatMap(([document, { bindings, problem }]) => {
      const texts = Object.entries(bindings).filter((entry): entry is [string, string] => typeof entry[1] === "string");
      return texts.length === 0 && Object.keys(problem).length === 0
        ? []
        : [[document, { bindings: Object.fromEntries(texts), problem }] as const];
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
