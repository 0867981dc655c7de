/**
 * Is there any cell at which a boolean expression holds? A proof that there is none, at any length: the expression is
 * taken apart into cases, each a conjunction of linear inequalities over the indices and over what is no sum of them
 * (loads, quotients, …, each an unknown of which little is known: its range, and what `//`, `%`, abs, min and max mean),
 * and each case is refuted by elimination (infeasible.ts). Where intervals lose that `q_idx` is the same on both sides,
 * this does not. Sound, not complete: false means that nothing is known.
 */
import { type Binary, binary, cast, type Expr } from "../ir/expr.ts";
import { isFloat, isInt } from "../ir/ops.ts";
import { fitsInt } from "./arithmetic.ts";
import { type Effort, isInfeasible, type Row } from "./infeasible.ts";
import { ANY_BOX, type Box, boundOf } from "./interval.ts";
import { type Linear, linearOf } from "./linear.ts";
import { simplify } from "./simplify.ts";

export interface ImpossibleOptions {
  /** Cells that are asked about; default: at any length. */
  readonly box?: Box;
  /** `withoutData`: whatever the captures hold. Default `withData`. */
  readonly captures?: "withData" | "withoutData";
}

/** Cases that are looked into before the proof is given up. */
const MAX_CASES = 200;
/** Steps of all eliminations together: some ten milliseconds. */
const MAX_STEPS = 40_000;

/** Whether `e` (bool) holds nowhere in the box. */
export function isImpossible(e: Expr, options: ImpossibleOptions = {}): boolean {
  const search = { box: options.box ?? ANY_BOX, captures: options.captures ?? "withData", left: MAX_CASES, effort: { left: MAX_STEPS } };
  return refute(
    { tasks: [{ e: simplify(cast(e, "bool")), holds: true }], splits: [], literals: new Map(), rows: [], known: new Set() },
    search,
  );
}

interface Task {
  readonly e: Expr;
  readonly holds: boolean;
}

/** One of several cases: what holds in it. */
interface Alternative {
  readonly tasks: readonly Task[];
  readonly rows: readonly Row<Expr>[];
}

interface Case {
  readonly tasks: Task[];
  /** Each: one of its alternatives holds. */
  readonly splits: readonly (readonly Alternative[])[];
  /** Expressions that are taken as they are. */
  readonly literals: Map<Expr, boolean>;
  readonly rows: Row<Expr>[];
  /** Unknowns whose meaning is among the rows. */
  readonly known: Set<Expr>;
}

interface Search {
  readonly box: Box;
  readonly captures: "withData" | "withoutData";
  left: number;
  readonly effort: Effort;
}

function refute(given: Case, search: Search): boolean {
  if (search.left-- <= 0 || search.effort.left <= 0) return false;
  const splits = [...given.splits];
  const tasks = [...given.tasks];
  const literals = new Map(given.literals);
  const rows = [...given.rows];
  const known = new Set(given.known);
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    const parts = partsOf(task);
    if (parts === "contradiction") return true;
    if (parts === "literal") {
      const before = literals.get(task.e);
      if (before !== undefined && before !== task.holds) return true;
      literals.set(task.e, task.holds);
      continue;
    }
    tasks.push(...parts.tasks);
    rows.push(...parts.rows);
    if (parts.split !== null) splits.push(parts.split);
  }
  for (const row of rows) for (const x of row.terms.keys()) explain(x, known, rows, splits, search);
  if (isInfeasible(rows, search.effort)) return true;
  // The split of fewest alternatives first.
  const [first, ...rest] = splits.sort((a, b) => a.length - b.length);
  if (first === undefined) return false;
  return first.every((alternative) =>
    refute({ tasks: [...alternative.tasks], splits: rest, literals, rows: [...rows, ...alternative.rows], known }, search),
  );
}

interface Parts {
  readonly tasks: readonly Task[];
  readonly rows: readonly Row<Expr>[];
  readonly split: readonly Alternative[] | null;
}

const all = (...tasks: Task[]): Parts => ({ tasks, rows: [], split: null });
const any = (...cases: readonly (readonly Task[])[]): Parts => ({
  tasks: [],
  rows: [],
  split: cases.map((tasks) => ({ tasks, rows: [] })),
});
const linear = (...rows: Row<Expr>[]): Parts => ({ tasks: [], rows, split: null });

function partsOf({ e, holds }: Task): Parts | "contradiction" | "literal" {
  if (e.kind === "const") return (e.value !== 0) === holds ? all() : "contradiction";
  if (e.kind === "unary" && e.op === "not" && e.dtype === "bool") return all({ e: e.a, holds: !holds });
  if (e.kind === "where") {
    return any([yes(e.cond), { e: e.a, holds }], [no(e.cond), { e: e.b, holds }]);
  }
  if (e.kind === "cast" && isInt(e.a.dtype)) return holds ? nonzero(e.a) : linear(...equal(linearOf(e.a)));
  if (e.kind === "cast" && e.a.dtype === "bool") return all({ e: e.a, holds });
  if (e.kind !== "binary") return "literal";
  if (e.a.dtype === "bool") return partsOfBool(e, holds);
  return isFloat(e.a.dtype) ? "literal" : comparison(e, holds);
}

const yes = (e: Expr): Task => ({ e, holds: true });
const no = (e: Expr): Task => ({ e, holds: false });

function partsOfBool({ op, a, b }: Binary, holds: boolean): Parts | "literal" {
  switch (op) {
    case "and":
    case "mul":
    case "min":
      return holds ? all(yes(a), yes(b)) : any([no(a)], [no(b)]);
    case "or":
    case "add":
    case "max":
      return holds ? any([yes(a)], [yes(b)]) : all(no(a), no(b));
    case "xor":
    case "ne":
    case "eq":
      return (op === "eq") === holds ? any([yes(a), yes(b)], [no(a), no(b)]) : any([yes(a), no(b)], [no(a), yes(b)]);
    default:
      return "literal";
  }
}

const NEGATED = { lt: "ge", le: "gt", gt: "le", ge: "lt", eq: "ne", ne: "eq" } as const;

function comparison(e: Binary, holds: boolean): Parts | "literal" {
  const { op, a, b } = e;
  if (!(op in NEGATED)) return "literal";
  const meant = holds ? op : NEGATED[op as keyof typeof NEGATED];
  const difference = minus(linearOf(a), linearOf(b));
  switch (meant) {
    case "ge":
      return linear(difference);
    case "gt":
      return linear(plus(difference, -1));
    case "le":
      return linear(negated(difference));
    case "lt":
      return linear(plus(negated(difference), -1));
    case "eq":
      return linear(...equal(difference));
    default:
      return apart(difference);
  }
}

const nonzero = (e: Expr): Parts => apart(linearOf(e));

/** The form is not 0: it is above, or below. */
function apart(form: Linear): Parts {
  const above = { tasks: [], rows: [plus(form, -1)] };
  const below = { tasks: [], rows: [plus(negated(form), -1)] };
  return { tasks: [], rows: [], split: [above, below] };
}

const plus = ({ terms, constant }: Linear, by: number): Row<Expr> => ({ terms, constant: constant + by });
const negated = ({ terms, constant }: Linear): Linear => ({ terms: new Map([...terms].map(([x, c]) => [x, -c])), constant: -constant });
const equal = (form: Linear): Row<Expr>[] => [form, negated(form)];
const times = ({ terms, constant }: Linear, by: number): Linear => ({
  terms: new Map([...terms].map(([x, c]) => [x, c * by])),
  constant: constant * by,
});

function minus(a: Linear, b: Linear): Linear {
  const terms = new Map(a.terms);
  for (const [x, c] of b.terms) {
    const total = (terms.get(x) ?? 0) - c;
    if (total === 0) terms.delete(x);
    else terms.set(x, total);
  }
  return { terms, constant: a.constant - b.constant };
}

const itself = (e: Expr): Linear => ({ terms: new Map([[e, 1]]), constant: 0 });
const number = (n: number): Linear => ({ terms: new Map(), constant: n });

/** Adds what is known of the unknown `x`, once. Rows that are added are looked at in their turn. */
function explain(x: Expr, known: Set<Expr>, rows: Row<Expr>[], splits: (readonly Alternative[])[], search: Search): void {
  if (known.has(x)) return;
  known.add(x);
  const { min, max } = x.kind === "var" && x.name !== "score" ? search.box[x.name] : boundOf(x, search.captures);
  if (Number.isSafeInteger(min)) rows.push(minus(itself(x), number(min)));
  if (Number.isSafeInteger(max)) rows.push(minus(number(max), itself(x)));
  switch (x.kind) {
    case "cast": {
      if (x.a.dtype === "bool") splits.push([given([yes(x.a)], x, number(1)), given([no(x.a)], x, number(0))]);
      const from = boundOf(x.a, search.captures);
      if (isInt(x.a.dtype) && fitsInt(from.min, from.max, x.dtype)) rows.push(...equal(minus(itself(x), linearOf(x.a))));
      return;
    }
    case "where":
      splits.push([given([yes(x.cond)], x, linearOf(x.a)), given([no(x.cond)], x, linearOf(x.b))]);
      return;
    case "unary": {
      if (x.op !== "abs") return;
      const a = linearOf(x.a);
      rows.push(minus(itself(x), a), minus(itself(x), negated(a)));
      splits.push([given([], x, a), given([], x, negated(a))]);
      return;
    }
    case "binary":
      explainBinary(x, rows, splits);
      return;
    default:
      return;
  }
}

const given = (tasks: readonly Task[], x: Expr, is: Linear): Alternative => ({ tasks, rows: equal(minus(itself(x), is)) });

function explainBinary(x: Binary, rows: Row<Expr>[], splits: (readonly Alternative[])[]): void {
  const { op, a, b } = x;
  if ((op === "min" || op === "max") && isInt(a.dtype)) {
    const [low, high] = op === "min" ? [itself(x), null] : [null, itself(x)];
    for (const side of [linearOf(a), linearOf(b)]) rows.push(low === null ? minus(high ?? number(0), side) : minus(side, low));
    splits.push([given([], x, linearOf(a)), given([], x, linearOf(b))]);
    return;
  }
  if (b.kind !== "const" || b.value <= 0 || !isInt(a.dtype)) return;
  // a = divisor · quotient + rest, 0 <= rest < divisor.
  const divisor = b.value;
  if (op === "floordiv") {
    const rest = minus(linearOf(a), times(itself(x), divisor));
    rows.push(rest, minus(number(divisor - 1), rest));
  } else if (op === "floormod") {
    const quotient = binary("floordiv", a, b);
    rows.push(...equal(minus(minus(linearOf(a), times(itself(quotient), divisor)), itself(x))));
    rows.push(itself(x), minus(number(divisor - 1), itself(x)));
  }
}
