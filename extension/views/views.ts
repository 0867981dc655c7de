/**
 * The container in the activity bar: the variants of the workspace, what was measured, the gallery; and the commands on
 * what stands there. Nothing is read or drawn before one of the views is seen.
 */
import * as vscode from "vscode";
import { GALLERY } from "../../kernels/gallery/gallery.ts";
import { COMMANDS, CONTEXT_KEYS, INTERNAL_COMMANDS, VIEWS } from "../contributions.ts";
import type { Documents } from "../documents.ts";
import { revealVariant, setContext } from "../editor.ts";
import { eachGalleryVariant } from "../galleryVariant.ts";
import type { History } from "../history.ts";
import type { Panels } from "../panels.ts";
import type { ResultStore } from "../results.ts";
import { mayBecomeWhole, thumbnailOf } from "../thumbnail.ts";
import { nameOf } from "./documentName.ts";
import { galleryNodes } from "./galleryNodes.ts";
import { goToVariant } from "./goToVariant.ts";
import { everything, registerResultActions } from "./resultActions.ts";
import { resultNodes } from "./resultNodes.ts";
import { createTree, type Tree } from "./trees.ts";
import { variantNodes } from "./variantNodes.ts";
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
  const shown = vscode.Disposable.from(
    index,
    registerMeasurable(index, results),
    registerGallery(),
    registerResultActions({ results, history, panels, index }),
    vscode.commands.registerCommand(COMMANDS.refreshVariants, () => index.restart()),
    vscode.commands.registerCommand(COMMANDS.goToVariant, () => goToVariant(index)),
    vscode.commands.registerCommand(INTERNAL_COMMANDS.openVariant, async (document, variant, command) => {
      if (await revealVariant(documents, String(document), String(variant)))
        await vscode.commands.executeCommand(command, document, variant);
    }),
  );
  return shown;
}

/** The lists of variants and of results: each shows something of the other, and both grow old. */
function registerMeasurable(index: WorkspaceIndex, results: ResultStore): vscode.Disposable {
  const now = (): number => Date.now();
  const variants = createTree(VIEWS.variants, () => variantNodes({ files: index.files, nameOf, resultsOf: results.ofVariant, now: now() }));
  const measured = createTree(
    VIEWS.results,
    () => resultNodes({ documents: everything(results), nameOf, rowOf: index.rowOf, now: now() }),
    "many",
  );
  const refresh = (): void => {
    for (const { view, refresh } of [variants, measured]) if (view.visible) refresh();
  };
  const tellProgress = (): void => {
    const { progress, isCut, isLookedThrough } = index;
    variants.view.description = progress === null || isLookedThrough ? "" : `${progress.done} of ${progress.total} files`;
    if (isCut) variants.view.message = "There are more files than are looked through. What they define is listed once they are open.";
    else delete variants.view.message;
    if (isLookedThrough) setContext(CONTEXT_KEYS.lookedThrough, true);
    refresh();
  };
  const tellResults = (): void => {
    setContext(CONTEXT_KEYS.hasResults, results.documents().length > 0);
    if (measured.view.visible) index.want(results.documents());
    refresh();
  };
  const ageing = setInterval(refresh, AGEING_MS);
  tellResults();
  return vscode.Disposable.from(
    variants,
    measured,
    index.onDidChange(tellProgress),
    new vscode.Disposable(results.onChange(tellResults)),
    whenSeen(variants, () => index.start()),
    whenSeen(measured, () => index.want(results.documents())),
    new vscode.Disposable(() => clearInterval(ageing)),
  );
}

function registerGallery(): vscode.Disposable {
  const pictures = new Map<string, { readonly light: string; readonly dark: string }>();
  const gallery = createTree(VIEWS.gallery, () => galleryNodes(GALLERY, ({ file }) => pictures.get(file) ?? null));
  const paint = (): void =>
    eachGalleryVariant(
      (entry, { variant, problem }) => {
        if (pictures.has(entry.file) && !mayBecomeWhole(variant, problem)) return;
        pictures.set(entry.file, { light: thumbnailOf(variant, problem, "light"), dark: thumbnailOf(variant, problem, "dark") });
        gallery.refresh();
      },
      () => false,
    );
  return vscode.Disposable.from(gallery, whenSeen(gallery, paint));
}

/** Calls `look` when the tree is seen: now, and each time that it comes into sight; what it shows may be old then. */
function whenSeen({ view, refresh }: Tree, look: () => void): vscode.Disposable {
  if (view.visible) look();
  return view.onDidChangeVisibility(({ visible }) => {
    if (!visible) return;
    look();
    refresh();
  });
}
