/**
 * README's table of what is read of PyTorch: generated from the evaluator's own table, so that it cannot lie. In: the
 * names that kernels/frontend/builtins.ts has. Out: README.md with the part between its two markers renewed (`npm run
 * docs`); a unit test compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { supportedNames } from "../../kernels/frontend/builtins.ts";

const BEGIN = "<!-- supported: begin (npm run docs) -->";
const END = "<!-- supported: end -->";

/** One row a module, names in the order of the alphabet, each once; operators' method names (`__add__`) are left out. */
export function supportedTable(): string {
  const modules = new Map<string, string[]>();
  for (const { module, name } of supportedNames()) {
    if (name.startsWith("__")) continue;
    const names = modules.get(module) ?? [];
    if (!names.includes(name)) names.push(name);
    modules.set(module, names);
  }
  const rows = [...modules].map(([module, names]) => `| \`${module}\` | ${names.length} | ${names.sort().join(", ")} |`);
  return ["| of | | supported |", "|---|--:|---|", ...rows].join("\n");
}

/** `readme` with the table of now. Throws where its markers are missing. */
export function withTable(readme: string): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers \`${BEGIN}\` and \`${END}\`.`);
  return `${readme.slice(0, from + BEGIN.length)}\n${supportedTable()}\n${readme.slice(to)}`;
}

/** Renews the file at `path`. */
export function renew(path: string): void {
  writeFileSync(path, withTable(readFileSync(path, "utf8")));
}
