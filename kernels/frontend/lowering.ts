/**
 * Lowering a text again and again while it is typed: what an edit cannot have changed is not done again.
 *
 * The text is read in pieces, a top-level statement each (piece.ts). Pieces that are new, and those whose names lead to
 * them, are affected (dependence.ts); what was said of the others stands. The affected ones are lowered by the same
 * session as a whole module, over the statements that they need. Where one cannot tell, the whole is lowered: after
 * another form, other modules or data files, a directive for the whole file, or `exec`.
 */

import { type Affected, affectedBy, type Change, type Dependence, follow } from "./dependence.ts";
import type { Layout } from "./layout.ts";
import { EMPTY, finish } from "./lower.ts";
import type { LoweredModule, LowerOptions, Source } from "./module.ts";
import { parseAgain, type Reading } from "./parse.ts";
import { PIECE } from "./piece.ts";
import { moverTo, relocated } from "./relocate.ts";
import { type Draft, type Owned, runSession, type Session } from "./session.ts";

export interface Lowering {
  /** As `lowerModule`: the same answer, sooner. */
  readonly lower: (sources: readonly Source[], options?: LowerOptions) => LoweredModule;
  /** What is known of a document is dropped: it was closed. */
  readonly forget: (file: string) => void;
}

/** Documents of which the last state is kept. */
const MAX_DOCUMENTS = 12;

interface Memory {
  readonly sources: readonly Source[];
  readonly options: LowerOptions;
  readonly reading: Reading;
  readonly dependence: Dependence;
  readonly draft: Draft;
  readonly result: LoweredModule;
}

export function createLowering(): Lowering {
  const memories = new Map<string, Memory>();
  return {
    lower(sources, options = {}) {
      const [document] = sources;
      if (document === undefined) return EMPTY;
      const { file } = document;
      const before = memories.get(file) ?? null;
      if (before !== null && before.reading.module.text === document.text && isSameContext(before, sources, options)) return before.result;
      const reading = parseAgain(file, document.text, before?.reading ?? null);
      const { dependence, change } = follow(before?.dependence ?? null, reading);
      const { draft, session } = lowerAgain(before, reading, dependence, change, sources, options);
      const result = relocated(finish(reading, draft, session, true), file, reading.module.layout);
      memories.delete(file);
      memories.set(file, { sources, options, reading, dependence, draft, result });
      for (const oldest of memories.keys()) if (memories.size > MAX_DOCUMENTS) memories.delete(oldest);
      return result;
    },
    forget(file) {
      memories.delete(file);
    },
  };
}

function lowerAgain(
  before: Memory | null,
  reading: Reading,
  dependence: Dependence,
  change: Change | null,
  sources: readonly Source[],
  options: LowerOptions,
): { draft: Draft; session: Session } {
  const isComparable = before !== null && change !== null && isSameContext(before, sources, options);
  const affected = isComparable ? affectedBy(before.reading, before.draft, dependence, change, expressionsOf(options)) : null;
  if (before !== null && affected !== null) {
    const wants = (entry: { readonly nameSpan: { readonly from: number } }): boolean => affected.isAffected(entry.nameSpan.from);
    const known = before.draft.firstCall;
    const session = runSession(sources, reading, options, { body: affected.body, wants, firstCall: known?.it ?? {} });
    const draft = merged(before.draft, anchored(session.draft, reading), affected, reading.module.layout);
    if (JSON.stringify(draft.firstCall?.it ?? {}) === JSON.stringify(known?.it ?? {})) return { draft, session };
  }
  const session = runSession(sources, reading, options, { body: reading.module.body, wants: () => true, firstCall: null });
  return { draft: anchored(session.draft, reading), session };
}

/** Directives are read by their place in the text: their spans too count from a piece here, for they outlive the text. */
function anchored(draft: Draft, { module: { file, layout } }: Reading): Draft {
  const move = moverTo(file, (offset) => (offset < PIECE ? layout.fromText(offset) : offset));
  return {
    ...draft,
    variants: draft.variants.map(({ owner, it }) => ({ owner, it: move.variant(it) })),
    diagnostics: draft.diagnostics.map(({ owner, it }) => ({ owner, it: move.diagnostic(it) })),
    needs: draft.needs.map(move.need),
    dataNeeds: draft.dataNeeds.map(move.need),
  };
}

/** What stands of `before`, and what `now` says of the affected pieces. */
function merged(before: Draft, now: Draft, affected: Affected, layout: Layout): Draft {
  const stands = ({ owner }: { readonly owner: number }): boolean => affected.stands(owner);
  const isNew = ({ owner }: { readonly owner: number }): boolean => affected.isAffected(owner);
  const both = <T>(pick: (draft: Draft) => readonly Owned<T>[]): Owned<T>[] => [...pick(before).filter(stands), ...pick(now).filter(isNew)];
  const span = <T extends { readonly span: { readonly from: number } }>(of: T): { owner: number } => ({ owner: of.span.from });
  const was = before.firstCall !== null && stands(before.firstCall) ? before.firstCall : null;
  const is = now.firstCall !== null && isNew(now.firstCall) ? now.firstCall : null;
  const isEarlier = was === null || (is !== null && layout.toText(is.owner) < layout.toText(was.owner));
  return {
    variants: both((d) => d.variants),
    calls: both((d) => d.calls),
    diagnostics: both((d) => d.diagnostics),
    needs: [...before.needs.filter((n) => stands(span(n))), ...now.needs.filter((n) => isNew(span(n)))],
    dataNeeds: [...before.dataNeeds.filter((n) => stands(span(n))), ...now.dataNeeds.filter((n) => isNew(span(n)))],
    used: both((d) => d.used),
    failed: [...before.failed.filter((owner) => stands({ owner })), ...now.failed],
    firstCall: isEarlier ? is : was,
    names: new Map([...[...before.names].filter(([name]) => !affected.names.has(name)), ...now.names]),
  };
}

const expressionsOf = ({ bindings = {} }: LowerOptions): readonly string[] => Object.values(bindings).filter((v) => typeof v === "string");

/** Whether nothing but the document's text differs. */
function isSameContext(before: Memory, sources: readonly Source[], options: LowerOptions): boolean {
  const same = <T>(a: readonly T[], b: readonly T[], equal: (x: T, y: T) => boolean): boolean =>
    a.length === b.length && a.every((x, i) => equal(x, b[i] as T));
  const { bindings = {}, files = [] } = options;
  const { bindings: hadBindings = {}, files: hadFiles = [] } = before.options;
  return (
    options.scoreDType === before.options.scoreDType &&
    options.stepBudget === before.options.stepBudget &&
    same(Object.entries(bindings), Object.entries(hadBindings), ([k, v], [l, w]) => k === l && v === w) &&
    same(files, hadFiles, (a, b) => a === b || (a.path === b.path && a.from === b.from && a.bytes === b.bytes && a.fault === b.fault)) &&
    JSON.stringify(sources[0]?.imports) === JSON.stringify(before.sources[0]?.imports) &&
    same(
      sources.slice(1),
      before.sources.slice(1),
      (a, b) => a === b || (a.file === b.file && a.text === b.text && JSON.stringify(a.imports) === JSON.stringify(b.imports)),
    )
  );
}
