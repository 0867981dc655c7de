/**
 * Imports between the sources: which text `import x` and `from .y import z` mean, and which modules are missing.
 *
 * Only text that was handed in is read. A module matches by the end of its path (`a.b` is `…/a/b.py` or
 * `…/a/b/__init__.py`), relative imports by the folder of the importing file. What is neither here nor part of
 * Python, PyTorch or numpy is a `Need`: the caller may find it and lower again.
 */
import type { Span } from "../ir/mod.ts";
import type { Need, Source } from "./module.ts";
import { parseModule } from "./parse.ts";
import type { Module } from "./syntax.ts";

export interface Modules {
  /** As the evaluator asks (see `InterpreterOptions.resolveImport`). */
  resolve(module: string, level: number, from: string, span: Span): Module | null;
  readonly needs: readonly Need[];
}

/** `sources[0]` is the document, the rest are what it may import. */
export function createModules(sources: readonly Source[]): Modules {
  const parsed = new Map<string, Module>();
  const needs: Need[] = [];
  const missing = new Set<string>();
  const paths = sources.map((s) => ({ source: s, parts: partsOf(s.file) }));

  const find = (wanted: readonly string[], isWhole: boolean): Source | null => {
    const matches = paths.filter(({ parts }) => endsWith(parts, wanted) && (!isWhole || parts.length === wanted.length));
    matches.sort((a, b) => a.parts.length - b.parts.length);
    return matches[0]?.source ?? null;
  };

  return {
    needs,
    resolve(module, level, from, span) {
      const names = module === "" ? [] : module.split(".");
      let source: Source | null;
      if (level > 0) {
        const own = partsOf(from);
        // The package of `a/b.py` is `a`; of `a/__init__.py`, already cut to `a`, it is `a` too.
        const folder = isPackage(from) ? own : own.slice(0, -1);
        source = find([...folder.slice(0, folder.length - (level - 1)), ...names], true);
      } else {
        const folder = partsOf(from).slice(0, -1);
        source = find([...folder, ...names], true) ?? find(names, false);
      }
      if (source !== null && source.file !== from) {
        let tree = parsed.get(source.file);
        if (tree === undefined) {
          tree = parseModule(source.file, source.text).module;
          parsed.set(source.file, tree);
        }
        return tree;
      }
      const key = `${".".repeat(level)}${module}`;
      if (!missing.has(key) && (level > 0 || !isKnownLibrary(names[0] ?? ""))) {
        missing.add(key);
        needs.push({ module, level, span });
      }
      return null;
    },
  };
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

/** First names of Python's own modules and of libraries whose text would not help. */
const LIBRARIES = new Set(
  `__future__ abc argparse array ast asyncio atexit base64 bisect builtins bz2 calendar cmath collections concurrent
  contextlib contextvars copy csv ctypes dataclasses datetime decimal difflib dis email enum errno faulthandler filecmp
  fnmatch fractions ftplib functools gc getopt getpass glob graphlib gzip hashlib heapq hmac html http importlib inspect
  io ipaddress itertools json keyword linecache locale logging lzma math mmap multiprocessing numbers operator os pathlib
  pdb pickle pkgutil platform pprint profile pstats queue random re resource sched secrets select selectors shelve shlex
  shutil signal site socket sqlite3 ssl stat statistics string struct subprocess symtable sys sysconfig tarfile tempfile
  textwrap threading time timeit token tokenize tomllib traceback tracemalloc types typing typing_extensions unicodedata
  unittest urllib uuid venv warnings wave weakref xml zipfile zlib zoneinfo
  torch torchvision torchaudio triton numpy scipy pandas matplotlib seaborn PIL cv2 sklearn einops tqdm jax flax
  transformers datasets accelerate huggingface_hub safetensors tokenizers diffusers lightning pytorch_lightning wandb
  absl pytest rich click fire yaml omegaconf hydra jaxtyping tabulate IPython ipywidgets`.split(/\s+/),
);

export function isKnownLibrary(name: string): boolean {
  return LIBRARIES.has(name);
}
