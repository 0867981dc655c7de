/**
 * The parser against Python's own `ast` on every `.py` file below some folders, such as a Python's library:
 * `node test/run/script.mjs test/oracle/syntaxTrees.ts FOLDER…`, with `FLEXLENS_PYTHON` or `python3`.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseModule } from "../../kernels/frontend/parse.ts";
import { type Tree, treeDifference, treeOf } from "../support/pythonTree.ts";

const folders = process.argv.slice(2);
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".py"))
    .map((name) => join(folder, name)),
);
const python = spawn(process.env["FLEXLENS_PYTHON"] ?? "python3", ["test/oracle/syntaxGenerate.py", "--files"], {
  stdio: ["pipe", "pipe", "inherit"],
});
python.stdin.end(files.join("\n"));

let lines = 0;
let refused = 0;
let different = 0;
let compared = 0;
for await (const line of createInterface({ input: python.stdout })) {
  const [name, tree] = JSON.parse(line) as [string, Tree];
  const text = readFileSync(name, "utf8");
  const { module, diagnostics } = parseModule(name, text);
  compared++;
  lines += text.split("\n").length;
  if (tree === null) refused++;
  const [first] = diagnostics;
  const found =
    tree === null
      ? first === undefined && "accepted here, and no Python"
      : (first?.message ?? treeDifference(tree, treeOf(module.body))?.slice(0, 300));
  if (typeof found !== "string") continue;
  different++;
  console.log(`${name}: ${found}`);
}
console.log(`${compared} files, ${lines} lines, ${refused} that Python refuses; ${different} differ`);
