// docs/benchmarks.md: each benchmark replaces its own section, between two marks.
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { ROOT } from "../run/dawn.mjs";

const HEAD = "# Benchmarks\n\nWritten by `npm run bench:…`; the text between two marks is replaced by the next run.\n";

/** Replaces the section `mark`, or adds it at the end. */
export function writeSection(mark, title, text) {
  const file = join(ROOT, "docs/benchmarks.md");
  let document;
  try {
    document = readFileSync(file, "utf8");
  } catch {
    document = HEAD;
  }
  const section = `<!-- ${mark} -->\n\n## ${title}\n\n${text}\n\n<!-- /${mark} -->`;
  const known = new RegExp(`<!-- ${mark} -->[^]*<!-- /${mark} -->`);
  writeFileSync(file, known.test(document) ? document.replace(known, () => section) : `${document.trimEnd()}\n\n${section}\n`);
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
