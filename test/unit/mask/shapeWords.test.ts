import { describe, expect, it } from "vitest";
import { type ShapeRow, shapeQueries, shapeWords } from "../../../kernels/mask/shapeWords.ts";

type Allowed = (q: number, kv: number) => boolean;

/** Rows of a mask by looking at every cell. */
function rowsOf(allowed: Allowed, qLen: number, kvLen: number): readonly ShapeRow[] {
  return shapeQueries({ qLen, kvLen }).map((q) => {
    const runs: [number, number][] = [];
    for (let kv = 0; kv < kvLen; kv++) {
      if (!allowed(q, kv)) continue;
      const last = runs.at(-1);
      if (last !== undefined && last[1] === kv) last[1] = kv + 1;
      else runs.push([kv, kv + 1]);
    }
    return { q, runs };
  });
}

const causal: Allowed = (q, kv) => q >= kv;
const documentOf = (i: number): number => Math.floor(i / 75);

const CASES: readonly {
  readonly name: string;
  readonly allowed: Allowed;
  readonly says: string;
  readonly qLen?: number;
  readonly documents?: number;
}[] = [
  { name: "a causal mask", allowed: causal, says: "causal-like" },
  { name: "a causal mask of the last queries", allowed: (q, kv) => q + 200 >= kv, qLen: 100, says: "causal-like" },
  { name: "a sliding window", allowed: (q, kv) => q >= kv && q - kv < 40, says: "causal-like, window of 40 keys" },
  {
    name: "a window with sink tokens",
    allowed: (q, kv) => q >= kv && (q - kv < 40 || kv < 4),
    says: "causal-like, window of 40 keys after 4 sink tokens",
  },
  { name: "a band", allowed: (q, kv) => Math.abs(q - kv) <= 20, says: "a band of 20 keys before and 20 after the query" },
  { name: "a prefix", allowed: (q, kv) => kv < 64 || q >= kv, says: "causal-like after a prefix of 64 keys" },
  {
    name: "packed documents",
    allowed: (q, kv) => q >= kv && documentOf(q) === documentOf(kv),
    documents: 4,
    says: "causal-like, 4 documents",
  },
  { name: "documents that see themselves whole", allowed: (q, kv) => documentOf(q) === documentOf(kv), documents: 4, says: "4 documents" },
  { name: "every third key", allowed: (q, kv) => q >= kv && (q - kv) % 3 === 0, says: "causal-like, with gaps" },
  {
    name: "a window of every fourth key",
    allowed: (q, kv) => q >= kv && q - kv < 41 && (q - kv) % 4 === 0,
    says: "causal-like, window of 41 keys, with gaps",
  },
  { name: "no key at all", allowed: () => false, says: "nothing allowed" },
  { name: "every key", allowed: () => true, says: "everything allowed" },
  { name: "keys of some hash", allowed: (q, kv) => (q * 7919 + kv * 104_729) % 101 < 3, says: "with gaps" },
  { name: "one key somewhere", allowed: (q, kv) => kv === (q * 37) % 300, says: "irregular" },
];

describe("the shape in words", () => {
  it.each(CASES)("of $name: $says", ({ allowed, says, qLen = 300, documents = 0 }) => {
    const size = { qLen, kvLen: 300 };
    expect(shapeWords(rowsOf(allowed, qLen, 300), size, documents)).toBe(says);
  });

  it("is told by rows from the first to the last, and by all where these are few", () => {
    expect(shapeQueries({ qLen: 5, kvLen: 9 })).toEqual([0, 1, 2, 3, 4]);
    expect(shapeQueries({ qLen: 1, kvLen: 9 })).toEqual([0]);
    const many = shapeQueries({ qLen: 1_048_576, kvLen: 1 });
    expect([many[0], many.at(-1), many.length]).toEqual([0, 1_048_575, 33]);
  });
});
