/**
 * What can be done with results that stand in a list: measured again as they were, copied as a table, deleted. A command
 * acts on the entries that it was called on; from the palette on all, and where that would lose something on those that
 * somebody picks.
 */
import * as vscode from "vscode";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { age, resultsCsv, resultsMarkdown } from "../../kernels/runtime/resultText.ts";
import { COMMANDS } from "../contributions.ts";
import type { Documents } from "../documents.ts";
import { copyText } from "../editor.ts";
import type { History } from "../history.ts";
import { freshnessOf, resultTitle } from "../lensTitle.ts";
import type { Panels } from "../panels.ts";
import { problemOf } from "../reading.ts";
import type { ResultStore } from "../results.ts";
import type { Shown } from "../runs.ts";
import { type Chosen, chosenOf, sizesAgain } from "./chosen.ts";
import { nameOf } from "./documentName.ts";
import type { WorkspaceIndex } from "./workspaceIndex.ts";

interface ResultParts {
  readonly results: ResultStore;
  readonly history: History;
  readonly panels: Panels;
  readonly index: Pick<WorkspaceIndex, "rowOf">;
}

export function registerResultActions({ results, history, panels, index }: ResultParts): vscode.Disposable {
  const chosenOrAll = (entry: unknown, entries: unknown): readonly Chosen[] => {
    const chosen = chosenOf(entry, entries);
    return chosen.length > 0 ? chosen : everything(results);
  };
  const isStale = (document: string, result: BenchResult): boolean => {
    const row = index.rowOf(document, result.variant);
    return row === null || (row !== undefined && freshnessOf(result, row.key, row.problem).kind !== "fresh");
  };
  return vscode.Disposable.from(
    vscode.commands.registerCommand(COMMANDS.copyResultsMarkdown, (entry, entries) => {
      const tables = chosenOrAll(entry, entries).map((each) => resultsMarkdown(each.results, (result) => isStale(each.document, result)));
      return copyText(tables.join("\n\n"));
    }),
    vscode.commands.registerCommand(COMMANDS.copyResultsCsv, (entry, entries) =>
      copyText(resultsCsv(chosenOrAll(entry, entries).flatMap((each) => each.results))),
    ),
    vscode.commands.registerCommand(COMMANDS.deleteResults, async (entry, entries) => {
      const chosen = chosenOf(entry, entries);
      for (const { document, results: gone } of chosen.length > 0 ? chosen : await pickResults(everything(results))) {
        results.remove(document, gone);
        history.forgetRows(document, gone);
        panels.tellAll({ type: "forget", document, results: gone });
      }
    }),
  );
}

/** All that is stored. */
export const everything = (results: ResultStore): readonly Chosen[] =>
  results.documents().map((document) => ({ document, results: results.of(document) }));

/** Asks which of them; none where the question is left. */
async function pickResults(all: readonly Chosen[]): Promise<readonly Chosen[]> {
  const items = all.flatMap(({ document, results }) =>
    results.map((result) => ({
      label: `${result.variant} · ${result.engine}`,
      description: resultTitle(result, { kind: "fresh" }),
      detail: `${nameOf(document).file} · ${result.device.name} · ${age(Date.now() - result.measuredAt)}`,
      document,
      result,
    })),
  );
  const options = { canPickMany: true, matchOnDetail: true, placeHolder: "Delete the results of" } as const;
  const picked = (await vscode.window.showQuickPick(items, options)) ?? [];
  return all.map(({ document }) => ({
    document,
    results: picked.filter((item) => item.document === document).map(({ result }) => result),
  }));
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
