/**
 * The text of a file as it is stored, whatever the editor shows of it: read through `workspace.fs`, so from any file
 * system. Notebooks give their joined code cells, as a reading does.
 */
import * as vscode from "vscode";
import { readNotebook } from "../kernels/frontend/notebook.ts";

/** A former text, or in words why there is none and what to do. */
export type Former = { readonly text: string } | { readonly fault: string };

/** What is stored under `uri`. */
export async function savedText(uri: vscode.Uri): Promise<Former> {
  const name = nameOf(uri);
  if (uri.scheme === "untitled") return { fault: `\`${name}\` was never saved. Save it to have something to compare with.` };
  try {
    return pythonOf(uri, await vscode.workspace.decode(await vscode.workspace.fs.readFile(uri), { uri }));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { fault: `The saved \`${name}\` cannot be read (${cause}). Save the file again.` };
  }
}

/** A file's content as the Python that is read of it. */
export function pythonOf(uri: vscode.Uri, content: string): Former {
  if (!uri.path.endsWith(".ipynb")) return { text: content.replace(/^\uFEFF/, "") };
  const notebook = readNotebook(content);
  return "why" in notebook ? { fault: `\`${nameOf(uri)}\` ${notebook.why}.` } : { text: notebook.text };
}

export const nameOf = (uri: vscode.Uri): string => uri.path.slice(uri.path.lastIndexOf("/") + 1);
