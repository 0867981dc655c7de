/** What the test of WebGPU finds where one of its steps does not hold; on a device that works it runs in test/gpu. */
import { describe, expect, test } from "vitest";
import { type ProbeInput, probeGpu } from "../../../../webview/troubleshoot/probe.ts";
import { WELL } from "./facts.ts";

const INFO = { vendor: "acme", architecture: "one", device: "", description: "", isFallbackAdapter: false };

/** A GPU that gives these adapters, by preference. */
function gpuOf(adapters: (preference: string | undefined) => Partial<GPUAdapterInfo> | null, requestDevice: () => Promise<GPUDevice>): GPU {
  const asked = { requestAdapter: async (options?: GPURequestAdapterOptions) => adapterFor(options?.powerPreference) };
  const adapterFor = (preference: string | undefined): GPUAdapter | null => {
    const info = adapters(preference);
    if (info === null) return null;
    const limits = new Proxy({}, { get: () => 65_536 });
    return { info: { ...INFO, ...info }, features: new Set(["subgroups"]), limits, requestDevice } as unknown as GPUAdapter;
  };
  return asked as unknown as GPU;
}

const refused = (): Promise<GPUDevice> => Promise.reject(new Error("out of handles"));

function run(gpu: GPU | undefined, change: Partial<ProbeInput> = {}) {
  const steps: string[] = [];
  const facts = probeGpu(gpu, {
    page: WELL.page,
    surroundings: WELL.surroundings,
    lostBefore: 0,
    onStep: (now) => steps.push(now),
    ...change,
  });
  return facts.then((found) => ({ found, steps }));
}

describe("the test of WebGPU", () => {
  test("ends at once in a window without it", async () => {
    const { found, steps } = await run(undefined, { lostBefore: 2 });
    expect(found).toMatchObject({ hasApi: false, adapter: null, compute: null, lostBefore: 2 });
    expect(steps).toEqual([]);
  });

  test("ends at the adapter where there is none, whether that is said or thrown", async () => {
    for (const gpu of [gpuOf(() => null, refused), { requestAdapter: () => Promise.reject(new Error("no instance")) } as unknown as GPU]) {
      const { found, steps } = await run(gpu);
      expect(found).toMatchObject({ hasApi: true, adapter: null, deviceFault: null, compute: null });
      expect(steps).toEqual(["asking for an adapter"]);
    }
  });

  test("ends at a device that is refused, in the driver's words", async () => {
    const { found, steps } = await run(gpuOf(() => ({}), refused));
    expect(found.adapter).toMatchObject({ name: "acme one", software: false, features: ["subgroups"] });
    expect(found.deviceFault).toContain("out of handles");
    expect(found.compute).toBeNull();
    expect(steps).toEqual(["asking for an adapter", "opening a device"]);
  });

  test("names the other GPU where another preference gives another", async () => {
    const two = gpuOf((preference) => ({ architecture: preference === "low-power" ? "small" : "large" }), refused);
    expect((await run(two)).found).toMatchObject({ adapter: { name: "acme large" }, otherAdapter: "acme small" });
    const surroundings = { ...WELL.surroundings, vscode: "", flexlens: "", remote: null, powerPreference: "low-power" } as const;
    expect((await run(two, { surroundings })).found).toMatchObject({ adapter: { name: "acme small" }, otherAdapter: "acme large" });
    expect((await run(gpuOf(() => ({}), refused))).found.otherAdapter).toBeNull();
  });
});
