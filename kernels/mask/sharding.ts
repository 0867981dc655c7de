/**
 * The work of a mask over N ranks that each hold a part of the queries and see all keys (context parallelism): blocks
 * visited and elements allowed on each, for three ways to deal the tokens. Contiguous: one stretch each. Striped: token
 * t goes to rank t mod N (Striped Attention, arXiv:2311.09431). Zig-zag: of 2N stretches rank i holds i and 2N − 1 − i
 * (the head and tail of Megatron's and torchtitan's load balancer).
 *
 * The blocks are those of the mask that a rank would build for its own queries in their order, not rows of the whole
 * mask: striping spreads a rank's block of queries over N times the tokens, and that costs blocks where windows are
 * narrow.
 */
import { binary, constant, type Expr, variable } from "../ir/expr.ts";
import { rewrite } from "../ir/walk.ts";
import { type BlockMask, forEachRun, queryBlocks } from "./blockMask.ts";
import { budgetOf, visitedBlocks } from "./visited.ts";

export const SPLITS = ["contiguous", "striped", "zig-zag"] as const;
export type Split = (typeof SPLITS)[number];

/** What one rank does, over the batches and heads that are stored. */
export interface RankLoad {
  readonly tokens: number;
  readonly blocks: number;
  /** null where the elements of each query are not known. */
  readonly elements: number | null;
}

export interface SplitLoad {
  readonly split: Split;
  /** null where the ranks' masks would take too long to build. */
  readonly ranks: readonly RankLoad[] | null;
  /** The slowest rank over the mean, in blocks: 1 is even. All wait for the slowest. */
  readonly imbalance: number;
  /** As `imbalance`, in elements. */
  readonly elementImbalance: number | null;
  /** Blocks of all ranks together over those of the undivided mask. */
  readonly overhead: number;
}

export interface ShardReport {
  readonly ranks: number;
  readonly splits: readonly SplitLoad[];
}

/** Ranks that can be asked about. */
export const RANKS = { least: 2, most: 64 } as const;

/** Steps of some hundred microseconds that the masks of one split may cost. */
const BUDGET = 2 ** 15;

/** Queries first, first + step, … below `end`. */
interface Share {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/**
 * The load of each rank for each split. Yields the share done every few milliseconds.
 * `allowedOfQuery`: as in `Tally`. `ranks` within RANKS.
 */
export function* shardWork(
  body: Expr | null,
  m: BlockMask,
  allowedOfQuery: Float64Array | null,
  ranks: number,
): Generator<number, ShardReport> {
  const before = blocksBefore(m);
  const whole = before[before.length - 1] ?? 0;
  const elementsBefore = allowedOfQuery === null ? null : prefixSums(allowedOfQuery);
  const splits: SplitLoad[] = [];
  for (const split of SPLITS) {
    const spend = budgetOf(BUDGET);
    const loads: RankLoad[] = [];
    for (let rank = 0; rank < ranks; rank++) {
      let tokens = 0;
      let blocks: number | null = 0;
      let elements = 0;
      for (const share of sharesOf(split, rank, ranks, m.qLen)) {
        tokens += Math.max(0, Math.ceil((share.end - share.first) / share.step));
        const mine: number | null = yield* during(blocksOf(body, m, share, before, spend), (splits.length + rank / ranks) / SPLITS.length);
        blocks = mine === null || blocks === null ? null : blocks + mine;
        elements += elementsOf(share, allowedOfQuery, elementsBefore);
      }
      if (blocks === null) break;
      loads.push({ tokens, blocks, elements: allowedOfQuery === null ? null : elements });
      yield (splits.length + rank / ranks) / SPLITS.length;
    }
    splits.push(summarised(split, loads.length === ranks ? loads : null, whole));
  }
  return { ranks, splits };
}

function summarised(split: Split, ranks: readonly RankLoad[] | null, whole: number): SplitLoad {
  if (ranks === null) return { split, ranks, imbalance: 1, elementImbalance: null, overhead: 1 };
  const blocks = ranks.map((r) => r.blocks);
  const elements = ranks.flatMap((r) => (r.elements === null ? [] : [r.elements]));
  const total = blocks.reduce((a, b) => a + b, 0);
  return {
    split,
    ranks,
    imbalance: slowestOverMean(blocks),
    elementImbalance: elements.length < ranks.length ? null : slowestOverMean(elements),
    overhead: whole === 0 ? 1 : total / whole,
  };
}

function slowestOverMean(loads: readonly number[]): number {
  const total = loads.reduce((a, b) => a + b, 0);
  return total === 0 ? 1 : (Math.max(...loads) * loads.length) / total;
}

/** The queries of a rank. Lengths that do not divide give ranks of lengths that differ by one. */
function sharesOf(split: Split, rank: number, ranks: number, qLen: number): readonly Share[] {
  const piece = (i: number, n: number): Share => ({ first: Math.floor((i * qLen) / n), end: Math.floor(((i + 1) * qLen) / n), step: 1 });
  switch (split) {
    case "contiguous":
      return [piece(rank, ranks)];
    case "striped":
      return [{ first: rank, end: qLen, step: ranks }];
    case "zig-zag":
      return [piece(rank, 2 * ranks), piece(2 * ranks - 1 - rank, 2 * ranks)];
  }
}

/** Blocks of all rows before each row of the grid, batches and heads together. */
function blocksBefore(m: BlockMask): Float64Array {
  const rows = queryBlocks(m);
  const counts = new Float64Array(rows);
  for (let plane = 0; plane < m.batch * m.heads; plane++) {
    for (let row = 0; row < rows; row++) {
      forEachRun(m.rows, plane * rows + row, (first, end) => {
        counts[row] = (counts[row] ?? 0) + end - first;
      });
    }
  }
  return prefixSums(counts);
}

function prefixSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] ?? 0) + (values[i] ?? 0);
  return sums;
}

function elementsOf({ first, end, step }: Share, ofQuery: Float64Array | null, before: Float64Array | null): number {
  if (ofQuery === null || before === null) return 0;
  if (step === 1) return (before[end] ?? 0) - (before[first] ?? 0);
  let sum = 0;
  for (let q = first; q < end; q += step) sum += ofQuery[q] ?? 0;
  return sum;
}

/** The steps of another, told as the share done. */
function* during<T>(steps: Generator<undefined, T>, fraction: number): Generator<number, T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    yield fraction;
  }
}

/** Blocks of the mask of these queries alone; null where `spend` ends it. */
function* blocksOf(
  body: Expr | null,
  m: BlockMask,
  { first, end, step }: Share,
  before: Float64Array,
  spend: () => boolean,
): Generator<undefined, number | null> {
  if (end <= first) return 0;
  const [blockQ] = m.blockSize;
  // On the grid the rows are those of the whole mask.
  if (step === 1 && first % blockQ === 0 && (end % blockQ === 0 || end === m.qLen)) {
    return (before[Math.ceil(end / blockQ)] ?? 0) - (before[first / blockQ] ?? 0);
  }
  const size = { batch: m.batch, heads: m.heads, qLen: Math.ceil((end - first) / step), kvLen: m.kvLen };
  return yield* visitedBlocks(body === null ? null : withQueries(body, first, step), size, m.blockSize, spend);
}

/** `body` where query i stands for query first + i · step. */
function withQueries(body: Expr, first: number, step: number): Expr {
  const q = variable("q_idx");
  const scaled = step === 1 ? q : binary("mul", q, constant(step, "i64"));
  const moved = first === 0 ? scaled : binary("add", scaled, constant(first, "i64"));
  return rewrite(body, (e) => (e === q ? moved : e));
}
