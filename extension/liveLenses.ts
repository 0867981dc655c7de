/**
 * The lenses of open documents as they are now, and the word that they have changed: built once when a document was
 * read, off the editor's request, and handed out at once. Whoever shows them is told to ask again only where a title
 * changed after it had asked: when a figure was counted late, a run started, got on or ended, a result came or grew
 * old. After an edit of a file the editor asks by itself.
 */
import * as vscode from "vscode";
import type { Problem } from "../kernels/flash/problem.ts";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import type { Documents, ReadEvent } from "./documents.ts";
import type { Figures } from "./figures.ts";
import { buildLenses, type Lens } from "./lenses.ts";
import type { MaskFigure } from "./lensTitle.ts";
import type { Panels } from "./panels.ts";
import { isNotebook, problemOf, type Reading } from "./reading.ts";
import type { ResultStore } from "./results.ts";
import { setting } from "./settings.ts";

/** How long after an edit a document's lenses were ready. */
export interface LensTiming {
  readonly document: string;
  readonly version: string;
  /** From the edit, the delay of analysis included. */
  readonly sinceEditMs: number;
  readonly lowerMs: number;
  readonly lensMs: number;
}

export interface LiveLenses extends vscode.Disposable {
  /** The lenses of `reading` as they would be shown now. */
  of(reading: Reading): readonly Lens[];
  /** The same for somebody who shows them, and asks again after `onDidChange`. */
  give(reading: Reading): readonly Lens[];
  readonly onDidChange: vscode.Event<void>;
  /** The last edits' timings, oldest first. */
  readonly timings: readonly LensTiming[];
}

const REMEMBERED_TIMINGS = 200;
/** How often the ages in the titles are looked at. */
const AGEING_MS = 60_000;

export function createLiveLenses(
  documents: Documents,
  figures: Figures,
  results: ResultStore,
  panels: Pick<Panels, "activityOf" | "fractionOf" | "onDidChangeRunning">,
  log: vscode.LogOutputChannel,
): LiveLenses {
  const changed = new vscode.EventEmitter<void>();
  const timings: LensTiming[] = [];
  /** Titles by document, as they were last given. */
  const given = new Map<string, string>();
  /** By document, what was built last and is still true. */
  const built = new Map<string, { readonly reading: Reading; readonly lenses: readonly Lens[] }>();
  /** The last share of blocks that was counted, by document and variant. */
  const shares = new Map<string, Map<string, number>>();
  const figureOf = (document: string, variant: LoweredVariant, problem: Problem): MaskFigure => {
    const figure = figures.of(variant, problem);
    const known = shares.get(document) ?? new Map<string, number>();
    if (figure.kind === "counted") shares.set(document, known.set(variant.name, figure.blocks));
    return figure.kind === "counting" ? { ...figure, before: known.get(variant.name) ?? null } : figure;
  };

  const of = (reading: Reading): readonly Lens[] => {
    const scope = vscode.Uri.parse(reading.document);
    const kinds = {
      mask: setting("codeLens.mask", scope),
      benchmark: setting("codeLens.benchmark", scope),
      kernel: setting("codeLens.kernel", scope),
    };
    figures.begin();
    const lenses = buildLenses(
      reading,
      kinds,
      (variant) => {
        const problem = problemOf(reading, variant);
        return {
          problem,
          key: figures.keyOf(variant, problem),
          figure: kinds.mask ? figureOf(reading.document, variant, problem) : { kind: "uncounted" },
          results: results.ofVariant(reading.document, variant.name),
          activity: panels.activityOf(reading.document, variant.name),
          fraction: panels.fractionOf(reading.document, variant.name),
        };
      },
      Date.now(),
    );
    built.set(reading.document, { reading, lenses });
    return lenses;
  };
  const fingerprint = (lenses: readonly Lens[]): string =>
    lenses.map((lens) => `${lens.span.from} ${lens.title} ${lens.command}`).join("\n");

  /** Something other than the text has changed: says so where the lenses of an open document are not what was given. */
  const refresh = (keys: Iterable<string>): void => {
    built.clear();
    for (const key of keys) {
      const reading = documents.readKey(key);
      if (reading !== null && fingerprint(of(reading)) !== given.get(key)) {
        changed.fire();
        return;
      }
    }
  };

  /** Builds the lenses of what was read, and tells the editor where it will not ask by itself. */
  const look = ({ reading, editedAt }: ReadEvent): void => {
    const began = performance.now();
    const lenses = of(reading);
    const lensMs = performance.now() - began;
    if (editedAt !== null) {
      const timing = {
        document: reading.document,
        version: reading.version,
        sinceEditMs: Date.now() - editedAt,
        lowerMs: reading.lowerMs,
        lensMs,
      };
      timings.push(timing);
      if (timings.length > REMEMBERED_TIMINGS) timings.shift();
      log.debug(
        `${reading.title}: lenses ready ${timing.sinceEditMs} ms after the edit (read ${reading.lowerMs.toFixed(1)} ms, lenses ${lensMs.toFixed(1)} ms)`,
      );
    }
    // After an edit the editor asks by itself, and would wait anew if told to. Not so for the other cells of a
    // notebook, nor where imports, settings or sizes changed the titles.
    if (editedAt !== null && !isNotebook(reading)) return;
    if (given.has(reading.document) && fingerprint(lenses) !== given.get(reading.document)) changed.fire();
  };
  /**
   * That has a turn of its own: VS Code sends what a turn has posted when the turn ends, and the panel, which is drawn
   * as somebody types, must not wait for the figures of lenses, which the editor asks for a quarter of a second later.
   */
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();
  const ageing = setInterval(() => refresh([...given.keys()].filter((key) => results.of(key).length > 0)), AGEING_MS);

  const subscription = vscode.Disposable.from(
    changed,
    documents.onDidRead((event) => {
      const { document } = event.reading;
      clearTimeout(waiting.get(document));
      waiting.set(
        document,
        setTimeout(() => {
          waiting.delete(document);
          look(event);
        }, 0),
      );
    }),
    documents.onDidClose((document) => {
      clearTimeout(waiting.get(document));
      waiting.delete(document);
      given.delete(document);
      built.delete(document);
      shares.delete(document);
    }),
    panels.onDidChangeRunning((document) => refresh([document])),
    new vscode.Disposable(results.onChange((document) => refresh([document]))),
    new vscode.Disposable(figures.onCounted(() => refresh([...given.keys()]))),
  );
  return {
    of,
    give(reading) {
      const known = built.get(reading.document);
      const lenses = known?.reading === reading ? known.lenses : of(reading);
      given.set(reading.document, fingerprint(lenses));
      return lenses;
    },
    onDidChange: changed.event,
    timings,
    dispose() {
      for (const timer of waiting.values()) clearTimeout(timer);
      clearInterval(ageing);
      subscription.dispose();
    },
  };
}
