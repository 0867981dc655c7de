/**
 * `if` on a tensor as torch.where: branches that return, with `elif` and with returns that follow, and branches that
 * assign. In: the `if`, the statements after it in its block, what is known. Out: the text that stands for all of them,
 * or null where branches do more than return and assign, or where an order of evaluation would change a value.
 */
import type { Span } from "../ir/mod.ts";
import type { TextOf } from "./diagnostic.ts";
import { bindsOf, enclosed, type FactOf, operand, piece, type Rewrite, replace } from "./fix.ts";
import { asChoice, asMask } from "./fixCondition.ts";
import type { Expression, If, Node, Statement } from "./syntax.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** What the rewrite of a branch needs to know. */
export interface BranchContext {
  readonly facts: FactOf;
  readonly textOf: TextOf;
  /** Whether a name has a value where the `if` stands. */
  readonly isBound: (name: string) => boolean;
  /** The text around the `if`, for its indentation. */
  readonly before: string;
}

/** `if c: return a` with `return b` after it → `return torch.where(c, a, b)`; `if c: x = a` → `x = torch.where(c, a, x)`. */
export function rewriteIf(node: If, after: readonly Statement[], context: BranchContext): Rewrite | null {
  const lines = returning(node, after, context) ?? assigning(node, context);
  if (lines === null) return null;
  const { span } = lines;
  const indent = /[ \t]*$/.exec(context.before)?.[0] ?? "";
  const source = context.textOf(span);
  const comments = source.split("\n").flatMap((line) => (/^\s*#/.test(line) ? [line.trim()] : []));
  if (/^elif\b/.test(source)) {
    const inner = `${indent}    `;
    return replace({ span }, ["else:", ...[...comments, ...lines.text].map((l) => inner + l)].join("\n"), TITLE);
  }
  return replace({ span }, [...comments, ...lines.text].join(`\n${indent}`), TITLE);
}

const TITLE = "Choose with `torch.where`";

interface Lines {
  readonly span: Span;
  readonly text: readonly string[];
}

// ------------------------------------------------------------------------------------------------------ returns

/** What a block returns as one expression, with the assignments that come before it and the last statement used. */
interface Returned {
  readonly before: readonly Named[];
  readonly value: string;
  /** The nodes that the value is made of. */
  readonly reads: readonly Node[];
  readonly last: Statement;
}

interface Named {
  readonly names: readonly string[];
  readonly statement: Statement;
}

function returning(node: If, after: readonly Statement[], context: BranchContext): Lines | null {
  const found = returnOf([node, ...after], context);
  if (found === null) return null;
  const inside = Math.max(found.last.span.to, node.span.to);
  const first = found.before.map((n) => context.textOf(n.statement.span));
  return { span: { ...node.span, to: inside }, text: [...first, `return ${found.value}`] };
}

function returnOf(block: readonly Statement[], context: BranchContext): Returned | null {
  const [first, ...rest] = block;
  if (first === undefined) return null;
  if (first.kind === "Return") {
    if (first.value === null) return null;
    return { before: [], value: asChoice(first.value, context.facts, context.textOf), reads: [first.value], last: first };
  }
  if (first.kind === "If") return returnOfIf(first, rest, context);
  const names = assignedNames(first);
  const then = names === null ? null : returnOf(rest, context);
  if (names === null || then === null) return null;
  return { ...then, before: [{ names, statement: first }, ...then.before], reads: [first, ...then.reads] };
}

function returnOfIf(node: If, rest: readonly Statement[], context: BranchContext): Returned | null {
  const a = returnOf(node.body, context);
  const b = returnOf(node.otherwise.length > 0 ? node.otherwise : rest, context);
  if (a === null || b === null) return null;
  // Assignments of a branch move in front of the choice: nothing that is now after them may read what they name.
  const named = (r: Returned): Set<string> => new Set(r.before.flatMap((n) => n.names));
  const clash = mentions([node.condition], named(a)) || mentions([node.condition], named(b));
  if (clash || mentions(b.reads, named(a)) || mentions(a.reads, named(b))) return null;
  const condition = asMask(node.condition, context.facts, context.textOf).text;
  return {
    before: [...a.before, ...b.before],
    value: `torch.where(${condition}, ${a.value}, ${b.value})`,
    reads: [node.condition, ...a.reads, ...b.reads],
    last: node.otherwise.length > 0 ? node : b.last,
  };
}

// -------------------------------------------------------------------------------------------------- assignments

function assigning(node: If, context: BranchContext): Lines | null {
  const chosen = choices(node, context);
  if (chosen === null || chosen.size === 0) return null;
  const { span } = node;
  return { span, text: [...chosen].map(([name, value]) => `${name} = ${value.text}`) };
}

interface Choice {
  readonly text: string;
  readonly reads: readonly Node[];
}

/** The value of each name after the `if`; null where that cannot be written. */
function choices(node: If, context: BranchContext): Map<string, Choice> | null {
  const a = assignments(node.body, context);
  const b = assignments(node.otherwise, context);
  if (a === null || b === null) return null;
  const condition = asMask(node.condition, context.facts, context.textOf).text;
  const out = new Map<string, Choice>();
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(name), b.get(name)];
    if ((x === undefined || y === undefined) && !context.isBound(name)) return null;
    const reads = [node.condition, ...(x?.reads ?? []), ...(y?.reads ?? [])];
    // The lines come one after another: none may read a name that a line before it has changed.
    if (mentions(reads, new Set(out.keys()))) return null;
    out.set(name, { text: `torch.where(${condition}, ${x?.text ?? name}, ${y?.text ?? name})`, reads });
  }
  return out;
}

function assignments(block: readonly Statement[], context: BranchContext): Map<string, Choice> | null {
  const out = new Map<string, Choice>();
  for (const s of block) {
    if (s.kind === "Simple" && s.word === "pass") continue;
    const given = s.kind === "If" ? choices(s, context) : assignment(s, context);
    if (given === null) return null;
    for (const [name, value] of given) {
      if (out.has(name) || mentions(value.reads, new Set(out.keys()))) return null;
      out.set(name, value);
    }
  }
  return out;
}

function assignment(s: Statement, { facts, textOf }: BranchContext): Map<string, Choice> | null {
  if (s.kind === "AugAssign" && s.target.kind === "Name") {
    const binds = bindsOf(s.op);
    // `x -= a - b` is `x - (a - b)`.
    const text = `${s.target.id} ${s.op} ${operand(s.value, binds + 1, textOf)}`;
    return new Map([[s.target.id, { text, reads: [s.target, s.value] }]]);
  }
  const target = s.kind === "Assign" && s.targets.length === 1 ? s.targets[0] : s.kind === "AnnAssign" ? s.target : undefined;
  const value = s.kind === "Assign" || s.kind === "AnnAssign" ? s.value : null;
  if (target?.kind !== "Name" || value === null) return null;
  return new Map([[target.id, { text: asChoice(value, facts, textOf), reads: [value] }]]);
}

// -------------------------------------------------------------------------------------------------------- parts

/** `x op= value` → `x = x op value`. */
export function writtenOut(s: Extract<Statement, { kind: "AugAssign" }>, textOf: TextOf): Rewrite {
  const target = textOf(s.target.span);
  return replace(s, `${target} = ${target} ${s.op} ${enclosed(piece(s.value, textOf), bindsOf(s.op) + 1)}`);
}

/** The names that an assignment gives a value to; null for another statement. */
function assignedNames(s: Statement): string[] | null {
  if (s.kind === "AugAssign") return null;
  const targets: readonly Expression[] = s.kind === "Assign" ? s.targets : s.kind === "AnnAssign" && s.value !== null ? [s.target] : [];
  const names = targets.flatMap((t) => (t.kind === "Sequence" ? t.elements : [t])).map((t) => (t.kind === "Name" ? t.id : null));
  return names.length === 0 || names.includes(null) ? null : names.filter((n) => n !== null);
}

function mentions(nodes: readonly Node[], names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false;
  let found = false;
  walkSyntax(nodes, (n) => {
    if (n.kind === "Name" && names.has(n.id)) found = true;
    return !found;
  });
  return found;
}
