/**
 * How many cells each reason masks, in one plane of batch and head. Conjuncts whose rows can be solved are counted by rows
 * (count.ts). Elsewhere rectangles that intervals decide are counted whole,
 * the others are quartered, all of one size before the next, until they are small enough to be evaluated: exact. Where
 * that would take more work than allowed, what is left undecided is estimated from scattered cells, and so said. Work is
 * counted in cells, not in time: the same question has the same answer.
 */
import { boxOf, compileDecider, type Decider, TRUE } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileCells } from "../emit/js.ts";
import { binary, constant, type Expr } from "../ir/expr.ts";
import type { MaskSize } from "./blockMask.ts";
import { cellCounter } from "./count.ts";
import { MOST_REASONS, type Why } from "./why.ts";

export interface ReasonCounts {
  /** Cells by code: first the allowed ones, then those of each reason. They add up to the cells of the plane. */
  readonly cells: readonly number[];
  /** False where some are estimated. */
  readonly isExact: boolean;
}

/** A rectangle of at most so many cells is evaluated. */
const EVALUATED = 4096;
/** What a question costs, in cells. */
const QUESTION = 1024;
/** Cells looked at in a rectangle that is estimated: so many along each side. */
const PROBES = 4;
/** Work, in cells, before the rest is estimated: some 10 ms. */
const BUDGET = 2 ** 23;

/** Counts the reasons in plane (b, h). */
export function countReasons(why: Why, size: MaskSize, b: number, h: number, budget: number = BUDGET): ReasonCounts {
  return countChain(why, size, b, h) ?? countQuarters(why, size, b, h, budget);
}

/** How often counting by rows may ask whether to go on: some 10 ms a reason. */
const QUESTIONS = 100;

/**
 * Of conjuncts one after another: what each masks is what the ones before it allow, less what it allows with them. Each
 * of these is a mask, and masks whose rows can be solved are counted fast at any length. Null where they cannot.
 */
function countChain({ chain }: Why, size: MaskSize, b: number, h: number): ReasonCounts | null {
  if (chain === null) return null;
  const rect = { b, h, q0: 0, q1: size.qLen, k0: 0, k1: size.kvLen };
  let before = size.qLen * size.kvLen;
  let together: Expr | null = null;
  const cells: number[] = [];
  for (const conjunct of chain) {
    together = together === null ? conjunct : binary("and", together, conjunct);
    let asked = 0;
    const counter = cellCounter(together, size, () => ++asked > QUESTIONS);
    const allowed = counter.solves(b, h) ? counter.count(rect) : null;
    if (allowed === null) return null;
    cells.push(before - allowed);
    before = allowed;
  }
  return { cells: [before, ...cells], isExact: true };
}

function countQuarters(why: Why, size: MaskSize, b: number, h: number, budget: number): ReasonCounts {
  const code = simplify(why.code);
  const read = compileCells(code, boxOf(size.batch, size.heads, size.qLen, size.kvLen));
  const deciders = new Map<number, Decider>();
  const isAll = (value: number, [q0, q1, k0, k1]: Rectangle): boolean => {
    let decider = deciders.get(value);
    if (decider === undefined) {
      decider = compileDecider(simplify(binary("eq", code, constant(value, "i32"))));
      deciders.set(value, decider);
    }
    decider.rows(b, h, q0, q1 - 1);
    return decider.keys(k0, k1 - 1) === TRUE;
  };
  const cells = new Array<number>(MOST_REASONS + 1).fill(0);
  const add = (value: number, n: number): void => {
    cells[value] = (cells[value] ?? 0) + n;
  };
  const seen = new Uint8Array(EVALUATED);
  const evaluate = ([q0, q1, k0, k1]: Rectangle): void => {
    read(seen, { b, h, q0, q1, k0, k1 }, null);
    for (let i = 0; i < (q1 - q0) * (k1 - k0); i++) add(seen[i] ?? 0, 1);
  };
  const at = (q: number, k: number): number => {
    read(seen, { b, h, q0: q, q1: q + 1, k0: k, k1: k + 1 }, null);
    return seen[0] ?? 0;
  };
  let isExact = true;
  let left = budget;
  let open: Rectangle[] = size.qLen > 0 && size.kvLen > 0 ? [[0, size.qLen, 0, size.kvLen]] : [];
  while (open.length > 0) {
    const next: Rectangle[] = [];
    // All of one size, or none: what is estimated then lies all over the matrix.
    const cost = open.reduce((n, r) => n + (areaOf(r) <= EVALUATED ? areaOf(r) : QUESTION), 0);
    left -= cost;
    if (left < 0) {
      isExact = false;
      for (const r of open) estimate(r, at, add);
      break;
    }
    for (const r of open) {
      const [q0, q1, k0, k1] = r;
      if (areaOf(r) <= EVALUATED) {
        evaluate(r);
        continue;
      }
      const value = at((q0 + q1) >>> 1, (k0 + k1) >>> 1);
      if (isAll(value, r)) add(value, areaOf(r));
      else next.push(...quartersOf(r));
    }
    open = next;
  }
  return { cells: cells.slice(0, why.reasons.length + 1), isExact };
}

type Rectangle = readonly [q0: number, q1: number, k0: number, k1: number];

const areaOf = ([q0, q1, k0, k1]: Rectangle): number => (q1 - q0) * (k1 - k0);

function quartersOf([q0, q1, k0, k1]: Rectangle): Rectangle[] {
  const q = (q0 + q1) >>> 1;
  const k = (k0 + k1) >>> 1;
  const all: Rectangle[] = [
    [q0, q, k0, k],
    [q0, q, k, k1],
    [q, q1, k0, k],
    [q, q1, k, k1],
  ];
  return all.filter((r) => areaOf(r) > 0);
}

function estimate(r: Rectangle, at: (q: number, k: number) => number, add: (value: number, n: number) => void): void {
  const [q0, q1, k0, k1] = r;
  const share = areaOf(r) / PROBES ** 2;
  for (let i = 0; i < PROBES; i++) {
    for (let j = 0; j < PROBES; j++) {
      // Shifted against each other, so that a diagonal edge is not hit by all of them or by none.
      const q = q0 + ((i + (((j * 7 + 3) % 16) + 0.5) / 16) / PROBES) * (q1 - q0);
      const k = k0 + ((j + (((i * 11 + 5) % 16) + 0.5) / 16) / PROBES) * (k1 - k0);
      add(at(Math.floor(q), Math.floor(k)), share);
    }
  }
}
