/** The steps of the test in words, the report that is copied, and what is read out of user agents. */
import { describe, expect, test } from "vitest";
import { engineOf, isSoftwareName, platformOf } from "../../../../webview/troubleshoot/facts.ts";
import { firstWrong } from "../../../../webview/troubleshoot/probe.ts";
import { reportText, type Standing, stepsOf } from "../../../../webview/troubleshoot/steps.ts";
import { DRAWN_IN_SOFTWARE, NO_ADAPTER, onPage, SWIFTSHADER, WELL } from "./facts.ts";

const standings = (facts: Parameters<typeof stepsOf>[0]): Record<string, Standing> =>
  Object.fromEntries(stepsOf(facts).map(({ id, standing }) => [id, standing]));

describe("the steps", () => {
  test("all hold on a machine on which all is well", () => {
    expect(new Set(Object.values(standings(WELL)))).toEqual(new Set(["ok"]));
  });

  test("after one that does not hold none is reached", () => {
    expect(standings(NO_ADAPTER)).toEqual({
      page: "ok",
      api: "ok",
      adapter: "bad",
      hardware: "unreached",
      device: "unreached",
      compute: "unreached",
      clock: "unreached",
      features: "unreached",
      limits: "unreached",
      kept: "unreached",
    });
    expect(stepsOf(NO_ADAPTER).filter(({ standing, found }) => standing === "unreached" && found !== "")).toEqual([]);
  });

  test("a software adapter, a clock of the page and an earlier loss are notes, and what comes after them is tried", () => {
    const found = standings({ ...WELL, adapter: SWIFTSHADER, clock: { gpuMs: null, wallMs: 0.1 }, lostBefore: 1 });
    expect(found).toMatchObject({ hardware: "note", device: "ok", compute: "ok", clock: "note", limits: "ok", kept: "note" });
  });

  test("say which of the wanted features are there, and what each is for", () => {
    const features = stepsOf({ ...WELL, adapter: SWIFTSHADER }).find(({ id }) => id === "features")?.found ?? "";
    expect(features).toMatch(/^`subgroups`.*`timestamp-query` \(the GPU's own times\); without `shader-f16`/);
  });
});

describe("the report", () => {
  test("holds the versions, the verdict, each step and the features, as plain text", () => {
    const text = reportText({ ...WELL, adapter: SWIFTSHADER });
    expect(text).toMatchInlineSnapshot(`
      "WebGPU test, 2026-11-21T12:00:00.000Z
      Flexlens 0.1.0, VS Code 1.139.1, linux, Chromium 142
      remote: none; powerPreference: high-performance

      google swiftshader is a software adapter: the processor computes, no GPU (software adapter)
      Numbers are checked and kernels compared with each other as on a GPU; the times say nothing about one, and are marked so. The window itself is drawn by ANGLE (NVIDIA, Vulkan 1.4.303 (NVIDIA H200), NVIDIA).

      ok   Secure page: Chromium 142
      ok   WebGPU in this window: the page has it
      ok   Adapter: google swiftshader
      note Hardware: a software adapter: the processor computes
      ok   Device: opened
      ok   Shader: 1 024 sums, all right, compiled and run in 12.5 ms
      ok   Clock: the GPU's, in steps of 100 µs
      ok   Features: subgroups (faster sums), timestamp-query (the GPU's own times); without shader-f16 (halves in registers), chromium-experimental-subgroup-matrix (matrix units)
      ok   Limits: tensors of 2.00 GiB, 48.0 KiB of workgroup memory, 1 024 invocations in a workgroup, 10 buffers a kernel
      ok   Device kept: yes

      features: subgroups timestamp-query
      WebGL: ANGLE (NVIDIA, Vulkan 1.4.303 (NVIDIA H200), NVIDIA)
      "
    `);
  });

  test("says what is missing where there is no adapter", () => {
    const text = reportText(onPage(NO_ADAPTER, { webgl: DRAWN_IN_SOFTWARE }));
    expect(text).toContain("BAD  Adapter: none; WebGL draws with ANGLE");
    expect(text).toContain("-    Shader");
    expect(text).not.toContain("features:");
  });
});

describe("user agents", () => {
  const VSCODE =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Code/1.106.0 Chrome/138.0.7204.251 Electron/37.7.0 Safari/537.36";
  test.each([
    [VSCODE, "windows", "Chromium 138"],
    [
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
      "linux",
      "Chromium 156",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
      "mac",
      "Safari 26",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "linux", "Firefox 145"],
    [
      "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
      "other",
      "Chromium 142",
    ],
    ["something", "other", "an unknown browser"],
  ])("%s", (agent, platform, engine) => {
    expect(platformOf(agent)).toBe(platform);
    expect(engineOf(agent)).toBe(engine);
  });
});

test("software drivers are known by their names", () => {
  for (const name of [DRAWN_IN_SOFTWARE, "llvmpipe (LLVM 15.0.6, 256 bits)", "Microsoft Basic Render Driver"])
    expect(isSoftwareName(name)).toBe(true);
  for (const name of ["NVIDIA H200", "Apple M3", "ANGLE (Intel, Mesa Intel(R) UHD Graphics 620, OpenGL 4.6)"])
    expect(isSoftwareName(name)).toBe(false);
});

test("the first number that a shader got wrong is found", () => {
  const right = Float32Array.from({ length: 64 }, (_, i) => (i * (i + 1)) / 2);
  expect(firstWrong(right)).toBeNull();
  expect(firstWrong(right.with(7, 29))).toEqual({ at: 7, got: 29, want: 28 });
});
