/** `trace` and `eval` on the command line: what they print, what they refuse, and which exit code they end with. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-values-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const file = (text: string, ending = "py"): string => {
  const path = join(folder, `${files++}.${ending}`);
  writeFileSync(path, text);
  return path;
};
const scores = (shape: readonly number[], data: readonly unknown[], dtype = "float32"): string =>
  file(JSON.stringify({ dtype, shape, data }), "json");

const MODS = `import torch

WINDOW = 4
table = torch.tensor([0.5, -1.0], dtype=torch.float64)

def row(i):
    r = i // WINDOW
    return r

def same_row(b, h, q_idx, kv_idx):
    near = row(q_idx) == row(kv_idx)
    near &= q_idx >= kv_idx
    return near

def bias(score, b, h, q_idx, kv_idx):
    distance, scale = q_idx - kv_idx, 0.5
    return score - distance * scale

def wide(score, b, h, q_idx, kv_idx):
    return score + table[h]

def far(score, b, h, q_idx, kv_idx):
    return score + table[q_idx // 2]

def whole(score, b, h, q_idx, kv_idx):
    return q_idx // 2 - kv_idx

def divided(score, b, h, q_idx, kv_idx):
    return score + q_idx % kv_idx
`;
const mods = file(MODS);

describe("`trace`", () => {
  it("lists each name with its value, dtype and place, then the result", async () => {
    const { out, code } = await runCommand(["trace", `${mods}::same_row`, "--at", "0,0,6,5", "--json"]);
    expect(code).toBe(0);
    const at = { file: mods, shape: [] };
    expect(JSON.parse(out)).toEqual({
      at: [0, 0, 6, 5],
      locals: [
        { ...at, name: "row.r", dtype: "int64", value: 1, line: 7, column: 5 },
        { ...at, name: "row.r", dtype: "int64", value: 1, line: 7, column: 5 },
        { ...at, name: "near", dtype: "bool", value: true, line: 11, column: 5 },
        { ...at, name: "near", dtype: "bool", value: true, line: 12, column: 5 },
      ],
      result: { dtype: "bool", value: true },
    });
  });

  it("is a table for people", async () => {
    const { out } = await runCommand(["trace", `${mods}::bias`, "--at", "0,1,6,5", "--score", "2.25"]);
    const below = await runCommand(["trace", `${mods}::bias`, "--score", "-1.5", "--at", "0,1,6,5", "--json"]);
    expect(JSON.parse(below.out).result.value).toBe(-2);
    expect(out.split("\n")).toEqual([
      "bias at b = 0, h = 1, q_idx = 6, kv_idx = 5, score = 2.25",
      "distance  1     int64    16:5",
      "scale     0.5   float    16:15",
      "result    1.75  float32",
    ]);
  });

  it("gives of a pair the score that the softmax gets", async () => {
    const pair = [mods, "--score-mod", "bias", "--mask-mod", "same_row", "--json"];
    const allowed = JSON.parse((await runCommand(["trace", ...pair, "--at", "0,0,6,5"])).out);
    const masked = JSON.parse((await runCommand(["trace", ...pair, "--at", "0,0,5,6"])).out);
    expect([allowed.mask, allowed.result]).toEqual([true, { dtype: "float32", value: -0.5 }]);
    expect([masked.mask, masked.result]).toEqual([false, { dtype: "float32", value: "-inf" }]);
    expect(allowed.locals.map((l: { name: string }) => l.name)).toEqual(["distance", "scale", "row.r", "row.r", "near", "near"]);
  });

  it("stands in a notebook's cell", async () => {
    const cell = (source: string) => ({ cell_type: "code", metadata: {}, outputs: [], execution_count: null, source });
    const cells = [cell("w = 4"), cell("def m(b, h, q_idx, kv_idx):\n    d = q_idx - kv_idx\n    return d < w")];
    const path = file(JSON.stringify({ cells, metadata: { kernelspec: { language: "python" } }, nbformat: 4, nbformat_minor: 5 }), "ipynb");
    const { out } = await runCommand(["trace", `${path}::m`, "--at", "0,0,3,1", "--json"]);
    expect(JSON.parse(out).locals).toEqual([{ file: path, shape: [], name: "d", dtype: "int64", value: 2, cell: 1, line: 2, column: 5 }]);
  });

  it.each([
    [["--at", "0,0,600,1", "--q-len", "512"], "Q_LEN = 512, KV_LEN = 512"],
    [["--at", "0,3,1,1", "--h", "2"], "H = 2"],
    [["--at", "0,0,1"], "--at takes four indices"],
    [["--at", "0,0,-1,1"], "--at"],
    [["--at", "0,0,1,1", "--score", "big"], "--score takes a number"],
    [[], "needs --at"],
  ])("%s is wrong usage", async (args, message) => {
    const { code, err } = await runCommand(["trace", `${mods}::same_row`, ...args]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("takes any index where nothing gives the lengths", async () => {
    const { code, out } = await runCommand(["trace", `${mods}::same_row`, "--at", "3,40,100003,100000", "--json"]);
    expect([code, JSON.parse(out).result.value]).toEqual([0, true]);
  });

  it("ends with the diagnostic where PyTorch raises", async () => {
    const { code, out, err } = await runCommand(["trace", `${mods}::far`, "--at", "0,0,9,1", "--json"]);
    expect([code, JSON.parse(out).map((d: { code: string; line: number }) => [d.code, d.line])]).toEqual([1, [["index-beyond-end", 23]]]);
    expect(err).toContain("`table[q_idx // 2]` reads element 4 of 2 at b = 0, h = 0, q_idx = 9, kv_idx = 1");
  });
});

describe("`eval`", () => {
  const evaluate = async (args: readonly string[]) => {
    const { code, out, err } = await runCommand(["eval", ...args, "--json"]);
    return { code, err, out, json: out === "" ? null : JSON.parse(out) };
  };

  it("gives a mask's zeros and ones, at the sizes that are given", async () => {
    const { json, code } = await evaluate([`${mods}::same_row`, "--q-len", "5", "--kv-len", "5"]);
    const ones = [1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1];
    expect(code).toBe(0);
    expect(json).toEqual({ kind: "mask_mod", shape: [1, 1, 5, 5], dtype: "bool", float64: ones, float32: ones });
  });

  it("takes a mask's shape from scores too, and refuses sizes that do not fit them", async () => {
    const s = scores([1, 1, 1, 2], [0, 0]);
    expect((await evaluate([`${mods}::same_row`, "--scores", s])).json.float32).toEqual([1, 0]);
    const { code, err } = await evaluate([`${mods}::same_row`, "--scores", s, "--q-len", "4"]);
    expect(code).toBe(2);
    expect(err).toContain("--q-len 4 does not fit the scores of shape [1, 1, 1, 2]");
  });

  it("rounds scores to float32 in the float32 run, and keeps what is not finite, and -0", async () => {
    const s = file('{"dtype": "float64", "shape": [1, 1, 1, 5], "data": [0.1, "nan", "inf", "-inf", -0.0]}', "json");
    const path = file("def f(score, b, h, q, k):\n    return score * 1.0\n");
    const { json, out } = await evaluate([`${path}::f`, "--scores", s]);
    expect(json.float64).toEqual([0.1, "nan", "inf", "-inf", -0]);
    expect(json.float32).toEqual([Math.fround(0.1), "nan", "inf", "-inf", -0]);
    expect(out).toContain("-0.0");
  });

  it("casts float64 tensors of a bind file in the float32 run, and lets those of the file promote", async () => {
    const s = scores([1, 2, 1, 1], [1, 1]);
    expect((await evaluate([`${mods}::wide`, "--scores", s])).json).toMatchObject({ dtype: "float64", float32: [1.5, 0] });
    const path = file("def make(t):\n    def f(score, b, h, q, k):\n        return score + t[h]\n    return f\n");
    const bind = file(JSON.stringify({ t: { dtype: "float64", shape: [2], data: [0.1, 2] } }), "json");
    const { json } = await evaluate([`${path}::make`, "--bind-file", bind, "--scores", s]);
    expect(json).toMatchObject({ dtype: "float32", float64: [1.1, 3], float32: [Math.fround(1 + Math.fround(0.1)), 3] });
  });

  it("names the result's own dtype", async () => {
    const s = scores([1, 1, 2, 2], [0, 0, 0, 0]);
    expect((await evaluate([`${mods}::whole`, "--scores", s])).json).toMatchObject({
      kind: "score_mod",
      dtype: "int64",
      float32: [0, -1, 0, -1],
    });
  });

  it("gives of a pair -inf where it is masked", async () => {
    const s = scores([1, 1, 2, 2], [1, 1, 1, 1]);
    const { json } = await evaluate([mods, "--score-mod", "bias", "--mask-mod", "same_row", "--scores", s]);
    expect(json).toMatchObject({ kind: "pair", dtype: "float32", float32: [1, "-inf", 0.5, 1] });
  });

  it("ends with the diagnostic where PyTorch refuses the text, or raises at some cell", async () => {
    const s = scores([1, 1, 2, 2], [0, 0, 0, 0]);
    const chained = file("def f(score, b, h, q, k):\n    return score * (0 <= q < 4)\n");
    const refused = await evaluate([`${chained}::f`, "--scores", s]);
    expect([refused.code, refused.json[0].code]).toEqual([1, "chained-comparison"]);
    const divided = await evaluate([`${mods}::divided`, "--scores", s]);
    expect([divided.code, divided.json[0].code, divided.json[0].line]).toEqual([1, "zero-division-at", 29]);
    expect(divided.err).toContain("`q_idx % kv_idx` divides an integer by zero at b = 0, h = 0, q_idx = 0, kv_idx = 0");
  });

  it.each([
    [["::bias"], [], "give --scores"],
    [["::bias"], ["--scores", "no such file.json"], "does not exist"],
    [["::nothing"], [], "has no `nothing`"],
  ])("%s %s is wrong usage", async ([name], args, message) => {
    const { code, err } = await evaluate([`${mods}${name}`, ...args]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it.each([
    [[2, 2], [1, 2, 3, 4], "four dimensions"],
    [[1, 1, 2, 2], [1, 2, 3], "4 values"],
  ])("scores of shape %s with data %s are wrong usage", async (shape, data, message) => {
    const { code, err } = await evaluate([`${mods}::bias`, "--scores", scores(shape, data)]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
