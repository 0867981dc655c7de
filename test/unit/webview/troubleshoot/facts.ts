/** A machine on which all is well, for tests that change one thing about it. */
import type { AdapterFacts, GpuFacts } from "../../../../webview/troubleshoot/facts.ts";

export const GPU: AdapterFacts = {
  name: "nvidia NVIDIA H200",
  software: false,
  features: ["shader-f16", "subgroups", "timestamp-query"],
  limits: { binding: 2 ** 31, buffer: 2 ** 31, workgroupMemory: 49_152, invocations: 1024, storageBuffers: 10 },
};

export const SWIFTSHADER: AdapterFacts = {
  ...GPU,
  name: "google swiftshader",
  software: true,
  features: ["subgroups", "timestamp-query"],
};

/** Renderers as WebGL names them. */
export const DRAWN_BY_GPU = "ANGLE (NVIDIA, Vulkan 1.4.303 (NVIDIA H200), NVIDIA)";
export const DRAWN_IN_SOFTWARE = "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device), SwiftShader driver)";

export const WELL: GpuFacts = {
  page: { platform: "linux", isBrowser: false, engine: "Chromium 142", isSecure: true, webgl: DRAWN_BY_GPU },
  surroundings: { vscode: "1.139.1", flexlens: "0.1.0", remote: null, powerPreference: "high-performance" },
  hasApi: true,
  adapter: GPU,
  otherAdapter: null,
  deviceFault: null,
  compute: { tookMs: 12.5, count: 1024, wrong: null },
  computeFault: null,
  clock: { gpuMs: 0.1, wallMs: 0.1 },
  lost: null,
  lostBefore: 0,
  testedAt: Date.UTC(2026, 10, 21, 12),
};

/** No adapter, and so nothing beyond it. */
export const NO_ADAPTER: GpuFacts = { ...WELL, adapter: null, compute: null, clock: null };

/** `facts` with other things to say of the page. */
export const onPage = (facts: GpuFacts, page: Partial<GpuFacts["page"]>): GpuFacts => ({ ...facts, page: { ...facts.page, ...page } });
