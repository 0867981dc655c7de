/**
 * What lies over the cells: edges of blocks and of cells, and of documents. The cursor is an element of the page (cursor.tsx),
 * and what stands beside the cells is drawn by rulers.ts: the browser puts together what lies on top of each other anew in each
 * frame, so that a canvas over all of the cells is there only while it has something to show. Draws in CSS pixels of the
 * figure; knows nothing of the page. The cells themselves are on a canvas of their own, whose pixels are the mask and
 * nothing else.
 */
import type { Documents } from "../../kernels/mask/documents.ts";
import type { Cell, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { drawDocumentEdges } from "./documentMarks.ts";
import type { Extent, Size } from "./viewport.ts";

export interface Layout {
  /** Where the cells begin. */
  readonly left: number;
  readonly top: number;
  /** Of the cells. */
  readonly cells: Size;
  /** Width of the load chart at the right; 0 leaves it out. */
  readonly load: number;
}

export interface OverlayScene {
  readonly layout: Layout;
  /** In CSS pixels per element. */
  readonly view: Viewport;
  readonly matrix: Extent;
  readonly blockSize: readonly [q: number, kv: number];
  /** Blocks of each row: full and partial, for the batch and head shown. */
  readonly loads: readonly (readonly [full: number, partial: number])[];
  /** Documents of the batch and head shown; null where the mask has none. */
  readonly documents: Documents | null;
  /** Texts of the tokens; empty: none. */
  readonly tokens: readonly string[];
  readonly cursor: Cell | null;
  readonly theme: Theme;
}

/** Draws on a cleared canvas; false: there is nothing to draw. */
export function drawOverlay(ctx: CanvasRenderingContext2D, s: OverlayScene): boolean {
  const hasGrid = drawGrid(ctx, s);
  return (s.documents !== null && drawDocumentEdges(ctx, s, s.documents)) || hasGrid;
}

function drawGrid(ctx: CanvasRenderingContext2D, { layout, view, blockSize, theme, matrix }: OverlayScene): boolean {
  const { left, top, cells } = layout;
  const lines = (stepX: number, stepY: number): void => {
    ctx.beginPath();
    const endX = Math.min(matrix.kvLen, view.x + cells.width / view.scaleX);
    for (let k = Math.ceil(view.x / stepX) * stepX; k <= endX; k += stepX) {
      const x = Math.round(left + (k - view.x) * view.scaleX);
      if (k > view.x) ctx.rect(x - 0.5, top, 1, cells.height);
    }
    const endY = Math.min(matrix.qLen, view.y + cells.height / view.scaleY);
    for (let q = Math.ceil(view.y / stepY) * stepY; q <= endY; q += stepY) {
      const y = Math.round(top + (q - view.y) * view.scaleY);
      if (q > view.y) ctx.rect(left, y - 0.5, cells.width, 1);
    }
    ctx.fill();
  };
  ctx.fillStyle = theme.css.ground;
  const isDeep = view.scaleX >= 8 && view.scaleY >= 8;
  if (isDeep) {
    ctx.globalAlpha = 0.5;
    lines(1, 1);
  }
  const [blockQ, blockKv] = blockSize;
  const hasBlocks = blockKv * view.scaleX >= 6 && blockQ * view.scaleY >= 6 && (blockQ < matrix.qLen || blockKv < matrix.kvLen);
  if (hasBlocks) {
    const deep = view.scaleX >= 8;
    ctx.globalAlpha = deep ? 0.8 : 0.45;
    if (deep) ctx.fillStyle = theme.css.muted;
    lines(blockKv, blockQ);
  }
  ctx.globalAlpha = 1;
  return isDeep || hasBlocks;
}

/** Where the middle of the cursor's cell lies, CSS pixels of the figure; null where there is no cursor in view. */
export function cursorPlace({ layout, view, cursor }: OverlayScene): { readonly x: number; readonly y: number } | null {
  if (cursor === null) return null;
  const x = (cursor.kv + 0.5 - view.x) * view.scaleX;
  const y = (cursor.q + 0.5 - view.y) * view.scaleY;
  const { left, top, cells } = layout;
  return x < 0 || x > cells.width || y < 0 || y > cells.height ? null : { x: left + x, y: top + y };
}
