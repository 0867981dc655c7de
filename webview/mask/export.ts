/**
 * The mask out of the panel: any rectangle of what is shown as PNG and SVG (whatever layer is painted), and of the mask
 * as text, JSON and a NumPy array.
 */
import { writeBoolNpy } from "../../kernels/data/npyWrite.ts";
import { type Layer, movedView, type PictureView, targetOn } from "../../kernels/mask/layer.ts";
import { checkArray, pictureOf, type Region, regionCells, regionJson, regionName, regionText } from "../../kernels/mask/region.ts";
import { pixelsSvg } from "../../kernels/mask/svg.ts";
import type { Scene, Viewport } from "../state.ts";
import type { Size } from "./viewport.ts";

export const EXPORT_KINDS = ["png", "svg", "txt", "json", "npy"] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** Cells of an array that goes through a message, at most. */
const MOST_CELLS = 2 ** 25;
/** Units of an SVG's longer side, at most. */
const SVG_SIDE = 512;

/** The cells that are in view, those at its edges whole. */
export function visibleRegion(view: Viewport, canvas: Size, { qLen, kvLen }: Scene["problem"], b: number, h: number): Region {
  const q0 = Math.min(qLen - 1, Math.max(0, Math.floor(view.y)));
  const k0 = Math.min(kvLen - 1, Math.max(0, Math.floor(view.x)));
  return {
    b,
    h,
    q0,
    q1: Math.max(q0 + 1, Math.min(qLen, Math.ceil(view.y + canvas.height / view.scaleY - 1e-6))),
    k0,
    k1: Math.max(k0 + 1, Math.min(kvLen, Math.ceil(view.x + canvas.width / view.scaleX - 1e-6))),
  };
}

export interface ExportFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/** The file of a region. @throws RegionFault (or an error of the layer's) in words for the user */
export async function exportFile(kind: ExportKind, scene: Scene, layer: Layer, region: Region): Promise<ExportFile> {
  const name = `${fileStem(scene)}.${kind}`;
  const text = (s: string): ExportFile => ({ name, data: new TextEncoder().encode(s) });
  const body = scene.variant.maskMod?.body ?? null;
  switch (kind) {
    case "png":
      return { name, data: await png(layer, region) };
    case "svg":
      return text(await svg(layer, region, `${scene.variant.name}: ${regionName(region)}`));
    case "txt":
      return text(`${exportText(scene, region)}\n`);
    case "json":
      return text(`${JSON.stringify(regionJson(scene.variant.name, body, scene.blockMask, region))}\n`);
    case "npy":
      checkArray(region, MOST_CELLS);
      return {
        name,
        data: writeBoolNpy([region.q1 - region.q0, region.k1 - region.k0], (cells) => regionCells(body, scene.blockMask, region, cells)),
      };
  }
}

/** A line that says what the picture is of, and the picture in characters. */
export function exportText(scene: Scene, region: Region): string {
  const { variant, problem, sparsity, blockMask } = scene;
  const of = `${variant.name}: ${problem.qLen} × ${problem.kvLen}, blocks of ${problem.blockSize.join(" × ")}, ${(100 * sparsity.blocks).toFixed(1)} % of blocks skipped`;
  return `${of}; ${regionName(region)}\n${regionText(variant.maskMod?.body ?? null, blockMask, region)}`;
}

async function png(layer: Layer, region: Region): Promise<Uint8Array> {
  const { view, width, height } = pictureOf(region);
  const pixels = await drawn(layer, view, width, height);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return new Uint8Array(await blob.arrayBuffer());
}

async function svg(layer: Layer, region: Region, title: string): Promise<string> {
  const { q0, q1, k0, k1, b, h } = region;
  const scale = Math.min(1, SVG_SIDE / Math.max(q1 - q0, k1 - k0));
  const width = Math.max(1, Math.round((k1 - k0) * scale));
  const height = Math.max(1, Math.round((q1 - q0) * scale));
  const pixels = await drawn(layer, { b, h, q0, k0, scale }, width, height);
  const unit = Math.max(1, Math.floor(1024 / Math.max(width, height)));
  return pixelsSvg(pixels, width, height, { display: [width * unit, height * unit], title });
}

/** Time of one slice of drawing, milliseconds. */
const SLICE_MS = 8;

/** A layer's pixels, a few rows at a time with the page's own work in between. */
async function drawn(layer: Layer, view: PictureView, width: number, height: number): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const pixels = new Uint8ClampedArray(4 * width * height);
  let began = performance.now();
  for (let y = 0; y < height; y++) {
    layer.draw(movedView(view, 0, y), targetOn(pixels.subarray(4 * y * width, 4 * (y + 1) * width), width, 1));
    if (performance.now() - began < SLICE_MS) continue;
    await new Promise((done) => setTimeout(done, 0));
    began = performance.now();
  }
  return pixels;
}

/** The variant's name as a file name that every system takes. */
const fileStem = (scene: Scene): string => scene.variant.name.replace(/[^\w.-]+/g, "_").slice(0, 80);
