/**
 * Answers the evaluator's question for a value that nobody gave: first the bindings once more (`self.window` is bound
 * by `window`), then a plausible one, made for the use at hand and reported as a hint. One seeder serves one attempt
 * at one mod; where an attempt fails, another may guess other dtypes.
 */
import { type Expr, variable } from "../ir/expr.ts";
import type { Span } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";
import { evaluateBinding, rowOf, type Subject, summary } from "./bindings.ts";
import { diagnose } from "./diagnostic.ts";
import type { BoundName } from "./module.ts";
import { type BindingContext, CAUSAL, FIRST, IDENTITY, SEED_FILE } from "./parameters.ts";
import { parseExpression } from "./parse.ts";
import { seedDTypes, seedScalar } from "./seed.ts";
import { isPacking, seedTensor } from "./seedTensor.ts";
import { outline, tensorFromCapture } from "./tensor.ts";
import { int, list, tuple, type Unknown, type UnknownUse, unknown, type Value } from "./value.ts";

export interface Seeder {
  readonly supply: (unknown: Unknown, use: UnknownUse, span: Span) => Value | null;
  /** A row for each name that was answered. */
  readonly rows: readonly BoundName[];
  /** Whether a tensor was made up, so that another guess may do better. */
  readonly guessed: () => boolean;
  /** A table of a packing for a parameter that a factory's own code computes from; null where the guess is without. */
  readonly table: ((param: string, span: Span) => Value | null) | null;
}

/** One way to make up what is missing. */
export interface Guess {
  /** Which of `seedDTypes`. */
  readonly dtype: number;
  /**
   * Whether a factory's offsets and lengths are made up before it computes from them; else what it computes is, where
   * the mod reads it.
   */
  readonly tables: boolean;
  /** Whether a factory goes on behind a statement that made-up values run into: what it computes is made up instead. */
  readonly explores?: true;
  /** Whether what is named like a table (`visual_tokens`) is a number where it is used as one. */
  readonly numbers?: true;
}

/** Guesses to go through, the likeliest first. */
export const GUESSES: readonly Guess[] = [
  { dtype: 0, tables: true },
  { dtype: 0, tables: false },
  { dtype: 0, tables: false, numbers: true },
  { dtype: 1, tables: false },
  { dtype: 2, tables: false },
  { dtype: 0, tables: false, explores: true },
];

/** Names of tensors that are handed on whole. */
const TABLES = /bound|edge|break|offset|indptr|cu_|starts|ends|spans|ids$|lens$|lengths|tokens|values|special|table/i;
/** Names of lists of numbers, which a mod goes through. */
const LISTS = /(lens|lengths|offsets|bounds|boundaries|starts|ends)$/i;

// Causes that a made-up value may stand in for. Any other fault is the user's to see.
const FORGIVEN: ReadonlySet<string> = new Set([
  "unsupported-function",
  "unsupported-construct",
  "module-not-found",
  "unknown-value",
  "unknown-attribute",
  "too-large",
  "random-in-mod",
  "data-file",
]);

export function createSeeder(subject: Subject, inScoreMod: boolean, guess: Guess, context: BindingContext): Seeder {
  const rows: BoundName[] = [];
  const known = new Map<Unknown | string, Value>();
  let guessed = false;

  const fromBinding = (name: string, span: Span): Value | null => {
    const { binder, interpreter, scope, overlay, report } = context;
    const binding = binder.find(subject, name);
    if (binding === null) return null;
    binder.use(binding);
    const value = evaluateBinding(binding, interpreter, scope, overlay, span, report);
    if (value !== null) rows.push(rowOf(name, binding.origin, binding.text, value, binding.span));
    return value;
  };

  const tensor = (name: string, dtype: DType, indices: readonly (Expr | null)[], span: Span): Value => {
    const capture = seedTensor(name, dtype, indices, context.sizes);
    guessed = true;
    context.report(diagnose("seeded-value", span, [name, `a made-up ${summary(capture)}`]));
    const made = tensorFromCapture(capture);
    rows.push({ name, origin: "seeded", text: summary(capture), tensor: outline(made), value: null, span: null });
    return made;
  };

  const make = (name: string, asked: Unknown, use: UnknownUse, span: Span): Value | null => {
    // A parameter that only a function of tensors takes: `torch.bucketize(q_idx, bounds)`.
    const isTable =
      (use.kind === "scalar" && guess.numbers !== true && TABLES.test(name)) ||
      (asked.name !== null && use.kind === "iterate" && LISTS.test(name));
    const indices =
      use.kind === "index"
        ? [...use.indices, ...chained(context.textOf({ ...span, from: span.to, to: span.to + CHAIN }))]
        : isTable
          ? [null]
          : null;
    // Each item is made up where it is used.
    if (use.kind === "iterate" && asked.name !== null && !isTable) return list([unknownItem(), unknownItem()]);
    if (use.kind === "index" && name === "shape") {
      // Of an input of the model: batch, length, features.
      const { batch, qLen } = context.sizes;
      context.report(diagnose("seeded-value", span, [name, `\`(${batch}, ${qLen}, 64)\``]));
      return tuple([int(batch), int(qLen), int(64)]);
    }
    if (indices !== null) {
      return tensor(name, seedDTypes(name, inScoreMod)[guess.dtype] ?? "i64", indices, span);
    }
    let text: string;
    if (use.kind === "scalar") text = seedScalar(name, inScoreMod && guess.dtype > 0 ? "float" : "int", context.sizes);
    else if (use.kind === "call") {
      text = use.arity === 4 ? CAUSAL : use.arity === 5 ? IDENTITY : FIRST;
      // A parameter may be any function; one that a missing module defines is a certain one, and no guess stands for it.
      if (text === FIRST && (asked.module !== null || asked.fault !== null)) return null;
    } else return null;
    const outcome = context.interpreter.evaluate(parseExpression(text, SEED_FILE).expression, context.scope);
    if (!outcome.ok) return null;
    context.report(diagnose("seeded-value", span, [name, `\`${text}\``]));
    rows.push(rowOf(name, "seeded", text, outcome.value, null));
    return outcome.value;
  };

  return {
    rows,
    guessed: () => guessed,
    table: guess.tables ? (param, span) => (isPacking(param) ? tensor(param, "i64", [null], span) : null) : null,
    supply(asked, use, span) {
      const name = asked.name ?? nameAt(context.textOf(span), use);
      const seen = known.get(asked) ?? known.get(name);
      if (seen !== undefined) return seen;
      if (asked.fault !== null && !FORGIVEN.has(asked.fault.code)) return null;
      const value = fromBinding(name, span) ?? make(name, asked, use, span);
      if (value === null) return null;
      if (asked.fault?.code === "data-file")
        context.report(diagnose("data-file-missing", asked.fault.span, [asked.fault.message.replace(/\.$/, "")]));
      known.set(asked, value);
      known.set(name, value);
      return value;
    },
  };
}

/** `window` of `self.window`, `doc` of `doc[q_idx]`, `table` of `cfg["table"]`. */
function nameAt(text: string, use: UnknownUse): string {
  const object = use.kind === "index" ? withoutSubscript(text) : text;
  return /([\p{L}_][\p{L}\p{N}_]*)\W*$/u.exec(object)?.[1] ?? "value";
}

/** How far behind an index more of them are looked for. */
const CHAIN = 200;

/** `[k]` of `mask[q][k]`: an index of a position for each pair of brackets that follows the first. */
function chained(after: string): Expr[] {
  const indices: Expr[] = [];
  let depth = 0;
  for (const c of after) {
    if (depth === 0 && c !== "[") break;
    if (c === "[") depth++;
    else if (c === "]" && --depth === 0) indices.push(variable("kv_idx"));
  }
  return indices;
}

const unknownItem = (): Unknown => unknown("nothing in the file gives it");

/** What stands before the bracket that the last one closes. */
function withoutSubscript(text: string): string {
  if (!text.endsWith("]")) return text;
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === "]") depth++;
    else if (text[i] === "[" && --depth === 0) return text.slice(0, i);
  }
  return text;
}
