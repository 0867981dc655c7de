/**
 * What is done with variants and results from the lists, through the commands that the lists run, in whatever host runs
 * this. The lists themselves are looked at in the editor's session (test/e2e/editor/surfaces.mjs).
 */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import { PROBLEM, resultOf } from "../../unit/extension/samples.ts";
import { assert, until } from "./assert.ts";
import { activated, inWorkspace } from "./host.ts";

const TEXT =
  "import torch\n\n\ndef first(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\ndef second(b, h, q_idx, kv_idx):\n    return q_idx < kv_idx\n";

/** A measurement of `second`, at a length of its own. */
const MEASURED = resultOf({
  key: "before",
  variant: "second",
  problem: { ...PROBLEM, qLen: 96, kvLen: 96 },
  device: { name: "a device, of a test", software: false },
});

suite("Lists", () => {
  let api: FlexlensApi;
  let uri: vscode.Uri;

  suiteSetup(async () => {
    api = await activated();
    uri = inWorkspace("listed.py");
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(TEXT));
  });

  suiteTeardown(async () => {
    api.results.clear(uri.toString());
    await vscode.workspace.fs.delete(uri);
  });

  test("an entry opens its file at the mod, and the panel shows it", async () => {
    await vscode.commands.executeCommand("flexlens.internal.openVariant", uri.toString(), "second", "flexlens.showMask");
    const editor = vscode.window.activeTextEditor;
    assert(editor?.document.getText(editor.selection) === "second", `selected is ${editor?.document.getText(editor.selection)}`);
    await until("the panel shows it", () =>
      api.panelMessages.some(
        ({ message }) => message.type === "show" && message.document === uri.toString() && message.variant === "second",
      ),
    );
  });

  test("a name that is gone moves nothing", async () => {
    const before = vscode.window.activeTextEditor?.selection.start.line;
    await vscode.commands.executeCommand("flexlens.internal.openVariant", uri.toString(), "third", "flexlens.showMask");
    assert(vscode.window.activeTextEditor?.selection.start.line === before, "the cursor has moved");
  });

  test("results are copied as tables", async () => {
    api.results.put(uri.toString(), MEASURED);
    await vscode.commands.executeCommand("flexlens.copyResultsCsv");
    const csv = await vscode.env.clipboard.readText();
    assert(csv.includes("second") && csv.includes('"a device, of a test"'), `the CSV reads ${csv}`);
    await vscode.commands.executeCommand("flexlens.copyResultsMarkdown");
    const markdown = await vscode.env.clipboard.readText();
    assert(markdown.startsWith("|") && markdown.includes("second"), `the Markdown reads ${markdown}`);
  });

  test("a variant is measured again at the sizes that it was measured at last", async () => {
    await vscode.commands.executeCommand("flexlens.rerun", uri.toString(), "second");
    const shown = await until("the sizes of then", () =>
      api.panelMessages.findLast(({ message }) => message.type === "show" && message.problem.qLen === 96 && message.problem.kvLen === 96),
    );
    assert(shown.message.type === "show" && shown.message.variant === "second", "it is the variant");
    await vscode.commands.executeCommand("flexlens.cancel", uri.toString(), "second");
  });
});
