/** Where the spans of a module's nodes stand in its text. They need not be offsets of it: piece.ts says why. */
export interface Layout {
  /** The offset in the text of an offset of a span. */
  toText(offset: number): number;
  fromText(at: number): number;
}

/** Of a text read from nothing: spans are its offsets. */
export const textLayout: Layout = { toText: (offset) => offset, fromText: (at) => at };

/** What stands on the line of `offset` before it. */
export function lineBefore({ text, layout }: { readonly text: string; readonly layout: Layout }, offset: number): string {
  const at = layout.toText(offset);
  return text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
}

/** The line of `offset`, from 1. */
export function lineOf({ text, layout }: { readonly text: string; readonly layout: Layout }, offset: number): number {
  return text.slice(0, layout.toText(offset)).split(/\r\n|\r|\n/).length;
}
