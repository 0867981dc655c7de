/**
 * What the extension does through VS Code's own API, in whatever host runs it: Node, web worker, desktop. The workspace
 * is a copy of the examples. A user's hands are in main.mjs.
 */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import { assert, equal, until } from "./assert.ts";
import { activated, diagnosticsOf, inWorkspace } from "./host.ts";

const CAUSAL = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";

const titlesOf = async (uri: vscode.Uri): Promise<string[]> => {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 100);
  return lenses.flatMap((lens) => lens.command?.title ?? []);
};

async function show(uri: vscode.Uri): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(uri);
  return vscode.window.showTextDocument(document, vscode.ViewColumn.One);
}

suite("Flexlens", () => {
  let api: FlexlensApi;

  suiteSetup(async () => {
    api = await activated();
  });

  teardown(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  test("is activated, and says in which host", () => {
    const worker = typeof process === "undefined" || process.versions?.node === undefined;
    console.log(`[mocha] HOST ${worker ? "web" : "node"}, VS Code ${vscode.version}`);
    equal(api.results.documents(), [], "documents with results at first");
  });

  test("gives three lenses above each mod, the first with the share of blocks skipped", async () => {
    const { document } = await show(inWorkspace("causal.py"));
    const titles = await until("lenses", async () => {
      const found = await titlesOf(document.uri);
      return found.some((title) => /skipped/.test(title)) && found;
    });
    equal(titles.length % 3, 0, "lenses by threes");
    // 8 × 8 blocks, the 28 above the diagonal empty: 43.75 %.
    assert(/43\.[78]\s%/.test(titles[0] ?? ""), `the first lens reads ${titles[0]}`);
    equal(api.lensTitles(document.uri), titles, "what the API says of the lenses");
  });

  test("follows imports into the folder's Python environment", async () => {
    const write = (path: string, text: string) => vscode.workspace.fs.writeFile(inWorkspace(path), new TextEncoder().encode(text));
    const site = ".venv/lib/python3.12/site-packages/bands";
    await write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    await write(`${site}/__init__.py`, "from .shapes import *\n");
    await write(`${site}/shapes.py`, "def band(width):\n    return lambda b, h, q_idx, kv_idx: (q_idx - kv_idx).abs() <= width\n");
    const uri = inWorkspace("imports_bands.py");
    await write("imports_bands.py", "from bands import band\nmask = band(64)\n");
    try {
      await show(uri);
      await until("its mask", () => api.lowered(uri)?.variants.some(({ name }) => name === "mask"));
      equal(diagnosticsOf(uri), [], "what is said of it");
    } finally {
      await vscode.workspace.fs.delete(uri);
      await vscode.workspace.fs.delete(inWorkspace(".venv"), { recursive: true });
    }
  });

  test("reads every example without an error, but for that of the mistakes", async () => {
    const files = await vscode.workspace.findFiles("*.py");
    assert(files.length >= 14, `${files.length} examples`);
    for (const uri of files) {
      const document = await vscode.workspace.openTextDocument(uri);
      const lowered = await until(`${uri.path} is read`, () => api.lowered(document.uri));
      const errors = lowered.diagnostics.filter(({ severity }) => severity === "error");
      if (uri.path.endsWith("/mistakes.py")) assert(errors.length >= 8, `${errors.length} mistakes found`);
      else equal(errors, [], `errors of ${uri.path}`);
      assert(lowered.variants.length > 0, `${uri.path} has no variant`);
    }
  });

  test("underlines a mistake at the exact expression, and its quick fix repairs it", async () => {
    const { document } = await show(inWorkspace("mistakes.py"));
    const chained = "0 <= q_idx - kv_idx < WINDOW";
    const found = await until("the diagnostic", () => diagnosticsOf(document.uri).find(({ range }) => document.getText(range) === chained));
    equal(found.severity, vscode.DiagnosticSeverity.Error, "its severity");
    assert(found.message.includes("`"), `its words quote the text: ${found.message}`);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      found.range,
    );
    const fix = actions.find(({ edit }) => edit !== undefined);
    assert(fix?.edit, `no fix among ${JSON.stringify(actions.map(({ title }) => title))}`);
    const before = diagnosticsOf(document.uri).length;
    await vscode.workspace.applyEdit(fix.edit);
    await until("the diagnostic is gone", () => diagnosticsOf(document.uri).length < before);
    assert(
      document.getText().includes("(0 <= q_idx - kv_idx) & (q_idx - kv_idx < WINDOW)"),
      `the rewrite is ${document.lineAt(found.range.start.line).text}`,
    );
  });

  test("lints what PyTorch takes without a word, and keeps the lint in place while the text moves", async () => {
    const content = `from torch.nn.attention.flex_attention import create_block_mask\n\n${CAUSAL}\nm = create_block_mask(causal, 4, 16, 256, 256)\n`;
    const document = await vscode.workspace.openTextDocument({ language: "python", content });
    const editor = await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    const repeated = (): vscode.Diagnostic[] =>
      diagnosticsOf(document.uri).filter(({ code }) => JSON.stringify(code).includes("mask-repeated"));
    await until("two lints", () => repeated().length === 2);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# a line above\n"));
    await until("they moved along", () => repeated().every(({ range }) => ["4", "16"].includes(document.getText(range))));
    equal(repeated().length, 2, "lints after the edit");
    const [first] = repeated();
    assert(first, "there is one");
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      first.range,
    );
    const fix = actions.find(({ edit }) => edit !== undefined);
    assert(fix?.edit, `no fix among ${JSON.stringify(actions.map(({ title }) => title))}`);
    await vscode.workspace.applyEdit(fix.edit);
    await until("the lints are gone", () => repeated().length === 0);
    assert(document.getText().includes("create_block_mask(causal, None, None, 256, 256)"), document.getText());
  });

  test("underlines an assertion that does not hold, until it does", async () => {
    const content = `# flexlens: assert kv_idx <= q_idx, assert kv_idx < q_idx\n${CAUSAL}`;
    const document = await vscode.workspace.openTextDocument({ language: "python", content });
    const editor = await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    const found = await until("the assertion", () => diagnosticsOf(document.uri).find(({ message }) => message.includes("does not hold")));
    equal(document.getText(found.range), "kv_idx < q_idx", "what is underlined");
    equal(found.severity, vscode.DiagnosticSeverity.Error, "its severity");
    assert(found.message.includes("q_idx = 0, kv_idx = 0"), found.message);
    await editor.edit((edit) => edit.replace(found.range, "kv_idx <= q_idx"));
    await until("it holds", () => diagnosticsOf(document.uri).length === 0);
  });

  test("rewrites a whole file on request", async () => {
    const text =
      "import torch\n\n\ndef near(b, h, q_idx, kv_idx):\n    gap = max(q_idx - kv_idx, 0)\n    return 0 <= gap < 3 and kv_idx > 1\n";
    const document = await vscode.workspace.openTextDocument({ language: "python", content: text });
    await vscode.window.showTextDocument(document);
    await until("the diagnostics", () => diagnosticsOf(document.uri).length > 0);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      new vscode.Range(0, 0, document.lineCount - 1, 0),
      "source.fixAll.flexlens",
      1,
    );
    const fix = actions.find(({ edit }) => edit !== undefined);
    assert(fix?.edit, `no fix among ${JSON.stringify(actions.map(({ title }) => title))}`);
    await vscode.workspace.applyEdit(fix.edit);
    await until("no error is left", () =>
      diagnosticsOf(document.uri).every(({ severity }) => severity > vscode.DiagnosticSeverity.Warning),
    );
    assert(document.getText().includes("return (0 <= gap) & (gap < 3) & (kv_idx > 1)"), `the rewrite is ${document.getText()}`);
  });

  test("tells in the hover what a function comes to", async () => {
    const { document } = await show(inWorkspace("causal_sliding_window.py"));
    const at = document.positionAt(document.getText().indexOf("causal_sliding_window ="));
    const text = await until("the hover", async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", document.uri, at);
      const words = hovers.flatMap(({ contents }) => contents.map((each) => (typeof each === "string" ? each : each.value))).join("\n");
      return words.includes("q_idx") && words;
    });
    assert(/256/.test(text), `the window's value is in it: ${text.slice(0, 600)}`);
  });

  test("offers the keys of a directive", async () => {
    const document = await vscode.workspace.openTextDocument({ language: "python", content: `# flexlens: \n${CAUSAL}` });
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      "vscode.executeCompletionItemProvider",
      document.uri,
      new vscode.Position(0, "# flexlens: ".length),
    );
    const labels = list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
    for (const key of ["Q_LEN", "KV_LEN", "BLOCK_SIZE"])
      assert(labels.includes(key), `${key} among ${JSON.stringify(labels.slice(0, 30))}`);
  });

  test("gives lenses in the cells of a notebook where they are wanted, which know the names of the cells before", async () => {
    const cell = (text: string): vscode.NotebookCellData => new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, "python");
    const data = new vscode.NotebookData([
      cell("WINDOW = 64\n"),
      cell("def local(b, h, q_idx, kv_idx):\n    return abs(q_idx - kv_idx) < WINDOW\n"),
    ]);
    const notebook = await vscode.workspace.openNotebookDocument("jupyter-notebook", data);
    await vscode.window.showNotebookDocument(notebook);
    const uri = notebook.cellAt(1).document.uri;
    await until("the notebook is read", () => api.lensTitles(notebook.uri).length === 3);
    equal(await titlesOf(uri), [], "lenses that nobody asked for");
    const settings = vscode.workspace.getConfiguration("flexlens");
    await settings.update("notebook.codeLens", true, vscode.ConfigurationTarget.Global);
    try {
      const titles = await until("lenses of the cell", async () => {
        const found = await titlesOf(uri);
        return found.some((title) => /skipped/.test(title)) && found;
      });
      equal(titles.length, 3, "lenses");
      equal(diagnosticsOf(uri), [], "diagnostics");
    } finally {
      await settings.update("notebook.codeLens", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  test("follows an edit: new lenses within 100 ms, in a file of 200 lines", async () => {
    const filler = Array.from(
      { length: 46 },
      (_, i) => `def mask_${i}(b, h, q_idx, kv_idx):\n    near = q_idx - kv_idx < ${i + 8}\n    return (q_idx >= kv_idx) & near\n\n`,
    );
    const document = await vscode.workspace.openTextDocument({
      language: "python",
      content: `WINDOW = 100\n\n${filler.join("")}${CAUSAL}`,
    });
    const editor = await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    assert(document.lineCount >= 180, `${document.lineCount} lines`);
    await until("the first lenses", async () => (await titlesOf(document.uri)).length >= 3);
    const key = document.uri.toString();
    const timings = (): FlexlensApi["lensTimings"] => api.lensTimings.filter(({ document: of }) => of === key);
    for (let i = 0; i < 9; i++) {
      const before = timings().length;
      await editor.edit((edit) => edit.replace(new vscode.Range(0, 9, 0, 12), String(101 + i)));
      await until("lenses after an edit", () => timings().length > before);
      await new Promise((done) => setTimeout(done, 100));
    }
    const sorted = timings()
      .map(({ sinceEditMs }) => sinceEditMs)
      .sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? Number.NaN;
    const lowering = timings()
      .map(({ lowerMs }) => lowerMs)
      .sort((a, b) => a - b)[sorted.length >> 1];
    console.log(`[mocha]      edit to lenses: median ${median} ms, of it lowering ${lowering?.toFixed(1)} ms`);
    assert(median <= 100, `the median of ${sorted.length} edits is ${median} ms: ${sorted}`);
  });

  test("reads a data file that a directive loads, again when it changes, and hands it to the panel", async () => {
    const { fs } = vscode.workspace;
    const [data, mods] = [inWorkspace("docs.csv"), inWorkspace("loaded.py")];
    const write = (uri: vscode.Uri, text: string): PromiseLike<void> => fs.writeFile(uri, new TextEncoder().encode(text));
    const captured = (): readonly number[] => Array.from(api.lowered(mods)?.variants[0]?.captures[0]?.data ?? []);
    await write(data, "0\n0\n1\n1\n");
    await write(mods, `# flexlens: doc=load("docs.csv")\ndef same(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n`);
    try {
      await show(mods);
      await until("the file's values", () => captured().join() === "0,0,1,1");
      await until("no complaint", () => diagnosticsOf(mods).length === 0);
      const shown = () =>
        api.panelMessages.flatMap(({ message }) =>
          message.type === "show" && message.document === mods.toString() ? (message.files ?? []) : [],
        );
      await vscode.commands.executeCommand("flexlens.showMask", mods.toString(), "same");
      await until("the panel's copy", () => shown().some((f) => f.path === "docs.csv" && f.bytes?.byteLength === 8));
      await write(data, "0\n1\n2\n3\n");
      await until("the values of the changed file", () => captured().join() === "0,1,2,3");
      await fs.delete(data);
      await until("the complaint that it is gone", () =>
        diagnosticsOf(mods).some((d) => d.code === "data-file" && /no such file/.test(d.message)),
      );
    } finally {
      await fs.delete(mods);
    }
  });

  test("copies the lines that save what a mod reads", async () => {
    const { document } = await show(inWorkspace("document_packing.py"));
    const reading = await until("what is read of it", () => api.lowered(document.uri));
    const variant = reading.variants.find((v) => v.captures.length > 0);
    assert(variant, "no variant with captures");
    // The command waits for an answer to its message; the text is on the clipboard before.
    void vscode.commands.executeCommand("flexlens.copyCaptureSnippet", document.uri.toString(), variant.name);
    await until("the snippet on the clipboard", async () => (await vscode.env.clipboard.readText()).includes("np.savez("));
  });

  test("copies a mod with its values as PyTorch code", async () => {
    const { document } = await show(inWorkspace("composition.py"));
    await until("the file is read", () => api.lowered(document.uri));
    await vscode.commands.executeCommand("flexlens.copyPython", document.uri.toString(), "packed_window");
    const text = await vscode.env.clipboard.readText();
    assert(text.includes("document_id = torch.repeat_interleave(") && text.includes("create_block_mask(packed_window"), text);
  });

  test("shows a layer of the mask by a command", async () => {
    const { document } = await show(inWorkspace("composition.py"));
    await until("the file is read", () => api.lowered(document.uri));
    await vscode.commands.executeCommand("flexlens.showWhy", document.uri.toString(), "packed_window");
    const told = await until("the word to the panel", () => api.panelMessages.find(({ message }) => message.type === "layer"));
    assert(told.message.type === "layer" && told.message.layer === "why", JSON.stringify(told));
  });

  test("opens the kernel as a document", async () => {
    const { document } = await show(inWorkspace("causal.py"));
    await until("the file is read", () => api.lowered(document.uri));
    await vscode.commands.executeCommand("flexlens.openWgsl", document.uri.toString(), "causal");
    const opened = await until("the document", () => vscode.workspace.textDocuments.find((each) => each.getText().includes("@compute")));
    assert(opened.getText().includes("fn "), "it is WGSL");
  });

  test("measures a variant in the panel, and keeps the checked result", async () => {
    const content = `# flexlens: B=1, H=2, Q_LEN=256, KV_LEN=256, D=32\n${CAUSAL}`;
    const document = await vscode.workspace.openTextDocument({ language: "python", content });
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    await until("the file is read", () => api.lowered(document.uri));
    const key = document.uri.toString();
    await vscode.commands.executeCommand("flexlens.benchmark", key, "causal");
    const results = await until(
      "a checked result",
      () => api.results.of(key).some(({ engine, check }) => engine !== "materialized" && check !== null) && api.results.of(key),
      120_000,
    );
    for (const { engine, check, medianMs, problem } of results) {
      assert(check?.passed !== false, `${engine} is wrong: ${JSON.stringify(check)}`);
      assert(medianMs > 0 && problem.qLen === 256 && problem.qHeads === 2, `${engine}: ${medianMs} ms at ${JSON.stringify(problem)}`);
    }
    const titles = await until("the lens with the time", async () => {
      const found = await titlesOf(document.uri);
      return found.some((title) => /checked/.test(title)) && found;
    });
    assert(
      titles.some((title) => /(ms|µs|s) · .*checked/.test(title)),
      JSON.stringify(titles),
    );
    assert(
      api.panelMessages.some(({ direction, message }) => direction === "from panel" && message.type === "ready"),
      "the panel said that it is ready",
    );
  });
});
