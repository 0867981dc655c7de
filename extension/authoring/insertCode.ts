/**
 * Code into a text, between its statements: never into the middle of one, with the blank lines around it that Python's
 * style asks for, and the imports that it lacks. In: an outline and a place. Out: edits.
 */
import { type Edit, type Imported, isHead, isImport, type Region } from "./importEdit.ts";
import { isDefinition, lineStart, type Outline } from "./outline.ts";

/** The place nearest to `offset` in `region` that lies between two statements: below the head, else above the one around it. */
export function placeFor({ parts, text }: Outline, offset: number, region: Region): number {
  const own = parts.filter((part) => part.from >= region.from && part.to <= region.to);
  const body = own.findIndex((part) => !part.statements.every(isHead));
  const head = own.slice(0, body < 0 ? own.length : body).at(-1);
  // Comments that open the text and belong to no statement, as a licence does; `#!` belongs to none.
  const comments = own[0]?.from === region.from ? /^#![^\r\n]*/ : /^(?:[ \t]*#[^\r\n]*(?:\r\n|\r|\n|$))+/;
  const opening = comments.exec(text.slice(region.from, region.to))?.[0].length ?? 0;
  const around = own.find((part) => part.from <= offset && offset <= part.to);
  const at = Math.max(around?.from ?? aboveBlock(text, offset, region.from), head?.to ?? 0, region.from + opening);
  // After the last word before it: the lines between are written anew.
  return region.from + text.slice(region.from, at).trimEnd().length;
}

/** The offset itself; of a line in a block that could not be read, the start of the line that the block hangs on. */
function aboveBlock(text: string, offset: number, from: number): number {
  if (!/^[ \t]+\S/.test(text.slice(lineStart(text, offset)))) return offset;
  let at = lineStart(text, offset);
  while (at > from && !/^\S/.test(text.slice(at, at + 1))) at = lineStart(text, at - 1);
  return at;
}

/** Code to be written. */
export interface Code {
  readonly text: string;
  readonly opensWithDefinition: boolean;
  readonly endsWithDefinition: boolean;
}

/** The edits that put `code` at `place` (placeFor's answer), and those of its imports. */
export function codeEdits(outline: Outline, place: number, region: Region, code: Code, imports: Imported): readonly Edit[] {
  if (code.text === "") return [...imports.grown, ...imports.lines];
  const { text, parts } = outline;
  const rest = text.slice(place, region.to);
  const to = place + (rest.length - rest.trimStart().length);
  // Indentation of what follows stays its own.
  const next = to < region.to ? Math.max(place, lineStart(text, to)) : to;
  const before = parts.findLast((part) => part.to <= place && part.from >= region.from);
  const after = parts.find((part) => part.from >= place && part.to <= region.to);
  const isCell = region.to < text.length || region.from > 0;
  const near = imports.lines.filter((edit) => edit.from >= place && edit.to <= next);
  const lines = near.map((edit) => edit.newText.trim()).join("\n");
  const isAlone = text.slice(region.from, place).trim() === "";
  const lead = isAlone
    ? ""
    : lines !== "" && (before === undefined || before.statements.every(isImport))
      ? "\n"
      : gap(isDefinition(before), code.opensWithDefinition);
  const head = lines === "" ? "" : `${lines}${gap(false, code.opensWithDefinition)}`;
  const tail = next >= region.to ? (isCell ? "" : "\n") : gap(code.endsWithDefinition, isDefinition(after));
  const edit: Edit = { from: place, to: next, newText: lead + head + code.text + tail };
  return [...imports.grown, ...imports.lines.filter((line) => !near.includes(line)), edit];
}

const gap = (before: boolean, after: boolean): string => (before || after ? "\n\n\n" : "\n\n");
