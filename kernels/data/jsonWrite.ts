/**
 * Arrays → `{name: {dtype, shape, data}}` as JSON text, flat and row-major: the way out; json.ts is the way in. What is
 * not finite stands as "nan", "inf", "-inf", and -0 keeps its sign, as in the fixtures of PyTorch's values.
 */
import { TORCH_NAMES } from "../ir/ops.ts";
import type { ArrayToWrite } from "./npyWrite.ts";
import { fail } from "./value.ts";

/** Beyond so many numbers the text would come near the longest string there is. */
const MAX_NUMBERS = 2 ** 24;

/** @throws DataFault where the arrays are too large for text */
export function writeJson(arrays: Readonly<Record<string, ArrayToWrite>>): Uint8Array<ArrayBuffer> {
  const count = Object.values(arrays).reduce((sum, { data }) => sum + data.length, 0);
  if (count > MAX_NUMBERS) fail(`${count} numbers are too many for JSON (${MAX_NUMBERS} at most); name it .npz or .safetensors`);
  const parts = Object.entries(arrays).map(([name, { dtype, shape, data }]) => {
    const numbers = dtype === "bool" ? Array.from(data, (x) => String(x !== 0)) : Array.from(data, numberText);
    return `${JSON.stringify(name)}:{"dtype":"${TORCH_NAMES[dtype]}","shape":${JSON.stringify(shape)},"data":[${numbers.join()}]}`;
  });
  return new TextEncoder().encode(`{${parts.join()}}`);
}

function numberText(x: number): string {
  if (Number.isFinite(x)) return Object.is(x, -0) ? "-0.0" : String(x);
  return Number.isNaN(x) ? '"nan"' : x > 0 ? '"inf"' : '"-inf"';
}
