/**
 * What the text of the tile kernel depends on, and the words that its pieces are put together from. In: a shape with its
 * sizes, the head dims, which mods there are. Out: plain data for tileBody.ts.
 */
import type { Variant } from "../../ir/mod.ts";
import type { Problem } from "../problem.ts";
import { emitWeight } from "../step.ts";
import { type Storage, storageOf } from "../storage.ts";
import type { TileCandidate } from "./tileShapes.ts";

/** 0 … n − 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** `text + n`, without adding zero. */
export const plus = (text: string, n: number): string => (n === 0 ? text : `${text} + ${n}u`);

/** `text + n * step`, without what does nothing. */
export const plusTimes = (text: string, n: number, step: string): string =>
  n === 0 ? text : `${text} + ${n === 1 ? "" : `${n}u * `}${step}`;

/** The component i of a vec4f, counted through a list of them. */
export const lane = (i: number): string => "xyzw".charAt(i & 3);

/** What the tile kernel's text depends on. */
export interface TileLayout extends TileCandidate {
  readonly rows: readonly number[];
  /** Groups of four rows: a vec4f of m and of l each. */
  readonly groups: readonly number[];
  /** Groups of four keys: a vec4f of scores each. */
  readonly quads: readonly number[];
  /** The thread's chunks of a row of V and of the accumulator. */
  readonly chunks: readonly number[];
  readonly d4: number;
  readonly dv4: number;
  readonly hasScoreMod: boolean;
  readonly hasMaskMod: boolean;
  readonly storage: Storage;
  /** e to the difference of two scores. */
  readonly weight: (difference: string) => string;
}

/** The layout of a shape for a problem and its mods. */
export function tileLayout(problem: Problem, tile: TileCandidate, variant: Pick<Variant, "scoreMod" | "maskMod">): TileLayout {
  const hasScoreMod = variant.scoreMod !== null;
  return {
    ...tile,
    rows: range(tile.shape.rows),
    groups: range(tile.shape.rows / 4),
    quads: range(tile.shape.keys / 4),
    chunks: range(tile.columns),
    d4: Math.ceil(problem.qkHeadDim / 4),
    dv4: Math.ceil(problem.vHeadDim / 4),
    hasScoreMod,
    hasMaskMod: variant.maskMod !== null,
    storage: storageOf(problem),
    weight: (difference) => emitWeight({ hasScoreMod }, difference),
  };
}
