/**
 * Where documents begin: a mask that compares a captured value of the query with one of the key (`ids[q_idx] ==
 * ids[kv_idx]`) falls into pieces wherever that value changes. From the expression and a plane to the starts of the pieces
 * on both sides, with the value of each; nothing where no such comparison is there, or where the values change so often
 * that they name no documents.
 */
import { boxOf } from "../analysis/interval.ts";
import { compileCells } from "../emit/js.ts";
import type { Expr } from "../ir/expr.ts";
import { freeVars, postorder } from "../ir/walk.ts";

/** One side's pieces, in order: the first index of each and the value that it has there. The first start is 0. */
export interface Pieces {
  readonly starts: Int32Array;
  readonly values: Float64Array;
}

export interface Documents {
  /** The captured tensor's name. */
  readonly name: string;
  readonly q: Pieces;
  readonly kv: Pieces;
}

export interface DocumentsOf {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/** Pieces shorter than this on average are no documents. */
const SHORTEST = 4;

/** The documents of batch `b` and head `h`; null where the mask has none, or one alone. */
export function documentsOf(body: Expr, size: DocumentsOf, b: number, h: number): Documents | null {
  for (const e of postorder([body])) {
    if (e.kind !== "binary" || (e.op !== "eq" && e.op !== "ne")) continue;
    const [query, key] = dependsOn(e.a, "q_idx") ? [e.a, e.b] : [e.b, e.a];
    if (!dependsOn(query, "q_idx") || dependsOn(query, "kv_idx") || !dependsOn(key, "kv_idx") || dependsOn(key, "q_idx")) continue;
    const name = integerCapture(query);
    if (name === null || integerCapture(key) === null) continue;
    const box = boxOf(size.batch, size.heads, size.qLen, size.kvLen);
    const q = piecesOf((out) => compileCells(query, box)(out, { b, h, q0: 0, q1: size.qLen, k0: 0, k1: 1 }, null), size.qLen);
    const kv = piecesOf((out) => compileCells(key, box)(out, { b, h, q0: 0, q1: 1, k0: 0, k1: size.kvLen }, null), size.kvLen);
    if (q === null || kv === null || q.starts.length + kv.starts.length < 3) continue;
    return { name, q, kv };
  }
  return null;
}

const dependsOn = (e: Expr, name: "q_idx" | "kv_idx"): boolean => freeVars(e).has(name);

/** The name of an integer tensor that the side reads; null where it reads none. */
function integerCapture(e: Expr): string | null {
  for (const node of postorder([e])) {
    if (node.kind === "load" && !["f16", "bf16", "f32", "f64"].includes(node.dtype)) return node.capture.name;
  }
  return null;
}

function piecesOf(fill: (out: Float64Array) => void, length: number): Pieces | null {
  const ids = new Float64Array(length);
  fill(ids);
  const starts: number[] = [];
  for (let i = 0; i < length; i++) if (i === 0 || ids[i] !== ids[i - 1]) starts.push(i);
  if (starts.length > 1 && starts.length * SHORTEST > length) return null;
  return { starts: Int32Array.from(starts), values: Float64Array.from(starts, (i) => ids[i] ?? 0) };
}
