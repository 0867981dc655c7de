/** What is found of one claim about one variant: proved, checked at its lengths, broken at a cell, or undecided. */
import { isImpossible } from "../analysis/impossible.ts";
import { simplify } from "../analysis/simplify.ts";
import { DEFAULT_BLOCK_SIZE } from "../flash/problem.ts";
import type { Claim, LoweredVariant, SparsityTest } from "../frontend/module.ts";
import { binary, boolean, cast, constant, type Expr, unary, variable } from "../ir/expr.ts";
import { interpret } from "../ir/interpret.ts";
import type { ProblemHints } from "../ir/mod.ts";
import { isCommutative } from "../ir/ops.ts";
import { freeVars, rewrite } from "../ir/walk.ts";
import { blockSparsity, countBlocks, type MaskSize } from "../mask/blockMask.ts";
import { buildUnlessStopped } from "../mask/build.ts";
import { elementSparsity } from "../mask/count.ts";
import { type Cell, DEFAULT_BUDGET, firstCell, isNever } from "../mask/firstCell.ts";
import { findEmptyRows } from "./maskFacts.ts";
import { sizesOf } from "./sizes.ts";

export interface AssertionOptions {
  /** Sizes given beside the text; they win over the text's. */
  readonly problem?: ProblemHints;
  /** Cells that one assertion may cost; default some 20 ms of them. */
  readonly budget?: number;
}

export type Verdict =
  /** At any length. */
  | { readonly kind: "proved" }
  /** At every cell of the problem; `at` names its lengths. */
  | { readonly kind: "checked"; readonly at: string }
  | { readonly kind: "fails"; readonly why: string }
  | { readonly kind: "undecided"; readonly why: string; readonly way: string };

/** What a claim is asked about. */
interface Question {
  readonly variant: LoweredVariant;
  /** The mask's cells; all where there is no mask. */
  readonly allowed: Expr;
  readonly size: MaskSize;
  /** The lengths in words. */
  readonly at: string;
  readonly blockSize: readonly [q: number, kv: number];
  readonly captures: "withData" | "withoutData";
  readonly budget: number;
}

/** `madeUp`: the variant reads values that stand in for the user's. */
export function verdictOn(claim: Claim, variant: LoweredVariant, madeUp: boolean, options: AssertionOptions = {}): Verdict {
  const question = questionOf(variant, madeUp, options);
  const verdict = answer(claim, question);
  if (!madeUp || verdict.kind === "undecided") return verdict;
  const names = variant.bindings.filter((b) => b.origin === "seeded").map((b) => b.name);
  const [first] = names;
  const value = first === undefined ? "random numbers" : `\`${first}\``;
  if (verdict.kind === "fails") return { kind: "fails", why: `${verdict.why} (with a value of ours for ${value})` };
  // What is proved of tensors is proved whatever they hold; made-up numbers stand in the expression itself.
  const numbers = variant.bindings.some((b) => b.origin === "seeded" && b.tensor === null);
  if (verdict.kind === "proved" && !numbers) return verdict;
  const way = first === undefined ? "load the tensor from a file" : `give it, as with \`# flexlens: ${first}=…\``;
  return { kind: "undecided", why: `it holds for the value that stands in for ${value}, which this file does not give`, way };
}

function questionOf(variant: LoweredVariant, madeUp: boolean, { problem = {}, budget = DEFAULT_BUDGET }: AssertionOptions): Question {
  const { known } = sizesOf(variant, problem);
  const bodies = [variant.maskMod, variant.scoreMod].flatMap((m) => (m === null ? [] : [m.body]));
  const qLen = known.qLen ?? known.kvLen ?? 1024;
  const kvLen = known.kvLen ?? qLen;
  const heads = known.qHeads ?? (freeVars(...bodies).has("h") ? 8 : 1);
  const isKnown = known.qLen !== undefined || known.kvLen !== undefined;
  return {
    variant,
    allowed: variant.maskMod?.body ?? boolean(true),
    size: { batch: known.batch ?? 1, heads, qLen, kvLen },
    at: `Q_LEN = ${qLen}, KV_LEN = ${kvLen}${isKnown ? "" : ", which are assumed"}`,
    blockSize: known.blockSize ?? DEFAULT_BLOCK_SIZE,
    captures: madeUp ? "withoutData" : "withData",
    budget,
  };
}

function answer(claim: Claim, q: Question): Verdict {
  switch (claim.kind) {
    case "holds":
      return holds(claim.predicate, q);
    case "equals":
      return equals(claim, q);
    case "implies": {
      const broken = binary("and", q.allowed, unary("not", cast(claim.body, "bool")));
      return nowhere(broken, q, (cell) => `${place(cell)} is allowed, and \`${claim.name}\` does not allow it`);
    }
    case "sparsity":
      return sparsity(claim.measure, claim.tests, q);
    case "no_empty_rows":
      return noEmptyRows(q);
    case "symmetric": {
      const n = Math.min(q.size.qLen, q.size.kvLen);
      const square = { ...q, size: { ...q.size, qLen: n, kvLen: n } };
      return nowhere(binary("xor", q.allowed, mirrored(q.allowed)), square, (cell) => {
        const is = interpret(q.allowed, pointOf(cell)) === 1;
        return `${place(cell)} is ${is ? "allowed" : "masked"}, and q_idx = ${cell.kvIdx}, kv_idx = ${cell.qIdx} is ${is ? "masked" : "allowed"}`;
      });
    }
  }
}

const pointOf = (c: Cell) => ({ b: c.b, h: c.h, q_idx: c.qIdx, kv_idx: c.kvIdx });
const place = (c: Cell): string => `b = ${c.b}, h = ${c.h}, q_idx = ${c.qIdx}, kv_idx = ${c.kvIdx}`;

/** The claim holds if `broken` is true nowhere. */
function nowhere(broken: Expr, q: Question, why: (cell: Cell) => string): Verdict {
  if (isNowhereAtAll(broken, q)) return { kind: "proved" };
  const found = firstCell(broken, q.size, q.budget);
  if (found === "none") return { kind: "checked", at: q.at };
  if (found !== "undecided") return { kind: "fails", why: why(found.cell) };
  return tooMuch(q);
}

const tooMuch = (q: Question): Verdict => ({
  kind: "undecided",
  why: `there are too many cells to look at, with ${q.at}`,
  way: "give smaller lengths, as with `# flexlens: Q_LEN=1024`",
});

const isNowhereAtAll = (broken: Expr, q: Question): boolean =>
  (q.captures === "withData" && isNever(broken)) || isImpossible(broken, { captures: q.captures });

function holds(predicate: Expr, q: Question): Verdict {
  const broken = binary("and", q.allowed, unary("not", predicate));
  const where = q.variant.maskMod === null ? "" : ", which the mask allows";
  if (!freeVars(broken).has("score")) return nowhere(broken, q, (cell) => `it is false at ${place(cell)}${where}`);
  return atScores(broken, q, (cell, score) => `it is false at ${place(cell)}${where}, for a score of ${score}`);
}

/** Scores at which a claim that reads the score is tried. */
const SCORES = [0, 1, -1, 0.5, -0.5, 8, -8, 30, -30, 1e4, -1e4];

/** The claim holds if `broken`, which reads the score, is true nowhere. No number of scores proves it. */
function atScores(broken: Expr, q: Question, why: (cell: Cell, score: number) => string): Verdict {
  if (isNowhereAtAll(broken, q)) return { kind: "proved" };
  for (const score of SCORES) {
    const at = rewrite(broken, (e) => (e.kind === "var" && e.name === "score" ? constant(score, e.dtype) : e));
    const found = firstCell(at, q.size, q.budget);
    if (typeof found !== "string") return { kind: "fails", why: why(found.cell, score) };
  }
  return {
    kind: "undecided",
    why: `it holds for ${SCORES.length} scores that were tried, with ${q.at}, and for others it is not known`,
    way: "state it without `score`, or of a mask",
  };
}

function equals({ name, body }: { readonly name: string; readonly body: Expr }, q: Question): Verdict {
  const { scoreMod } = q.variant;
  if (scoreMod === null) {
    return nowhere(binary("xor", q.allowed, cast(body, "bool")), q, (cell) => {
      const is = interpret(q.allowed, pointOf(cell)) === 1;
      return `${place(cell)} is ${is ? "allowed" : "masked"} here, and ${is ? "masked" : "allowed"} by \`${name}\``;
    });
  }
  const own = scoreMod.body;
  const rank = new Map<Expr, number>();
  if (ordered(simplify(own), rank) === ordered(simplify(body), rank)) return { kind: "proved" };
  const [a, b] = [cast(own, "f64"), cast(body, "f64")];
  const nans = binary("and", unary("isnan", a), unary("isnan", b));
  const differ = binary("and", q.allowed, binary("and", binary("ne", a, b), unary("not", nans)));
  const why = (cell: Cell, score: number): string => {
    const point = { ...pointOf(cell), score };
    return `at ${place(cell)}, for a score of ${score}, it is ${interpret(own, point)} here, and ${interpret(body, point)} by \`${name}\``;
  };
  return freeVars(differ).has("score") ? atScores(differ, q, why) : nowhere(differ, q, (cell) => why(cell, 0));
}

/** `e` with the operands of sums, products and their like in the order of `rank`, in which each is seen first. */
function ordered(e: Expr, rank: Map<Expr, number>): Expr {
  const rankOf = (x: Expr): number => {
    const known = rank.get(x) ?? rank.size;
    rank.set(x, known);
    return known;
  };
  return rewrite(e, (x) => {
    if (x.kind !== "binary" || !isCommutative(x.op)) return x;
    return rankOf(x.a) > rankOf(x.b) ? binary(x.op, x.b, x.a) : x;
  });
}

const swapped = { q_idx: variable("kv_idx"), kv_idx: variable("q_idx") } as const;

const mirrored = (e: Expr): Expr =>
  rewrite(e, (x) => (x.kind === "var" && (x.name === "q_idx" || x.name === "kv_idx") ? swapped[x.name] : x));

// ------------------------------------------------------------------------------------------------------- whole masks

/** Each row has a key: the first one, or that of its own number, at any length; else row by row. */
function noEmptyRows(q: Question): Verdict {
  const at = (key: Expr): Expr => rewrite(q.allowed, (e) => (e.kind === "var" && e.name === "kv_idx" ? key : e));
  const witnesses = [at(constant(0, "i64")), ...(q.size.kvLen >= q.size.qLen ? [at(variable("q_idx"))] : [])];
  const none = witnesses.map((w): Expr => unary("not", cast(w, "bool"))).reduce((a, b) => binary("and", a, b));
  if (isNowhereAtAll(none, q)) return { kind: "proved" };
  const empty = findEmptyRows(simplify(q.allowed), q.size, q.blockSize);
  if (empty === null) return { kind: "checked", at: q.at };
  if (empty === "undecided") {
    return tooMuch(q);
  }
  return { kind: "fails", why: `at b = ${empty.b}, h = ${empty.h}, q_idx = ${empty.qIdx} no key is allowed, with ${q.at}` };
}

const HOLDS: Readonly<Record<SparsityTest["sign"], (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

function sparsity(measure: "blocks" | "elements", tests: readonly SparsityTest[], q: Question): Verdict {
  const [blockQ, blockK] = q.blockSize;
  let left = q.budget / (blockQ * blockK);
  const mask = buildUnlessStopped(q.allowed, q.size, q.blockSize, () => left-- <= 0);
  const tooMany = mask === null || (measure === "elements" && countBlocks(mask).partial * blockQ * blockK > q.budget);
  if (mask === null || tooMany) {
    return tooMuch(q);
  }
  const value = measure === "blocks" ? blockSparsity(mask) : elementSparsity(mask, q.allowed);
  if (tests.every(({ sign, bound }) => HOLDS[sign](value, bound))) return { kind: "checked", at: q.at };
  const what = measure === "blocks" ? `of blocks of ${blockQ} × ${blockK} ` : "of elements ";
  return { kind: "fails", why: `the share ${what}that is masked is ${Number(value.toFixed(6))}, with ${q.at}` };
}
