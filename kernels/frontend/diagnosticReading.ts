/** Rows of the table of diagnostics (diagnostic.ts): reading the text, directives and data; limits. */
import { error, hint, quote, warning } from "./diagnosticRow.ts";

// Words named `text`, `name`, … are the user's own and come in without backticks.

/** What is wrong with the text, its directives or its data. */
export const READING = {
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
} as const;

/** Where following the text comes to an end. */
export const LIMITS = {
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
