/**
 * What can be done with results in a list: measured again as they were, copied as a table, deleted. On the entries that
 * are selected; from the palette on those that somebody picks, or on all.
 */
import * as vscode from "vscode";
import type { Problem } from "../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import type { Documents } from "../documents.ts";
import { age, resultTitle } from "../lensTitle.ts";
import type { Panels } from "../panels.ts";
import { problemOf } from "../reading.ts";
import type { ResultStore } from "../results.ts";
import type { Shown } from "../runs.ts";
import { placeOf } from "./node.ts";

/** Results of one document. */
export interface Chosen {
  readonly document: string;
  readonly results: readonly BenchResult[];
}

/** The results of the entries that a command got: of the one that it was called on, and of all selected with it. */
export function chosenOf(argument: unknown, selected: unknown): readonly Chosen[] {
  const entries = Array.isArray(selected) && selected.includes(argument) ? selected : [argument];
  const chosen = new Map<string, Set<BenchResult>>();
  for (const entry of entries) {
    const place = placeOf(entry);
    if (place?.kind !== "results") continue;
    const own = chosen.get(place.document) ?? new Set();
    for (const result of place.results) own.add(result);
    chosen.set(place.document, own);
  }
  return [...chosen].map(([document, results]) => ({ document, results: [...results] }));
}

/** All that is stored. */
export const everything = (results: ResultStore): readonly Chosen[] =>
  results.documents().map((document) => ({ document, results: results.of(document) }));

/** Asks which of them; none where the question is left. */
export async function pickResults(all: readonly Chosen[], nameOf: (document: string) => string, now: number): Promise<readonly Chosen[]> {
  const items = all.flatMap(({ document, results }) =>
    results.map((result) => ({
      label: `${result.variant} · ${result.engine}`,
      description: resultTitle(result, { kind: "fresh" }),
      detail: `${nameOf(document)} · ${result.device.name} · ${age(now - result.measuredAt)}`,
      document,
      result,
    })),
  );
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    matchOnDetail: true,
    placeHolder: "Delete the results of",
  });
  return all.flatMap(({ document }) => {
    const own = (picked ?? []).filter((item) => item.document === document).map(({ result }) => result);
    return own.length === 0 ? [] : [{ document, results: own }];
  });
}

const SIZES = ["batch", "qHeads", "kvHeads", "qLen", "kvLen", "qkHeadDim", "vHeadDim", "scale", "storage"] as const;

/** What has to be said over `now` for the sizes to be those of `then`. */
export function sizesAgain(then: Problem, now: Problem): ProblemHints {
  const sizes = Object.fromEntries(SIZES.flatMap((name) => (then[name] === now[name] ? [] : [[name, then[name]]])));
  return then.blockSize.join() === now.blockSize.join() ? sizes : { ...sizes, blockSize: then.blockSize };
}

/** Measures a variant as it was last: at the sizes of then, which are the panel's from now on, by the kernels asked for. */
export async function rerun(shown: Shown, parts: { documents: Documents; results: ResultStore; panels: Panels }): Promise<void> {
  const { documents, results, panels } = parts;
  const reading = await documents.open(shown.document);
  const variant = reading?.module.variants.find(({ name }) => name === shown.variant);
  const last = results
    .ofVariant(shown.document, shown.variant ?? "")
    .reduce<BenchResult | null>((best, result) => (best === null || result.measuredAt > best.measuredAt ? result : best), null);
  if (reading !== null && variant !== undefined && last !== null) {
    const sizes = sizesAgain(last.problem, problemOf(reading, variant));
    if (Object.keys(sizes).length > 0) documents.setInputs(shown.document, { problem: { ...reading.inputs.problem, ...sizes } });
  }
  panels.run(shown);
}
