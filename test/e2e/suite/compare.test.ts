/**
 * The former texts that the panel compares with, in whatever host runs this: the file as it is stored, and as it is in
 * the HEAD of the repository that the workspace is. The panel asks by itself; its messages are looked at.
 */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import type { Past, PastText } from "../../../webview/protocol.ts";
import { assert, until } from "./assert.ts";
import { activated, inWorkspace } from "./host.ts";

const window = (n: number): string =>
  `# flexlens: Q_LEN=64\n\ndef near(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < ${n})\n`;

async function replaceAll(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
  assert(await vscode.workspace.applyEdit(edit), "the edit was taken");
}

suite("Comparing", () => {
  let api: FlexlensApi;

  suiteSetup(async () => {
    api = await activated();
  });

  teardown(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  /** The last former text that the panel was sent of a document. */
  const lastPast = (document: string, past: Past): PastText | undefined =>
    api.panelMessages
      .flatMap(({ message }) => (message.type === "past" && message.document === document && message.past === past ? [message] : []))
      .at(-1);

  async function open(name: string, text: string | null): Promise<vscode.TextDocument> {
    if (text !== null) await vscode.workspace.fs.writeFile(inWorkspace(name), new TextEncoder().encode(text));
    const document = await vscode.workspace.openTextDocument(inWorkspace(name));
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    await until("the file is read", () => api.lowered(document.uri));
    return document;
  }

  test("hands the panel the stored text while the editor holds another, and again when that is saved", async () => {
    const document = await open("compared.py", window(12));
    const key = document.uri.toString();
    try {
      await replaceAll(document, window(8));
      await vscode.commands.executeCommand("flexlens.compareSaved", key, "near");
      await until("what the panel compares with", () =>
        api.panelMessages.some(({ message }) => message.type === "comparing" && message.document === key && message.past === "saved"),
      );
      const saved = await until("the stored text", () => lastPast(key, "saved"));
      assert(saved.sources?.[0]?.text === window(12), `the stored text: ${JSON.stringify(saved)}`);
      assert(await document.save(), "the file is saved");
      await until("the text as it is stored now", () => lastPast(key, "saved")?.sources?.[0]?.text === window(8));
    } finally {
      await vscode.workspace.fs.delete(document.uri);
    }
  });

  test("hands it the text of git's HEAD, whatever is stored or edited", async () => {
    const document = await open("causal.py", null);
    const key = document.uri.toString();
    const committed = document.getText();
    await replaceAll(document, committed.replaceAll("q_idx >= kv_idx", "q_idx > kv_idx"));
    assert(document.getText() !== committed, "the text is another");
    await vscode.commands.executeCommand("flexlens.compareHead", key, "causal");
    const head = await until("the text of HEAD", () => lastPast(key, "head"), 60_000);
    assert(
      head.sources?.[0]?.text === committed,
      `the text of HEAD: ${head.fault ?? JSON.stringify(head.sources?.[0]?.text.slice(0, 200))}`,
    );
  });

  test("says that a file is not in HEAD, and that one was never saved", async () => {
    const document = await open("new_file.py", window(4));
    try {
      await vscode.commands.executeCommand("flexlens.compareHead", document.uri.toString(), "near");
      const head = await until("an answer", () => lastPast(document.uri.toString(), "head"), 60_000);
      assert(head.sources === null && /not in git.s HEAD/.test(head.fault ?? ""), `of a new file: ${JSON.stringify(head)}`);
    } finally {
      await vscode.workspace.fs.delete(document.uri);
    }
    const untitled = await vscode.workspace.openTextDocument({ language: "python", content: window(4) });
    await vscode.window.showTextDocument(untitled, vscode.ViewColumn.One);
    await until("the file is read", () => api.lowered(untitled.uri));
    await vscode.commands.executeCommand("flexlens.compareSaved", untitled.uri.toString(), "near");
    const saved = await until("an answer", () => lastPast(untitled.uri.toString(), "saved"));
    assert(saved.sources === null && /never saved/.test(saved.fault ?? ""), `of an untitled document: ${JSON.stringify(saved)}`);
  });
});
