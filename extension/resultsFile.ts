/**
 * Measurements as a file that people hand on: JSON with a version, a list of documents, each with its measurements and
 * sweeps. Documents go by their path in the workspace, since the other machine's workspace lies elsewhere. Reading checks
 * all of it, and says what is wrong where. Pure.
 */
import type { BenchResult } from "../kernels/runtime/result.ts";
import type { Sweep } from "../kernels/runtime/sweep.ts";
import type { Remembered } from "./historyFile.ts";
import { resultFault, sweepFault } from "./measurementShape.ts";

const FORMAT = "flexlens-results";
/** Grows when a field changes its meaning. */
const VERSION = 1;

/** What a file holds of one document. */
export interface Exported extends Remembered {
  /** Path in the workspace, with `/`. */
  readonly path: string;
}

/** The file's text. `exportedAt` in milliseconds since 1970. */
export function printResults(documents: readonly Exported[], exportedAt: number): string {
  const file = { format: FORMAT, version: VERSION, exportedAt: new Date(exportedAt).toISOString(), documents };
  return `${JSON.stringify(file, null, 1)}\n`;
}

export type ReadResults =
  | { readonly ok: true; readonly documents: readonly Exported[] }
  /** Cause, then way out. */
  | { readonly ok: false; readonly fault: string };

/** The documents in the file `name`, each measurement marked as imported from it. */
export function readResults(text: string, name: string): ReadResults {
  const no = (fault: string): ReadResults => ({ ok: false, fault });
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    return no(
      `\`${name}\` is no JSON (${error instanceof Error ? error.message : String(error)}). Choose a file that “Export Results…” wrote.`,
    );
  }
  if (!isRecord(file) || file["format"] !== FORMAT) {
    return no(`\`${name}\` holds no Flexlens results: its \`format\` is not \`${FORMAT}\`. Choose a file that “Export Results…” wrote.`);
  }
  if (file["version"] !== VERSION) {
    return no(
      `\`${name}\` is of version ${JSON.stringify(file["version"])} of the format; this extension reads version ${VERSION}. Update it, or export anew.`,
    );
  }
  const { documents } = file;
  const broken = (path: string): ReadResults =>
    no(`\`${name}\` is damaged at \`${path}\`: what stands there is not what a result has. Nothing was imported; export it anew.`);
  if (!Array.isArray(documents)) return broken("documents");
  const read: Exported[] = [];
  for (const [i, document] of documents.entries()) {
    const at = `documents[${i}]`;
    if (!isRecord(document) || typeof document["path"] !== "string") return broken(`${at}.path`);
    const { results, sweeps = [], path } = document;
    if (!Array.isArray(results)) return broken(`${at}.results`);
    if (!Array.isArray(sweeps)) return broken(`${at}.sweeps`);
    for (const [j, result] of results.entries()) {
      const fault = resultFault(result);
      if (fault !== null) return broken(`${at}.results[${j}]${fault}`);
    }
    for (const [j, sweep] of sweeps.entries()) {
      const fault = sweepFault(sweep);
      if (fault !== null) return broken(`${at}.sweeps[${j}]${fault}`);
    }
    read.push({
      path,
      // Ids are marked too: a sweep that is brought back to where it was made stays apart from its original.
      results: results.map((r: BenchResult) => ({
        ...r,
        importedFrom: name,
        ...(r.run === undefined ? {} : { run: marked(r.run, name) }),
        ...(r.sweep === undefined ? {} : { sweep: { ...r.sweep, id: marked(r.sweep.id, name) } }),
      })),
      sweeps: sweeps.map((s: Sweep) => ({ ...s, id: marked(s.id, name), importedFrom: name })),
    });
  }
  return { ok: true, documents: read };
}

const marked = (id: string, name: string): string => `${name}:${id}`;

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === "object" && x !== null && !Array.isArray(x);
