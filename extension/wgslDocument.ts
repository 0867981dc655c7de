/**
 * A variant's kernel as a read-only document that follows the text: the panel's "Open beside" and "Open Kernel as WGSL".
 * The panel says which kernel, tile and device it is about; without that it is the first kernel that WebGPU's guaranteed
 * limits and subgroups allow, or the reason why there is none. While the text cannot be read, the last kernel stays.
 */
import * as vscode from "vscode";
import { type KernelOrigins, originsOf } from "../kernels/emit/wgslOrigin.ts";
import { askedOf } from "../kernels/flash/wishes.ts";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import type { ShownKernel } from "../webview/protocol.ts";
import type { Documents } from "./documents.ts";
import { kernelText } from "./kernelText.ts";
import { problemOf, type Reading } from "./reading.ts";
import type { Shown } from "./runs.ts";

export const WGSL_SCHEME = "flexlens-wgsl";

/** What an open document was written from. */
export interface WrittenKernel {
  readonly reading: Reading;
  readonly variant: LoweredVariant;
  readonly text: string;
  readonly origins: KernelOrigins;
}

export interface WgslDocuments extends vscode.Disposable {
  /** The WGSL of a variant's fused forward kernel; null if there is no such variant any more. */
  text(shown: Shown): Promise<string | null>;
  uri(shown: Shown, kernel?: ShownKernel): vscode.Uri;
  /** Opens it beside the editor that is active. */
  open(shown: Shown, kernel?: ShownKernel): Promise<void>;
  /** What an open document shows; null for one that shows none. */
  written(uri: vscode.Uri): WrittenKernel | null;
  /** The document shows another reading; its text may be the same. */
  readonly onDidWrite: vscode.Event<vscode.Uri>;
}

export function registerWgslDocuments(documents: Documents): WgslDocuments {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const didWrite = new vscode.EventEmitter<vscode.Uri>();
  const open = new Map<string, WrittenKernel>();
  /** Those that nobody saw when their Python changed: they are written when they are looked at. */
  const behind = new Set<string>();

  const write = async (shown: Shown, kernel: ShownKernel | null): Promise<WrittenKernel | Reading | null> => {
    const reading = await documents.open(shown.document);
    const variant = reading?.module.variants.find((v) => v.name === shown.variant) ?? null;
    if (reading === null || variant === null) return reading;
    const { wishes } = askedOf({ ...variant.problem, ...reading.inputs.kernels[variant.name] });
    const { kernels, refusals } = kernelText(variant, problemOf(reading, variant), wishes, kernel);
    const none = refusals.map(({ engine, reason }) => `// No ${engine} kernel: ${reason}.\n`).join("");
    const text = kernels.length === 0 ? none : kernels.map(({ wgsl }) => wgsl).join("\n\n");
    return { reading, variant, text, origins: originsOf(variant, text) };
  };

  const provide = async (uri: vscode.Uri): Promise<string> => {
    const { shown, kernel } = addressOf(uri);
    const made = await write(shown, kernel);
    if (made !== null && "text" in made) {
      open.set(uri.toString(), made);
      didWrite.fire(uri);
      return made.text;
    }
    const before = open.get(uri.toString());
    // Gone from a broken text it will be back; gone from one that is in order it was renamed or deleted.
    if (before !== undefined && made?.module.diagnostics.some((d) => d.severity === "error") === true) return before.text;
    open.delete(uri.toString());
    return `// There is no variant ${shown.variant ?? ""} in ${shown.document} now.\n`;
  };

  const subscription = vscode.Disposable.from(
    changed,
    didWrite,
    vscode.workspace.registerTextDocumentContentProvider(WGSL_SCHEME, { onDidChange: changed.event, provideTextDocumentContent: provide }),
    documents.onDidRead(({ reading }) => {
      const visible = new Set(vscode.window.visibleTextEditors.map(({ document }) => document.uri.toString()));
      for (const { uri } of vscode.workspace.textDocuments) {
        if (uri.scheme !== WGSL_SCHEME || addressOf(uri).shown.document !== reading.document) continue;
        if (visible.has(uri.toString())) changed.fire(uri);
        else behind.add(uri.toString());
      }
    }),
    vscode.window.onDidChangeVisibleTextEditors((editors) => {
      for (const { document } of editors) if (behind.delete(document.uri.toString())) changed.fire(document.uri);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      open.delete(uri.toString());
      behind.delete(uri.toString());
    }),
  );

  const uri = ({ document, variant }: Shown, kernel?: ShownKernel): vscode.Uri => {
    const name = [variant ?? "kernel", ...(kernel === undefined ? [] : [kernel.engine, kernel.pass])].join(".");
    return vscode.Uri.from({
      scheme: WGSL_SCHEME,
      path: `/${name.replace(/[\\/:*?"<>|]/g, "_")}.wgsl`,
      query: JSON.stringify([document, variant, kernel ?? null]),
    });
  };
  return {
    async text(shown) {
      const made = await write(shown, null);
      return made !== null && "text" in made ? made.text : null;
    },
    uri,
    async open(shown, kernel) {
      await vscode.window.showTextDocument(uri(shown, kernel), { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
    },
    written: (of) => open.get(of.toString()) ?? null,
    onDidWrite: didWrite.event,
    dispose: () => subscription.dispose(),
  };
}

function addressOf(uri: vscode.Uri): { readonly shown: Shown; readonly kernel: ShownKernel | null } {
  const [document = "", variant = null, kernel = null] = JSON.parse(uri.query) as [string, string | null, ShownKernel | null];
  return { shown: { document, variant }, kernel };
}
