/**
 * Where a text defines its functions, and the variables of its module: read line by line and by indentation, which also
 * works where the text does not parse. In: a text. Out: names with the lines that belong to each, in order of the text.
 */

export interface Definition {
  readonly kind: "function" | "variable";
  readonly name: string;
  readonly nameFrom: number;
  /** Start of its line; decorators are not counted. */
  readonly from: number;
  /** Start of the first line that is none of it; beyond the text where none is. */
  readonly to: number;
  /** Whether it stands at the margin. */
  readonly isModules: boolean;
}

const FUNCTION = /^[ \t]*(?:async[ \t]+)?def[ \t]+([^\s([:]+)/;
const VARIABLE = /^([\p{L}_][\p{L}\p{N}_]*)[ \t]*(?::[^=]*)?=(?!=)/u;
/** A line that ends nothing, whatever its indentation: an empty one, a comment, the end of brackets. */
const NEUTRAL = /^[ \t]*(?:[#)\]}].*)?\r?$/;

/** One whose end is not known yet. */
type Open = Definition & { to: number };

/** One pass over the lines. */
export function definitionsIn(text: string): readonly Definition[] {
  const found: Definition[] = [];
  /** Those around the present line, the outermost first. */
  const around: { readonly indent: number; readonly definition: Open }[] = [];
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf("\n", from);
    const to = newline < 0 ? text.length : newline + 1;
    const line = text.slice(from, newline < 0 ? to : newline);
    if (!NEUTRAL.test(line)) {
      const indent = line.length - line.trimStart().length;
      for (let last = around.at(-1); last !== undefined && last.indent >= indent; last = around.at(-1)) {
        last.definition.to = from;
        around.pop();
      }
      const ofFunction = FUNCTION.exec(line)?.[1];
      const name = ofFunction ?? VARIABLE.exec(line)?.[1];
      if (name !== undefined) {
        const kind = ofFunction === undefined ? "variable" : "function";
        const nameFrom = from + line.indexOf(name, kind === "function" ? line.indexOf("def") + 3 : 0);
        const definition: Open = { kind, name, nameFrom, from, to: text.length + 1, isModules: indent === 0 };
        found.push(definition);
        around.push({ indent, definition });
      }
    }
    from = to;
  }
  return found;
}

/** The last definition of `name`, of `Class.method` a method's; a function within others counts where there is no other. */
export function definitionOf(text: string, name: string): Definition | null {
  const own = name.slice(name.lastIndexOf(".") + 1);
  const all = definitionsIn(text).filter((definition) => definition.name === own);
  return all.findLast(({ isModules }) => isModules === (name === own)) ?? all.at(-1) ?? null;
}
