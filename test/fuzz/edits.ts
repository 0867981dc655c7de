/**
 * Random edits of real files: what a person's keystrokes, a merge gone wrong or a paste from elsewhere leave behind. In: a
 * seed. Out: a text made of a few pieces of the gallery and the fixtures, edited; and what is wrong with the answer that
 * lowering gives to it. It must not throw, must end soon, and every span and edit must lie in the text.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Diagnostic, TextEdit } from "../../kernels/frontend/diagnostic.ts";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../kernels/frontend/module.ts";
import type { Span } from "../../kernels/ir/mod.ts";
import { pick, type Random, seeded, whole } from "../support/random.ts";

/** The slowest answer that is let pass, in milliseconds. */
export const SLOWEST_MS = 1000;

/** Folders whose `.py` files are edited, from the project's root. */
const FOLDERS = ["kernels/gallery", "test/oracle", "test/oracle/corpus"];

/** Pieces of real files: each a run of lines up to the next one that starts at the margin after a blank line. */
export interface Corpus {
  readonly files: readonly string[];
  readonly pieces: readonly string[];
}

/** The files as they are now. Runs in the project's root. */
export function readCorpus(): Corpus {
  const files = FOLDERS.flatMap((folder) => {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return []; // a folder that this checkout does not have
    }
    return names.filter((name) => name.endsWith(".py")).map((name) => readFileSync(`${folder}/${name}`, "utf8"));
  });
  return { files, pieces: files.flatMap((text) => text.split(/\n\n+(?=\S)/).map((piece) => `${piece}\n`)) };
}

/** The edited text that a seed stands for. */
export function editedText(seed: number, corpus: Corpus): string {
  const random = seeded(seed);
  const count = pick(random, [1, 1, 2, 2, 3, 4, 6]);
  const head = random() < 0.8 ? "import torch\nimport math\n\n" : "";
  let text = head + Array.from({ length: count }, () => pick(random, corpus.pieces)).join("\n\n");
  const edits = pick(random, [1, 1, 1, 2, 2, 3, 5, 8, 20]);
  for (let i = 0; i < edits; i++) text = pick(random, EDITS)(text, random, corpus);
  return text;
}

/** `text` after one edit more, as `random` has it. */
export const editedOnce = (text: string, random: Random, corpus: Corpus): string => pick(random, EDITS)(text, random, corpus);

type Edit = (text: string, random: Random, corpus: Corpus) => string;

const TOKENS = /[A-Za-z_]\w*|\d[\w.]*|"""|'''|"[^"\n]*"|'[^'\n]*'|\s+|[-+*/%&|^~<>=!:]+|[^\s\w]/g;
const tokensOf = (text: string): string[] => text.match(TOKENS) ?? [];

/** A change of one token at random. */
const token =
  (change: (tokens: string[], at: number, random: Random) => void): Edit =>
  (text, random) => {
    const tokens = tokensOf(text);
    if (tokens.length > 0) change(tokens, whole(random, 0, tokens.length - 1), random);
    return tokens.join("");
  };

/** Insertion of something at a random place. */
const insert =
  (what: (random: Random) => string): Edit =>
  (text, random) => {
    const at = whole(random, 0, text.length);
    return text.slice(0, at) + what(random) + text.slice(at);
  };

/** A change of one line at random. */
const line =
  (change: (lines: string[], at: number, random: Random) => void): Edit =>
  (text, random) => {
    const lines = text.split("\n");
    change(lines, whole(random, 0, lines.length - 1), random);
    return lines.join("\n");
  };

const WORDS = `and or not if else elif for while in is lambda def class return yield await async with try except finally raise assert
import from as global nonlocal del pass break continue match case print None True False self cls super torch b h q_idx kv_idx score
int float bool max min abs sum len range zip enumerate sorted list dict set tuple map filter isinstance getattr eval exec open __import__
.item() .shape .sum() .any() .to(torch.int32) [0] [-1] [::2] [:, None] [...] (0) () [] {} := -> => @ ** // << >> ~ ! ? \\ # %matplotlib !pip
0 1 -1 0.5 1e400 1e-400 0x1F 0b101 0o17 1_000 1j 10**9 10**100 99999999999999999999 2**63 -2**31 nan inf range(10**9) 1//0 1%0
"" '' """ ''' f"" f"{q_idx}" r"\\" b"" "unclosed 'unclosed f"{ q_idx<=kv_idx<h while:True for:x`.split(/\s+/);

const GIVEN = [
  "# flexlens: B=2, Q_LEN=64\n",
  "# flexlens: assert kv_idx <= q_idx\n",
  "# flexlens: window=10**9, x=(1,\n",
  "# flexlens:\n",
  "# flexlens: Q_LEN=10**12, KV_LEN=-1\n",
  "while True:\n    pass\n",
  "x = [0] * 10**9\n",
  "for i in range(10**9):\n    x = i\n",
  "def f(x):\n    return f(x)\nf(1)\n",
  "x = 1\nwhile True:\n    x = x * 3\n",
  "x = torch.zeros(10**6, 10**6)\n",
  "x = torch.arange(10**6).sort()\n",
  "s = 'ab'\nfor i in range(99): s = s + s\n",
  "class A(A):\n    def __getattr__(self, n): return getattr(self, n)\na = A().x\n",
  "from .missing import *\n",
  "import numpy as np\nz = np.random.rand(4, 4)[np.newaxis]\n",
  "block = create_block_mask(mask, 1, 1, 10**9, 10**9)\n",
];

const UNICODE = [
  "\u00e9",
  "\u{1F600}",
  "\u200b",
  "\ufeff",
  "\u2028",
  "\u0000",
  "\ud800",
  "\u00a0",
  "\u0301",
  "\u202e",
  "ﬁ",
  "１",
  "ǅ",
  "\f",
  "\v",
  "\x1a",
];

const EDITS: readonly Edit[] = [
  token((t, i) => void t.splice(i, 1)),
  token((t, i) => void t.splice(i, 1)),
  token((t, i) => void t.splice(i, 0, t[i] ?? "")),
  token((t, i, r) => {
    const j = whole(r, 0, t.length - 1);
    [t[i], t[j]] = [t[j] ?? "", t[i] ?? ""];
  }),
  token((t, i, r) => {
    t[i] = pick(r, WORDS);
  }),
  token((t, i, r) => {
    t[i] = pick(r, t);
  }),
  token((t, i, r) => void t.splice(i, 0, " ", pick(r, WORDS), " ")),
  // A number becomes another.
  (text, random) =>
    text.replace(/\b\d+\b/g, (n) => (random() < 0.2 ? pick(random, ["0", "-1", "1", "10**9", "1e308", "7", "2**40", `${n}${n}`]) : n)),
  // Cuts: of a run of characters, of the end, of the start.
  (text, random) => {
    const at = whole(random, 0, text.length);
    return text.slice(0, at) + text.slice(at + whole(random, 1, 40));
  },
  (text, random) => text.slice(0, whole(random, 0, text.length)),
  (text, random) => text.slice(whole(random, 0, text.length)),
  // Indentation.
  line((lines, i, r) => {
    lines[i] = " ".repeat(whole(r, 0, 9)) + (lines[i] ?? "").trimStart();
  }),
  line((lines, i) => {
    lines[i] = `\t${lines[i] ?? ""}`;
  }),
  line((lines, i, r) => {
    for (let j = i; j < Math.min(lines.length, i + whole(r, 1, 9)); j++) lines[j] = (lines[j] ?? "").replace(/^ {4}/, "");
  }),
  line((lines, i) => void lines.splice(i, 1)),
  line((lines, i) => void lines.splice(i, 0, lines[i] ?? "")),
  line((lines, i, r) => {
    const j = whole(r, 0, lines.length - 1);
    [lines[i], lines[j]] = [lines[j] ?? "", lines[i] ?? ""];
  }),
  line((lines, i, r) => void lines.splice(i, 0, r() < 0.3 ? pick(r, GIVEN).trimEnd() : "")),
  line((lines, i, r) => {
    lines[i] = `${lines[i] ?? ""}${pick(r, ["(", ")", "[", "]", "{", "}", ":", ",", "\\", "#", ";", '"""', "'", " and", " if", "."])}`;
  }),
  (text, random) => text.replaceAll("\n", pick(random, ["\r\n", "\r", "\r\n", "\n\n", "\n\r"])),
  insert((r) => pick(r, UNICODE)),
  insert((r) => pick(r, ["(", "[", "{", "-", "not ", "~", "lambda: ", "f(", "[x for x in "]).repeat(pick(r, [2, 30, 300]))),
  insert((r) => (r() < 0.3 ? pick(r, GIVEN) : "\n")),
  insert((r) => String.fromCharCode(whole(r, 0, 255))),
  // Splices: a piece of one file in the middle of another, a line of one after a line of another.
  (text, random, corpus) => {
    const at = whole(random, 0, text.length);
    const other = pick(random, corpus.pieces);
    const from = whole(random, 0, other.length);
    return text.slice(0, at) + other.slice(from, from + whole(random, 0, 200)) + text.slice(at);
  },
  (text, random, corpus) => {
    const lines = text.split("\n");
    lines.splice(whole(random, 0, lines.length), 0, pick(random, pick(random, corpus.files).split("\n")));
    return lines.join("\n");
  },
  (text, random, corpus) => text + pick(random, corpus.pieces),
  // Names of one thing for another.
  (text, random) => {
    const names = [...new Set(text.match(/\b[a-z_]\w*\b/g) ?? [])];
    if (names.length === 0) return text;
    const [from, to] = [pick(random, names), pick(random, names)];
    return text.replace(new RegExp(`\\b${from}\\b`, "g"), () => (random() < 0.5 ? to : from));
  },
];

/** What is wrong with the answer to a text; null where nothing is. */
export interface EditFault {
  readonly what: "throws" | "internal fault" | "slow" | "span" | "fix";
  readonly why: string;
}

/** What an edited text came to. */
export interface Checked {
  readonly fault: EditFault | null;
  /** The slowest lowering, in milliseconds of this process. */
  readonly ms: number;
}

/** Lowers the text, applies each fix that is offered, lowers again. */
export function checkText(text: string): Checked {
  const first = answer(text);
  if (first.module === null) return first;
  const { diagnostics } = first.module;
  let { ms } = first;
  const spans = spanFault(first.module, text);
  if (spans !== null) return { ms, fault: { what: "span", why: spans } };
  for (const d of diagnostics) {
    if (d.fix === null) continue;
    const fixed = applied(text, d.fix.edits);
    if (typeof fixed !== "string") return { ms, fault: { what: "fix", why: `${d.code}: ${fixed.why}` } };
    const again = answer(fixed);
    ms = Math.max(ms, again.ms);
    if (again.fault !== null) {
      return { ms, fault: { what: again.fault.what, why: `after the fix of ${d.code}: ${again.fault.why}\n${fixed}` } };
    }
  }
  return { ms, fault: null };
}

function answer(text: string): Checked & { readonly module: LoweredModule | null } {
  const start = performance.now();
  const before = process.cpuUsage();
  let module: LoweredModule;
  try {
    module = lowerModule([{ file: "f.py", text }]);
  } catch (e) {
    const why = e instanceof Error ? (e.stack ?? e.message) : JSON.stringify(e);
    return { module: null, ms: performance.now() - start, fault: { what: "throws", why } };
  }
  // What other processes take of the machine is not the text's fault.
  const { user, system } = process.cpuUsage(before);
  const ms = Math.min(performance.now() - start, (user + system) / 1000);
  if (ms > SLOWEST_MS) return { module: null, ms, fault: { what: "slow", why: `${ms.toFixed(0)} ms` } };
  const internal = module.diagnostics.find((d) => d.code === "internal-fault");
  if (internal !== undefined) return { module: null, ms, fault: { what: "internal fault", why: internal.message } };
  return { module, ms, fault: null };
}

function spanFault(module: LoweredModule, text: string): string | null {
  const bad = (span: Span | null, of: string): string | null => {
    if (span === null || span.file !== "f.py") return null;
    const isIn =
      Number.isInteger(span.from) && Number.isInteger(span.to) && 0 <= span.from && span.from <= span.to && span.to <= text.length;
    return isIn ? null : `${of}: ${span.from}…${span.to} of ${text.length}`;
  };
  const ofDiagnostic = (d: Diagnostic): string | null => {
    if (d.span.file !== "f.py") return `${d.code} is shown in ${d.span.file}`;
    return bad(d.span, d.code) ?? d.fix?.edits.map((e) => bad(e.span, `an edit of ${d.code}`)).find((x) => x !== null) ?? null;
  };
  for (const d of module.diagnostics) {
    const found = ofDiagnostic(d);
    if (found !== null) return found;
  }
  for (const v of module.variants) {
    const mods = [v.scoreMod, v.maskMod].filter((m) => m !== null);
    const spans = [v.nameSpan, ...mods.flatMap((m) => [m.span, ...m.locals.map((l) => l.span)]), ...v.bindings.map((b) => b.span)];
    for (const span of spans) {
      const found = bad(span, v.name);
      if (found !== null) return found;
    }
  }
  return module.needs.map((n) => bad(n.span, n.module)).find((x) => x !== null) ?? null;
}

/** The text after the edits, or why they do not go together. */
function applied(text: string, edits: readonly TextEdit[]): string | { readonly why: string } {
  const sorted = edits.filter((e) => e.span.file === "f.py").toSorted((a, b) => a.span.from - b.span.from || a.span.to - b.span.to);
  for (const [i, e] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before !== undefined && before.span.to > e.span.from) return { why: "its edits overlap" };
  }
  return sorted.reduceRight((done, e) => done.slice(0, e.span.from) + e.newText + done.slice(e.span.to), text);
}

/** The text with as many lines, then characters, left out as the same fault allows. */
export function shrinkText(text: string, fault: EditFault, attempts = 300): string {
  let left = attempts;
  const fails = (candidate: string): boolean => left-- > 0 && checkText(candidate).fault?.what === fault.what;
  const reduce = (parts: readonly string[], joint: string): string => {
    let best = parts;
    for (let run = Math.max(1, best.length >> 1); run >= 1 && left > 0; run >>= 1) {
      for (let at = 0; at < best.length && left > 0; ) {
        const candidate = best.toSpliced(at, run);
        if (fails(candidate.join(joint))) best = candidate;
        else at += run;
      }
    }
    return best.join(joint);
  };
  return reduce(tokensOf(reduce(text.split("\n"), "\n")), "");
}
