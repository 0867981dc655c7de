/**
 * What stands beside the cells: numbers, documents and tokens along both axes, the cursor's place on them, the load of each
 * row of blocks. Each side is a strip with a canvas of its own. Draws in CSS pixels of the figure; knows nothing of the page.
 */
import { integer } from "../number.ts";
import type { Theme } from "../theme.ts";
import { drawDocumentsAbove, drawDocumentsBeside } from "./documentMarks.ts";
import { cursorPlace, type OverlayScene } from "./overlay.ts";
import { drawTokensAbove, drawTokensBeside, tokenLabel, tokenRoom } from "./tokens.ts";
import { rulerTicks } from "./viewport.ts";

/** Room for the rulers. */
export const RULER_LEFT = 56;
export const RULER_TOP = 26;
/** Height of the cursor's numbers. */
const BADGE = 16;

/** The strip above the cells. */
export function drawAbove(ctx: CanvasRenderingContext2D, s: OverlayScene): void {
  const { layout, cursor, theme } = s;
  begin(ctx, theme);
  drawKeys(ctx, s);
  if (s.documents !== null) drawDocumentsAbove(ctx, s, s.documents);
  if (s.tokens.length > 0) drawTokensAbove(ctx, s);
  const place = cursorPlace(s);
  if (cursor === null || place === null) return;
  badge(ctx, theme, textAt(s, cursor.kv), place.x, RULER_TOP - 9, "center", layout.left, layout.left + layout.cells.width);
}

/** The strip at the left, with the corner. */
export function drawLeft(ctx: CanvasRenderingContext2D, s: OverlayScene): void {
  const { layout, cursor, matrix, theme } = s;
  begin(ctx, theme);
  drawQueries(ctx, s);
  if (s.documents !== null) drawDocumentsBeside(ctx, s, s.documents);
  if (s.tokens.length > 0) drawTokensBeside(ctx, s);
  const place = cursorPlace(s);
  if (cursor === null || place === null) return;
  const text = matrix.qLen === matrix.kvLen ? textAt(s, cursor.q) : integer(cursor.q);
  // Whole at either end: the strip reaches no further than the cells.
  const y = Math.max(layout.top, Math.min(layout.top + layout.cells.height - BADGE / 2, place.y));
  badge(ctx, theme, text, layout.left - 2, y, "right", 0, layout.left - 2);
}

/** The strip at the right: how many blocks each row of blocks computes. */
export function drawLoads(ctx: CanvasRenderingContext2D, { layout, view, blockSize, loads, theme }: OverlayScene): void {
  begin(ctx, theme);
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
  const bars: [y: number, height: number, full: number, partial: number][] = [];
  for (let r = first; r < end; ) {
    const y = Math.max(0, (r * blockSize[0] - view.y) * view.scaleY);
    let [full, partial] = loads[r] ?? [0, 0];
    for (r++; r < end && (r * blockSize[0] - view.y) * view.scaleY < Math.floor(y) + 1 && height < 1; r++) {
      const row = loads[r] ?? [0, 0];
      if (row[0] + row[1] > full + partial) [full, partial] = row;
    }
    const h = Math.min(cells.height, (r * blockSize[0] - view.y) * view.scaleY) - y - gap;
    if (h > 0) bars.push([top + y, h, full * unit, partial * unit]);
  }
  // One colour after the other: changing it is dearer than a bar.
  ctx.fillStyle = theme.css.full;
  for (const [y, h, full] of bars) if (full > 0) ctx.fillRect(x, y, full, h);
  ctx.fillStyle = theme.css.partial;
  for (const [y, h, full, partial] of bars) if (partial > 0) ctx.fillRect(x + full, y, partial, h);
}

function begin(ctx: CanvasRenderingContext2D, theme: Theme): void {
  ctx.font = `11px ${theme.css.ui}`;
  ctx.textBaseline = "middle";
}

const textAt = ({ tokens }: OverlayScene, index: number): string =>
  tokens[index] === undefined ? integer(index) : `${integer(index)} ${tokenLabel(tokens[index])}`;

/** Where cells can be told apart a number names a cell, and stands at its middle; else it names an edge. */
const middleOf = (scale: number): number => (scale >= 8 ? scale / 2 : 0);

function drawKeys(ctx: CanvasRenderingContext2D, { layout, view, blockSize, theme, matrix, cursor }: OverlayScene): void {
  const { left, cells } = layout;
  const end = Math.min(matrix.kvLen, view.x + cells.width / view.scaleX);
  const middle = middleOf(view.scaleX);
  const taken = cursor === null ? Number.NaN : left + (cursor.kv + 0.5 - view.x) * view.scaleX;
  ctx.fillStyle = theme.css.muted;
  for (const k of rulerTicks(Math.max(0, view.x - middle / view.scaleX), end, cells.width / 64, blockSize[1])) {
    const x = left + (k - view.x) * view.scaleX + middle;
    if (Math.abs(x - taken) < 44 || x > left + cells.width || k >= matrix.kvLen + (middle === 0 ? 1 : 0)) continue;
    ctx.textAlign = x - left < 16 ? "left" : left + cells.width - x < 18 ? "right" : "center";
    ctx.fillText(integer(k), x, RULER_TOP - 9);
  }
}

function drawQueries(ctx: CanvasRenderingContext2D, { layout, view, blockSize, theme, matrix, cursor, tokens }: OverlayScene): void {
  const { left, top, cells } = layout;
  const end = Math.min(matrix.qLen, view.y + cells.height / view.scaleY);
  const middle = middleOf(view.scaleY);
  const taken = cursor === null ? Number.NaN : top + (cursor.q + 0.5 - view.y) * view.scaleY;
  // Texts of tokens stand between the numbers and the cells.
  const right = left - tokenRoom(tokens).width - 6;
  ctx.fillStyle = theme.css.muted;
  ctx.textAlign = "right";
  ctx.fillText("kv →", right, 6);
  ctx.fillText("q ↓", right, 19);
  for (const q of rulerTicks(Math.max(0, view.y - middle / view.scaleY), end, cells.height / 40, blockSize[0])) {
    const y = top + (q - view.y) * view.scaleY + middle;
    if (Math.abs(y - taken) < 16 || y > top + cells.height || q >= matrix.qLen + (middle === 0 ? 1 : 0)) continue;
    ctx.fillText(integer(q), right, Math.max(top + 6, Math.min(top + cells.height - 6, y)));
  }
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
  ctx.roundRect(at, y - BADGE / 2, width, BADGE, 3);
  ctx.fill();
  ctx.fillStyle = theme.css.badgeInk;
  ctx.textAlign = "left";
  ctx.fillText(text, at + 5, y + 0.5);
}
