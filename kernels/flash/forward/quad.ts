/**
 * The quad kernel: the four lanes of a quad share R query rows and split the head dim. Lane c holds the vec4 chunks
 * c, c + 4, c + 8, … of q and of the accumulator in registers, and reads only its own chunks of K and V, straight from
 * storage (64 contiguous bytes a quad). Partial dot products are added up across the quad by a transposing butterfly,
 * which leaves each lane with a quarter of the rows to do the softmax of; p and alpha come back by quadBroadcast.
 *
 * No workgroup memory, no barrier, any subgroup size from four. Needs the feature `subgroups`.
 */
import { source } from "../../emit/source.ts";
import type { Variant } from "../../ir/mod.ts";
import type { BlockMask } from "../../mask/blockMask.ts";
import type { DeviceLimits, Planned } from "../plan.ts";
import type { Problem } from "../problem.ts";
import { type ForwardTemplate, planForward } from "./frame.ts";

/** How a problem is cut for the quad kernel. */
export interface QuadTile {
  /** Query rows of a quad: a multiple of four. */
  readonly rows: number;
  /** Keys of a step. */
  readonly keys: number;
  /** Invocations of a workgroup: a multiple of four. */
  readonly workgroupSize: number;
}

/**
 * The default tile. Software adapters: as many rows as 64 chunks of q hold, 16 at most, in small workgroups (measured on
 * SwiftShader and lavapipe). GPUs: 16 chunks of q and of the accumulator a lane, so that registers do not spill.
 */
export function quadTile(problem: Problem, limits: Pick<DeviceLimits, "software">): QuadTile {
  const chunks = Math.max(laneChunks(problem.qkHeadDim), laneChunks(problem.vHeadDim));
  const most = limits.software ? 64 : 16;
  let rows = limits.software ? 16 : 8;
  while (rows > 4 && rows * chunks > most) rows /= 2;
  return { rows, keys: 4, workgroupSize: limits.software ? 16 : 64 };
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
  return planForward(quadTemplate(problem, tile), variant, problem, limits, blocks);
}

/** Chunks of a row that one lane of the quad holds. */
const laneChunks = (headDim: number): number => Math.ceil(headDim / 16);

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function quadTemplate(problem: Problem, tile: QuadTile): ForwardTemplate {
  const quads = tile.workgroupSize / 4;
  const shape: QuadShape = {
    rows: range(tile.rows),
    groups: range(tile.rows / 4),
    keys: range(tile.keys),
    qkChunks: range(laneChunks(problem.qkHeadDim)),
    vChunks: range(laneChunks(problem.vHeadDim)),
    d4: Math.ceil(problem.qkHeadDim / 4),
    dv4: Math.ceil(problem.vHeadDim / 4),
  };
  return {
    engine: "quad",
    blockM: quads * tile.rows,
    blockN: tile.keys,
    workgroupSize: tile.workgroupSize,
    tile: `${quads * tile.rows} rows × ${tile.keys} keys, ${tile.rows} rows a quad`,
    enable: "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n",
    about: [
      `The four lanes of a quad share ${tile.rows} query rows. Lane c holds the vec4f chunks c, c + 4, … of each row of q and`,
      "of the accumulator, and reads only those chunks of K and V. After the dot products the quad adds up its partial",
      "sums so that lane c has the scores of rows c, 4 + c, …, does their softmax, and broadcasts p back to the quad.",
      "",
      "q2_1        row 2 of the quad, this lane's chunk 1; o2_1 the accumulator likewise",
      "t1_3        score of row 4 + c (group 1) with key 3 of the step; m1, l1, alpha1, p1_3 likewise",
    ],
    functions: QUAD_SUM,
    builtins: ["@builtin(subgroup_invocation_id) lane: u32"],
    open: open(shape),
    step: (masked) => step(shape, masked),
    close: close(shape),
  };
}

interface QuadShape {
  readonly rows: readonly number[];
  /** Groups of four rows: one row of each is the lane's own in the softmax. */
  readonly groups: readonly number[];
  readonly keys: readonly number[];
  readonly qkChunks: readonly number[];
  readonly vChunks: readonly number[];
  readonly d4: number;
  readonly dv4: number;
}

const QUAD_SUM = `// Each lane of a quad has a part of four rows' dot products; lane c gets the whole of row c.
fn quad_sum(a0: f32, a1: f32, a2: f32, a3: f32, odd: bool, high: bool) -> f32 {
  let b0 = select(a0, a1, odd) + quadSwapX(select(a1, a0, odd));
  let b1 = select(a2, a3, odd) + quadSwapX(select(a3, a2, odd));
  return select(b0, b1, high) + quadSwapY(select(b1, b0, high));
}`;

/** Chunk x of lane c: beyond the row's end it is the last one again (q is zero there, and OUT not written). */
function chunkIndex(x: number, chunks: number, count: string): string {
  const index = x === 0 ? "c" : `c + ${4 * x}u`;
  return 4 * x + 3 < chunks ? index : `min(${index}, ${count} - 1u)`;
}

function open(s: QuadShape): string {
  const load = (r: number, x: number): string => {
    const value = `Q[q${r}_row + d${x}] * params.SM_SCALE`;
    return 4 * x + 3 < s.d4 ? value : `select(vec4f(), ${value}, c + ${4 * x}u < D4)`;
  };
  return source`
    let c = lane & 3u;
    let odd = (c & 1u) != 0u;
    let high = (c & 2u) != 0u;
    let first_row = q_tile * BLOCK_M + (thread >> 2u) * ${s.rows.length}u;
    let kv_base = kv_head * params.KV_LEN;

    // This lane's chunks of a row of Q and K, and of V.
    ${s.qkChunks.map((x) => `let d${x} = ${chunkIndex(x, s.d4, "D4")};`)}
    ${s.vChunks.map((x) => `let e${x} = ${chunkIndex(x, s.dv4, "DV4")};`)}

    ${s.rows.map(
      (r) => source`
        let q${r}_row = (bh * params.Q_LEN + min(first_row + ${r}u, last_query)) * D4;
        ${s.qkChunks.map((x) => `let q${r}_${x} = ${load(r, x)};`)}
        ${s.vChunks.map((x) => `var o${r}_${x} = vec4f();`)}`,
    )}

    // Softmax state of this lane's rows.
    ${s.groups.map((g) => `let q_idx${g} = i32(first_row + c) + ${4 * g};\nvar m${g} = NEG_INF;\nvar l${g} = 0.0;`)}`;
}

function step(s: QuadShape, masked: boolean): string {
  const max = (g: number): string => s.keys.reduce((inner, j) => `max(${inner}, t${g}_${j})`, `m${g}`);
  return source`
    // Scores of ${s.keys.length} keys.
    ${s.keys.map((j) => s.groups.map((g) => `var t${g}_${j}: f32;`).join(" "))}
    ${s.keys.map((j) => scores(s, j, masked))}

    // Online softmax of this lane's rows.
    ${s.groups.map(
      (g) => source`
        let new_m${g} = ${max(g)};
        let alpha${g} = exp2(m${g} - new_m${g});
        m${g} = new_m${g};
        ${s.keys.map((j) => `let p${g}_${j} = exp2(t${g}_${j} - m${g});`)}
        l${g} = l${g} * alpha${g} + ${s.keys.map((j) => `p${g}_${j}`).join(" + ")};`,
    )}

    // The accumulator: every lane of the quad needs every row's p.
    ${s.keys.map(
      (j) => source`
        let v${j}_row = (kv_base + ${keyIndex(j, masked)}) * DV4;
        ${s.vChunks.map((x) => `let v${j}_${x} = V[v${j}_row + e${x}];`)}`,
    )}
    ${s.rows.map((r) => accumulate(s, r))}`;
}

const keyIndex = (j: number, masked: boolean): string => {
  const index = j === 0 ? "key" : `key + ${j}u`;
  return masked && j > 0 ? `min(${index}, last_key)` : index;
};

function scores(s: QuadShape, j: number, masked: boolean): string {
  const dot = (r: number): string => s.qkChunks.map((x) => `dot(q${r}_${x}, k${x})`).join(" + ");
  const score = (g: number): string => {
    const whole = `${masked ? "masked_score" : "full_score"}(s${g}, b, h, q_idx${g}, kv_idx)`;
    return masked && j > 0 ? `select(NEG_INF, ${whole}, kv_idx <= i32(last_key))` : whole;
  };
  return source`
    {
      let kv_idx = i32(key)${j === 0 ? "" : ` + ${j}`};
      let k_row = (kv_base + ${keyIndex(j, masked)}) * D4;
      ${s.qkChunks.map((x) => `let k${x} = K[k_row + d${x}];`)}
      ${s.groups.map(
        (g) => source`
          let s${g} = quad_sum(
            ${range(4).map((i) => `${dot(4 * g + i)},`)}
            odd, high);
          t${g}_${j} = ${score(g)};`,
      )}
    }`;
}

function accumulate(s: QuadShape, r: number): string {
  const g = r >> 2;
  const c = r & 3;
  const sum = (x: number): string => s.keys.reduce((inner, j) => `fma(vec4f(w${j}), v${j}_${x}, ${inner})`, `o${r}_${x} * a`);
  return source`
    {
      let a = quadBroadcast(alpha${g}, ${c}u);
      ${s.keys.map((j) => `let w${j} = quadBroadcast(p${g}_${j}, ${c}u);`)}
      ${s.vChunks.map((x) => `o${r}_${x} = ${sum(x)};`)}
    }`;
}

function close(s: QuadShape): string {
  const write = (r: number, x: number): string => {
    const line = `OUT[out_row + ${x === 0 ? "c" : `c + ${4 * x}u`}] = o${r}_${x} * scale;`;
    return 4 * x + 3 < s.dv4 ? line : `if (c + ${4 * x}u < DV4) { ${line} }`;
  };
  return source`
    ${s.rows.map(
      (r) => source`
        {
          let scale = quadBroadcast(row_scale(m${r >> 2}, l${r >> 2}), ${r & 3}u);
          if (first_row + ${r}u < params.Q_LEN) {
            let out_row = (bh * params.Q_LEN + first_row + ${r}u) * DV4;
            ${s.vChunks.map((x) => write(r, x))}
          }
        }`,
    )}
    ${s.groups.map(
      (g) => source`
        if (u32(q_idx${g}) < params.Q_LEN) {
          LSE[bh * params.Q_LEN + u32(q_idx${g})] = row_lse(m${g}, l${g});
        }`,
    )}`;
}
