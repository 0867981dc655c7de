/**
 * Whether a file is worth reading: cheap tests of its text, so that of a workspace's many Python files only those are
 * lowered that may hold mods. They may say yes for nothing, which costs one reading; where they say no, nothing is
 * lost: a mod shows itself by its parameters, or by the words of FlexAttention around it.
 */
import { kindByNames } from "../../kernels/frontend/discover.ts";

const WORDS = /flex_?attention|block_?mask|create_mask|(?:mask|score)_?mod|(?:and|or)_masks|#\s*flexlens/i;
/** Heads of functions without default calls or tuples in them: `def f(b, h, q_idx, kv_idx)`, `lambda b, h, q, kv:`. */
const HEADS = /\bdef\s+\w+\s*\(([^()]{3,300})\)|\blambda\s+([\w\s,]{3,100}):/g;

/** Of Python text, joined cells of a notebook among it. */
export function mayHoldMods(text: string): boolean {
  return WORDS.test(text) || [...text.matchAll(HEADS)].some(([, def, lambda]) => isMod(def ?? lambda ?? ""));
}

function isMod(parameters: string): boolean {
  const names = parameters.split(",").flatMap((parameter) => /^\s*(\w+)/.exec(parameter)?.[1] ?? []);
  const own = names[0] === "self" || names[0] === "cls" ? names.slice(1) : names;
  return kindByNames(own) !== null;
}

/** Folders with other people's code: it is imported from there, and nobody's list of own variants. */
const FOREIGN = [
  ".git",
  ".hg",
  ".ipynb_checkpoints",
  ".mypy_cache",
  ".nox",
  ".tox",
  ".venv",
  "__pycache__",
  "__pypackages__",
  "env",
  "node_modules",
  "site-packages",
  "venv",
];

/** Files that may hold variants, as a pattern. */
export const FILES = "**/*.{py,ipynb}";
/** Files that are not looked at, as a pattern; what the user excludes comes on top. */
export const NOT_FILES = `**/{${FOREIGN.join(",")}}/**`;

/** Whether `NOT_FILES` matches the path. */
export const isForeign = (path: string): boolean => path.split("/").some((folder) => FOREIGN.includes(folder));
