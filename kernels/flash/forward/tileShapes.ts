/**
 * The shapes of the tile kernel. In: a problem and a device's limits. Out: every shape that is worth a try, with the
 * workgroup memory it takes, what a step costs in counted accesses, and, where the device or the compiler cannot have
 * it, the reason. The kernel's default is the cheapest that leaves registers and memory to spare; the autotuner goes
 * through the legal ones.
 *
 * The costs are counted, not measured: vec4f that a thread reads or writes in one step, for each vec4f multiply-add
 * that the step is there for. Shapes follow published kernels: tiles of some 64 × 64 (Dao, FlashAttention-2, 2023) in
 * micro-tiles of 4 × 4 to 8 × 8 registers (Volkov and Demmel, "Benchmarking GPUs to tune dense linear algebra", 2008).
 */
import { type DeviceLimits, mebibytes } from "../plan.ts";
import type { Problem } from "../problem.ts";

/** How a workgroup of the tile kernel is laid out. */
export interface TileShape {
  /** Query rows of a thread: a multiple of four. */
  readonly rows: number;
  /** Keys of a thread: a multiple of four. */
  readonly keys: number;
  /** Threads side by side: they share rows, and split the keys of S and the columns of O. */
  readonly threadsX: number;
  /** Threads one above the other: they share keys. */
  readonly threadsY: number;
  /** Into how many parts the head dim of K, and the keys of V, are cut for staging. */
  readonly parts: number;
  /** Q is staged once for all keys; else part by part, each time with K, where p stands afterwards. */
  readonly keepQ: boolean;
}

/** Sizes that follow from a shape and the head dims; vec4f where not said otherwise. */
export interface TileSizes {
  readonly blockM: number;
  readonly blockN: number;
  readonly threads: number;
  /** Chunks of the head dim that are staged at once. */
  readonly qkPart: number;
  /** Keys of V that are staged at once. */
  readonly vPart: number;
  /** From one row of staged Q to the next, and of staged p: odd, so that neighbouring rows start in different banks. */
  readonly qStride: number;
  readonly pStride: number;
  /** Columns of the accumulator that a thread has. */
  readonly columns: number;
  /** What is staged: Q and p, which share their place unless Q is kept; K or V, in turns; each thread's word on its rows. */
  readonly staged: { readonly q: number; readonly p: number; readonly kv: number; readonly row: number };
  /** Workgroup memory in bytes. */
  readonly bytes: number;
  /** Floats of scores and accumulator that a thread keeps in registers. */
  readonly registers: number;
  /** vec4f accesses of a thread for each vec4f multiply-add of a step. */
  readonly cost: number;
}

/** A shape that may be tried, or may not, with the reason. */
export interface TileCandidate extends TileSizes {
  readonly shape: TileShape;
  /** null: legal. */
  readonly refusal: string | null;
}

type Dims = Pick<Problem, "qkHeadDim" | "vHeadDim">;
type Limits = Pick<
  DeviceLimits,
  "maxComputeWorkgroupStorageSize" | "maxComputeInvocationsPerWorkgroup" | "maxComputeWorkgroupSizeX" | "software"
>;

/** Scores and accumulators of a thread beyond which no compiler keeps them in registers. */
const MOST_REGISTERS = 128;

/** What a load from storage and a barrier count for, an access to workgroup memory being 1. Estimates. */
const STORAGE = 4;
const BARRIER = 16;

/** Workgroup memory of a thread up to which a core has several workgroups at once, which hide each other's barriers. */
const BYTES_PER_THREAD = 256;

const odd = (n: number): number => n | 1;

/** The sizes of one shape. */
function tileSizes(shape: TileShape, { qkHeadDim, vHeadDim }: Dims): TileSizes {
  const { rows, keys, threadsX, threadsY, parts, keepQ } = shape;
  const d4 = Math.ceil(qkHeadDim / 4);
  const dv4 = Math.ceil(vHeadDim / 4);
  const threads = threadsX * threadsY;
  const blockM = rows * threadsY;
  const blockN = keys * threadsX;
  const quads = blockN / 4;
  const qkPart = Math.ceil(d4 / parts);
  const vPart = 4 * Math.ceil(quads / parts);
  const columns = Math.ceil(dv4 / threadsX);
  const qStride = odd(keepQ ? d4 : qkPart);
  const pStride = odd(quads);
  const staged = {
    q: blockM * qStride,
    kv: Math.max(qkPart * blockN, vPart * dv4),
    p: blockM * pStride,
    row: (threads * rows) / 4,
  };
  const qkParts = Math.ceil(d4 / qkPart);
  const staging = ((STORAGE + 1) * (blockN * (d4 + dv4) + (keepQ ? 0 : blockM * d4))) / threads;
  const scores = qkParts * qkPart * (rows + keys);
  const softmax = (rows / 4) * (threadsX + 1) + (rows * keys) / 4;
  const values = quads * (rows + 4 * columns);
  const vParts = Math.ceil(blockN / vPart);
  const barriers = 2 * qkParts + 1 + (vParts === 1 ? 1 : 2 * vParts);
  return {
    blockM,
    blockN,
    threads,
    qkPart,
    vPart,
    qStride,
    pStride,
    columns,
    staged,
    bytes: 16 * ((keepQ ? staged.q + staged.p : Math.max(staged.q, staged.p)) + staged.kv + staged.row),
    registers: rows * (4 * columns + keys),
    cost: (staging + scores + softmax + values + BARRIER * barriers) / ((blockM * blockN * (d4 + dv4)) / threads),
  };
}

/** Rows and keys of a thread, and the grid of threads: a shape but for its staging. */
type Layout = Omit<TileShape, "parts" | "keepQ">;

const SIDES = { software: [1, 2, 4, 8, 16], gpu: [4, 8, 16, 32] } as const;

/** Every layout with so many threads. */
function layoutsOf({ software }: Pick<Limits, "software">, least: number, most: number): Layout[] {
  const sides = SIDES[software ? "software" : "gpu"];
  return [4, 8]
    .flatMap((rows) => [4, 8].flatMap((keys) => sides.flatMap((threadsX) => sides.map((threadsY) => ({ rows, keys, threadsX, threadsY })))))
    .filter(({ threadsX, threadsY }) => threadsX <= 16 && threadsX * threadsY >= least && threadsX * threadsY <= most);
}

/** Every shape for the problem: the legal ones first, each group with the cheapest first. */
export function tileCandidates(problem: Dims, limits: Limits): TileCandidate[] {
  return stagedAll(limits.software ? layoutsOf(limits, 4, 64) : layoutsOf(limits, 32, 512), problem, limits);
}

/** Each layout with its staging, in that order. `perThread`: bytes of workgroup memory that a thread may take. */
function stagedAll(layouts: readonly Layout[], problem: Dims, limits: Limits, perThread = Number.POSITIVE_INFINITY): TileCandidate[] {
  return layouts
    .map((layout) => cheapestStaging(layout, problem, limits, perThread))
    .sort((a, b) => Number(a.refusal !== null) - Number(b.refusal !== null) || a.cost - b.cost);
}

/** The layout with the cheapest staging that fits the memory; where none does, the one that takes least. */
function cheapestStaging(layout: Layout, problem: Dims, limits: Limits, perThread: number): TileCandidate {
  const memory = Math.min(limits.maxComputeWorkgroupStorageSize, perThread * layout.threadsX * layout.threadsY);
  const ways = [true, false].flatMap((keepQ) =>
    [1, 2, 4, 8, 16].map((parts) => {
      const shape = { ...layout, parts, keepQ };
      return { shape, ...tileSizes(shape, problem) };
    }),
  );
  const fitting = ways.filter((way) => way.bytes <= memory);
  const best =
    fitting.length > 0
      ? fitting.reduce((a, way) => (way.cost < a.cost ? way : a))
      : ways.reduce((a, way) => (way.bytes < a.bytes ? way : a));
  return candidateOf(best.shape, problem, { ...limits, maxComputeWorkgroupStorageSize: memory });
}

/** One shape with its sizes, and whether the device can have it. */
export function candidateOf(shape: TileShape, problem: Dims, limits: Limits): TileCandidate {
  const sizes = tileSizes(shape, problem);
  return { ...sizes, shape, refusal: refusalOf(sizes, problem, limits) };
}

function refusalOf({ blockM, blockN, threads, bytes, registers }: TileSizes, problem: Dims, limits: Limits): string | null {
  const tile = `a tile of ${blockM} × ${blockN} by ${threads} threads`;
  const invocations = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  if (threads > invocations) return `${tile}: the device allows ${invocations} invocations a workgroup`;
  const dim = Math.max(problem.qkHeadDim, problem.vHeadDim);
  if (registers > MOST_REGISTERS)
    return `${tile}: with head dim ${dim} a thread would keep ${registers} scores and sums in registers; ${MOST_REGISTERS} fit`;
  const memory = limits.maxComputeWorkgroupStorageSize;
  if (bytes > memory) return `${tile}: head dim ${dim} needs ${mebibytes(bytes)} of workgroup memory, the device has ${mebibytes(memory)}`;
  return null;
}

/**
 * The default shape, up to 64 × 64, so that masks are skipped finely, or, refused, the one that takes least memory. GPUs:
 * 64 to 128 threads with at most 64 floats of scores and sums each, where the head dim lets them, and BYTES_PER_THREAD of
 * memory; taken from published designs, as no GPU has been measured. Software adapters: up to 16 threads and 4 KiB, which
 * compiles soonest (measured on SwiftShader: 0.2 s for the memory alone, 2.4 s at 32 KiB), since no shape comes near the
 * quad kernel there (measured: 4 to 8 times its time on SwiftShader, 3 to 8 on lavapipe).
 */
export function tileShape(problem: Dims, limits: Limits): TileCandidate {
  const { memory, registers, least, most } = limits.software
    ? { memory: 4096, registers: 48, least: 4, most: 16 }
    : { memory: limits.maxComputeWorkgroupStorageSize, registers: 64, least: 64, most: 128 };
  const spared = { ...limits, maxComputeWorkgroupStorageSize: Math.min(memory, limits.maxComputeWorkgroupStorageSize) };
  const fine = layoutsOf(limits, least, most).filter((l) => l.rows * l.threadsY <= 64 && l.keys * l.threadsX <= 64);
  const usual = stagedAll(fine, problem, spared, limits.software ? undefined : BYTES_PER_THREAD).filter((t) => t.refusal === null);
  const found = usual.find((t) => t.registers <= registers) ?? usual.find((t) => t.registers <= 96) ?? usual[0];
  if (found !== undefined) return found;
  const all = tileCandidates(problem, limits);
  const legal = all.filter((t) => t.refusal === null);
  const bySize = (legal.length > 0 ? legal : all.filter((t) => t.registers <= MOST_REGISTERS)).toSorted((a, b) => a.bytes - b.bytes);
  const best = limits.software ? bySize[0] : (legal[0] ?? bySize[0]);
  if (best === undefined) throw new Error("some shape keeps its registers");
  return best;
}
