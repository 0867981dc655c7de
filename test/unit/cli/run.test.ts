/** `flexlens run` up to the device: arguments, files of tensors, shapes. What the kernels give is test/gpu's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";
import { readTensors, writeTensors } from "../../../kernels/cli/tensorFiles.ts";
import { writeNpy } from "../../../kernels/data/npyWrite.ts";
import { readData } from "../../../kernels/data/read.ts";
import { writerFor } from "../../../kernels/data/write.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, data: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
};

const mods = file("mods.py", "def causal(b, h, q, k):\n    return q >= k\n\n\ndef broken(b, h, q, k):\n    return q if q > k else k\n");

type Shapes = readonly [q: readonly number[], k: readonly number[], v: readonly number[]];

const counted = (shape: readonly number[]): number[] => Array.from({ length: shape.reduce((a, n) => a * n, 1) }, (_, i) => i % 7);

function tensors([q, k, v]: Shapes, dtype = "float32"): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ q, k, v }).map(([name, shape]) => [name, { dtype, shape, data: counted(shape) }]));
}

const FINE: Shapes = [
  [1, 2, 3, 4],
  [1, 1, 5, 4],
  [1, 1, 5, 2],
];
const json = (name: string, value: unknown): string => file(name, JSON.stringify(value));

describe("the tensors of `run`", () => {
  const SIZES = { batch: 1, qHeads: 2, kvHeads: 1, qLen: 3, kvLen: 5, qkHeadDim: 4, vHeadDim: 2 };
  const data = { q: Float32Array.from(counted(FINE[0])), k: Float32Array.from(counted(FINE[1])), v: Float32Array.from(counted(FINE[2])) };

  it.each(["float32", "float64", "float16", "bfloat16"])(
    "are read out of JSON in %s as float32, the problem from their shapes",
    (dtype) => {
      expect(readTensors(json(`${dtype}.json`, tensors(FINE, dtype)))).toEqual({ inputs: data, sizes: SIZES });
    },
  );

  it.each(["npz", "safetensors"])("are read out of .%s, by the long names too", (ending) => {
    const [q, k, v] = FINE;
    const bytes = writerFor(`x.${ending}`)?.({
      query: { dtype: "f32", shape: q, data: data.q },
      key: { dtype: "f64", shape: k, data: Float64Array.from(data.k) },
      value: { dtype: "f32", shape: v, data: data.v },
    });
    expect(readTensors(file(`long.${ending}`, bytes ?? ""))).toEqual({ inputs: data, sizes: SIZES });
  });

  it.each(["npz", "safetensors", "json"])("of a result in float16 are that in .%s, and lse float32", (ending) => {
    const path = join(folder, `half.${ending}`);
    const output = { out: new Float32Array(12).fill(0.5), lse: new Float32Array(6), maxScores: null };
    writeTensors(path, output, { ...fillProblem(SIZES), storage: "f16" });
    const table = readData(path, new Uint8Array(readFileSync(path)));
    const tensor = (name: string): unknown => (table.kind === "table" ? table.get(name) : null);
    expect(tensor("out")).toMatchObject({ dtype: "f16", shape: [1, 2, 3, 2], data: new Float32Array(12).fill(0.5) });
    expect(tensor("lse")).toMatchObject({ dtype: "f32", shape: [1, 2, 3] });
  });

  it.each(["npz", "safetensors", "json"])("of a result are [B, H, Q_LEN, DV] and [B, H, Q_LEN] in .%s", (ending) => {
    const path = join(folder, `result.${ending}`);
    const lse = new Float32Array(6).fill(Number.NEGATIVE_INFINITY);
    writeTensors(path, { out: new Float32Array(12), lse, maxScores: null }, fillProblem(SIZES));
    const back = readBack(path);
    expect(back).toEqual({
      out: { shape: [1, 2, 3, 2], first: 0 },
      lse: { shape: [1, 2, 3], first: Number.NEGATIVE_INFINITY },
    });
  });
});

describe("the layout BSHD", () => {
  const LATER: Shapes = [
    [2, 3, 4, 8],
    [2, 5, 2, 8],
    [2, 5, 2, 6],
  ];

  it("has the heads behind the sequence", () => {
    const path = json("bshd.json", tensors(LATER));
    expect(readTensors(path, "BSHD").sizes).toEqual({ batch: 2, qHeads: 4, kvHeads: 2, qLen: 3, kvLen: 5, qkHeadDim: 8, vHeadDim: 6 });
    expect(() => readTensors(path)).toThrow(/no multiple of the 5 of k and v in \[B, H, LEN, D\]; --layout names another order/);
  });

  it("is what out is written in, and not lse and max_scores", () => {
    const path = join(folder, "bshd-out.npz");
    const problem = { ...fillProblem({ batch: 2, qHeads: 4, kvHeads: 2, qLen: 3, kvLen: 5, qkHeadDim: 8, vHeadDim: 6 }) };
    const rows = new Float32Array(24).fill(3);
    writeTensors(path, { out: new Float32Array(144), lse: rows, maxScores: rows }, { ...problem, layout: "BSHD" });
    expect(readBack(path)).toEqual({
      out: { shape: [2, 3, 4, 6], first: 0 },
      lse: { shape: [2, 4, 3], first: 3 },
      max_scores: { shape: [2, 4, 3], first: 3 },
    });
  });

  it("is one of two", async () => {
    const { code, err } = await runCommand(["run", "--inputs", json("one.json", tensors(FINE)), "--json", "--layout", "SBHD"]);
    expect([code, err]).toEqual([2, expect.stringContaining("--layout takes BHSD or BSHD, not `SBHD`")]);
  });
});

describe("a batch of one in k and v", () => {
  it("serves every batch of q", () => {
    const shapes: Shapes = [
      [3, 2, 3, 4],
      [1, 1, 5, 4],
      [1, 1, 5, 2],
    ];
    const { inputs, sizes } = readTensors(json("one-k.json", tensors(shapes)));
    expect(sizes.batch).toBe(3);
    expect([...inputs.k]).toEqual([1, 2, 3].flatMap(() => counted([1, 1, 5, 4])));
    expect([...inputs.v]).toEqual([1, 2, 3].flatMap(() => counted([1, 1, 5, 2])));
  });

  it("is the only other size that there can be", () => {
    const shapes: Shapes = [
      [3, 2, 3, 4],
      [2, 1, 5, 4],
      [2, 1, 5, 2],
    ];
    expect(() => readTensors(json("two-k.json", tensors(shapes)))).toThrow(/must be the same in all three, or 1 in k and v/);
  });
});

/** Shapes and first elements of a file's tensors. */
function readBack(path: string): Record<string, { shape: readonly number[]; first: number | undefined }> {
  const table = readData(path, new Uint8Array(readFileSync(path)));
  if (table.kind !== "table") throw new Error("no table");
  return Object.fromEntries(
    table.names.map((name) => {
      const array = table.get(name);
      if (array?.kind !== "array") throw new Error("no array");
      return [name, { shape: array.shape, first: array.data[0] }];
    }),
  );
}

describe("wrong usage of `run`", () => {
  const fine = json("fine.json", tensors(FINE));
  const out = join(folder, "out.npz");
  const wrong = (name: string, ...shapes: Shapes): string[] => ["--inputs", json(`${name}.json`, tensors(shapes)), "-o", out];
  it.each<readonly [string, readonly string[], RegExp]>([
    ["without --inputs", ["-o", out], /needs --inputs FILE/],
    ["without an output", ["--inputs", fine], /needs -o FILE to write to, or --json/],
    [
      "with an output of no known format",
      ["--inputs", fine, "-o", join(folder, "out.pt")],
      /end its name in \.safetensors, \.npz or \.json/,
    ],
    ["with inputs that are not there", ["--inputs", join(folder, "none.npz"), "-o", out], /none\.npz cannot be read/],
    [
      "with inputs of no known format",
      ["--inputs", file("x.npy", writeNpy({ dtype: "f32", shape: [1], data: Float32Array.of(1) })), "-o", out],
      /says no format to read/,
    ],
    ["with a damaged archive", ["--inputs", file("bad.npz", "PK no zip"), "-o", out], /bad\.npz cannot be read/],
    [
      "without v",
      ["--inputs", json("nov.json", { q: tensors(FINE)["q"], k: tensors(FINE)["k"] }), "-o", out],
      /holds no `v`, but `q`, `k`/,
    ],
    ["with integers", ["--inputs", json("int.json", tensors(FINE, "int64")), "-o", out], /`q` in .* is int64; it must be float32/],
    [
      "with lists in place of tensors",
      ["--inputs", json("lists.json", { q: [[1]], k: [[1]], v: [[1]] }), "-o", out],
      /must be \{dtype, shape, data/,
    ],
    ["with three dimensions", wrong("three", [2, 3, 4], [2, 3, 4], [2, 3, 4]), /four dimensions/],
    ["with another batch", wrong("batch", [2, 1, 3, 4], [3, 1, 3, 4], [3, 1, 3, 4]), /\[2, 1, 3, 4\].*B, the first size/],
    ["with another head dim", wrong("dim", [1, 1, 3, 4], [1, 1, 3, 8], [1, 1, 3, 4]), /D, the last size/],
    ["with k and v of two lengths", wrong("kv", [1, 1, 3, 4], [1, 1, 3, 4], [1, 1, 2, 4]), /same heads and length/],
    ["with heads that do not divide", wrong("gqa", [1, 4, 3, 4], [1, 3, 3, 4], [1, 3, 3, 4]), /4 heads of q are no multiple of the 3/],
    ["with nothing in them", wrong("zero", [1, 1, 0, 4], [1, 1, 3, 4], [1, 1, 3, 4]), /a size of 0/],
    ["with a size that does not fit", ["--inputs", fine, "-o", out, "--q-len", "4"], /--q-len 4 does not fit .* Q_LEN is 3/],
    ["with a kernel of no name", ["--inputs", fine, "-o", out, "--kernel", "fast"], /--kernel takes row, .* or materialized, not `fast`/],
    ["with a scale that is no number", ["--inputs", fine, "-o", out, "--scale", "inf"], /--scale takes a finite number/],
  ])("%s is told", async (_, words, message) => {
    const { code, err } = await runCommand(["run", `${mods}::causal`, ...words]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it.each([
    [["mask", `${mods}::causal`, "--kernel", "row"], /--kernel is an option of `flexlens run` and/],
    [["bench", `${mods}::causal`, "--inputs", "x.npz"], /--inputs is an option of `flexlens run`/],
    [["run", "--mask-mod", "causal", "--inputs", "x.npz"], /needs a FILE/],
    [["run", "--bind", "w=3", "--inputs", fine, "-o", out], /no FILE is given/],
  ] as const)("%j too", async (argv, message) => {
    const { code, err } = await runCommand(argv);
    expect([code, message.test(err)]).toEqual([2, true]);
  });

  it("is not what errors in the file are", async () => {
    const { code, err } = await runCommand(["run", mods, "--mask-mod", "broken", "--inputs", fine, "-o", out]);
    expect([code, /error: .*\[/.test(err)]).toEqual([1, true]);
    const other = await runCommand(["run", mods, "--score-mod", "causal", "--inputs", fine, "-o", out]);
    expect([other.code, other.err.includes("`causal`")]).toEqual([1, true]);
  });
});
