/**
 * Which names a piece of a document binds and mentions, and whether running it may write into what they hold: all that
 * dependence.ts needs of it, by its text alone.
 */
import { modKind } from "./discover.ts";
import type { Content, Piece } from "./piece.ts";
import { boundNames } from "./statement.ts";
import type { Node, Statement } from "./syntax.ts";
import { freeNames, walkSyntax } from "./walkSyntax.ts";

/** What a piece has to do with names. */
export interface Facts {
  /** Of the piece's content. */
  readonly base: number;
  /** The directives that stand above it, which are another piece's text. */
  readonly lead: string;
  /** Names that it binds in the module; `*` for those of a module that it imports whole. */
  readonly bound: ReadonlySet<string>;
  /** Every name in it, whatever scope it is of, and in the directives above and in it. */
  readonly mentions: ReadonlySet<string>;
  /** It only defines or imports. */
  readonly isDefinition: boolean;
  /** It assigns to attributes, elements or names of other scopes, or calls what may write into something. */
  readonly writes: boolean;
  /** It may read or bind any name. */
  readonly isWild: boolean;
  /** Its text, if it is an import and no more. */
  readonly imports: string | null;
}

/** The facts of `piece`, above which the directives `lead` stand (see `leadOf`). */
export function readFacts(piece: Piece, lead: string): Facts {
  const { statements } = piece.content;
  const own = new Set<string>([...identifiers(lead), ...identifiers(directivesIn(piece))]);
  const bound = new Set<string>();
  let writes = false;
  let isOpaque = false;
  // A parameter takes the module's value of its name where nobody gives another; a mod's are the mod's own.
  const parameters = (s: Statement): void => {
    if (s.kind === "FunctionDef" && modKind(s) === null) for (const p of s.params) own.add(p.name);
    else if (s.kind === "ClassDef") for (const member of s.body) parameters(member);
  };
  for (const s of statements) parameters(s);
  for (const name of boundNames(statements)) {
    bound.add(name);
    own.add(name);
  }
  for (const s of statements) for (const name of namesReadBy(s)) own.add(name);
  walkSyntax(statements, (n) => {
    switch (n.kind) {
      case "Scope":
        for (const name of n.names) own.add(name);
        writes = true;
        break;
      case "Call":
        if (n.callee.kind === "Attribute" && WRITES.test(n.callee.name)) writes = true;
        if (n.callee.kind === "Name" && (n.callee.id === "next" || n.callee.id === "setattr")) writes = true;
        break;
      case "FunctionDef":
        for (const decorator of n.decorators) {
          const callee = decorator.kind === "Call" ? decorator.callee : decorator;
          // `@f.register` makes `f` another function.
          if (callee.kind === "Attribute" && callee.name === "register" && callee.object.kind === "Name") bound.add(callee.object.id);
        }
        break;
      case "Import":
      case "ImportFrom":
        if (n.names.some((a) => a.name === "*")) bound.add("*");
        break;
      case "Assign":
        if (n.targets.some((t) => t.kind !== "Name")) writes = true;
        break;
      case "AugAssign":
      case "Delete":
        writes = true;
        break;
      // Patterns hold names that the walk does not see.
      case "Match":
      case "UnsupportedStatement":
      case "UnsupportedExpression":
        isOpaque = true;
        break;
      default:
        break;
    }
    return true;
  });
  if (isOpaque) for (const name of identifiers(piece.text)) own.add(name);
  const isDefinition = statements.every(
    (s) =>
      (s.kind === "FunctionDef" && s.decorators.length === 0) || s.kind === "ClassDef" || s.kind === "ImportFrom" || s.kind === "Import",
  );
  const [first] = statements;
  const isImport = statements.length === 1 && (first?.kind === "Import" || first?.kind === "ImportFrom");
  const imports = isImport ? piece.text.slice(first.span.from - piece.content.base, first.span.to - piece.content.base) : null;
  return {
    base: piece.content.base,
    lead,
    bound,
    mentions: own,
    isDefinition,
    imports,
    writes,
    isWild: [...WILD].some((name) => own.has(name)),
  };
}

/** Names that a statement of the module may read there: all that are not a function's own. */
function namesReadBy(s: Statement): ReadonlySet<string> {
  const names = new Set<string>();
  const beside: readonly Node[] =
    s.kind === "FunctionDef"
      ? [...s.decorators, ...s.params.flatMap((p) => [p.default, p.annotation]), s.returns].filter((n) => n !== null)
      : [s];
  if (s.kind === "FunctionDef") for (const free of freeNames(s)) names.add(free.name);
  walkSyntax(beside, (n) => {
    if (n.kind === "Name") names.add(n.id);
    return true;
  });
  return names;
}

/** Methods that change what they are called on; PyTorch's end in an underscore. */
const WRITES = /_$|^(?:append|extend|insert|pop|popitem|popleft|remove|clear|sort|reverse|update|add|discard|setdefault|register_buffer)$/;

/** Names by which a piece may read or bind any other. */
export const WILD: ReadonlySet<string> = new Set(["globals", "locals", "vars", "exec", "eval", "__import__", "importlib"]);

/** The names in a text. */
export const identifiers = (text: string): readonly string[] => text.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];

/** Directives at the end of `piece` speak of the next one: their text, and which piece holds it, for spans point there. */
export function leadOf(piece: Piece | undefined): string {
  const text = piece === undefined ? "" : directivesIn(piece);
  return piece === undefined || text === "" ? "" : `${piece.content.base} ${text}`;
}

const directiveTexts = new WeakMap<Content, string>();

function directivesIn({ text, content }: Piece): string {
  let known = directiveTexts.get(content);
  if (known === undefined) {
    const comments = content.comments.map((c) => text.slice(c.from, c.to));
    known = comments.filter((c) => /flexlens/i.test(c)).join("\n");
    directiveTexts.set(content, known);
  }
  return known;
}
