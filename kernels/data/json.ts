/**
 * JSON as data: numbers, strings, lists and objects as Python's `json` reads them (`2.0` is a float, `2` an int), and
 * as tensors: nested lists of numbers, or `{dtype, shape, data}` with PyTorch's names for dtypes.
 */
import { arrayFor } from "../ir/mod.ts";
import { toDType } from "../ir/number.ts";
import { type DType, TORCH_NAMES } from "../ir/ops.ts";
import { type DataArray, type DataValue, elementsIn, fail, tableOf } from "./value.ts";

export type Json = null | boolean | number | string | { readonly float: number } | readonly Json[] | ReadonlyMap<string, Json>;

const FLOAT = "\u0001"; // no string of a person's begins so
const DTYPES = new Map<string, DType>((Object.keys(TORCH_NAMES) as DType[]).map((d) => [TORCH_NAMES[d], d]));
const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/**
 * The text's tree. Whole numbers that are written as floats, and the three words that Python writes for what is not
 * finite, are `{ float }`. @throws DataFault
 */
export function parseJson(text: string): Json {
  try {
    return tree(JSON.parse(markFloats(text)));
  } catch (error) {
    return fail(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Nested lists of numbers as a tensor, `{dtype, shape, data}` as one, other objects as tables of these. @throws DataFault */
export function readJson(bytes: Uint8Array): DataValue {
  return tensors(parseJson(new TextDecoder().decode(bytes).replace(/^\uFEFF/, "")));
}

/** The tree as Python's `json` gives it: lists stay lists. */
export function plain(json: Json): DataValue {
  if (isList(json)) return { kind: "list", items: json.map(plain) };
  if (isTable(json)) return tableOf([...json.keys()], (name) => plain(json.get(name) ?? null));
  return { kind: "scalar", value: json };
}

/** JavaScript's JSON does not tell `2.0` from `2`: such become strings that begin with FLOAT. */
function markFloats(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity/g, (token) => {
    if (token.startsWith('"')) return token;
    if (token in SPECIAL) return `"\\u0001${token}"`;
    return /[.eE]/.test(token) && Number.isInteger(Number(token)) ? `"\\u0001${token}"` : token;
  });
}

/** What `markFloats` marked; null for any other string. */
function markedFloat(text: string): number | null {
  if (!text.startsWith(FLOAT)) return null;
  const word = text.slice(1);
  return SPECIAL[word] ?? Number(word);
}

function tree(x: unknown): Json {
  if (x === null || typeof x === "boolean") return x;
  if (typeof x === "number") return Number.isInteger(x) ? x : { float: x };
  if (typeof x === "string") {
    const float = markedFloat(x);
    return float === null ? x : { float };
  }
  if (Array.isArray(x)) return x.map(tree);
  return new Map(Object.entries(x as object).map(([key, value]) => [key, tree(value)]));
}

const isList = (x: Json): x is readonly Json[] => Array.isArray(x);
const isTable = (x: Json): x is ReadonlyMap<string, Json> => x instanceof Map;

function tensors(json: Json): DataValue {
  if (isList(json)) return fromLists(json) ?? { kind: "list", items: json.map(tensors) };
  if (!isTable(json)) return { kind: "scalar", value: json };
  if (json.has("dtype") && json.has("shape") && json.has("data")) return describedTensor(json);
  return tableOf([...json.keys()], (name) => tensors(json.get(name) ?? null));
}

/** null where the lists hold other things than numbers. */
function fromLists(json: readonly Json[]): DataArray | null {
  const shape: number[] = [];
  for (let at: Json | undefined = json; at !== undefined && isList(at); at = at[0]) shape.push(at.length);
  const flat: (number | boolean | { readonly float: number })[] = [];
  let depthIsSame = true;
  const walk = (x: Json, depth: number): boolean => {
    if (isList(x)) {
      if (shape[depth] !== x.length) depthIsSame = false;
      return x.every((item) => walk(item, depth + 1));
    }
    if (depth !== shape.length) depthIsSame = false;
    if (typeof x !== "number" && typeof x !== "boolean" && !isFloat(x)) return false;
    flat.push(x);
    return true;
  };
  if (!walk(json, 0)) return null;
  if (!depthIsSame) return fail("its lists are not all of one length, so they make no tensor");
  const dtype: DType = flat.some(isFloat) || flat.length === 0 ? "f32" : flat.every((x) => typeof x === "boolean") ? "bool" : "i64";
  return filled(
    dtype,
    shape,
    flat.map((x) => (isFloat(x) ? x.float : Number(x))),
  );
}

const isFloat = (x: Json): x is { readonly float: number } => typeof x === "object" && x !== null && "float" in x;

/** `{dtype, shape, data}` as a tensor; what is not finite may stand as "nan", "inf", "-inf". @throws DataFault */
export function describedTensor(json: ReadonlyMap<string, Json>): DataArray {
  const word = json.get("dtype");
  const dtype = typeof word === "string" ? DTYPES.get(word.replace(/^torch\./, "")) : undefined;
  if (dtype === undefined) return fail(`\`${String(word)}\` is no dtype of PyTorch's`);
  const shape = json.get("shape") ?? null;
  const data = json.get("data") ?? null;
  if (!isList(shape) || !isList(data)) return fail("`shape` and `data` must be lists");
  const values = leaves(data).map((x) => {
    if (typeof x === "string" && x in SPECIAL) return SPECIAL[x] ?? 0;
    return isFloat(x) ? x.float : typeof x === "number" || typeof x === "boolean" ? Number(x) : fail("`data` holds what is no number");
  });
  return filled(dtype, shape.map(Number), values);
}

/** What nested lists hold, in order. */
function leaves(json: Json): Json[] {
  return isList(json) ? json.flatMap(leaves) : [json];
}

function filled(dtype: DType, shape: readonly number[], values: readonly number[]): DataArray {
  const length = elementsIn(shape, 8);
  if (length !== values.length) fail(`shape [${shape.join(", ")}] needs ${length} values and ${values.length} are there`);
  const data = arrayFor(dtype, length);
  values.forEach((x, i) => {
    if (dtype === "i64" && !Number.isSafeInteger(x)) fail(`${x} is beyond what is exact here (2^53)`);
    data[i] = toDType(x, dtype);
  });
  return { kind: "array", dtype, shape, data, widenedFrom: null };
}
