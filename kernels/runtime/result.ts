/** What a benchmark takes and gives: plain data, JSON-safe (no infinities, no nan), kept by the host and shown by the panel. */
import type { Check } from "../flash/check.ts";
import type { Engine, Refusal } from "../flash/plan.ts";
import type { Problem } from "../flash/problem.ts";
import type { Variant } from "../ir/mod.ts";

export type { Check, Engine };

export interface DeviceInfo {
  /** `google swiftshader`, `NVIDIA H200`, …: vendor, architecture and description, as the adapter tells. */
  readonly name: string;
  /** A software adapter: its times are never compared with a GPU's. */
  readonly software: boolean;
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
}

/** What to measure. */
export interface BenchRequest {
  readonly variant: Variant;
  readonly problem: Problem;
  /** Default: the fused kernel that `chooseForward` picks, and the materialised baseline where it fits. */
  readonly engines?: readonly Engine[];
}

export interface BenchOptions {
  /** Stops between two submissions; the report then says `cancelled`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BenchProgress) => void;
  /** Milliseconds of sampling in all, over all engines; default 3,000. At least three samples each are taken. */
  readonly budgetMs?: number;
  /** Samples of each engine at most; default 9. */
  readonly samples?: number;
  /** Compare with the reference; default true. */
  readonly check?: boolean;
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
}
