/**
 * A variant's kernel as a read-only document that follows the text: what "Open Kernel as WGSL" shows. Which kernel a
 * device gets depends on that device; here, without one, the best family is shown that WebGPU's guaranteed limits and
 * subgroups allow, or the reason why there is none.
 */
import * as vscode from "vscode";
import { DEFAULT_LIMITS } from "../kernels/flash/plan.ts";
import { chooseForward } from "../kernels/flash/select.ts";
import { askedOf } from "../kernels/flash/wishes.ts";
import type { Documents } from "./documents.ts";
import { problemOf } from "./reading.ts";
import type { Shown } from "./runs.ts";

const SCHEME = "flexlens-wgsl";

export interface WgslDocuments extends vscode.Disposable {
  /** The WGSL of a variant's fused forward kernel; null if there is no such variant any more. */
  text(shown: Shown): Promise<string | null>;
  uri(shown: Shown): vscode.Uri;
}

export function registerWgslDocuments(documents: Documents): WgslDocuments {
  const changed = new vscode.EventEmitter<vscode.Uri>();

  const text = async (shown: Shown): Promise<string | null> => {
    const reading = await documents.open(shown.document);
    const variant = reading?.module.variants.find((v) => v.name === shown.variant) ?? null;
    if (reading === null || variant === null) return null;
    const { wishes } = askedOf({ ...variant.problem, ...reading.inputs.kernels[variant.name] });
    const { plan, refusals } = chooseForward(
      variant,
      problemOf(reading, variant),
      { ...DEFAULT_LIMITS, subgroups: true },
      undefined,
      wishes,
    );
    if (plan === null) return refusals.map(({ engine, reason }) => `// No ${engine} kernel: ${reason}.\n`).join("");
    return plan.kernels.map((kernel) => kernel.wgsl).join("\n\n");
  };

  const subscription = vscode.Disposable.from(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: async (uri) => {
        const shown = shownOf(uri);
        return (await text(shown)) ?? `// There is no variant ${shown.variant ?? ""} in ${shown.document} now.\n`;
      },
    }),
    documents.onDidRead(({ reading }) => {
      for (const { uri } of vscode.workspace.textDocuments) {
        if (uri.scheme === SCHEME && shownOf(uri).document === reading.document) changed.fire(uri);
      }
    }),
  );

  return {
    text,
    uri: ({ document, variant }) =>
      vscode.Uri.from({
        scheme: SCHEME,
        path: `/${(variant ?? "kernel").replace(/[\\/:*?"<>|]/g, "_")}.wgsl`,
        query: JSON.stringify([document, variant]),
      }),
    dispose: () => subscription.dispose(),
  };
}

function shownOf(uri: vscode.Uri): Shown {
  const [document = "", variant = null] = JSON.parse(uri.query) as [string, string | null];
  return { document, variant };
}
