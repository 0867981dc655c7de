/** `--bind-file`: JSON from name to a scalar or a tensor, as bindings for the front end. */
import type { BindingValue } from "../frontend/module.ts";
import { arrayFor, type Capture } from "../ir/mod.ts";
import { DTYPE_BYTES, type DType, TORCH_NAMES } from "../ir/ops.ts";
import { UsageError } from "./options.ts";

const DTYPES = new Map<string, DType>((Object.keys(TORCH_NAMES) as DType[]).map((d) => [TORCH_NAMES[d], d]));
const SPECIAL: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY };

/**
 * A scalar becomes its Python text, `{dtype, shape, data | b64}` a tensor: dtype as PyTorch prints it without `torch.`,
 * data flat and row-major, what is not finite as "nan" "inf" "-inf", b64 little-endian (bool: a byte an element).
 * @throws UsageError
 */
export function readBindings(text: string, file: string): Record<string, BindingValue> {
  let json: unknown;
  try {
    json = JSON.parse(markFloats(text));
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(json)) throw new UsageError(`${file} must hold one object from name to value`);
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, isRecord(value) ? tensor(name, value, file) : scalar(name, value, file)]),
  );
}

/**
 * Python's json reads `2.0` as a float and `2` as an int; JavaScript's does not tell. Whole numbers that are written as
 * floats become strings that begin with FLOAT.
 */
function markFloats(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^[-\d].*[.eE]/.test(token) && Number.isInteger(Number(token)) ? `"\\u0001${token}"` : token,
  );
}

const FLOAT = "\u0001"; // no string of a person's begins so

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);

function scalar(name: string, value: unknown, file: string): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string" && value.startsWith(FLOAT)) return value.slice(FLOAT.length);
  if (typeof value === "string") return value in SPECIAL ? `float("${value}")` : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((x) => scalar(name, x, file)).join(", ")}]`;
  throw new UsageError(`\`${name}\` in ${file} is neither a scalar nor {dtype, shape, data | b64}`);
}

function tensor(name: string, value: Record<string, unknown>, file: string): Capture {
  const fail = (what: string): never => {
    throw new UsageError(`\`${name}\` in ${file}: ${what}`);
  };
  const dtype = DTYPES.get(String(value["dtype"])) ?? fail(`no dtype \`${String(value["dtype"])}\``);
  const shape = Array.isArray(value["shape"]) ? value["shape"].map(Number) : fail("no `shape`");
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0)) fail(`shape ${JSON.stringify(shape)}`);
  const length = shape.reduce((a, n) => a * n, 1);
  const numbers =
    typeof value["b64"] === "string"
      ? fromBase64(value["b64"], dtype)
      : Array.isArray(value["data"])
        ? value["data"].map(toNumber)
        : fail("neither `data` nor `b64`");
  if (numbers.length !== length) fail(`shape ${JSON.stringify(shape)} needs ${length} values, there are ${numbers.length}`);
  const data = arrayFor(dtype, length);
  data.set(numbers);
  return { name, dtype, shape, data };
}

const toNumber = (x: unknown): number => (typeof x === "string" ? (SPECIAL[x] ?? Number(x.replace(FLOAT, ""))) : Number(x));

function fromBase64(text: string, dtype: DType): number[] {
  const bytes = Buffer.from(text, "base64");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = DTYPE_BYTES[dtype];
  return Array.from({ length: Math.floor(bytes.length / step) }, (_, i) => readElement(view, i * step, dtype));
}

function readElement(view: DataView, at: number, dtype: DType): number {
  switch (dtype) {
    case "bool":
    case "u8":
      return view.getUint8(at);
    case "i8":
      return view.getInt8(at);
    case "i16":
      return view.getInt16(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "i64":
      return Number(view.getBigInt64(at, true));
    case "f64":
      return view.getFloat64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f16":
      return fromHalf(view.getUint16(at, true));
    case "bf16": {
      const wide = new DataView(new ArrayBuffer(4));
      wide.setUint16(0, view.getUint16(at, true));
      return wide.getFloat32(0);
    }
  }
}

function fromHalf(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
