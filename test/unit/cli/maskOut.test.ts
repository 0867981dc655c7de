/** `flexlens mask --out`, `--report`, and `flexlens python`: what they write, and what they refuse. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";
import { parseOptions } from "../../../kernels/cli/options.ts";
import { readNpy } from "../../../kernels/data/npy.ts";
import { PALETTES } from "../../../kernels/mask/palette.ts";

const CAUSAL = join(import.meta.dirname, "../../../kernels/gallery/causal.py::causal");
const folder = mkdtempSync(join(tmpdir(), "flexlens-out-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);

async function written(name: string, ...more: string[]): Promise<Buffer> {
  const { err, code } = await runCommand(["mask", CAUSAL, "--out", file(name), ...more]);
  expect([err, code]).toEqual(["", 0]);
  return readFileSync(file(name));
}

const RECT = ["--rect", "5,20,3,30"];
const isAllowed = (i: number): boolean => 5 + Math.floor(i / 27) >= 3 + (i % 27);

describe("`mask --out`", () => {
  it("writes a rectangle for NumPy", async () => {
    const { dtype, shape, data } = readNpy(new Uint8Array(await written("a.npy", ...RECT)));
    expect([dtype, shape]).toEqual(["bool", [15, 27]]);
    expect([...data]).toEqual(Array.from({ length: 15 * 27 }, (_, i) => (isAllowed(i) ? 1 : 0)));
  });

  it("writes a rectangle as a picture of whole pixels a cell", async () => {
    const { width, height, data } = decode(await written("a.png", ...RECT));
    expect([width, height]).toEqual([27 * 37, 15 * 37]);
    for (let i = 0; i < 15 * 27; i++) {
      const at = 4 * ((Math.floor(i / 27) * 37 + 18) * width + (i % 27) * 37 + 18);
      expect([...data.subarray(at, at + 3)]).toEqual(isAllowed(i) ? PALETTES.dark.partial : PALETTES.dark.partialOff);
    }
  });

  it("writes a rectangle as text, as runs and as SVG", async () => {
    const lines = (await written("a.txt", ...RECT)).toString().trimEnd().split("\n");
    expect(lines.join("")).toBe(Array.from({ length: 15 * 27 }, (_, i) => (isAllowed(i) ? "█" : "·")).join(""));
    const { q, kv, allowed, runs } = JSON.parse((await written("a.json", ...RECT)).toString());
    expect([q, kv, allowed, runs[0], runs[14]]).toEqual([[5, 20], [3, 30], 150, [3, 6], [3, 20]]);
    expect((await written("a.svg", ...RECT)).toString()).toContain("<title>causal: 15 × 27 cells from (5, 3)</title>");
  });

  it("writes all of a plane without --rect", async () => {
    expect(readNpy(new Uint8Array(await written("b.npy", "--q-len", "70", "--kv-len", "50"))).shape).toEqual([70, 50]);
  });

  it("takes the plane of --slice", async () => {
    writeFileSync(file("heads.py"), "def far(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx > 10 * h + b\n");
    const sizes = ["--b", "2", "--h", "3", "--q-len", "64", "--kv-len", "64"];
    const { code } = await runCommand(["mask", `${file("heads.py")}::far`, ...sizes, "--out", file("h.npy"), "--slice", "1,2"]);
    expect(code).toBe(0);
    const { data } = readNpy(new Uint8Array(readFileSync(file("h.npy"))));
    expect([...data]).toEqual(Array.from({ length: 64 * 64 }, (_, i) => (Math.floor(i / 64) - (i % 64) > 21 ? 1 : 0)));
  });

  it.each([
    [["--out", file("a.gif")], "--out takes a file named .png, .svg, .txt, .json, .npy, not"],
    [["--out", file("a.npy"), "--rect", "0,2000,0,1"], "--rect 0,2000,0,1 reaches over the mask, which is 1024 × 1024"],
    [["--out", file("a.npy"), "--rect", "5,5,0,1"], "--rect 5,5,0,1 is empty"],
    [["--out", file("a.npy"), "--rect", "0,1,2"], "--rect takes four indices, Q0,Q1,KV0,KV1, not `0,1,2`"],
    [["--out", file("a.npy"), "--slice", "0,1"], "--slice 0,1: there are 1 batches and 1 heads"],
    [
      ["--out", file("a.npy"), "--q-len", "65536", "--kv-len", "65536"],
      "65536 × 65536 cells from (0, 0) are more than the 268435456 that go into an array",
    ],
    [["--rect", "0,1,0,1"], "give --out too"],
    [["--report", "--ranks", "65"], "--ranks takes 2 to 64, not `65`"],
    [["--out", join(folder, "none/a.txt")], "cannot be written"],
  ])("refuses %j", async (words, said) => {
    const { err, code } = await runCommand(["mask", CAUSAL, ...words]);
    expect([code, err.includes(said) ? said : err]).toEqual([2, said]);
  });
});

describe("`mask --report`", () => {
  it("is text, and JSON for programs", async () => {
    const text = await runCommand(["mask", CAUSAL, "--report", "--ranks", "4"]);
    expect(text.out).toContain("Blocks a row: 1 least, 4.5 median, 8 most");
    expect(text.out).toContain("Over 4 ranks, the slowest above the mean:");
    const json = JSON.parse((await runCommand(["mask", CAUSAL, "--report", "--json"])).out);
    expect([json.ranks, json.rows.max, json.block_sizes.length, json.sampled]).toEqual([8, 8, 5, 1]);
  });

  it("belongs to `mask`", () => {
    expect(() => parseOptions(["check", "a.py", "--report"])).toThrow("--report and --ranks are options of `flexlens mask`");
  });
});

describe("`python`", () => {
  it("prints what runs by itself", async () => {
    const { out, err, code } = await runCommand(["python", CAUSAL, "--q-len", "256"]);
    expect([err, code]).toEqual(["", 0]);
    expect(out).toContain("def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n");
    expect(out).toContain("create_block_mask(causal, B=None, H=None, Q_LEN=256, KV_LEN=");
  });

  it("writes large tensors beside the text, and says so where it cannot", async () => {
    const source =
      "import torch\ndef make(bias):\n    def near(score, b, h, q_idx, kv_idx):\n        return score + bias[h, q_idx - kv_idx]\n    return near\n";
    writeFileSync(file("bias.py"), source);
    const printed = await runCommand(["python", `${file("bias.py")}::make`, "--h", "4"]);
    expect(printed.err).toContain("The text loads make.bias.npy; `--out FILE.py` writes both side by side.");
    expect(printed.out).toContain("# made up: put your own here");
    expect((await runCommand(["python", `${file("bias.py")}::make`, "--h", "4", "--out", file("made.py")])).code).toBe(0);
    expect(readdirSync(folder)).toContain("make.bias.npy");
    // What was written is read as the same mod.
    const back = await runCommand(["python", `${file("made.py")}::make`, "--h", "4"]);
    expect(back.out).toContain('bias = torch.tensor(np.load("make.bias.npy"), dtype=torch.float32, device=DEVICE)\n');
  });

  it("keeps the file that a directive names", async () => {
    writeFileSync(
      file("given.py"),
      '# flexlens: bias=load("make.bias.npy")\ndef near(score, b, h, q_idx, kv_idx):\n    return score + bias[h, q_idx]\n',
    );
    const { out } = await runCommand(["python", `${file("given.py")}::near`]);
    expect(out).toContain('bias = torch.tensor(np.load("make.bias.npy"), dtype=torch.float32, device=DEVICE)\n');
  });
});
