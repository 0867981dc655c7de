/** The workspace's variants as a question: what the Variants view lists, for the keyboard. */
import * as vscode from "vscode";
import { COMMANDS, INTERNAL_COMMANDS } from "../contributions.ts";
import { nameOf } from "./documentName.ts";
import { iconOf } from "./trees.ts";
import { variantNodes } from "./variantNodes.ts";
import type { WorkspaceIndex } from "./workspaceIndex.ts";

interface Item extends vscode.QuickPickItem {
  readonly document: string;
}

/** Asks for a variant, opens its file there and shows its mask. */
export async function goToVariant(index: WorkspaceIndex): Promise<void> {
  index.start();
  const picked = await vscode.window.showQuickPick(itemsOf(index), {
    placeHolder: "Go to a variant of the workspace",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked !== undefined)
    await vscode.commands.executeCommand(INTERNAL_COMMANDS.openVariant, picked.document, picked.label, COMMANDS.showMask);
}

async function itemsOf(index: WorkspaceIndex): Promise<Item[]> {
  await index.done();
  return variantNodes({ files: index.files, nameOf, resultsOf: () => [], now: Date.now() }).flatMap((file) =>
    file.children.map((node) => ({
      label: node.label,
      description: node.description,
      detail: file.description === "" ? file.label : `${file.description}/${file.label}`,
      iconPath: iconOf(node.icon),
      document: file.id,
    })),
  );
}
