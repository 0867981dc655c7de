/**
 * What a page says that concerns more than its panel, and who is told: stores, the other panels, the editor. Messages up
 * are facts and wishes of the user's hand; nothing here answers, but for what a store then tells.
 */
import * as vscode from "vscode";
import type { Span } from "../kernels/ir/mod.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { COMMANDS } from "./contributions.ts";
import type { Documents } from "./documents.ts";
import { copyText, openText, revealSpan, saveFile } from "./editor.ts";
import { applyFix } from "./fixEdit.ts";
import type { History } from "./history.ts";
import type { Panel } from "./panel.ts";
import type { Heard, Panels } from "./panels.ts";
import { pickDataFile } from "./pickDataFile.ts";
import type { ResultStore } from "./results.ts";
import type { SavingsStore } from "./savingsStore.ts";
import type { TuningStore } from "./tunings.ts";
import type { UserPresets } from "./userPresets.ts";
import type { WgslDocuments } from "./wgslDocument.ts";
import { writeDirective } from "./writeDirective.ts";

export interface FactParts {
  readonly documents: Documents;
  readonly results: ResultStore;
  readonly history: History;
  readonly tunings: TuningStore;
  readonly savings: SavingsStore;
  readonly presets: UserPresets;
  readonly wgsl: WgslDocuments;
  /** Lights places of a document in the editor. */
  readonly light: (document: string, spans: readonly Span[]) => void;
  readonly log: vscode.LogOutputChannel;
}

/** The listener for panels: `createPanels`'s `heard`. */
export function panelFacts(parts: FactParts): (message: Heard, panels: Panels, from: Panel) => void {
  const { documents, results, history, tunings, savings, presets, log } = parts;
  return (message, panels, from) => {
    switch (message.type) {
      case "result":
        results.put(message.document, message.result);
        history.put(message.document, [message.result]);
        panels.tellAll({ type: "measured", document: message.document, results: [message.result] }, from);
        return;
      case "swept":
        history.putSweep(message.sweep, message.results);
        panels.tellAll(message, from);
        return;
      case "forgetSweep":
        history.forgetSweep(message.document, message.id);
        panels.tellAll(message, from);
        return;
      case "forgetRun": {
        const gone = history.forgetRun(message.document, message.run);
        results.remove(message.document, gone);
        // Each kernel's run before is its last one again.
        const isAgain = (r: BenchResult): boolean => gone.some((g) => g.variant === r.variant && g.engine === r.engine);
        results.adopt(message.document, history.of(message.document).results.filter(isAgain));
        panels.tellAll(message, from);
        return;
      }
      case "savings":
        savings.put(message.form);
        panels.tellAll(message, from);
        return;
      case "tuned":
        tunings.put(message.tuned);
        panels.tellAll({ type: "tunings", tuned: tunings.all() }, from);
        return;
      case "untuned":
        tunings.forget(message.device, message.problemClass);
        panels.tellAll({ type: "tunings", tuned: tunings.all() }, from);
        return;
      case "command":
        void vscode.commands.executeCommand(COMMANDS[message.command]);
        return;
      case "savePreset":
        void presets.save(message.problem);
        return;
      case "pickFile":
        void pickDataFile(documents, message.document, message.name);
        return;
      case "writeDirective":
        void writeDirective(documents, message.document, message.variant);
        return;
      case "fix":
        void applyFix(documents, message.document, message.from, message.to);
        return;
      case "editPresets":
        void presets.edit();
        return;
      case "copy":
        void copyText(message.text);
        return;
      case "captureSnippet":
        void vscode.commands.executeCommand(COMMANDS.copyCaptureSnippet, message.document, message.variant);
        return;
      case "copyPython":
        void vscode.commands.executeCommand(COMMANDS.copyPython, message.document, message.variant);
        return;
      case "openText":
        void openText(message.language, message.text);
        return;
      case "openKernel":
        void parts.wgsl.open({ document: message.document, variant: message.variant }, message.kernel);
        return;
      case "light":
        parts.light(message.document, message.spans);
        return;
      case "saveFile":
        void saveFile(message.name, message.base64, from.shown?.document ?? null, log);
        return;
      case "reveal":
        void revealSpan(documents, { file: message.document, from: message.from, to: message.to });
        return;
      case "log":
        log[message.level](`panel: ${message.text}`);
        return;
      default:
        // A new message is to be handled here.
        message satisfies never;
    }
  };
}
