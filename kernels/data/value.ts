/**
 * What a data file holds, as plain data: arrays in PyTorch's dtypes, scalars, lists, and tables by name. The readers
 * beside this file turn bytes into these; none reads a file by itself. What cannot be read is a `DataFault` with the
 * cause in words that follow "cannot be read: ".
 */
import type { TypedArray } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";

export interface DataArray {
  readonly kind: "array";
  readonly dtype: DType;
  /** `[]` for a 0-d array. */
  readonly shape: readonly number[];
  /** Row-major, as a capture's. */
  readonly data: TypedArray;
  /** What the file had in place of `dtype`, where PyTorch has no such tensors to compute with: `uint16`. */
  readonly widenedFrom: string | null;
}

export interface DataScalar {
  readonly kind: "scalar";
  /** A whole number that was written as a float is `{ float }`. */
  readonly value: null | boolean | number | string | { readonly float: number };
}

export interface DataList {
  readonly kind: "list";
  readonly items: readonly DataValue[];
}

/** Entries are read when they are asked for: a file of weights has many, and a mod takes one. */
export interface DataTable {
  readonly kind: "table";
  readonly names: readonly string[];
  /** null where there is none of that name. @throws DataFault */
  readonly get: (name: string) => DataValue | null;
}

export type DataValue = DataArray | DataScalar | DataList | DataTable;

/** Why bytes are no data that can be used. */
export class DataFault extends Error {}

/** @throws DataFault always. */
export function fail(why: string): never {
  throw new DataFault(why);
}

/** Bytes beyond which a file, or what a compressed one unpacks to, is not read. */
export const MAX_DATA_BYTES = 256 * 2 ** 20;

/** `get` of a table, each entry read once. */
export function tableOf(names: readonly string[], read: (name: string) => DataValue): DataTable {
  const known = new Map<string, DataValue>();
  return {
    kind: "table",
    names,
    get(name) {
      const before = known.get(name);
      if (before !== undefined) return before;
      if (!names.includes(name)) return null;
      const value = read(name);
      known.set(name, value);
      return value;
    },
  };
}

/** The number of elements of a shape. @throws DataFault where it is no shape, or beyond what is read. */
export function elementsIn(shape: readonly number[], bytesEach: number): number {
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0)) return fail(`\`[${shape.join(", ")}]\` is no shape`);
  const length = shape.reduce((a, n) => a * n, 1);
  if (length * bytesEach > MAX_DATA_BYTES)
    fail(`an array of ${mebibytes(length * bytesEach)} MB is above the ${mebibytes(MAX_DATA_BYTES)} MB that are read`);
  return length;
}

export const mebibytes = (bytes: number): string => String(Math.ceil(bytes / 2 ** 20));
