/**
 * Everyone's machine, in whatever host runs this: texts with Windows' line ends, paths with backslashes, a notebook whose
 * cells were not run in their order.
 */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import { assert, until } from "./assert.ts";
import { activated, diagnosticsOf, inWorkspace } from "./host.ts";

const write = (uri: vscode.Uri, text: string) => vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));

suite("Everyone's machine", () => {
  let api: FlexlensApi;

  suiteSetup(async () => {
    api = await activated();
  });

  teardown(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  const lines = [
    "import torch",
    "",
    "# flexlens: Q_LEN=64,",
    "# flexlens: KV_LEN=64, H=1",
    "def make(width):",
    "    def near(b, h, q_idx, kv_idx):",
    "        gap = max(q_idx - kv_idx, 0)",
    "        return 0 <= gap < width[q_idx] and kv_idx > 1",
    "    return near",
    "",
  ];

  test("a text with Windows' line ends is underlined at the exact expression, and keeps its line ends through every edit", async () => {
    const uri = inWorkspace("windows.py");
    await write(uri, lines.join("\r\n"));
    try {
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
      assert(document.eol === vscode.EndOfLine.CRLF, "the editor sees Windows' line ends");
      const chained = await until("the chain", () =>
        diagnosticsOf(uri).find(({ range }) => document.getText(range).startsWith("0 <= gap < width")),
      );
      assert(
        chained.range.start.line === 7 && chained.range.start.character === 15,
        `it is underlined at ${JSON.stringify(chained.range)}`,
      );
      const [fixAll] = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        uri,
        chained.range,
        "source.fixAll.flexlens",
        1,
      );
      assert(fixAll?.edit, "there is a rewrite of the file");
      await vscode.workspace.applyEdit(fixAll.edit);
      await until("no error is left", () => diagnosticsOf(uri).every(({ severity }) => severity > vscode.DiagnosticSeverity.Warning));
      const variant = await until("the variant", () => api.lowered(uri)?.variants[0]);
      assert(variant.problem.qLen === 64 && variant.problem.kvLen === 64, `its sizes: ${JSON.stringify(variant.problem)}`);
      await vscode.commands.executeCommand("flexlens.insertCaptureDirective", uri.toString(), variant.name);
      await until("the directive", () => document.getText().includes("load("));
      const bare = document
        .getText()
        .replaceAll("\r\n", "")
        .match(/[\r\n]/g);
      assert(bare === null, `${bare?.length} line ends are not Windows': ${JSON.stringify(document.getText())}`);
    } finally {
      await vscode.workspace.fs.delete(uri);
    }
  });

  test("a data file is found by a path with backslashes", async () => {
    const uri = inWorkspace("backslash.py");
    const folder = inWorkspace("runs");
    await write(vscode.Uri.joinPath(folder, "docs.csv"), "0\n0\n1\n1\n");
    const text = '# flexlens: Q_LEN=4, KV_LEN=4, H=1, doc=load("runs\\\\docs.csv")\n';
    await write(uri, `${text}def same(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n`);
    try {
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), vscode.ViewColumn.One);
      await until("its values", () => api.lowered(uri)?.variants[0]?.captures.some(({ data }) => [...data].join() === "0,0,1,1"));
    } finally {
      await vscode.workspace.fs.delete(uri);
      await vscode.workspace.fs.delete(folder, { recursive: true });
    }
  });

  test("a notebook whose cells were run in another order says so, once, where a mod reads what differs", async () => {
    const uri = inWorkspace("order.ipynb");
    const cell = (order: number, source: string) => ({ cell_type: "code", execution_count: order, metadata: {}, outputs: [], source });
    const mod = "def near(b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx).abs() < window\n";
    const notebook = {
      cells: [cell(7, "window = 64\n"), cell(2, mod), cell(3, "window = 128\n")],
      metadata: { language_info: { name: "python" } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    await write(uri, JSON.stringify(notebook));
    try {
      const opened = await vscode.workspace.openNotebookDocument(uri);
      await vscode.window.showNotebookDocument(opened);
      const cells = opened.getCells().map((each) => each.document.uri);
      const last = cells[2];
      assert(last, "it has three cells");
      const hint = await until("the hint", () => diagnosticsOf(last)[0]);
      assert(hint.message.includes("run as [7]") && hint.severity === vscode.DiagnosticSeverity.Information, JSON.stringify(hint));
      const all = cells.flatMap(diagnosticsOf);
      assert(all.length === 1, `one is said: ${JSON.stringify(all.map(({ message }) => message))}`);
    } finally {
      await vscode.workspace.fs.delete(uri);
    }
  });
});
