/**
 * Imports between the sources: which text `import x` and `from .y import z` mean, and which modules are missing.
 *
 * Only text that was handed in is read. What an import means is what the caller found (`Source.imports`); where the
 * caller says nothing of it, a module matches by the end of its path (`a.b` is `…/a/b.py` or `…/a/b/__init__.py`),
 * relative imports by the folder of the importing file. What is neither here nor part of Python, PyTorch or numpy is a
 * `Need`: the caller may find it and lower again.
 */
import type { Span } from "../ir/mod.ts";
import { ownerOf } from "./libraries.ts";
import type { Need, Source } from "./module.ts";
import { type Parsed, parseModule } from "./parse.ts";

/**
 * What an import means: a source, or a module that is not at hand. Of the latter `looked` says where it was looked for,
 * null where nobody has yet; `assumed` that it is a library taken to be installed.
 */
export type Resolved =
  | { readonly kind: "source"; readonly parsed: Parsed }
  | { readonly kind: "absent"; readonly looked: string | null; readonly assumed: boolean };

export interface Modules {
  /** `level` counts the dots of a relative import, `from` is the importing file. */
  resolve(module: string, level: number, from: string, span: Span): Resolved;
  readonly needs: readonly Need[];
}

/** `sources[0]` is the document, the rest are what it may import. */
export function createModules(sources: readonly Source[]): Modules {
  const needs: Need[] = [];
  const asked = new Set<string>();
  const byFile = new Map(sources.map((s) => [s.file, s]));
  const paths = sources.map((s) => ({ source: s, parts: partsOf(s.file) }));

  const find = (wanted: readonly string[], isWhole: boolean): Source | null => {
    const matches = paths.filter(({ parts }) => endsWith(parts, wanted) && (!isWhole || parts.length === wanted.length));
    matches.sort((a, b) => a.parts.length - b.parts.length);
    return matches[0]?.source ?? null;
  };

  const byPath = (names: readonly string[], level: number, from: string): Source | null => {
    const own = partsOf(from);
    if (level === 0) return find([...own.slice(0, -1), ...names], true) ?? find(names, false);
    // The package of `a/b.py` is `a`; of `a/__init__.py`, already cut to `a`, it is `a` too.
    const folder = isPackage(from) ? own : own.slice(0, -1);
    return find([...folder.slice(0, folder.length - (level - 1)), ...names], true);
  };

  return {
    needs,
    resolve(module, level, from, span) {
      const dotted = ".".repeat(level) + module;
      const importer = byFile.get(from);
      const known = importer?.imports !== undefined && Object.hasOwn(importer.imports, dotted) ? importer.imports[dotted] : undefined;
      let source: Source | null = null;
      if (known !== undefined && "file" in known) source = byFile.get(known.file) ?? null;
      else if (importer?.imports === undefined) source = byPath(module === "" ? [] : module.split("."), level, from);
      if (source !== null && source.file !== from) return { kind: "source", parsed: parsedSource(source) };

      const owner = level > 0 ? "other" : ownerOf(module);
      const looked = known !== undefined && "looked" in known ? known.looked : null;
      const key = `${from}\n${dotted}`;
      if (looked === null && owner !== "python" && source === null && !asked.has(key)) {
        asked.add(key);
        needs.push({ module, level, span, installed: owner === "other" });
      }
      return { kind: "absent", looked: owner === "other" ? looked : null, assumed: owner !== "other" };
    },
  };
}

// Trees of imported modules by file, the last read last: between two lowerings nearly all of them stay. A tree takes
// about a hundred bytes a character.
const trees = new Map<string, Parsed>();
const MOST_CHARACTERS = 1_500_000;
let characters = 0;

function parsedSource({ file, text }: Source): Parsed {
  const before = trees.get(file);
  if (before !== undefined) {
    trees.delete(file);
    characters -= before.module.text.length;
  }
  const parsed = before?.module.text === text ? before : parseModule(file, text);
  trees.set(file, parsed);
  characters += text.length;
  for (const [oldest, { module }] of trees) {
    if (characters <= MOST_CHARACTERS || oldest === file) break;
    trees.delete(oldest);
    characters -= module.text.length;
  }
  return parsed;
}

/** Folders and the module's name, without the extension and without `__init__`. */
function partsOf(file: string): string[] {
  const path = file.replace(/[?#].*$/, "").replace(/\.(py|pyi|ipynb)$/i, "");
  const parts = path.split(/[/\\]+/).filter((p) => p !== "" && p !== ".");
  return parts[parts.length - 1] === "__init__" ? parts.slice(0, -1) : parts;
}

function isPackage(file: string): boolean {
  return /(^|[/\\])__init__\.pyi?$/.test(file);
}

function endsWith(parts: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0 || wanted.length > parts.length) return false;
  return wanted.every((w, i) => parts[parts.length - wanted.length + i] === w);
}
