/**
 * The numbers that the user gave for savings (steps, calls, price), kept over workspaces: a price is the user's, not the
 * workspace's. What is stored is read with care: another version, or a hand, may have written it.
 */
import type { SavingsForm } from "../webview/protocol.ts";
import type { Memory } from "./results.ts";

export interface SavingsStore {
  /** null: nothing was given. */
  get(): SavingsForm | null;
  put(form: SavingsForm): void;
}

const KEY = "flexlens.savings";

export function createSavingsStore(memory: Memory): SavingsStore {
  return {
    get: () => readForm(memory.get<unknown>(KEY, null)),
    put: (form) => void memory.update(KEY, form),
  };
}

function readForm(x: unknown): SavingsForm | null {
  if (typeof x !== "object" || x === null) return null;
  const of = x as Readonly<Record<string, unknown>>;
  const amount = (name: string): number | null => {
    const value = of[name];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
  };
  const currency = typeof of["currency"] === "string" ? of["currency"] : "";
  return { steps: amount("steps"), calls: amount("calls"), price: amount("price"), currency };
}
