/**
 * The names of a module as a map, of which some wait: what an import binds is found when the name is first read, so
 * that a module whose names nobody reads is neither looked for nor run. And some are fixed: they keep the value that
 * a binding gave them, whatever the module's code assigns.
 */
import { functionOf } from "./pythonCall.ts";
import { unknown, type Value } from "./value.ts";

export class ModuleNames extends Map<string, Value> {
  readonly #fixed: ReadonlyMap<string, Value>;
  readonly #waiting = new Map<string, () => Value>();

  constructor(fixed: ReadonlyMap<string, Value> = new Map()) {
    super();
    this.#fixed = fixed;
    for (const [name, value] of fixed) super.set(name, value);
  }

  /** Binds `name` to what `make` gives when it is read. `make` must not throw. */
  defer(name: string, make: () => Value): void {
    if (this.#fixed.has(name)) return;
    super.delete(name);
    this.#waiting.set(name, make);
  }

  /** What `name` waits for; null where it does not wait. */
  waiting(name: string): (() => Value) | null {
    return this.#waiting.get(name) ?? null;
  }

  /** Every name, the waiting ones among them, without reading any. */
  allNames(): string[] {
    return [...super.keys(), ...this.#waiting.keys()];
  }

  override get(name: string): Value | undefined {
    const known = super.get(name);
    const make = known === undefined ? this.#waiting.get(name) : undefined;
    if (make === undefined) return known;
    this.#waiting.delete(name);
    super.set(name, unknown("modules import it from each other in a circle"));
    const value = make();
    this.set(name, value);
    return value;
  }

  override has(name: string): boolean {
    return super.has(name) || this.#waiting.has(name);
  }

  override set(name: string, value: Value): this {
    if (this.#fixed.has(name)) return this;
    this.#waiting.delete(name);
    return super.set(name, value);
  }

  override delete(name: string): boolean {
    return this.#waiting.delete(name) || super.delete(name);
  }
}

/** The names of a scope, those among them that wait to be read. */
export const namesOf = (names: ReadonlyMap<string, Value>): readonly string[] =>
  names instanceof ModuleNames ? names.allNames() : [...names.keys()];

/** What is known of a module's name without reading it. */
export interface NameFact {
  readonly type: Value["type"];
  /** Where the name of the function that it holds is defined; null for anything else. */
  readonly definedAt: number | null;
}

/** The names of a module and what they hold; imports wait, and are not read for this. */
export function factsOf(names: ReadonlyMap<string, Value>): ReadonlyMap<string, NameFact> {
  const facts = new Map<string, NameFact>();
  for (const name of namesOf(names)) {
    const waits = names instanceof ModuleNames && names.waiting(name) !== null;
    const value = waits ? undefined : names.get(name);
    facts.set(
      name,
      value === undefined ? { type: "module", definedAt: null } : { type: value.type, definedAt: functionOf(value)?.nameSpan.from ?? null },
    );
  }
  return facts;
}

/** Notes what `wanted` stand for, without reading any; the function given back binds them so again, where they are known. */
export function holdNames(names: Map<string, Value>, wanted: readonly string[]): () => void {
  const held = wanted.map((name) => ({ name, make: names instanceof ModuleNames ? names.waiting(name) : null }));
  const values = held.map(({ name, make }) => (make === null ? names.get(name) : undefined));
  return () => {
    held.forEach(({ name, make }, i) => {
      const value = values[i];
      if (make !== null && names instanceof ModuleNames) names.defer(name, make);
      else if (value !== undefined && value.type !== "unknown") names.set(name, value);
    });
  };
}
