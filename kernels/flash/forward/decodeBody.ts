/**
 * What the threads of the decode kernel's workgroup do: the quad kernel's step where there are subgroups, the row
 * kernel's where there are none, with the packed rows of a key head in place of the rows of one query head. In: a
 * variant, a problem, a device's limits. Out: pieces of WGSL for decode.ts.
 *
 * All quads (or threads) of a workgroup have the same rows and different keys, side by side; they go round the loop
 * together, so that no quad operation stands in divergent control flow and neighbours read neighbouring keys.
 */
import { source } from "../../emit/source.ts";
import type { Variant } from "../../ir/mod.ts";
import type { DeviceLimits } from "../plan.ts";
import type { Problem } from "../problem.ts";
import {
  openQuads,
  QUAD_ENABLE,
  QUAD_KEYS,
  QUAD_LANE,
  type QuadShape,
  quadFunctions,
  quadShape,
  quadTile,
  rowOf,
  stepQuads,
} from "./quad.ts";
import { openRows, type RowShape, rowShape, rowTile, stepRows } from "./row.ts";

/** A family's part of the decode kernel. */
export interface DecodeBody {
  /** Packed rows of a workgroup. */
  readonly rows: number;
  readonly workgroupSize: number;
  /** Parts of a split: each leaves a state of its own. */
  readonly parts: number;
  /** Who has a part: `quad` or `thread`. */
  readonly unit: "quad" | "thread";
  /** WGSL: which part is this thread's. */
  readonly part: string;
  /** Keys that a workgroup takes at once. */
  readonly stride: number;
  readonly enable: string;
  readonly about: readonly string[];
  readonly functions: string;
  readonly builtins: readonly string[];
  readonly open: string;
  /** One step over the keys from `first_key`. */
  readonly step: (masked: boolean) => string;
  /** Writes the part's state and accumulator. */
  readonly close: string;
}

/**
 * The body for the device. A tile has as many rows as there are, in powers of two up to what the family's registers
 * hold: the text depends on the lengths by that alone.
 */
export function decodeBody(variant: Variant, problem: Problem, limits: Pick<DeviceLimits, "software" | "subgroups">): DecodeBody {
  const packed = (problem.qHeads / problem.kvHeads) * problem.qLen;
  const fitting = (least: number, most: number): number => {
    let rows = least;
    while (rows < packed && rows < most) rows *= 2;
    return rows;
  };
  return limits.subgroups
    ? quadBody(variant, problem, fitting(4, quadTile(problem, limits).rows), limits)
    : rowBody(variant, problem, fitting(1, rowTile(problem, limits).rows), limits);
}

/** Head and query of the packed row at `row`: head by head, each with its queries. */
const index = (n: number, row: string): string => source`
  let packed${n} = min(${row}, last_row);
  let h${n} = i32(first_head + packed${n} / params.Q_LEN);
  let q_idx${n} = i32(packed${n} % params.Q_LEN);`;

/** Finds a packed row in Q. */
const PACKED_ROW = `// Where a packed row of Q begins: head by head from the first of the key head's, each with its queries.
fn packed_row(q_base: u32, packed: u32) -> u32 {
  return q_base + packed / params.Q_LEN * params.Q.head + packed % params.Q_LEN * params.Q.row;
}`;

function quadBody(variant: Variant, problem: Problem, rows: number, limits: Pick<DeviceLimits, "software">): DecodeBody {
  const workgroupSize = limits.software ? 16 : 32;
  const parts = workgroupSize / 4;
  const shape: QuadShape = {
    ...quadShape(problem, rows, variant),
    firstRow: `row_tile * ROWS`,
    qRow: (row) => `packed_row(q_base, min(${row}, last_row))`,
    index,
    head: (g) => `h${g}`,
    ownKeys: true,
  };
  return {
    rows,
    workgroupSize,
    parts,
    unit: "quad",
    part: "thread >> 2u",
    stride: parts * QUAD_KEYS.length,
    enable: QUAD_ENABLE,
    about: [
      `All ${parts} quads of a workgroup have the same ${rows} packed rows, each its own four keys of every ${parts * QUAD_KEYS.length}. Lane c of a quad`,
      "holds the vec4f chunks c, c + 4, … of each row of q and of the accumulator, and reads only those chunks of K and V.",
      "After the dot products the quad adds up its partial sums so that lane c has the scores of rows c, 4 + c, …, does",
      "their softmax, and swaps p with the others.",
      "",
      "q2_1        row c ^ 2 of the tile, this lane's chunk 1; o2_1 the accumulator likewise",
      "t1          scores of row 4 + c (group 1) with the four keys of the step; p1, m1, l1, alpha1, h1, q_idx1 likewise",
    ],
    functions: `${PACKED_ROW}\n\n${quadFunctions(limits)}`,
    builtins: [QUAD_LANE],
    open: openQuads(shape),
    step: (masked) => `let key = first_key + ${QUAD_KEYS.length}u * part;\n${stepQuads(shape, masked)}`,
    close: closeQuads(shape),
  };
}

function closeQuads(s: QuadShape): string {
  const chunk = (x: number): string => (x === 0 ? "c" : `c + ${4 * x}u`);
  const write = (r: number, x: number): string => {
    const line = `PART_OUT[part_row + ${chunk(x)}] = o${r}_${x};`;
    return 4 * x + 3 < s.dv4 ? line : `if (${chunk(x)} < DV4) {\n  ${line}\n}`;
  };
  return source`
    ${s.rows.map(
      (r) => source`
        if (${rowOf(r)} <= last_row) {
          let part_row = ((row_base + ${rowOf(r)}) * parts + own_part) * DV4;
          ${s.vChunks.map((x) => write(r, x))}
        }`,
    )}
    ${s.groups.map(
      (g) => source`
        if (first_row + c + ${4 * g}u <= last_row) {
          PART_STATE[(row_base + first_row + c + ${4 * g}u) * parts + own_part] = vec2f(m${g}, l${g});
        }`,
    )}`;
}

function rowBody(variant: Variant, problem: Problem, rows: number, limits: Pick<DeviceLimits, "software">): DecodeBody {
  const workgroupSize = limits.software ? 16 : 32;
  const tile = { rows, keys: 2, workgroupSize };
  const shape: RowShape = {
    ...rowShape(problem, tile, variant),
    rowAt: (r) => `row_tile * ROWS + ${r}u`,
    qRow: (r) => `packed_row(q_base, packed${r})`,
    index: (r) => index(r, `row${r}`),
    head: (r) => `h${r}`,
    ownKeys: true,
  };
  return {
    rows,
    workgroupSize,
    parts: workgroupSize,
    unit: "thread",
    part: "thread",
    stride: workgroupSize * tile.keys,
    enable: "",
    about: [
      `All threads of a workgroup have the same ${rows === 1 ? "packed row" : `${rows} packed rows`}, each its own two keys of every ${workgroupSize * tile.keys}; q and the`,
      "accumulator stay in registers.",
      "",
      "q2_1        chunk 1 of row 2 of the tile; o2_1 the accumulator likewise",
      "t1_0        score of row 1 with key 0 of the step; m1, l1, alpha1, p1_0, h1, q_idx1 likewise",
    ],
    functions: PACKED_ROW,
    builtins: [],
    open: openRows(shape),
    step: (masked) => `let key = first_key + ${tile.keys}u * part;\n${stepRows(shape, masked)}`,
    close: source`
      ${shape.rows.map(
        (r) => source`
          if (row${r} <= last_row) {
            let part_row = ((row_base + row${r}) * parts + own_part) * DV4;
            ${shape.vChunks.map((x) => `PART_OUT[part_row + ${x}u] = o${r}_${x};`)}
            PART_STATE[(row_base + row${r}) * parts + own_part] = vec2f(m${r}, l${r});
          }`,
      )}`,
  };
}
