/**
 * Diagnostics in the Problems view, and their fixes behind the light bulb. What is wrong in an imported module is said
 * where this document uses it, with the place in words.
 */
import * as vscode from "vscode";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { Severity } from "../kernels/frontend/diagnosticRow.ts";
import { difference, fixAllSteps, isFixable } from "../kernels/frontend/fixAll.ts";
import { lowerModule } from "../kernels/frontend/lower.ts";
import { lowerBindings } from "../webview/protocol.ts";
import { snippetActions } from "./captureSnippet.ts";
import { PYTHON } from "./contributions.ts";
import type { Documents } from "./documents.ts";
import { fixEdit } from "./fixEdit.ts";
import type { Lints } from "./lints.ts";
import { locate, type Reading } from "./reading.ts";
import { setting } from "./settings.ts";
import { createShownDiagnostics } from "./shownDiagnostics.ts";
import { inTurns } from "./turns.ts";

const SEVERITY: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  // VS Code keeps its own hints out of the Problems view; a value that was made up has to be seen there.
  hint: vscode.DiagnosticSeverity.Information,
};

export function registerDiagnostics(documents: Documents, lints: Lints): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection("flexlens");
  /** What each document says, by the URI it says it of. */
  const said = new Map<string, ReadonlyMap<string, readonly vscode.Diagnostic[]>>();
  const shown = createShownDiagnostics();

  const say = (document: string, entries: ReadonlyMap<string, readonly vscode.Diagnostic[]>): void => {
    const touched = new Set([...(said.get(document)?.keys() ?? []), ...entries.keys()]);
    if (entries.size === 0) said.delete(document);
    else said.set(document, entries);
    for (const uri of touched) {
      const all = [...said.values()].flatMap((byUri) => byUri.get(uri) ?? []);
      const list = distinct(all);
      if (shown.change(uri, list)) collection.set(vscode.Uri.parse(uri, true), list);
    }
  };

  const show = (reading: Reading): void => say(reading.document, isOn(reading) ? placed(reading, allOf(reading, lints)) : new Map());

  return vscode.Disposable.from(
    collection,
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => shown.edited(document.uri.toString(), contentChanges)),
    documents.onDidRead(({ reading }) => show(reading)),
    lints.onDidFind(show),
    documents.onDidClose((document) => say(document, new Map())),
    vscode.languages.registerCodeActionsProvider(
      PYTHON,
      {
        provideCodeActions: (document, range, { only }) => actions(documents, lints, document, range, only),
        resolveCodeAction: async (action, cancelled) => {
          const work = unresolved.get(action);
          if (work !== undefined) action.edit = await work(cancelled);
          return action;
        },
      },
      {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix, FIX_ALL],
      },
    ),
  );
}

/** The kind of "Fix all" that `editor.codeActionsOnSave` names. */
const FIX_ALL = vscode.CodeActionKind.SourceFixAll.append("flexlens");

const isOn = (reading: Reading): boolean => setting("diagnostics.enabled", vscode.Uri.parse(reading.document));

/** What lowering says, and what the lints do. */
const allOf = (reading: Reading, lints: Lints): readonly Diagnostic[] => [...reading.module.diagnostics, ...lints.of(reading)];

/** Diagnostics of `reading` by the URI of the text that they stand in; each of its cells has an entry. */
function placed(reading: Reading, diagnostics: readonly Diagnostic[]): Map<string, readonly vscode.Diagnostic[]> {
  const entries = new Map<string, vscode.Diagnostic[]>(reading.cells.map((cell) => [cell.text.uri.toString(), []]));
  for (const diagnostic of diagnostics) {
    const place = locate(reading, diagnostic.span);
    if (place === null) continue;
    const uri = place.uri.toString();
    const list = entries.get(uri) ?? [];
    list.push(convert(diagnostic, place.range));
    entries.set(uri, list);
  }
  return entries;
}

function convert(diagnostic: Diagnostic, range: vscode.Range): vscode.Diagnostic {
  const converted = new vscode.Diagnostic(range, diagnostic.message, SEVERITY[diagnostic.severity]);
  converted.source = "flexlens";
  converted.code = diagnostic.code;
  return converted;
}

function distinct(diagnostics: readonly vscode.Diagnostic[]): vscode.Diagnostic[] {
  const key = (d: vscode.Diagnostic): string => [d.code, d.range.start.line, d.range.start.character, d.message].join("\n");
  return [...new Map(diagnostics.map((d) => [key(d), d])).values()];
}

/** Quick fixes at `range`, and the one for the whole file where there is something for it to do. */
function actions(
  documents: Documents,
  lints: Lints,
  document: vscode.TextDocument,
  range: vscode.Range,
  only: vscode.CodeActionKind | undefined,
): vscode.CodeAction[] {
  const reading = documents.read(document);
  if (reading === null || !isOn(reading)) return [];
  const { QuickFix } = vscode.CodeActionKind;
  const isQuick = only === undefined || only.contains(QuickFix);
  const found = isQuick ? fixes(reading, lints, document, range) : [];
  if (isQuick ? found.length > 0 : only.intersects(FIX_ALL)) found.push(...allFixes(reading, document, isQuick ? QuickFix : FIX_ALL));
  return found;
}

/** What an action will do that was not asked yet: to rewrite a whole file takes a lowering for each round of fixes. */
const unresolved = new WeakMap<vscode.CodeAction, (cancelled: vscode.CancellationToken) => Promise<vscode.WorkspaceEdit>>();

/** Milliseconds after which a file is left as it is. */
const FIX_ALL_MS = 10_000;

/** Every fix of the file in one edit, found when it is chosen; none in a notebook, whose cells are documents of their own. */
function allFixes(reading: Reading, document: vscode.TextDocument, kind: vscode.CodeActionKind): vscode.CodeAction[] {
  const [source, ...others] = reading.sources;
  if (reading.cells.length !== 1 || source === undefined) return [];
  if (!reading.module.diagnostics.some((d) => isFixable(d, source.file))) return [];
  const options = { bindings: lowerBindings(reading.inputs), files: reading.files };
  const action = new vscode.CodeAction("Rewrite all that PyTorch refuses in this file", kind);
  unresolved.set(action, async (cancelled) => {
    const steps = fixAllSteps(source.text, source.file, (text) => lowerModule([{ ...source, text }, ...others], options).diagnostics);
    const fixed = await inTurns(steps, { allowanceMs: FIX_ALL_MS, isStopped: () => cancelled.isCancellationRequested });
    const { from, to, newText } = difference(source.text, fixed ?? source.text);
    const edit = new vscode.WorkspaceEdit();
    // Meanwhile the text may be another.
    if (document.getText() === source.text)
      edit.replace(document.uri, new vscode.Range(document.positionAt(from), document.positionAt(to)), newText);
    return edit;
  });
  return [action];
}

/** The rewrites of the diagnostics that `range` touches. */
function fixes(reading: Reading, lints: Lints, document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
  return allOf(reading, lints).flatMap((diagnostic) => {
    const place = locate(reading, diagnostic.span);
    if (place === null || place.uri.toString() !== document.uri.toString()) return [];
    if (place.range.intersection(range) === undefined) return [];
    if (diagnostic.code === "seeded-value") return snippetActions(reading, diagnostic, convert(diagnostic, place.range));
    if (diagnostic.fix === null) return [];
    const edit = fixEdit(reading, diagnostic.fix);
    if (edit === null) return [];
    const action = new vscode.CodeAction(diagnostic.fix.title, vscode.CodeActionKind.QuickFix);
    action.edit = edit;
    action.diagnostics = [convert(diagnostic, place.range)];
    action.isPreferred = true;
    return [action];
  });
}
