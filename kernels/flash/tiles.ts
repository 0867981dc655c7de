/**
 * The tiles of the kernel families, as `kernel_options` name them. In: what is asked for, a problem, a device's limits.
 * Out: the family's tile with the rest filled in, or why there is none; and the tiles that are worth a try, which the
 * autotuner goes through. A tile here is legal in itself; what else a device cannot do, the family's planner says.
 */
import { type DecodeTile, decodeTile, MOST_SPLITS } from "./forward/decode.ts";
import { decodeBody } from "./forward/decodeBody.ts";
import { QUAD_KEYS, type QuadTile, quadTile } from "./forward/quad.ts";
import { type RowTile, rowTile } from "./forward/row.ts";
import { type TileCandidate, type TileShape, tileCandidates, tileShape } from "./forward/tileShapes.ts";
import { type KernelOptions, OPTION_MEANINGS, OPTION_NAMES, type OptionName, optionsText } from "./kernelOptions.ts";
import type { DeviceLimits } from "./plan.ts";
import type { Problem } from "./problem.ts";

/** A tile, or in words why there is none. */
export type Resolved<T> = { readonly tile: T } | { readonly reason: string };

/** Whether anything is asked for. */
export const isAsked = (options: KernelOptions): boolean => OPTION_NAMES.some((name) => options[name] !== undefined);

/** The refusal of an option that a family does not take; null where it takes all. */
function foreign(options: KernelOptions, family: string, takes: readonly OptionName[]): string | null {
  const other = OPTION_NAMES.find((name) => options[name] !== undefined && !takes.includes(name));
  if (other === undefined) return null;
  return `\`${other}\` (${OPTION_MEANINGS[other]}) is no option of the ${family} kernel, which takes ${takes.map((name) => `\`${name}\``).join(", ")}`;
}

/**
 * vec4f that a lane (or thread) may hold of q, and as many of the accumulator, where a tile is asked for: beyond it
 * compilers take tens of seconds to spill registers. The defaults stay well below.
 */
const MOST_CHUNKS = 128;
/** What the autotuner tries on a GPU, where spilled registers cost more than rows gain. */
const GPU_CHUNKS = 64;

const quadChunks = (p: Problem): number => Math.ceil(Math.max(p.qkHeadDim, p.vHeadDim) / 16);
const rowChunks = (p: Problem): number => Math.ceil(Math.max(p.qkHeadDim, p.vHeadDim) / 4);

/** The quad kernel's tile: BLOCK_M = ROWS × quads of the workgroup, BLOCK_N = 4. */
export function resolveQuad(options: KernelOptions, problem: Problem, limits: Pick<DeviceLimits, "software">): Resolved<QuadTile> {
  const usual = quadTile(problem, limits);
  const wrong = foreign(options, "quad", ["BLOCK_M", "BLOCK_N", "ROWS", "WORKGROUP_SIZE"]);
  if (wrong !== null) return { reason: wrong };
  if (options.BLOCK_N !== undefined && options.BLOCK_N !== QUAD_KEYS.length)
    return { reason: `BLOCK_N is ${options.BLOCK_N}; the quad kernel takes ${QUAD_KEYS.length} keys a step` };
  const sized = rowsAndSize(options, usual, 4);
  if ("reason" in sized) return sized;
  const { rows, workgroupSize } = sized.tile;
  if (![4, 8, 16, 32].includes(rows)) return { reason: `a quad would have ${rows} query rows; it can have 4, 8, 16 or 32 (ROWS)` };
  if (workgroupSize % 4 !== 0) return { reason: `WORKGROUP_SIZE is ${workgroupSize}; quads need a multiple of 4` };
  const most = Math.floor(MOST_CHUNKS / quadChunks(problem));
  if (rows > most)
    return { reason: `${rows} rows a quad are too many registers at head dim ${headDim(problem)}; ${floorPower(most)} rows fit` };
  return { tile: { rows, workgroupSize } };
}

/** The row kernel's tile: BLOCK_M = ROWS × WORKGROUP_SIZE, BLOCK_N keys a step. */
export function resolveRow(options: KernelOptions, problem: Problem, limits: Pick<DeviceLimits, "software">): Resolved<RowTile> {
  const usual = rowTile(problem, limits);
  const wrong = foreign(options, "row", ["BLOCK_M", "BLOCK_N", "ROWS", "WORKGROUP_SIZE"]);
  if (wrong !== null) return { reason: wrong };
  const keys = options.BLOCK_N ?? usual.keys;
  if (keys > 8) return { reason: `BLOCK_N is ${keys}; the row kernel takes 1 to 8 keys a step` };
  const sized = rowsAndSize(options, usual, 1);
  if ("reason" in sized) return sized;
  const { rows, workgroupSize } = sized.tile;
  if (rows > 8) return { reason: `a thread would have ${rows} query rows; it can have 1 to 8 (ROWS)` };
  const most = Math.max(1, Math.floor(MOST_CHUNKS / rowChunks(problem)));
  if (rows > most) return { reason: `${rows} rows a thread are too many registers at head dim ${headDim(problem)}; ${most} fit` };
  return { tile: { rows, keys, workgroupSize } };
}

/** The decode kernel's split: at most SPLIT_KV shares, fewer where there are not as many keys. */
export function resolveDecode(
  options: KernelOptions,
  problem: Problem,
  limits: Pick<DeviceLimits, "software" | "subgroups">,
): Resolved<DecodeTile> {
  const wrong = foreign(options, "decode", ["SPLIT_KV"]);
  if (wrong !== null) return { reason: wrong };
  const body = decodeBody({ name: "", scoreMod: null, maskMod: null, captures: [] }, problem, limits);
  const usual = decodeTile(problem, limits, body);
  const splits = options.SPLIT_KV;
  if (splits === undefined) return { tile: usual };
  if (splits > MOST_SPLITS) return { reason: `SPLIT_KV is ${splits}; the keys are split into ${MOST_SPLITS} shares at most` };
  return { tile: { splits, keys: 1 } };
}

/** What names a shape of the tile kernel: no two have all four in common. */
const TILE_OPTIONS = ["BLOCK_M", "BLOCK_N", "ROWS", "WORKGROUP_SIZE"] as const satisfies readonly OptionName[];

const tileOptions = (t: TileCandidate): Required<Pick<KernelOptions, (typeof TILE_OPTIONS)[number]>> => ({
  BLOCK_M: t.blockM,
  BLOCK_N: t.blockN,
  ROWS: t.shape.rows,
  WORKGROUP_SIZE: t.threads,
});

/** The tile kernel's shape: of those with what is asked for the cheapest. ROWS are those of a thread. */
export function resolveTile(options: KernelOptions, problem: Problem, limits: DeviceLimits): Resolved<TileShape> {
  const wrong = foreign(options, "tile", TILE_OPTIONS);
  if (wrong !== null) return { reason: wrong };
  if (!isAsked(options)) return { tile: tileShape(problem, limits).shape };
  const asked = TILE_OPTIONS.filter((name) => options[name] !== undefined);
  const candidates = tileCandidates(problem, limits);
  const found = candidates.find((t) => asked.every((name) => tileOptions(t)[name] === options[name]));
  if (found !== undefined) return found.refusal === null ? { tile: found.shape } : { reason: found.refusal };
  for (const name of asked) {
    const values = [...new Set(candidates.map((t) => tileOptions(t)[name]))].sort((a, b) => a - b);
    if (!values.some((n) => n === options[name]))
      return { reason: `${name} is ${options[name]}; the tile kernel has ${values.join(", ")}` };
  }
  return { reason: `no shape of the tile kernel has ${optionsText(options)} at once` };
}

const headDim = (p: Problem): number => Math.max(p.qkHeadDim, p.vHeadDim);
const floorPower = (n: number): number => 2 ** Math.floor(Math.log2(Math.max(1, n)));

/**
 * Rows of a unit (`lanes` invocations that share them) and invocations of a workgroup out of BLOCK_M, ROWS and
 * WORKGROUP_SIZE: two of them give the third.
 */
function rowsAndSize(
  { BLOCK_M, ROWS, WORKGROUP_SIZE }: KernelOptions,
  usual: { readonly rows: number; readonly workgroupSize: number },
  lanes: number,
): Resolved<{ rows: number; workgroupSize: number }> {
  let rows = ROWS ?? usual.rows;
  let workgroupSize = WORKGROUP_SIZE ?? usual.workgroupSize;
  if (BLOCK_M !== undefined) {
    if (ROWS === undefined && WORKGROUP_SIZE === undefined) {
      // The usual rows as long as they go into BLOCK_M.
      while (rows > 1 && BLOCK_M % rows !== 0) rows /= 2;
      workgroupSize = (lanes * BLOCK_M) / rows;
    } else if (WORKGROUP_SIZE === undefined) workgroupSize = (lanes * BLOCK_M) / rows;
    else if (ROWS === undefined) rows = (lanes * BLOCK_M) / workgroupSize;
    const made = (rows * workgroupSize) / lanes;
    if (!Number.isInteger(rows) || !Number.isInteger(workgroupSize) || made !== BLOCK_M) {
      const unit = lanes === 1 ? "a thread" : "a quad";
      return { reason: `BLOCK_M is ${BLOCK_M}, which ${printed(rows)} rows ${unit} and ${printed(workgroupSize)} invocations do not give` };
    }
  }
  return { tile: { rows, workgroupSize } };
}

const printed = (n: number): string => String(Math.round(100 * n) / 100);

/** Tiles of the quad kernel that the autotuner tries beside the default: a small BLOCK_M skips more of a narrow mask. */
export function quadCandidates(problem: Problem, limits: Pick<DeviceLimits, "software">): KernelOptions[] {
  const most = (limits.software ? MOST_CHUNKS : GPU_CHUNKS) / quadChunks(problem);
  const sizes = limits.software ? [16, 8, 4] : [32, 64, 128];
  return [4, 8, 16, 32]
    .filter((rows) => rows <= most)
    .slice(limits.software ? -2 : -3)
    .flatMap((ROWS) => sizes.map((size) => ({ ROWS, WORKGROUP_SIZE: size })));
}

/** Tiles of the row kernel likewise. */
export function rowCandidates(problem: Problem, limits: Pick<DeviceLimits, "software">): KernelOptions[] {
  const most = (limits.software ? MOST_CHUNKS : GPU_CHUNKS) / rowChunks(problem);
  const size = limits.software ? 16 : 64;
  return [1, 2, 4]
    .filter((rows) => rows <= most)
    .slice(-2)
    .flatMap((ROWS) => [2, 4].map((BLOCK_N) => ({ ROWS, BLOCK_N, WORKGROUP_SIZE: size })));
}

/**
 * Tiles of the tile kernel likewise: of each demand for registers, from what any GPU has to what few keep, the two
 * cheapest. None on software adapters, where the kernel is behind the others in any shape and takes seconds to compile.
 */
export function tileTrials(problem: Problem, limits: DeviceLimits): KernelOptions[] {
  if (limits.software) return [];
  const legal = tileCandidates(problem, limits).filter((t) => t.refusal === null);
  return [
    [0, 48],
    [49, 64],
    [65, 96],
    [97, 128],
  ].flatMap(([least = 0, most = 0]) =>
    legal
      .filter((t) => t.registers >= least && t.registers <= most)
      .slice(0, 2)
      .map(tileOptions),
  );
}

/** Splits of the decode kernel likewise: around the default. */
export function decodeCandidates(problem: Problem, limits: Pick<DeviceLimits, "software" | "subgroups">): KernelOptions[] {
  const usual = resolveDecode({}, problem, limits);
  if ("reason" in usual) return [];
  const { splits } = usual.tile;
  const most = Math.min(MOST_SPLITS, problem.kvLen);
  const tried = [splits / 4, splits / 2, splits, 2 * splits, 4 * splits].map((n) => Math.max(1, Math.min(most, Math.round(n))));
  return [...new Set(tried)].map((SPLIT_KV) => ({ SPLIT_KV }));
}
