/**
 * The row kernel: each thread has whole query rows, q and the accumulator in registers, and reads K and V straight from
 * storage at addresses that the whole workgroup shares. No subgroups, no workgroup memory, no barrier: it runs on every
 * device, and is what the others are judged by.
 */
import { source } from "../../emit/source.ts";
import type { Variant } from "../../ir/mod.ts";
import type { BlockMask } from "../../mask/blockMask.ts";
import type { DeviceLimits, Planned } from "../plan.ts";
import type { Problem } from "../problem.ts";
import { emitWeight } from "../step.ts";
import { type Storage, storageOf } from "../storage.ts";
import { type ForwardTemplate, planForward } from "./frame.ts";

/** How a problem is cut for the row kernel. */
export interface RowTile {
  /** Query rows of a thread. */
  readonly rows: number;
  /** Keys of a step. */
  readonly keys: number;
  readonly workgroupSize: number;
}

/**
 * The default tile. Software adapters: as many rows as 64 vec4 of q hold, four at most (measured on SwiftShader and
 * lavapipe). GPUs: one row a thread, so that registers do not spill.
 */
export function rowTile(problem: Problem, limits: Pick<DeviceLimits, "software">): RowTile {
  const d4 = Math.ceil(Math.max(problem.qkHeadDim, problem.vHeadDim) / 4);
  let rows = limits.software ? 4 : 1;
  while (rows > 1 && rows * d4 > 64) rows /= 2;
  return { rows, keys: 2, workgroupSize: limits.software ? 16 : 64 };
}

/** Plans the row kernel, or says why the device cannot run it. */
export function planRow(
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks?: BlockMask,
  tile = rowTile(problem, limits),
): Planned {
  return planForward(rowTemplate(problem, tile, variant), variant, problem, limits, blocks);
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** What the row kernel's text depends on; the decode kernel gives its own. */
export interface RowShape {
  readonly rows: readonly number[];
  /** Position of the thread's row r among the rows that follow `row_base`. */
  readonly rowAt: (r: number) => string;
  /** Where that row of Q begins. */
  readonly qRow: (r: number) => string;
  /** Head and query of row r: declares `q_idx${r}`, and `head(r)` where it is no name of the frame's. */
  readonly index: (r: number) => string;
  readonly head: (r: number) => string;
  readonly keys: readonly number[];
  readonly qkChunks: readonly number[];
  readonly vChunks: readonly number[];
  readonly storage: Storage;
  /** Threads of a workgroup have keys of their own: the first key of a step may lie beyond the end as well. */
  readonly ownKeys: boolean;
  /** e to the difference of two scores. */
  readonly weight: (difference: string) => string;
}

/** The shape of the row kernel with the rows of one head; what differs elsewhere is laid over it. */
export function rowShape(problem: Problem, tile: RowTile, variant: Pick<Variant, "scoreMod">): RowShape {
  return {
    rows: range(tile.rows),
    rowAt: (r) => `q_tile * BLOCK_M + ${r * tile.workgroupSize}u + thread`,
    qRow: (r) => `q_base + min(row${r}, last_row) * params.Q.row`,
    index: (r) => `let q_idx${r} = i32(row${r});`,
    head: () => "h",
    keys: range(tile.keys),
    qkChunks: range(Math.ceil(problem.qkHeadDim / 4)),
    vChunks: range(Math.ceil(problem.vHeadDim / 4)),
    storage: storageOf(problem),
    ownKeys: false,
    weight: (difference) => emitWeight({ hasScoreMod: variant.scoreMod !== null }, difference),
  };
}

/** The row kernel's part of the text. */
export function rowTemplate(problem: Problem, tile: RowTile, variant: Pick<Variant, "scoreMod">): ForwardTemplate {
  const shape = rowShape(problem, tile, variant);
  const rows = tile.workgroupSize * tile.rows;
  return {
    engine: "row",
    blockM: rows,
    blockN: tile.keys,
    workgroupSize: tile.workgroupSize,
    tile: `${rows} rows × ${tile.keys} keys, ${tile.rows} ${tile.rows === 1 ? "row" : "rows"} a thread`,
    enable: "",
    about: [
      `A thread has ${tile.rows === 1 ? "one query row" : `${tile.rows} query rows, ${tile.workgroupSize} apart`}; q and the accumulator stay in its registers. K and V are read from`,
      "storage, the same address for the whole workgroup.",
      "",
      "q2_1        chunk 1 of the thread's row 2; o2_1 the accumulator likewise",
      "t1_0        score of row 1 with key 0 of the step; m1, l1, alpha1, p1_0 likewise",
    ],
    functions: "",
    builtins: [],
    open: openRows(shape),
    step: (masked) => stepRows(shape, masked),
    close: close(shape),
  };
}

/** Statements before the walk: the rows' q in registers, m, l, accumulators. Wants `q_base`, `last_row`. */
export function openRows(s: RowShape): string {
  return source`
    ${s.rows.map(
      (r) => source`

        let row${r} = ${s.rowAt(r)};
        ${s.index(r)}
        let q${r}_row = ${s.qRow(r)};
        ${s.qkChunks.map((x) => `let q${r}_${x} = ${s.storage.load(`Q[q${r}_row + ${x}u]`)} * params.SM_SCALE;`)}
        ${s.vChunks.map((x) => `var o${r}_${x} = vec4f();`)}
        var m${r} = NEG_INF;
        var l${r} = 0.0;`,
    )}`;
}

/** One step over the keys from `key`; `masked`: some may be masked or beyond `last_key`. Wants `k_base`, `k_step`, and of v. */
export function stepRows(s: RowShape, masked: boolean): string {
  const mayEnd = (j: number): boolean => masked && (j > 0 || s.ownKeys);
  const keyIndex = (j: number): string => {
    const index = j === 0 ? "key" : `key + ${j}u`;
    return mayEnd(j) ? `min(${index}, last_key)` : j === 0 ? index : `(${index})`;
  };
  const score = (r: number, j: number): string => {
    const whole = `${masked ? "masked_score" : "full_score"}(s${r}_${j}, b, ${s.head(r)}, q_idx${r}, kv_idx${j})`;
    return mayEnd(j) ? `select(NEG_INF, ${whole}, kv_idx${j} <= i32(last_key))` : whole;
  };
  const max = (r: number): string => s.keys.reduce((inner, j) => `max(${inner}, t${r}_${j})`, `m${r}`);
  const sum = (r: number, x: number): string =>
    s.keys.reduce((inner, j) => `fma(vec4f(p${r}_${j}), v${j}, ${inner})`, `o${r}_${x} * alpha${r}`);
  return source`
    // Scores of ${s.keys.length} keys.
    ${s.keys.map(
      (j) => source`
        let kv_idx${j} = i32(key)${j === 0 ? "" : ` + ${j}`};
        let k${j}_row = k_base + ${keyIndex(j)} * k_step;
        let v${j}_row = v_base + ${keyIndex(j)} * v_step;
        ${s.rows.map((r) => `var s${r}_${j} = 0.0;`).join(" ")}`,
    )}
    ${s.qkChunks.map((x) =>
      s.keys
        .map(
          (j) => source`
          {
            let k = ${s.storage.load(`K[k${j}_row + ${x}u]`)};
            ${s.rows.map((r) => `s${r}_${j} += dot(q${r}_${x}, k);`)}
          }`,
        )
        .join("\n"),
    )}

    // Online softmax.
    ${s.rows.map(
      (r) => source`
        ${s.keys.map((j) => `let t${r}_${j} = ${score(r, j)};`)}
        let new_m${r} = ${max(r)};
        let alpha${r} = ${s.weight(`m${r} - new_m${r}`)};
        m${r} = new_m${r};
        ${s.keys.map((j) => `let p${r}_${j} = ${s.weight(`t${r}_${j} - m${r}`)};`)}
        l${r} = l${r} * alpha${r} + (${s.keys.map((j) => `p${r}_${j}`).join(" + ")});`,
    )}

    // The accumulator.
    ${s.vChunks.map(
      (x) => source`
        {
          ${s.keys.map((j) => `let v${j} = ${s.storage.load(`V[v${j}_row + ${x}u]`)};`)}
          ${s.rows.map((r) => `o${r}_${x} = ${sum(r, x)};`)}
        }`,
    )}`;
}

function close(s: RowShape): string {
  return source`
    ${s.rows.map(
      (r) => source`
        if (row${r} < params.Q_LEN) {
          let scale = row_scale(m${r}, l${r});
          let out_row = out_base + row${r} * params.OUT.row;
          ${s.vChunks.map((x) => `OUT[out_row + ${x}u] = ${s.storage.store(`row_output(o${r}_${x}, scale)`)};`)}
          LSE[row_base + row${r}] = row_lse(m${r}, l${r});
          LSE[params.ROWS + row_base + row${r}] = row_max(m${r});
        }`,
    )}`;
}
