/** A mod with its values as PyTorch code that runs by itself: onto the clipboard, large tensors into files beside it. */
import * as vscode from "vscode";
import { writeNpy } from "../kernels/data/npyWrite.ts";
import { emitPythonFile } from "../kernels/emit/pythonFile.ts";
import { captureOrigins } from "../kernels/frontend/captureOrigin.ts";
import type { Documents } from "./documents.ts";
import { problemOf } from "./reading.ts";
import type { Shown } from "./runs.ts";

/** Copies the code; where it loads tensors that are too large for a text, asks for a folder to put them into. */
export async function copyPython(documents: Documents, { document, variant: name }: Shown): Promise<void> {
  const reading = await documents.open(document);
  const variant = reading?.module.variants.find((v) => v.name === name) ?? null;
  if (reading === null || variant === null) {
    void vscode.window.showInformationMessage(`There is nothing to copy: \`${name}\` is not in the text any more.`);
    return;
  }
  const { text, arrays } = emitPythonFile(variant, problemOf(reading, variant), captureOrigins(variant));
  await vscode.env.clipboard.writeText(text);
  if (arrays.length === 0) {
    vscode.window.setStatusBarMessage(`Copied \`${name}\` as PyTorch`, 3000);
    return;
  }
  const files = arrays.map(({ file }) => `\`${file}\``).join(", ");
  const save = "Save Tensors…";
  if ((await vscode.window.showInformationMessage(`Copied. The code loads ${files} from where it runs.`, save)) !== save) return;
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: "Save Here",
      defaultUri: vscode.Uri.joinPath(vscode.Uri.parse(document), ".."),
    })) ?? [];
  if (folder === undefined) return;
  for (const { file, array } of arrays) await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, file), writeNpy(array));
}
