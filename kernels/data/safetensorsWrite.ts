/**
 * Arrays → `.safetensors`: the way out; safetensors.ts is the way in. The header is padded with blanks so that the
 * elements begin at a multiple of eight bytes, and wide elements come first, then by name, so that each lies at a multiple
 * of its own size (huggingface.co/docs/safetensors).
 */
import type { DType } from "../ir/ops.ts";
import { type ArrayToWrite, putElements, storedBytes } from "./npyWrite.ts";

/** The format's names; bfloat16 goes as the float32 that it stands for, as it does in `.npy`. */
const NAMES: Readonly<Record<DType, string>> = {
  bool: "BOOL",
  u8: "U8",
  i8: "I8",
  i16: "I16",
  i32: "I32",
  i64: "I64",
  f16: "F16",
  bf16: "F32",
  f32: "F32",
  f64: "F64",
};

/** Arrays by name as one file. */
export function writeSafetensors(arrays: Readonly<Record<string, ArrayToWrite>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(arrays).sort(
    ([x, a], [y, b]) => storedBytes(b.dtype) - storedBytes(a.dtype) || (x < y ? -1 : Number(x > y)),
  );
  const header: Record<string, unknown> = {};
  const starts: number[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    const start = end;
    end += storedBytes(dtype) * data.length;
    starts.push(start);
    header[name] = { dtype: NAMES[dtype], shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const first = 8 + 8 * Math.ceil(text.length / 8);
  const out = new Uint8Array(first + end).fill(0x20, 8, first);
  out.set(text, 8);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(first - 8), true);
  entries.forEach(([, array], i) => {
    putElements(new DataView(out.buffer, first + (starts[i] ?? 0)), array, storedBytes(array.dtype));
  });
  return out;
}
