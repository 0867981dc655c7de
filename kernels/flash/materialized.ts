/**
 * The baseline: attention in three kernels with the score matrix in memory, as a framework without a fused kernel runs
 * it, and done honestly. Scores and output are register-tiled matrix products (each thread a square of the result, no
 * workgroup memory: jax-js' form, the fastest found on software adapters), the mods are fused into the first one's end,
 * and softmax reads each row once for its maximum and sum together. It evaluates every element: the mask saves nothing.
 * The scores are f32 whatever the storage type of the tensors.
 */
import { source } from "../emit/source.ts";
import { declareModBinding, type EmittedMods, emitMods, packMods } from "../emit/wgsl.ts";
import type { Variant } from "../ir/mod.ts";
import {
  type Binding,
  cutGrid,
  type DeviceLimits,
  dataBuffer,
  dispatchFlops,
  type KernelPlan,
  limitRefusal,
  mebibytes,
  notesOf,
  PARAMS_STRIDE,
  type Param,
  type PlanBuffer,
  type Planned,
  packParams,
  type Slice,
  tensorBuffers,
} from "./plan.ts";
import { denseFlops, type Problem } from "./problem.ts";
import { emitRowEnd, emitStep, emitWeight, scoreFactor } from "./step.ts";
import { storageOf } from "./storage.ts";
import { PLACE_FIELDS, PLACE_WGSL, placeParams } from "./tensorPlace.ts";

/** Result rows and columns of a thread, in elements (scores) and in rows × vec4 (output). */
export interface MaterializedTile {
  readonly rows: number;
  /** Keys of a thread in the first product: a multiple of four. */
  readonly keys: number;
  /** vec4 columns of a thread in the second. */
  readonly columns: number;
  /** Threads that share a softmax row. */
  readonly softmaxThreads: number;
}

const WORKGROUP_X = 8;
const WORKGROUP_Y = 8;

/** The default tile: 8 × 8 scores a thread; a row's softmax by 64 threads, by four where barriers are costly. */
const materializedTile = (limits: Pick<DeviceLimits, "software">): MaterializedTile => ({
  rows: 8,
  keys: 8,
  columns: 2,
  softmaxThreads: limits.software ? 4 : 64,
});

/** Plans the three kernels, or says why the device cannot run them. */
export function planMaterialized(variant: Variant, problem: Problem, limits: DeviceLimits, tile = materializedTile(limits)): Planned {
  const refused = (reason: string): Planned => ({ kind: "refused", refusal: { engine: "materialized", reason } });

  const mods = emitMods(variant);
  const heads = problem.batch * problem.qHeads;
  const stride = tile.keys * Math.ceil(problem.kvLen / tile.keys);
  const scores: PlanBuffer = {
    name: "scores",
    byteLength: 4 * heads * problem.qLen * stride,
    role: "scratch",
    usage: "storage",
    data: null,
  };
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  if (scores.byteLength > most) {
    const fits = tile.keys * Math.floor(Math.sqrt(most / (4 * heads)) / tile.keys);
    return refused(
      `its score matrix needs ${mebibytes(scores.byteLength)}; the device binds at most ${mebibytes(most)}, enough for lengths up to ${fits}`,
    );
  }

  const qTiles = Math.ceil(problem.qLen / (tile.rows * WORKGROUP_Y));
  const keyTiles = Math.ceil(problem.kvLen / (tile.keys * WORKGROUP_X));
  const columnTiles = Math.ceil(problem.vHeadDim / 4 / (tile.columns * WORKGROUP_X));
  const copies: Param[][] = [];
  const slices = (x: number, y: number, flops: number): Slice[] =>
    cutGrid(x, y, limits.maxComputeWorkgroupsPerDimension, (dispatchFlops(limits, flops) * x * y) / flops).map((part) => {
      copies.push(paramsOf(problem, stride, qTiles, scoreFactor(mods, problem.scale), part.firstX, part.firstY));
      return { workgroups: [part.x, part.y, 1], first: [part.firstX, part.firstY], paramsOffset: (copies.length - 1) * PARAMS_STRIDE };
    });
  const half = denseFlops(problem) / 2;
  const kernels: KernelPlan[] = [
    {
      pass: "scores",
      name: "materialized scores",
      wgsl: emitScores(mods, problem, tile),
      bindings: scoreBindings(mods),
      workgroups: [keyTiles, qTiles * heads, 1],
      slices: slices(keyTiles, qTiles * heads, half),
    },
    {
      pass: "softmax",
      name: "materialized softmax",
      wgsl: emitSoftmax(mods, tile),
      bindings: [binding("SCORES", "scores", "storage-write"), binding("LSE", "lse", "storage-write"), PARAMS],
      workgroups: [problem.qLen, heads, 1],
      slices: slices(problem.qLen, heads, 10 * heads * problem.qLen * stride),
      workgroupBytes: 8 * tile.softmaxThreads,
    },
    {
      pass: "output",
      name: "materialized output",
      wgsl: emitOutput(problem, tile),
      bindings: [
        binding("SCORES", "scores", "storage-read"),
        binding("V", "v", "storage-read"),
        binding("OUT", "out", "storage-write"),
        PARAMS,
      ],
      workgroups: [columnTiles, qTiles * heads, 1],
      slices: slices(columnTiles, qTiles * heads, half),
    },
  ];
  const packed = packMods(mods);
  const buffers = [
    ...tensorBuffers(problem),
    scores,
    dataBuffer("params", "uniform", packParams(copies)),
    ...mods.bindings.map((b, i) => dataBuffer(b.name, b.kind === "uniform" ? "uniform" : "storage", packed[i] ?? new Uint8Array(16))),
  ];
  const reason = limitRefusal(kernels, buffers, Math.max(WORKGROUP_X * WORKGROUP_Y, tile.softmaxThreads), problem, limits);
  if (reason !== null) return refused(reason);
  const words = `${tile.rows} × ${tile.keys} scores and ${tile.rows} × ${4 * tile.columns} outputs a thread`;
  return {
    kind: "plan",
    plan: { engine: "materialized", tile: words, problem, kernels, buffers, notes: notesOf(variant, problem) },
  };
}

const binding = (name: string, buffer: string, kind: Binding["kind"]): Binding => ({ name, kind, buffer });
const PARAMS = binding("params", "params", "uniform");

const scoreBindings = (mods: EmittedMods): Binding[] => [
  binding("Q", "q", "storage-read"),
  binding("K", "k", "storage-read"),
  binding("SCORES", "scores", "storage-write"),
  PARAMS,
  ...mods.bindings.map((b) => binding(b.name, b.name, b.kind)),
];

function paramsOf(p: Problem, stride: number, qTiles: number, factor: number, firstX: number, firstY: number): Param[] {
  const u32 = (name: string, value: number): Param => ({ name, type: "u32", value });
  return [
    ...placeParams(p),
    u32("ROWS", p.batch * p.qHeads * p.qLen),
    u32("Q_LEN", p.qLen),
    u32("KV_LEN", p.kvLen),
    u32("HQ", p.qHeads),
    u32("HKV", p.kvHeads),
    { name: "SM_SCALE", type: "f32", value: factor },
    u32("SCORE_CHUNKS", stride / 4),
    u32("Q_TILES", qTiles),
    u32("FIRST_X", firstX),
    u32("FIRST_Y", firstY),
  ];
}

const PARAMS_STRUCT = `${PLACE_WGSL}

struct Params {
  ${PLACE_FIELDS}
  ROWS: u32,  // of all batches and heads
  Q_LEN: u32,
  KV_LEN: u32,
  HQ: u32,
  HKV: u32,
  SM_SCALE: f32,  // with log2(e) in it where there is no score_mod
  SCORE_CHUNKS: u32,  // vec4f a row of SCORES: KV_LEN / 4, rounded up to the tile
  Q_TILES: u32,
  FIRST_X: u32,  // where this dispatch stands in the whole grid
  FIRST_Y: u32,
}`;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lane = (i: number): string => "xyzw".charAt(i % 4);

/** `SCORES = mods(Q Kᵀ SM_SCALE)`. */
function emitScores(mods: EmittedMods, problem: Problem, tile: MaterializedTile): string {
  const rows = range(tile.rows);
  const keys = range(tile.keys);
  const score = (r: number, k: number): string =>
    `select(NEG_INF, masked_score(s${r}_${k >> 2}.${lane(k)} * params.SM_SCALE, b, h, i32(row) + ${r}, i32(key) + ${k}), key + ${k}u < params.KV_LEN)`;
  const { vec4, elementName, functions, load } = storageOf(problem);
  return source`
    // Attention with the score matrix in memory, kernel 1 of 3: SCORES = mods(Q Kᵀ SM_SCALE)${mods.hasScoreMod ? "" : ", in units of exp2"}.
    //
    // Q           queries [B, HQ, Q_LEN, QK_HEAD_DIM] as ${elementName}; K: keys [B, HKV, KV_LEN, QK_HEAD_DIM]
    // SCORES      [B, HQ, Q_LEN, 4 SCORE_CHUNKS] as vec4f; NEG_INF where masked and beyond KV_LEN
    // D4          ${vec4} a row of Q and K: QK_HEAD_DIM / 4, rounded up
    //
    // Each thread has ${tile.rows} × ${tile.keys} scores in registers: s2_1 is row 2, keys 4 to 7.

    const D4 = ${Math.ceil(problem.qkHeadDim / 4)}u;

    ${PARAMS_STRUCT}

    @group(0) @binding(0) var<storage, read> Q: array<${vec4}>;
    @group(0) @binding(1) var<storage, read> K: array<${vec4}>;
    @group(0) @binding(2) var<storage, read_write> SCORES: array<vec4f>;
    @group(0) @binding(3) var<uniform> params: Params;
    ${mods.bindings.map((b, i) => declareModBinding(b, 4 + i))}

    ${emitStep(mods)}

    ${functions === "" ? "" : `${functions}\n`}
    @compute @workgroup_size(${WORKGROUP_X}, ${WORKGROUP_Y})
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
      let bh = (params.FIRST_Y + workgroup.y) / params.Q_TILES;
      let q_tile = (params.FIRST_Y + workgroup.y) % params.Q_TILES;
      let b = i32(bh / params.HQ);
      let h = i32(bh % params.HQ);
      let q_base = place(params.Q, u32(b), u32(h));
      let k_base = place(params.K, u32(b), u32(h) / (params.HQ / params.HKV));
      let row = (q_tile * ${WORKGROUP_Y}u + thread.y) * ${tile.rows}u;
      let key = ((params.FIRST_X + workgroup.x) * ${WORKGROUP_X}u + thread.x) * ${tile.keys}u;
      if (row >= params.Q_LEN || key >= params.KV_LEN) {
        return;
      }

      let last_query = params.Q_LEN - 1u;
      let last_key = params.KV_LEN - 1u;
      ${rows.map((r) => `let q${r}_row = q_base + min(row + ${r}u, last_query) * params.Q.row;`)}
      ${keys.map((k) => `let k${k}_row = k_base + min(key + ${k}u, last_key) * params.K.row;`)}
      ${rows.map((r) =>
        range(tile.keys / 4)
          .map((x) => `var s${r}_${x} = vec4f();`)
          .join(" "),
      )}
      for (var d = 0u; d < D4; d++) {
        ${keys.map((k) => `let k${k} = ${load(`K[k${k}_row + d]`)};`)}
        ${rows.map((r) =>
          [
            `let q${r} = ${load(`Q[q${r}_row + d]`)};`,
            ...range(tile.keys / 4).map(
              (x) =>
                `s${r}_${x} += vec4f(${range(4)
                  .map((i) => `dot(q${r}, k${4 * x + i})`)
                  .join(", ")});`,
            ),
          ].join("\n"),
        )}
      }

      // The mods, and the end of KV.
      ${rows.map(
        (r) => source`
        if (row + ${r}u < params.Q_LEN) {
          let at = (bh * params.Q_LEN + row + ${r}u) * params.SCORE_CHUNKS + key / 4u;
          ${range(tile.keys / 4).map(
            (x) => source`
            {
              var t: vec4f;
              ${range(4).map((i) => `t.${lane(i)} = ${score(r, 4 * x + i)};`)}
              SCORES[at + ${x}u] = t;
            }`,
          )}
        }`,
      )}
    }
  `;
}

/** Softmax over each row of SCORES in place; LSE. */
function emitSoftmax(mods: EmittedMods, tile: MaterializedTile): string {
  const threads = tile.softmaxThreads;
  const weight = (difference: string): string => emitWeight(mods, difference);
  return source`
    // Attention with the score matrix in memory, kernel 2 of 3: softmax of each row of SCORES, in place; LSE.
    //
    // SCORES      [B, HQ, Q_LEN, 4 SCORE_CHUNKS] as vec4f; becomes the probabilities
    // LSE         [B, HQ, Q_LEN], natural logarithm of each row's sum of e^score; behind it, likewise, each row's largest score
    // m, l        maximum of a row, sum of ${weight("score - m")}: both found in one reading
    //
    // ${threads} threads share a row.

    ${PARAMS_STRUCT}

    @group(0) @binding(0) var<storage, read_write> SCORES: array<vec4f>;
    @group(0) @binding(1) var<storage, read_write> LSE: array<f32>;
    @group(0) @binding(2) var<uniform> params: Params;

    ${emitRowEnd(mods)}

    var<workgroup> all_m: array<f32, ${threads}>;
    var<workgroup> all_l: array<f32, ${threads}>;

    @compute @workgroup_size(${threads})
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
      let row = (params.FIRST_Y + workgroup.y) * params.Q_LEN + params.FIRST_X + workgroup.x;
      let start = row * params.SCORE_CHUNKS;
      let end = start + params.SCORE_CHUNKS;

      var m = NEG_INF;
      var l = 0.0;
      for (var i = start + thread; i < end; i += ${threads}u) {
        let t = SCORES[i];
        let new_m = max(m, max(max(t.x, t.y), max(t.z, t.w)));
        let p = ${weight("t - new_m")};
        l = l * ${weight("m - new_m")} + ((p.x + p.y) + (p.z + p.w));
        m = new_m;
      }

      all_m[thread] = m;
      all_l[thread] = l;
      workgroupBarrier();
      for (var i = 0u; i < ${threads}u; i++) {
        m = max(m, all_m[i]);
      }
      l = 0.0;
      for (var i = 0u; i < ${threads}u; i++) {
        l += all_l[i] * ${weight("all_m[i] - m")};
      }

      let scale = row_scale(m, l);
      for (var i = start + thread; i < end; i += ${threads}u) {
        SCORES[i] = ${weight("SCORES[i] - m")} * scale;
      }
      if (thread == 0u) {
        LSE[row] = row_lse(m, l);
        LSE[params.ROWS + row] = row_max(m);
      }
    }
  `;
}

/** `OUT = SCORES V`. */
function emitOutput(problem: Problem, tile: MaterializedTile): string {
  const rows = range(tile.rows);
  const columns = range(tile.columns);
  const fma = (r: number, x: number): string =>
    range(4).reduce((inner, j) => `fma(vec4f(p${r}.${lane(j)}), v${j}_${x}, ${inner})`, `o${r}_${x}`);
  const { vec4, elementName, functions, load, store } = storageOf(problem);
  const write = (r: number, x: number): string => {
    const line = `OUT[out_row + column${x === 0 ? "" : ` + ${x}u`}] = ${store(`o${r}_${x}`)};`;
    return x === 0 ? line : `if (column + ${x}u < DV4) {\n  ${line}\n}`;
  };
  return source`
    // Attention with the score matrix in memory, kernel 3 of 3: OUT = SCORES V.
    //
    // SCORES      probabilities [B, HQ, Q_LEN, 4 SCORE_CHUNKS] as vec4f; 0 beyond KV_LEN
    // V, OUT      values [B, HKV, KV_LEN, V_HEAD_DIM], output [B, HQ, Q_LEN, V_HEAD_DIM], as ${elementName}
    // DV4         ${vec4} a row of V: V_HEAD_DIM / 4, rounded up
    //
    // Each thread has ${tile.rows} rows × ${tile.columns} vec4f of the output in registers: o2_1 is row 2, second vec4f.

    const DV4 = ${Math.ceil(problem.vHeadDim / 4)}u;

    ${PARAMS_STRUCT}

    @group(0) @binding(0) var<storage, read> SCORES: array<vec4f>;
    @group(0) @binding(1) var<storage, read> V: array<${vec4}>;
    @group(0) @binding(2) var<storage, read_write> OUT: array<${vec4}>;
    @group(0) @binding(3) var<uniform> params: Params;

    ${functions === "" ? "" : `${functions}\n`}
    @compute @workgroup_size(${WORKGROUP_X}, ${WORKGROUP_Y})
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
      let bh = (params.FIRST_Y + workgroup.y) / params.Q_TILES;
      let q_tile = (params.FIRST_Y + workgroup.y) % params.Q_TILES;
      let v_base = place(params.V, bh / params.HQ, bh % params.HQ / (params.HQ / params.HKV));
      let v_step = params.V.row;
      let out_base = place(params.OUT, bh / params.HQ, bh % params.HQ);
      let row = (q_tile * ${WORKGROUP_Y}u + thread.y) * ${tile.rows}u;
      let column = ((params.FIRST_X + workgroup.x) * ${WORKGROUP_X}u + thread.x) * ${tile.columns}u;
      if (row >= params.Q_LEN || column >= DV4) {
        return;
      }

      let last_query = params.Q_LEN - 1u;
      let last_key = params.KV_LEN - 1u;
      ${rows.map((r) => `let p${r}_row = (bh * params.Q_LEN + min(row + ${r}u, last_query)) * params.SCORE_CHUNKS;`)}
      ${columns.map((x) => `let c${x} = min(column + ${x}u, DV4 - 1u);`)}
      ${rows.map((r) => columns.map((x) => `var o${r}_${x} = vec4f();`).join(" "))}
      for (var key = 0u; key < params.KV_LEN; key += 4u) {
        ${range(4).map(
          (j) => source`
          let v${j}_row = v_base + ${j === 0 ? "key" : `min(key + ${j}u, last_key)`} * v_step;
          ${columns.map((x) => `let v${j}_${x} = ${load(`V[v${j}_row + c${x}]`)};`)}`,
        )}
        ${rows.map((r) => [`let p${r} = SCORES[p${r}_row + key / 4u];`, ...columns.map((x) => `o${r}_${x} = ${fma(r, x)};`)].join("\n"))}
      }

      ${rows.map(
        (r) => source`
        if (row + ${r}u < params.Q_LEN) {
          let out_row = out_base + (row + ${r}u) * params.OUT.row;
          ${columns.map((x) => write(r, x))}
        }`,
      )}
    }
  `;
}
