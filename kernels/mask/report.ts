/**
 * The structure report: what a mask's blocks cost and what would make them cost less, put together from rowLoads.ts,
 * blockSizes.ts, sharding.ts and reorder.ts as one piece of data, and that data as text for a terminal and as JSON for programs.
 * Made in steps, so that whoever draws it can stop between them.
 */
import type { Expr } from "../ir/expr.ts";
import { type BlockCounts, type BlockMask, blockSparsity, countBlocks } from "./blockMask.ts";
import { type Tally, tallySizes } from "./blockSizes.ts";
import { type ReorderReport, reorderings } from "./reorder.ts";
import { type RowLoads, rowLoads } from "./rowLoads.ts";
import { type ShardReport, shardWork } from "./sharding.ts";
import { adviseSize, COST_MODEL, type SizeAdvice } from "./sizeAdvice.ts";

export interface StructureReport {
  readonly name: string;
  /** [batch, heads, Q_LEN, KV_LEN] that are stored: 1 where the mask is the same for all. */
  readonly shape: readonly [batch: number, heads: number, qLen: number, kvLen: number];
  readonly blockSize: readonly [q: number, kv: number];
  readonly blocks: BlockCounts;
  readonly sparsity: { readonly blocks: number; readonly elements: number };
  readonly rows: RowLoads;
  readonly tally: Tally;
  /** null where nothing is visited. */
  readonly advice: SizeAdvice | null;
  readonly shards: ShardReport;
  readonly reorder: ReorderReport;
}

/** What is done now, and how much of it, 0 to 1. */
export interface ReportStep {
  readonly stage: "block sizes" | "ranks" | "orders of tokens";
  readonly fraction: number;
}

/**
 * The report of the mask `m` of `body`, in steps of some milliseconds. `name` is the mod's, for the Python of a better
 * order; `ranks` lies within RANKS. `known`: a report of the same mask, whatever its ranks.
 */
export function* structureReport(
  body: Expr | null,
  m: BlockMask,
  name: string,
  ranks: number,
  known: Pick<StructureReport, "tally" | "reorder"> | null = null,
): Generator<ReportStep, StructureReport> {
  const tally = known?.tally ?? (yield* staged("block sizes", tallySizes(body, m)));
  const shards = yield* staged("ranks", shardWork(body, m, tally.allowedOfQuery, ranks));
  const reorder = known?.reorder ?? (yield* staged("orders of tokens", reorderings(body, m, name)));
  const cells = m.batch * m.heads * m.qLen * m.kvLen;
  return {
    name,
    shape: [m.batch, m.heads, m.qLen, m.kvLen],
    blockSize: m.blockSize,
    blocks: countBlocks(m),
    sparsity: { blocks: blockSparsity(m), elements: cells === 0 ? 0 : Math.min(1, Math.max(0, 1 - tally.allowed / cells)) },
    rows: rowLoads(m),
    tally,
    advice: adviseSize(tally, m.blockSize),
    shards,
    reorder,
  };
}

function* staged<T>(stage: ReportStep["stage"], steps: Generator<number, T>): Generator<ReportStep, T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    yield { stage, fraction: step.value };
  }
}

/** What is not all is never shown as all, nor what is something as nothing. */
const percent = (x: number): string => {
  const held = x > 0 && x < 0.0005 ? 0.001 : x < 1 && x > 0.9995 ? 0.999 : x;
  return `${(100 * held).toFixed(1)} %`;
};
const whole = (n: number): string => String(Math.round(n));
/** At most two places. */
const short = (x: number): string => String(Math.round(100 * x) / 100);

/** The slowest over the mean, as what it takes longer. */
export const excess = (imbalance: number): string => `+${percent(Math.max(0, imbalance - 1))}`;

/** How the report came by its numbers where it did not count all; "" where it did. */
export function sampleNote({ sampled }: Pick<Tally, "sampled">): string {
  return sampled === 1 ? "" : `estimated from ${percent(sampled)} of the rows`;
}

/** One sentence on the order of the tokens. */
export function orderSentence({ best, blocks, tried }: ReorderReport): string {
  if (best?.blocks != null) {
    return `Tokens in ${best.name} would visit ${whole(best.blocks)} blocks instead of ${whole(blocks)}: ${percent(1 - best.blocks / blocks)} fewer.`;
  }
  if (tried.length === 0) return "The mask speaks of no grid (`// W` with `% W`) and no period: there is no order to try.";
  const measured = tried.flatMap((t) => (t.blocks === null ? [] : [t.blocks]));
  if (measured.length === 0) return `${tried.map((t) => t.name).join(", ")}: each would take too long to build at this length.`;
  return `No order tried saves a tenth of the ${whole(blocks)} blocks; the best has ${whole(Math.min(...measured))}.`;
}

/** The report for a terminal. */
export function reportText(r: StructureReport): string {
  const { blocks, rows, tally, shards, reorder } = r;
  const widest = Math.max(1, ...rows.histogram.map((bar) => bar.rows));
  const bars = rows.histogram.map(({ from, to, rows: n }): readonly string[] => [
    from === to ? whole(from) : `${from} to ${to}`,
    n === 0 ? "" : "█".repeat(Math.max(1, Math.round((24 * n) / widest))),
    whole(n),
  ]);
  const label = Math.max(...bars.map(([range = ""]) => range.length), 0);
  const note = sampleNote(tally);
  return [
    `${r.name}: ${r.shape.slice(2).join(" × ")} in blocks of ${r.blockSize.join(" × ")}`,
    `blocks skipped   ${percent(r.sparsity.blocks)}  (${blocks.full} full, ${blocks.partial} partial, ${blocks.empty} empty of ${blocks.total})`,
    `elements masked  ${percent(r.sparsity.elements)}${note === "" ? "" : `  (${note})`}`,
    "",
    `Blocks a row: ${rows.min} least, ${short(rows.median)} median, ${rows.max} most; the fullest row takes ${short(rows.imbalance)} times the mean${
      rows.empty === 0 ? "" : `; ${rows.empty} rows have none`
    }`,
    ...bars.map(([range = "", bar = "", n = ""]) => `  ${range.padStart(label)}  ${bar} ${n}`),
    "",
    `Block size${note === "" ? "" : ` (${note})`}: ${COST_MODEL}`,
    ...table([
      ["size", "full", "partial", "computed, then masked", "cost"],
      ...tally.sizes.map((s) => [whole(s.size), whole(s.full), whole(s.partial), percent(s.waste), whole(s.cost)]),
    ]),
    ...(r.advice === null ? [] : [r.advice.reason]),
    "",
    `Over ${shards.ranks} ranks, the slowest above the mean:`,
    ...table([
      ["", "blocks", "elements", "blocks in all"],
      ...shards.splits.map((s) =>
        s.ranks === null
          ? [s.split, "too long to build", "", ""]
          : [
              s.split,
              excess(s.imbalance),
              s.elementImbalance === null ? "not counted" : excess(s.elementImbalance),
              `×${short(s.overhead)}`,
            ],
      ),
    ]),
    "",
    orderSentence(reorder),
    ...table(reorder.tried.map((t) => [t.name, t.blocks === null ? "too long to build" : `${t.blocks} blocks`])),
    ...(reorder.python === null ? [] : ["", reorder.python.trimEnd()]),
  ].join("\n");
}

/** Columns set off by two spaces, the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")}`.trimEnd(),
  );
}

/** The report for programs; keys are snake case, as PyTorch's own. */
export function reportJson(r: StructureReport): object {
  const { rows, tally, shards, reorder } = r;
  return {
    name: r.name,
    shape: r.shape,
    block_size: r.blockSize,
    blocks: r.blocks,
    sparsity: r.sparsity,
    rows: {
      min: rows.min,
      median: rows.median,
      max: rows.max,
      mean: rows.mean,
      imbalance: rows.imbalance,
      empty: rows.empty,
      histogram: rows.histogram,
    },
    block_sizes: tally.sizes,
    sampled: tally.sampled,
    cost_model: COST_MODEL,
    best_block_size: r.advice?.best.size ?? null,
    reason: r.advice?.reason ?? null,
    ranks: shards.ranks,
    splits: shards.splits.map((s) => ({
      split: s.split,
      imbalance: s.imbalance,
      element_imbalance: s.elementImbalance,
      block_overhead: s.overhead,
      ranks: s.ranks,
    })),
    reorder: {
      blocks: reorder.blocks,
      tried: reorder.tried.map(({ name, blocks }) => ({ name, blocks })),
      best: reorder.best?.name ?? null,
      python: reorder.python,
    },
  };
}
