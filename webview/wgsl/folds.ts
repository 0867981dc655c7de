/**
 * Long stretches of a kernel that nobody wrote, to be folded: which lines, and what they do. In: the text's lines, and
 * which of them must stay in sight (those of the user's expression). Pure.
 *
 * The text itself says how it hangs together: blank lines part it into paragraphs, brackets into blocks, and what a
 * paragraph does stands in the comment at its head, in the names that it declares, or in what it reads and writes.
 */

/** Lines `from` to `to`, the end exclusive. */
export interface Fold {
  readonly from: number;
  readonly to: number;
  readonly about: string;
}

/** Shorter stretches stay as they are. */
const SHORTEST = 10;

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The folds of a text, in order; they do not overlap. */
export function foldsOf(lines: readonly string[], keep: (line: number) => boolean): readonly Fold[] {
  const buffers = buffersOf(lines);
  const folds: Fold[] = [];
  /** Top-level declarations that stand one after the other. */
  const group: Stretch[] = [];
  const fold = (s: Stretch, about: string): void => {
    if (s.to - s.from >= SHORTEST) folds.push({ ...s, about });
  };
  const endGroup = (): void => {
    const [from, to] = [group[0]?.from, group.at(-1)?.to];
    if (from !== undefined && to !== undefined) fold({ from, to }, declared(lines.slice(from, to)));
    group.length = 0;
  };
  for (const stretch of stretchesOf(lines)) {
    const text = lines.slice(stretch.from, stretch.to);
    const stays = text.some((line, i) => keep(stretch.from + i) || line.startsWith("@"));
    const isTop = !text[0]?.startsWith(" ") && declared(text) !== "";
    if (!stays && isTop) {
      group.push(stretch);
      continue;
    }
    endGroup();
    if (!stays) fold(stretch, commentOf(text) ?? trafficOf(text, buffers) ?? namesOf(text));
  }
  endGroup();
  return folds;
}

/** Paragraphs, cut where a bracket opens or closes a block that goes beyond them. */
function stretchesOf(lines: readonly string[]): readonly Stretch[] {
  const found: Stretch[] = [];
  let from = 0;
  for (let to = 0; to <= lines.length; to++) {
    if (to < lines.length && lines[to]?.trim() !== "") continue;
    let at = from;
    for (const cut of unbalanced(lines, from, to)) {
      if (cut > at) found.push({ from: at, to: cut });
      found.push({ from: cut, to: cut + 1 });
      at = cut + 1;
    }
    if (to > at) found.push({ from: at, to });
    from = to + 1;
  }
  return found;
}

/** Lines with a bracket whose other half is outside of the paragraph. */
function unbalanced(lines: readonly string[], from: number, to: number): readonly number[] {
  const open: number[] = [];
  const lone = new Set<number>();
  for (let at = from; at < to; at++) {
    for (const bracket of (lines[at] ?? "").replace(/\/\/.*/, "").match(/[{}()]/g) ?? []) {
      if (bracket === "{" || bracket === "(") open.push(at);
      else if (open.pop() === undefined) lone.add(at);
    }
  }
  return [...lone, ...open].sort((a, b) => a - b).filter((at, i, all) => at !== all[i - 1]);
}

/** The storage buffers and the workgroup memory that the text declares. */
function buffersOf(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => /var<(?:storage|workgroup)[^>]*> (\w+):/.exec(line)?.[1] ?? []);
}

/** What top-level declarations declare: `struct Params, place(), is_nan() and 4 more`. Empty: nothing. */
function declared(text: readonly string[]): string {
  const names = text.flatMap((line) => {
    const [, kind, name] = /^(fn|struct|const|alias|var(?:<\w+>)?) (\w+)/.exec(line) ?? [];
    return name === undefined ? [] : [kind === "fn" ? `${name}()` : kind === "struct" ? `struct ${name}` : name];
  });
  // Constants say least.
  const told = names.filter((name) => /[()\s]/.test(name));
  return some(told.length > 0 ? told : names);
}

/** The comment at the head of a stretch. */
function commentOf(text: readonly string[]): string | null {
  const words = /^\s*\/\/ (.*)$/.exec(text[0] ?? "")?.[1];
  return words?.replace(/[.:]$/, "") ?? null;
}

/** What a stretch writes, else what it reads. */
function trafficOf(text: readonly string[], buffers: readonly string[]): string | null {
  const written = buffers.filter((name) => text.some((line) => new RegExp(`^\\s*${name}\\[.*\\] =`).test(line)));
  if (written.length > 0) return `writes ${some(written)}`;
  const read = buffers.filter((name) => text.some((line) => new RegExp(`\\b${name}\\[`).test(line)));
  return read.length > 0 ? `reads ${some(read)}` : null;
}

/** What a stretch gives names to. */
function namesOf(text: readonly string[]): string {
  return some(text.flatMap((line) => [...line.matchAll(/\b(?:let|var) (\w+)/g)].map((m) => m[1] ?? "")));
}

const MOST_NAMES = 4;

const some = (names: readonly string[]): string =>
  names.length <= MOST_NAMES ? names.join(", ") : `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more`;
