// docs/benchmarks.md: each benchmark has its own section between two marks, and replaces the parts that it has measured.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { ROOT } from "../run/dawn.mjs";

const HEAD = "# Benchmarks\n\nWritten by `npm run bench:…`; what stands behind a mark is replaced by the next run of it.\n";

/** A section's parts by name, in order: each stands behind a mark of its own. */
const PART = /<!-- part (.+?) -->\n\n([\s\S]*?)(?=\n\n<!-- part |$)/g;

/**
 * The section `mark` of a document with its head and `parts` (`{ name, text }`) as new; parts that are not among them stay
 * as they are, so that a run of some groups keeps what the others have measured. At the end where there was none.
 */
export function withSection(document, mark, title, head, parts) {
  const known = new RegExp(`<!-- ${mark} -->\n\n([\\s\\S]*?)\n\n<!-- /${mark} -->`);
  const kept = [...(known.exec(document)?.[1] ?? "").matchAll(PART)].map(([, name, text]) => ({ name, text }));
  const merged = new Map([...kept, ...parts].map(({ name, text }) => [name, text]));
  const body = [...merged].map(([name, text]) => `<!-- part ${name} -->\n\n${text}`);
  const section = [`<!-- ${mark} -->`, `## ${title}`, head, ...body, `<!-- /${mark} -->`].join("\n\n");
  return known.test(document) ? document.replace(known, () => section) : `${document.trimEnd()}\n\n${section}\n`;
}

/** The same in docs/benchmarks.md. */
export function writeSection(mark, title, head, parts) {
  const file = join(ROOT, "docs/benchmarks.md");
  const document = existsSync(file) ? readFileSync(file, "utf8") : HEAD;
  writeFileSync(file, withSection(document, mark, title, head, parts));
}

/** Markdown of a table; columns of `right` (from 0) stand to the right. */
export function table(head, rows, right = []) {
  const rule = head.map((_, i) => (right.includes(i) ? "---:" : "---"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Adapter, browser, machine and day, then how busy the machine was: lines that open a section. */
export function circumstances(adapter, browserVersion) {
  const cores = os.cpus();
  const load = os.loadavg()[1];
  const lines = [
    `Adapter \`${adapter}\` in Chromium ${browserVersion}, on ${cores.length} cores (${cores[0]?.model ?? "unknown"}), ${new Date().toISOString().slice(0, 10)}.`,
    `Load average of the machine at the end: ${load.toFixed(1)} (the benchmark itself keeps up to ${cores.length} cores busy)${load > cores.length + 1 ? "; other work shared the cores: times are longer than they need be, and ratios less certain" : ""}.`,
  ];
  if (/swiftshader|llvmpipe|lavapipe/i.test(adapter))
    lines.push("A software adapter: the ratios say which program does less work on it, nothing about any GPU.");
  return lines.join("\n");
}
