/**
 * Commands. A lens or hover says which variant it means; from the palette, a menu or a key it is the one at the
 * cursor, or, where no Python editor is active, the one in the panel.
 */
import * as vscode from "vscode";
import type { CompareWith, View } from "../webview/protocol.ts";
import { copyCaptureSnippet, insertCaptureDirective } from "./captureSnippet.ts";
import { COMMANDS, INTERNAL_COMMANDS } from "./contributions.ts";
import { copyPython } from "./copyPython.ts";
import { variantNear } from "./cursor.ts";
import type { Documents } from "./documents.ts";
import { copyText, revealSpan, revealVariant } from "./editor.ts";
import type { History } from "./history.ts";
import { placeOf } from "./listNode.ts";
import type { Panels } from "./panels.ts";
import { offsetAt } from "./reading.ts";
import { exportResults, importResults } from "./resultCommands.ts";
import type { ResultStore } from "./results.ts";
import type { Shown } from "./runs.ts";
import { rerun } from "./views/resultActions.ts";
import type { WgslDocuments } from "./wgslDocument.ts";

export interface CommandParts {
  readonly documents: Documents;
  readonly panels: Panels;
  readonly results: ResultStore;
  readonly history: History;
  readonly wgsl: WgslDocuments;
  readonly log: vscode.LogOutputChannel;
}

export function registerCommands(parts: CommandParts): vscode.Disposable {
  const { documents, panels, results, history, wgsl, log } = parts;
  const on = (command: string, run: (...args: unknown[]) => unknown): vscode.Disposable => vscode.commands.registerCommand(command, run);
  let last = vscode.window.activeTextEditor;
  const atCursor = (): Shown | null => shownAtCursor(documents, panels, last);
  const inPanel = (): Shown | null => shownInPanel(panels, atCursor());
  /** A command on a variant: the one in its arguments, else the one at the cursor. */
  const onVariant = (command: string, run: (shown: Shown) => unknown, found = atCursor): vscode.Disposable =>
    on(command, async (document, variant) => {
      const listed = listedVariant(document);
      if (listed !== null && !(await revealVariant(documents, listed.document, listed.variant))) return;
      const shown = listed ?? shownOf(document, variant) ?? found();
      if (shown === null) await sayNothingHere();
      else await run(shown);
    });
  const show = (view: View) => (shown: Shown) => panels.show(shown, view);

  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      last = editor ?? last;
    }),
    onVariant(COMMANDS.showMask, show("mask")),
    onVariant(COMMANDS.showBenchmark, show("benchmark")),
    onVariant(COMMANDS.showKernel, show("kernel")),
    onVariant(COMMANDS.showWhy, (shown) => panels.showLayer(shown, "why")),
    onVariant(COMMANDS.showBias, (shown) => panels.showLayer(shown, "bias")),
    onVariant(COMMANDS.showProbability, (shown) => panels.showLayer(shown, "probability")),
    onVariant(COMMANDS.compareSaved, (shown) => panels.compare(shown, { kind: "saved" }), inPanel),
    onVariant(COMMANDS.compareHead, (shown) => panels.compare(shown, { kind: "head" }), inPanel),
    onVariant(COMMANDS.compareMasks, (shown) => compareMasks(documents, panels, shown), inPanel),
    onVariant(COMMANDS.benchmark, (shown) => panels.run(shown)),
    onVariant(COMMANDS.rerun, (shown) => rerun(shown, { documents, results, panels })),
    onVariant(COMMANDS.sweep, (shown) => panels.planSweep(shown)),
    on(COMMANDS.cancel, (document, variant) => panels.cancel(shownOf(document, variant))),
    onVariant(COMMANDS.openPanel, (shown) => panels.showInNew(shown)),
    on(COMMANDS.pin, () => panels.setFollows(false)),
    on(COMMANDS.unpin, () => panels.setFollows(true)),
    onVariant(COMMANDS.copyWgsl, async (shown) => copyText((await wgsl.text(shown)) ?? "")),
    onVariant(COMMANDS.copyPython, (shown) => copyPython(documents, shown)),
    onVariant(COMMANDS.copyCaptureSnippet, (shown) => copyCaptureSnippet(documents, shown)),
    onVariant(COMMANDS.insertCaptureDirective, (shown) => insertCaptureDirective(documents, shown)),
    onVariant(COMMANDS.openWgsl, (shown) => wgsl.open(shown)),
    on(COMMANDS.clearResults, () => clearResults(results, history, panels)),
    on(COMMANDS.exportResults, (target) => exportResults(parts, target instanceof vscode.Uri ? target : null)),
    on(COMMANDS.importResults, (file) => importResults(parts, file instanceof vscode.Uri ? [file] : null)),
    on(COMMANDS.showLogs, () => log.show()),
    on(INTERNAL_COMMANDS.revealSpan, async (file, from, to) => {
      if (typeof file === "string" && typeof from === "number" && typeof to === "number") await revealSpan(documents, { file, from, to });
    }),
  );
}

/** What a command's arguments name; null where they name nothing. */
function shownOf(document: unknown, variant: unknown): Shown | null {
  return typeof document === "string" && typeof variant === "string" ? { document, variant } : null;
}

/** The variant that an entry of the side bar's lists is about: its editor is opened first, for the panel to follow. */
function listedVariant(argument: unknown): { readonly document: string; readonly variant: string } | null {
  const place = placeOf(argument);
  return place?.kind === "variant" || place?.kind === "results" ? { document: place.document, variant: place.variant } : null;
}

/** last: the editor that was the active one before something that is none. */
function shownAtCursor(documents: Documents, panels: Panels, last: vscode.TextEditor | undefined): Shown | null {
  const active = vscode.window.activeTextEditor;
  const atCursor = active === undefined ? null : shownIn(active, documents);
  if (atCursor !== null || panels.shown !== null) return atCursor ?? panels.shown;
  // Beside a walkthrough or a picture that has the focus, the editor that is seen; or, in a narrow window, that is behind it.
  const behind = last === undefined || last.document.isClosed ? [] : [last];
  for (const editor of [...vscode.window.visibleTextEditors, ...behind]) {
    const seen = shownIn(editor, documents);
    if (seen !== null) return seen;
  }
  return null;
}

/** The variant that the cursor of `editor` is at, or nearest to. */
function shownIn(editor: vscode.TextEditor, documents: Documents): Shown | null {
  const reading = documents.read(editor.document);
  if (reading === null) return null;
  const offset = offsetAt(reading, editor.document, editor.selection.active) ?? 0;
  const variant = variantNear(reading.module, reading.document, offset);
  return variant === null ? null : { document: reading.document, variant: variant.name };
}

/** What is looked at is compared, wherever in its file the cursor edits; else the one at the cursor. */
function shownInPanel(panels: Panels, atCursor: Shown | null): Shown | null {
  return panels.shown !== null && panels.shown.document === atCursor?.document ? panels.shown : atCursor;
}

/** Asks which other mask of the file to compare with; the former texts are offered too. */
async function compareMasks(documents: Documents, panels: Panels, shown: Shown): Promise<void> {
  const reading = await documents.open(shown.document);
  const variants = reading?.module.variants ?? [];
  const name = shown.variant ?? variants[0]?.name ?? null;
  const others = variants.filter((variant) => variant.name !== name);
  const items: (vscode.QuickPickItem & { readonly other: CompareWith })[] = [
    ...others.map((variant) => ({ label: variant.name, other: { kind: "variant", name: variant.name } as const })),
    { label: "$(save) Last save", description: "the same mask, as the file is stored", other: { kind: "saved" } },
    { label: "$(git-commit) Git HEAD", description: "the same mask, as it was committed", other: { kind: "head" } },
  ];
  const picked = await vscode.window.showQuickPick(items, { placeHolder: `Compare ${name ?? "the mask"} with` });
  if (picked !== undefined) panels.compare({ ...shown, variant: name }, picked.other);
}

/** The answer to a command that found nothing to act on: the cause, and the way out as a button. */
async function sayNothingHere(): Promise<void> {
  const open = "Open Example…";
  const answer = await vscode.window.showInformationMessage(
    "There is no mask_mod or score_mod in the active editor. Put the cursor into a Python file that defines one.",
    open,
  );
  if (answer === open) await vscode.commands.executeCommand(COMMANDS.openExample);
}

async function clearResults(results: ResultStore, history: History, panels: Panels): Promise<void> {
  const all = results.documents();
  if (all.length === 0) {
    vscode.window.setStatusBarMessage("Flexlens: there are no results", 3000);
    return;
  }
  const count = (documents: readonly string[]): string => {
    const n = documents.reduce((sum, document) => sum + results.of(document).length, 0);
    return n === 1 ? "1 result" : `${n} results`;
  };
  const items = all.map((document) => ({
    label: vscode.workspace.asRelativePath(vscode.Uri.parse(document)),
    description: count([document]),
    documents: [document],
  }));
  if (all.length > 1) items.push({ label: "All files", description: count(all), documents: [...all] });
  const picked = await vscode.window.showQuickPick(items, { placeHolder: "Forget the results of" });
  for (const document of picked?.documents ?? []) {
    results.clear(document);
    history.clear(document);
    panels.tellAll({ type: "forget", document });
  }
}
