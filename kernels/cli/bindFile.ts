/** `--bind-file`: JSON from name to a scalar or a tensor, as bindings for the front end. */
import { decode } from "../data/element.ts";
import { describedTensor, type Json, parseJson } from "../data/json.ts";
import { DataFault } from "../data/value.ts";
import type { BindingValue } from "../frontend/module.ts";
import type { Capture } from "../ir/mod.ts";
import { type DType, TORCH_NAMES } from "../ir/ops.ts";
import { UsageError } from "./options.ts";

const DTYPES = new Map<string, DType>((Object.keys(TORCH_NAMES) as DType[]).map((d) => [TORCH_NAMES[d], d]));
const SPECIAL: ReadonlySet<string> = new Set(["nan", "inf", "-inf"]);

/**
 * A scalar becomes its Python text, `{dtype, shape, data | b64}` a tensor: dtype as PyTorch prints it without `torch.`,
 * data flat and row-major, what is not finite as "nan" "inf" "-inf", b64 little-endian (bool: a byte an element).
 * @throws UsageError
 */
export function readBindings(text: string, file: string): Record<string, BindingValue> {
  const json = inFile(file, () => parseJson(text));
  if (!isTable(json)) throw new UsageError(`${file} must hold one object from name to value`);
  return Object.fromEntries(
    [...json].map(([name, value]) => [name, isTable(value) ? tensorIn(name, value, file) : scalar(name, value, file)]),
  );
}

/** One tensor, `{dtype, shape, data | b64}`, as `--scores` has it. @throws UsageError */
export function readTensor(text: string, file: string): Capture {
  const json = inFile(file, () => parseJson(text));
  if (!isTable(json)) throw new UsageError(`${file} must hold one tensor, {dtype, shape, data | b64}`);
  return tensorIn("scores", json, file);
}

const isTable = (x: Json): x is ReadonlyMap<string, Json> => x instanceof Map;
const isList = (x: Json): x is readonly Json[] => Array.isArray(x);

/** What is wrong with the data is wrong usage. */
function inFile<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DataFault) throw new UsageError(`${what} cannot be used: ${error.message}`);
    throw error;
  }
}

function scalar(name: string, value: Json, file: string): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return SPECIAL.has(value) ? `float("${value}")` : JSON.stringify(value);
  if (isList(value)) return `[${value.map((x) => scalar(name, x, file)).join(", ")}]`;
  if ("float" in value) return floatText(value.float);
  throw new UsageError(`\`${name}\` in ${file} is neither a scalar nor {dtype, shape, data | b64}`);
}

/** A float as Python writes it: with a point or an exponent. */
function floatText(x: number): string {
  if (!Number.isFinite(x)) return `float("${String(x).replace("Infinity", "inf").toLowerCase()}")`;
  const text = String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** `{dtype, shape, data | b64}` as a tensor. @throws UsageError */
export function tensorIn(name: string, value: ReadonlyMap<string, Json>, file: string): Capture {
  const what = `\`${name}\` in ${file}`;
  return inFile(what, () => {
    const b64 = value.get("b64");
    if (typeof b64 !== "string") return { name, ...describedTensor(value) };
    const dtype = DTYPES.get(String(value.get("dtype")));
    const shape = value.get("shape") ?? null;
    if (dtype === undefined) throw new UsageError(`${what}: no dtype \`${String(value.get("dtype"))}\``);
    if (!isList(shape)) throw new UsageError(`${what}: no \`shape\``);
    const { data, shape: sizes } = decode(new Uint8Array(Buffer.from(b64, "base64")), dtype, shape.map(Number));
    return { name, dtype, shape: sizes, data };
  });
}
