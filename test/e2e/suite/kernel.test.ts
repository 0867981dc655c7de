/**
 * A kernel as a document, in whatever host runs this: it is WGSL, it leads back to the Python line by line, and it follows
 * what is typed there.
 */
import * as vscode from "vscode";
import { assert, equal, until } from "./assert.ts";
import { activated } from "./host.ts";

const TEXT = `import torch

docs = torch.arange(64) // 8


def packed(b, h, q_idx, kv_idx):
    same = docs[q_idx] == docs[kv_idx]
    return same & (q_idx >= kv_idx)
`;

suite("A kernel's document", () => {
  let python: vscode.TextDocument;
  let kernel: vscode.TextDocument;
  const lineWith = (text: string): number =>
    kernel
      .getText()
      .split("\n")
      .findIndex((line) => line.includes(text));

  suiteSetup(async () => {
    const api = await activated();
    python = await vscode.workspace.openTextDocument({ language: "python", content: TEXT });
    await vscode.window.showTextDocument(python, vscode.ViewColumn.One);
    await until("the file is read", () => api.lowered(python.uri));
    await vscode.commands.executeCommand("flexlens.openWgsl", python.uri.toString(), "packed");
    kernel = await until("the document", () => vscode.workspace.textDocuments.find((d) => d.uri.path === "/packed.wgsl"));
    await until("its text", () => kernel.getText().includes("fn mask_mod("));
  });

  const edit = async (from: string, to: string): Promise<void> => {
    const at = python.getText().indexOf(from);
    const change = new vscode.WorkspaceEdit();
    change.replace(python.uri, new vscode.Range(python.positionAt(at), python.positionAt(at + from.length)), to);
    assert(await vscode.workspace.applyEdit(change), "the edit was taken");
  };

  suiteTeardown(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  test("is WGSL, and stands beside the Python", () => {
    equal(kernel.languageId, "wgsl", "its language");
    const editor = vscode.window.visibleTextEditors.find(({ document }) => document === kernel);
    assert(editor !== undefined && editor.viewColumn !== vscode.ViewColumn.One, "it is beside");
  });

  test("leads from each line of the mod to the Python that it comes of", async () => {
    for (const [line, place] of [
      ["let same =", 6],
      ["return same &", 7],
      ["fn load_docs(", 6],
    ] as const) {
      const at = new vscode.Position(lineWith(line), 4);
      const found = await vscode.commands.executeCommand<vscode.LocationLink[]>("vscode.executeDefinitionProvider", kernel.uri, at);
      equal(
        found.map((link) => [link.targetUri.toString(), link.targetRange.start.line]),
        [[python.uri.toString(), place]],
        `the definition at ${line}`,
      );
    }
    const nowhere = new vscode.Position(lineWith("fn main("), 4);
    equal(
      (await vscode.commands.executeCommand<unknown[]>("vscode.executeDefinitionProvider", kernel.uri, nowhere)).length,
      0,
      "elsewhere",
    );
  });

  test("says at the end of each such line where it is from, and what the uniform holds", async () => {
    const all = new vscode.Range(0, 0, kernel.lineCount, 0);
    const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>("vscode.executeInlayHintProvider", kernel.uri, all);
    const told = hints.map(({ label }) => (typeof label === "string" ? label : label.map(({ value }) => value).join("")));
    for (const words of ["7: docs[q_idx] == docs[kv_idx]", "8: same & (q_idx >= kv_idx)", "= 64"])
      assert(told.includes(words), `${words} in ${JSON.stringify(told)}`);
  });

  test("has a lens that names the mod and its place", async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", kernel.uri, 10);
    const titles = lenses.map((lens) => lens.command?.title ?? "");
    assert(titles.length === 1 && /^packed · .*:6$/.test(titles[0] ?? ""), JSON.stringify(titles));
    equal(lenses[0]?.range.start.line, lineWith("fn mask_mod("), "above the mod");
  });

  test("follows what is typed, keeps the last kernel while the text is broken, and its links when lines move", async () => {
    await edit("q_idx >= kv_idx", "q_idx > kv_idx");
    await until("the new comparison", () => kernel.getText().includes("(q_idx > kv_idx)"));
    await edit("return same", "return (same");
    await new Promise((done) => setTimeout(done, 300));
    assert(kernel.getText().includes("(q_idx > kv_idx)"), "the last kernel stays");
    await edit("return (same", "return same");
    await edit("import torch\n", "import torch\n\n\n");
    await until("the moved line", async () => {
      const at = new vscode.Position(lineWith("let same ="), 4);
      const [link] = await vscode.commands.executeCommand<vscode.LocationLink[]>("vscode.executeDefinitionProvider", kernel.uri, at);
      return link?.targetRange.start.line === 8;
    });
  });

  test("is not written while nobody sees it, and is when somebody looks again", async () => {
    const column = vscode.window.visibleTextEditors.find(({ document }) => document === kernel)?.viewColumn;
    assert(column, "it is seen");
    await vscode.window.showTextDocument(python, { viewColumn: column, preview: false });
    await until("it is hidden", () => vscode.window.visibleTextEditors.every(({ document }) => document !== kernel));
    await edit("(q_idx > kv_idx)", "(q_idx < kv_idx)");
    await new Promise((done) => setTimeout(done, 500));
    assert(kernel.getText().includes("(q_idx > kv_idx)"), "it is written though nobody sees it");
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
    await vscode.window.showTextDocument(kernel, column);
    await until("the comparison of now", () => kernel.getText().includes("(q_idx < kv_idx)"));
  });
});
