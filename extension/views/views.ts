/**
 * The container in the activity bar: the variants of the workspace, what was measured, the gallery; and the commands on
 * what stands there. Nothing is read or drawn before one of the views is seen.
 */
import * as vscode from "vscode";
import { GALLERY } from "../../kernels/gallery/gallery.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { resultsCsv, resultsMarkdown } from "../../kernels/runtime/resultText.ts";
import { COMMANDS, CONTEXT_KEYS, INTERNAL_COMMANDS, VIEWS } from "../contributions.ts";
import type { Documents } from "../documents.ts";
import { copyText, revealSpan, setContext } from "../editor.ts";
import { eachGalleryVariant } from "../galleryVariant.ts";
import type { History } from "../history.ts";
import { freshnessOf } from "../lensTitle.ts";
import type { Panels } from "../panels.ts";
import type { ResultStore } from "../results.ts";
import { thumbnailOf } from "../thumbnail.ts";
import { type Chosen, chosenOf } from "./chosen.ts";
import { galleryNodes } from "./galleryNodes.ts";
import { everything, pickResults } from "./resultActions.ts";
import { resultNodes } from "./resultNodes.ts";
import { createTree } from "./trees.ts";
import { type DocumentName, variantNodes } from "./variantNodes.ts";
import type { VariantRow } from "./variantRow.ts";
import { createWorkspaceIndex, type WorkspaceIndex } from "./workspaceIndex.ts";

/** How often ages are written anew. */
const AGEING_MS = 60_000;

export interface ViewParts {
  readonly documents: Documents;
  readonly results: ResultStore;
  readonly history: History;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

export function registerViews({ documents, results, history, panels, log }: ViewParts): vscode.Disposable {
  const index = createWorkspaceIndex(documents, log);
  const rowOf = (document: string, variant: string): VariantRow | null | undefined => {
    const rows = index.files.get(document);
    return rows === undefined ? undefined : (rows.find(({ name }) => name === variant) ?? null);
  };
  const variants = createTree(VIEWS.variants, () =>
    variantNodes({ files: index.files, nameOf, resultsOf: results.ofVariant, now: Date.now() }),
  );
  const measured = createTree(VIEWS.results, () => resultNodes({ documents: everything(results), nameOf, rowOf, now: Date.now() }), true);
  const pictures = new Map<string, { readonly light: string; readonly dark: string }>();
  const gallery = createTree(VIEWS.gallery, () => galleryNodes(GALLERY, ({ file }) => pictures.get(file) ?? null));

  const tellProgress = (): void => {
    const { progress, isCut } = index;
    variants.view.description = progress === null ? "" : `${progress.done} of ${progress.total} files`;
    if (isCut)
      variants.view.message = "There are more Python files than are looked through: the variants of others are listed once they are open.";
    else delete variants.view.message;
    if (progress === null && index.isLookedThrough) setContext(CONTEXT_KEYS.lookedThrough, true);
  };
  const tellResults = (): void => {
    setContext(CONTEXT_KEYS.hasResults, results.documents().length > 0);
    if (measured.view.visible) index.want(results.documents());
    measured.refresh();
    variants.refresh();
  };
  const draw = (): void => {
    tellProgress();
    variants.refresh();
    measured.refresh();
  };
  const ageing = setInterval(() => {
    if (variants.view.visible) variants.refresh();
    if (measured.view.visible) measured.refresh();
  }, AGEING_MS);
  const paint = once(() =>
    eachGalleryVariant(
      (entry, { variant, problem }) => {
        pictures.set(entry.file, { light: thumbnailOf(variant, problem, "light"), dark: thumbnailOf(variant, problem, "dark") });
        gallery.refresh();
      },
      () => false,
    ),
  );

  tellResults();
  const shown = vscode.Disposable.from(
    index,
    variants,
    measured,
    gallery,
    index.onDidChange(draw),
    new vscode.Disposable(results.onChange(tellResults)),
    whenSeen(variants.view, () => index.start()),
    whenSeen(measured.view, () => index.want(results.documents())),
    whenSeen(gallery.view, paint),
    vscode.commands.registerCommand(COMMANDS.refreshVariants, () => index.restart()),
    vscode.commands.registerCommand(COMMANDS.goToVariant, () => goToVariant(index)),
    vscode.commands.registerCommand(INTERNAL_COMMANDS.openVariant, async (document, variant, command) => {
      if (await revealVariant(documents, String(document), String(variant)))
        await vscode.commands.executeCommand(command, document, variant);
    }),
    vscode.commands.registerCommand(COMMANDS.copyResultsMarkdown, (entry, entries) => {
      const isStale =
        (document: string) =>
        (result: BenchResult): boolean => {
          const row = rowOf(document, result.variant);
          return row === null || (row !== undefined && freshnessOf(result, row.key, row.problem).kind !== "fresh");
        };
      const tables = chosenOr(entry, entries, results).map((each) => resultsMarkdown(each.results, isStale(each.document)));
      return copyText(tables.join("\n\n"));
    }),
    vscode.commands.registerCommand(COMMANDS.copyResultsCsv, (entry, entries) =>
      copyText(resultsCsv(chosenOr(entry, entries, results).flatMap((each) => each.results))),
    ),
    vscode.commands.registerCommand(COMMANDS.deleteResults, async (entry, entries) => {
      const chosen = chosenOf(entry, entries);
      const all = everything(results);
      const gone = chosen.length > 0 ? chosen : await pickResults(all, (document) => nameOf(document).file, Date.now());
      for (const each of gone) {
        results.remove(each.document, each.results);
        history.forgetRows(each.document, each.results);
        panels.tellAll({ type: "forget", document: each.document, results: each.results });
      }
    }),
  );
  return new vscode.Disposable(() => {
    clearInterval(ageing);
    shown.dispose();
  });
}

/** The results that were chosen, or all. */
const chosenOr = (entry: unknown, entries: unknown, results: ResultStore): readonly Chosen[] => {
  const chosen = chosenOf(entry, entries);
  return chosen.length > 0 ? chosen : everything(results);
};

/** Selects a variant's name in its editor; says so in the status bar where there is none any more. */
export async function revealVariant(documents: Documents, document: string, name: string): Promise<boolean> {
  const variant = (await documents.open(document))?.module.variants.find((each) => each.name === name);
  if (variant === undefined) {
    vscode.window.setStatusBarMessage(`Flexlens: ${nameOf(document).file} has no variant ${name} any more`, 5000);
    return false;
  }
  await revealSpan(documents, variant.nameSpan);
  return true;
}

async function goToVariant(index: WorkspaceIndex): Promise<void> {
  index.start();
  const items = async (): Promise<(vscode.QuickPickItem & { readonly row: VariantRow })[]> => {
    await index.done();
    return variantNodes({ files: index.files, nameOf, resultsOf: () => [], now: 0 }).flatMap((file) =>
      file.children.map((node) => {
        const row = index.files.get(file.id)?.find(({ name }) => name === node.label);
        if (row === undefined) throw new Error(`${node.label} is in no row`);
        const icon = { light: vscode.Uri.parse(row.picture.light, true), dark: vscode.Uri.parse(row.picture.dark, true) };
        const where = file.description === "" ? file.label : `${file.description}/${file.label}`;
        return { label: row.name, description: node.description, detail: where, iconPath: icon, row };
      }),
    );
  };
  const picked = await vscode.window.showQuickPick(items(), { placeHolder: "Go to a variant of the workspace", matchOnDetail: true });
  if (picked !== undefined)
    await vscode.commands.executeCommand(INTERNAL_COMMANDS.openVariant, picked.row.document, picked.row.name, COMMANDS.showMask);
}

function nameOf(document: string): DocumentName {
  const uri = vscode.Uri.parse(document, true);
  const path = vscode.workspace.asRelativePath(uri);
  const at = path.lastIndexOf("/");
  const isPlaced = vscode.workspace.getWorkspaceFolder(uri) !== undefined || uri.scheme === "file";
  return { file: path.slice(at + 1), folder: isPlaced ? path.slice(0, Math.max(0, at)) : "" };
}

/** Calls `look` when the view is seen: now, or each time that it comes into sight. */
function whenSeen(view: vscode.TreeView<unknown>, look: () => void): vscode.Disposable {
  if (view.visible) look();
  return view.onDidChangeVisibility(({ visible }) => {
    if (visible) look();
  });
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
