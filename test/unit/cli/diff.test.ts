/** `flexlens diff` as a program uses it: counts against a walk over every cell, sizes that agree and that do not, exit codes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-diff-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const window = (n: number): string =>
  `def window(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < ${n})\n\ndef causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`;
const A = file("a.py", window(8));
const B = file("b.py", window(5));
const SMALL = ["--q-len", "32", "--kv-len", "32", "--block-size", "8"];

describe("`diff`", () => {
  it("counts the cells that are gained and lost, and names the first of each", async () => {
    const { out, err, code } = await runCommand(["diff", `${A}::window`, `${B}::window`, ...SMALL, "--json"]);
    expect([code, err]).toEqual([1, ""]);
    const cells = (n: number): number => 32 * n - (n * (n - 1)) / 2;
    expect(JSON.parse(out)).toMatchObject({
      a: `${A}::window`,
      b: `${B}::window`,
      shape: [1, 1, 32, 32],
      block_size: [8, 8],
      equal: false,
      gained: 0,
      lost: cells(8) - cells(5),
      both: cells(5),
      neither: 32 * 32 - cells(8),
      first_gained: null,
      first_lost: [0, 0, 5, 0],
    });
  });

  it("calls gained what is lost the other way round", async () => {
    const there = JSON.parse((await runCommand(["diff", `${A}::window`, `${A}::causal`, ...SMALL, "--json"])).out);
    const back = JSON.parse((await runCommand(["diff", `${A}::causal`, `${A}::window`, ...SMALL, "--json"])).out);
    expect([there.gained, there.lost, there.first_gained]).toEqual([back.lost, back.gained, back.first_lost]);
    expect(there.gained).toBe((24 * 25) / 2);
    expect(there.first_gained).toEqual([0, 0, 8, 0]);
  });

  it("ends with 0 where the masks are equal, though their texts are not", async () => {
    const other = file("c.py", "def m(b, h, q_idx, kv_idx):\n    d = q_idx - kv_idx\n    return ~((d < 0) | (d >= 8))\n");
    const { out, code } = await runCommand(["diff", `${A}::window`, `${other}::m`, ...SMALL]);
    expect(code).toBe(0);
    expect(out).toContain("the masks are equal\ncells gained     0\ncells lost       0\n");
  });

  it("counts every head of a mask that depends on it", async () => {
    const heads = file("h.py", "def m(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (h > 0)\n");
    const { out } = await runCommand(["diff", `${A}::causal`, `${heads}::m`, "--h", "4", "--b", "2", ...SMALL, "--json"]);
    expect(JSON.parse(out)).toMatchObject({ lost: (2 * 32 * 33) / 2, both: (6 * 32 * 33) / 2, first_lost: [0, 0, 0, 0] });
  });

  it("takes the sizes that one of the two states for both, and tensors that follow them", async () => {
    const sized = file("sized.py", "# flexlens: Q_LEN=64, H=4, BLOCK_SIZE=16\n\ndef m(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n");
    const follows = file(
      "follows.py",
      "# flexlens: reach=torch.arange(H)\n\ndef m(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < reach[h]\n",
    );
    const { out, err } = await runCommand(["diff", `${sized}::m`, `${follows}::m`, "--json"]);
    expect(err).toBe("");
    // Head h allows what lies above the diagonal, and h - 1 diagonals more: nothing where a tensor of one head was kept.
    expect(JSON.parse(out)).toMatchObject({
      shape: [1, 4, 64, 64],
      block_size: [16, 16],
      both: 64 + (64 + 63) + (64 + 63 + 62),
      gained: (4 * 64 * 63) / 2,
    });
  });

  it("says so where the two state other sizes, and where one has no mask", async () => {
    const long = file("long.py", "# flexlens: Q_LEN=128\ndef m(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n");
    const bias = file("bias.py", "# flexlens: Q_LEN=32\ndef bias(score, b, h, q_idx, kv_idx):\n    return score + q_idx - kv_idx\n");
    const { out, err, code } = await runCommand(["diff", `${bias}::bias`, `${long}::m`, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ shape: [1, 1, 32, 32], gained: 0, lost: (32 * 31) / 2, first_lost: [0, 0, 0, 1] });
    expect(err).toContain(`${long}::m has Q_LEN = 128, compared at 32`);
    expect(err).toContain(`${bias}::bias has no mask_mod: it allows everything`);
  });

  it("tells of a given value that neither of the two takes", async () => {
    const sized = file("taken.py", "reach = 3\n\ndef m(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < reach\n");
    const errOf = async (bind: string) => (await runCommand(["diff", `${sized}::m`, `${A}::causal`, ...SMALL, "--bind", bind])).err;
    expect(await errOf("reach=4")).toBe("");
    expect(await errOf("raech=4")).toContain("`raech`");
  });

  it("gives the errors of a mask that does not lower, and nothing else", async () => {
    const broken = file("broken.py", "def m(b, h, q_idx, kv_idx):\n    return unknown(q_idx)\n");
    const { out, err, code } = await runCommand(["diff", `${A}::window`, `${broken}::m`]);
    expect([out, code]).toEqual(["", 1]);
    expect(err).toContain("broken.py:2:");
  });

  it.each([[[]], [[`${A}::window`]], [[`${A}::window`, `${B}::window`, `${A}::causal`]]])(
    "refuses %# other numbers of files",
    async (files) => {
      expect((await runCommand(["diff", ...files])).code).toBe(2);
    },
  );

  it("refuses a name that a file does not have", async () => {
    expect(await runCommand(["diff", `${A}::window`, `${B}::other`])).toMatchObject({ code: 2 });
  });
});
