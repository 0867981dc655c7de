/**
 * Diagnostics as data, and the one table of them: for each code its severity, its message and a line for the manual.
 *
 * A message says the cause, then the way out, and quotes the user's text in backticks. Whoever finds a fault names
 * the code and gives the words that the row asks for; the compiler checks their number. Quick fixes are built in
 * fix.ts. Codes are kebab-case and stay: editors' settings and people's notes name them.
 */
import type { Span } from "../ir/mod.ts";

export type Severity = "error" | "warning" | "hint";

export interface TextEdit {
  readonly span: Span;
  readonly newText: string;
}

export interface Fix {
  /** What the editor's light bulb says. */
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly span: Span;
  readonly message: string;
  readonly fix: Fix | null;
}

/** Where faults are sent as they are found. */
export type Report = (diagnostic: Diagnostic) => void;

/** The text that a span covers. */
export type TextOf = (span: Span) => string;

export type Code = keyof typeof TABLE;

/** The words that the message of `C` is made of, in order. */
export type Words<C extends Code> = Parameters<(typeof TABLE)[C]["message"]>;

/** A diagnostic of the table; `words` as the row's message asks for. */
export function diagnose<C extends Code>(code: C, span: Span, words: Words<C>, fix: Fix | null = null): Diagnostic {
  const row: Row = TABLE[code];
  const given: readonly (string | undefined)[] = words;
  return { code, severity: row.severity, span, message: row.message(...given.filter((w) => w !== undefined)), fix };
}

/** Every code with its severity and line for the manual, in table order. */
export function diagnosticCodes(): readonly { code: Code; severity: Severity; about: string }[] {
  return (Object.keys(TABLE) as Code[]).map((code) => ({ code, severity: TABLE[code].severity, about: TABLE[code].about }));
}

/** `text` in backticks, on one line and at most `limit` characters long. */
export function quote(text: string, limit = 60): string {
  // A comment or a line's continuation is no part of what is quoted.
  const line = text
    .replace(/[ \t]*#[^\n"']*\n|\\\n/g, "\n")
    .replace(/\s+/g, " ")
    .trim();
  return `\`${line.length > limit ? `${line.slice(0, limit - 1)}…` : line}\``;
}

interface Row {
  readonly severity: Severity;
  readonly message: (...words: string[]) => string;
  readonly about: string;
}

const row = <F extends (...words: string[]) => string>(severity: Severity, message: F, about: string) => ({ severity, message, about });

const error = <F extends (...words: string[]) => string>(message: F, about: string) => row("error", message, about);
const warning = <F extends (...words: string[]) => string>(message: F, about: string) => row("warning", message, about);
const hint = <F extends (...words: string[]) => string>(message: F, about: string) => row("hint", message, about);

/** The way out: the rewrite where there is one, else a general word. */
const way = (rewrite: string, general: string): string => (rewrite === "" ? general : `write ${quote(rewrite, 100)}`);

const DATA_DEPENDENT = "which needs the value of a tensor while the mod is traced";

// Words named `text`, `name`, … are the user's own and come in without backticks.
const TABLE = {
  // ------------------------------------------------------------------------------------------ reading the text
  "syntax-error": error((what: string) => `Syntax error: ${what}.`, "The text is not Python."),
  "nesting-too-deep": error(
    () => "This is nested too deeply to be read; split it into named parts.",
    "Expressions and blocks may nest about 200 deep, as in Python.",
  ),
  "unsupported-construct": error(
    (construct: string) => `${construct} cannot be evaluated here; write it without.`,
    "A construct that mods do not use, such as await or yield, was reached.",
  ),
  "directive-malformed": error(
    (text: string, why: string) => `${quote(text)} is no directive: ${why}. Write \`# flexlens: name=value, other=value\`.`,
    "A `# flexlens:` comment is not a list of keyword arguments.",
  ),
  "directive-unused": warning(
    (name: string) => `${quote(name)} names nothing that a mod here captures and no problem size; check its spelling, or remove it.`,
    "A directive gives a value for a name that nobody asks for.",
  ),
  "binding-unused": hint(
    (name: string) => `A value is given for ${quote(name)}, and nothing here takes it; check its spelling.`,
    "A value from the command line or the panel's form for a name that nobody asks for.",
  ),
  "directive-value": error(
    (name: string, why: string) => `The value of ${quote(name)} cannot be used: ${why}.`,
    "A reserved key of a directive, such as `Q_LEN`, has a value that is no positive integer.",
  ),
  "assertion-malformed": error(
    (text: string, why: string) =>
      `${quote(text)} asserts nothing that can be checked: ${why}. Write a comparison of indices, \`equals(mod)\`, \`implies(mod)\`, \`sparsity > 0.8\`, \`no_empty_rows\` or \`symmetric\`.`,
    "`# flexlens: assert …` is followed by no claim about a mask or a score.",
  ),
  "assertion-fails": error(
    (text: string, why: string) => `${quote(text)} does not hold: ${why}; change the mod, or what is asserted of it.`,
    "`# flexlens: assert …` does not hold; the first cell that breaks it is named.",
  ),
  "assertion-undecided": warning(
    (text: string, why: string, way: string) => `${quote(text)} is neither proved nor refuted: ${why}; ${way}.`,
    "`# flexlens: assert …` could not be decided within its budget, or depends on a value that is made up.",
  ),
  "assertion-unused": warning(
    (text: string) =>
      `${quote(text)} stands above nothing that is a mod; put it directly above the \`def\`, the factory or the assignment.`,
    "`# flexlens: assert …` speaks of no mod.",
  ),
  "seeded-value": hint(
    (name: string, value: string) =>
      `${quote(name)} has no value in this file, so ${value} stands in; give the real one with \`# flexlens: ${name}=…\` or in the panel.`,
    "A name that a mod captures has no value in the text, and a plausible one was made up.",
  ),
  "binding-value": error(
    (name: string, text: string, why: string) => `The value ${quote(text)} given for ${quote(name)} cannot be used: ${why}.`,
    "A value from the command line or the panel's form cannot be evaluated.",
  ),
  "data-file": error(
    (path: string, why: string) => `${quote(path)} cannot be read: ${why}.`,
    "A data file that `load`, `np.load` or the like names is missing, damaged, too large, or of a kind that is not read.",
  ),
  "data-file-missing": warning(
    (cause: string) => `${cause}. A made-up value stands in.`,
    "Module code reads a data file that cannot be had, and a mod needs what is in it.",
  ),
  "data-widened": hint(
    (path: string, from: string, to: string) =>
      `${quote(path)} holds ${from}, which PyTorch stores and does not compute with; it is taken as ${to}.`,
    "A data file holds unsigned integers of 16 bits or more.",
  ),

  // ------------------------------------------------------------------------------------------ shape of a mod
  "parameter-count": error(
    (name: string, count: string) =>
      `${quote(name)} takes ${count} positional arguments; a mask_mod takes 4 (b, h, q_idx, kv_idx), a score_mod 5 (score, b, h, q_idx, kv_idx).`,
    "A function used as a mod has neither four nor five positional parameters without defaults.",
  ),
  "bound-method": warning(
    (text: string, rewrite = "") =>
      `create_block_mask counts \`self\` of the bound method ${quote(text)} and refuses it; ${way(rewrite, "make it a staticmethod, or wrap it in a lambda")}.`,
    "create_block_mask refuses bound methods; flex_attention takes them as score_mod.",
  ),
  "sliced-mask-mod": error(
    (text: string) =>
      `${quote(text)} calls the mask_mod of a sliced BlockMask, which raises in PyTorch; take the mask_mod of the mask before \`[…]\`, and add the slice's offset to its indices.`,
    "A mod calls the mask_mod of a BlockMask that was indexed: indexing leaves one that raises.",
  ),
  "mask-returns-constant": error(
    (text: string, rewrite: string) => `${quote(text)} is Python's own value, and a mod must return a tensor; write ${quote(rewrite)}.`,
    "A mask_mod returns True, False or another Python value.",
  ),
  "mask-not-bool": error(
    (text: string, dtype: string, rewrite = "") =>
      `A mask_mod must return bool, and ${quote(text)} is ${dtype}; ${way(rewrite, "compare it, as in `… != 0` or `… > 0`")}.`,
    "A mask_mod returns numbers.",
  ),
  "score-returns-constant": error(
    (text: string, rewrite = "") =>
      `${quote(text)} is Python's own value, and a mod must return a tensor; ${way(rewrite, "make it one with `torch.full_like(score, …)`")}.`,
    "A score_mod returns a Python number.",
  ),
  "score-returns-mask": warning(
    (text: string, rewrite = "") =>
      `${quote(text)} is bool: its 0 and 1 replace the score and nothing is masked; ${way(rewrite, 'choose with `torch.where(…, score, -float("inf"))`')}.`,
    "A score_mod returns a mask; PyTorch takes it as the numbers 0 and 1.",
  ),
  "returns-nothing": error(
    (name: string, rewrite = "") =>
      `${quote(name)} ends without \`return\`, so it gives None; ${way(rewrite, "return the mask or the score")}.`,
    "A mod has no return on the path taken.",
  ),
  "returns-non-scalar": error(
    (what: string) =>
      `A mod returns one number for each (b, h, q_idx, kv_idx), and this is ${what}; reduce it, as with \`.any()\` or \`.sum()\`.`,
    "A mod returns a vector, a tuple or an object.",
  ),

  // ------------------------------------------------------------------------------------------ control flow on data
  "chained-comparison": error(
    (text: string, rewrite: string) =>
      `${quote(text)} is chained, which asks for the truth value of a tensor; ${way(rewrite, "compare twice, and join the two with `&`")}.`,
    "A chained comparison is an `and` of two tensors, which needs their truth value.",
  ),
  "boolean-operator": error(
    (text: string, op: string, rewrite: string) =>
      `\`${op}\` in ${quote(text)} needs the truth value of a tensor; write ${quote(rewrite, 100)}.`,
    "`and`, `or` and `not` do not work on tensors; `&`, `|` and `~` do.",
  ),
  "data-dependent-branch": error(
    (text: string, statement = "if", rewrite = "") =>
      `\`${statement}\` on ${quote(text)}, ${DATA_DEPENDENT}; ${way(rewrite, "choose with `torch.where(condition, a, b)`")}.`,
    "`if` or `match` on a tensor.",
  ),
  "data-dependent-ternary": error(
    (text: string, rewrite: string) =>
      `The condition of ${quote(text)} is a tensor, whose truth value a traced mod does not have; ${way(rewrite, "choose with `torch.where(condition, a, b)`")}.`,
    "`a if condition else b` on a tensor.",
  ),
  "data-dependent-loop": error(
    (text: string) => `\`while\` on ${quote(text)}, ${DATA_DEPENDENT}; loop a fixed number of times.`,
    "`while` on a tensor.",
  ),
  "data-dependent-assert": error(
    (text: string) => `\`assert\` on ${quote(text)}, ${DATA_DEPENDENT}; remove it from the mod.`,
    "`assert` on a tensor.",
  ),
  "truth-value": error(
    (text: string, rewrite = "") =>
      `${quote(text)} needs the truth value of a tensor; ${way(rewrite, "combine masks with `&`, `|` and `~`")}.`,
    "`bool(t)`, `all([...])` or `any([...])` of tensors.",
  ),
  "item-of-tensor": error(
    (text: string, rewrite = "") =>
      `${quote(text)} asks a tensor for its value, which it does not have while the mod is traced; ${way(rewrite, "keep it a tensor, and convert with `.to(dtype)`")}.`,
    "`.item()`, `int(t)`, `float(t)`, `math.floor(t)` and the like.",
  ),
  "builtin-min-max": warning(
    (text: string, rewrite: string) =>
      `create_block_mask refuses ${quote(text)} unless compiled, flex_attention takes it; ${quote(rewrite)} works in both.`,
    "Python's `max` and `min` of tensors.",
  ),
  "membership-in-set": warning(
    (text: string, answer: string, rewrite = "") =>
      `${quote(text)} is always ${answer}, for a set and a dict compare objects and not a tensor's values; ${way(rewrite, "look it up with `torch.isin`")}.`,
    "`x in {…}` with a tensor: PyTorch takes it, and finds nothing.",
  ),
  "operator-precedence": warning(
    (text: string, op: string, rewrite: string) =>
      `In ${quote(text)} the \`${op}\` binds tighter than the comparison; ${way(rewrite, "set parentheses")}.`,
    "`q_idx >= kv_idx & mask`: Python reads `q_idx >= (kv_idx & mask)`.",
  ),
  "mods-joined": warning(
    (text: string, outcome: string, rewrite: string) =>
      `${quote(text)} joins two functions and not their masks, which ${outcome}; ${way(rewrite, "put them together with `and_masks` or `or_masks`")}.`,
    "`a and b` or `a & b` of two mods; `and_masks(a, b)` is both.",
  ),
  "range-of-tensor": error(
    (text: string) => `${quote(text)} needs the value of a tensor; loop over a fixed range and mask inside.`,
    "`range(t)`.",
  ),
  "index-of-list": error(
    (text: string, rewrite = "", what = "list") =>
      `${quote(text)} indexes a Python ${what} with a tensor; ${way(rewrite, "make it one tensor, outside the mod")}.`,
    "A Python list, tuple or dict indexed by a tensor.",
  ),
  "dynamic-slice": error(
    (text: string) => `${quote(text)} has bounds that are tensors, so its length is not known; compare indices and mask instead.`,
    "`t[q:k]`.",
  ),
  "membership-of-tensor": error(
    (text: string, rewrite = "") =>
      `${quote(text)} compares by Python's rules and does not see the tensor's values; ${way(rewrite, "look it up with `torch.isin`")}.`,
    "`x not in […]`, `x in range(…)` and `x in t` with a tensor.",
  ),

  // ------------------------------------------------------------------------------------------ operations PyTorch refuses
  "boolean-index": error(
    (text: string, dtype: string, rewrite = "") =>
      `${quote(text)} is ${dtype}, and as an index it selects a varying number of elements; ${way(rewrite, "index with `.long()`, or choose with `torch.where`")}.`,
    "A bool or uint8 tensor as an index.",
  ),
  "float-index": error(
    (text: string, dtype: string, rewrite = "") =>
      `${quote(text)} is ${dtype}, and an index must be an integer; ${way(rewrite, "use `//` or `.long()`")}.`,
    "A float tensor as an index.",
  ),
  "bool-negation": error(
    (text: string, rewrite = "") => `${quote(text)} negates a bool; ${way(rewrite, "invert it with `~`")}.`,
    "`-mask`.",
  ),
  "bool-subtraction": error(
    (text: string, rewrite = "") => `${quote(text)} subtracts a bool; ${way(rewrite, "combine masks with `&`, `|`, `^` and `~`")}.`,
    "`mask - mask` or `1 - mask`.",
  ),
  "random-in-mod": error(
    (text: string) => `${quote(text)} draws random numbers inside a mod; draw them outside and capture the tensor.`,
    "torch.rand and its kin inside a mod.",
  ),
  "random-values": hint(
    (text: string) => `${quote(text)} draws random numbers; seeded ones stand in for them here.`,
    "Module code or a factory draws random numbers that a mod may capture.",
  ),
  "in-place-shape": error(
    (text: string, rewrite = "") =>
      `${quote(text)} writes a result in place that needs more room than its target has; ${way(rewrite, "make a new tensor")}.`,
    "`r = torch.ones_like(q_idx); r &= q_idx >= kv_idx`.",
  ),
  "in-place-dtype": error(
    (text: string, result: string, target: string, rewrite = "") =>
      `${quote(text)} gives ${result}, which cannot be stored in place in ${target}; ${way(rewrite, "make a new tensor")}.`,
    "An in-place operation whose result has another dtype category.",
  ),
  "python-round": error(
    (name: string, rewrite = "") =>
      `Python's ${quote(name)} does not know tensors; ${way(rewrite, name === "divmod" ? "use `//` and `%`" : `use \`torch.${name}\``)}.`,
    "`round(t)`, `divmod(t, n)`.",
  ),
  "operand-types": error((text: string, why: string) => `${quote(text)}: ${why}.`, "An operation on values that it does not take."),
  "zero-division": error(
    (text: string) => `${quote(text)} divides an integer by zero, which PyTorch refuses; divide by another number.`,
    "`//` or `%` of integers by a constant 0.",
  ),
  "negative-power": error(
    (text: string, rewrite = "") =>
      `${quote(text)} raises an integer tensor to a negative integer; ${way(rewrite, "make one of them a float")}.`,
    "An integer tensor to a negative Python integer.",
  ),
  "index-out-of-range": error(
    (text: string, why: string) => `${quote(text)} is out of range: ${why}.`,
    "A constant index beyond the end, or too many indices.",
  ),
  raised: error((text: string) => `Evaluating this raises ${quote(text)}.`, "The code itself raises an exception on this path."),
  "assertion-failed": error(
    (text: string) => `${quote(text)} does not hold for the values bound here; bind others, or change what is asserted.`,
    "A static assert is false.",
  ),

  // ------------------------------------------------------------------------------------------ names and calls
  "unknown-name": error(
    (name: string, way: string) => `${quote(name)} is not defined here${way === "" ? "" : `; ${way}`}.`,
    "A name that nothing defines.",
  ),
  "unbound-name": error(
    (name: string) => `${quote(name)} is read here, and none of the assignments to it was reached; give it a value on every path.`,
    "A local name read before assignment.",
  ),
  "unknown-attribute": error(
    (object: string, name: string, way: string) => `${object} has no ${quote(name)}${way === "" ? "" : `; ${way}`}.`,
    "An attribute or function that does not exist, such as torch.inf_like.",
  ),
  "unsupported-function": error(
    (name: string, way: string) => `${quote(name)} is not among the functions that Flexlens can compile${way === "" ? "" : `; ${way}`}.`,
    "A function of PyTorch, numpy or Python that exists and is not supported here.",
  ),
  "module-not-found": error(
    (name: string, module: string, why: string) =>
      `${quote(name)} comes from ${quote(module)}, whose source cannot be read: ${why}. Name its folder with \`--path\` or in the setting \`flexlens.analysis.extraPaths\`, or bind the name with \`# flexlens: ${name}=…\`.`,
    "A mod needs a value from a module that was not among the sources.",
  ),
  "unknown-value": error(
    (name: string, cause: string) =>
      `The value of ${quote(name)} is not known: ${cause}; ${/^\w+$/.test(name) ? `bind it with \`# flexlens: ${name}=…\` or in the panel` : "give it a name of its own, and bind that with `# flexlens: name=…`"}.`,
    "A mod needs a value that module code computes in a way that cannot be followed.",
  ),
  "argument-count": error((name: string, why: string) => `${quote(name)} ${why}.`, "A call with missing, surplus or unknown arguments."),
  "not-callable": error(
    (text: string, what: string) => `${quote(text)} is ${what} and cannot be called.`,
    "A call of something that is no function.",
  ),
  "not-iterable": error(
    (text: string, what: string, target = "") =>
      target === ""
        ? `${quote(text)} is ${what} and cannot be iterated; loop over a list, a range or a captured tensor's rows.`
        : `${what.charAt(0).toUpperCase()}${what.slice(1)} cannot be unpacked into ${quote(target)}; give as many values as there are names.`,
    "Iteration over a single number.",
  ),
  "unpack-count": error(
    (text: string, expected: string, got: string) =>
      `${quote(text)} asks for ${expected} values and gets ${got}; name as many as there are, or collect the rest with \`*rest\`.`,
    "Tuple unpacking with the wrong count.",
  ),

  // ------------------------------------------------------------------------------------------ where the two front ends of PyTorch differ
  "refused-by-flex-attention": warning(
    (text: string, rewrite = "") =>
      `create_block_mask takes ${quote(text)}, flex_attention (torch.compile) refuses it; ${way(rewrite, "leave it out, or write it another way")}.`,
    "Accepted eagerly and refused when flex_attention traces the mod.",
  ),
  "refused-by-create-block-mask": warning(
    (text: string, rewrite = "") =>
      `flex_attention takes ${quote(text)}, create_block_mask refuses it unless compiled; ${way(rewrite, "use a function of torch")}.`,
    "Accepted when compiled and refused eagerly.",
  ),
  "index-beyond-end": error(
    (text: string, value: string, place: string, size: string) =>
      `${quote(text)} reads element ${value} of ${size}${place === "" ? "" : ` at ${place}`}, where PyTorch raises (\`torch.where\` around it does not help: both sides are evaluated); clamp the index, or check the lengths.`,
    "At the sizes that the file or the command line states, a captured tensor is indexed beyond its end.",
  ),

  "zero-division-at": error(
    (text: string, place: string) =>
      `${quote(text)} divides an integer by zero${place === "" ? "" : ` at ${place}`}, where PyTorch raises; keep the divisor above 0, as with \`.clamp(min=1)\`.`,
    "`//` or `%` by an integer tensor that is 0 somewhere, at the sizes that are stated.",
  ),

  // ------------------------------------------------------------------------------------------ lints (kernels/lint)
  "index-may-leave": warning(
    (text: string, value: string, place: string, size: string) =>
      `${quote(text)} reads element ${value} of ${size}${place === "" ? "" : ` at ${place}`} if the lengths are those of the captured tensors: PyTorch then raises, or reads another tensor's memory once compiled; clamp the index.`,
    "A captured tensor is indexed beyond its end, at the lengths that the mod's captures have.",
  ),
  "index-leaves-later": hint(
    (text: string, value: string, place: string, size: string, length: string) =>
      `${quote(text)} reads element ${value} of ${size} at ${place}, where PyTorch raises; no length is stated here, so say how far it goes, as with \`# flexlens: Q_LEN=${length}, KV_LEN=${length}\`.`,
    "A captured tensor is indexed beyond its end at the lengths that are assumed where none is stated.",
  ),
  "negative-index-wraps": hint(
    (text: string, value: string, place: string, size: string) =>
      `${quote(text)} reads element ${value}${place === "" ? "" : ` at ${place}`}, which PyTorch counts from the end of the ${size} without a word; clamp the index with \`.clamp(min=0)\`, or mask those cells.`,
    "A negative index whose value the result depends on.",
  ),
  "int32-overflow": warning(
    (text: string, value: string, place: string) =>
      `${quote(text)} is ${value} at ${place}, beyond int32, in which a GPU computes indices (a CPU computes in int64, and gets another value); convert first, as in \`q_idx.to(torch.int64)\`.`,
    "Arithmetic of indices that leaves 32 bits at the problem's lengths.",
  ),
  "mask-repeated": warning(
    (mask: string, variable: string, argument: string, text: string, times: string) =>
      `${quote(mask)} does not read \`${variable}\`, so \`${argument}=${text}\` computes and stores the same blocks ${times}; pass None, which stores them once.`,
    "A mask that ignores `b` or `h` is built with `B=` or `H=`: the same blocks again and again, until memory runs out.",
  ),
  "mask-always-true": hint(
    (name: string, where: string) =>
      `${quote(name)} allows every cell ${where}; leave the mask out, and attention is as fast as without FlexAttention.`,
    "A mask that masks nothing.",
  ),
  "mask-always-false": warning(
    (name: string, where: string) => `${quote(name)} allows no cell ${where}, so the output is 0 everywhere; check its conditions.`,
    "A mask that lets nothing through.",
  ),
  "empty-rows": hint(
    (name: string, place: string, rest: string) =>
      `${quote(name)} lets the query at ${place} see no key, ${rest}: its output is 0 and its lse -inf; if that is not padding, allow \`q_idx == kv_idx\` as well.`,
    "Queries that see no key at all.",
  ),
  "mask-ignores-positions": hint(
    (name: string) =>
      `${quote(name)} reads neither \`q_idx\` nor \`kv_idx\`: it keeps or drops whole heads and batches; compare positions if that is not meant.`,
    "A mask that is the same for every query and key.",
  ),
  "block-size-wasteful": hint(
    (name: string, size: string, share: string, better: string, saved: string, way: string) =>
      `${share} of the cells in the partial blocks of ${quote(name)} are masked at BLOCK_SIZE ${size}, and computed all the same; BLOCK_SIZE=${better} computes ${saved} fewer cells${way}.`,
    "A mask finer than its blocks, as of many short documents.",
  ),
  "causal-reversed": warning(
    (name: string, text: string) =>
      `${quote(text)} lets a query see the keys after it and hides those before, and ${quote(name)} is called causal; write \`q_idx >= kv_idx\`.`,
    "A mask called causal that looks into the future.",
  ),
  "causal-top-left": hint(
    (text: string, qLen: string, kvLen: string, by: string) =>
      `With Q_LEN = ${qLen} and KV_LEN = ${kvLen}, ${quote(text)} starts at the first key: the last query sees ${qLen} of ${kvLen} keys. For queries that come last, as in decoding, add the offset: \`q_idx + ${by} >= kv_idx\`.`,
    "`q_idx >= kv_idx` with fewer queries than keys.",
  ),
  "score-unused": warning(
    (name: string) =>
      `The result of ${quote(name)} does not depend on \`score\`, so q and k have no effect; add to it, as in \`score + …\`.`,
    "A score_mod that drops the score.",
  ),
  "recompiles-each-step": warning(
    (name: string, change: string) =>
      `${quote(name)} is a Python int that changes with ${quote(change)}: torch.compile compiles flex_attention again for each value, and after 8 runs it unfused; capture a tensor that is updated in place, as in \`step = torch.tensor(0)\` and \`step += 1\`.`,
    "A captured int of a global or an attribute that is counted up.",
  ),
  "recompiles-on-change": hint(
    (name: string, change: string) =>
      `${quote(name)} is a Python number that changes with ${quote(change)}, and torch.compile guards on it: flex_attention is compiled again when it does; a captured tensor, as \`torch.tensor(…)\`, is compiled once.`,
    "A captured number of a loop that calls flex_attention.",
  ),

  // ------------------------------------------------------------------------------------------ limits
  "step-budget": error(
    (what: string, steps: string) =>
      `${what} was stopped after ${steps} steps; see that it ends, make it shorter, or bind what it computes in the panel.`,
    "A loop without end, or one too long to follow while typing.",
  ),
  "recursion-depth": error(
    (name: string) => `${quote(name)} calls itself too deeply to be followed; write it as a loop.`,
    "Recursion without end.",
  ),
  "internal-fault": error(
    (what: string) => `Flexlens could not follow this file, and that is a defect of its own: ${what}.`,
    "A defect of Flexlens; the file may be fine.",
  ),
  "too-large": error((what: string) => `${what} is too large to be computed here.`, "A static tensor or list beyond the memory limit."),
} as const;
