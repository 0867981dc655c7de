import { describe, expect, it } from "vitest";
import { readBindings } from "../../../kernels/cli/bindFile.ts";
import { parseOptions, UsageError } from "../../../kernels/cli/options.ts";

describe("the command line's arguments", () => {
  it("read a target with sizes, bindings and a block size", () => {
    const o = parseOptions([
      "mask",
      "a.py::window",
      "--q-len",
      "4_096",
      "--h",
      "2",
      "--block-size",
      "64,128",
      "--bind",
      "window.size=(1, 2)",
      "--json",
    ]);
    expect(o).toMatchObject({
      command: "mask",
      target: { file: "a.py", name: "window", scoreMod: null, maskMod: null },
      bindings: { Q_LEN: "4096", H: "2", BLOCK_SIZE: "(64, 128)", "window.size": "(1, 2)" },
      output: "json",
    });
  });
  it("read one block size as both", () => {
    expect(parseOptions(["mask", "a.py::m", "--block-size", "32"])?.bindings).toEqual({ BLOCK_SIZE: "(32, 32)" });
  });
  it.each([
    ["f16", "f16"],
    ["torch.half", "f16"],
    ["torch.float", "f32"],
    ["float32", "f32"],
  ])("read --dtype %s as PyTorch names it", (text, dtype) => {
    expect(parseOptions(["bench", "a.py::m", "--dtype", text])).toMatchObject({ dtype, bindings: { DTYPE: `"${dtype}"` } });
  });
  it.each(["bf16", "constructor", ""])("refuse --dtype `%s`", (text) => {
    expect(() => parseOptions(["bench", "a.py::m", `--dtype=${text}`])).toThrow("--dtype takes f32 or f16");
  });
  it("read a pair of mods, and a method's name", () => {
    expect(parseOptions(["bench", "a.py", "--score-mod", "alibi", "--mask-mod", "causal"])?.target).toEqual({
      file: "a.py",
      name: null,
      scoreMod: "alibi",
      maskMod: "causal",
    });
    expect(parseOptions(["mask", "a.py::Mask.method"])?.target?.name).toBe("Mask.method");
  });
  it.each([
    ["f16", "f16"],
    ["torch.float16", "f16"],
    ["half", "f16"],
    ["float32", "f32"],
  ])("read --dtype %s as what tensors are stored as", (text, dtype) => {
    const o = parseOptions(["bench", "a.py::m", "--dtype", text]);
    expect(o).toMatchObject({ dtype, bindings: { DTYPE: `"${dtype}"` } });
    expect(parseOptions(["bench", "a.py::m"])).toMatchObject({ dtype: null, bindings: {} });
  });
  it("read the seconds that a tuning may take", () => {
    expect(parseOptions(["tune", "a.py::m", "--budget", "60"])?.budget).toBe(60);
    expect(parseOptions(["tune", "a.py::m"])?.budget).toBeNull();
  });
  it("give null where help is asked for", () => {
    expect(parseOptions([])).toBeNull();
    expect(parseOptions(["mask", "--help"])).toBeNull();
  });
  it.each([
    [["draw", "a.py"]],
    [["mask"]],
    [["mask", "a.py", "b.py"]],
    [["mask", "a.py::"]],
    [["mask", "a.py::m", "--mask-mod", "n"]],
    [["mask", "a.py::m", "--q-len", "-4"]],
    [["mask", "a.py::m", "--q-len", "x"]],
    [["mask", "a.py::m", "--block-size", "1,2,3"]],
    [["mask", "a.py::m", "--bind", "x"]],
    [["mask", "a.py::m", "--nonsense"]],
    [["mask", "a.py::m", "--dtype", "f16"]],
    [["bench", "a.py::m", "--dtype", "bf16"]],
    [["bench", "a.py::m", "--budget", "60"]],
    [["tune", "a.py::m", "--budget", "soon"]],
  ])("refuse %j as wrong usage", (argv) => {
    expect(() => parseOptions(argv)).toThrow(UsageError);
  });
});

describe("a bind file", () => {
  it("holds scalars as Python text", () => {
    expect(readBindings('{"a": 3, "b": true, "c": null, "d": "-inf", "e": 0.5, "f": [1, 2.0], "g": -3.0, "h": "1.0"}', "f.json")).toEqual({
      a: "3",
      b: "True",
      c: "None",
      d: 'float("-inf")',
      e: "0.5",
      f: "[1, 2.0]",
      g: "-3.0",
      h: '"1.0"',
    });
  });
  it("holds tensors as data or as little-endian bytes", () => {
    const b64 = Buffer.from(new Float32Array([1.5, -2]).buffer).toString("base64");
    const half = Buffer.from(new Uint16Array([0x3c00, 0x7c00]).buffer).toString("base64");
    const long = Buffer.from(new BigInt64Array([-1n, 7n]).buffer).toString("base64");
    const got = readBindings(
      JSON.stringify({
        t: { dtype: "int64", shape: [2, 1], data: [4, 5] },
        u: { dtype: "float32", shape: [2], b64 },
        v: { dtype: "float16", shape: [2], b64: half },
        w: { dtype: "int64", shape: [2], b64: long },
        x: { dtype: "float32", shape: [2], data: ["nan", "-inf"] },
      }).replace("[4,5]", "[4.0,5]"),
      "f.json",
    );
    expect(got["t"]).toMatchObject({ name: "t", dtype: "i64", shape: [2, 1], data: new Float64Array([4, 5]) });
    expect(got["u"]).toMatchObject({ data: new Float32Array([1.5, -2]) });
    expect(got["v"]).toMatchObject({ data: new Float32Array([1, Number.POSITIVE_INFINITY]) });
    expect(got["w"]).toMatchObject({ data: new Float64Array([-1, 7]) });
    expect(got["x"]).toMatchObject({ data: new Float32Array([Number.NaN, Number.NEGATIVE_INFINITY]) });
  });
  it.each(["[]", "{", '{"t": {"dtype": "int63", "shape": [], "data": [1]}}', '{"t": {"dtype": "int64", "shape": [3], "data": [1]}}'])(
    "refuses %s as wrong usage",
    (text) => {
      expect(() => readBindings(text, "f.json")).toThrow(UsageError);
    },
  );
});
