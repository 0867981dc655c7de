/**
 * What every fused forward kernel has around its inner loop: the glossary, the bindings and the uniform, the walk over
 * the block mask's runs (runs.ts), and the plan that goes with the text. A family (quad.ts, row.ts) gives the body: how its
 * threads share rows, and one step of the loop for keys that are all allowed and for keys that may be masked.
 *
 * After PyTorch's flex_attention template (torch/_inductor/kernel/flex), with runs in place of index lists.
 */
import { source } from "../../emit/source.ts";
import { declareModBinding, type EmittedMods, emitMods, packMods } from "../../emit/wgsl.ts";
import type { Expr } from "../../ir/expr.ts";
import type { Variant } from "../../ir/mod.ts";
import type { BlockMask } from "../../mask/blockMask.ts";
import { buildBlockMask } from "../../mask/build.ts";
import {
  type Binding,
  cutGrid,
  type DeviceLimits,
  dataBuffer,
  dispatchFlops,
  type Engine,
  type KernelPlan,
  limitRefusal,
  notesOf,
  PARAMS_STRIDE,
  type Param,
  type Plan,
  type Planned,
  packParams,
  type Slice,
  tensorBuffers,
} from "../plan.ts";
import { denseFlops, type Problem } from "../problem.ts";
import { emitStep, emitWeight, scoreFactor } from "../step.ts";
import { storageOf } from "../storage.ts";
import { type Part, PLACE_FIELDS, PLACE_WGSL, partsOf, placeParams } from "../tensorPlace.ts";
import { emitRuns, MASK_FIELDS, packRuns, RUN_AT, RUNS_ABOUT, walksByKind } from "./runs.ts";

/** What a family says of itself for one problem and device. */
export interface ForwardTemplate {
  readonly engine: Engine;
  /** Element of the arrays Q, K, V and OUT; default the storage type's vec4, which `load` and `store` take apart. */
  readonly element?: string;
  /** Visits every key and asks mask_mod at each: there is no block mask then, and no `runs`. */
  readonly visitsAll?: boolean;
  /** Query rows of a workgroup. */
  readonly blockM: number;
  /** Keys of one step of the inner loop. */
  readonly blockN: number;
  readonly workgroupSize: number;
  /** Workgroup memory that `functions` declares, in bytes; absent: none. */
  readonly workgroupBytes?: number;
  /** For people: `64 rows × 4 keys, 16 rows a quad`. */
  readonly tile: string;
  /** Directives that must stand first (`enable subgroups;`); may be empty. */
  readonly enable: string;
  /** What the family does, as comment lines without the slashes. */
  readonly about: readonly string[];
  /** Module-scope functions of the family; may be empty. */
  readonly functions: string;
  /** Further parameters of `main`. */
  readonly builtins: readonly string[];
  /** Statements before the walk: which rows, their q in registers, m, l and the accumulator. `q_tile` is there. */
  readonly open: string;
  /**
   * One step over the keys `key .. key + blockN`; `masked`: some of them may be masked or beyond KV_LEN. Or, as text, the
   * walk from `run_start` to `run_end` of a family whose one loop serves both kinds of run.
   */
  readonly step: ((masked: boolean) => string) | string;
  /** Statements after the walk: write out and lse. */
  readonly close: string;
}

/** Plans a fused forward: text, buffers, grid; or says what does not fit. `blocks` saves building the mask again. */
export function planForward(
  template: ForwardTemplate,
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks?: BlockMask,
): Planned {
  const refused = (reason: string): Planned => ({ kind: "refused", refusal: { engine: template.engine, reason } });
  const mods = emitMods(variant);
  const mask = template.visitsAll === true ? null : kernelBlocks(template, variant, problem, blocks);
  const bindings = bindingsOf(mods, mask !== null);
  const parts = partsOf(problem, limits);
  if (typeof parts === "string") return refused(parts);
  const grid = [Math.ceil(problem.qLen / template.blockM), problem.batch * problem.qHeads] as const;
  const perWorkgroup = denseFlops(problem) / (grid[0] * grid[1]);
  const copies: Param[][] = [];
  const slices = parts.flatMap((part) =>
    cutGrid(grid[0], part.heads, limits.maxComputeWorkgroupsPerDimension, dispatchFlops(limits, denseFlops(problem)) / perWorkgroup).map(
      (cut): Slice => {
        copies.push(paramsOf(problem, part, mask, scoreFactor(mods, problem.scale), cut.firstX, part.first + cut.firstY));
        return {
          workgroups: [cut.x, cut.y, 1],
          first: [cut.firstX, part.first + cut.firstY],
          paramsOffset: (copies.length - 1) * PARAMS_STRIDE,
          ...(part.ranges === null ? {} : { ranges: part.ranges }),
        };
      },
    ),
  );

  const kernel: KernelPlan = {
    pass: "forward",
    name: `${template.engine} forward`,
    wgsl: emitForward(template, mods, problem, bindings),
    bindings,
    workgroups: [...grid, 1],
    slices,
    ...(template.workgroupBytes === undefined ? {} : { workgroupBytes: template.workgroupBytes }),
  };
  const packed = packMods(mods);
  const buffers = [
    ...tensorBuffers(problem),
    dataBuffer("params", "uniform", packParams(copies)),
    ...(mask === null ? [] : [dataBuffer("runs", "storage", new Uint8Array(packRuns(mask).buffer))]),
    ...mods.bindings.map((b, i) => dataBuffer(b.name, b.kind === "uniform" ? "uniform" : "storage", packed[i] ?? new Uint8Array(16))),
  ];
  const reason = limitRefusal([kernel], buffers, template.workgroupSize, problem, limits);
  if (reason !== null) return refused(reason);
  const plan: Plan = {
    engine: template.engine,
    tile: template.tile,
    problem,
    kernels: [kernel],
    buffers,
    notes: notesOf(variant, problem),
  };
  return { kind: "plan", plan };
}

/**
 * The block mask at a granularity that the kernel can walk: the problem's BLOCK_SIZE where its query side is a multiple
 * of BLOCK_M and its key side one of BLOCK_N, else the nearest that is.
 */
export function kernelBlocks(
  tile: Pick<ForwardTemplate, "blockM" | "blockN">,
  variant: Pick<Variant, "maskMod">,
  problem: Problem,
  blocks?: BlockMask,
): BlockMask {
  const [q, kv] = problem.blockSize;
  const size: readonly [number, number] = [roundUp(q, tile.blockM), roundUp(kv, tile.blockN)];
  const same = blocks !== undefined && blocks.blockSize[0] === size[0] && blocks.blockSize[1] === size[1];
  if (same && blocks.qLen === problem.qLen && blocks.kvLen === problem.kvLen) return blocks;
  return builtFor(variant.maskMod?.body ?? null, problem, size);
}

/** Masks at sizes that tiles asked for, the last few: all tiles of a list are planned again whenever the list is shown. */
const recent: { readonly body: Expr | null; readonly sizes: readonly number[]; readonly mask: BlockMask }[] = [];
const MOST_RECENT = 4;

function builtFor(body: Expr | null, problem: Problem, size: readonly [number, number]): BlockMask {
  const { batch, qHeads: heads, qLen, kvLen } = problem;
  const sizes = [batch, heads, qLen, kvLen, ...size];
  const known = recent.find((r) => r.body === body && r.sizes.every((n, i) => n === sizes[i]));
  if (known !== undefined) return known.mask;
  const mask = buildBlockMask(body, { batch, heads, qLen, kvLen }, size);
  recent.unshift({ body, sizes, mask });
  recent.length = Math.min(recent.length, MOST_RECENT);
  return mask;
}

const roundUp = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

function paramsOf(p: Problem, part: Part, mask: BlockMask | null, factor: number, firstTile: number, firstHead: number): Param[] {
  const u32 = (name: string, value: number): Param => ({ name, type: "u32", value });
  return [
    ...placeParams(p, part),
    u32("ROWS", p.batch * p.qHeads * p.qLen),
    u32("Q_LEN", p.qLen),
    u32("KV_LEN", p.kvLen),
    u32("HQ", p.qHeads),
    u32("HKV", p.kvHeads),
    { name: "SM_SCALE", type: "f32", value: factor },
    u32("FIRST_TILE", firstTile),
    u32("FIRST_HEAD", firstHead),
    ...(mask === null
      ? []
      : [
          u32("MASK_BATCH", mask.batch),
          u32("MASK_HEADS", mask.heads),
          u32("MASK_ROWS", Math.ceil(p.qLen / mask.blockSize[0])),
          u32("SPARSE_Q_BLOCK_SIZE", mask.blockSize[0]),
          u32("SPARSE_KV_BLOCK_SIZE", mask.blockSize[1]),
        ]),
  ];
}

function bindingsOf(mods: EmittedMods, hasRuns: boolean): Binding[] {
  const tensor = (name: string, buffer: string, kind: Binding["kind"]): Binding => ({ name, kind, buffer });
  return [
    tensor("Q", "q", "storage-read"),
    tensor("K", "k", "storage-read"),
    tensor("V", "v", "storage-read"),
    tensor("OUT", "out", "storage-write"),
    tensor("LSE", "lse", "storage-write"),
    tensor("params", "params", "uniform"),
    ...(hasRuns ? [tensor("runs", "runs", "storage-read")] : []),
    ...mods.bindings.map((b): Binding => ({ name: b.name, kind: b.kind, buffer: b.name })),
  ];
}

/** Lines of a comment in the emitted text. */
export const comment = (lines: readonly string[]): string => lines.map((line) => (line === "" ? "//" : `// ${line}`)).join("\n");

function emitForward(template: ForwardTemplate, mods: EmittedMods, problem: Problem, bindings: readonly Binding[]): string {
  const storage = storageOf(problem);
  const element = template.element ?? storage.vec4;
  const d4 = Math.ceil(problem.qkHeadDim / 4);
  const dv4 = Math.ceil(problem.vHeadDim / 4);
  const modBindings = mods.bindings.map((b, i) => declareModBinding(b, bindings.length - mods.bindings.length + i));
  return source`
    ${template.enable}
    // FlashAttention forward: OUT = softmax(mods(Q Kᵀ SM_SCALE)) V in one pass over the keys, scores are never stored.
    //
    // Q, OUT      queries [B, HQ, Q_LEN, QK_HEAD_DIM], output [B, HQ, Q_LEN, V_HEAD_DIM], as ${template.element ?? storage.elementName}
    // K, V        keys [B, HKV, KV_LEN, QK_HEAD_DIM], values [B, HKV, KV_LEN, V_HEAD_DIM]
    // LSE         [B, HQ, Q_LEN], natural logarithm of each row's sum of e^score; behind it, likewise, each row's largest score
    // D4, DV4     ${storage.vec4} a row: QK_HEAD_DIM / 4 = ${d4}, V_HEAD_DIM / 4 = ${dv4}, rounded up
    // BLOCK_M     query rows of a workgroup; BLOCK_N: keys of a step
    // s, t        q·k SM_SCALE; the score after the mods${mods.hasScoreMod ? "" : ", in units of exp2"}
    // m, l        a row's maximum t so far, and the sum of its p
    // p, alpha    ${emitWeight(mods, "t - m")}; what the row's older sums are scaled by when m grows
    ${template.visitsAll === true ? "//" : `${RUNS_ABOUT}\n//`}
    ${comment(template.about)}

    const D4 = ${d4}u;
    const DV4 = ${dv4}u;
    const BLOCK_M = ${template.blockM}u;
    const BLOCK_N = ${template.blockN}u;

    ${PLACE_WGSL}

    struct Params {
      ${PLACE_FIELDS}
      ROWS: u32,  // of all batches and heads
      Q_LEN: u32,
      KV_LEN: u32,
      HQ: u32,
      HKV: u32,
      SM_SCALE: f32,  // with log2(e) in it where there is no score_mod
      FIRST_TILE: u32,  // where this dispatch stands in the whole grid
      FIRST_HEAD: u32,
      ${template.visitsAll === true ? [] : MASK_FIELDS}
    }

    @group(0) @binding(0) var<storage, read> Q: array<${element}>;
    @group(0) @binding(1) var<storage, read> K: array<${element}>;
    @group(0) @binding(2) var<storage, read> V: array<${element}>;
    @group(0) @binding(3) var<storage, read_write> OUT: array<${element}>;
    @group(0) @binding(4) var<storage, read_write> LSE: array<f32>;
    @group(0) @binding(5) var<uniform> params: Params;
    ${template.visitsAll === true ? [] : "@group(0) @binding(6) var<storage, read> runs: array<u32>;"}
    ${modBindings}

    ${emitStep(mods)}

    ${template.element === undefined && storage.functions !== "" ? `${storage.functions}\n` : ""}
    ${template.functions === "" ? "" : `${template.functions}\n`}
    ${template.visitsAll !== true && walksByKind(template.step, mods) ? `${RUN_AT}\n` : ""}
    @compute @workgroup_size(${template.workgroupSize})
    fn main(
      @builtin(workgroup_id) workgroup: vec3u,
      @builtin(local_invocation_index) thread: u32,
      ${template.builtins.map((b) => `${b},`)}
    ) {
      let q_tile = params.FIRST_TILE + workgroup.x;
      let bh = params.FIRST_HEAD + workgroup.y;
      let b = i32(bh / params.HQ);
      let h = i32(bh % params.HQ);
      let kv_head = u32(h) / (params.HQ / params.HKV);
      let q_base = place(params.Q, u32(b), u32(h));
      let k_base = place(params.K, u32(b), kv_head);
      let v_base = place(params.V, u32(b), kv_head);
      let out_base = place(params.OUT, u32(b), u32(h));
      let k_step = params.K.row;
      let v_step = params.V.row;
      let row_base = bh * params.Q_LEN;
      let last_row = params.Q_LEN - 1u;
      let last_key = params.KV_LEN - 1u;

      ${template.open}

      ${template.visitsAll === true ? emitVisit(template) : emitRuns(template.step, mods)}

      ${template.close}
    }
  `;
}

/** The walk over every key. */
const emitVisit = ({ step }: Pick<ForwardTemplate, "step">): string => source`
  for (var key = 0u; key < params.KV_LEN; key += BLOCK_N) {
    ${typeof step === "string" ? step : step(true)}
  }`;
