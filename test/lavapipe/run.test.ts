/** `--kernel matrix` on a device that has subgroup matrices: asked for by name it runs, and is right; unnamed it does not. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../kernels/cli/command.ts";
import { writerFor } from "../../kernels/data/write.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import "../support/dawnPolls.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-matrix-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const MOD = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";
const mods = file("mods.py", MOD);
const directed = file("directed.py", `# flexlens: kernel="matrix"\n${MOD}`);
const { q, k, v } = seededInputs(fillProblem({ qLen: 40, kvLen: 40, qkHeadDim: 16 }, 2));
const tensor = (data: Float32Array<ArrayBuffer>) => ({ dtype: "f32" as const, shape: [1, 2, 40, 16], data });
const inputs = file("qkv.npz", writerFor("qkv.npz")?.({ q: tensor(q), k: tensor(k), v: tensor(v) }) ?? "");

describe("the matrix kernel on the command line", () => {
  it.each([
    ["runs where it is named", [`${mods}::causal`, "--kernel", "matrix"], "matrix"],
    ["runs where the text names it", [`${directed}::causal`], "matrix"],
    ["does not run where nobody names it", [`${mods}::causal`], "small"],
  ])(
    "%s",
    async (_, words, engine) => {
      const { out, err, code } = await runCommand(["run", ...words, "--inputs", inputs, "--dtype", "f16", "--json", "--no-cache"]);
      expect(code, err).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ engine, check: { passed: true, allRows: true } });
    },
    300_000,
  );

  it("refuses float32, and says so", async () => {
    const { err, code } = await runCommand(["run", "--inputs", inputs, "--kernel", "matrix", "--json"]);
    expect([code, err]).toEqual([1, "matrix: it multiplies float16 matrices; q, k and v are float32 (DTYPE, --dtype f16)"]);
  });

  it("is among what `explain` asks where it is named", async () => {
    const words = ["explain", `${mods}::causal`, "--dtype", "f16", "--json", "--no-cache"];
    const named = await runCommand([...words, "--kernel", "matrix"]);
    expect(JSON.parse(named.out).chosen).toBe("matrix");
    const { engines } = JSON.parse((await runCommand(words)).out);
    const row = engines.find((each: { readonly engine: string }) => each.engine === "matrix");
    expect(row).toMatchObject({ state: "refused", reason: expect.stringContaining("`chromium-experimental-subgroup-matrix`") });
  });
});
