/** A cell as people type it, `120, 64` or `4k 64`: from the text to the cell, or to why there is none. */
import { integer, parseSize } from "../number.ts";
import type { Cell } from "../state.ts";
import type { Extent } from "./viewport.ts";

export function parseCell(text: string, { qLen, kvLen }: Extent): Cell | { readonly fault: string } {
  const parts = text.trim().split(/\s*[,;]\s*|\s+/);
  const [q, kv] = parts.map(indexOf);
  if (parts.length !== 2 || q === undefined || kv === undefined || q === null || kv === null)
    return { fault: "Two numbers, a query and a key: `120, 64`." };
  if (q >= qLen) return { fault: `Queries go from 0 to ${integer(qLen - 1)}.` };
  if (kv >= kvLen) return { fault: `Keys go from 0 to ${integer(kvLen - 1)}.` };
  return { q, kv };
}

/** `parseSize` takes no zero, and an index may be one. */
const indexOf = (text: string): number | null => (/^0+$/.test(text) ? 0 : parseSize(text));
