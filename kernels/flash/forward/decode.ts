/**
 * The decode kernel, for short queries: the query heads that share a key head are packed into one list of rows, so that
 * K and V are read once for all of them, and the keys are split over many workgroups, since a short query alone would
 * keep few busy. A first kernel leaves each share's maximum, sum and accumulator in memory; a second joins them as the
 * online softmax joins steps.
 *
 * In: a variant, a problem of at most LONGEST_QUERY queries, a device's limits. Out: a plan of two kernels. The loop's
 * body is the quad kernel's, or the row kernel's where there are no subgroups; within a workgroup each quad (thread)
 * has keys of its own, in step with the others.
 *
 * Source: Flash-Decoding (Dao, Haziza, Massa and Sizov, 2023).
 */
import { source } from "../../emit/source.ts";
import { declareModBinding, type EmittedMods, emitMods, packMods } from "../../emit/wgsl.ts";
import type { Variant } from "../../ir/mod.ts";
import { buildBlockMask } from "../../mask/build.ts";
import {
  type Binding,
  cutGrid,
  type DeviceLimits,
  dataBuffer,
  dispatchFlops,
  type KernelPlan,
  limitRefusal,
  notesOf,
  PARAMS_STRIDE,
  type Param,
  type PlanBuffer,
  type Planned,
  packParams,
  rowStride,
  type Slice,
  tensorBuffers,
} from "../plan.ts";
import { denseFlops, type Problem } from "../problem.ts";
import { emitRowEnd, emitStep, emitWeight, scoreFactor } from "../step.ts";
import { storageOf } from "../storage.ts";
import { type Part, PLACE_FIELDS, PLACE_WGSL, partsOf, placeParams } from "../tensorPlace.ts";
import { type DecodeBody, decodeBody } from "./decodeBody.ts";
import { comment } from "./frame.ts";
import { emitRun } from "./runs.ts";
import { type Splits, splitRuns } from "./splits.ts";

/** Queries beyond this fill the device by themselves: the quad and row kernels take them. */
export const LONGEST_QUERY = 127;

/**
 * Up to so many queries the decode kernel is asked first. Measured on SwiftShader, 8 heads of 64, time of the next best
 * fused kernel in its own: with quads 44 for one query, 8,192 keys and one key head, 5.7 with eight key heads, 3.7 for 16
 * queries, 2.1 for 32, 1.15 for 48; without subgroups 43, 7.5, 2.4 and 1.15 for 32.
 */
export const shortQuery = (limits: Pick<DeviceLimits, "subgroups">): number => (limits.subgroups ? 32 : 16);

/** How the keys are split. */
export interface DecodeTile {
  /** Shares at most. */
  readonly splits: number;
  /** Keys of a share at least. */
  readonly keys: number;
}

/** Shares that the second kernel puts together at most. */
export const MOST_SPLITS = 1024;
/** Workgroups that keep a GPU busy, and a software adapter. */
const [BUSY_GPU, BUSY_SOFTWARE] = [1024, 8];

/**
 * The default: enough workgroups for the device over all heads, none with less work than the second kernel costs (a
 * quad or thread has at least 32 keys).
 */
export function decodeTile(problem: Problem, limits: Pick<DeviceLimits, "software">, body: DecodeBody): DecodeTile {
  const wanted = Math.ceil((limits.software ? BUSY_SOFTWARE : BUSY_GPU) / (problem.batch * problem.kvHeads * rowTiles(problem, body)));
  const most = Math.max(1, Math.floor(MOST_SPLITS / body.parts));
  return { splits: Math.max(1, Math.min(most, wanted)), keys: 32 * body.parts };
}

/** With as many shares as the device binds the accumulators of. */
function fittingTile(tile: DecodeTile, p: Problem, limits: DeviceLimits, body: DecodeBody): DecodeTile {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const share = 4 * p.batch * p.qHeads * p.qLen * body.parts * rowStride(p.vHeadDim);
  return { ...tile, splits: Math.max(1, Math.min(tile.splits, Math.floor(most / share))) };
}

const headsPerGroup = (p: Problem): number => p.qHeads / p.kvHeads;
const rowTiles = (p: Problem, body: DecodeBody): number => Math.ceil((headsPerGroup(p) * p.qLen) / body.rows);

/** Plans the two kernels, or says why they cannot run the problem. `asked` takes the place of the default split. */
export function planDecode(variant: Variant, problem: Problem, limits: DeviceLimits, asked?: DecodeTile): Planned {
  const refused = (reason: string): Planned => ({ kind: "refused", refusal: { engine: "decode", reason } });
  if (problem.qLen > LONGEST_QUERY) return refused(`it is for short queries: Q_LEN is ${problem.qLen}, it takes up to ${LONGEST_QUERY}`);

  const mods = emitMods(variant);
  const body = decodeBody(variant, problem, limits);
  const tile = asked ?? fittingTile(decodeTile(problem, limits, body), problem, limits, body);
  const splits = splitRuns(kernelMask(variant, problem, body), headsPerGroup(problem), tile.splits, tile.keys, body.stride);
  const rows = problem.batch * problem.qHeads * problem.qLen;
  const parts = splits.splits * body.parts;

  const tensorParts = partsOf(problem, limits);
  if (typeof tensorParts === "string") return refused(tensorParts);
  const copies: Param[][] = [];
  // `perHead` of the grid's rows belong to a query head.
  const slices = (x: number, y: number, flops: number, perHead: number): Slice[] =>
    tensorParts.flatMap((part) =>
      cutGrid(
        x,
        Math.round(part.heads * perHead),
        limits.maxComputeWorkgroupsPerDimension,
        (dispatchFlops(limits, flops) * x * y) / flops,
      ).map((cut): Slice => {
        const first = [cut.firstX, Math.round(part.first * perHead) + cut.firstY] as const;
        copies.push(paramsOf(problem, part, splits, rowTiles(problem, body), scoreFactor(mods, problem.scale), first));
        return {
          workgroups: [cut.x, cut.y, 1],
          first,
          paramsOffset: (copies.length - 1) * PARAMS_STRIDE,
          ...(part.ranges === null ? {} : { ranges: part.ranges }),
        };
      }),
    );
  const grid = [splits.splits, problem.batch * problem.kvHeads * rowTiles(problem, body)] as const;
  const combineThreads = limits.software ? 16 : 64;
  const combineGrid = [Math.ceil(problem.vHeadDim / 4 / combineThreads), rows] as const;
  const kernels: KernelPlan[] = [
    {
      pass: "forward",
      name: "decode forward",
      wgsl: emitForward(mods, problem, body),
      bindings: forwardBindings(mods),
      workgroups: [...grid, 1],
      slices: slices(...grid, denseFlops(problem), rowTiles(problem, body) / headsPerGroup(problem)),
    },
    {
      pass: "combine",
      name: "decode combine",
      wgsl: emitCombine(mods, problem, body, combineThreads),
      bindings: COMBINE_BINDINGS,
      workgroups: [...combineGrid, 1],
      slices: slices(...combineGrid, 4 * rows * parts * problem.vHeadDim, problem.qLen),
    },
  ];
  const packed = packMods(mods);
  const scratch = (name: string, floats: number): PlanBuffer => ({
    name,
    byteLength: 4 * floats,
    role: "scratch",
    usage: "storage",
    data: null,
    grows: "qLen",
  });
  const buffers = [
    ...tensorBuffers(problem),
    scratch("part_state", 2 * rows * parts),
    scratch("part_out", rows * parts * rowStride(problem.vHeadDim)),
    dataBuffer("params", "uniform", packParams(copies)),
    dataBuffer("runs", "storage", splits.packed),
    ...mods.bindings.map((b, i) => dataBuffer(b.name, b.kind === "uniform" ? "uniform" : "storage", packed[i] ?? new Uint8Array(16))),
  ];
  const reason = limitRefusal(kernels, buffers, Math.max(body.workgroupSize, combineThreads), problem, limits);
  if (reason !== null) return refused(reason);
  const words = `${body.rows} packed rows × ${body.stride} keys, ${splits.splits} ${splits.splits === 1 ? "split" : "splits"} of the keys`;
  return { kind: "plan", plan: { engine: "decode", tile: words, problem, kernels, buffers, notes: notesOf(variant, problem) } };
}

/** The block mask with one row of blocks a head, and key blocks that the kernel's stride divides. */
function kernelMask(variant: Pick<Variant, "maskMod">, p: Problem, body: DecodeBody): ReturnType<typeof buildBlockMask> {
  const shape = { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen };
  return buildBlockMask(variant.maskMod?.body ?? null, shape, [p.qLen, body.stride * Math.ceil(p.blockSize[1] / body.stride)]);
}

function paramsOf(
  p: Problem,
  part: Part,
  splits: Splits,
  tiles: number,
  factor: number,
  [firstX, firstY]: readonly [number, number],
): Param[] {
  const u32 = (name: string, value: number): Param => ({ name, type: "u32", value });
  return [
    ...placeParams(p, part),
    u32("ROWS", p.batch * p.qHeads * p.qLen),
    u32("Q_LEN", p.qLen),
    u32("KV_LEN", p.kvLen),
    u32("HKV", p.kvHeads),
    u32("GROUP", headsPerGroup(p)),
    { name: "SM_SCALE", type: "f32", value: factor },
    u32("MASK_BATCH", splits.batch),
    u32("MASK_GROUPS", splits.groups),
    u32("SPLIT_KV", splits.splits),
    u32("ROW_TILES", tiles),
    u32("FIRST_X", firstX),
    u32("FIRST_Y", firstY),
  ];
}

const binding = (name: string, buffer: string, kind: Binding["kind"]): Binding => ({ name, kind, buffer });
const PARAMS = binding("params", "params", "uniform");

const forwardBindings = (mods: EmittedMods): Binding[] => [
  binding("Q", "q", "storage-read"),
  binding("K", "k", "storage-read"),
  binding("V", "v", "storage-read"),
  binding("PART_STATE", "part_state", "storage-write"),
  binding("PART_OUT", "part_out", "storage-write"),
  PARAMS,
  binding("runs", "runs", "storage-read"),
  ...mods.bindings.map((b) => binding(b.name, b.name, b.kind)),
];

const COMBINE_BINDINGS: readonly Binding[] = [
  binding("PART_STATE", "part_state", "storage-read"),
  binding("PART_OUT", "part_out", "storage-read"),
  binding("OUT", "out", "storage-write"),
  binding("LSE", "lse", "storage-write"),
  PARAMS,
];

const PARAMS_STRUCT = `${PLACE_WGSL}

struct Params {
  ${PLACE_FIELDS}
  ROWS: u32,  // of all batches and heads
  Q_LEN: u32,
  KV_LEN: u32,
  HKV: u32,
  GROUP: u32,  // query heads of a key head
  SM_SCALE: f32,  // with log2(e) in it where there is no score_mod
  MASK_BATCH: u32,  // 1 where all batches share the runs; groups of heads likewise
  MASK_GROUPS: u32,
  SPLIT_KV: u32,  // shares of the keys: workgroups that work on one row
  ROW_TILES: u32,  // tiles of packed rows of a key head
  FIRST_X: u32,  // where this dispatch stands in the whole grid
  FIRST_Y: u32,
}`;

/** Each share's maximum, sum and accumulator. */
function emitForward(mods: EmittedMods, problem: Problem, body: DecodeBody): string {
  const modBindings = mods.bindings.map((b, i) => declareModBinding(b, 7 + i));
  const { vec4, elementName, functions } = storageOf(problem);
  return source`
    ${body.enable}
    // Attention of a short query, kernel 1 of 2: PART_STATE and PART_OUT = softmax state of each row over a part of the keys.
    //
    // Q           queries [B, HQ, Q_LEN, QK_HEAD_DIM] as ${elementName}; the heads of a key head follow each other: packed rows
    // K, V        keys [B, HKV, KV_LEN, QK_HEAD_DIM], values [B, HKV, KV_LEN, V_HEAD_DIM]
    // PART_STATE  [B, HQ, Q_LEN, parts]: m and l of each part
    // PART_OUT    [B, HQ, Q_LEN, parts, V_HEAD_DIM]: its accumulator
    // parts       SPLIT_KV PARTS: each split is shared by the ${body.unit}s of a workgroup
    // D4, DV4     ${vec4} a row: QK_HEAD_DIM / 4, V_HEAD_DIM / 4, rounded up
    // s, t        q·k SM_SCALE; the score after the mods${mods.hasScoreMod ? "" : ", in units of exp2"}
    // m, l        a row's maximum t so far, and the sum of its p
    // p, alpha    ${emitWeight(mods, "t - m")}; what the row's older sums are scaled by when m grows
    // runs        for each (batch, group of heads, split) where its runs start, then the runs: first key, end, 1 if full
    //
    ${comment(body.about)}

    const D4 = ${Math.ceil(problem.qkHeadDim / 4)}u;
    const DV4 = ${Math.ceil(problem.vHeadDim / 4)}u;
    const ROWS = ${body.rows}u;  // packed rows of a workgroup
    const PARTS = ${body.parts}u;
    const STRIDE = ${body.stride}u;  // keys that a workgroup takes at once

    ${PARAMS_STRUCT}

    @group(0) @binding(0) var<storage, read> Q: array<${vec4}>;
    @group(0) @binding(1) var<storage, read> K: array<${vec4}>;
    @group(0) @binding(2) var<storage, read> V: array<${vec4}>;
    @group(0) @binding(3) var<storage, read_write> PART_STATE: array<vec2f>;
    @group(0) @binding(4) var<storage, read_write> PART_OUT: array<vec4f>;
    @group(0) @binding(5) var<uniform> params: Params;
    @group(0) @binding(6) var<storage, read> runs: array<u32>;
    ${modBindings}

    ${emitStep(mods)}

    ${functions === "" ? "" : `${functions}\n`}
    ${body.functions === "" ? "" : `${body.functions}\n`}
    @compute @workgroup_size(${body.workgroupSize})
    fn main(
      @builtin(workgroup_id) workgroup: vec3u,
      @builtin(local_invocation_index) thread: u32,
      ${body.builtins.map((b) => `${b},`)}
    ) {
      let split = params.FIRST_X + workgroup.x;
      let group = (params.FIRST_Y + workgroup.y) / params.ROW_TILES;
      let row_tile = (params.FIRST_Y + workgroup.y) % params.ROW_TILES;
      let b = i32(group / params.HKV);
      let first_head = group % params.HKV * params.GROUP;
      let q_base = place(params.Q, u32(b), first_head);
      let k_base = place(params.K, u32(b), group % params.HKV);
      let v_base = place(params.V, u32(b), group % params.HKV);
      let k_step = params.K.row;
      let v_step = params.V.row;
      let packed_rows = params.GROUP * params.Q_LEN;
      let row_base = group * packed_rows;
      let last_row = packed_rows - 1u;
      let last_key = params.KV_LEN - 1u;
      let part = ${body.part};

      ${body.open}

      let mask_group = (u32(b) % params.MASK_BATCH) * params.MASK_GROUPS + (group % params.HKV) % params.MASK_GROUPS;
      let share = mask_group * params.SPLIT_KV + split;
      let first_run = params.MASK_BATCH * params.MASK_GROUPS * params.SPLIT_KV + 1u;
      for (var r = runs[share]; r < runs[share + 1u]; r++) {
        let run = first_run + 3u * r;
        let run_start = runs[run];
        let run_end = runs[run + 1u];
        ${emitRun(mods, "first_key", "STRIDE", body.step)}
      }

      let parts = params.SPLIT_KV * PARTS;
      let own_part = split * PARTS + part;
      ${body.close}
    }
  `;
}

/** Joins the parts of each row. */
function emitCombine(mods: EmittedMods, problem: Problem, body: DecodeBody, threads: number): string {
  const weight = (difference: string): string => emitWeight(mods, difference);
  const { vec4, elementName, functions, store } = storageOf(problem);
  return source`
    // Attention of a short query, kernel 2 of 2: OUT and LSE from the parts of each row, joined as an online softmax.
    //
    // PART_STATE  [B, HQ, Q_LEN, parts]: m and l of each part
    // PART_OUT    [B, HQ, Q_LEN, parts, V_HEAD_DIM] as vec4f: its accumulator
    // OUT         output [B, HQ, Q_LEN, V_HEAD_DIM] as ${elementName}
    // LSE         [B, HQ, Q_LEN], natural logarithm of each row's sum of e^score; behind it, likewise, each row's largest score
    // DV4         ${vec4} a row of V: V_HEAD_DIM / 4, rounded up
    //
    // A thread has one vec4f of one row. A part that saw no key has m = NEG_INF: it counts for nothing beside another.

    const DV4 = ${Math.ceil(problem.vHeadDim / 4)}u;
    const PARTS = ${body.parts}u;

    ${PARAMS_STRUCT}

    @group(0) @binding(0) var<storage, read> PART_STATE: array<vec2f>;
    @group(0) @binding(1) var<storage, read> PART_OUT: array<vec4f>;
    @group(0) @binding(2) var<storage, read_write> OUT: array<${vec4}>;
    @group(0) @binding(3) var<storage, read_write> LSE: array<f32>;
    @group(0) @binding(4) var<uniform> params: Params;

    ${emitRowEnd(mods)}

    ${functions === "" ? "" : `${functions}\n`}
    @compute @workgroup_size(${threads})
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
      let row = params.FIRST_Y + workgroup.y;
      let x = (params.FIRST_X + workgroup.x) * ${threads}u + thread;
      let chunk = min(x, DV4 - 1u);
      let parts = params.SPLIT_KV * PARTS;

      var m = NEG_INF;
      var l = 0.0;
      var o = vec4f();
      for (var part = row * parts; part < (row + 1u) * parts; part++) {
        let state = PART_STATE[part];
        let new_m = max(m, state.x);
        let alpha = ${weight("m - new_m")};
        let p = ${weight("state.x - new_m")};
        l = fma(state.y, p, l * alpha);
        o = fma(PART_OUT[part * DV4 + chunk], vec4f(p), o * alpha);
        m = new_m;
      }

      if (x < DV4) {
        let head = row / params.Q_LEN;
        let heads = params.HKV * params.GROUP;
        let out_row = place(params.OUT, head / heads, head % heads) + row % params.Q_LEN * params.OUT.row;
        OUT[out_row + x] = ${store("row_output(o, row_scale(m, l))")};
      }
      if (x == 0u) {
        LSE[row] = row_lse(m, l);
        LSE[params.ROWS + row] = row_max(m);
      }
    }
  `;
}
