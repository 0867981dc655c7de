import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readJson } from "../../../kernels/data/json.ts";
import type { ArrayToWrite } from "../../../kernels/data/npyWrite.ts";
import { readNpz } from "../../../kernels/data/npz.ts";
import { readSafetensors } from "../../../kernels/data/safetensors.ts";
import { DataFault, type DataValue } from "../../../kernels/data/value.ts";
import { writerFor } from "../../../kernels/data/write.ts";

const ARRAYS: Readonly<Record<string, ArrayToWrite>> = {
  out: { dtype: "f32", shape: [1, 3], data: Float32Array.of(1.5, -0, Number.POSITIVE_INFINITY) },
  lse: { dtype: "f32", shape: [2], data: Float32Array.of(Number.NEGATIVE_INFINITY, Number.NaN) },
  n: { dtype: "i64", shape: [2], data: Float64Array.of(2 ** 40, -1) },
  b: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  z: { dtype: "f64", shape: [], data: Float64Array.of(0.1) },
};

/** `safetensors.numpy.save` (0.8.0) of the same arrays, byte for byte. */
const BY_SAFETENSORS =
  "IAEAAAAAAAB7Im4iOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlswLDE2XX0sInoiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzE2LDI0XX0sImxzZSI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzI0LDMyXX0sIm91dCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMSwzXSwiZGF0YV9vZmZzZXRzIjpbMzIsNDRdfSwiYiI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls0NCw0N119fSAgICAgICAAAAAAAAEAAP//////////mpmZmZmZuT8AAID/AADAfwAAwD8AAACAAACAfwEAAQ==";

function written(path: string, arrays: Readonly<Record<string, ArrayToWrite>> = ARRAYS): Uint8Array {
  const writer = writerFor(path);
  if (writer === null) throw new Error(`nothing writes ${path}`);
  return writer(arrays);
}

describe("arrays by name", () => {
  const READERS: readonly (readonly [string, (bytes: Uint8Array) => DataValue])[] = [
    ["x.safetensors", readSafetensors],
    ["x.NPZ", readNpz],
    ["a.b/x.json", readJson],
  ];
  test.each(READERS)("as %s are read back as they were, infinities, nan and -0 included", (path, read) => {
    const table = read(written(path));
    if (table.kind !== "table") throw new Error("no table");
    expect([...table.names].sort()).toEqual(Object.keys(ARRAYS).sort());
    for (const [name, { dtype, shape, data }] of Object.entries(ARRAYS)) {
      expect(table.get(name)).toEqual({ kind: "array", dtype, shape, data, widenedFrom: null });
    }
  });

  test("as .safetensors are the bytes that the library writes", () => {
    expect(Buffer.from(written("x.safetensors")).toString("base64")).toBe(BY_SAFETENSORS);
  });

  test("as .npz are one .npy each, stored, and the same bytes on any day", () => {
    const bytes = written("x.npz");
    expect(Object.keys(unzipSync(bytes))).toEqual(["out.npy", "lse.npy", "n.npy", "b.npy", "z.npy"]);
    expect(Buffer.from(bytes).includes("'descr': '<f4'")).toBe(true);
    expect(written("x.npz")).toEqual(bytes);
    expect([...bytes.subarray(10, 14)]).toEqual([0, 0, 33, 0]); // 1980-01-01, midnight
  });

  test("as .json say what is not finite in words", () => {
    const { out, lse } = ARRAYS;
    if (out === undefined || lse === undefined) throw new Error("both are there");
    expect(new TextDecoder().decode(written("x.json", { out, lse }))).toBe(
      '{"out":{"dtype":"float32","shape":[1,3],"data":[1.5,-0.0,"inf"]},"lse":{"dtype":"float32","shape":[2],"data":["-inf","nan"]}}',
    );
  });

  test("too many for JSON are refused, with the way out", () => {
    const many: ArrayToWrite = { dtype: "bool", shape: [2 ** 24 + 1], data: new Uint8Array(2 ** 24 + 1) };
    expect(() => written("x.json", { many })).toThrow(DataFault);
    expect(() => written("x.json", { many })).toThrow(/\.npz or \.safetensors/);
  });

  test.each(["x.npy", "x.pt", "json", "x"])("have no place in %s", (path) => {
    expect(writerFor(path)).toBeNull();
  });
});
