/**
 * mask_mod → the reasons for which it masks, and one integer expression that says at each cell which reason it is: 0
 * where the cell is allowed, else the number of the first conjunct, in source order, that is false. An `&` is taken
 * apart from left to right (`and_masks` too), `~(a | b)` as `~a & ~b`, a boolean `where` by the branch that is taken;
 * a conjunct `a | b` masks because every alternative failed, and stays whole. What a function of the user's decides is
 * one conjunct under that function's name. Where all of that leaves a single reason, it is looked into: the named
 * function is opened, and a disjunction is told apart by what failed in each of its alternatives.
 *
 * The reason being an expression, the emitted loops paint it, intervals decide it for whole rectangles, and the
 * interpreter defines it.
 */
import { simplify } from "../analysis/simplify.ts";
import { binary, boolean, constant, type Expr, unary, where } from "../ir/expr.ts";
import { interpretAll, type Point } from "../ir/interpret.ts";
import type { Mod, Span } from "../ir/mod.ts";
import type { BinaryOp } from "../ir/ops.ts";
import { printExpr } from "../ir/print.ts";

/** A conjunct that masks. */
export interface Reason {
  /** What is false (or true, see `masksWhen`) where this reason masks. */
  readonly expr: Expr;
  /** Usually false: the conjunct fails. True: it is negated, as in `~padding`. */
  readonly masksWhen: boolean;
  /** As the user names it, else as it is written with the user's names for its parts. */
  readonly name: string;
  /** Where it is written; null where no text stands behind it. */
  readonly span: Span | null;
}

/** Why the cells of a mask are masked. */
export interface Why {
  /** In source order; none where nothing is masked ever. */
  readonly reasons: readonly Reason[];
  /** i32: 0 where a cell is allowed, else 1 + the position of its reason. */
  readonly code: Expr;
  /** What must hold for each reason not to mask, where reasons are conjuncts one after another; null where they are not. */
  readonly chain: readonly Expr[] | null;
}

/** Colours and patterns there are for reasons; more conjuncts than these share the last one. */
export const MOST_REASONS = 12;
/** A disjunction that stands alone is told apart by its alternatives where that gives no more reasons than this. */
const MOST_COMBINATIONS = 6;

/** The reasons of `mod`. */
export function whyOf(mod: Mod): Why {
  const called = calledNames(mod);
  let parts: Part | null = split(mod.body, false, { closed: called, left: MOST_PARTS });
  // One reason for everything says nothing: the way in is opened until there are several.
  for (let closed = called; parts !== null && leavesOf(parts).length === 1; ) {
    const [only] = leavesOf(parts);
    if (only === undefined) break;
    const opened: ReadonlyMap<Expr, string> = new Map([...closed].filter(([e]) => e !== only.expr));
    const finer =
      opened.size < closed.size ? split(mod.body, false, { closed: opened, left: MOST_PARTS }) : combinations(parts, only, opened);
    if (finer === null) break;
    closed = opened;
    parts = finer;
  }
  const names = namesOf(mod);
  // Alternatives of which one always holds cannot all fail.
  const all = leavesOf(parts).filter((leaf) => !isTrue(simplify(leaf.key)));
  const leaves = all.slice(0, MOST_REASONS);
  const reasons = told(leaves.map((leaf, i) => reasonOf(leaf, mod, names, i === MOST_REASONS - 1 && all.length > MOST_REASONS)));
  const number = new Map(leaves.map((leaf, i) => [leaf.key, i + 1]));
  const isChain = parts === null || parts.kind === "leaf" || (parts.kind === "first" && parts.of.every((p) => p.kind === "leaf"));
  const chain = isChain && leaves.length === all.length ? leaves.map((leaf) => leaf.key) : null;
  return { reasons, chain, code: parts === null ? constant(0, "i32") : codeOf(parts, (leaf) => number.get(leaf.key) ?? MOST_REASONS) };
}

/** Why one cell is masked. */
export interface Explanation {
  readonly reason: Reason;
  /** Its position in `reasons`. */
  readonly index: number;
  /** What the reason consists of and how each of it came out: the alternatives that all failed, or the steps up to the one that did. */
  readonly parts: readonly { readonly name: string; readonly span: Span | null; readonly holds: boolean }[];
}

/** Why the cell at `point` is masked; null where it is allowed. `why` is of `mod`. */
export function explain(mod: Mod, why: Why, point: Point): Explanation | null {
  const values = interpretAll([mod.body, why.code], point);
  const index = (values.get(why.code) ?? 0) - 1;
  const reason = why.reasons[index];
  if (reason === undefined) return null;
  const names = namesOf(mod);
  const none = new Map<Expr, string>();
  const alternatives = alternativesOf(reason.expr, none);
  const steps = alternatives.length > 1 ? alternatives : operandsOf(reason.expr, "and", none);
  if (steps.length < 2) return { reason, index, parts: [] };
  const found = interpretAll(steps, point);
  const parts = steps.map((e) => ({
    name: names.get(e) ?? clip(printExpr(e, { names })),
    span: spanOf(mod, e),
    holds: found.get(e) === 1,
  }));
  const failed = alternatives.length > 1 ? parts.length : parts.findIndex((p) => !p.holds) + 1;
  return { reason, index, parts: parts.slice(0, failed === 0 ? parts.length : failed) };
}

const isTrue = (e: Expr): boolean => e.kind === "const" && e.value !== 0;

/** The names of sub-expressions: the mod's locals, and the functions that it calls. */
export function namesOf(mod: Mod): ReadonlyMap<Expr, string> {
  const names = new Map(calledNames(mod));
  for (const local of mod.locals) names.set(local.value, local.name);
  return names;
}

function calledNames(mod: Mod): ReadonlyMap<Expr, string> {
  const names = new Map<Expr, string>();
  for (const { isResult, name, elements } of mod.steps ?? []) {
    const e = elements?.[0];
    if (isResult === true && e !== undefined && e.kind !== "const" && !names.has(e)) names.set(e, name);
  }
  return names;
}

// ------------------------------------------------------------------------------------------------- the ways to fail

/** A condition that masks: `expr` has the value `masksWhen`. */
interface Leaf {
  readonly kind: "leaf";
  readonly expr: Expr;
  readonly masksWhen: boolean;
  readonly key: Expr;
}

/** How a cell comes to be masked: a condition, the first of several, or by the branch of a `where`. null: never. */
type Part = Leaf | { readonly kind: "first"; readonly of: readonly Part[] } | Branch;

interface Branch {
  readonly kind: "branch";
  readonly cond: Expr;
  readonly yes: Part | null;
  readonly no: Part | null;
}

const leafOf = (expr: Expr, masksWhen: boolean): Leaf => ({ kind: "leaf", expr, masksWhen, key: masksWhen ? unary("not", expr) : expr });

/** How much of a mask is taken apart: beyond, what is left stays whole. */
const MOST_PARTS = 256;

/** What may be looked into. */
interface Splitting {
  /** Named decisions that stay whole. */
  readonly closed: ReadonlyMap<Expr, string>;
  left: number;
}

/** The ways in which `e` comes to be `value`. null: there are none. */
function split(e: Expr, value: boolean, within: Splitting): Part | null {
  if (e.kind === "const") return (e.value !== 0) === value ? leafOf(e, value) : null;
  if (within.closed.has(e) || --within.left < 0) return leafOf(e, value);
  if (e.kind === "unary" && e.op === "not") return split(e.a, !value, within);
  if (e.kind === "where") return splitWhere(e, value, within);
  // False is one false operand of `&`, true is one true operand of `|`.
  const operands = operandsOf(e, value ? "or" : "and", within.closed);
  if (operands.length < 2) return leafOf(bare(e, within.closed), value);
  const parts = operands.slice(0, MOST_REASONS).flatMap((o) => split(o, value, within) ?? []);
  if (operands.length > MOST_REASONS)
    parts.push(
      leafOf(
        operands.slice(MOST_REASONS).reduce((x, y) => binary(value ? "or" : "and", x, y)),
        value,
      ),
    );
  const [first] = parts;
  return first === undefined ? null : parts.length === 1 ? first : { kind: "first", of: parts };
}

function splitWhere(e: Extract<Expr, { kind: "where" }>, value: boolean, within: Splitting): Part | null {
  // `where(c, x, False)` is `c & x`: its conjunct is the condition.
  const settles = (x: Expr): boolean => x.kind === "const" && (x.value !== 0) === value;
  const yes = settles(e.a) ? leafOf(e.cond, true) : split(e.a, value, within);
  const no = settles(e.b) ? leafOf(e.cond, false) : split(e.b, value, within);
  return yes === null && no === null ? null : { kind: "branch", cond: e.cond, yes, no };
}

const OPERATORS: Readonly<Record<"and" | "or", readonly BinaryOp[]>> = { and: ["and", "mul", "min"], or: ["or", "max", "add"] };

/** The operands of a chain of one operator, left to right, each once; `e` alone where it is none. What is `closed` is one operand. */
function operandsOf(e: Expr, op: "and" | "or", closed: ReadonlyMap<Expr, string>): readonly Expr[] {
  const operands: Expr[] = [];
  const seen = new Set<Expr>();
  const stack: Expr[] = [e];
  for (let x = stack.pop(); x !== undefined; x = stack.pop()) {
    if (seen.has(x)) continue;
    seen.add(x);
    const opens = x.kind === "binary" && (x === e || !closed.has(x)) ? x : null;
    if (opens !== null && opens.dtype === "bool" && OPERATORS[op].includes(opens.op)) stack.push(opens.b, opens.a);
    else operands.push(x);
  }
  return operands;
}

/** Without the False that `or_masks` starts from, and the True of `and_masks`. */
function bare(e: Expr, closed: ReadonlyMap<Expr, string>): Expr {
  for (const op of ["or", "and"] as const) {
    const operands = operandsOf(e, op, closed);
    const [idle] = operands;
    if (operands.length > 1 && idle === boolean(op === "and")) return operands.slice(1).reduce((x, y) => binary(op, x, y));
  }
  return e;
}

/** Each leaf once, in source order. */
function leavesOf(part: Part | null): readonly Leaf[] {
  const leaves = new Map<Expr, Leaf>();
  const visit = (p: Part | null): void => {
    if (p === null) return;
    if (p.kind === "leaf") {
      if (!leaves.has(p.key)) leaves.set(p.key, p);
    } else if (p.kind === "first") p.of.forEach(visit);
    else {
      visit(p.yes);
      visit(p.no);
    }
  };
  visit(part);
  return [...leaves.values()];
}

/** A lone disjunction by what failed in each alternative; null where that is no finer, or too fine. */
function combinations(part: Part, only: Leaf, closed: ReadonlyMap<Expr, string>): Part | null {
  if (part.kind !== "leaf" || only.masksWhen) return null;
  const alternatives = alternativesOf(only.expr, closed).map((a) => split(a, false, { closed, left: MOST_PARTS }));
  const count = alternatives.reduce((n, a) => n * leavesOf(a).length, 1);
  if (count < 2 || count > MOST_COMBINATIONS) return null;
  // Every alternative has failed; by the first failure of each the cell is told.
  const choose = (i: number, failed: readonly Leaf[]): Part => {
    const alternative = alternatives[i];
    if (alternative === undefined || alternative === null) {
      return leafOf(
        failed.map((f) => f.key).reduce((a, b) => binary("or", a, b)),
        false,
      );
    }
    return mapLeaves(alternative, (leaf) => choose(i + 1, [...failed, leaf]));
  };
  return choose(0, []);
}

/** The operands of `|`, left to right, but for what `or_masks` starts from. */
function alternativesOf(e: Expr, closed: ReadonlyMap<Expr, string>): readonly Expr[] {
  return operandsOf(e, "or", closed).filter((o) => o !== boolean(false));
}

function mapLeaves(part: Part, f: (leaf: Leaf) => Part): Part {
  if (part.kind === "leaf")
    return { kind: "branch", cond: part.expr, yes: part.masksWhen ? f(part) : null, no: part.masksWhen ? null : f(part) };
  if (part.kind === "first") return { kind: "first", of: part.of.map((p) => mapLeaves(p, f)) };
  return {
    kind: "branch",
    cond: part.cond,
    yes: part.yes === null ? null : mapLeaves(part.yes, f),
    no: part.no === null ? null : mapLeaves(part.no, f),
  };
}

const ALLOWED = constant(0, "i32");

/** The number of the reason, 0 where there is none. */
function codeOf(part: Part, numberOf: (leaf: Leaf) => number, otherwise: Expr = ALLOWED): Expr {
  switch (part.kind) {
    case "leaf": {
      const number = constant(numberOf(part), "i32");
      return part.masksWhen ? where(part.expr, number, otherwise) : where(part.expr, otherwise, number);
    }
    case "first":
      return part.of.reduceRight((rest, p) => codeOf(p, numberOf, rest), otherwise);
    case "branch":
      return where(
        part.cond,
        part.yes === null ? otherwise : codeOf(part.yes, numberOf, otherwise),
        part.no === null ? otherwise : codeOf(part.no, numberOf, otherwise),
      );
  }
}

// ----------------------------------------------------------------------------------------------------------- names

/** Characters of a name that fit a legend. */
const LONGEST = 48;

function reasonOf({ expr, masksWhen }: Leaf, mod: Mod, names: ReadonlyMap<Expr, string>, isRest: boolean): Reason {
  const positive = names.get(expr) ?? clip(printExpr(expr, { names }));
  const name = masksWhen ? (names.get(unary("not", expr)) ?? `~${/^[\w.]+$/.test(positive) ? positive : `(${positive})`}`) : positive;
  const span = masksWhen ? (spanOf(mod, unary("not", expr)) ?? spanOf(mod, expr)) : spanOf(mod, expr);
  return { expr, masksWhen, name: isRest ? `${name} and others` : name, span };
}

const clip = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** Where `e` is written; of what was put together from parts, the first part. */
function spanOf(mod: Mod, e: Expr): Span | null {
  const own = mod.places?.get(e) ?? mod.locals.find((l) => l.value === e)?.span;
  if (own !== undefined) return own;
  return e.kind === "binary" && e.dtype === "bool" && e.a.dtype === "bool" ? spanOf(mod, e.a) : null;
}

/** Names that several reasons share get what is written added. */
function told(reasons: readonly Reason[]): readonly Reason[] {
  const times = new Map<string, number>();
  for (const { name } of reasons) times.set(name, (times.get(name) ?? 0) + 1);
  return reasons.map((r) => ((times.get(r.name) ?? 0) > 1 ? { ...r, name: `${r.name}: ${clip(printExpr(r.expr))}` } : r));
}
