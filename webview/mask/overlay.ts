/**
 * What lies over and beside the cells: rulers, edges of blocks and cells, the load of each row of blocks, the cursor.
 * Draws on a canvas context in CSS pixels; knows nothing of the page. The cells themselves are on a canvas of their
 * own, whose pixels are the mask and nothing else.
 */
import type { Documents } from "../../kernels/mask/documents.ts";
import { integer } from "../number.ts";
import type { Cell, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { drawDocuments } from "./documentMarks.ts";
import { drawTokens, tokenLabel, tokenRoom } from "./tokens.ts";
import { type Extent, rulerTicks, type Size } from "./viewport.ts";

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

/** Room for the rulers. */
export const RULER_LEFT = 56;
export const RULER_TOP = 26;

/** Draws all of it; the context is cleared first. */
export function drawOverlay(ctx: CanvasRenderingContext2D, s: OverlayScene): void {
  const { layout, theme } = s;
  ctx.clearRect(0, 0, layout.left + layout.cells.width + layout.load + 64, layout.top + layout.cells.height + 64);
  ctx.font = `11px ${theme.css.ui}`;
  ctx.textBaseline = "middle";
  drawGrid(ctx, s);
  if (s.documents !== null) drawDocuments(ctx, s, s.documents);
  drawRulers(ctx, s);
  if (s.tokens.length > 0) drawTokens(ctx, s);
  if (layout.load > 0) drawLoads(ctx, s);
  if (s.cursor !== null) drawCursor(ctx, s, s.cursor);
}

function drawGrid(ctx: CanvasRenderingContext2D, { layout, view, blockSize, theme, matrix }: OverlayScene): void {
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
  if (view.scaleX >= 8 && view.scaleY >= 8) {
    ctx.globalAlpha = 0.5;
    lines(1, 1);
  }
  const [blockQ, blockKv] = blockSize;
  if (blockKv * view.scaleX >= 6 && blockQ * view.scaleY >= 6 && (blockQ < matrix.qLen || blockKv < matrix.kvLen)) {
    const deep = view.scaleX >= 8;
    ctx.globalAlpha = deep ? 0.8 : 0.45;
    if (deep) ctx.fillStyle = theme.css.muted;
    lines(blockKv, blockQ);
  }
  ctx.globalAlpha = 1;
  if (theme.hatch) {
    ctx.strokeStyle = theme.css.line;
    ctx.lineWidth = 1;
    ctx.strokeRect(left - 0.5, top - 0.5, cells.width + 1, cells.height + 1);
  }
}

function drawRulers(ctx: CanvasRenderingContext2D, { layout, view, blockSize, theme, matrix, cursor, tokens }: OverlayScene): void {
  const { left, top, cells } = layout;
  const endX = Math.min(matrix.kvLen, view.x + cells.width / view.scaleX);
  const endY = Math.min(matrix.qLen, view.y + cells.height / view.scaleY);
  ctx.fillStyle = theme.css.muted;
  ctx.textAlign = "right";
  // Texts of tokens stand between the numbers and the cells.
  const right = left - tokenRoom(tokens).width - 6;
  ctx.fillText("kv →", right, 6);
  ctx.fillText("q ↓", right, 19);
  // Where cells can be told apart a number names a cell, and stands at its middle; else it names an edge.
  const middleX = view.scaleX >= 8 ? view.scaleX / 2 : 0;
  const middleY = view.scaleY >= 8 ? view.scaleY / 2 : 0;
  const cursorX = cursor === null ? Number.NaN : left + (cursor.kv + 0.5 - view.x) * view.scaleX;
  for (const k of rulerTicks(Math.max(0, view.x - middleX / view.scaleX), endX, cells.width / 64, blockSize[1])) {
    const x = left + (k - view.x) * view.scaleX + middleX;
    if (Math.abs(x - cursorX) < 44 || x > left + cells.width || k >= matrix.kvLen + (middleX === 0 ? 1 : 0)) continue;
    ctx.textAlign = x - left < 16 ? "left" : left + cells.width - x < 18 ? "right" : "center";
    ctx.fillText(integer(k), x, RULER_TOP - 9);
  }
  const cursorY = cursor === null ? Number.NaN : top + (cursor.q + 0.5 - view.y) * view.scaleY;
  ctx.textAlign = "right";
  for (const q of rulerTicks(Math.max(0, view.y - middleY / view.scaleY), endY, cells.height / 40, blockSize[0])) {
    const y = top + (q - view.y) * view.scaleY + middleY;
    if (Math.abs(y - cursorY) < 16 || y > top + cells.height || q >= matrix.qLen + (middleY === 0 ? 1 : 0)) continue;
    ctx.fillText(integer(q), right, Math.max(top + 6, Math.min(top + cells.height - 6, y)));
  }
}

function drawLoads(ctx: CanvasRenderingContext2D, { layout, view, blockSize, loads, theme }: OverlayScene): void {
  const { top, cells, load } = layout;
  const x = layout.left + cells.width + 8;
  const most = loads.reduce((a, [full, partial]) => Math.max(a, full + partial), 0);
  ctx.fillStyle = theme.css.muted;
  ctx.textAlign = "left";
  ctx.fillText(`max ${integer(most)}`, x, 6);
  ctx.fillText("load", x, 19);
  if (most === 0) return;
  const unit = (load - 12) / most;
  const height = blockSize[0] * view.scaleY;
  const gap = height >= 4 ? 1 : 0;
  const first = Math.max(0, Math.floor(view.y / blockSize[0]));
  const end = Math.min(loads.length, Math.ceil((view.y + cells.height / view.scaleY) / blockSize[0]));
  // Where rows are thinner than a pixel, the one with the most work stands for those that share it.
  for (let r = first; r < end; ) {
    const y = Math.max(0, (r * blockSize[0] - view.y) * view.scaleY);
    let [full, partial] = loads[r] ?? [0, 0];
    for (r++; r < end && (r * blockSize[0] - view.y) * view.scaleY < Math.floor(y) + 1 && height < 1; r++) {
      const row = loads[r] ?? [0, 0];
      if (row[0] + row[1] > full + partial) [full, partial] = row;
    }
    const h = Math.min(cells.height, (r * blockSize[0] - view.y) * view.scaleY) - y - gap;
    if (h <= 0) continue;
    ctx.fillStyle = theme.css.full;
    ctx.fillRect(x, top + y, full * unit, h);
    ctx.fillStyle = theme.css.partial;
    ctx.fillRect(x + full * unit, top + y, partial * unit, h);
  }
}

function drawCursor(ctx: CanvasRenderingContext2D, { layout, view, theme, tokens, matrix }: OverlayScene, cell: Cell): void {
  const { left, top, cells } = layout;
  const x0 = left + (cell.kv - view.x) * view.scaleX;
  const y0 = top + (cell.q - view.y) * view.scaleY;
  const x = x0 + view.scaleX / 2;
  const y = y0 + view.scaleY / 2;
  if (x < left || x > left + cells.width || y < top || y > top + cells.height) return;
  const cellwise = view.scaleX >= 8 && view.scaleY >= 8;
  const reachX = cellwise ? view.scaleX / 2 : 4;
  const reachY = cellwise ? view.scaleY / 2 : 4;
  // Two strokes, ground under ink: seen on any colour of the matrix.
  for (const [style, width] of [
    [theme.css.ground, 3],
    [theme.css.ink, 1.25],
  ] as const) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    ctx.globalAlpha = style === theme.css.ground ? 0.6 : 1;
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(x - reachX, y);
    ctx.moveTo(x, top);
    ctx.lineTo(x, y - reachY);
    if (cellwise) ctx.rect(x0, y0, view.scaleX, view.scaleY);
    else {
      ctx.moveTo(x + 4, y);
      ctx.arc(x, y, 4, 0, 2 * Math.PI);
    }
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  const text = (index: number): string => (tokens[index] === undefined ? integer(index) : `${integer(index)} ${tokenLabel(tokens[index])}`);
  badge(ctx, theme, text(cell.kv), x, RULER_TOP - 9, "center", left, left + cells.width);
  badge(ctx, theme, matrix.qLen === matrix.kvLen ? text(cell.q) : integer(cell.q), left - 2, y, "right", 0, left - 2);
}

function badge(
  ctx: CanvasRenderingContext2D,
  theme: Theme,
  text: string,
  x: number,
  y: number,
  align: "center" | "right",
  low: number,
  high: number,
): void {
  const width = ctx.measureText(text).width + 10;
  const at = Math.max(low, Math.min(high - width, align === "center" ? x - width / 2 : x - width));
  ctx.fillStyle = theme.css.badge;
  ctx.beginPath();
  ctx.roundRect(at, y - 8, width, 16, 3);
  ctx.fill();
  ctx.fillStyle = theme.css.badgeInk;
  ctx.textAlign = "left";
  ctx.fillText(text, at + 5, y + 0.5);
}
