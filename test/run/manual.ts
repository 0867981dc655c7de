/**
 * docs/diagnostics.md: every diagnostic with what it means, an example that gives it, its message and what its fix
 * leaves. In: the table of diagnostics and the cases of its tests. Out: the page (`npm run docs`); a unit test compares.
 */
import { writeFileSync } from "node:fs";
import { diagnosticCodes } from "../../kernels/frontend/diagnostic.ts";
import { type DiagnosticCase, diagnosticsOf, unmarked } from "../support/diagnosticCase.ts";
import { DIAGNOSTIC_CASES, WITHOUT_CASE } from "../unit/frontend/diagnosticCases.ts";

const PATH = "docs/diagnostics.md";

const INTRODUCTION = `# Diagnostics

What Flexlens says of a mod, and what to write instead. An **error** is what PyTorch refuses, or what Flexlens cannot follow; a **warning** is taken by PyTorch, or by one of its two front ends (\`create_block_mask\` and \`flex_attention\`), and hardly meant; a **hint** tells of an assumption. Where there is a rewrite, the light bulb offers it, and *Fix all* applies those of a file.

The examples leave out \`import torch\` and the like. This page is made from the table of diagnostics and from the cases that its tests run (\`npm run docs\`).
`;

/** The whole page. */
export function manual(): string {
  const rows = diagnosticCodes();
  const index = rows.map(({ code, severity, about }) => `| [\`${code}\`](#${code}) | ${severity} | ${about.replaceAll("|", "\\|")} |`);
  const sections = rows.map(({ code, severity, about }) => {
    const example = DIAGNOSTIC_CASES.find((c) => c.code === code);
    const reason = WITHOUT_CASE[code];
    const rest = example !== undefined ? exampleOf(example) : reason === undefined ? "" : `No example: ${reason}.\n`;
    return `## ${code}\n\n*${severity}*: ${about}\n\n${rest}`;
  });
  return [INTRODUCTION, "| code | | what |\n|---|---|---|", index.join("\n"), "", sections.join("\n")].join("\n");
}

function exampleOf(c: DiagnosticCase): string {
  const { text } = unmarked(c.fires);
  const said = diagnosticsOf(text, c).find((d) => d.code === c.code)?.message ?? "";
  const given = Object.entries(c.options?.bindings ?? {}).map(([name, value]) => `\`${name}=${String(value)}\``);
  const outside = given.length === 0 ? "" : `With ${given.join(", ")} from the command line or the panel's form:\n\n`;
  const parts = [`${outside}${python(shown(text))}`, `> ${said}`];
  if (c.fixed !== undefined) parts.push("The fix leaves", python(c.fixed));
  return `${parts.join("\n\n")}\n`;
}

const python = (text: string): string => `\`\`\`python\n${text}\n\`\`\``;

/** Lines that are too long to read are cut in their middle. */
const shown = (text: string): string => text.replace(/^(.{60}).{80,}(.{40})$/gm, "$1 … $2");

/** Renews the page. */
export function renewManual(): void {
  writeFileSync(PATH, manual());
}
