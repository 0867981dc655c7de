/**
 * Completion and signature help in Python documents and notebooks' cells. Where the cursor is, the lines around it say;
 * what its mod has names for, the last reading in which it could be read: a line that is half typed takes nothing away.
 * Offers stand below those of a Python language server and say whose they are.
 */
import * as vscode from "vscode";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { PYTHON } from "../contributions.ts";
import { type Documents, keyOf } from "../documents.ts";
import { galleryVariantOf } from "../galleryVariant.ts";
import type { Reading } from "../reading.ts";
import { setting } from "../settings.ts";
import { thumbnailOf } from "../thumbnail.ts";
import { regionAt, workspaceEdit } from "./edits.ts";
import { importsFor } from "./importEdit.ts";
import { insertBesideWord } from "./insertVariant.ts";
import { modulesIn } from "./modulesIn.ts";
import { type ModNames, namesIn, type Offer, offersAtLine, offersInMod } from "./offers.ts";
import { outlineOf } from "./outline.ts";
import { callAround, type ModAround, modAround, typedAt } from "./place.ts";
import { type CallContext, signaturesOf } from "./signatures.ts";

/** Lines above the cursor that an argument list may have begun in. */
const CALL_LINES = 30;

export function registerCompletions(documents: Documents): vscode.Disposable {
  const memory = createMemory(documents);
  /** Where the offers that were given came from, for what is asked of one of them later. */
  const given = new WeakMap<
    vscode.CompletionItem,
    { readonly offer: Offer; readonly document: vscode.TextDocument; readonly position: vscode.Position }
  >();

  const completions: vscode.CompletionItemProvider = {
    provideCompletionItems(document, position, _token, { triggerKind }) {
      if (!setting("completion.enabled", document.uri)) return undefined;
      const before = lineBefore(document, position);
      const typed = typedAt(before);
      if (typed.kind === "other") return undefined;
      const mod = modAround((line) => document.lineAt(line).text, position.line, before);
      const isAsked = triggerKind === vscode.CompletionTriggerKind.Invoke;
      if (mod === null && (typed.kind !== "line" || (typed.begun === "" && !isAsked))) return undefined;
      // A name of one letter and a line break are no wish for a snippet: the editor is to ask again at the next letter.
      if (mod === null && typed.begun.length === 1 && !isAsked) return new vscode.CompletionList([], true);
      const isModuleLevel = position.character === typed.begun.length;
      const offers =
        mod === null ? offersAtLine(isModuleLevel) : offersInMod(typed, mod, memory.namesOf(document, mod), modulesIn(document.getText()));
      const range = new vscode.Range(position.translate(0, -typed.begun.length), position);
      return offers.map((offer) => {
        const item = itemOf(offer, range);
        given.set(item, { offer, document, position });
        return item;
      });
    },
    resolveCompletionItem(item) {
      const from = given.get(item);
      if (from === undefined) return item;
      const { offer, document, position } = from;
      if (isOfPyTorch(offer)) item.documentation = new vscode.MarkdownString(offer.documentation);
      else if (offer.entry !== undefined) item.documentation = pictured(offer);
      item.additionalTextEdits = editsBeside(documents, document, position, offer);
      return item;
    },
  };

  const signatures: vscode.SignatureHelpProvider = {
    provideSignatureHelp(document, position) {
      if (!setting("completion.enabled", document.uri)) return undefined;
      const first = Math.max(0, position.line - CALL_LINES);
      const call = callAround(document.getText(new vscode.Range(new vscode.Position(first, 0), position)));
      if (call === null) return undefined;
      const text = document.getText();
      const context: CallContext = {
        inMod: modAround((line) => document.lineAt(line).text, position.line, lineBefore(document, position)) !== null,
        isFlexFile: text.includes("flex_attention"),
        modOf: (name) => memory.kindOf(document, name),
        moduleOf: modulesIn(text),
      };
      const shown = signaturesOf(call, context);
      const [likeliest] = shown;
      if (likeliest === undefined) return undefined;
      const help = new vscode.SignatureHelp();
      help.signatures = shown.map(({ label, about, parameters }) => {
        const information = new vscode.SignatureInformation(label, about);
        information.parameters = parameters.map((p) => new vscode.ParameterInformation(p.label, p.about));
        return information;
      });
      help.activeSignature = 0;
      help.activeParameter = likeliest.active;
      return help;
    },
  };

  return vscode.Disposable.from(
    memory,
    vscode.languages.registerCompletionItemProvider(PYTHON, completions, "."),
    vscode.languages.registerSignatureHelpProvider(PYTHON, signatures, "(", ","),
  );
}

const lineBefore = (document: vscode.TextDocument, position: vscode.Position): string =>
  document.lineAt(position.line).text.slice(0, position.character);

const KINDS: Readonly<Record<Offer["kind"], vscode.CompletionItemKind>> = {
  function: vscode.CompletionItemKind.Function,
  method: vscode.CompletionItemKind.Method,
  parameter: vscode.CompletionItemKind.Variable,
  variable: vscode.CompletionItemKind.Variable,
  captured: vscode.CompletionItemKind.Constant,
  snippet: vscode.CompletionItemKind.Snippet,
  example: vscode.CompletionItemKind.Snippet,
};

const isOfPyTorch = ({ kind }: Offer): boolean => kind === "function" || kind === "method";

function itemOf(offer: Offer, range: vscode.Range): vscode.CompletionItem {
  // Dtype and shape stand beside a name, its value is said of the one that is looked at.
  const type = offer.kind === "captured" || offer.kind === "variable" ? `: ${offer.detail.split(" = ")[0] ?? ""}` : "";
  const item = new vscode.CompletionItem({ label: offer.label, detail: type, description: "Flexlens" }, KINDS[offer.kind]);
  item.detail = offer.detail;
  // Hundreds of functions: how each is called is said of the one that is looked at.
  if (offer.documentation !== "" && !isOfPyTorch(offer)) item.documentation = new vscode.MarkdownString(offer.documentation);
  // Below what a language server says of the same names.
  item.sortText = `\u{10ffff}${offer.label}`;
  item.range = range;
  if (offer.snippet !== undefined) item.insertText = new vscode.SnippetString(offer.snippet);
  if (offer.entry !== undefined) {
    // Nothing is written in place: it goes between the definitions, with what it needs.
    item.insertText = "";
    item.filterText = offer.label.toLowerCase().replace(/\W/g, "");
  }
  return item;
}

function pictured({ entry, documentation }: Offer): vscode.MarkdownString {
  const found = entry === undefined ? null : galleryVariantOf(entry);
  const ground = [vscode.ColorThemeKind.Light, vscode.ColorThemeKind.HighContrastLight].includes(vscode.window.activeColorTheme.kind)
    ? "light"
    : "dark";
  const picture = found === null ? "" : `![Mask](${thumbnailOf(found.variant, found.problem, ground)})\n\n`;
  return new vscode.MarkdownString(`${picture}${documentation}`);
}

/** What an offer needs elsewhere in the text: a snippet its imports, a variant of the gallery all of its code. */
function editsBeside(
  documents: Documents,
  document: vscode.TextDocument,
  position: vscode.Position,
  { entry, wanted = [] }: Offer,
): vscode.TextEdit[] {
  const reading = entry === undefined && wanted.length === 0 ? null : documents.read(document);
  const cell = reading?.cells.find(({ text }) => text === document);
  if (reading === null || cell === undefined) return [];
  const text = reading.sources[0]?.text ?? "";
  const at = cell.start + document.offsetAt(position);
  const region = regionAt(reading, at);
  if (entry === undefined) {
    const { grown, lines } = importsFor(outlineOf(text), wanted, at, region);
    return workspaceEdit(reading, [...grown, ...lines])?.get(document.uri) ?? [];
  }
  // Since the offers were made, more of the word may have been typed.
  const word = {
    from: cell.start + document.offsetAt(position.with({ character: 0 })),
    to: at + (/^\w*/.exec(text.slice(at))?.[0].length ?? 0),
  };
  return workspaceEdit(reading, insertBesideWord(entry, text, word, region))?.get(document.uri) ?? [];
}

/** What mods have names for, by the last reading that had them. */
interface Memory extends vscode.Disposable {
  namesOf(document: vscode.TextDocument, mod: ModAround): ModNames;
  kindOf(document: vscode.TextDocument, name: string): "mask_mod" | "score_mod" | null;
}

function createMemory(documents: Documents): Memory {
  const known = new Map<string, readonly LoweredVariant[]>();
  const of = (document: vscode.TextDocument): readonly LoweredVariant[] => known.get(keyOf(document)) ?? [];
  const note = ({ document, module, sources }: Reading): void => {
    const text = sources[0]?.text ?? "";
    const now = new Set(module.variants.map(({ name }) => name));
    const before = (known.get(document) ?? []).filter(({ name }) => !now.has(name) && text.includes(name));
    known.set(document, [...module.variants, ...before]);
  };
  const subscription = vscode.Disposable.from(
    documents.onDidRead(({ reading }) => note(reading)),
    documents.onDidClose((key) => known.delete(key)),
  );
  return {
    namesOf: (document, mod) => namesIn({ variants: of(document) }, mod),
    kindOf(document, name) {
      const variant = of(document).find((v) => v.name === name && (v.maskMod === null) !== (v.scoreMod === null));
      return (variant?.maskMod ?? variant?.scoreMod)?.kind ?? null;
    },
    dispose: () => subscription.dispose(),
  };
}
