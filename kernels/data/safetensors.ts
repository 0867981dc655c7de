/**
 * `.safetensors`: eight bytes of length, a JSON header of that length, then the tensors' elements, little-endian and
 * row-major (huggingface.co/docs/safetensors). A tensor is decoded when it is asked for.
 */
import { decode, type ElementType } from "./element.ts";
import { type DataTable, fail, tableOf } from "./value.ts";

const TYPES: Readonly<Record<string, ElementType>> = {
  BOOL: "bool",
  U8: "u8",
  I8: "i8",
  U16: "u16",
  I16: "i16",
  U32: "u32",
  I32: "i32",
  U64: "u64",
  I64: "i64",
  F16: "f16",
  BF16: "bf16",
  F32: "f32",
  F64: "f64",
};

/** @throws DataFault */
export function readSafetensors(bytes: Uint8Array): DataTable {
  if (bytes.byteLength < 8) fail("it is too short for a .safetensors file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  const start = 8 + length;
  if (start > bytes.byteLength) fail("its header is longer than the file: it is no .safetensors file, or was cut off");
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(8, start)));
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  return tableOf(names, (name) => {
    const entry = header[name];
    if (!isRecord(entry)) return fail(`\`${name}\` in it has no description`);
    const type = TYPES[String(entry["dtype"])];
    if (type === undefined) return fail(`\`${name}\` in it is ${String(entry["dtype"])}, which is not read; save it as float32`);
    const [from, to] = numbers(entry["data_offsets"]) ?? fail(`\`${name}\` in it has no place`);
    const shape = numbers(entry["shape"]) ?? fail(`\`${name}\` in it has no shape`);
    if (from === undefined || to === undefined || from > to || start + to > bytes.byteLength)
      return fail(`\`${name}\` in it lies beyond the file's end`);
    return decode(bytes.subarray(start + from, start + to), type, shape);
  });
}

function parseHeader(text: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return header;
  } catch {
    // Said below.
  }
  return fail("its header is not JSON");
}

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);
const numbers = (x: unknown): number[] | null => (Array.isArray(x) && x.every((n) => typeof n === "number") ? x : null);
