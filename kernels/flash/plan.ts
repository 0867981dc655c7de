/**
 * What the run time is told to do, as plain data: which buffers there are, which WGSL reads and writes them, and over
 * which grid. Templates (forward/*, materialized.ts) make plans out of a variant, a problem and a device's limits as
 * numbers; execute.ts runs them and knows nothing else. A plan can be printed, snapshotted and compared without a GPU.
 *
 * Lengths, scale and grid offsets are fields of one uniform, `params`: the same text serves every length. A grid too
 * large for one dispatch (65,535 a dimension, or seconds of work) becomes slices, which differ in `params` alone.
 */
import { boxOf } from "../analysis/interval.ts";
import { lossesOf } from "../emit/losses.ts";
import type { KernelName, Variant } from "../ir/mod.ts";
import type { Problem } from "./problem.ts";

/** A kernel family, or the baseline. */
export type Engine = KernelName;

/** One product of subgroup matrices: M × K times K × N. */
export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Products of float16 matrices with float32 results (`chromium-experimental-subgroup-matrix`). */
export interface SubgroupMatrices {
  /** Lanes of the largest subgroup, of which a workgroup must be a multiple. */
  readonly lanes: number;
  readonly shapes: readonly MatrixShape[];
}

/** What a device offers, as numbers; WebGPU's names. */
export interface DeviceLimits {
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxUniformBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxBufferSize: number;
  /** Quad operations work: the feature `subgroups`, and no subgroup is smaller than four. */
  readonly subgroups: boolean;
  readonly f16: boolean;
  /** null: none. Experimental: there only where the browser was asked for it. */
  readonly subgroupMatrices: SubgroupMatrices | null;
  /** A software adapter: narrow vectors, costly barriers and loads; tiles are chosen for it. */
  readonly software: boolean;
}

/** WebGPU's guaranteed limits, without features. */
export const DEFAULT_LIMITS: DeviceLimits = {
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxStorageBufferBindingSize: 134_217_728,
  maxUniformBufferBindingSize: 65_536,
  maxStorageBuffersPerShaderStage: 8,
  maxBufferSize: 268_435_456,
  subgroups: false,
  f16: false,
  subgroupMatrices: null,
  software: false,
};

export interface Binding {
  /** The WGSL variable; its number is the position in the plan's list. */
  readonly name: string;
  readonly kind: "storage-read" | "storage-write" | "uniform";
  /** Which of the plan's buffers. */
  readonly buffer: string;
}

/** A part of the grid: one dispatch. */
export interface Slice {
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Where it stands in the kernel's grid: neighbours can be one dispatch (runtime/pace.ts); absent: it stays alone. */
  readonly first?: readonly [x: number, y: number];
  /** Bytes into `params` at which this slice's copy stands: a multiple of 256. */
  readonly paramsOffset: number;
  /** The bytes to bind of each buffer that is too large to be bound whole. */
  readonly ranges?: Readonly<Record<string, { readonly offset: number; readonly size: number }>>;
}

export interface KernelPlan {
  readonly pass: "forward" | "combine" | "scores" | "softmax" | "output";
  /** For people: `quad forward, 64 × 4`. */
  readonly name: string;
  readonly wgsl: string;
  readonly bindings: readonly Binding[];
  /** The whole grid. */
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** The grid again, cut into dispatches; each may be its own submission. */
  readonly slices: readonly Slice[];
  /** Workgroup memory that it declares, in bytes; absent: none. */
  readonly workgroupBytes?: number;
}

/** A buffer the kernels use. `q`, `k`, `v` come from outside, padded as `packRows` does. */
export interface PlanBuffer {
  readonly name: string;
  readonly byteLength: number;
  readonly role: "input" | "output" | "scratch" | "data";
  readonly usage: "storage" | "uniform";
  /** What to upload, where the plan knows it (role `data`). */
  readonly data: Uint8Array<ArrayBuffer> | null;
  /** The length that its size is in proportion to, if it is. */
  readonly grows?: "qLen" | "kvLen";
}

/** All that one run of an engine needs. */
export interface Plan {
  readonly engine: Engine;
  /** The tile in words: `64 × 4 keys, 16 rows a quad`. */
  readonly tile: string;
  readonly problem: Problem;
  /** In order of running. */
  readonly kernels: readonly KernelPlan[];
  readonly buffers: readonly PlanBuffer[];
  /** What 32 bits may lose of the mods at the problem's lengths, in words for the user (`notesOf`); mostly empty. */
  readonly notes: readonly string[];
}

/** Why an engine cannot run the problem on the device, with what would fit. */
export interface Refusal {
  readonly engine: Engine;
  readonly reason: string;
}

export type Planned = { readonly kind: "plan"; readonly plan: Plan } | { readonly kind: "refused"; readonly refusal: Refusal };

/** Uniform copies of the slices stand this far apart: WebGPU's largest minUniformBufferOffsetAlignment. */
export const PARAMS_STRIDE = 256;

/** Floats of a row in a GPU buffer: head dims are padded to whole vec4s. */
export const rowStride = (headDim: number): number => 4 * Math.ceil(headDim / 4);

/** Rows of `headDim` floats as the kernels read them: each padded with zeros to a multiple of four. */
export function packRows(data: ArrayLike<number>, headDim: number): Float32Array<ArrayBuffer> {
  const stride = rowStride(headDim);
  const rows = data.length / headDim;
  const packed = new Float32Array(rows * stride);
  if (stride === headDim) packed.set(data);
  else for (let r = 0; r < rows; r++) for (let d = 0; d < headDim; d++) packed[r * stride + d] = data[r * headDim + d] ?? 0;
  return packed;
}

/** The inverse of packRows. */
export function unpackRows(packed: Float32Array<ArrayBuffer>, headDim: number): Float32Array<ArrayBuffer> {
  const stride = rowStride(headDim);
  if (stride === headDim) return packed;
  const rows = packed.length / stride;
  const data = new Float32Array(rows * headDim);
  for (let r = 0; r < rows; r++) for (let d = 0; d < headDim; d++) data[r * headDim + d] = packed[r * stride + d] ?? 0;
  return data;
}

/**
 * The buffers every engine has: q, k, v in; out [B, HQ, Q_LEN, DV] and lse [B, HQ, Q_LEN] (natural logarithm) out, or
 * as the problem's layout has it; behind lse, in its buffer, the rows' largest scores. All but lse, which is f32, are of
 * the problem's storage type.
 */
export function tensorBuffers(p: Problem): PlanBuffer[] {
  const tensor = (
    name: string,
    role: PlanBuffer["role"],
    heads: number,
    grows: "qLen" | "kvLen",
    width: number,
    bytes = p.storage === "f16" ? 2 : 4,
  ): PlanBuffer => ({ name, byteLength: bytes * p.batch * heads * p[grows] * width, role, usage: "storage", data: null, grows });
  return [
    tensor("q", "input", p.qHeads, "qLen", rowStride(p.qkHeadDim)),
    tensor("k", "input", p.kvHeads, "kvLen", rowStride(p.qkHeadDim)),
    tensor("v", "input", p.kvHeads, "kvLen", rowStride(p.vHeadDim)),
    tensor("out", "output", p.qHeads, "qLen", rowStride(p.vHeadDim)),
    tensor("lse", "output", p.qHeads, "qLen", 2, 4),
  ];
}

/** The plan's notes: what the kernels' 32 bits may lose of the mods for some index of the problem. */
export function notesOf(variant: Pick<Variant, "scoreMod" | "maskMod">, p: Problem): string[] {
  return lossesOf(variant, boxOf(p.batch, p.qHeads, p.qLen, p.kvLen)).map((loss) => loss.reason);
}

/** A buffer whose contents the plan brings along. */
export function dataBuffer(name: string, usage: PlanBuffer["usage"], data: Uint8Array<ArrayBuffer>): PlanBuffer {
  return { name, byteLength: data.byteLength, role: "data", usage, data };
}

/** What the device cannot do for these kernels and buffers, in words with the number that would fit; null if all fits. */
export function limitRefusal(
  kernels: readonly KernelPlan[],
  buffers: readonly PlanBuffer[],
  workgroupSize: number,
  problem: Pick<Problem, "qLen" | "kvLen">,
  limits: DeviceLimits,
): string | null {
  const invocations = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  if (workgroupSize > invocations) return `a workgroup has ${workgroupSize} invocations; the device allows ${invocations}`;
  for (const kernel of kernels) {
    const storage = kernel.bindings.filter((b) => b.kind !== "uniform").length;
    if (storage > limits.maxStorageBuffersPerShaderStage) {
      return `${kernel.name} binds ${storage} storage buffers; the device allows ${limits.maxStorageBuffersPerShaderStage}`;
    }
  }
  for (const buffer of buffers) {
    if (kernels.every((k) => k.slices.every((s) => s.ranges?.[buffer.name] !== undefined))) continue;
    // Of `params` one copy is bound at a time.
    const binds = buffer.usage === "storage" ? limits.maxStorageBufferBindingSize : limits.maxUniformBufferBindingSize;
    const most = buffer.name === "params" ? limits.maxBufferSize : Math.min(binds, limits.maxBufferSize);
    if (buffer.byteLength > most) {
      const size = `\`${buffer.name}\` needs ${mebibytes(buffer.byteLength)}; the device binds at most ${mebibytes(most)}`;
      const fitting = whatFits(buffer, most, problem);
      return fitting === null ? size : `${size}: ${fitting}`;
    }
  }
  return null;
}

/** What of a buffer would fit into `most` bytes, in words; null: nothing that could be asked for. */
function whatFits(buffer: PlanBuffer, most: number, problem: Pick<Problem, "qLen" | "kvLen">): string | null {
  if (buffer.grows !== undefined) {
    const length = Math.floor((problem[buffer.grows] * most) / buffer.byteLength);
    return length < 1 ? null : `${buffer.grows === "qLen" ? "Q_LEN" : "KV_LEN"} up to ${length} would fit`;
  }
  if (buffer.role !== "data" || buffer.usage === "uniform") return null;
  // Captured tensors and block lists: numbers of 32 bits.
  const numbers = `${Math.floor(most / 4)} of its ${buffer.byteLength / 4} numbers would fit`;
  return buffer.name === "runs" ? `${numbers}; a larger BLOCK_SIZE makes fewer` : numbers;
}

/** `128 MiB`, `0.5 MiB`, `12 KiB`. */
export function mebibytes(bytes: number): string {
  if (bytes < 2 ** 20 / 10) return `${Math.round(bytes / 102.4) / 10} KiB`;
  const mib = bytes / 2 ** 20;
  return `${mib >= 10 ? Math.round(mib) : Math.round(mib * 10) / 10} MiB`;
}

/** A rectangle of a grid: `x` tiles from `firstX`, `y` (batch, head) pairs from `firstY`. */
export interface GridPart {
  readonly firstX: number;
  readonly firstY: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Cuts an x × y grid so that no part has more than `maxPerDimension` workgroups a dimension, nor more than
 * `maxWorkgroups` in all (at least one). Whole rows of the grid stay together where they can.
 */
export function cutGrid(x: number, y: number, maxPerDimension: number, maxWorkgroups: number): GridPart[] {
  const most = Math.max(1, Math.floor(maxWorkgroups));
  const width = Math.min(x, maxPerDimension, most);
  const height = Math.min(y, maxPerDimension, Math.max(1, Math.floor(most / width)));
  const parts: GridPart[] = [];
  for (let firstY = 0; firstY < y; firstY += height) {
    for (let firstX = 0; firstX < x; firstX += width) {
      parts.push({ firstX, firstY, x: Math.min(width, x - firstX), y: Math.min(height, y - firstY) });
    }
  }
  return parts;
}

/** Slices of a kernel at most, but for its grid's own limits: each has a bind group. */
const MOST_SLICES = 512;

/**
 * FLOPs of one slice at most, out of `total`: some tenths of a second even on a slow device of its kind. A fast one gets
 * many slices in one dispatch, by what they are measured to take (runtime/pace.ts).
 */
export const dispatchFlops = (limits: Pick<DeviceLimits, "software">, total = 0): number =>
  Math.max(limits.software ? 1e9 : 1e10, total / MOST_SLICES);

/** A field of `params`: four bytes. */
export interface Param {
  readonly name: string;
  readonly type: "u32" | "f32";
  readonly value: number;
}

/** The uniform's bytes: one copy of the fields a slice, PARAMS_STRIDE apart. */
export function packParams(copies: readonly (readonly Param[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(Math.max(1, copies.length) * PARAMS_STRIDE));
  copies.forEach((fields, slice) => {
    if (fields.length * 4 > PARAMS_STRIDE) throw new Error(`params has ${fields.length} fields; ${PARAMS_STRIDE / 4} fit`);
    fields.forEach((field, i) => {
      const at = slice * PARAMS_STRIDE + 4 * i;
      if (field.type === "f32") bytes.setFloat32(at, field.value, true);
      else bytes.setUint32(at, field.value, true);
    });
  });
  return new Uint8Array(bytes.buffer);
}
