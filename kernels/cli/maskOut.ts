/** `flexlens mask --out`: a rectangle of the mask, or all of a plane, as a file whose ending says what it is. */
import { writeFileSync } from "node:fs";
import { encode } from "fast-png";
import { writeBoolNpy } from "../data/npyWrite.ts";
import type { Expr } from "../ir/expr.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { PALETTES, type Palette } from "../mask/palette.ts";
import { drawMask } from "../mask/picture.ts";
import {
  checkArray,
  pictureOf,
  type Region,
  RegionFault,
  regionCells,
  regionJson,
  regionName,
  regionText,
  wholePlane,
} from "../mask/region.ts";
import { pixelsSvg } from "../mask/svg.ts";
import { UsageError } from "./options.ts";

/** What `--rect` and `--slice` say. */
export interface Cut {
  /** First query, end, first key, end; ends exclusive. null: all. */
  readonly rect: readonly [q0: number, q1: number, k0: number, k1: number] | null;
  readonly slice: readonly [b: number, h: number];
}

type Form = (name: string, m: BlockMask, body: Expr | null, r: Region) => string | Uint8Array;

const FORMS: Readonly<Record<string, Form>> = {
  png: (_, m, body, r) => pngOf(m, body, r),
  svg: (name, m, body, r) => `${svg(name, m, body, r)}\n`,
  txt: (_, m, body, r) => `${regionText(body, m, r)}\n`,
  json: (name, m, body, r) => `${JSON.stringify(regionJson(name, body, m, r))}\n`,
  npy: (_, m, body, r) => {
    checkArray(r);
    return writeBoolNpy([r.q1 - r.q0, r.k1 - r.k0], (cells) => regionCells(body, m, r, cells));
  },
};

/** Writes the file. @throws UsageError where the cut lies outside of the mask, or the ending says nothing */
export function writeMask(file: string, name: string, m: BlockMask, body: Expr | null, cut: Cut, planes: readonly [number, number]): void {
  const form = FORMS[/\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? ""];
  if (form === undefined) throw new UsageError(`--out takes a file named .${Object.keys(FORMS).join(", .")}, not \`${file}\``);
  const region = regionOf(m, cut, planes);
  try {
    writeFileSync(file, form(name, m, body, region));
  } catch (error) {
    if (error instanceof RegionFault) throw new UsageError(error.message);
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function regionOf(m: BlockMask, { rect, slice: [b, h] }: Cut, [batch, heads]: readonly [number, number]): Region {
  if (b >= batch || h >= heads) throw new UsageError(`--slice ${b},${h}: there are ${batch} batches and ${heads} heads, counted from 0`);
  if (rect === null) return wholePlane(m, b, h);
  const [q0, q1, k0, k1] = rect;
  if (q0 >= q1 || k0 >= k1) throw new UsageError(`--rect ${rect.join()} is empty: ends are exclusive, Q0,Q1,KV0,KV1`);
  if (q1 > m.qLen || k1 > m.kvLen) throw new UsageError(`--rect ${rect.join()} reaches over the mask, which is ${m.qLen} × ${m.kvLen}`);
  return { b, h, q0, q1, k0, k1 };
}

const PALETTE: Palette = PALETTES.dark;

function pixelsOf(m: BlockMask, body: Expr | null, r: Region) {
  const { view, width, height } = pictureOf(r);
  const data = new Uint8ClampedArray(4 * width * height);
  drawMask(data, width, height, m, view, PALETTE, body);
  return { data, width, height };
}

/** The rectangle as a PNG in the dark palette. */
export function pngOf(m: BlockMask, body: Expr | null, r: Region): Uint8Array {
  return encode({ ...pixelsOf(m, body, r), channels: 4 });
}

/** Units of an SVG's longer side, at most: one a cell as far as that goes. */
const SVG_SIDE = 512;

function svg(name: string, m: BlockMask, body: Expr | null, r: Region): string {
  const longer = Math.max(r.q1 - r.q0, r.k1 - r.k0);
  const scale = Math.min(1, SVG_SIDE / longer);
  const width = Math.max(1, Math.round((r.k1 - r.k0) * scale));
  const height = Math.max(1, Math.round((r.q1 - r.q0) * scale));
  const data = new Uint8ClampedArray(4 * width * height);
  drawMask(data, width, height, m, { b: r.b, h: r.h, q0: r.q0, k0: r.k0, scale }, PALETTE, body);
  const unit = Math.max(1, Math.floor(1024 / Math.max(width, height)));
  return pixelsSvg(data, width, height, {
    display: [width * unit, height * unit],
    ground: PALETTE.empty,
    exact: Object.values(PALETTE),
    title: `${name}: ${regionName(r)}`,
  });
}
