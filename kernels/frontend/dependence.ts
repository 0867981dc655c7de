/**
 * What an edit of a module can have changed, by the names that its statements bind and mention.
 *
 * A piece that is new or gone changes the names that it binds, and whatever mutable values it mentions: it may have
 * written into them. Each piece that mentions a changed name is affected, and changes its own names in turn. The
 * affected pieces are run again, with all that their names lead back to. Names are compared, not scopes: a local of the
 * same name costs time, and is never missed. After what names cannot show (`exec`, `globals()`) there is no answer.
 */

import type { Span } from "../ir/mod.ts";
import { once } from "../ir/once.ts";
import { type Directive, readDirectives } from "./directive.ts";
import type { Reading } from "./parse.ts";
import { type Content, type Piece, pieceOf } from "./piece.ts";
import { type Facts, identifiers, leadOf, readFacts, WILD } from "./pieceFacts.ts";
import type { Draft } from "./session.ts";
import type { Statement } from "./syntax.ts";
import type { Value } from "./value.ts";

/** What an edit touches. */
export interface Affected {
  /** Whether what belongs to the piece of `offset` is to be lowered again. */
  readonly isAffected: (offset: number) => boolean;
  /** Whether what was said of the piece of `offset` stands. */
  readonly stands: (offset: number) => boolean;
  /** The statements to run, in the order of the text: those of the affected pieces and all that they need. */
  readonly body: readonly Statement[];
  /** Names that may mean something else now. */
  readonly names: ReadonlySet<string>;
}

/** The names of a document's pieces, kept from one reading to the next. */
export interface Dependence {
  /** Null before the first reading, and where a document could not be read whole. */
  readonly reading: Reading | null;
  readonly facts: Map<Content, Facts>;
  readonly mentions: Map<string, Set<Content>>;
  readonly binders: Map<string, Set<Content>>;
  /** Pieces that do more than define, and definitions that may write into what they do not own. */
  readonly special: Set<Content>;
}

/** What is different since the reading before. */
export interface Change {
  readonly gone: readonly Facts[];
  readonly come: readonly Content[];
}

/** The names of `now`, taken over from `before`, which is used up. */
export function follow(before: Dependence | null, now: Reading): { readonly dependence: Dependence; readonly change: Change | null } {
  if (now.pieces.length === 0) return { dependence: nothing(null), change: null };
  const isNew = before?.reading == null;
  const dependence: Dependence = isNew ? nothing(now) : { ...before, reading: now };
  const { facts, mentions, binders, special } = dependence;
  const gone: Facts[] = [];
  const come: Content[] = [];
  // Before the first piece that is another one, and from the last such on, all is as it was; but the next one may have
  // got another directive above it.
  const old = isNew ? [] : (before.reading?.pieces ?? []);
  const { pieces } = now;
  let first = 0;
  while (first < pieces.length && old[first]?.content === pieces[first]?.content) first++;
  let same = 0;
  while (same < Math.min(old.length, pieces.length) - first && old.at(-1 - same)?.content === pieces.at(-1 - same)?.content) same++;
  const fresh = pieces.slice(first, pieces.length - same + 1);
  const stays = new Set(fresh.map((p) => p.content));
  for (const { content } of old.slice(first, old.length - same)) if (!stays.has(content)) forget(content);
  let lead = leadOf(pieces[first - 1]);
  for (const piece of fresh) {
    const known = facts.get(piece.content);
    if (known === undefined || known.lead !== lead) {
      if (known !== undefined) forget(piece.content);
      learn(piece, lead);
    }
    lead = leadOf(piece);
  }
  return { dependence, change: isNew ? null : { gone, come } };

  function forget(content: Content): void {
    const old = facts.get(content);
    if (old === undefined) return;
    gone.push(old);
    facts.delete(content);
    special.delete(content);
    for (const name of old.mentions) unnote(mentions, name, content);
    for (const name of old.bound) unnote(binders, name, content);
  }
  function learn(piece: Piece, above: string): void {
    const own = readFacts(piece, above);
    come.push(piece.content);
    facts.set(piece.content, own);
    if (!own.isDefinition || own.writes) special.add(piece.content);
    for (const name of own.mentions) note(mentions, name, piece.content);
    for (const name of own.bound) note(binders, name, piece.content);
  }
}

const nothing = (reading: Reading | null): Dependence => ({
  reading,
  facts: new Map(),
  mentions: new Map(),
  binders: new Map(),
  special: new Set(),
});

function note(index: Map<string, Set<Content>>, name: string, content: Content): void {
  const known = index.get(name);
  if (known === undefined) index.set(name, new Set([content]));
  else known.add(content);
}

function unnote(index: Map<string, Set<Content>>, name: string, content: Content): void {
  const known = index.get(name);
  known?.delete(content);
  if (known?.size === 0) index.delete(name);
}

/**
 * What `change` since `before`, which was lowered to `draft`, can have changed. `given` are expressions that hold for
 * the whole file (the form's). Null where it may be anything.
 */
export function affectedBy(
  before: Reading,
  draft: Draft,
  dependence: Dependence,
  { gone, come }: Change,
  given: readonly string[],
): Affected | null {
  const { reading: now, facts, mentions, binders, special } = dependence;
  if (now === null) return null;
  const directives = wideDirectives(now);
  if (directives.join("\n") !== wideDirectives(before).join("\n")) return null;
  if ([...WILD].some((name) => (mentions.get(name)?.size ?? 0) > 0)) return null;
  if (gone.some((f) => f.isWild)) return null;
  if (draft.diagnostics.some((d) => d.owner < 0) || draft.calls.some((c) => c.owner < 0)) return null;
  const { names: types } = draft;

  const names = new Set<string>();
  const affected = new Set<Content>();
  /** Functions and classes that changed pieces mention: a call says what sizes and arguments they have. */
  const used = new Set<string>();
  const queue: string[] = [];
  const change = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    queue.push(name);
  };
  const specials = once(() => [...gone, ...[...special].flatMap((content) => facts.get(content) ?? [])]);
  const mentioning = (name: string): readonly Facts[] => [...(mentions.get(name) ?? [])].flatMap((c) => facts.get(c) ?? []);
  const factsWith = (name: string): readonly Facts[] => [...mentioning(name), ...gone.filter((f) => f.mentions.has(name))];
  const aliases = aliasesBy(factsWith, types);
  const writers = once(() => writersAmong(specials(), mentioning, types));
  /** What running a piece, or not running it any more, may change. */
  const touch = (f: Facts): void => {
    for (const name of f.bound) change(name);
    for (const name of f.mentions) {
      if (isUsed(types, name)) used.add(name);
      if (f.isDefinition) continue;
      if (f.writes && isWritable(types, name)) for (const alias of aliases(name)) change(alias);
      if (isUsed(types, name)) for (const written of writers().get(name) ?? []) for (const alias of aliases(written)) change(alias);
    }
  };
  const affect = (content: Content): void => {
    const own = facts.get(content);
    if (own === undefined || affected.has(content)) return;
    affected.add(content);
    touch(own);
  };
  for (const f of gone) touch(f);
  for (const content of come) affect(content);
  // Their names hold a line number.
  const byLine = new Set(draft.variants.filter((v) => v.it.name.startsWith("lambda at line")).map((v) => pieceOf(v.owner)));
  if (byLine.size > 0 && linesOf(before) !== linesOf(now)) {
    for (const { content } of now.pieces) if (byLine.has(pieceOf(content.base))) affect(content);
  }
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) for (const content of mentions.get(name) ?? []) affect(content);
  if (names.has("*")) return null;
  const wide = new Set([...directives, ...given].flatMap(identifiers));
  for (const name of names) if (wide.has(name)) return null;
  // Little would be kept.
  if (affected.size > 8 && affected.size > now.pieces.length / 2) return null;

  const from = [...affected, ...(binders.get("*") ?? [])];
  for (const name of used) {
    for (const content of binders.get(name) ?? []) {
      if (affected.has(content)) continue;
      affected.add(content);
      from.push(content);
      for (const bound of facts.get(content)?.bound ?? []) from.push(...(mentions.get(bound) ?? []));
    }
  }
  const needed = neededFor(from, now, dependence, { types, aliases, writers });
  const body: Statement[] = [];
  for (const { content } of now.pieces) if (needed.has(content)) for (const statement of content.statements) body.push(statement);
  const again = new Set([...affected].map((content) => pieceOf(content.base)));
  const lost = new Set(gone.map((f) => pieceOf(f.base)));
  return {
    isAffected: (offset) => again.has(pieceOf(offset)),
    stands: (offset) => !again.has(pieceOf(offset)) && !lost.has(pieceOf(offset)),
    body,
    names,
  };
}

/** What finding out about writes takes. */
interface Writing {
  readonly types: Draft["names"];
  readonly aliases: (name: string) => ReadonlySet<string>;
  readonly writers: () => Writers;
}

/** The pieces `from`, and all that their names lead to: what binds them, and what may write into what they hold. */
function neededFor(
  from: Content[],
  now: Reading,
  { facts, mentions, binders }: Dependence,
  { types, aliases, writers }: Writing,
): ReadonlySet<Content> {
  const needed = new Set<Content>();
  const seen = new Set<string>();
  const places = once(() => new Map(now.pieces.map((p) => [p.content, p.from])));
  const place = (content: Content): number => places().get(content) ?? 0;
  const writersInto = once(() => {
    const by = new Map<string, string[]>();
    for (const [writer, written] of writers()) for (const name of written) by.set(name, [...(by.get(name) ?? []), writer]);
    return by;
  });
  for (let content = from.pop(); content !== undefined; content = from.pop()) {
    if (needed.has(content)) continue;
    needed.add(content);
    for (const name of facts.get(content)?.mentions ?? []) {
      if (seen.has(name)) continue;
      seen.add(name);
      const own = binders.get(name);
      if (own === undefined || own.size === 0) continue;
      from.push(...withoutRepeats(own, facts, place));
      if (types.has(name) && !isWritable(types, name)) continue;
      for (const alias of aliases(name)) {
        for (const other of mentions.get(alias) ?? []) if (isWriting(facts.get(other))) from.push(other);
        for (const writer of writersInto().get(alias) ?? []) {
          for (const other of mentions.get(writer) ?? []) if (facts.get(other)?.isDefinition === false) from.push(other);
        }
      }
    }
  }
  return needed;
}

/** Of imports that say the same the first. */
function withoutRepeats(all: ReadonlySet<Content>, facts: Dependence["facts"], place: (content: Content) => number): Iterable<Content> {
  if (all.size < 2) return all;
  const firsts = new Map<string | Content, Content>();
  for (const content of all) {
    const key = facts.get(content)?.imports ?? content;
    const known = firsts.get(key);
    if (known === undefined || place(content) < place(known)) firsts.set(key, content);
  }
  return firsts.values();
}

const isWriting = (f: Facts | undefined): boolean => f !== undefined && !f.isDefinition && f.writes;

/** The names that may stand for parts of one value: a statement that binds one and mentions the other may make them so. */
function aliasesBy(mentioning: (name: string) => readonly Facts[], types: Draft["names"]): (name: string) => ReadonlySet<string> {
  const groups = new Map<string, ReadonlySet<string>>();
  const isData = (name: string): boolean => isWritable(types, name) && !isUsed(types, name);
  return (name) => {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group = new Set([name]);
    if (isData(name)) {
      for (const member of group) {
        for (const { bound, mentions, isDefinition } of mentioning(member)) {
          if (!isDefinition && bound.size > 0) for (const other of mentions) if (isData(other)) group.add(other);
        }
      }
    }
    for (const member of group) groups.set(member, group);
    return group;
  };
}

/** Functions and classes by name, with the module's values that calling them may write into. */
type Writers = ReadonlyMap<string, ReadonlySet<string>>;

function writersAmong(facts: readonly Facts[], mentioning: (name: string) => readonly Facts[], types: Draft["names"]): Writers {
  const writers = new Map<string, Set<string>>();
  const queue: string[] = [];
  const add = (writer: string, written: Iterable<string>): void => {
    const all = writers.get(writer) ?? new Set();
    const before = all.size;
    for (const name of written) all.add(name);
    writers.set(writer, all);
    if (all.size > before) queue.push(writer);
  };
  for (const { writes, mentions, bound, isDefinition } of facts) {
    if (!isDefinition || !writes) continue;
    const written = [...mentions].filter((name) => !bound.has(name) && isWritable(types, name));
    if (written.length > 0) for (const name of bound) add(name, written);
  }
  // Who calls one is one.
  for (let writer = queue.pop(); writer !== undefined; writer = queue.pop()) {
    for (const { bound, isDefinition } of mentioning(writer))
      if (isDefinition) for (const name of bound) add(name, writers.get(writer) ?? []);
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

/** What is said for the whole file, with the place that it has in its piece: what was made of it points there. */
function wideDirectives({ module, comments }: Reading): readonly string[] {
  const { text, layout } = module;
  const said = ({ from, to }: Span): string => `${layout.fromText(from)} ${text.slice(from, to)}`;
  const { directives } = readDirectives(module, comments);
  const isWide = (d: Directive): boolean => d.target === null;
  return directives
    .filter(isWide)
    .flatMap((d) => [
      ...[...d.entries, ...d.kernel.entries].map((e) => `${said(e.keySpan)}=${said(e.value.span)}`),
      ...d.claims.map((c) => said(c.claim.span)),
    ]);
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
