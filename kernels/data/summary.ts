/** What is in a tensor, in a few figures: for the list of captures in the panel, the hover and the command line. */
import type { Capture } from "../ir/mod.ts";

export interface Summary {
  readonly elements: number;
  /** Of what is finite; null where nothing is. */
  readonly min: number | null;
  readonly max: number | null;
  /** Different values; null where there are more than are counted. */
  readonly distinct: number | null;
  /** The first values. */
  readonly first: readonly number[];
  /** Elements that are nan or infinite. */
  readonly notFinite: number;
  /** Of bool: how many are true. */
  readonly trues: number | null;
}

type Data = Pick<Capture, "dtype" | "data">;

const MOST_DISTINCT = 4096;
const FIRST = 8;
const known = new WeakMap<object, Summary>();

/** Computed once for the data. */
export function summarize(tensor: Data): Summary {
  const before = known.get(tensor.data);
  if (before !== undefined) return before;
  const { data, dtype } = tensor;
  const seen = new Set<number>();
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let notFinite = 0;
  let trues = 0;
  for (const x of data) {
    if (seen.size <= MOST_DISTINCT) seen.add(x);
    if (!Number.isFinite(x)) {
      notFinite++;
      continue;
    }
    if (x < min) min = x;
    if (x > max) max = x;
    if (x !== 0) trues++;
  }
  const someFinite = notFinite < data.length;
  const summary: Summary = {
    elements: data.length,
    min: someFinite ? min : null,
    max: someFinite ? max : null,
    distinct: seen.size > MOST_DISTINCT ? null : seen.size,
    first: Array.from(data.subarray(0, FIRST)),
    notFinite,
    trues: dtype === "bool" ? trues : null,
  };
  known.set(data, summary);
  return summary;
}

/** `0 … 31, 32 distinct: 0, 0, 1, …`; `True for 12 of 16` for bool; `no elements`. */
export function summaryText(tensor: Data): string {
  const s = summarize(tensor);
  if (s.elements === 0) return "no elements";
  if (s.trues !== null) return `True for ${s.trues} of ${s.elements}`;
  const values = s.first.map(short).join(", ") + (s.elements > s.first.length ? ", …" : "");
  if (s.elements <= 2) return values;
  const isOne = s.distinct === 1;
  const range = s.min === null || s.max === null ? "nothing finite" : isOne ? `all ${short(s.min)}` : `${short(s.min)} … ${short(s.max)}`;
  const distinct = isOne ? "" : s.distinct === null ? `, over ${MOST_DISTINCT} distinct` : `, ${s.distinct} distinct`;
  const odd = s.notFinite === 0 ? "" : `, ${s.notFinite} not finite`;
  return `${range}${distinct}${odd}: ${values}`;
}

/** Four significant digits, as Python writes what is not finite. */
function short(x: number): string {
  if (Number.isInteger(x)) return String(x);
  if (Number.isFinite(x)) return String(Number(x.toPrecision(4)));
  return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
}
