/** Arrays → NumPy's `.npy`, version 1.0, C order, little-endian: the way out; npy.ts is the way in. */
import { halfBits } from "../ir/half.ts";
import type { TypedArray } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";

/** NumPy's short names. It has no bfloat16: such a tensor goes as the float32 that it stands for. */
const DESCR: Readonly<Record<DType, string>> = {
  bool: "|b1",
  u8: "|u1",
  i8: "|i1",
  i16: "<i2",
  i32: "<i4",
  i64: "<i8",
  f16: "<f2",
  bf16: "<f4",
  f32: "<f4",
  f64: "<f8",
};

/** The header, padded so that the elements begin at a multiple of 64 bytes. */
function headerOf(dtype: DType, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${DESCR[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const text = `${dict.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(10 + length);
  bytes.set([0x93, ...[..."NUMPY"].map((c) => c.charCodeAt(0)), 1, 0, length & 255, length >> 8]);
  for (let i = 0; i < length; i++) bytes[10 + i] = text.charCodeAt(i);
  return bytes;
}

/** What can be written: `data` row-major, as a capture holds it. */
export interface ArrayToWrite {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** One array. */
export function writeNpy(array: ArrayToWrite): Uint8Array {
  const { dtype, shape, data } = array;
  const header = headerOf(dtype, shape);
  const width = storedBytes(dtype);
  const out = new Uint8Array(header.length + width * data.length);
  out.set(header);
  const view = new DataView(out.buffer, header.length);
  putElements(view, array, width);
  return out;
}

/** The elements, little-endian, `width` bytes apart (`storedBytes`). */
export function putElements(view: DataView, { dtype, data }: ArrayToWrite, width: number): void {
  const put = PUT[dtype];
  for (let i = 0; i < data.length; i++) put(view, i * width, data[i] ?? 0);
}

/** Bytes of an element as it is written. */
export const storedBytes = (dtype: DType): number => Number(DESCR[dtype].slice(2));

const PUT: Readonly<Record<DType, (view: DataView, at: number, x: number) => void>> = {
  bool: (view, at, x) => view.setUint8(at, x),
  u8: (view, at, x) => view.setUint8(at, x),
  i8: (view, at, x) => view.setInt8(at, x),
  i16: (view, at, x) => view.setInt16(at, x, true),
  i32: (view, at, x) => view.setInt32(at, x, true),
  i64: (view, at, x) => view.setBigInt64(at, BigInt(x), true),
  f16: (view, at, x) => view.setUint16(at, halfBits(x), true),
  bf16: (view, at, x) => view.setFloat32(at, x, true),
  f32: (view, at, x) => view.setFloat32(at, x, true),
  f64: (view, at, x) => view.setFloat64(at, x, true),
};

/** A bool array without a second copy of its elements: `fill` writes 0 and 1 to its place in the file. */
export function writeBoolNpy(shape: readonly number[], fill: (cells: Uint8Array) => void): Uint8Array {
  const header = headerOf("bool", shape);
  const out = new Uint8Array(header.length + shape.reduce((a, b) => a * b, 1));
  out.set(header);
  fill(out.subarray(header.length));
  return out;
}
