/**
 * The quad kernel: the four lanes of a quad share R query rows and split the head dim. Lane c holds the vec4 chunks
 * c, c + 4, c + 8, … of q and of the accumulator in registers, and reads only its own chunks of K and V, straight from
 * storage (64 contiguous bytes a quad). Partial dot products are added up across the quad, which leaves each lane with a
 * quarter of the rows to do the softmax of; p and alpha go back to the other lanes.
 *
 * Lanes number their rows differently: register r of lane c is row c ^ r. The row that lane c ends up with is then in the
 * same register of every lane at the same distance, and sums, p and alpha all travel by quad swaps without a choice. With
 * one numbering for all (a choice before each swap, p and alpha by quadBroadcast) SwiftShader ran 1.08 times the instructions.
 *
 * No workgroup memory, no barrier, any subgroup size from four. Needs the feature `subgroups`.
 *
 * The accumulator is rescaled in every step: asking the subgroup first whether any maximum grew was measured, and took
 * 1.2 times as long on SwiftShader.
 */
import { source } from "../../emit/source.ts";
import type { Variant } from "../../ir/mod.ts";
import type { BlockMask } from "../../mask/blockMask.ts";
import type { DeviceLimits, Planned } from "../plan.ts";
import type { Problem } from "../problem.ts";
import { emitWeight } from "../step.ts";
import { type Storage, storageOf } from "../storage.ts";
import { type ForwardTemplate, planForward } from "./frame.ts";

/** How a problem is cut for the quad kernel. */
export interface QuadTile {
  /** Query rows of a quad: a multiple of four. */
  readonly rows: number;
  /** Invocations of a workgroup: a multiple of four. */
  readonly workgroupSize: number;
}

/**
 * The default tile. Software adapters: as many rows as 64 chunks of q hold, 16 at most, in small workgroups (measured on
 * SwiftShader and lavapipe). GPUs: 16 chunks of q and of the accumulator a lane, so that registers do not spill. Where the
 * mask's blocks are lower than the workgroup's rows, fewer quads, down to a subgroup's: blocks would be rounded up to them.
 */
export function quadTile(problem: Problem, limits: Pick<DeviceLimits, "software">): QuadTile {
  const chunks = Math.max(laneChunks(problem.qkHeadDim), laneChunks(problem.vHeadDim));
  const most = limits.software ? 64 : 16;
  let rows = limits.software ? 16 : 8;
  while (rows > 4 && rows * chunks > most) rows /= 2;
  let workgroupSize = limits.software ? 16 : 64;
  const least = limits.software ? 4 : 32;
  while (workgroupSize > least && (rows * workgroupSize) / 4 > problem.blockSize[0]) workgroupSize /= 2;
  return { rows, workgroupSize };
}

/** Plans the quad kernel, or says why the device cannot run it. */
export function planQuad(
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks?: BlockMask,
  tile = quadTile(problem, limits),
): Planned {
  if (!limits.subgroups) {
    return { kind: "refused", refusal: { engine: "quad", reason: "it needs the device feature `subgroups`, with at least four lanes" } };
  }
  return planForward(quadTemplate(problem, tile, variant, limits), variant, problem, limits, blocks);
}

/** Chunks of a row that one lane of the quad holds. */
const laneChunks = (headDim: number): number => Math.ceil(headDim / 16);

/** Keys of a step: the components of a vec4f of scores. */
export const QUAD_KEYS = [0, 1, 2, 3] as const;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** `text + n`, without adding zero. */
const plus = (text: string, n: number): string => (n === 0 ? text : `${text} + ${n}u`);

/** The quad kernel's part of the text. */
export function quadTemplate(
  problem: Problem,
  tile: QuadTile,
  variant: Pick<Variant, "scoreMod">,
  limits: Pick<DeviceLimits, "software">,
): ForwardTemplate {
  const quads = tile.workgroupSize / 4;
  const shape = quadShape(problem, tile.rows, variant);
  return {
    engine: "quad",
    blockM: quads * tile.rows,
    blockN: QUAD_KEYS.length,
    workgroupSize: tile.workgroupSize,
    tile: `${quads * tile.rows} rows × ${QUAD_KEYS.length} keys, ${tile.rows} rows a quad`,
    enable: QUAD_ENABLE,
    about: [
      `The four lanes of a quad share ${tile.rows} query rows. Lane c holds the vec4f chunks c, c + 4, … of each row of q and`,
      "of the accumulator, and reads only those chunks of K and V. After the dot products the quad adds up its partial",
      "sums so that lane c has the scores of rows c, 4 + c, …, does their softmax, and swaps p with the others.",
      "",
      "q2_1        row c ^ 2 of the quad, this lane's chunk 1; o2_1 the accumulator likewise",
      "t1          scores of row 4 + c (group 1) with the four keys of the step; p1 likewise, and m1, l1, alpha1 of that row",
    ],
    functions: quadFunctions(limits),
    builtins: [QUAD_LANE],
    open: openQuads(shape),
    step: (masked) => stepQuads(shape, masked),
    close: close(shape),
  };
}

/** What the quad kernel's text depends on; the decode kernel gives its own. */
export interface QuadShape {
  readonly rows: readonly number[];
  /** Position of the quad's first row among the rows that follow `row_base`. */
  readonly firstRow: string;
  /** Where the row of Q at that position begins. */
  readonly qRow: (row: string) => string;
  /** Head and query of the lane's row of group g, at `row`: declares `q_idx${g}`, and `head(g)` where it is no name of the frame's. */
  readonly index: (g: number, row: string) => string;
  readonly head: (g: number) => string;
  /** Groups of four rows: one row of each is the lane's own in the softmax. */
  readonly groups: readonly number[];
  readonly qkChunks: readonly number[];
  readonly vChunks: readonly number[];
  readonly d4: number;
  readonly dv4: number;
  readonly storage: Storage;
  /** Quads of a workgroup have keys of their own: the first key of a step may lie beyond the end as well. */
  readonly ownKeys: boolean;
  /** e to the difference of two scores. */
  readonly weight: (difference: string) => string;
}

/** The shape of the quad kernel with the rows of one head; what differs elsewhere is laid over it. */
export function quadShape(problem: Problem, rows: number, variant: Pick<Variant, "scoreMod">): QuadShape {
  return {
    rows: range(rows),
    firstRow: `q_tile * BLOCK_M + (thread >> 2u) * ${rows}u`,
    qRow: (row) => `q_base + min(${row}, last_row) * params.Q.row`,
    index: (g, row) => `let q_idx${g} = i32(${row});`,
    head: () => "h",
    groups: range(rows / 4),
    qkChunks: range(laneChunks(problem.qkHeadDim)),
    vChunks: range(laneChunks(problem.vHeadDim)),
    d4: Math.ceil(problem.qkHeadDim / 4),
    dv4: Math.ceil(problem.vHeadDim / 4),
    storage: storageOf(problem),
    ownKeys: false,
    weight: (difference) => emitWeight({ hasScoreMod: variant.scoreMod !== null }, difference),
  };
}

/** Directives of a kernel that uses quads. */
export const QUAD_ENABLE = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";
/** The parameter of `main` that it takes. */
export const QUAD_LANE = "@builtin(subgroup_invocation_id) lane: u32";

/**
 * Functions that the quad's step calls. Where multiply-adds are one instruction, values are added one after the other. On
 * software adapters the four products are summed first: the chain through the accumulator is shorter, and the kernel took
 * 0.87 times as long on lavapipe, 0.93 on SwiftShader, of the processor's own time.
 */
export const quadFunctions = ({
  software,
}: Pick<DeviceLimits, "software">): string => `// Lane c has a part of rows c, c ^ 1, c ^ 2 and c ^ 3, and gets the whole of row c.
fn quad_sum(own: f32, other1: f32, other2: f32, other3: f32) -> f32 {
  return (own + quadSwapX(other1)) + (quadSwapY(other2) + quadSwapDiagonal(other3));
}

// o + Σ p v over four keys.
fn add_values(o: vec4f, p: vec4f, v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f) -> vec4f {
  return ${software ? "o + mat4x4f(v0, v1, v2, v3) * p" : "fma(vec4f(p.w), v3, fma(vec4f(p.z), v2, fma(vec4f(p.y), v1, fma(vec4f(p.x), v0, o))))"};
}`;

/** Where the row of register r lies, from lane to lane. */
export const rowOf = (r: number): string => (r === 0 ? "first_row + c" : `first_row + (c ^ ${r}u)`);

/** `value` of the lane that does the softmax of register r's row. */
const fromOwner = (r: number, value: string): string =>
  [value, `quadSwapX(${value})`, `quadSwapY(${value})`, `quadSwapDiagonal(${value})`][r & 3] ?? value;

/** Chunk x of lane c: beyond the row's end it is the last one again (q is zero there, and OUT not written). */
function chunkIndex(x: number, chunks: number, count: string): string {
  const index = plus("c", 4 * x);
  return 4 * x + 3 < chunks ? index : `min(${index}, ${count} - 1u)`;
}

/** Statements before the walk: the quad's q in registers, m, l, accumulators. Wants `q_base`, `last_row`. */
export function openQuads(s: QuadShape): string {
  const load = (r: number, x: number): string => {
    const value = `${s.storage.load(`Q[q${r}_row + d${x}]`)} * params.SM_SCALE`;
    return 4 * x + 3 < s.d4 ? value : `select(vec4f(), ${value}, c + ${4 * x}u < D4)`;
  };
  return source`
    let c = lane & 3u;
    let first_row = ${s.firstRow};

    // This lane's chunks of a row of Q and K, and of V.
    ${s.qkChunks.map((x) => `let d${x} = ${chunkIndex(x, s.d4, "D4")};`)}
    ${s.vChunks.map((x) => `let e${x} = ${chunkIndex(x, s.dv4, "DV4")};`)}

    ${s.rows.map(
      (r) => source`
        let q${r}_row = ${s.qRow(rowOf(r))};
        ${s.qkChunks.map((x) => `let q${r}_${x} = ${load(r, x)};`)}
        ${s.vChunks.map((x) => `var o${r}_${x} = vec4f();`)}`,
    )}

    // Softmax state of this lane's rows.
    ${s.groups.map((g) => `${s.index(g, plus("first_row + c", 4 * g))}\nvar m${g} = NEG_INF;\nvar l${g} = 0.0;`)}`;
}

/** One step over the four keys from `key`; `masked`: some may be masked or beyond `last_key`. Wants `k_base`, `k_step`, and of v. */
export function stepQuads(s: QuadShape, masked: boolean): string {
  return source`
    // Scores of four keys.
    ${s.groups.map((g) => `var t${g}: vec4f;`)}
    ${QUAD_KEYS.map((j) => scores(s, j, masked))}

    // Online softmax of this lane's rows.
    ${s.groups.map(
      (g) => source`
        let new_m${g} = max(m${g}, max(max(t${g}.x, t${g}.y), max(t${g}.z, t${g}.w)));
        let alpha${g} = ${s.weight(`m${g} - new_m${g}`)};
        let p${g} = ${s.weight(`t${g} - new_m${g}`)};
        l${g} = l${g} * alpha${g} + ((p${g}.x + p${g}.y) + (p${g}.z + p${g}.w));
        m${g} = new_m${g};`,
    )}

    // The accumulator: every lane of the quad needs every row's p.
    ${QUAD_KEYS.map(
      (j) => source`
        let v${j}_row = v_base + ${keyIndex(s, j, masked)} * v_step;
        ${s.vChunks.map((x) => `let v${j}_${x} = ${s.storage.load(`V[v${j}_row + e${x}]`)};`)}`,
    )}
    ${s.rows.map((r) => accumulate(s, r))}`;
}

const mayEnd = (s: QuadShape, j: number, masked: boolean): boolean => masked && (j > 0 || s.ownKeys);

const keyIndex = (s: QuadShape, j: number, masked: boolean): string => {
  const index = plus("key", j);
  return mayEnd(s, j, masked) ? `min(${index}, last_key)` : j === 0 ? index : `(${index})`;
};

function scores(s: QuadShape, j: number, masked: boolean): string {
  const dot = (r: number): string => s.qkChunks.map((x) => `dot(q${r}_${x}, k${x})`).join(" + ");
  const score = (g: number): string => {
    const whole = `${masked ? "masked_score" : "full_score"}(s${g}, b, ${s.head(g)}, q_idx${g}, kv_idx)`;
    return mayEnd(s, j, masked) ? `select(NEG_INF, ${whole}, kv_idx <= i32(last_key))` : whole;
  };
  return source`
    {
      let kv_idx = i32(key)${j === 0 ? "" : ` + ${j}`};
      let k_row = k_base + ${keyIndex(s, j, masked)} * k_step;
      ${s.qkChunks.map((x) => `let k${x} = ${s.storage.load(`K[k_row + d${x}]`)};`)}
      ${s.groups.map(
        (g) => source`
          let s${g} = quad_sum(
            ${range(4).map((i) => `${dot(4 * g + i)},`)}
          );
          t${g}.${"xyzw".charAt(j)} = ${score(g)};`,
      )}
    }`;
}

function accumulate(s: QuadShape, r: number): string {
  const g = r >> 2;
  return source`
    {
      let a = ${fromOwner(r, `alpha${g}`)};
      let p = ${fromOwner(r, `p${g}`)};
      ${s.vChunks.map((x) => `o${r}_${x} = add_values(o${r}_${x} * a, p, v0_${x}, v1_${x}, v2_${x}, v3_${x});`)}
    }`;
}

function close(s: QuadShape): string {
  const write = (r: number, x: number): string => {
    const line = `OUT[out_row + ${plus("c", 4 * x)}] = ${s.storage.store(`row_output(o${r}_${x}, scale)`)};`;
    return 4 * x + 3 < s.dv4 ? line : `if (c + ${4 * x}u < DV4) {\n  ${line}\n}`;
  };
  return source`
    ${s.groups.map((g) => `let scale${g} = row_scale(m${g}, l${g});`)}
    ${s.rows.map(
      (r) => source`
        {
          let scale = ${fromOwner(r, `scale${r >> 2}`)};
          let row = ${rowOf(r)};
          if (row < params.Q_LEN) {
            let out_row = out_base + row * params.OUT.row;
            ${s.vChunks.map((x) => write(r, x))}
          }
        }`,
    )}
    ${s.groups.map(
      (g) => source`
        if (u32(q_idx${g}) < params.Q_LEN) {
          LSE[row_base + u32(q_idx${g})] = row_lse(m${g}, l${g});
          LSE[params.ROWS + row_base + u32(q_idx${g})] = row_max(m${g});
        }`,
    )}`;
}
