import { describe, expect, it } from "vitest";
import { createSavingsStore } from "../../../extension/savingsStore.ts";

function createMemory(stored: unknown) {
  const values = new Map<string, unknown>([["flexlens.savings", stored]]);
  return {
    get: <T>(key: string, fallback: T): T => (values.get(key) ?? fallback) as T,
    update: async (key: string, value: unknown) => void values.set(key, value),
  };
}

describe("the numbers for savings", () => {
  it("are none at first, and those that were given afterwards", () => {
    const memory = createMemory(null);
    const store = createSavingsStore(memory);
    expect(store.get()).toBeNull();
    const form = { steps: 5, calls: null, price: 2.5, currency: "EUR" };
    store.put(form);
    expect(createSavingsStore(memory).get()).toEqual(form);
  });

  it.each([
    ["text", "2.50", null],
    ["a price that is none", { steps: 1, calls: 2, price: "much", currency: 3 }, { steps: 1, calls: 2, price: null, currency: "" }],
    [
      "numbers below zero or without end",
      { steps: -1, calls: Number.POSITIVE_INFINITY },
      { steps: null, calls: null, price: null, currency: "" },
    ],
  ])("are read with care: %s", (_, stored, want) => {
    expect(createSavingsStore(createMemory(stored)).get()).toEqual(want);
  });
});
