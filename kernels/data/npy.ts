/**
 * NumPy's `.npy`: a magic word, a header that is a Python dict literal, then the raw elements
 * (numpy/lib/format.py documents versions 1 to 3). C and Fortran order, both byte orders; what a tensor cannot hold
 * (strings, objects, records, complex numbers, dates) is refused by name.
 */
import { arrayFor } from "../ir/mod.ts";
import { decode, ELEMENT_BYTES, type ElementType } from "./element.ts";
import { type DataArray, fail } from "./value.ts";

const TYPES: Readonly<Record<string, ElementType>> = {
  b1: "bool",
  u1: "u8",
  i1: "i8",
  u2: "u16",
  i2: "i16",
  u4: "u32",
  i4: "i32",
  u8: "u64",
  i8: "i64",
  f2: "f16",
  f4: "f32",
  f8: "f64",
};

const REFUSED: Readonly<Record<string, string>> = {
  U: "strings, which no tensor holds",
  S: "byte strings, which no tensor holds",
  a: "byte strings, which no tensor holds",
  O: "Python objects, which only Python can read; save arrays of numbers",
  V: "raw bytes (records, or bfloat16); save it as `.float()`",
  c: "complex numbers, which mods do not take",
  M: "dates, which no tensor holds; save them as integers",
  m: "time spans, which no tensor holds; save them as integers",
  f: "floats of a width that PyTorch has not; save it as float64",
};

/** @throws DataFault */
export function readNpy(bytes: Uint8Array): DataArray {
  if (!(bytes[0] === 0x93 && text(bytes, 1, 6) === "NUMPY")) fail("it does not begin as a .npy file does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3 || bytes.byteLength < 12)
    fail(version > 3 ? `.npy version ${version} is not known` : "its header was cut off");
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.byteLength) fail("its header was cut off");
  const { descr, isFortran, shape } = readHeader(text(bytes, start, start + length));
  const type = elementType(descr);
  const array = decode(bytes.subarray(start + length), type, shape, !descr.startsWith(">"));
  return isFortran && shape.length > 1 ? fromFortran(array) : array;
}

/** The element type that NumPy's short name means. @throws DataFault */
export function elementType(descr: string): ElementType {
  const match = /^([<>|=]?)([a-zA-Z])(\d+)?(?:\[.*\])?$/.exec(descr);
  const type = match === null ? undefined : TYPES[`${match[2]}${match[3]}`];
  if (type !== undefined && match?.[1] !== "=" && ELEMENT_BYTES[type] > 0) return type;
  if (type !== undefined) return type;
  return fail(`it holds ${REFUSED[match?.[2] ?? ""] ?? `\`${descr}\`, which is no element type that is known`}`);
}

function readHeader(header: string): { descr: string; isFortran: boolean; shape: number[] } {
  if (/'descr'\s*:\s*\[/.test(header)) fail("it holds records (a structured dtype); save each field as an array of its own");
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || shape === undefined) return fail("its header cannot be understood");
  const sizes = shape.split(",").flatMap((part) => (part.trim() === "" ? [] : [Number(part.trim().replace(/L$/, ""))]));
  return { descr, isFortran: order === "True", shape: sizes };
}

/** Elements that lie column by column, put row by row. */
function fromFortran(array: DataArray): DataArray {
  const { shape } = array;
  const data = arrayFor(array.dtype, array.data.length);
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  const at = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = array.data[from] ?? 0;
    for (let d = shape.length - 1; d >= 0; d--) {
      at[d] = (at[d] ?? 0) + 1;
      from += strides[d] ?? 0;
      if ((at[d] ?? 0) < (shape[d] ?? 1)) break;
      from -= (strides[d] ?? 0) * (shape[d] ?? 1);
      at[d] = 0;
    }
  }
  return { ...array, data };
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return new TextDecoder("latin1").decode(bytes.subarray(from, to));
}
