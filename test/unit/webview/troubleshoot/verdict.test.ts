/** What stands in the way on a machine, and the ways out: a table over what a test can find. */
import { describe, expect, test } from "vitest";
import type { GpuFacts } from "../../../../webview/troubleshoot/facts.ts";
import { type Cause, type Verdict, verdictOf } from "../../../../webview/troubleshoot/verdict.ts";
import { DRAWN_BY_GPU, DRAWN_IN_SOFTWARE, GPU, NO_ADAPTER, onPage, SWIFTSHADER, WELL } from "./facts.ts";

const CASES: readonly {
  readonly name: string;
  readonly facts: GpuFacts;
  readonly cause: Cause;
  readonly level: Verdict["level"];
  /** In the title, the words or the ways out. */
  readonly says: readonly (string | RegExp)[];
  readonly saysNot?: readonly (string | RegExp)[];
}[] = [
  {
    name: "a GPU with timestamps is good",
    facts: WELL,
    cause: "none",
    level: "good",
    says: ["NVIDIA H200", "timestamp-query"],
    saysNot: [/remote/, /powerPreference/],
  },
  {
    name: "a GPU without timestamps is measured by the page's clock",
    facts: { ...WELL, clock: { gpuMs: null, wallMs: 0.1 } },
    cause: "none",
    level: "limited",
    says: [/no `timestamp-query`/, /short kernels are repeated/],
  },
  {
    name: "of two GPUs the other can be chosen by the setting",
    facts: { ...WELL, otherAdapter: "intel Iris Xe" },
    cause: "none",
    level: "good",
    says: ["For `intel Iris Xe`, set `flexlens.gpu.powerPreference`"],
    saysNot: [/Windows/],
  },
  {
    name: "of two GPUs on Windows the system's own settings choose where the browser does not",
    facts: onPage({ ...WELL, otherAdapter: "intel Iris Xe" }, { platform: "windows" }),
    cause: "none",
    level: "good",
    says: ["flexlens.gpu.powerPreference", "System, Display, Graphics"],
  },
  {
    name: "a window on a remote has its own GPU, not the remote's",
    facts: { ...WELL, surroundings: { vscode: "1.139.1", flexlens: "0.1.0", remote: "ssh-remote", powerPreference: "default" } },
    cause: "none",
    level: "good",
    says: ["its GPU counts, not the one of the remote (`ssh-remote`)"],
  },
  {
    name: "a page over http is the cause before all others",
    facts: onPage({ ...NO_ADAPTER, hasApi: false }, { isBrowser: true, isSecure: false }),
    cause: "insecure page",
    level: "bad",
    says: ["https:", "ssh -L", "unsafely-treat-insecure-origin-as-secure"],
  },
  {
    name: "an old VS Code on Windows has no WebGPU",
    facts: onPage({ ...NO_ADAPTER, hasApi: false }, { platform: "windows" }),
    cause: "no WebGPU",
    level: "bad",
    says: ["Update VS Code"],
    saysNot: [/--enable/],
  },
  {
    name: "VS Code on Linux gets WebGPU by switches, which argv.json does not take",
    facts: { ...NO_ADAPTER, hasApi: false },
    cause: "no WebGPU",
    level: "bad",
    says: ["code --enable-unsafe-webgpu --enable-features=Vulkan", /`argv.json` does not take them/],
  },
  {
    name: "Firefox has a preference for it",
    facts: onPage({ ...NO_ADAPTER, hasApi: false }, { isBrowser: true, engine: "Firefox 128" }),
    cause: "no WebGPU",
    level: "bad",
    says: ["Firefox 128", "about:config", "dom.webgpu.enabled"],
    saysNot: [/--enable/],
  },
  {
    name: "Safari has it from 26 on",
    facts: onPage({ ...NO_ADAPTER, hasApi: false }, { isBrowser: true, engine: "Safari 18", platform: "mac" }),
    cause: "no WebGPU",
    level: "bad",
    says: ["Safari 26"],
  },
  {
    name: "an old Chromium is to be updated",
    facts: onPage({ ...NO_ADAPTER, hasApi: false }, { isBrowser: true, engine: "Chromium 110", platform: "mac" }),
    cause: "no WebGPU",
    level: "bad",
    says: ["WebGPU came with Chromium 113, and this is 110"],
  },
  {
    name: "without an adapter, on a page drawn by the GPU, WebGPU is switched off or the Vulkan driver is missing",
    facts: NO_ADAPTER,
    cause: "not offered",
    level: "bad",
    says: [DRAWN_BY_GPU, "--enable-features=Vulkan", "vulkaninfo --summary", "Show GPU Info"],
    saysNot: [/disable-hardware-acceleration/],
  },
  {
    name: "the same on Windows needs a driver, and no switch",
    facts: onPage(NO_ADAPTER, { platform: "windows" }),
    cause: "not offered",
    level: "bad",
    says: ["Update the GPU's driver"],
    saysNot: [/--enable/, /vulkaninfo/],
  },
  {
    name: "without an adapter, on a page drawn in software, acceleration is off: argv.json",
    facts: onPage(NO_ADAPTER, { webgl: DRAWN_IN_SOFTWARE }),
    cause: "no acceleration",
    level: "bad",
    says: ["SwiftShader", '"disable-hardware-acceleration": true', "--disable-gpu", "blocklist", "--use-webgpu-adapter=swiftshader"],
  },
  {
    name: "in a browser without WebGL the browser's own setting and report are named",
    facts: onPage(NO_ADAPTER, { webgl: null, isBrowser: true, platform: "mac" }),
    cause: "no acceleration",
    level: "bad",
    says: ["neither WebGPU nor WebGL", "chrome://settings/system", "chrome://gpu", "Update macOS", "google-chrome --enable-unsafe-webgpu"],
    saysNot: [/argv\.json/, /vulkaninfo/],
  },
  {
    name: "an adapter that went away after losses is gone until a restart",
    facts: { ...NO_ADAPTER, lostBefore: 3 },
    cause: "crashed too often",
    level: "bad",
    says: ["has lost 3 devices", "Close every window of VS Code, and start it again"],
  },
  {
    name: "an adapter without a device says so in the driver's words",
    facts: {
      ...WELL,
      deviceFault: "The adapter gives no device: out of handles. Restart the program, or update the GPU's driver.",
      compute: null,
    },
    cause: "no device",
    level: "bad",
    says: ["out of handles"],
  },
  {
    name: "a device lost in the test is a driver's fault",
    facts: { ...WELL, compute: null, lost: "The GPU device was lost (hung)" },
    cause: "lost",
    level: "bad",
    says: ["The GPU device was lost (hung). A driver"],
  },
  {
    name: "a shader that is refused is told in the driver's words",
    facts: { ...WELL, compute: null, computeFault: "WebGPU refuses a small shader: nonsense" },
    cause: "no numbers",
    level: "bad",
    says: ["WebGPU refuses a small shader: nonsense.", "vulkaninfo"],
  },
  {
    name: "a wrong number is named",
    facts: { ...WELL, compute: { tookMs: 1, count: 1024, wrong: { at: 3, got: 5, want: 6 } } },
    cause: "wrong numbers",
    level: "bad",
    says: ["Sum 3 of 1024 is 5, not 6"],
  },
  {
    name: "a software adapter on a machine whose GPU draws the page is not for want of a GPU",
    facts: { ...WELL, adapter: SWIFTSHADER },
    cause: "software adapter",
    level: "limited",
    says: ["google swiftshader", "no GPU", DRAWN_BY_GPU, "--enable-features=Vulkan"],
    saysNot: [/disable-hardware-acceleration/],
  },
  {
    name: "a software adapter on a page drawn in software may have no GPU below it",
    facts: onPage({ ...WELL, adapter: SWIFTSHADER }, { webgl: DRAWN_IN_SOFTWARE, isBrowser: true }),
    cause: "software adapter",
    level: "limited",
    says: ["the times say nothing about one", "virtual machine"],
    saysNot: [/argv\.json/],
  },
];

const textOf = ({ title, words, ways }: Verdict): string => [title, words, ...ways.flatMap((way) => [way.text, way.copy ?? ""])].join("\n");

describe("the verdict on a machine's WebGPU", () => {
  test.each(CASES)("$name", ({ facts, cause, level, says, saysNot = [] }) => {
    const verdict = verdictOf(facts);
    expect(verdict.cause).toBe(cause);
    expect(verdict.level).toBe(level);
    for (const part of says)
      expect(textOf(verdict)).toEqual(typeof part === "string" ? expect.stringContaining(part) : expect.stringMatching(part));
    for (const part of saysNot) expect(textOf(verdict)).not.toMatch(part);
  });

  test("names a way out wherever something stands in the way", () => {
    for (const { facts, name } of CASES) {
      const { cause, ways } = verdictOf(facts);
      if (cause !== "none") expect(ways.length, name).toBeGreaterThan(0);
    }
  });

  test("knows nothing beyond the adapter's machine that it was not given: an H200 names no other", () => {
    expect(textOf(verdictOf({ ...WELL, adapter: GPU }))).not.toContain("swiftshader");
  });
});
