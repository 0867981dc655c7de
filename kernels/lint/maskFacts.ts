/**
 * What a mask comes to at its lengths: whether it is always true or always false, which rows see no key, and how much
 * of its partial blocks is masked, here and in smaller blocks. From the block mask, so that structured masks cost a few
 * questions a row; within a budget counted in work, so that the answer does not depend on the machine. Kept by the
 * variant's key: most readings after a keystroke ask about masks that did not change.
 */
import { isImpossible } from "../analysis/impossible.ts";
import { ANY_BOX, compileDecider, FALSE } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileScan } from "../emit/js.ts";
import { type Expr, unary } from "../ir/expr.ts";
import { variantKey } from "../ir/key.ts";
import type { Mod } from "../ir/mod.ts";
import { freeVars, postorder } from "../ir/walk.ts";
import { type BlockMask, FULL, forEachRun, type MaskSize, queryBlocks, rowIndex } from "../mask/blockMask.ts";
import { buildUnlessStopped } from "../mask/build.ts";
import { countAllowed } from "../mask/count.ts";
import { firstCell, isNever } from "../mask/firstCell.ts";
import { boxOfSize } from "./sizes.ts";

/** A mask that has one value. */
export interface Constant {
  readonly value: boolean;
  readonly at: "any lengths" | "these lengths";
}

/** Rows without an allowed key: the first, and how many of how many (over the batches and heads that differ). */
export interface EmptyRows {
  readonly b: number;
  readonly h: number;
  readonly qIdx: number;
  /** null where the lengths are not known: the first is then empty for any number of keys. */
  readonly count: number | null;
  readonly total: number;
}

/** Share of the cells in partial blocks that is masked, and the block size that computes fewer cells. */
export interface Waste {
  readonly share: number;
  readonly blockSize: readonly [q: number, kv: number];
  readonly better: number;
  /** Cells of the blocks that are computed, at `blockSize` and at `better`. */
  readonly cells: number;
  readonly betterCells: number;
}

export interface MaskFacts {
  readonly constant: Constant | null;
  readonly emptyRows: EmptyRows | null;
  readonly waste: Waste | null;
}

const NOTHING: MaskFacts = { constant: null, emptyRows: null, waste: null };

const kept = new Map<string, MaskFacts>();
const MOST_KEPT = 512;

/** Facts of `mod`, a mask_mod; `size` null where its lengths are not known. */
export function maskFacts(mod: Mod, size: MaskSize | null, blockSize: readonly [q: number, kv: number]): MaskFacts {
  const key = [variantKey({ maskMod: mod, scoreMod: null }, blockSize), size?.batch, size?.heads, size?.qLen, size?.kvLen].join();
  const before = kept.get(key);
  if (before !== undefined) return before;
  const facts = findFacts(simplify(mod.body), size, blockSize);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, facts);
  return facts;
}

function findFacts(body: Expr, size: MaskSize | null, blockSize: readonly [q: number, kv: number]): MaskFacts {
  const isFalse = isNowhere(body);
  if (isFalse || isNowhere(unary("not", body))) return { ...NOTHING, constant: { value: !isFalse, at: "any lengths" } };
  if (size === null) return { ...NOTHING, emptyRows: emptyAtAnyLength(body) };
  const never = firstCell(body, size, CONSTANT_BUDGET) === "none";
  if (never || firstCell(unary("not", body), size, CONSTANT_BUDGET) === "none") {
    return { ...NOTHING, constant: { value: !never, at: "these lengths" } };
  }
  const mask = buildWithin(body, size, blockSize);
  if (mask === null) return NOTHING;
  const emptyRows = emptyRowsOf(mask, body);
  return { constant: null, emptyRows: emptyRows === "undecided" ? null : emptyRows, waste: wasteOf(mask, body, size) };
}

const CONSTANT_BUDGET = 2 ** 20;

/** Nodes from which on intervals alone are asked: elimination grows faster than the expression. */
const LARGE = 160;

/** Proved to hold at no cell, whatever the lengths. */
function isNowhere(e: Expr): boolean {
  return postorder([e]).length > LARGE ? isNever(e) : isImpossible(e);
}

/** Undecided blocks, rows of blocks and planes that one building may look into. */
const BLOCK_BUDGET = 2048;
const ROW_BUDGET = 2 ** 16;

function buildWithin(body: Expr, size: MaskSize, blockSize: readonly [number, number]): BlockMask | null {
  const vars = freeVars(body);
  const planes = (vars.has("b") ? size.batch : 1) * (vars.has("h") ? size.heads : 1);
  if (planes * Math.ceil(size.qLen / blockSize[0]) > ROW_BUDGET) return null;
  let left = BLOCK_BUDGET;
  return buildUnlessStopped(body, size, blockSize, () => left-- <= 0);
}

// ------------------------------------------------------------------------------------------------------ empty rows

/** Rows that are looked at where no length is known: the first of any sequence. */
const FIRST_ROWS = 64;

function emptyAtAnyLength(body: Expr): EmptyRows | null {
  const decider = compileDecider(body);
  for (let q = 0; q < FIRST_ROWS; q++) {
    decider.rows(0, 0, q, q);
    if (decider.keys(0, ANY_BOX.kv_idx.max) === FALSE) return { b: 0, h: 0, qIdx: q, count: null, total: 0 };
  }
  return null;
}

/** Cells that may be evaluated for it. */
const EMPTY_BUDGET = 2 ** 22;

/** Rows of `body`, simplified, in which no key is allowed; "undecided" where the budget does not suffice. */
export function findEmptyRows(body: Expr, size: MaskSize, blockSize: readonly [q: number, kv: number]): EmptyRows | null | "undecided" {
  const mask = buildWithin(body, size, blockSize);
  return mask === null ? "undecided" : emptyRowsOf(mask, body);
}

function emptyRowsOf(mask: BlockMask, body: Expr): EmptyRows | null | "undecided" {
  const { batch, heads, qLen, kvLen } = mask;
  const [blockQ, blockK] = mask.blockSize;
  const scan = compileScan(body, boxOfSize({ batch, heads, qLen, kvLen }));
  let left = EMPTY_BUDGET;
  let count = 0;
  const firsts: (readonly [b: number, h: number, q: number])[] = [];
  const found = (b: number, h: number, q: number, n: number): void => {
    if (firsts.length === 0) firsts.push([b, h, q]);
    count += n;
  };
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let row = 0; row < queryBlocks(mask); row++) {
        const q0 = row * blockQ;
        const q1 = Math.min(q0 + blockQ, qLen);
        const partial: [number, number][] = [];
        let full = false;
        forEachRun(mask.rows, rowIndex(mask, b, h, row), (from, end, state) => {
          full ||= state === FULL;
          partial.push([from * blockK, Math.min(end * blockK, kvLen)]);
        });
        if (full) continue;
        if (partial.length === 0) {
          found(b, h, q0, q1 - q0);
          continue;
        }
        for (let q = q0; q < q1; q++) {
          const seen = partial.some(([k0, k1]) => {
            left -= k1 - k0;
            return left >= 0 && scan({ b, h, q0: q, q1: q + 1, k0, k1 }, false);
          });
          if (left < 0) return "undecided";
          if (!seen) found(b, h, q, 1);
        }
      }
    }
  }
  const [first] = firsts;
  if (first === undefined) return null;
  const [b, h, qIdx] = first;
  return { b, h, qIdx, count, total: batch * heads * qLen };
}

// ------------------------------------------------------------------------------------------------------ block size

/** Cells of partial blocks that may be counted. */
const WASTE_BUDGET = 2 ** 22;
/** Block sizes that are tried, the larger first: a kernel's tile is 64 or 128 wide, and 32 at the least. */
const SMALLER = [128, 64, 32];

function wasteOf(mask: BlockMask, body: Expr, size: MaskSize): Waste | null {
  const [blockQ, blockK] = mask.blockSize;
  // Of short sequences every block is at an edge.
  if (size.qLen < 4 * blockQ || size.kvLen < 4 * blockK) return null;
  const { partial, full } = computed(mask);
  if (partial === 0 || partial > WASTE_BUDGET) return null;
  const allowed = countAllowed(mask, body);
  const share = 1 - (allowed - full) / partial;
  const cells = partial + full;
  // No block size computes less than what is allowed.
  if (share < 0.5 || 2 * allowed > cells) return null;
  let best: { better: number; betterCells: number } | null = null;
  for (const edge of SMALLER) {
    if (edge >= Math.min(...mask.blockSize)) continue;
    const finer = buildWithin(body, size, [edge, edge]);
    if (finer === null) break;
    const areas = computed(finer);
    const betterCells = areas.partial + areas.full;
    // Each step down has to halve the work: small blocks cost lists, launches and narrower tiles.
    if (betterCells <= (best?.betterCells ?? cells) / 2) best = { better: edge, betterCells };
  }
  return best === null ? null : { share, blockSize: mask.blockSize, cells, ...best };
}

/** Cells in blocks that are present, those beyond the lengths left out: of all batches and heads that are stored. */
function computed(mask: BlockMask): { readonly partial: number; readonly full: number } {
  const { batch, heads, qLen, kvLen } = mask;
  const [blockQ, blockK] = mask.blockSize;
  let partial = 0;
  let full = 0;
  const rows = queryBlocks(mask);
  for (let line = 0; line < batch * heads * rows; line++) {
    const height = Math.min(blockQ, qLen - (line % rows) * blockQ);
    forEachRun(mask.rows, line, (first, end, state) => {
      const area = height * (Math.min(end * blockK, kvLen) - first * blockK);
      if (state === FULL) full += area;
      else partial += area;
    });
  }
  return { partial, full };
}
