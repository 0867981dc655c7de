/** The hover on the name of a mod, or of a variable that holds one. */
import * as vscode from "vscode";
import type { ThemeKind } from "../kernels/mask/palette.ts";
import { COMMANDS, PYTHON } from "./contributions.ts";
import { variantsNamedAt } from "./cursor.ts";
import type { Documents } from "./documents.ts";
import type { Figures } from "./figures.ts";
import { hoverMarkdown, PICTURE_EDGE } from "./hoverText.ts";
import { maskPicture } from "./maskPicture.ts";
import { locate, offsetAt, problemOf } from "./reading.ts";
import type { ResultStore } from "./results.ts";
import { setting } from "./settings.ts";

export function registerHover(documents: Documents, figures: Figures, results: ResultStore): vscode.Disposable {
  return vscode.languages.registerHoverProvider(PYTHON, {
    async provideHover(document, position, cancelled) {
      if (!setting("hover.enabled", document.uri)) return undefined;
      const reading = documents.read(document);
      const offset = reading === null ? null : offsetAt(reading, document, position);
      if (reading === null || offset === null) return undefined;
      const [variant] = variantsNamedAt(reading.module, reading.document, offset);
      if (variant === undefined) return undefined;
      const problem = problemOf(reading, variant);
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
          picture:
            mask === null || body === null ? null : maskPicture(mask, body, themeOf(vscode.window.activeColorTheme.kind), PICTURE_EDGE),
          key: figures.keyOf(variant, problem),
          results: results.ofVariant(reading.document, variant.name),
          now: Date.now(),
        }),
      );
      markdown.supportHtml = true;
      markdown.isTrusted = { enabledCommands: [COMMANDS.showMask, COMMANDS.showBenchmark, COMMANDS.showKernel] };
      return new vscode.Hover(markdown, locate(reading, variant.nameSpan)?.range);
    },
  });
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
