/**
 * One light on three surfaces: the Python that the panel's kernel is pointed at, or that the cursor is on in a kernel's
 * document, is lit in the editor; and where the cursor rests in the Python, the lines that come of it are lit in the
 * panels and in the kernels' documents.
 */
import * as vscode from "vscode";
import type { Span } from "../kernels/ir/mod.ts";
import { type Documents, isPython } from "./documents.ts";
import type { Panels } from "./panels.ts";
import { locate, offsetAt, type Reading } from "./reading.ts";
import { WGSL_SCHEME, type WgslDocuments } from "./wgslDocument.ts";

/** The cursor must rest so long; who types or walks is left alone. */
const REST_MS = 80;

export interface KernelLight extends vscode.Disposable {
  /** Lights these places of a document's text in the editors that show it; none: puts the light out. */
  light(document: string, spans: readonly Span[]): void;
}

export function registerKernelLight(documents: Documents, panels: Panels, wgsl: WgslDocuments): KernelLight {
  const lit = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.hoverHighlightBackground"),
    borderColor: new vscode.ThemeColor("charts.blue"),
    borderStyle: "solid",
    borderWidth: "0 0 0 3px",
    overviewRulerColor: new vscode.ThemeColor("charts.blue"),
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let told = "";

  const lightPython = (reading: Reading, spans: readonly Span[]): void => {
    const places = spans.map((span) => locate(reading, span)).filter((place) => place !== null);
    for (const editor of vscode.window.visibleTextEditors) {
      const uri = editor.document.uri.toString();
      if (!isPython(editor.document)) continue;
      editor.setDecorations(
        lit,
        places.filter((place) => place.uri.toString() === uri).map((place) => place.range),
      );
    }
  };
  /** The lines of the kernels' documents that come of a place of the Python. */
  const lightKernels = (reading: Reading, offset: number): void => {
    for (const editor of vscode.window.visibleTextEditors) {
      const written = wgsl.written(editor.document.uri);
      if (written === null) continue;
      const here = written.reading.document === reading.document ? lineKey(reading, offset) : null;
      const lines = [...written.origins.lines].filter(([, { spans }]) =>
        spans.some((span) => here !== null && span.file === reading.document && lineKey(reading, span.from) === here),
      );
      editor.setDecorations(
        lit,
        lines.map(([line]) => new vscode.Range(line, 0, line, 0)),
      );
    }
  };
  const rested = (editor: vscode.TextEditor): void => {
    const { document, selection } = editor;
    if (document.uri.scheme === WGSL_SCHEME) {
      const written = wgsl.written(document.uri);
      const origin = written?.origins.lines.get(selection.active.line);
      if (written !== null) lightPython(written.reading, origin?.spans ?? []);
      return;
    }
    const reading = documents.read(document);
    const offset = reading === null ? null : offsetAt(reading, document, selection.active);
    if (reading === null || offset === null) return;
    // A hand in the editor takes over from the pointer in the panel, which may be closed by now.
    lightPython(reading, []);
    lightKernels(reading, offset);
    const place = `${reading.document} ${offset}`;
    if (place === told) return;
    told = place;
    panels.tellAll({ type: "cursor", document: reading.document, offset });
  };

  const subscription = vscode.Disposable.from(
    lit,
    vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
      const { document } = textEditor;
      if (document.uri.scheme !== WGSL_SCHEME && !(isPython(document) && (panels.isOpen || hasKernels()))) return;
      clearTimeout(timer);
      timer = setTimeout(() => rested(textEditor), REST_MS);
    }),
  );
  return {
    light(document, spans) {
      const reading = documents.readKey(document);
      if (reading !== null) lightPython(reading, spans);
    },
    dispose() {
      clearTimeout(timer);
      subscription.dispose();
    },
  };
}

const hasKernels = (): boolean => vscode.window.visibleTextEditors.some(({ document }) => document.uri.scheme === WGSL_SCHEME);

/** Names the line of an offset in the document's text, among all cells of a notebook; null where that is in none. */
function lineKey(reading: Reading, offset: number): string | null {
  const place = locate(reading, { file: reading.document, from: offset, to: offset });
  return place === null ? null : `${place.uri.toString()} ${place.range.start.line}`;
}
