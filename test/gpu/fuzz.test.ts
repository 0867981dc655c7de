import { describe, expect, it } from "vitest";
import { fuzzMods } from "../fuzz/mods.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();

describe("random mods, half of them Python text or masks, on the GPU and everywhere else", () => {
  it.each(Array.from({ length: 3 }, (_, i) => [i]))("agree (part %d)", { timeout: 180_000 }, async (part) => {
    const said: string[] = [];
    const result = await fuzzMods({ count: 64, seed: 5000 + 64 * part, device: gpu().device, say: (line) => said.push(line) });
    expect(said).toEqual([]);
    expect(result.gpuPoints).toBeGreaterThan(1500);
  });
});
