/**
 * Measurements are kept through the file systems of whatever host runs this: each window's file is written, replaced and
 * read by another, and goes with a document that is renamed.
 */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import { createHistory, type Folder } from "../../../extension/history.ts";
import { resultOf } from "../../unit/extension/samples.ts";
import { equal } from "./assert.ts";
import { activated, inWorkspace } from "./host.ts";

suite("History", () => {
  let api: FlexlensApi;
  const document = "file:///history/masks.py";

  suiteSetup(async () => {
    api = await activated();
    await api.history.load();
  });

  teardown(async () => {
    api.history.clear(document);
    await api.history.written();
  });

  /** What another window would read. */
  const elsewhere = (folder: Folder) => createHistory({ folder, now: Date.now, file: "another", warn: (text) => fail(text) });
  const fail = (text: string): never => {
    throw new Error(text);
  };

  test("what is measured here is read in another window, also what replaces the file", async () => {
    for (const measuredAt of [1, 2]) {
      api.history.put(document, [resultOf({ measuredAt })]);
      await api.history.written();
    }
    const other = elsewhere(api.historyFolder);
    await other.load();
    equal(other.of(document).results, [resultOf({ measuredAt: 1 }), resultOf({ measuredAt: 2 })], "measurements");
    const names = (await api.historyFolder.list()).map(({ name }) => name);
    const halfWritten = names.filter((name) => name.endsWith(".new"));
    equal(halfWritten, [], "files half written");
  });

  test("results go into a file and come back, marked with it", async () => {
    const [masks, file] = [inWorkspace("exported.py"), inWorkspace("exported.json")];
    await vscode.workspace.fs.writeFile(masks, new Uint8Array());
    api.history.clear();
    api.results.clear();
    api.history.put(masks.toString(), [resultOf({ measuredAt: 3 })]);
    await vscode.commands.executeCommand("flexlens.exportResults", file);
    api.history.clear();
    await vscode.commands.executeCommand("flexlens.importResults", file);
    equal(api.history.of(masks.toString()).results, [resultOf({ measuredAt: 3, importedFrom: "exported.json" })], "imported");
    equal(api.results.of(masks.toString()), [], "lenses have");
    for (const uri of [masks, file]) await vscode.workspace.fs.delete(uri);
    api.history.clear();
  });
});
