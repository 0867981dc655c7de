/**
 * Tables of numbers as text: comma, semicolon, tab or spaces between the cells, with or without a line of names, `#`
 * comments. Whole numbers give int64, true and false bool, others float32, as `torch.tensor` of the same lists does.
 * One column or one row is 1-d. With names each column can be asked for by its own.
 */
import { arrayFor } from "../ir/mod.ts";
import { toDType } from "../ir/number.ts";
import type { DType } from "../ir/ops.ts";
import { type DataArray, fail } from "./value.ts";

export interface CsvData {
  readonly array: DataArray;
  /** The names of the first line; empty without one. */
  readonly names: readonly string[];
  /** The column of that name, 1-d; null if there is none. */
  readonly column: (name: string) => DataArray | null;
}

interface Row {
  /** 1-based. */
  readonly line: number;
  readonly cells: readonly string[];
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const WHOLE = /^[+-]?\d+$/;
const WORDS: Readonly<Record<string, number>> = {
  true: 1,
  false: 0,
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** @throws DataFault */
export function readCsv(bytes: Uint8Array): CsvData {
  const rows = splitRows(new TextDecoder().decode(bytes).replace(/^\uFEFF/, ""));
  const [first] = rows;
  if (first === undefined) return fail("it holds no numbers");
  const named = first.cells.some((cell) => !isNumber(cell));
  const body = named ? rows.slice(1) : rows;
  const width = first.cells.length;
  for (const { line, cells } of body) {
    if (cells.length !== width) fail(`line ${line} has ${cells.length} values and line ${first.line} has ${width}`);
    const odd = cells.find((cell) => !isNumber(cell));
    if (odd !== undefined) fail(odd === "" ? `line ${line} lacks a value` : `\`${odd}\` on line ${line} is no number`);
  }
  if (body.length === 0) fail("it holds a line of names and no numbers");
  const names = named ? first.cells : [];
  const flat = body.flatMap(({ cells }) => cells);
  const shape = width === 1 || body.length === 1 ? [flat.length] : [body.length, width];
  return {
    array: arrayOf(flat, shape),
    names,
    column(name) {
      const at = names.indexOf(name);
      if (at < 0) return null;
      const cells = body.map((row) => row.cells[at] ?? "");
      return arrayOf(cells, [cells.length]);
    },
  };
}

function splitRows(text: string): Row[] {
  const lines = text.split(/\r\n|\r|\n/).map((line, i) => ({ line: i + 1, text: line.replace(/#.*$/, "").trim() }));
  const full = lines.filter((line) => line.text !== "");
  const separator = [",", ";", "\t"].find((s) => full.some((line) => line.text.includes(s))) ?? /\s+/;
  return full.map((line) => ({
    line: line.line,
    cells: (typeof separator === "string" ? line.text.replace(new RegExp(`${separator}$`), "") : line.text)
      .split(separator)
      .map((cell) => cell.trim().replace(/^"(.*)"$|^'(.*)'$/, "$1$2")),
  }));
}

const isNumber = (cell: string): boolean => NUMBER.test(cell) || cell.toLowerCase() in WORDS;

function arrayOf(cells: readonly string[], shape: readonly number[]): DataArray {
  const dtype: DType = cells.every((c) => /^(true|false)$/i.test(c)) ? "bool" : cells.every((c) => WHOLE.test(c)) ? "i64" : "f32";
  const data = arrayFor(dtype, cells.length);
  cells.forEach((cell, i) => {
    const n = WORDS[cell.toLowerCase()] ?? Number(cell);
    if (dtype === "i64" && !Number.isSafeInteger(n)) fail(`${cell} is beyond what is exact here (2^53)`);
    data[i] = toDType(n, dtype);
  });
  return { kind: "array", dtype, shape, data, widenedFrom: null };
}
