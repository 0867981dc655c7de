/** Logical lines, and what can be wrong with their indentation. https://docs.python.org/3/reference/lexical_analysis.html#indentation */

/** What is wrong, and where. */
export interface Fault {
  readonly from: number;
  readonly to: number;
  /** Continues the sentence "Syntax error: …". */
  readonly what: string;
  readonly tooDeep: boolean;
}

/** A logical line: a statement, or the header of a compound one, over as many physical lines as it takes. */
export interface Line {
  /** The first character that is not indentation. */
  readonly from: number;
  /** After the last token. */
  readonly to: number;
  readonly indent: number;
  /** Indentation with a tab counted as one: differs in order from `indent` where tabs and spaces are mixed. */
  readonly tabless: number;
  readonly head: string;
  /** Index of its first token; the last is of kind `end`. A faulty line, and one of IPython's, has no other. */
  readonly first: number;
  /** Ends in a colon and so needs an indented block. */
  opensBlock: boolean;
  fault: Fault | null;
}

/** Words that begin a statement with a block. */
export const COMPOUND: ReadonlySet<string> = new Set([
  "def",
  "class",
  "if",
  "elif",
  "else",
  "for",
  "while",
  "with",
  "try",
  "except",
  "finally",
  "async",
]);

/** Blocks nested deeper are a fault. Python's own limit is 100. */
const MAX_BLOCKS = 100;
/** Decorators of one definition. */
const MAX_DECORATORS = 100;

/** Columns of the indentation, tabs to multiples of eight as Python counts, and with a tab as one. */
export function indentation(text: string, start: number, from: number): [columns: number, tabless: number] {
  let columns = 0;
  let first = start;
  for (let i = start; i < from; i++) {
    const c = text[i];
    if (c === "\f" || c === "\ufeff") [columns, first] = [0, i + 1];
    else columns = c === "\t" ? columns + 8 - (columns % 8) : columns + 1;
  }
  return [columns, from - first];
}

/** Marks the lines whose indentation is wrong, and headers whose block is missing. */
export function checkIndentation(text: string, lines: readonly Line[]): void {
  let decorators = 0;
  const stack = [0];
  let previous: Line | null = null;
  let reported: number | null = null;
  for (const line of lines) {
    decorators = line.head === "@" ? decorators + 1 : 0;
    if (line.head === "return" && line.indent === 0)
      line.fault ??= { from: line.from, to: line.from + "return".length, what: "`return` stands outside of a function", tooDeep: false };
    if (decorators > MAX_DECORATORS)
      line.fault ??= { from: line.from, to: line.to, what: "a definition has too many decorators", tooDeep: false };
    const top = stack[stack.length - 1] ?? 0;
    const wrong = (what: string): void => {
      line.fault ??= { from: line.from, to: line.to, what: reported === line.indent ? "" : what, tooDeep: false };
      reported = line.indent;
    };
    if (previous !== null && Math.sign(line.indent - previous.indent) !== Math.sign(line.tabless - previous.tabless)) {
      wrong("tabs and spaces are mixed in the indentation; use spaces");
    } else if (line.indent > top && previous !== null && previous.fault !== null && COMPOUND.has(previous.head)) {
      // The block of a header that is faulty itself goes with it.
      previous.opensBlock = true;
      stack.push(line.indent);
    } else if (line.indent > top) {
      if (stack.length > MAX_BLOCKS) {
        line.fault ??= { from: line.from, to: line.to, what: "blocks are nested too deeply", tooDeep: reported !== line.indent };
        reported = line.indent;
      } else if (previous?.opensBlock === true) {
        stack.push(line.indent);
        reported = null;
      } else wrong("this line is indented more than the block it stands in");
    } else if (previous?.opensBlock === true && line.indent <= previous.indent) {
      previous.fault ??= missingBlock(text, previous);
    }
    if (line.indent < top) {
      while ((stack[stack.length - 1] ?? 0) > line.indent) stack.pop();
      if (stack[stack.length - 1] !== line.indent) wrong("this line's indentation matches no block before it");
      else reported = null;
    }
    if (line.fault === null || line.fault.what !== "" || reported === null) previous = line;
  }
  const final = lines[lines.length - 1];
  if (final?.opensBlock === true) final.fault ??= missingBlock(text, final);
}

function missingBlock(text: string, line: Line): Fault {
  return {
    from: line.from,
    to: line.to,
    what: `an indented block is missing after \`${text.slice(line.from, Math.min(line.to, line.from + 40))}\``,
    tooDeep: false,
  };
}
