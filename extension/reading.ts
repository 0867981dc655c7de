/**
 * A reading: what a document's text said at one moment, as a value; and the way between offsets of that text and
 * places in the editor's documents.
 */
import * as vscode from "vscode";
import { fillProblem, type Problem, withDefaults } from "../kernels/flash/problem.ts";
import type { LoweredModule, LoweredVariant, Source } from "../kernels/frontend/module.ts";
import type { ProblemHints, Span } from "../kernels/ir/mod.ts";
import type { ShownFile } from "../webview/protocol.ts";
import type { Inputs } from "./inputs.ts";
import { type Part, partAt } from "./layout.ts";

/** A document as read. */
export interface Reading {
  /** URI of the document or notebook: its key everywhere. */
  readonly document: string;
  /** Changes with the text, the user's inputs and the text of imported modules. */
  readonly version: string;
  /** File name for titles. */
  readonly title: string;
  /** The document first, then what it imports. */
  readonly sources: readonly Source[];
  /** The data files that it names, as far as they were looked for. */
  readonly files: readonly ShownFile[];
  readonly module: LoweredModule;
  readonly inputs: Inputs;
  readonly defaults: ProblemHints;
  readonly lowerMs: number;
  /** The lesser of this and the last time: a first reading, before the engine has compiled anything, says little. */
  readonly usualMs: number;
  /** `performance.now()` when it was done. */
  readonly readAt: number;
  /** The editor's documents that make up the text: one, or a notebook's code cells in order. */
  readonly cells: readonly Cell[];
}

export interface Cell extends Part {
  readonly text: vscode.TextDocument;
}

/** Whether these are a notebook's cells. */
export const isNotebook = (reading: Pick<Reading, "document" | "cells">): boolean =>
  reading.cells.some(({ text }) => text.uri.toString() !== reading.document);

/** The sizes that `variant` is shown and measured at: form over text over settings. */
export function problemOf(reading: Pick<Reading, "inputs" | "defaults">, variant: LoweredVariant): Problem {
  return fillProblem(withDefaults({ ...variant.problem, ...reading.inputs.problem }, reading.defaults));
}

/** Where `span` stands in the editor; null if it is in a module that the document imports, or in no cell any more. */
export function locate(reading: Reading, span: Span): vscode.Location | null {
  if (span.file !== reading.document) return null;
  const at = partAt(reading.cells, span.from);
  const cell = at === null ? undefined : reading.cells[at.index];
  if (at === null || cell === undefined) return null;
  const end = Math.max(at.offset, Math.min(span.to - cell.start, cell.length));
  return new vscode.Location(cell.text.uri, new vscode.Range(cell.text.positionAt(at.offset), cell.text.positionAt(end)));
}

/** Offset in the reading's text of a position in one of its documents; null if that is none of its. */
export function offsetAt(reading: Reading, document: vscode.TextDocument, position: vscode.Position): number | null {
  const cell = reading.cells.find((c) => c.text === document || c.text.uri.toString() === document.uri.toString());
  return cell === undefined ? null : cell.start + document.offsetAt(position);
}
