/**
 * Values and sizes of the panel's form as a directive in the text: what a directive above the mod gives already gets its
 * new value in place, the rest becomes a line above it. Pure: offsets and texts; writeDirective.ts applies them.
 */
import { readDirectives } from "../kernels/frontend/directive.ts";
import { parseModule } from "../kernels/frontend/parse.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import { directivePlace } from "./directivePlace.ts";

export interface TextEdit {
  readonly from: number;
  readonly to: number;
  readonly newText: string;
}

/** The form's values and sizes as a directive writes them. */
export function directiveEntries(bindings: Readonly<Record<string, unknown>>, problem: ProblemHints): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  const size = (key: string, value: number | undefined): void => {
    if (value !== undefined) entries.set(key, String(value));
  };
  size("B", problem.batch);
  size("H", problem.qHeads);
  size("HKV", problem.kvHeads);
  size("Q_LEN", problem.qLen);
  size("KV_LEN", problem.kvLen);
  size("D", problem.qkHeadDim);
  size("DV", problem.vHeadDim);
  size("SCALE", problem.scale);
  const { blockSize, storage } = problem;
  if (blockSize !== undefined)
    entries.set("BLOCK_SIZE", blockSize[0] === blockSize[1] ? String(blockSize[0]) : `(${blockSize.join(", ")})`);
  if (storage !== undefined) entries.set("DTYPE", storage === "f16" ? "torch.float16" : "torch.float32");
  for (const [name, value] of Object.entries(bindings)) if (typeof value === "string") entries.set(name, value);
  return entries;
}

/** The sizes that no directive can say: they stay in the form. */
export function withoutWritten({ rounding, layout }: ProblemHints): ProblemHints {
  return { ...(rounding === undefined ? {} : { rounding }), ...(layout === undefined ? {} : { layout }) };
}

/** Edits that put `entries` above the definition at `at`, an offset in `text`. */
export function directiveEdits(text: string, at: number, entries: ReadonlyMap<string, string>): readonly TextEdit[] {
  const { module, comments } = parseModule("", text);
  const { directives } = readDirectives(module, comments);
  const lines = lineStarts(text);
  const lineAt = (offset: number): number =>
    Math.max(
      0,
      lines.findLastIndex((start) => start <= offset),
    );
  const line = lineAt(at);
  const isOwn = (target: number | null): boolean => target !== null && lineAt(target) === line;
  const given = new Map(
    directives.filter(({ target }) => isOwn(target)).flatMap((d) => d.entries.map((entry) => [entry.key, entry] as const)),
  );
  const edits: TextEdit[] = [];
  const fresh: string[] = [];
  for (const [key, value] of entries) {
    const known = given.get(key)?.value.span;
    if (known === undefined) fresh.push(`${key}=${value}`);
    else if (text.slice(known.from, known.to) !== value) edits.push({ from: known.from, to: known.to, newText: value });
  }
  if (fresh.length > 0) {
    const place = directivePlace(text, line);
    const from = lines[place.line] ?? text.length;
    const end = text.includes("\r\n") ? "\r\n" : "\n";
    edits.push({ from, to: from, newText: `${place.indent}# flexlens: ${fresh.join(", ")}${end}` });
  }
  return edits.toSorted((a, b) => a.from - b.from);
}

/** Offsets at which lines start. */
function lineStarts(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map((match) => match.index + match[0].length)];
}
