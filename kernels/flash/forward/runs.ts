/**
 * The walk over the block mask's runs, as WGSL: empty blocks are never visited, full ones run without mask_mod, partial
 * ones with it. Without a mask_mod there is one loop for both, which only watches for the end of KV: a second copy would
 * cost compile time and win nothing. In: one step of a family's loop, or its whole loop over the keys of a run. The names
 * that the text wants (`runs`, `params`, `q_tile`, `b`, `h`) are the frame's.
 */
import { source } from "../../emit/source.ts";
import type { EmittedMods } from "../../emit/wgsl.ts";
import { type BlockMask, FULL } from "../../mask/blockMask.ts";

/**
 * What `runs` holds: for each row of blocks where its full runs and its partial ones start, then the runs, those of a row
 * by kind. One buffer, since devices promise eight. Runs of one kind lie side by side so that a step finds the next one
 * without a search: SwiftShader executes what stands in an `if` in every step, and a search took 1.05 times as long.
 */
export function packRuns({ rows: { rowStart, runs } }: Pick<BlockMask, "rows">): Int32Array<ArrayBuffer> {
  const rows = rowStart.length - 1;
  const starts = new Int32Array(2 * rows + 1);
  const sorted = new Int32Array(runs.length);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const [from, to] = [rowStart[row] ?? 0, rowStart[row + 1] ?? 0];
    for (const isFull of [true, false]) {
      starts[2 * row + (isFull ? 0 : 1)] = at;
      for (let r = from; r < to; r++) {
        if ((runs[3 * r + 2] === FULL) !== isFull) continue;
        for (let i = 0; i < 3; i++) sorted[3 * at + i] = runs[3 * r + i] ?? 0;
        at++;
      }
    }
  }
  starts[2 * rows] = at;
  const packed = new Int32Array(starts.length + sorted.length);
  packed.set(starts);
  packed.set(sorted, starts.length);
  return packed;
}

/** Statements of one step; `masked`: some keys may be masked or beyond KV_LEN. */
type Step = (masked: boolean) => string;
type Mods = Pick<EmittedMods, "hasMaskMod">;

/** The glossary's line. */
export const RUNS_ABOUT =
  "// runs        block mask: for each row of blocks where its full and partial runs start, then all: first block, end, 1 if full";

/** What the uniform holds of the mask. */
export const MASK_FIELDS = `MASK_BATCH: u32,  // 1 where all batches share the block mask; heads likewise
MASK_HEADS: u32,
MASK_ROWS: u32,
SPARSE_Q_BLOCK_SIZE: u32,
SPARSE_KV_BLOCK_SIZE: u32,`;

/** Whether full blocks and partial ones have loops of their own; else one serves both, or there is no mask. */
export const walksByKind = (step: Step | string, mods: Mods): step is Step => mods.hasMaskMod && typeof step !== "string";

/** The function of a kernel whose full blocks and partial ones have loops of their own. */
export const RUN_AT = `// Where a walk over the runs of one kind stands; key == end: they are through.
struct Run {
  key: u32,
  end: u32,
  next: u32,  // where in runs it goes on
}

// The run at \`at\`, of one row and kind, whose runs end at \`last\`.
fn run_at(at: u32, last: u32) -> Run {
  let start = runs[at] * params.SPARSE_KV_BLOCK_SIZE;
  let end = min(runs[at + 1u] * params.SPARSE_KV_BLOCK_SIZE, params.KV_LEN);
  return Run(start, select(start, end, at < last), at + 3u);
}`;

/** The walk over the block mask's runs; wants RUN_AT where `walksByKind`. */
export function emitRuns(step: Step | string, mods: Mods): string {
  return source`
    let mask_head = (u32(b) % params.MASK_BATCH) * params.MASK_HEADS + u32(h) % params.MASK_HEADS;
    let mask_row = mask_head * params.MASK_ROWS + q_tile * BLOCK_M / params.SPARSE_Q_BLOCK_SIZE;
    let first_run = 2u * params.MASK_BATCH * params.MASK_HEADS * params.MASK_ROWS + 1u;
    ${walksByKind(step, mods) ? emitKinds(step) : emitNested(step, mods)}`;
}

/**
 * All full blocks, then all partial ones, each in one loop over steps. With a loop over runs around both, SwiftShader
 * merges the whole accumulator lane by lane wherever a run begins and ends: causal took 1.07 times as long at 256 keys.
 */
function emitKinds(step: Step): string {
  const loop = (masked: boolean, from: string, last: string): string => source`
    for (var run = run_at(${from}, ${last}); run.key < run.end;) {
      let key = run.key;
      ${step(masked)}
      run.key += BLOCK_N;
      if (run.key >= run.end) {
        run = run_at(run.next, ${last});
      }
    }`;
  return source`
    let full_runs = first_run + 3u * runs[2u * mask_row];
    let partial_runs = first_run + 3u * runs[2u * mask_row + 1u];
    let row_end = first_run + 3u * runs[2u * mask_row + 2u];
    // Full blocks: every element is allowed, mask_mod is not asked.
    ${loop(false, "full_runs", "partial_runs")}
    // Partial blocks: mask_mod decides, and keys beyond KV_LEN are masked.
    ${loop(true, "partial_runs", "row_end")}`;
}

/** Run by run, for families whose one loop serves both kinds and where there is no mask. */
const emitNested = (step: Step | string, mods: Mods): string => source`
  for (var r = runs[2u * mask_row]; r < runs[2u * mask_row + 2u]; r++) {
    let run = first_run + 3u * r;
    let run_start = runs[run] * params.SPARSE_KV_BLOCK_SIZE;
    let run_end = min(runs[run + 1u] * params.SPARSE_KV_BLOCK_SIZE, params.KV_LEN);
    ${typeof step === "string" ? step : emitRun(mods, "key", "BLOCK_N", step)}
  }`;

/**
 * The walk over one run of the block mask: `variable` goes from `run_start` to `run_end` in keys, `stride` (WGSL) at a
 * time. Without a mask_mod one loop serves both kinds of block.
 */
export function emitRun(mods: Mods, variable: string, stride: string, step: Step): string {
  const loop = (masked: boolean): string => source`
    for (var ${variable} = run_start; ${variable} < run_end; ${variable} += ${stride}) {
      ${step(masked)}
    }`;
  if (!mods.hasMaskMod) return loop(true);
  return source`
    if (runs[run + 2u] == 1u) {
      // Full blocks: every element is allowed, mask_mod is not asked.
      ${loop(false)}
    } else {
      // Partial blocks: mask_mod decides, and keys beyond KV_LEN are masked.
      ${loop(true)}
    }`;
}
