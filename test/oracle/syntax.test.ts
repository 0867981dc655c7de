/** The parser against Python's own `ast`: the same tree for what is Python, a syntax error for what is none. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseModule } from "../../kernels/frontend/parse.ts";
import { type Tree, treeDifference, treeOf } from "../support/pythonTree.ts";

const golden = JSON.parse(readFileSync(new URL("./syntax.json", import.meta.url), "utf8")) as { text: string; tree: Tree }[];

test.each(golden.map(({ text, tree }) => [text.trim().split("\n")[0] ?? "", text, tree] as const))("%s", (_, text, tree) => {
  const { module, diagnostics } = parseModule("f.py", text);
  const messages = diagnostics.map((d) => d.message);
  if (tree === null) expect(messages, `CPython refuses\n${text}`).not.toEqual([]);
  else {
    expect(messages, text).toEqual([]);
    expect(treeDifference(tree, treeOf(module.body)), text).toBeNull();
  }
});
