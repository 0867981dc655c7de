/** Files as NumPy, safetensors and json write them, read as PyTorch reads them (dataGenerate.py made the table). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readData } from "../../kernels/data/read.ts";
import { DataFault, type DataValue } from "../../kernels/data/value.ts";
import { TORCH_NAMES } from "../../kernels/ir/ops.ts";

interface Row {
  readonly name: string;
  readonly b64: string;
  readonly arrays?: Readonly<Record<string, Expected>>;
  readonly refused?: string;
}
interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

const ROWS: readonly Row[] = JSON.parse(readFileSync(join(import.meta.dirname, "data.json"), "utf8"));

/** Every array of the file, by key. @throws DataFault */
function arraysOf(value: DataValue): Record<string, Expected> {
  if (value.kind === "table") return Object.fromEntries(value.names.map((name) => [name, expectedOf(value.get(name))]));
  return { "": expectedOf(value) };
}

function expectedOf(value: DataValue | null): Expected {
  if (value?.kind !== "array") throw new Error(`no array: ${JSON.stringify(value)}`);
  const data = Array.from(value.data, (x) => (Number.isFinite(x) ? x + 0 : String(x).replace("NaN", "nan").replace("Infinity", "inf")));
  return { dtype: TORCH_NAMES[value.dtype], shape: value.shape, data };
}

/** JSON writes -0 as 0. */
const plain = (e: Expected): Expected => ({ ...e, data: e.data.map((x) => (x === 0 ? 0 : x)) });

describe("a data file", () => {
  test.each(ROWS.filter((row) => row.arrays !== undefined))("$name is what PyTorch has of it", ({ name, b64, arrays }) => {
    const read = arraysOf(readData(name, new Uint8Array(Buffer.from(b64, "base64"))));
    const mapped = Object.fromEntries(Object.entries(read).map(([key, e]) => [key, plain(e)]));
    expect(mapped).toEqual(Object.fromEntries(Object.entries(arrays ?? {}).map(([key, e]) => [key, plain(e)])));
  });

  test.each(ROWS.filter((row) => row.refused !== undefined))("$name is refused with the cause: $refused", ({ name, b64, refused }) => {
    const read = () => arraysOf(readData(name, new Uint8Array(Buffer.from(b64, "base64"))));
    expect(read).toThrow(DataFault);
    expect(read).toThrow(refused);
  });
});
