/**
 * The one message that tells the panel what to show: built from a reading, and compared with what the page knows, so
 * that a change which the page made itself does not come back to it (it may have gone on meanwhile).
 */
import { difference } from "../kernels/frontend/fixAll.ts";
import type { Source } from "../kernels/frontend/module.ts";
import { type Edit, type KnownSource, PROTOCOL_VERSION, type Show, type ShownFile, type View } from "../webview/protocol.ts";
import type { Reading } from "./reading.ts";
import type { ResultStore } from "./results.ts";
import type { Shown } from "./runs.ts";

/** What the page knows of the document without being told again. */
export type Known = Pick<Show, "document" | "sources" | "files" | "bindings" | "problem" | "kernels" | "defaults" | "variant">;

/** `view` null: the one the page has. */
export function buildShow(
  reading: Pick<Reading, "document" | "title" | "sources" | "files" | "inputs" | "defaults">,
  variant: string | null,
  view: View | null,
  results: Pick<ResultStore, "of">,
): Show {
  return {
    type: "show",
    version: PROTOCOL_VERSION,
    document: reading.document,
    title: reading.title,
    sources: reading.sources,
    files: reading.files,
    bindings: reading.inputs.bindings,
    problem: reading.inputs.problem,
    kernels: reading.inputs.kernels,
    defaults: reading.defaults,
    variant,
    view,
    results: results.of(reading.document),
  };
}

/** Whether `show` says nothing beyond `known`. One that asks for a view always says something. */
export function isKnown(known: Known | null, show: Show): boolean {
  return (
    known !== null &&
    show.view === null &&
    known.document === show.document &&
    known.variant === show.variant &&
    JSON.stringify([known.problem, known.kernels ?? {}, known.defaults]) ===
      JSON.stringify([show.problem, show.kernels ?? {}, show.defaults]) &&
    sameBindings(known.bindings, show.bindings) &&
    sameFiles(known.files ?? [], show.files ?? []) &&
    known.sources.length === show.sources.length &&
    known.sources.every((source, i) => source.file === show.sources[i]?.file && source.text === show.sources[i]?.text) &&
    JSON.stringify(known.sources.map((s) => s.imports)) === JSON.stringify(show.sources.map((s) => s.imports))
  );
}

/** `show` without the bytes that the page has from `known`. */
export function withoutKnownBytes(known: Known | null, show: Show): Show {
  if (show.files === undefined || known?.files === undefined || known.document !== show.document) return show;
  const had = known.files;
  return { ...show, files: show.files.map((file) => (had.some((k) => isSameFile(k, file)) ? { ...file, bytes: null } : file)) };
}

/** `show` by what differs from the sources that the page has from `known`; itself where it has none of that document. */
export function asEdit(known: Known | null, show: Show): Show | Edit {
  if (known === null || known.document !== show.document) return show;
  const had = known.sources;
  return { ...show, type: "edit", sources: show.sources.map((source, i) => editedSource(had, source, i)) };
}

function editedSource(had: readonly Source[], source: Source, i: number): Source | KnownSource {
  const at = had[i]?.file === source.file ? i : had.findIndex(({ file }) => file === source.file);
  const before = had[at];
  if (before === undefined || JSON.stringify(before.imports) !== JSON.stringify(source.imports)) return source;
  return before.text === source.text ? { at } : { at, ...difference(before.text, source.text) };
}

/** What a tab is called: what it shows, and that it stays with it. */
export function panelTitle(file: string, variant: string | null, follows: boolean): string {
  return `Flexlens${follows ? "" : " (pinned)"}: ${variant === null ? file : `${variant} · ${file}`}`;
}

/** What a panel showed whose page kept `state` (webview/saved.ts), as VS Code hands it back after a reload; it may be anything. */
export function readKept(state: unknown): { readonly shown: Shown | null; readonly follows: boolean } {
  if (typeof state !== "object" || state === null) return { shown: null, follows: true };
  const { show, variant, follows } = state as Readonly<Record<"show" | "variant" | "follows", unknown>>;
  const document = typeof show === "object" && show !== null && "document" in show ? show.document : null;
  return {
    shown: typeof document === "string" ? { document, variant: typeof variant === "string" ? variant : null } : null,
    follows: follows !== false,
  };
}

const isSameFile = (a: ShownFile, b: ShownFile): boolean => a.from === b.from && a.path === b.path && a.version === b.version;

function sameFiles(a: readonly ShownFile[], b: readonly ShownFile[]): boolean {
  return a.length === b.length && a.every((file) => b.some((other) => isSameFile(file, other)));
}

function sameBindings(a: Show["bindings"], b: Show["bindings"]): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
