/** The shape of the mask shown in words, found at rest: rows are looked at once edits and planes have stood still for a moment. */
import { useEffect, useState } from "preact/hooks";
import type { Documents } from "../../kernels/mask/documents.ts";
import { rowRuns } from "../../kernels/mask/rowRuns.ts";
import { shapeQueries, shapeWords } from "../../kernels/mask/shapeWords.ts";
import type { Scene } from "../state.ts";

const REST_MS = 200;
/** A row of more keys may cost a millisecond to look at. */
const LONG = 65_536;

/** Empty until it is known. */
export function useShapeWords(scene: Scene, batch: number, head: number, documents: Documents | null): string {
  const [found, setFound] = useState<{ readonly of: readonly unknown[]; readonly words: string } | null>(null);
  const of = [scene, batch, head];
  useEffect(() => {
    const { blockMask: mask, variant, problem } = scene;
    const timer = setTimeout(() => {
      const body = variant.maskMod?.body ?? null;
      const queries = shapeQueries(problem, problem.kvLen > LONG ? 9 : 33);
      const rows = queries.map((q) => ({ q, runs: rowRuns({ body, mask, b: batch, h: head, q }) }));
      setFound({ of, words: shapeWords(rows, problem, documents?.q.starts.length ?? 0) });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, of);
  return found?.of.every((part, i) => part === of[i]) === true ? found.words : "";
}
