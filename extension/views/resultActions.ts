/** Results to act on where no entry says which, and a variant measured again as it was. */
import * as vscode from "vscode";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import type { Documents } from "../documents.ts";
import { age, resultTitle } from "../lensTitle.ts";
import type { Panels } from "../panels.ts";
import { problemOf } from "../reading.ts";
import type { ResultStore } from "../results.ts";
import type { Shown } from "../runs.ts";
import { type Chosen, sizesAgain } from "./chosen.ts";

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
