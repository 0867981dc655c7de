/** The picture out of the panel: PNG and SVG of the whole plane shown, or rows of blocks as text. */
import { maskSvg, maskText } from "../../kernels/mask/picture.ts";
import type { Act } from "../act.ts";
import type { PanelState, Scene } from "../state.ts";
import type { Theme } from "../theme.ts";
import { cellPixels, paletteOf } from "./paint.ts";
import { figureSize, fitAll } from "./viewport.ts";

/** Longer side of a saved PNG, pixels: a whole number of pixels an element for what is short enough. */
const PNG_SIDE = 1024;

export function saveAs(
  kind: "png" | "svg" | "text",
  state: Pick<PanelState, "batch" | "head">,
  scene: Scene,
  theme: Theme,
  act: Pick<Act, "copy" | "saveFile">,
): void {
  const { batch: b, head: h } = state;
  switch (kind) {
    case "text":
      act.copy(`${summary(scene)}\n${maskText(scene.blockMask, { b, h })}\n`);
      return;
    case "svg": {
      const svg = maskSvg(scene.blockMask, paletteOf(theme), scene.variant.maskMod?.body ?? null, { size: 256, displaySize: 768, b, h });
      act.saveFile(`${fileStem(scene)}.svg`, new TextEncoder().encode(svg));
      return;
    }
    case "png":
      void png(scene, b, h, theme).then((data) => act.saveFile(`${fileStem(scene)}.png`, data));
      return;
  }
}

async function png(scene: Scene, b: number, h: number, theme: Theme): Promise<Uint8Array> {
  const { qLen, kvLen } = scene.problem;
  const longer = Math.max(qLen, kvLen);
  const side = longer <= PNG_SIDE ? longer * Math.max(1, Math.floor(PNG_SIDE / longer)) : PNG_SIDE;
  const { width, height } = figureSize({ width: side, height: side }, scene.problem);
  const pixels = cellPixels(scene, { b, h }, fitAll({ width, height }, scene.problem), width, height, theme);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return new Uint8Array(await blob.arrayBuffer());
}

/** One line: what the picture is of. */
function summary(scene: Scene): string {
  const { variant, problem, sparsity } = scene;
  return `${variant.name}: ${problem.qLen} x ${problem.kvLen}, blocks of ${problem.blockSize.join(" x ")}, ${(100 * sparsity.blocks).toFixed(1)} % of blocks skipped`;
}

/** The variant's name as a file name that every system takes. */
const fileStem = (scene: Scene): string => scene.variant.name.replace(/[^\w.-]+/g, "_").slice(0, 80);
