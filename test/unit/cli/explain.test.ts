/** `flexlens explain`, and the pair of mods that every command takes, on devices that files describe. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";
import { ASSUMED, readDevice } from "../../../kernels/cli/deviceFile.ts";
import type { Explanation } from "../../../kernels/cli/explain.ts";
import { UsageError } from "../../../kernels/cli/options.ts";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { ENGINES } from "../../../kernels/flash/select.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-explain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const mods = file(
  "mods.py",
  "def causal(b, h, q, k):\n    return q >= k\n\n\ndef relative(score, b, h, q, k):\n    return score + (k - q)\n",
);
const plain = file("plain.json", "{}");
const modern = file("modern.json", JSON.stringify({ name: "a GPU", features: ["subgroups", "shader-f16"] }));
const software = file("software.json", JSON.stringify({ features: ["subgroups"], info: { description: "SwiftShader driver" } }));
const poor = file("poor.json", JSON.stringify({ info: { description: "SwiftShader driver" } }));
const tiny = file("tiny.json", JSON.stringify({ limits: { maxStorageBufferBindingSize: 2 ** 20, maxBufferSize: 2 ** 20 } }));

async function explained(...words: string[]): Promise<{ readonly code: number; readonly said: Explanation }> {
  const { out, code } = await runCommand(["explain", ...words, "--json"]);
  return { code, said: JSON.parse(out) };
}

describe("`explain`", () => {
  it("plans for float16 where it is asked for, on any device, and says what the matrix kernel is missing", async () => {
    for (const device of [modern, plain]) {
      const { code, said } = await explained(`${mods}::causal`, "--device", device, "--dtype", "f16");
      expect([code, said.problem.storage]).toEqual([0, "f16"]);
      const wide = await explained(`${mods}::causal`, "--device", device);
      expect(said.chosen).toBe(wide.said.chosen);
      const bytes = (it: Explanation): number => it.engines.find((row) => row.state === "runs")?.plan?.bytes ?? 0;
      expect(bytes(said)).toBeLessThan(0.6 * bytes(wide.said));
      const reason = (it: Explanation): string => it.engines.find((row) => row.engine === "matrix")?.reason ?? "";
      expect(reason(said)).toContain("`chromium-experimental-subgroup-matrix`");
    }
  });

  it("reads a device's matrices, and runs on them where tensors are float16", async () => {
    const config = { componentType: "f16", resultComponentType: "f32", M: 16, N: 8, K: 16 };
    const features = ["subgroups", "shader-f16", "chromium-experimental-subgroup-matrix"];
    const device = (configs: unknown): string =>
      file("matrix.json", JSON.stringify({ features, info: { subgroupMaxSize: 32, subgroupMatrixConfigs: configs } }));
    const words = ["explain", `${mods}::causal`, "--dtype", "f16", "--device"];
    const { out, code } = await runCommand([...words, device([config, { ...config, componentType: "u8" }])]);
    expect(code).toBe(0);
    expect(out).toContain("shader-f16 yes, matrices 16 × 8 × 16, workgroup memory");
    expect(out).toMatch(/^matrix {8}runs/m);
    expect((await runCommand([...words, device({})])).err).toContain("`subgroupMatrixConfigs`");
    expect((await runCommand([...words, device([{ ...config, M: 0 }])])).err).toContain("whole numbers M, N and K");
  });

  it("names every family once: one that runs without a reason, the others with theirs", async () => {
    for (const device of [plain, modern]) {
      const { code, said } = await explained(`${mods}::causal`, "--device", device);
      expect(code).toBe(0);
      expect(said.engines.map((row) => row.engine).sort()).toEqual([...ENGINES].sort());
      expect(said.engines.filter((row) => row.state === "runs").map((row) => row.engine)).toEqual([said.chosen]);
      for (const { state, reason, plan } of said.engines) {
        expect(reason === null).toBe(state === "runs");
        expect(plan === null).toBe(state === "refused");
      }
      expect(said.engines.at(-1)).toMatchObject({ engine: "materialized", state: "baseline" });
      expect(said.engines.at(-1)?.reason).toContain("32 MiB");
    }
  });

  it("lists them in the order in which they are asked, which a short query changes", async () => {
    const long = await explained(`${mods}::causal`, "--device", software);
    const short = await explained(`${mods}::causal`, "--device", software, "--q-len", "1", "--kv-len", "8192");
    const gpu = await explained(`${mods}::causal`, "--device", modern);
    expect([long, short, gpu].map(({ said }) => said.chosen)).toEqual(["quad", "decode", "tile"]);
    for (const { chosen, engines, device } of [long.said, short.said, gpu.said]) {
      const order = device.limits.software
        ? "the order of measured speed"
        : "the order of published designs (no GPU has been measured yet)";
      const states = engines.map((row) => row.state);
      expect(engines[states.indexOf("runs")]?.engine).toBe(chosen);
      const later = states.indexOf("could run");
      expect(later).toBeGreaterThan(states.indexOf("runs"));
      expect(engines[later]?.reason).toBe(`it can, but ${chosen} comes first in ${order}`);
    }
  });

  it("follows the device: what needs subgroups is refused without them", async () => {
    const [without, having] = await Promise.all([poor, software].map((device) => explained(`${mods}::causal`, "--device", device)));
    expect(without?.said).toMatchObject({ chosen: "row", device: { origin: "file", limits: { subgroups: false, f16: false } } });
    expect(without?.said.engines.find((row) => row.engine === "quad")?.reason).toContain("`subgroups`");
    expect(having?.said).toMatchObject({
      chosen: "quad",
      device: { name: "SwiftShader driver", limits: { subgroups: true, software: true } },
    });
  });

  it("gives the numbers that decide, and code 1 where no kernel can run", async () => {
    const { code, said } = await explained(`${mods}::causal`, "--device", tiny);
    expect([code, said.chosen]).toEqual([1, null]);
    expect(said.engines.find((row) => row.engine === "row")?.reason).toMatch(
      /^`q` needs 2 MiB; the device has buffers of at most 1 MiB: 4 of 8 key heads at a time would fit$/,
    );
    const small = await explained(`${mods}::causal`, "--device", tiny, "--q-len", "256");
    expect([small.code, small.said.chosen]).toEqual([0, "tile"]);
  });

  it("says what the mask leaves to compute, in blocks and in FLOP", async () => {
    const { said } = await explained(`${mods}::causal`, "--device", plain, "--q-len", "512");
    expect(said.blocks).toEqual({ partial: 4, full: 6, empty: 6, total: 16 });
    expect(said.denseFlops).toBe(2 * 8 * 512 * 512 * 128);
    expect(said.effectiveFlops).toBeCloseTo((said.denseFlops * 513) / 1024, 0);
  });

  it("tells it in lines for people", async () => {
    const { out } = await runCommand(["explain", `${mods}::causal`, "--device", plain, "--q-len", "512"]);
    expect(out).toMatch(/^causal: B 1, H 8, .*, Q_LEN 512, KV_LEN 512/);
    expect(out).toMatch(/computes 62\.5 % of the blocks \(6 full, 4 partial, 6 empty\)/);
    expect(out).toMatch(/^on the device in .*plain\.json \(as the file says\)$/m);
    expect(out).toMatch(/^tile {10}runs {7}32 rows × 64 keys, 4 × 8 scores a thread; .*, 13\.5 KiB of workgroup memory, /m);
    expect(out).toMatch(/^row {11}could run /m);
    expect(out).toMatch(/^quad {10}refused {4}it needs the device feature/m);
  });
});

describe("a device's file", () => {
  it("has the limits that WebGPU guarantees where it says nothing", () => {
    expect(readDevice("{}", "d.json")).toEqual({ name: "the device in d.json", origin: "file", limits: DEFAULT_LIMITS, note: "" });
    expect(ASSUMED.limits).toEqual({ ...DEFAULT_LIMITS, subgroups: true });
  });
  it("may be what an adapter prints", () => {
    const printed = {
      limits: { maxTextureDimension1D: 8192, maxComputeWorkgroupStorageSize: 65536 },
      features: ["bgra8unorm-storage", "subgroups"],
      info: { vendor: "google", architecture: "swiftshader", description: "SwiftShader driver", subgroupMinSize: 2 },
    };
    const { name, limits } = readDevice(JSON.stringify(printed), "d.json");
    expect(name).toBe("google SwiftShader driver");
    // Quad operations need four lanes, which this adapter does not promise.
    expect(limits).toEqual({ ...DEFAULT_LIMITS, maxComputeWorkgroupStorageSize: 65536, software: true });
  });
  it.each(["[]", "{", '{"limits": 3}', '{"limits": {"maxBufferSize": "2"}}', '{"features": "subgroups"}', '{"info": []}'])(
    "%s is wrong usage",
    (text) => expect(() => readDevice(text, "d.json")).toThrow(UsageError),
  );
});

describe("a pair of mods, or one of them by its kind", () => {
  const PAIRS = [
    ["relative", ["--score-mod", "relative"]],
    ["causal", ["--mask-mod", "causal"]],
    ["relative + causal", ["--score-mod", "relative", "--mask-mod", "causal"]],
  ] as const;
  const skipped: Readonly<Record<string, number>> = { relative: 0, causal: 0.375, "relative + causal": 0.375 };

  it.each(PAIRS)("%s: is what `mask`, `kernel`, `explain`, `python` and `captures` speak of", async (name, words) => {
    const run = (command: string, ...more: string[]) => runCommand([command, mods, ...words, "--q-len", "512", ...more]);
    const mask = await run("mask", "--json");
    expect(JSON.parse(mask.out).sparsity.blocks).toBe(skipped[name]);
    const { out: kernel } = await run("kernel", "--device", plain);
    expect([/fn score_mod\(/.test(kernel), /fn mask_mod\(/.test(kernel)]).toEqual([name.includes("relative"), name.includes("causal")]);
    const { said } = await explained(mods, ...words, "--q-len", "512", "--device", plain);
    expect([said.variant, said.blocks.empty / said.blocks.total]).toEqual([name, skipped[name]]);
    const { out: python } = await run("python");
    expect([/^def relative\(/m.test(python), /^def causal\(/m.test(python)]).toEqual([name.includes("relative"), name.includes("causal")]);
    expect((await run("captures")).out).toBe(`${name} captures nothing.`);
  });

  it.each([
    [["--mask-mod", "relative"], "its mask_mods are `causal`"],
    [["--score-mod", "causal"], "its score_mods are `relative`"],
    [["--score-mod", "relative", "--mask-mod", "relative"], "its mask_mods are `causal`"],
  ])("%j names a mod of the other kind: those that there are are named", async (words, way) => {
    const { code, err } = await runCommand(["mask", mods, ...words]);
    expect(code).toBe(1);
    expect(err).toContain(way);
  });
});

describe("`kernel --kernel`", () => {
  it("gives the text of the family that was asked for, or its reason", async () => {
    const row = await runCommand(["kernel", `${mods}::causal`, "--kernel", "row", "--device", modern, "--json"]);
    expect(JSON.parse(row.out).engine).toBe("row");
    const quad = await runCommand(["kernel", `${mods}::causal`, "--kernel", "quad", "--device", plain]);
    expect([quad.code, quad.out]).toEqual([1, ""]);
    expect(quad.err).toMatch(/^quad: it needs the device feature `subgroups`/);
  });
});
