/** The hover on the name of a mod, or of a variable that holds one: where it is defined and where it is used. */
import * as vscode from "vscode";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import type { ThemeKind } from "../kernels/mask/palette.ts";
import { modAround, typedAt } from "./authoring/place.ts";
import { COMMANDS, PYTHON } from "./contributions.ts";
import { variantsNamedAt } from "./cursor.ts";
import type { Documents } from "./documents.ts";
import type { Figures } from "./figures.ts";
import { hoverMarkdown, PICTURE_EDGE } from "./hoverText.ts";
import { biasPicture, maskPicture } from "./maskPicture.ts";
import { locate, offsetAt, problemOf, type Reading } from "./reading.ts";
import type { ResultStore } from "./results.ts";
import { setting } from "./settings.ts";
import { shapeText } from "./shapeText.ts";

export function registerHover(documents: Documents, figures: Figures, results: ResultStore): vscode.Disposable {
  return vscode.languages.registerHoverProvider(PYTHON, {
    async provideHover(document, position, cancelled) {
      if (!setting("hover.enabled", document.uri)) return undefined;
      const reading = documents.read(document);
      const offset = reading === null ? null : offsetAt(reading, document, position);
      if (reading === null || offset === null) return undefined;
      const [named] = variantsNamedAt(reading.module, reading.document, offset);
      const used = named === undefined ? usedAt(reading, document, position) : null;
      const variant = named ?? used?.variant;
      if (variant === undefined) return undefined;
      const problem = problemOf(reading, variant);
      const theme = themeOf(vscode.window.activeColorTheme.kind);
      const body = variant.maskMod?.body ?? null;
      const mask = await figures.maskOf(variant, problem);
      if (cancelled.isCancellationRequested) return undefined;
      const markdown = new vscode.MarkdownString(
        hoverMarkdown({
          document: reading.document,
          variant,
          problem,
          mask,
          elements: mask === null ? null : figures.elementsOf(variant, mask),
          shape: mask === null ? "" : shapeText(mask, variant),
          picture:
            mask !== null && body !== null
              ? maskPicture(mask, body, theme, PICTURE_EDGE)
              : variant.maskMod === null && variant.scoreMod !== null
                ? biasPicture(variant.scoreMod, problem, theme, PICTURE_EDGE)
                : null,
          key: figures.keyOf(variant, problem),
          results: results.ofVariant(reading.document, variant.name),
          now: Date.now(),
        }),
      );
      markdown.supportHtml = true;
      markdown.isTrusted = { enabledCommands: [COMMANDS.showMask, COMMANDS.showBenchmark, COMMANDS.showKernel] };
      return new vscode.Hover(markdown, used?.range ?? locate(reading, variant.nameSpan)?.range);
    },
  });
}

/** The variant of the module's that the word at `position` names; within a mod, where a name may be its own, only what it calls. */
function usedAt(
  reading: Reading,
  document: vscode.TextDocument,
  position: vscode.Position,
): { readonly variant: LoweredVariant; readonly range: vscode.Range } | null {
  const range = document.getWordRangeAtPosition(position, /[A-Za-z_]\w*/);
  const word = range === undefined ? "" : document.getText(range);
  const variant = reading.module.variants.find(({ name }) => name === word);
  if (range === undefined || variant === undefined) return null;
  const line = document.lineAt(position.line).text;
  const [before, after] = [line.slice(0, range.start.character), line.slice(range.end.character)];
  // An attribute, a keyword of a call, a name that is being bound; a word of a comment or a string.
  if (/\.\s*$/.test(before) || /^\s*[:=](?!=)/.test(after) || typedAt(`${before}x`).kind === "other") return null;
  const isWithin = modAround((at) => document.lineAt(at).text, position.line, before) !== null;
  return isWithin && !/^\s*\(/.test(after) ? null : { variant, range };
}

function themeOf(kind: vscode.ColorThemeKind): ThemeKind {
  switch (kind) {
    case vscode.ColorThemeKind.Dark:
      return "dark";
    case vscode.ColorThemeKind.Light:
      return "light";
    case vscode.ColorThemeKind.HighContrast:
      return "hcDark";
    case vscode.ColorThemeKind.HighContrastLight:
      return "hcLight";
  }
}
