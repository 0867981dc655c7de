import { describe, expect, test } from "vitest";
import { fuzzMods } from "../../fuzz/mods.ts";

describe("random mods: interpreter, JavaScript, simplification, intervals, block masks and printing agree", () => {
  test.each(Array.from({ length: 4 }, (_, i) => [i * 100]))("seeds %d and on", { timeout: 180_000 }, async (seed) => {
    const said: string[] = [];
    const result = await fuzzMods({ count: 100, seed, device: null, say: (line) => said.push(line) });
    expect(said).toEqual([]);
    expect(result.mods).toBe(100);
    expect(result.refused).toBeLessThan(20);
    expect(result.reread).toBeGreaterThan(10);
  });
});
