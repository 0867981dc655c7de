/**
 * The lines of a kernel and the lines of Python, each knowing the other. In: where the kernel's lines come from, the
 * sources, the mods. Out: the Python to show beside, in excerpts with a colour for each line that has WGSL, and for each
 * linked line of WGSL its Python line, what stands at its end in grey, and what is said of it. Pure.
 */
import type { KernelOrigins, LineOrigin } from "../../kernels/emit/wgslOrigin.ts";
import type { Source } from "../../kernels/frontend/module.ts";
import type { Span, Variant } from "../../kernels/ir/mod.ts";

/** Colours there are for Python lines: `--py-0` and on. */
export const COLOURS = 5;

/** A line of Python. */
export interface PythonLine {
  /** Names the line among all files. */
  readonly key: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  /** The line in its file, without the space at its ends. */
  readonly span: Span;
  /** null: no WGSL comes of it. */
  readonly colour: number | null;
}

/** Lines of one file that follow each other. */
export interface Excerpt {
  readonly title: string;
  readonly lines: readonly PythonLine[];
}

/** A line of WGSL that Python is behind. */
export interface CodeLink {
  /** Key of the Python line that it comes from. */
  readonly python: string;
  /** Keys of the lines that its parts come from too. */
  readonly all: ReadonlySet<string>;
  /** That line's number. */
  readonly line: number;
  readonly colour: number;
  /** The user's name for it, or how it is written. Empty: said by the line before. */
  readonly ghost: string;
  /** For the ear: `same_document, masks.py line 19`. */
  readonly label: string;
  readonly span: Span;
}

export interface Links {
  readonly excerpts: readonly Excerpt[];
  /** By line of WGSL, counted from 0. */
  readonly code: ReadonlyMap<number, CodeLink>;
  /** By key of a Python line: its lines of WGSL. */
  readonly wgsl: ReadonlyMap<string, readonly number[]>;
  /** The key of the Python line at an offset of a file; null where that is not shown, or has no WGSL. */
  keyAt(file: string, offset: number): string | null;
}

/** `title`: what the document is called; other files go by the ends of their paths. */
export function linksOf(
  variant: Pick<Variant, "scoreMod" | "maskMod">,
  wgsl: string,
  origins: KernelOrigins,
  sources: readonly Source[],
  title: string,
): Links {
  const files = new Map(sources.map((source, i) => [source.file, linesOf(source, i === 0 ? title : nameOf(source.file), i)]));
  const shown = new Map<Lines, Set<number>>();
  const show = (span: Span, whole: boolean): void => {
    const file = files.get(span.file);
    if (file === undefined) return;
    const lines = shown.get(file) ?? new Set();
    shown.set(file, lines);
    for (let line = file.lineAt(span.from); line <= file.lineAt(whole ? Math.max(span.from, span.to - 1) : span.from); line++)
      lines.add(line);
  };
  for (const mod of [variant.scoreMod, variant.maskMod]) if (mod !== null) show(mod.span, true);
  for (const { spans } of origins.lines.values()) for (const span of spans) show(span, false);

  const keyOf = (span: Span): string | null => {
    const file = files.get(span.file);
    return file === undefined ? null : file.keyOf(file.lineAt(span.from));
  };
  const linked = new Map<string, number[]>();
  for (const [at, { spans }] of origins.lines) {
    for (const key of new Set(spans.map(keyOf))) if (key !== null) linked.set(key, [...(linked.get(key) ?? []), at]);
  }
  const colours = new Map<string, number>();
  const excerpts = [...shown].flatMap(([file, lines]) => excerptsOf(file, lines, linked, colours));

  const code = new Map<number, CodeLink>();
  const text = wgsl.split("\n");
  for (const [at, origin] of origins.lines) {
    const file = files.get(origin.span.file);
    const python = keyOf(origin.span);
    if (file === undefined || python === null) continue;
    const line = file.lineAt(origin.span.from);
    const ghost = origins.lines.get(at - 1) === origin ? "" : ghostOf(origin, text[at] ?? "", file);
    code.set(at, {
      python,
      all: new Set(origin.spans.flatMap((span) => keyOf(span) ?? [])),
      line,
      colour: colours.get(python) ?? 0,
      ghost,
      label: `${ghost === "" ? (origin.name ?? "") : ghost}, ${file.name} line ${line}`,
      span: origin.span,
    });
  }
  return {
    excerpts,
    code,
    wgsl: linked,
    keyAt(name, offset) {
      const file = files.get(name);
      const key = file?.keyOf(file.lineAt(offset)) ?? null;
      return key !== null && linked.has(key) ? key : null;
    },
  };
}

/** A source by its lines, which count from 1. */
interface Lines {
  readonly name: string;
  lineAt(offset: number): number;
  keyOf(line: number): string;
  textOf(line: number): string;
  /** Without the space at its ends. */
  spanOf(line: number): Span;
  slice(span: Span): string;
}

function linesOf({ file, text }: Source, name: string, index: number): Lines {
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map((end) => end.index + end[0].length)];
  const textOf = (line: number): string => text.slice(starts[line - 1] ?? 0, starts[line] ?? text.length).replace(/[\r\n]+$/, "");
  return {
    name,
    lineAt(offset) {
      let [low, high] = [0, starts.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle;
      }
      return low + 1;
    },
    keyOf: (line) => `${index}:${line}`,
    textOf,
    spanOf(line) {
      const from = starts[line - 1] ?? 0;
      const own = textOf(line);
      return { file, from: from + (own.length - own.trimStart().length), to: from + own.trimEnd().length };
    },
    slice: (span) => text.slice(span.from, span.to),
  };
}

function excerptsOf(
  file: Lines,
  lines: ReadonlySet<number>,
  linked: ReadonlyMap<string, unknown>,
  colours: Map<string, number>,
): Excerpt[] {
  const runs: number[][] = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === line - 1) run.push(line);
    else runs.push([line]);
  }
  return runs.map((run) => {
    const [first = 0, last = 0] = [run[0], run.at(-1)];
    const texts = run.map((line) => file.textOf(line));
    const indent = Math.min(...texts.filter((t) => t.trim() !== "").map((t) => t.length - t.trimStart().length));
    return {
      title: `${file.name}, ${first === last ? `line ${first}` : `lines ${first}–${last}`}`,
      lines: run.map((line, i): PythonLine => {
        const key = file.keyOf(line);
        if (linked.has(key)) colours.set(key, colours.size % COLOURS);
        return { key, line, text: (texts[i] ?? "").slice(indent), span: file.spanOf(line), colour: colours.get(key) ?? null };
      }),
    };
  });
}

/** Characters of Python at the end of a line. */
const LONGEST = 44;

/** The user's name where the line does not have it, else how its value is written. */
function ghostOf({ name, span }: LineOrigin, line: string, file: Lines): string {
  const own = /^\s*let (\w+)/.exec(line)?.[1];
  if (name !== null && name !== "return" && name !== own && own !== undefined) return name;
  const written = file.slice(span).replace(/\s+/g, " ");
  return written.length > LONGEST ? `${written.slice(0, LONGEST - 1)}…` : written;
}

/** The last part of a path or URI. */
function nameOf(file: string): string {
  const last =
    file
      .replace(/[?#].*$/, "")
      .split(/[\\/]/)
      .at(-1) ?? file;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
