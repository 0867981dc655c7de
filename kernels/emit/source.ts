/**
 * Source text with indentation: a tagged template in which a placeholder that spans lines keeps the indentation of
 * the line it stands on, and an empty one on a line of its own takes the line with it. So templates of kernels and
 * loops read like the text they emit.
 */

type Piece = string | number | readonly (string | number)[];

/**
 * Joins the template. Arrays are joined by line breaks. The common indentation of the template's own lines and its
 * first and last blank line are removed.
 *
 * @example source`
 *   for (;;) {
 *     ${["a();", "b();"]}
 *   }`
 */
export function source(strings: TemplateStringsArray, ...pieces: readonly Piece[]): string {
  // Mark placeholders by a private-use character, so that the template's own lines can be treated alone.
  const own = dedent(strings.raw.join("\uE000"));
  let at = 0;
  const lines: string[] = [];
  for (const line of own.split("\n")) {
    const count = line.split("\uE000").length - 1;
    if (count === 0) {
      lines.push(line);
      continue;
    }
    const taken = pieces.slice(at, at + count).map(textOf);
    at += count;
    const indent = line.match(/^ */)?.[0] ?? "";
    if (line.trim() === "\uE000") {
      const [only = ""] = taken;
      if (only !== "") lines.push(indented(only, indent));
      continue;
    }
    let index = 0;
    lines.push(line.replace(/\uE000/g, () => (taken[index++] ?? "").replace(/\n/g, `\n${indent}`)));
  }
  return lines.join("\n");
}

const textOf = (piece: Piece): string => (Array.isArray(piece) ? piece.join("\n") : String(piece));

function indented(text: string, indent: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : indent + line))
    .join("\n");
}

function dedent(text: string): string {
  const lines = text.split("\n");
  if (lines[0]?.trim() === "") lines.shift();
  if (lines.at(-1)?.trim() === "") lines.pop();
  const widths = lines.filter((l) => l.trim() !== "").map((l) => l.search(/\S/));
  const common = Math.min(...widths);
  return lines.map((l) => l.slice(Number.isFinite(common) ? common : 0).replace(/\s+$/, "")).join("\n");
}
