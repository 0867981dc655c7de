/**
 * What the Problems view has of ours, by URI. VS Code tells its window of each `set`, changed or not, and most keys change
 * none: those need no `set`. But the underlines move with the text that they stand in, and one whose text is replaced is
 * gone, by the same text too: where an edit touches the line of one, or moves lines, it is said again. Pure.
 */

interface Range {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

/** What of a `vscode.Diagnostic` we set. */
interface Said {
  readonly range: Range;
  readonly message: string;
  readonly severity: number;
  readonly code?: unknown;
}

/** An edit of a text: `range` became `text`. */
interface Change {
  readonly range: Range;
  readonly text: string;
}

export interface ShownDiagnostics {
  /** Whether VS Code has to be told that `uri` has these; from then on it has them. */
  change(uri: string, diagnostics: readonly Said[]): boolean;
  /** The text was edited. */
  edited(uri: string, changes: readonly Change[]): void;
}

export function createShownDiagnostics(): ShownDiagnostics {
  /** `text` null: it has to be said again, whatever it is. */
  const shown = new Map<string, { readonly text: string | null; readonly ranges: readonly Range[] }>();
  return {
    change(uri, diagnostics) {
      const before = shown.get(uri);
      if (diagnostics.length === 0) return shown.delete(uri);
      const text = JSON.stringify(
        diagnostics.map(({ code, message, severity, range: { start, end } }) => [
          code,
          message,
          severity,
          start.line,
          start.character,
          end.line,
          end.character,
        ]),
      );
      if (before?.text === text) return false;
      shown.set(uri, { text, ranges: diagnostics.map(({ range }) => range) });
      return true;
    },
    edited(uri, changes) {
      const before = shown.get(uri);
      if (before === undefined) return;
      const { ranges } = before;
      const isTouched = ({ range: { start, end }, text }: Change): boolean =>
        start.line !== end.line || text.includes("\n") || ranges.some((r) => r.start.line <= start.line && start.line <= r.end.line);
      if (changes.some(isTouched)) shown.set(uri, { text: null, ranges });
    },
  };
}
