/**
 * The way from a kernel's document back to the Python: each line that comes of the user's expression ends in a hint with
 * the Python line and name, Go to Definition leads there, and a lens above each mod names its place.
 */
import * as vscode from "vscode";
import type { LineOrigin } from "../kernels/emit/wgslOrigin.ts";
import type { Mod } from "../kernels/ir/mod.ts";
import { INTERNAL_COMMANDS } from "./contributions.ts";
import { locate } from "./reading.ts";
import { WGSL_SCHEME, type WgslDocuments, type WrittenKernel } from "./wgslDocument.ts";

const SELECTOR = { scheme: WGSL_SCHEME };
/** Characters of Python in a hint. */
const LONGEST = 48;

export function registerWgslLinks(wgsl: WgslDocuments): vscode.Disposable {
  const didChange = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    didChange,
    // Edits above the mod move its lines and leave the kernel as it is.
    wgsl.onDidWrite(() => didChange.fire()),
    vscode.languages.registerDefinitionProvider(SELECTOR, {
      provideDefinition: (document, { line }) => {
        const written = wgsl.written(document.uri);
        const origin = written?.origins.lines.get(line);
        const place = written === null || origin === undefined ? null : locateAnywhere(written, origin);
        if (place === null) return [];
        const text = document.lineAt(line);
        const from = new vscode.Range(line, text.firstNonWhitespaceCharacterIndex, line, text.range.end.character);
        return [{ originSelectionRange: from, targetUri: place.uri, targetRange: place.range }];
      },
    }),
    vscode.languages.registerInlayHintsProvider(SELECTOR, {
      onDidChangeInlayHints: didChange.event,
      provideInlayHints: (document, range) => {
        const written = wgsl.written(document.uri);
        if (written === null) return [];
        const { lines, scalars } = written.origins;
        const hints = [...lines].map(([line, origin]) => (lines.get(line - 1) === origin ? null : hintOf(written, document, line, origin)));
        const values = [...scalars].map(([line, { value }]) => hintAt(document, line, `= ${value}`));
        return [...hints, ...values].filter((hint) => hint !== null && range.contains(hint.position)) as vscode.InlayHint[];
      },
    }),
    vscode.languages.registerCodeLensProvider(SELECTOR, {
      onDidChangeCodeLenses: didChange.event,
      provideCodeLenses: (document) => {
        const written = wgsl.written(document.uri);
        if (written === null) return [];
        const mods = [written.variant.scoreMod, written.variant.maskMod].filter((mod) => mod !== null);
        return mods.flatMap((mod) => lensesOf(written, document, mod));
      },
    }),
  );
}

/** The place of a line; in a module that the document imports by its offset alone, as that is not read here. */
function locateAnywhere({ reading }: WrittenKernel, { span }: LineOrigin): vscode.Location | null {
  const here = locate(reading, span);
  const source = reading.sources.find(({ file }) => file === span.file);
  if (here !== null || source === undefined || span.file === reading.document) return here;
  const before = source.text.slice(0, span.from).split(/\r\n|\r|\n/);
  return new vscode.Location(vscode.Uri.parse(span.file), new vscode.Position(before.length - 1, before.at(-1)?.length ?? 0));
}

function hintOf(written: WrittenKernel, document: vscode.TextDocument, line: number, origin: LineOrigin): vscode.InlayHint | null {
  const place = locateAnywhere(written, origin);
  const source = written.reading.sources.find(({ file }) => file === origin.span.file);
  if (place === null || source === undefined || line >= document.lineCount) return null;
  const own = /^\s*let (\w+)/.exec(document.lineAt(line).text)?.[1];
  const text = source.text.slice(origin.span.from, origin.span.to).replace(/\s+/g, " ");
  const isNamed = origin.name !== null && origin.name !== "return" && origin.name !== own;
  const words = isNamed ? (origin.name ?? "") : text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  const part = new vscode.InlayHintLabelPart(`${place.range.start.line + 1}: ${words}`);
  part.location = place;
  part.tooltip = text;
  return hintAt(document, line, [part]);
}

function hintAt(document: vscode.TextDocument, line: number, label: string | vscode.InlayHintLabelPart[]): vscode.InlayHint | null {
  if (line >= document.lineCount) return null;
  const hint = new vscode.InlayHint(document.lineAt(line).range.end, label);
  hint.paddingLeft = true;
  return hint;
}

function lensesOf(written: WrittenKernel, document: vscode.TextDocument, mod: Mod): vscode.CodeLens[] {
  const place = locate(written.reading, mod.span);
  if (place === null) return [];
  const lenses: vscode.CodeLens[] = [];
  for (let line = 0; line < document.lineCount; line++) {
    if (!document.lineAt(line).text.startsWith(`fn ${mod.kind}(`)) continue;
    lenses.push(
      new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
        title: `${mod.name} · ${written.reading.title}:${place.range.start.line + 1}`,
        command: INTERNAL_COMMANDS.revealSpan,
        arguments: [mod.span.file, mod.span.from, mod.span.to],
      }),
    );
  }
  return lenses;
}
