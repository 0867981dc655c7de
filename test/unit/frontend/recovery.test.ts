import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

/** Top-level definitions, each with its decorators, from its first line to the next statement in the first column. */
interface Definition {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

function definitionsOf(text: string): Definition[] {
  const found: Definition[] = [];
  for (const match of text.matchAll(/^(?:@.*\n)*(?:def|class) (\w+)[^\n]*\n(?:[ \t]+[^\n]*\n|\n)*/gm)) {
    const body = match[0].trimEnd();
    found.push({ name: match[1] ?? "", from: match.index, to: match.index + body.length });
  }
  return found;
}

/** Ways to break a definition that leave no Python; each gives null where it does not apply. */
type Breaking = (definition: string) => string | null;
const once =
  (pattern: RegExp | string, replacement: string): Breaking =>
  (d) => {
    const broken = d.replace(pattern, replacement);
    return broken === d ? null : broken;
  };
/** `line` put in as the last of the body, with the body's indentation. */
const withLine =
  (line: string): Breaking =>
  (d) =>
    /\n {4}\S/.test(d) ? `${d}\n    ${line}` : null;

const BREAKINGS: readonly [string, Breaking][] = [
  ["the header's first parenthesis is gone", once(/^((?:@.*\n)*def \w+)\(/, "$1 ")],
  ["the header's last parenthesis is gone", once(/\)(?= *(?:->[^\n]*)?:\n)/, " ")],
  ["the header's colon is gone", once(/:\n/, "\n")],
  ["the header ends after its name", once(/^((?:@.*\n)*def \w+)[^\n]*/, "$1")],
  ["the header ends in its parameters", once(/^((?:@.*\n)*def \w+\([^,\n)]*,?)[^\n]*/, "$1")],
  ["`def` stands alone", once(/^((?:@.*\n)*)def[^\n]*/, "$1def")],
  ["a second header is begun", once(/^/, "def half(\n")],
  ["a second header is begun before it, with a name alone", once(/^/, "def\n")],
  ["a closing parenthesis is gone", once(/\)(?=[^)]*$)/, "")],
  ["a closing bracket is gone", once(/\](?=[^\]]*$)/, "")],
  ["an opening parenthesis too many", withLine("x = (1 + 2")],
  ["a closing parenthesis too many", withLine("x = 1)")],
  ["the wrong bracket closes", withLine("x = (1]")],
  ["a brace is never closed", withLine("x = {1: 2")],
  ["a half-typed return", withLine("return (")],
  ["a return of half an operation", withLine("return 1 +")],
  ["an unfinished if", withLine("if x ==")],
  ["an if without a colon", withLine("if x == 1")],
  ["an if without a block", withLine("if x == 1:")],
  ["a for without its iterable", withLine("for i in")],
  ["a lambda without its body", withLine("f = lambda b, h:")],
  ["a quote is never closed", withLine("x = 'abc")],
  ["a double quote is never closed", withLine('x = f"abc {q_idx')],
  ["a triple quote is never closed", withLine('x = """abc')],
  ["a docstring is never closed", once(/:\n( +)/, ':\n$1"""What it does.\n$1')],
  ["an operator without its left side", withLine("x = * 3 /")],
  ["two operands without an operator", withLine("x = 1 2")],
  ["an attribute without its name", withLine("x = torch.")],
  ["an assignment without a value", withLine("x =")],
  ["an import without a name", withLine("from torch import")],
  ["a line too far in", withLine("    x = 1")],
  ["a line too far out", (d) => (/\n {4}\S/.test(d) ? `${d}\n  x = 1` : null)],
  [
    "tabs among the spaces",
    (d) => (/\n {8}\S/.test(d) || !/\n {4}\S/.test(d) ? null : `${d.replace(/\n {4}(?=\S)/, "\n\t")}\n        x = 1`),
  ],
  ["a statement of Python 2", withLine('print "abc"')],
  ["a strange character", withLine("x = a ? b")],
  ["an unfinished decorator", once(/^/, "@\n")],
  ["an unfinished call of a decorator", once(/^/, "@torch.compile(\n")],
];

/** The names that stand or fall with `broken`: those whose definitions name it, and so on. */
function dependents(text: string, broken: string): ReadonlySet<string> {
  const parts = [
    ...definitionsOf(text).map((d) => ({ names: [d.name], text: text.slice(d.from, d.to) })),
    ...[...text.matchAll(/^([A-Za-z_][\w, ]*?) *=(?!=)(?:[^\n]*\n)(?:[ \t)\]}]+[^\n]*\n)*/gm)].map((m) => ({
      // A factory whose only call hands it a broken function has no sound argument either.
      names: [...(m[1] ?? "").split(/, */), ...(/= *(\w+)\(/.exec(m[0])?.slice(1) ?? [])],
      text: m[0],
    })),
  ];
  const fallen = new Set([broken]);
  for (let grows = true; grows; ) {
    grows = false;
    for (const part of parts) {
      if (part.names.every((n) => fallen.has(n)) || ![...fallen].some((name) => new RegExp(`\\b${name}\\b`).test(part.text))) continue;
      for (const name of part.names) fallen.add(name);
      grows = true;
    }
  }
  return fallen;
}

const rootOf = (name: string): string => name.split(/[. ]/)[0] ?? name;

function variantsOf(text: string): {
  variants: Map<string, { ir: string; at: number }>;
  errors: { code: string; from: number; to: number; message: string }[];
} {
  const m = lowerModule([{ file: "f.py", text }]);
  const variants = new Map<string, { ir: string; at: number }>();
  for (const v of m.variants) {
    const mods = [v.scoreMod, v.maskMod].map((mod) => (mod === null ? "" : printExpr(mod.body)));
    variants.set(v.name.replace(/at line \d+/, "at its line"), { ir: mods.join(" | "), at: v.nameSpan.from });
  }
  const errors = m.diagnostics.filter((d) => d.severity === "error").map((d) => ({ code: d.code, ...d.span, message: d.message }));
  return { variants, errors };
}

/** What is wrong with how the break of one definition is taken; empty where it costs that definition alone. */
function complaints(text: string, before: ReturnType<typeof variantsOf>, definition: Definition, breaking: Breaking): string[] {
  const broken = breaking(text.slice(definition.from, definition.to));
  if (broken === null) return [];
  const after = text.slice(0, definition.from) + broken + text.slice(definition.to);
  const end = definition.from + broken.length;
  const now = variantsOf(after);
  const fallen = dependents(text, definition.name);
  const said: string[] = [];
  for (const [name, { ir, at }] of before.variants) {
    if (at >= definition.from && at < definition.to) continue;
    if ([...fallen].some((f) => rootOf(name) === f || name.includes(f)) || /line/.test(name)) continue;
    const kept = now.variants.get(name)?.ir;
    if (kept === undefined) said.push(`${name} is gone`);
    else if (kept !== ir) said.push(`${name} has changed`);
  }
  const known = new Set(before.errors.map((e) => `${e.code} ${e.message}`));
  const fresh = now.errors.filter((e) => !known.has(`${e.code} ${e.message}`));
  const syntax = fresh.filter((e) => e.code === "syntax-error");
  if (syntax.length === 0) said.push("no syntax error");
  for (const e of fresh) {
    const inside = e.from >= definition.from && e.to <= end + 1;
    if (!inside && e.code === "syntax-error") said.push(`${e.message} elsewhere, at \`${after.slice(e.from, e.to).slice(0, 40)}\``);
    if (inside && e.code !== "syntax-error") said.push(`${e.code} besides: ${e.message}`);
  }
  if (syntax.length > 2) said.push(`${syntax.length} syntax errors`);
  return said;
}

const folder = (path: string) => new URL(`../../../${path}`, import.meta.url);
const files: [string, string][] = [
  ...readdirSync(folder("kernels/gallery"))
    .filter((f) => f.endsWith(".py"))
    .map((f): [string, string] => [f, readFileSync(folder(`kernels/gallery/${f}`), "utf8")]),
  ["variants.py", readFileSync(folder("test/oracle/variants.py"), "utf8")],
];

describe("a syntax error costs the definition that it stands in, and no other", () => {
  test.each(files)("%s", { timeout: 120_000 }, (_, text) => {
    const definitions = definitionsOf(text);
    const before = variantsOf(text);
    // About sixty in each file: every way is tried on many definitions, and each definition in many ways.
    const step = Math.max(1, Math.floor((definitions.length * BREAKINGS.length) / 60));
    const said: string[] = [];
    definitions.forEach((definition, i) => {
      BREAKINGS.forEach(([name, breaking], j) => {
        if ((7 * i + j) % step !== 0) return;
        for (const c of complaints(text, before, definition, breaking)) said.push(`${definition.name}: ${name}: ${c}`);
      });
    });
    expect(said).toEqual([]);
  });
});
