/**
 * What the autotuner found, and for whom: the device by what it says of itself, the problem by its class. In: a variant,
 * a problem, a device. Out: keys to remember a winner by, and the list of them as data that is kept between sessions
 * (the extension's storage, the command line's cache file). What is read back is checked: a file may hold anything.
 *
 * A class holds what decides between tiles: storage type, layout, head dims, lengths and heads by powers of two, the group
 * of query heads, how much of the matrix is computed, and how much the mods cost.
 */
import { KERNELS, type Variant } from "../ir/mod.ts";
import { postorder } from "../ir/walk.ts";
import { type BlockMask, countBlocks } from "../mask/blockMask.ts";
import { type KernelOptions, OPTION_NAMES, type OptionName } from "./kernelOptions.ts";
import type { DeviceLimits, Engine } from "./plan.ts";
import type { Problem } from "./problem.ts";

/** One winner. JSON-safe. */
export interface Tuned {
  /** `deviceKey`. */
  readonly device: string;
  /** `problemClass`. */
  readonly problemClass: string;
  readonly engine: Engine;
  /** Empty: the engine's own tile. */
  readonly options: KernelOptions;
  /** Its tile in words. */
  readonly tile: string;
  /** Time of what is chosen untuned ÷ time of the winner; 1 where that was the winner, null where it is wrong or breaks. */
  readonly speedUp: number | null;
  /** How many were tried. */
  readonly candidates: number;
  /** Milliseconds since 1970. */
  readonly measuredAt: number;
}

/** All that is remembered. */
export interface Tunings {
  /** Grows where a kernel's text changes so that old winners mean nothing; what another version kept is not read. */
  readonly version: typeof TUNINGS_VERSION;
  readonly tuned: readonly Tuned[];
}

const TUNINGS_VERSION = 1;

/** Winners kept: the oldest are forgotten. */
const CAPACITY = 500;

export const NO_TUNINGS: Tunings = { version: TUNINGS_VERSION, tuned: [] };

/** The device by its name and by what decides which kernels it runs. */
export function deviceKey(name: string, limits: DeviceLimits): string {
  const features = [limits.subgroups ? "subgroups" : "", limits.f16 ? "f16" : "", limits.subgroupMatrices === null ? "" : "matrices"];
  return [name, ...features, `${limits.maxComputeWorkgroupStorageSize} B`].filter((part) => part !== "").join(", ");
}

/**
 * The class of a problem, for people to read as well: `f32, D 64, Q_LEN 2^10, …`. `blocks` at the problem's BLOCK_SIZE;
 * `engines`: the families that may win, where not all may: the fastest of some says nothing of the others.
 */
export function problemClass(
  variant: Pick<Variant, "scoreMod" | "maskMod">,
  p: Problem,
  blocks: BlockMask,
  engines?: readonly Engine[],
): string {
  const power = (n: number): string => `2^${Math.floor(Math.log2(n))}`;
  const { partial, full, total } = countBlocks(blocks);
  const computed = total === 0 ? 0 : (partial + full) / total;
  return [
    p.storage,
    p.qkHeadDim === p.vHeadDim ? `D ${p.qkHeadDim}` : `D ${p.qkHeadDim}, DV ${p.vHeadDim}`,
    `Q_LEN ${power(p.qLen)}`,
    `KV_LEN ${power(p.kvLen)}`,
    `B·H ${power(p.batch * p.qHeads)}`,
    `group ${p.qHeads / p.kvHeads}`,
    variant.maskMod === null
      ? "dense"
      : `computes ${computed > 0.75 ? "all" : computed > 0.35 ? "half" : computed > 0.1 ? "a fifth" : "few"}, blocks of ${p.blockSize.join(" × ")}`,
    `score_mod ${costOf(variant.scoreMod)}`,
    `mask_mod ${costOf(variant.maskMod)}`,
    ...(p.layout === "BHSD" ? [] : [p.layout]),
    ...(engines === undefined ? [] : [`of ${KERNELS.filter((engine) => engines.includes(engine)).join(" and ")}`]),
  ].join(", ");
}

function costOf(mod: Variant["scoreMod"]): string {
  if (mod === null) return "none";
  const nodes = postorder([mod.body]);
  const work = nodes.filter((e) => e.kind !== "const" && e.kind !== "var").length;
  const loads = nodes.some((e) => e.kind === "load");
  return `${work <= 6 ? "light" : work <= 30 ? "medium" : "heavy"}${loads ? " with loads" : ""}`;
}

/** The winner for a device and a class, or null. */
export function findTuned({ tuned }: Tunings, device: string, problem: string): Tuned | null {
  return tuned.findLast((t) => t.device === device && t.problemClass === problem) ?? null;
}

/**
 * The winner for a problem where the families `engines` are allowed (absent: all): the one of exactly these, else the one
 * of all, if it is among them.
 */
export function tunedFor(
  kept: Tunings,
  device: string,
  variant: Pick<Variant, "scoreMod" | "maskMod">,
  p: Problem,
  blocks: BlockMask,
  engines?: readonly Engine[],
): Tuned | null {
  const ofAll = findTuned(kept, device, problemClass(variant, p, blocks));
  if (engines === undefined) return ofAll;
  const ofThese = findTuned(kept, device, problemClass(variant, p, blocks, engines));
  return ofThese ?? (ofAll !== null && engines.includes(ofAll.engine) ? ofAll : null);
}

/** With `winner` in the place of an older one. */
export function withTuned({ tuned }: Tunings, winner: Tuned): Tunings {
  const others = tuned.filter((t) => t.device !== winner.device || t.problemClass !== winner.problemClass);
  return { version: TUNINGS_VERSION, tuned: [...others, winner].slice(-CAPACITY) };
}

/** Without the winner for that device and class. */
export function withoutTuned({ tuned }: Tunings, device: string, problem: string): Tunings {
  return { version: TUNINGS_VERSION, tuned: tuned.filter((t) => t.device !== device || t.problemClass !== problem) };
}

/** What was kept, as far as it is in order: entries that are not are left out, another version is empty. */
export function readTunings(kept: unknown): Tunings {
  if (!isTable(kept) || kept["version"] !== TUNINGS_VERSION || !Array.isArray(kept["tuned"])) return NO_TUNINGS;
  return { version: TUNINGS_VERSION, tuned: kept["tuned"].flatMap((entry: unknown) => readTuned(entry) ?? []) };
}

const isTable = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === "object" && x !== null && !Array.isArray(x);
const isCount = (x: unknown): x is number => typeof x === "number" && Number.isSafeInteger(x) && x >= 1;

/** One entry, or null where it is none. */
export function readTuned(entry: unknown): Tuned | null {
  if (!isTable(entry) || !isTable(entry["options"])) return null;
  const { device, problemClass: problem, engine: name, tile, speedUp, candidates, measuredAt } = entry;
  const engine = KERNELS.find((k) => k === name);
  const given = entry["options"];
  const options: { [N in OptionName]?: number } = {};
  for (const key of OPTION_NAMES) {
    const value = given[key];
    if (value === undefined) continue;
    if (!isCount(value)) return null;
    options[key] = value;
  }
  if (typeof device !== "string" || typeof problem !== "string" || typeof tile !== "string" || engine === undefined) return null;
  if (speedUp !== null && (typeof speedUp !== "number" || !(speedUp > 0))) return null;
  if (!isCount(candidates) || !isCount(measuredAt) || measuredAt > 8e15) return null;
  return { device, problemClass: problem, engine, options, tile, speedUp, candidates, measuredAt };
}

/** `tuned on this device on 2026-11-21: the fastest of 9, 1.21 × the default`. */
export function tunedText({ speedUp, candidates, measuredAt }: Tuned): string {
  const found =
    speedUp === null
      ? `the fastest of ${candidates}, as the default is wrong or breaks here`
      : speedUp > 1
        ? `the fastest of ${candidates}, ${speedUp.toFixed(2)} × the default`
        : `none of ${candidates} beats the default by more than chance`;
  return `tuned on this device on ${new Date(measuredAt).toISOString().slice(0, 10)}: ${found}`;
}
