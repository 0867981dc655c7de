/** Authoring through VS Code's own API: what is offered where, signatures, hints, refactorings and what they write. */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import { assert, equal, until } from "./assert.ts";
import { activated } from "./host.ts";

const FLEX = "from torch.nn.attention.flex_attention import create_block_mask";
const TEXT = `import torch
${FLEX}

document_id = torch.arange(512) // 64


def packed(b, h, q_idx, kv_idx):
    same = document_id[q_idx] == document_id[kv_idx]
    return same & (q_idx - kv_idx < 32)


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


block_mask = create_block_mask(packed, None, None, 512, 512)
`;

suite("Authoring", () => {
  let api: FlexlensApi;
  let editor: vscode.TextEditor;

  suiteSetup(async () => {
    api = await activated();
  });

  setup(async () => {
    editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "python", content: TEXT }));
    await until("it is read", () => (api.lowered(editor.document.uri)?.variants.length ?? 0) >= 2);
  });

  teardown(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  /** The place after `words` in the text. */
  const after = (words: string): vscode.Position => {
    const { document } = editor;
    return document.positionAt(document.getText().indexOf(words) + words.length);
  };
  const type = async (at: vscode.Position, text: string): Promise<vscode.Position> => {
    await editor.edit((edit) => edit.insert(at, text));
    return editor.document.positionAt(editor.document.offsetAt(at) + text.length);
  };
  const offered = async (at: vscode.Position, trigger?: string): Promise<Map<string, vscode.CompletionItem>> => {
    const { uri } = editor.document;
    const list = await vscode.commands.executeCommand<vscode.CompletionList>("vscode.executeCompletionItemProvider", uri, at, trigger);
    const own = list.items.filter(
      ({ label, detail }) => (typeof label === "object" && label.description === "Flexlens") || /^Flexlens/.test(detail ?? ""),
    );
    return new Map(own.map((item) => [typeof item.label === "string" ? item.label : item.label.label, item]));
  };
  const errors = (): string[] =>
    (api.lowered(editor.document.uri)?.diagnostics ?? []).filter((d) => d.severity === "error").map((d) => d.message);

  test("offers inside a mod what it captures with dtype and shape, and after `torch.` what runs there", async () => {
    const names = await offered(await type(after("    same = "), "d"));
    const captured = names.get("document_id");
    assert(captured?.detail?.startsWith("int64[512]"), `document_id is offered as ${captured?.detail}`);
    const functions = await offered(await type(after("return same & "), "torch."), ".");
    equal(functions.get("where")?.detail, "Flexlens: runs in FlexAttention", "torch.where");
    assert(!functions.has("compile"), "`torch.compile` is offered inside a mod");
    const outside = await offered(await type(after("block_mask = "), "torch."), ".");
    equal([...outside.keys()], [], "offers after `torch.` outside of mods");
  });

  test("shows the signatures of mods and of FlexAttention's functions", async () => {
    const at = after("create_block_mask(packed, None, None, ");
    const help = await vscode.commands.executeCommand<vscode.SignatureHelp>(
      "vscode.executeSignatureHelpProvider",
      editor.document.uri,
      at,
      ",",
    );
    assert(
      help?.signatures[0]?.label.startsWith("create_block_mask(mask_mod, B, H, Q_LEN"),
      `the signature is ${help?.signatures[0]?.label}`,
    );
    equal(help.activeParameter, 3, "the parameter at hand");
  });

  test("shows no inlay hints at first; sparsity and dtypes when they are switched on", async () => {
    const { document } = editor;
    const all = new vscode.Range(0, 0, document.lineCount, 0);
    const hints = async (): Promise<string[]> => {
      const found = await vscode.commands.executeCommand<vscode.InlayHint[]>("vscode.executeInlayHintProvider", document.uri, all);
      return found.map(({ label }) => (typeof label === "string" ? label : label.map(({ value }) => value).join("")));
    };
    equal(await hints(), [], "hints at first");
    const configuration = vscode.workspace.getConfiguration("flexlens");
    await configuration.update("inlayHints.sparsity", true, vscode.ConfigurationTarget.Global);
    await configuration.update("inlayHints.dtypes", true, vscode.ConfigurationTarget.Global);
    try {
      await until("both kinds", async () => {
        const found = await hints();
        return found.includes(": bool") && found.some((label) => /^[\d.]+\s%\sskipped$/.test(label));
      });
    } finally {
      await configuration.update("inlayHints.sparsity", undefined, vscode.ConfigurationTarget.Global);
      await configuration.update("inlayHints.dtypes", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  test("extracts a factory by a refactoring, and the mask stays what it was", async () => {
    const { document } = editor;
    const key = (): string | undefined => {
      const body = api.lowered(document.uri)?.variants.find(({ name }) => name === "packed")?.maskMod?.body;
      return body === undefined ? undefined : JSON.stringify(body, (field, value) => (field === "data" ? null : value));
    };
    const before = key();
    const range = new vscode.Range(after("    return same"), after("    return same"));
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      range,
      "refactor",
    );
    const titles = actions.map(({ title }) => title);
    const action = actions.find(({ title }) => title.startsWith("Extract to factory"));
    assert(action?.edit, `no extraction among ${JSON.stringify(titles)}`);
    assert(
      titles.some((title) => title.startsWith("Compose `packed` with")),
      `no composition among ${JSON.stringify(titles)}`,
    );
    await vscode.workspace.applyEdit(action.edit);
    assert(document.getText().includes("packed = generate_packed(window=32)"), document.getText());
    await until("it is read anew", () => api.lowered(document.uri)?.variants.some(({ name }) => name === "generate_packed"));
    equal(errors(), [], "errors");
    equal(key(), before, "what the mask computes");
  });

  test("inserts a variant of the gallery with the import that it needs, in one step of undo", async () => {
    const { document } = editor;
    editor.selection = new vscode.Selection(after("def causal("), after("def causal("));
    await vscode.commands.executeCommand("flexlens.insertExample", "causal_sliding_window.py");
    const text = document.getText();
    assert(text.includes("import and_masks, create_block_mask"), text);
    assert(text.includes("causal_sliding_window = and_masks(causal_2, in_window)"), text);
    await until("it is read", () => api.lowered(document.uri)?.variants.some(({ name }) => name === "causal_sliding_window"));
    equal(errors(), [], "errors");
    equal(document.getText(editor.selection), "causal_sliding_window", "what is selected");
    await vscode.commands.executeCommand("undo");
    equal(document.getText(), TEXT, "the text after undo");
  });

  test("offers snippets and the gallery at the start of a line, to who asks or has typed two letters", async () => {
    const at = await type(after("// 64\n"), "ma");
    const names = [...(await offered(at)).keys()];
    assert(names.includes("mask_mod") && names.includes("flex Causal"), `offered are ${names.join(", ")}`);
    const indented = [...(await offered(await type(after("return q_idx >= kv_idx"), "\n\n\ndef helper(x):\n    ma"))).keys()];
    assert(indented.includes("mask_mod") && !indented.includes("flex Causal"), `offered in a function are ${indented.join(", ")}`);
  });

  test("writes a variant of the gallery that is taken from the list, in one step of undo", async () => {
    const { document } = editor;
    const at = await type(after("// 64\n"), "\nflexcausalsli");
    editor.selection = new vscode.Selection(at, at);
    const typed = document.getText();
    await vscode.commands.executeCommand("editor.action.triggerSuggest");
    await until("it is taken", async () => {
      await vscode.commands.executeCommand("acceptSelectedSuggestion");
      return document.getText() !== typed;
    });
    await until("it is read", () => api.lowered(document.uri)?.variants.some(({ name }) => name === "causal_sliding_window"));
    const text = document.getText();
    assert(text.includes("import and_masks, create_block_mask") && !text.includes("flexcausalsli"), text);
    equal(errors(), [], "errors");
    await vscode.commands.executeCommand("undo");
    equal(document.getText(), typed, "the text after undo");
  });

  test("says which key of a directive is meant, and completes its values", async () => {
    const { document } = editor;
    const at = await type(after("// 64\n\n\n"), "# flexlens: q_len=512, DTYPE=");
    const values = await offered(at, "=");
    const list = await vscode.commands.executeCommand<vscode.CompletionList>("vscode.executeCompletionItemProvider", document.uri, at, "=");
    const labels = list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
    assert(labels.includes("torch.float16") || values.has("torch.float16"), `values are ${labels.slice(0, 8).join(", ")}`);
    await type(at, "torch.float16\n");
    const found = await until("the key is underlined", () =>
      vscode.languages.getDiagnostics(document.uri).find((d) => document.getText(d.range) === "q_len"),
    );
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      found.range,
      "quickfix",
    );
    const fix = actions.find(({ title }) => title.includes("`Q_LEN`"));
    assert(fix?.edit, `no fix among ${JSON.stringify(actions.map(({ title }) => title))}`);
    await vscode.workspace.applyEdit(fix.edit);
    assert(document.getText().includes("# flexlens: Q_LEN=512, DTYPE=torch.float16\n"), document.getText());
  });
});
