import { describe, expect, it } from "vitest";
import { ENGINES } from "../../kernels/flash/select.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import { fuzzKernels } from "../fuzz/kernels.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();

describe("random problems on every engine", () => {
  it("agree with the reference; `npm run fuzz -- --kernels 500` has more, of all head dims", { timeout: 180_000 }, async () => {
    const said: string[] = [];
    const count = 25;
    // Software takes seconds to compile a tile, which has a test of its own.
    const engines = ENGINES.filter((engine) => engine !== "tile" && engine !== "matrix");
    const say = (line: string): void => void said.push(line);
    const result = await fuzzKernels({ count, seed: 1, gpu: handleOf(gpu().device), say, isBrief: true, engines });
    expect(said).toEqual([]);
    expect(result.failures).toEqual([]);
    expect(result.ran.size).toBe(engines.length);
  });
});
