/** The peak of the matrix units, where there are some: its products compute what they say, and the figure is of a size that can be. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matrixProductKernel, matrixProductSides } from "../../kernels/flash/peakKernels.ts";
import { toHalves } from "../../kernels/ir/half.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { matrixProductsFor, measurePeaks } from "../../kernels/runtime/peaks.ts";
import { outputOf, productOf, wholes } from "../support/peakKernels.ts";
import { openUnsafeDevice } from "../support/unsafeGpu.ts";

let gpu: DeviceHandle;
beforeAll(async () => {
  gpu = await openUnsafeDevice();
});
afterAll(() => gpu.destroy());

const SLOW = 300_000;

describe("the product by matrix units", () => {
  it(
    "is A B, with the cut of a software adapter and those of GPUs",
    async () => {
      const n = 256;
      const [a, b] = [wholes(n * n, 1), wholes(n * n, 5)];
      const tiles = [...matrixProductsFor(gpu.limits), ...matrixProductsFor({ ...gpu.limits, software: false })];
      expect(tiles.length).toBeGreaterThan(2);
      for (const tile of tiles) {
        const [rows, columns] = matrixProductSides(tile);
        const data = { a: toHalves(a), b: toHalves(b), n: Uint32Array.of(n / 4, 0, 0, 0) };
        const product = await outputOf(gpu.device, matrixProductKernel(tile), data, n * n, [n / columns, n / rows]);
        expect(product).toEqual(productOf(a, b, n));
      }
    },
    SLOW,
  );

  it(
    "is one of the device's peaks, and left out where it does not compile",
    async () => {
      const peaks = await measurePeaks(gpu);
      expect(peaks?.matrices?.flops).toBeGreaterThan(1e6);
      expect(peaks?.matrices?.flops).toBeLessThan(1e16);
      expect(peaks?.matrices?.product).toMatch(/^256 × 256 × 256, 2 × 2 matrices of \d+ × \d+ × \d+ a subgroup, a subgroup of \d+$/);
      const real = gpu.pipelines.get.bind(gpu.pipelines);
      gpu.pipelines.get = (kernel) => real(kernel.name.startsWith("float16") ? { ...kernel, wgsl: "nonsense" } : kernel);
      const without = await measurePeaks(gpu);
      expect(without?.matmulFlops).toBeGreaterThan(1e6);
      expect(without?.matrices).toBeNull();
    },
    SLOW,
  );
});
