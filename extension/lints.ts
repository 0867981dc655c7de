/**
 * Lints of what was read, and whether what it asserts holds: found after the lenses are ready, one variant at a turn,
 * given up when a newer reading comes. Until the new ones are there, those of the text before stand where the edit has
 * moved them.
 */
import * as vscode from "vscode";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import { lintAssertions } from "../kernels/lint/assertion.ts";
import { lintCellOrder, type RunCell } from "../kernels/lint/cellOrder.ts";
import { lintEach, settle } from "../kernels/lint/lint.ts";
import { directiveFaults } from "./authoring/directiveFaults.ts";
import { carried } from "./carry.ts";
import type { Documents } from "./documents.ts";
import type { Reading } from "./reading.ts";
import { setting } from "./settings.ts";

/** After a reading: longer than it takes from key to key, so that nothing is linted while somebody types. */
const QUIET_MS = 350;
/** One turn: longer would be felt in the editor. */
const TURN_MS = 8;

interface Found {
  readonly version: string;
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Lints extends vscode.Disposable {
  /** What is known of `reading` at the moment. */
  of(reading: Reading): readonly Diagnostic[];
  /** Fires when new ones are there, for the reading that they are of. */
  readonly onDidFind: vscode.Event<Reading>;
}

/** To be made before whoever shows them listens to `documents`. */
export function createLints(documents: Documents, log: vscode.LogOutputChannel): Lints {
  const found = new Map<string, Found>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const didFind = new vscode.EventEmitter<Reading>();

  const stop = (document: string): void => {
    clearTimeout(timers.get(document));
    timers.delete(document);
  };
  const start = (reading: Reading): void => {
    const { document } = reading;
    const runs = runsOf(reading);
    const version = `${reading.version} ${isLinted(reading)} ${runs.map(({ order }) => order).join()}`;
    stop(document);
    if (!isOn(reading)) {
      if (found.delete(document)) didFind.fire(reading);
      return;
    }
    if (found.get(document)?.version === version) return;
    const lints = lintsOf(reading, runs);
    const diagnostics: Diagnostic[] = [];
    const turn = (): void => {
      const until = performance.now() + TURN_MS;
      try {
        for (let next = lints.next(); ; next = lints.next()) {
          if (next.done === true) break;
          diagnostics.push(...next.value);
          if (performance.now() < until) continue;
          timers.set(document, setTimeout(turn, 0));
          return;
        }
      } catch (error) {
        // A defect of ours: the editor goes on without lints, and the log has the stack.
        log.error(error instanceof Error ? error : String(error));
      }
      timers.delete(document);
      found.set(document, { version, text: reading.sources[0]?.text ?? "", diagnostics: settle(diagnostics) });
      didFind.fire(reading);
    };
    timers.set(document, setTimeout(turn, QUIET_MS));
  };

  const subscription = vscode.Disposable.from(
    didFind,
    documents.onDidRead(({ reading }) => start(reading)),
    vscode.workspace.onDidChangeNotebookDocument(({ notebook, cellChanges }) => {
      const reading = cellChanges.some((change) => change.executionSummary !== undefined)
        ? documents.readKey(notebook.uri.toString())
        : null;
      if (reading !== null) start(reading);
    }),
    documents.onDidClose((document) => {
      stop(document);
      found.delete(document);
    }),
  );
  return {
    of(reading) {
      const known = found.get(reading.document);
      if (known === undefined || !isOn(reading)) return [];
      const shown = isLinted(reading) ? known.diagnostics : known.diagnostics.filter((d) => /^(assertion|directive)-/.test(d.code));
      return carried(shown, reading.document, known.text, reading.sources[0]?.text ?? "");
    },
    onDidFind: didFind.event,
    dispose() {
      for (const timer of timers.values()) clearTimeout(timer);
      subscription.dispose();
    },
  };
}

/** What is wrong with directives, what the text asserts, and what it does not ask about; the latter can be switched off. */
function* lintsOf(reading: Reading, runs: readonly RunCell[]): Generator<readonly Diagnostic[]> {
  const { sources, module, inputs } = reading;
  const [source] = sources;
  if (source !== undefined) yield directiveFaults(source);
  yield* lintAssertions(module, { problem: inputs.problem });
  if (!isLinted(reading)) return;
  if (source !== undefined && runs.length > 0) yield lintCellOrder(source, module, runs);
  yield* lintEach(sources, module, { problem: inputs.problem });
}

/** The cells of a notebook, with when each was run; none of another document. */
function runsOf({ document, cells }: Reading): readonly RunCell[] {
  const notebook = vscode.workspace.notebookDocuments.find((open) => open.uri.toString() === document);
  if (notebook === undefined) return [];
  const orders = new Map(notebook.getCells().map((cell) => [cell.document, cell.executionSummary?.executionOrder ?? null]));
  return cells.map(({ start, length, text }) => ({ start, length, order: orders.get(text) ?? null }));
}

const isLinted = (reading: Reading): boolean => setting("lint.enabled", vscode.Uri.parse(reading.document));
const isOn = (reading: Reading): boolean => setting("diagnostics.enabled", vscode.Uri.parse(reading.document));
