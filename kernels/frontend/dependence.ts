/**
 * What an edit of a module can have changed, by the names that its statements bind and mention.
 *
 * A piece that is new or gone changes the names that it binds, and whatever mutable values it mentions: it may have
 * written into them. Each piece that mentions a changed name is affected, and changes its own names in turn. The
 * affected pieces are run again, with all that their names lead back to. Names are compared, not scopes: a local of the
 * same name costs time, and is never missed. After what names cannot show (`exec`, `globals()`) there is no answer.
 */
import type { Span } from "../ir/mod.ts";
import { type Directive, readDirectives } from "./directive.ts";
import type { Reading } from "./parse.ts";
import { type Content, type Piece, pieceOf } from "./piece.ts";
import type { Draft } from "./session.ts";
import { boundNames } from "./statement.ts";
import type { Statement } from "./syntax.ts";
import type { Value } from "./value.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** Pieces by number (`pieceOf`). */
export interface Affected {
  /** To be lowered again. */
  readonly pieces: ReadonlySet<number>;
  /** Of which all that was said stands. */
  readonly kept: ReadonlySet<number>;
  /** The statements to run, in the order of the text: those of the affected pieces and all that they need. */
  readonly body: readonly Statement[];
  /** Names that may mean something else now. */
  readonly names: ReadonlySet<string>;
}

/** Whether the piece that `offset` belongs to is one of `pieces`. */
export const isMemberOf = (pieces: ReadonlySet<number>, offset: number): boolean => pieces.has(pieceOf(offset));

/**
 * What the edit from `before`, which was lowered to `draft`, to `now` can have changed. `given` are expressions that
 * hold for the whole file (the form's). Null where it may be anything.
 */
export function affectedBy(before: Reading, draft: Draft, now: Reading, given: readonly string[]): Affected | null {
  if (before.pieces.length === 0 || now.pieces.length === 0) return null;
  const directives = wideDirectives(now);
  if (directives.join("\n") !== wideDirectives(before).join("\n")) return null;
  if ([...draft.diagnostics, ...draft.calls].some((o) => o.owner < 0)) return null;
  const factsNow = now.pieces.map(factsAt);
  if (factsNow.some((f) => f.isWild)) return null;

  const leads = new Map(before.pieces.map((p, i) => [p.content, leadAt(before.pieces, i)]));
  const present = new Set(now.pieces.map((p) => p.content));
  const names = new Set<string>();
  const affected = new Set<number>();
  /** Functions and classes that changed pieces mention: a call says what sizes and arguments they have. */
  const used = new Set<string>();
  const queue: string[] = [];
  const change = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    queue.push(name);
  };
  /** What running a piece, or not running it any more, may change. */
  const writers = writersAmong(factsNow, draft.names);
  const aliases = aliasesAmong([...before.pieces.map(factsAt), ...factsNow], draft.names);
  const write = (name: string): void => {
    for (const alias of aliases(name)) change(alias);
  };
  const touch = ({ bound, mentions, isDefinition, writes }: Facts): void => {
    for (const name of bound) change(name);
    for (const name of mentions) {
      if (isUsed(draft.names, name)) used.add(name);
      if (isDefinition) continue;
      if (writes && isWritable(draft.names, name)) write(name);
      for (const written of writers.get(name) ?? []) write(written);
    }
  };
  const affect = (i: number): void => {
    const facts = factsNow[i];
    if (facts === undefined || affected.has(i)) return;
    affected.add(i);
    touch(facts);
  };
  for (const [i, p] of before.pieces.entries()) {
    if (present.has(p.content)) continue;
    const facts = factsAt(p, i, before.pieces);
    if (facts.isWild) return null;
    touch(facts);
  }
  for (const [i, { content }] of now.pieces.entries()) {
    const lead = leads.get(content);
    if (lead === undefined || lead !== leadAt(now.pieces, i)) affect(i);
  }
  // Their names hold a line number.
  if (linesOf(before) !== linesOf(now)) {
    const byLine = draft.variants.filter((v) => v.it.name.startsWith("lambda at line"));
    for (const [i, p] of now.pieces.entries()) if (byLine.some((v) => pieceOf(v.owner) === pieceOf(p.content.base))) affect(i);
  }
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const [i, facts] of factsNow.entries()) if (facts.mentions.has(name)) affect(i);
  }
  if (names.has("*")) return null;
  const wide = new Set([...directives, ...given].flatMap(identifiers));
  for (const name of names) if (wide.has(name)) return null;
  // Little would be kept.
  if (affected.size > 8 && affected.size > now.pieces.length / 2) return null;

  const users = new Set<number>();
  for (const [i, { bound }] of factsNow.entries()) {
    if (affected.has(i) || ![...bound].some((name) => used.has(name))) continue;
    affected.add(i);
    for (const [j, f] of factsNow.entries()) if ([...bound].some((name) => f.mentions.has(name))) users.add(j);
  }
  const needed = slice(factsNow, new Set([...affected, ...users]), { types: draft.names, writers, aliases });
  const number = (i: number): number => pieceOf(now.pieces[i]?.content.base ?? 0);
  return {
    pieces: new Set([...affected].map(number)),
    kept: new Set(now.pieces.flatMap((_, i) => (affected.has(i) ? [] : [number(i)]))),
    body: now.pieces.flatMap(({ content }, i) => (needed.has(i) ? content.statements : [])),
    names,
  };
}

/** `from`, and the pieces that their names lead to. */
function slice(
  facts: readonly Facts[],
  from: ReadonlySet<number>,
  { types, writers, aliases }: { types: Draft["names"]; writers: Writers; aliases: (name: string) => ReadonlySet<string> },
): ReadonlySet<number> {
  const binders = new Map<string, number[]>();
  for (const [i, { bound }] of facts.entries()) for (const name of bound) binders.set(name, [...(binders.get(name) ?? []), i]);
  const needed = new Set<number>();
  const seen = new Set<string>();
  const queue = [...from, ...facts.flatMap((f, i) => (f.bound.has("*") ? [i] : []))];
  for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
    if (needed.has(i)) continue;
    needed.add(i);
    for (const name of facts[i]?.mentions ?? []) {
      if (seen.has(name)) continue;
      seen.add(name);
      const own = binders.get(name);
      if (own === undefined) continue;
      queue.push(...own);
      if (types.has(name) && !isWritable(types, name)) continue;
      // Statements that may write into it.
      const same = [...aliases(name)];
      const into = [...writers].flatMap(([writer, written]) => (same.some((n) => written.has(n)) ? [writer] : []));
      for (const [j, f] of facts.entries()) {
        if (f.isDefinition) continue;
        if ((f.writes && same.some((n) => f.mentions.has(n))) || into.some((writer) => f.mentions.has(writer))) queue.push(j);
      }
    }
  }
  return needed;
}

/** The names that may stand for parts of one value: a statement that binds one and mentions the other may make them so. */
function aliasesAmong(facts: readonly Facts[], types: Draft["names"]): (name: string) => ReadonlySet<string> {
  const groups = new Map<string, Set<string>>();
  for (const { bound, mentions, isDefinition } of facts) {
    if (isDefinition || bound.size === 0) continue;
    const names = [...mentions].filter((name) => isWritable(types, name) && !isUsed(types, name));
    if (names.length < 2) continue;
    const all = new Set(names.flatMap((name) => [name, ...(groups.get(name) ?? [])]));
    for (const name of all) groups.set(name, all);
  }
  return (name) => groups.get(name) ?? new Set([name]);
}

/** Functions and classes by name, with the module's values that calling them may write into. */
type Writers = ReadonlyMap<string, ReadonlySet<string>>;

function writersAmong(facts: readonly Facts[], types: Draft["names"]): Writers {
  const writers = new Map<string, ReadonlySet<string>>();
  const definitions = facts.filter((f) => f.isDefinition);
  for (const { writes, mentions, bound } of definitions) {
    const written = writes ? [...mentions].filter((name) => !bound.has(name) && isWritable(types, name)) : [];
    if (written.length > 0) for (const name of bound) writers.set(name, new Set(written));
  }
  // Who calls one is one.
  for (let grows = writers.size > 0; grows; ) {
    grows = false;
    for (const { mentions, bound } of definitions) {
      const all = new Set([...mentions].flatMap((name) => [...(writers.get(name) ?? [])]));
      for (const name of bound) {
        if (all.size <= (writers.get(name)?.size ?? 0)) continue;
        writers.set(name, new Set([...all, ...(writers.get(name) ?? [])]));
        grows = true;
      }
    }
  }
  return writers;
}

/** Whether the module's name holds what can be written into: whoever only reads numbers changes none. */
const isWritable = (types: Draft["names"], name: string): boolean => {
  const type = types.get(name)?.type;
  return type !== undefined && WRITABLE.has(type);
};

/** Whether the name is of something that calls are made of. */
const isUsed = (types: Draft["names"], name: string): boolean => {
  const type = types.get(name)?.type;
  return type === "function" || type === "class" || type === "partial" || type === "method" || type === "instance";
};

const WRITABLE: ReadonlySet<Value["type"]> = new Set([
  "list",
  "dict",
  "set",
  "iterator",
  "instance",
  "tensor",
  "function",
  "class",
  "opaque",
  "unknown",
]);

/** Methods that change what they are called on; PyTorch's end in an underscore. */
const WRITES = /_$|^(?:append|extend|insert|pop|popitem|popleft|remove|clear|sort|reverse|update|add|discard|setdefault|register_buffer)$/;

// ------------------------------------------------------------------------------------------------------ facts of a piece

interface Facts {
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
}

const factsOf = new WeakMap<Content, Omit<Facts, "mentions"> & { readonly own: ReadonlySet<string> }>();
const withLead = new WeakMap<Content, { readonly lead: string; readonly facts: Facts }>();

function factsAt(piece: Piece, i: number, pieces: readonly Piece[]): Facts {
  const { content } = piece;
  const lead = leadAt(pieces, i);
  const known = withLead.get(content);
  if (known !== undefined && known.lead === lead) return known.facts;
  let own = factsOf.get(content);
  if (own === undefined) {
    own = readFacts(piece);
    factsOf.set(content, own);
  }
  const facts: Facts = { ...own, mentions: lead === "" ? own.own : new Set([...own.own, ...identifiers(lead)]) };
  withLead.set(content, { lead, facts });
  return facts;
}

function readFacts(piece: Piece): Omit<Facts, "mentions"> & { readonly own: ReadonlySet<string> } {
  const { statements } = piece.content;
  const own = new Set<string>(identifiers(directivesIn(piece)));
  const bound = new Set<string>();
  let writes = false;
  let isOpaque = false;
  const parameters = (s: Statement): void => {
    if (s.kind === "FunctionDef") for (const p of s.params) own.add(p.name);
    else if (s.kind === "ClassDef") for (const member of s.body) parameters(member);
  };
  for (const s of statements) parameters(s);
  for (const name of boundNames(statements)) {
    bound.add(name);
    own.add(name);
  }
  walkSyntax(statements, (n) => {
    switch (n.kind) {
      case "Name":
        own.add(n.id);
        break;
      case "Scope":
        for (const name of n.names) own.add(name);
        writes = true;
        break;
      case "Call":
        if (n.callee.kind === "Attribute" && WRITES.test(n.callee.name)) writes = true;
        if (n.callee.kind === "Name" && (n.callee.id === "next" || n.callee.id === "setattr")) writes = true;
        break;
      case "Import":
      case "ImportFrom":
        for (const a of n.names) bound.add(a.name === "*" ? "*" : (a.asName ?? a.name.split(".")[0] ?? a.name));
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
  return { bound, own, isDefinition, writes, isWild: [...WILD].some((name) => own.has(name)) };
}

const WILD: ReadonlySet<string> = new Set(["globals", "locals", "vars", "exec", "eval", "__import__", "importlib"]);

const identifiers = (text: string): readonly string[] => text.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];

// ----------------------------------------------------------------------------------------------------------- directives

/** Directives that stand before piece `i` may speak of it: they belong to the piece before. */
const leadAt = (pieces: readonly Piece[], i: number): string => {
  const before = pieces[i - 1];
  return before === undefined ? "" : directivesIn(before);
};

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

/** What is said for the whole file. */
function wideDirectives({ module, comments }: Reading): readonly string[] {
  const { directives } = readDirectives(module, comments);
  const isWide = (d: Directive): boolean => d.target === null;
  const { toText } = module.layout;
  const claimText = ({ from, to }: Span): string => module.text.slice(toText(from), toText(from) + to - from);
  return directives
    .filter(isWide)
    .flatMap((d) => [...d.entries.map((e) => `${e.key}=${e.text}`), ...d.claims.map((c) => claimText(c.claim.span))]);
}

const newlines = new WeakMap<Reading, number>();

function linesOf(reading: Reading): number {
  let known = newlines.get(reading);
  if (known === undefined) {
    known = reading.module.text.split("\n").length;
    newlines.set(reading, known);
  }
  return known;
}
