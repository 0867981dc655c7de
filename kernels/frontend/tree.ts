/**
 * The concrete tree between the grammar and the syntax tree: names, offsets, children. It keeps the builders
 * (treeExpression.ts, treeStatement.ts) free of the parser's own types, and is made without recursion.
 */
import type { Span } from "../ir/mod.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";

export interface RawNode {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly children: RawNode[];
  readonly isError: boolean;
}

/** What the builders share while one text is read. */
export interface Reader {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: Diagnostic[];
  /** Starts of statements that stand in for a faulty line. */
  readonly broken: ReadonlySet<number>;
  /** What was set aside, by the offset of what stands in for it: its tree in parentheses, or null where it has no value. */
  readonly holes: ReadonlyMap<number, RawNode | null>;
  /** Spans of an expression read on its own are moved by this. */
  readonly offset: number;
}

/** Expressions and blocks nest no deeper than this in a syntax tree; `a + b + …` counts one level a term. */
export const MAX_DEPTH = 300;

export function spanOf(reader: Reader, node: { readonly from: number; readonly to: number }): Span {
  return { file: reader.file, from: node.from + reader.offset, to: node.to + reader.offset };
}

export function sourceOf(reader: Reader, node: { readonly from: number; readonly to: number }): string {
  return reader.text.slice(node.from, node.to);
}

/** A name as Python compares it: its letters in their plainest form (NFKC), so that `𝐱` is `x`. */
export function identifier(reader: Reader, node: { readonly from: number; readonly to: number }): string {
  const name = sourceOf(reader, node);
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 127) return name.normalize("NFKC");
  return name;
}

/** Reports once that `node` is nested too deeply. */
export function tooDeep(reader: Reader, node: RawNode): void {
  if (reader.diagnostics.some((d) => d.code === "nesting-too-deep")) return;
  const to = Math.min(node.to, node.from + 80);
  reader.diagnostics.push(diagnose("nesting-too-deep", spanOf(reader, { from: node.from, to }), []));
}
