/**
 * Raw bytes of one element type → an array in PyTorch's dtype of that kind. Integers of 64 bits are kept as
 * JavaScript numbers, so those beyond 2^53 are refused; unsigned ones of 16 bits and more, which PyTorch stores and
 * cannot compute with, come in the next wider signed dtype.
 */
import { fromHalf } from "../ir/half.ts";
import { arrayFor, type TypedArray } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";
import { type DataArray, elementsIn, fail } from "./value.ts";

/** Element types of files: PyTorch's dtypes, and the unsigned integers that it has no arithmetic for. */
export type ElementType = DType | "u16" | "u32" | "u64";

export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  bool: 1,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  f16: 2,
  bf16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  u64: 8,
  i64: 8,
  f64: 8,
};

const WIDER: Readonly<Partial<Record<ElementType, readonly [dtype: DType, name: string]>>> = {
  u16: ["i32", "uint16"],
  u32: ["i64", "uint32"],
  u64: ["i64", "uint64"],
};

/** The dtype that elements of `type` are read as. */
export const dtypeOf = (type: ElementType): DType => (type === "u16" ? "i32" : type === "u32" || type === "u64" ? "i64" : type);

/** The first elements of `bytes`, row-major, in `shape`. @throws DataFault */
export function decode(bytes: Uint8Array, type: ElementType, shape: readonly number[], littleEndian = true): DataArray {
  const step = ELEMENT_BYTES[type];
  const length = elementsIn(shape, Math.max(step, type === "i64" ? 8 : step));
  if (bytes.byteLength < length * step) {
    fail(`shape [${shape.join(", ")}] needs ${length * step} bytes and ${bytes.byteLength} are there, so it was cut off`);
  }
  const dtype = dtypeOf(type);
  const data = arrayFor(dtype, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length * step);
  fill(data, view, type, littleEndian);
  return { kind: "array", dtype, shape, data, widenedFrom: WIDER[type]?.[1] ?? null };
}

const HOST_IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function fill(data: TypedArray, view: DataView, type: ElementType, little: boolean): void {
  const { length } = data;
  switch (type) {
    case "bool":
      for (let i = 0; i < length; i++) data[i] = view.getUint8(i) === 0 ? 0 : 1;
      return;
    case "u8":
    case "i8":
    case "i16":
    case "i32":
    case "f32":
    case "f64":
      if (ELEMENT_BYTES[type] === 1 || little === HOST_IS_LITTLE) copyBytes(data, view);
      else fillOther(data, view, type, little);
      return;
    case "u16":
      for (let i = 0; i < length; i++) data[i] = view.getUint16(2 * i, little);
      return;
    case "u32":
      for (let i = 0; i < length; i++) data[i] = view.getUint32(4 * i, little);
      return;
    case "i64":
    case "u64":
      fillWide(data, view, type, little);
      return;
    case "f16":
      for (let i = 0; i < length; i++) data[i] = fromHalf(view.getUint16(2 * i, little));
      return;
    case "bf16": {
      const wide = new DataView(new ArrayBuffer(4));
      for (let i = 0; i < length; i++) {
        wide.setUint16(0, view.getUint16(2 * i, little));
        data[i] = wide.getFloat32(0);
      }
      return;
    }
  }
}

function copyBytes(data: TypedArray, view: DataView): void {
  const target = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  target.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function fillOther(data: TypedArray, view: DataView, type: "u8" | "i8" | "i16" | "i32" | "f32" | "f64", little: boolean): void {
  const step = ELEMENT_BYTES[type];
  for (let i = 0; i < data.length; i++) {
    const at = i * step;
    if (type === "i16") data[i] = view.getInt16(at, little);
    else if (type === "i32") data[i] = view.getInt32(at, little);
    else if (type === "f32") data[i] = view.getFloat32(at, little);
    else data[i] = view.getFloat64(at, little);
  }
}

function fillWide(data: TypedArray, view: DataView, type: "i64" | "u64", little: boolean): void {
  const [low, high] = little ? [0, 4] : [4, 0];
  for (let i = 0; i < data.length; i++) {
    const top = type === "i64" ? view.getInt32(8 * i + high, little) : view.getUint32(8 * i + high, little);
    const n = top * 2 ** 32 + view.getUint32(8 * i + low, little);
    if (!Number.isSafeInteger(n))
      fail(`element ${i} is ${n > 0 ? "above" : "below"} what is exact here (2^53); store what the mod needs as int32`);
    data[i] = n;
  }
}
