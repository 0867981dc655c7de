/** What a benchmark takes and gives: plain data, JSON-safe (no infinities, no nan), kept by the host and shown by the panel. */
import type { Check } from "../flash/check.ts";
import type { Memory } from "../flash/memory.ts";
import type { Engine, Refusal } from "../flash/plan.ts";
import type { Problem } from "../flash/problem.ts";
import type { Wishes } from "../flash/select.ts";
import type { Variant } from "../ir/mod.ts";

export type { Check, Engine };

export interface DeviceInfo {
  /** `google swiftshader`, `NVIDIA H200`, …: vendor, architecture and description, as the adapter tells. */
  readonly name: string;
  /** A software adapter: its times are never compared with a GPU's. */
  readonly software: boolean;
}

/** What the fastest of a few tuned matrix products reaches. */
export interface ProductPeak {
  /** FLOP/s. */
  readonly flops: number;
  /** Its lengths, and its tile. */
  readonly product: string;
}

/** What a device reaches in the things that bound every kernel, measured by kernels of ours. */
export interface DevicePeaks {
  /** FLOP/s of the fastest of a few tuned f32 matrix products: all kernels but `matrix` compute in f32, float16 tensors or not. */
  readonly matmulFlops: number;
  /** The product's lengths: `1024 × 1024 × 1024`, and its tile. */
  readonly matmul: string;
  /**
   * The same of float16 matrices into float32 by subgroup matrices, which bounds the `matrix` kernel alone. Absent: the
   * device had none when it was measured; null: it would not run the product.
   */
  readonly matrices?: ProductPeak | null;
  /** Bytes a second, read and written, of a copy from one buffer to another. */
  readonly copyBytes: number;
  /** Milliseconds since 1970. */
  readonly measuredAt: number;
}

/** How a result was measured, and what it is worth on its device. */
export interface BenchDetails {
  /** Runs in each sample, in one submission. */
  readonly repeats: number;
  /** Instances (own buffers and bind groups) among the samples. */
  readonly instances: number;
  /** The step of the clock that was used, in ms; under 1 % of a sample unless `noisy`. */
  readonly clockStepMs: number;
  /** Fewer than three samples, a wide interval, or a clock's step over 1 % of a sample: the time is a rumour. */
  readonly noisy: boolean;
  /** Pipelines the kernel has, and how many of them this run compiled: the others were compiled in an earlier one. */
  readonly pipelines: { readonly used: number; readonly compiled: number };
  readonly memory: Memory;
  /** null: the device would not have them measured. */
  readonly peaks: DevicePeaks | null;
}

export interface BenchResult {
  /** Hash of the printed IR, captures and block size: by it a result knows that it is stale. */
  readonly key: string;
  readonly variant: string;
  readonly engine: Engine;
  readonly direction: "forward";
  readonly problem: Problem;
  readonly tile: string;
  readonly sparsity: { readonly blocks: number; readonly elements: number };
  readonly device: DeviceInfo;
  readonly clock: "timestamp-query" | "wall";
  readonly samplesMs: readonly number[];
  readonly medianMs: number;
  /** 95 % bootstrap interval of the median. */
  readonly interval: readonly [low: number, high: number];
  /** Median of the materialised baseline in the same run; null on its own row or where it does not fit. */
  readonly baselineMs: number | null;
  /** Pipeline creation and first dispatch. */
  readonly compileMs: number;
  readonly denseFlops: number;
  /** FLOPs of allowed elements alone. */
  readonly effectiveFlops: number;
  /** null: not compared with the reference. */
  readonly check: Check | null;
  /** Milliseconds since 1970. */
  readonly measuredAt: number;
  /** Absent in results that an earlier version stored. */
  readonly details?: BenchDetails;
  /** Id of the run that measured it: its results were sampled in turn, and are compared with each other. Absent as above. */
  readonly run?: string;
  /** The sweep (sweep.ts) that it is a point of, and the point's index there; absent: a run of its own. */
  readonly sweep?: { readonly id: string; readonly point: number };
  /** Name of the file that it was imported from; absent: measured by this installation. */
  readonly importedFrom?: string;
}

/** A kernel to measure: a family by its name, or whichever `chooseForward` picks. */
export type Contender = Engine | "chosen";

/** What to measure. */
export interface BenchRequest {
  readonly variant: Variant;
  readonly problem: Problem;
  /** Default: the kernel that `chooseForward` picks by `wishes`, and the materialised baseline where it fits. */
  readonly engines?: readonly Contender[];
  readonly wishes?: Wishes;
}

export interface BenchOptions {
  /** Stops between two submissions; the report then says `cancelled`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BenchProgress) => void;
  /** Milliseconds of sampling in all, over all engines; default 3,000. Five samples each are taken at least, fewer where those take 20 s. */
  readonly budgetMs?: number;
  /** Samples of each engine at most; default 9. */
  readonly samples?: number;
  /** Compare with the reference; default true. */
  readonly check?: boolean;
  /** The device's peaks (`measurePeaks`), to go with the results; default null. */
  readonly peaks?: DevicePeaks | null;
}

export interface BenchProgress {
  readonly stage: "upload" | "compile" | "check" | "sample";
  /** null where the stage is not of one engine. */
  readonly engine: Engine | null;
  /** Of the whole benchmark, 0 to 1. */
  readonly fraction: number;
}

export interface BenchFailure {
  readonly engine: Engine;
  /** Cause, then way out. */
  readonly message: string;
}

export interface BenchReport {
  readonly device: DeviceInfo;
  readonly results: readonly BenchResult[];
  /** Engines that cannot run this problem on this device, with the reason. */
  readonly refusals: readonly Refusal[];
  /** Engines that broke: a compile error, memory, a lost device. */
  readonly failures: readonly BenchFailure[];
  readonly cancelled: boolean;
  /** Why the kernel that was chosen is the one, in words; empty where the caller named the engines. */
  readonly why: string;
}
