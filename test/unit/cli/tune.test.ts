/** What is asked of the choice on the command line, and what the autotuner keeps between runs. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";
import type { Explanation } from "../../../kernels/cli/explain.ts";
import { parseOptions } from "../../../kernels/cli/options.ts";
import { tuneTable, untaken } from "../../../kernels/cli/tune.ts";
import { keepTuned, readTuningsFile, tuningsPath } from "../../../kernels/cli/tunings.ts";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { deviceKey, NO_TUNINGS, problemClass, type Tuned } from "../../../kernels/flash/tuned.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import type { TuneRow } from "../../../kernels/runtime/autotune.ts";
import { causal } from "../../support/variants.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-tune-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const MOD = "def causal(b, h, q, k):\n    return q >= k\n";
const mods = file("mods.py", MOD);
const soft = file("soft.json", JSON.stringify({ name: "a device", software: true, features: ["subgroups"] }));

async function explained(...words: string[]): Promise<{ readonly code: number; readonly err: string; readonly said: Explanation }> {
  const { out, err, code } = await runCommand(["explain", ...words, "--device", soft, "--json"]);
  return { code, err, said: JSON.parse(out) };
}

const problem = fillProblem({}, 8);
const shape = { batch: 1, heads: 8, qLen: problem.qLen, kvLen: problem.kvLen };
const winner: Tuned = {
  device: deviceKey("a device", { ...DEFAULT_LIMITS, subgroups: true, software: true }),
  problemClass: problemClass(causal, problem, buildBlockMask(causal.maskMod?.body ?? null, shape, problem.blockSize)),
  engine: "row",
  options: { ROWS: 2 },
  tile: "a tile",
  speedUp: 1.5,
  candidates: 7,
  measuredAt: Date.UTC(2026, 10, 21),
};

describe("--kernel and --kernel-options", () => {
  it("are a list of families, and a tile by PyTorch's names", () => {
    const options = parseOptions([
      "bench",
      "m.py",
      "--kernel",
      "row, quad",
      "--kernel-options",
      "BLOCK_M=64,fwd_BLOCK_N=4,PRESCALE_QK=True",
    ]);
    expect(options?.kernel).toEqual(["row", "quad"]);
    expect(options?.kernelOptions).toEqual({ BLOCK_M: 64, fwd_BLOCK_N: 4, PRESCALE_QK: true });
  });

  it.each([
    ["row,warp", "--kernel takes row, quad, tile, matrix, decode, small or materialized, not `warp`", "--kernel"],
    ["64", "--kernel-options takes NAME=N,…, as BLOCK_M=64,BLOCK_N=32, not `64`", "--kernel-options"],
    ["BLOCK_M=-1", "--kernel-options: `BLOCK_M` is -1; it must be a whole number from 1 (query rows of a workgroup)", "--kernel-options"],
    ["BLOCKM=64", "--kernel-options: `BLOCKM` is no kernel option; there are BLOCK_M,", "--kernel-options"],
  ])("%s is wrong usage, with the way out", async (word, message, option) => {
    const { code, err } = await runCommand(["bench", mods, option, word]);
    expect([code, err.includes(message)]).toEqual([2, true]);
  });

  it("decide what `explain` says: what runs and why, and why each other does not", async () => {
    const { said } = await explained(`${mods}::causal`, "--kernel", "row", "--kernel-options", "ROWS=2,BLOCK_N=4");
    expect([said.chosen, said.why]).toEqual(["row", "it is the one that is asked for, with BLOCK_N=4, ROWS=2"]);
    expect(said.engines.find((e) => e.engine === "row")?.plan?.tile).toContain("4 keys, 2 rows a thread");
    expect(said.engines.find((e) => e.engine === "quad")).toMatchObject({ state: "could run", reason: "it can, but row is asked for" });
    expect(said.asked).toEqual({ engines: ["row"], options: { ROWS: 2, BLOCK_N: 4 }, told: [] });
  });

  it("refuse what cannot be, with code 1 and the reason", async () => {
    const { code, said } = await explained(`${mods}::causal`, "--kernel", "quad", "--kernel-options", "BLOCK_N=64");
    expect([code, said.chosen]).toEqual([1, null]);
    expect(said.engines.find((e) => e.engine === "quad")?.reason).toBe("BLOCK_N is 64; the quad kernel takes 4 keys a step");
    const { code: failed, err } = await runCommand(["kernel", `${mods}::causal`, "--kernel", "quad", "--kernel-options", "ROWS=5"]);
    expect([failed, err]).toEqual([1, "quad: a quad would have 5 query rows; it can have 4, 8, 16 or 32 (ROWS)"]);
    const unknown = file("unknown.py", `# flexlens: kernel="quad", kernel_options={"BLOCK_N": 64, "FOO": 1}\n${MOD}`);
    const ofText = await runCommand(["kernel", `${unknown}::causal`]);
    expect([ofText.code, ...ofText.err.split("\n")]).toEqual([
      1,
      "`FOO` is no kernel option; there are BLOCK_M, BLOCK_N, ROWS, WORKGROUP_SIZE, SPLIT_KV",
      "quad: BLOCK_N is 64; the quad kernel takes 4 keys a step",
    ]);
  });

  it("stand in the text as well, and are beaten by the command line", async () => {
    const directed = file("directed.py", `# flexlens: kernel="row", kernel_options={"ROWS": 2, "num_warps": 4}\n${MOD}`);
    const { said } = await explained(`${directed}::causal`);
    expect([said.chosen, said.asked.options]).toEqual(["row", { ROWS: 2 }]);
    expect(said.asked.told).toEqual(["`num_warps` has no meaning here: WORKGROUP_SIZE gives the invocations of a workgroup here"]);
    const over = await explained(`${directed}::causal`, "--kernel", "quad", "--kernel-options", "ROWS=8");
    expect([over.said.chosen, over.said.asked.options]).toEqual(["quad", { ROWS: 8 }]);
  });

  it("of a call are told, and used where they have a meaning here", async () => {
    const called = file(
      "called.py",
      `import torch\nfrom torch.nn.attention.flex_attention import flex_attention\n\n\ndef double(score, b, h, q, k):\n    return score * 2\n\n\nq = torch.randn(1, 8, 1, 64)\nk = torch.randn(1, 8, 4096, 64)\nout = flex_attention(q, k, k, score_mod=double, kernel_options={"BLOCK_N": 32, "FORCE_USE_FLEX_ATTENTION": True})\n`,
    );
    const { said } = await explained(`${called}::double`);
    expect(said.chosen).toBe("quad");
    expect(said.asked.told[0]).toMatch(/^`FORCE_USE_FLEX_ATTENTION` of the call is used/);
    expect(said.asked.told[1]).toMatch(/^`BLOCK_N` of the call is of PyTorch's kernel/);
  });

  it("print the workgroup memory and the reason for people", async () => {
    const { out } = await runCommand(["explain", `${mods}::causal`, "--device", soft]);
    expect(out).toMatch(/^quad .* rows a quad; .* workgroups(?: in \d+ parts)?, no workgroup memory, /m);
    expect(out).toMatch(/^quad runs: the first that fits in the order of measured speed$/m);
    expect(out).toContain("DV 64, f32, BLOCK_SIZE");
    const turned = await runCommand(["explain", `${mods}::causal`, "--device", soft, "--layout", "BSHD"]);
    expect(turned.out).toContain("DV 64, f32, BSHD, BLOCK_SIZE");
  });
});

describe("what is kept", () => {
  it("is where the user's caches are, or where FLEXLENS_CACHE says", () => {
    expect(tuningsPath({ FLEXLENS_CACHE: "/c" }, "linux")).toBe(join("/c", "tunings.json"));
    expect(tuningsPath({ FLEXLENS_CACHE: "" }, "linux")).toBeNull();
    expect(tuningsPath({ XDG_CACHE_HOME: "" }, "linux", () => "/home/u")).toBe(join("/home/u", ".cache", "flexlens", "tunings.json"));
    expect(tuningsPath({ XDG_CACHE_HOME: "/x" }, "linux")).toBe(join("/x", "flexlens", "tunings.json"));
    expect(tuningsPath({}, "linux")).toMatch(/[/\\]\.cache[/\\]flexlens[/\\]tunings\.json$/);
    expect(tuningsPath({}, "darwin")).toContain(join("Library", "Caches", "flexlens"));
    expect(tuningsPath({ LOCALAPPDATA: "/l" }, "win32")).toBe(join("/l", "flexlens", "tunings.json"));
  });

  it("is nowhere for a user without a home", () => {
    const home = (): string => {
      throw new Error("uv_os_homedir returned ENOENT");
    };
    for (const platform of ["linux", "darwin", "win32"]) expect(tuningsPath({}, platform, home)).toBeNull();
    expect(tuningsPath({ FLEXLENS_CACHE: "/c" }, "linux", home)).toBe(join("/c", "tunings.json"));
  });

  it("decides what runs next time, says so, and does not with --no-cache", async () => {
    vi.stubEnv("FLEXLENS_CACHE", join(folder, "kept"));
    expect((await explained(`${mods}::causal`)).said.chosen).toBe("quad");
    expect(keepTuned(winner)).toBe(`kept in ${join(folder, "kept", "tunings.json")}`);
    const { said } = await explained(`${mods}::causal`);
    expect([said.chosen, said.why]).toEqual(["row", "tuned on this device on 2026-11-21: the fastest of 7, 1.50 × the default"]);
    expect(said.engines.find((e) => e.engine === "quad")?.reason).toBe("it can, but row was the fastest when this device was tuned");
    expect((await explained(`${mods}::causal`, "--no-cache")).said.chosen).toBe("quad");
    // Another kind of problem is not spoken of.
    expect((await explained(`${mods}::causal`, "--q-len", "64", "--kv-len", "8192")).said.chosen).not.toBe("row");
  });

  it("is replaced by a later winner, and survives a file that something else wrote", () => {
    const path = join(folder, "other", "tunings.json");
    keepTuned(winner, path);
    keepTuned({ ...winner, engine: "quad" }, path);
    expect(readTuningsFile(path).tuned.map((t) => t.engine)).toEqual(["quad"]);
    writeFileSync(path, "{ not JSON");
    expect(readTuningsFile(path)).toEqual(NO_TUNINGS);
    keepTuned(winner, path);
    expect(JSON.parse(readFileSync(path, "utf8")).tuned).toHaveLength(1);
  });

  it("says why it cannot be kept", () => {
    expect(keepTuned(winner, join(mods, "tunings.json"))).toMatch(/^not kept: .*; FLEXLENS_CACHE names another folder$/);
    expect(keepTuned(winner, null)).toMatch(/^not kept: FLEXLENS_CACHE is empty, or there is no cache folder;/);
    const taken = join(folder, "taken");
    mkdirSync(join(taken, "tunings.json"), { recursive: true });
    expect(keepTuned(winner, join(taken, "tunings.json"))).toMatch(/^not kept: /);
    expect(readdirSync(taken)).toEqual(["tunings.json"]);
  });
});

describe("what `tune` says", () => {
  it("names the tile that the text asks for, which beats what is tuned", () => {
    expect(untaken({ BLOCK_M: 64 })).toBe("the text asks for BLOCK_M=64: that runs, and not what is tuned, until it is left out");
    expect(untaken({})).toBe("");
  });

  it("is a table: the fastest first, what is out last, and marks what runs untuned", () => {
    const row = (engine: "row" | "quad", ms: number | null, fate: TuneRow["fate"], reason = ""): TuneRow => ({
      isDefault: engine === "quad",
      candidate: { engine, options: {}, tile: `${engine} tile` },
      ms,
      fate,
      reason,
    });
    const rows = [row("quad", 3, "slower"), row("row", null, "wrong", "its largest error is 1.0e+0"), row("row", 2, "fastest")];
    expect(tuneTable("a device", { tuned: winner, rows }).split("\n")).toEqual([
      "on a device",
      "  row     2.00 ms, taken                row tile",
      "* quad    3.00 ms                       quad tile",
      "  row     wrong: its largest error is 1.0e+0  row tile",
      "* what runs untuned",
      "row, ROWS=2: tuned on this device on 2026-11-21: the fastest of 7, 1.50 × the default",
    ]);
    const untried = [...rows, row("row", null, "untried", "left out for time")];
    expect(tuneTable("a device", { tuned: null, rows: untried }).split("\n").slice(-3)).toEqual([
      "  row     untried: left out for time    row tile",
      "* what runs untuned",
      "tried 3 of 4 kernels and tiles, the rest left out for time",
    ]);
    // Ended before the default was through: nothing is marked in its place.
    expect(tuneTable("a device", { tuned: null, rows: [row("row", 2, "slower")] })).toBe(
      "on a device\n  row     2.00 ms                       row tile",
    );
  });
});
