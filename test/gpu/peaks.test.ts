/** The device's peaks: the kernels they are measured with compute what they say, and the figures are of a size that can be. */
import { describe, expect, it } from "vitest";
import { COPY_THREADS, copyKernel, type MatmulTile, matmulKernel, tileSides } from "../../kernels/flash/peakKernels.ts";
import { DEFAULT_LIMITS } from "../../kernels/flash/plan.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import { measurePeaks, tilesFor } from "../../kernels/runtime/peaks.ts";
import { useGpu } from "../support/gpu.ts";
import { outputOf, productOf, wholes } from "../support/peakKernels.ts";

const gpu = useGpu();
const tiles: readonly MatmulTile[] = [...tilesFor({ ...DEFAULT_LIMITS, software: true }), ...tilesFor(DEFAULT_LIMITS)];

// A software driver unrolls what fills workgroup memory: seconds of compilation.
const SLOW = 120_000;

describe("the matrix product", () => {
  it.each(tiles)(
    "is A B with the tile %o",
    async (tile) => {
      const n = 128;
      const [a, b] = [wholes(n * n, 1), wholes(n * n, 5)];
      const [rows, columns] = tileSides(tile);
      const product = await outputOf(gpu().device, matmulKernel(tile), { a, b, n: Uint32Array.of(n / 4, 0, 0, 0) }, n * n, [
        n / columns,
        n / rows,
      ]);
      expect(product).toEqual(productOf(a, b, n));
    },
    SLOW,
  );
});

describe("the copy", () => {
  it.each([1, 4])("copies with %d vec4f a thread", async (each) => {
    const a = wholes(4 * COPY_THREADS * each * 3, 2);
    expect(await outputOf(gpu().device, copyKernel(each), { a }, a.length, [3, 1])).toEqual(a);
  });
});

describe("the peaks of the device", () => {
  it("are measured once for a list of results, and say of what product they are", async () => {
    const peaks = await measurePeaks(handleOf(gpu().device));
    // A core does more than 10 MFLOP/s, and no GPU a PFLOP/s in f32; the same of bytes.
    for (const rate of [peaks?.matmulFlops, peaks?.copyBytes]) {
      expect(rate).toBeGreaterThan(1e7);
      expect(rate).toBeLessThan(1e15);
    }
    // Asked for without subgroup matrices; with them: test/lavapipe/peaks.test.ts.
    expect(peaks).not.toHaveProperty("matrices");
    expect(peaks?.matmul).toMatch(/^\d+ × \d+ × \d+, \d+ × \d+ a thread/);
  });

  it("are left out where the device does not compile their kernels", async () => {
    const handle = handleOf(gpu().device);
    const real = handle.pipelines.get.bind(handle.pipelines);
    handle.pipelines.get = (kernel) => real({ ...kernel, wgsl: "nonsense" });
    expect(await measurePeaks(handle)).toBeNull();
  });

  it("stop being measured when the caller has enough", async () => {
    await expect(measurePeaks(handleOf(gpu().device), AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  });
});
