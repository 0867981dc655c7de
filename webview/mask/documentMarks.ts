/** Where documents begin and end: a band along both rulers, dashed lines across the picture, numbers where there is room. */
import type { Documents, Pieces } from "../../kernels/mask/documents.ts";
import { integer } from "../number.ts";
import type { OverlayScene } from "./overlay.ts";

/** Lines nearer to each other than this, CSS pixels, are left out: they would hide the picture. */
const NEAREST = 5;
const BAND = 2;
/** Of a line across the picture: as much is drawn as is left out. */
const DASH = 3;
/** Half of what a cursor's number and a document's take side by side. */
const BADGE = 56;

/** One side's pieces in view, CSS pixels from the corner of the picture. */
export interface SeenPiece {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  /** Its number in the side's order: neighbours are told apart by it. */
  readonly index: number;
}

/** The pieces that a view sees; where they are thinner than a third of a pixel, every few of them. */
export function seenPieces(pieces: Pieces, length: number, at: number, scale: number, pixels: number): readonly SeenPiece[] {
  const { starts, values } = pieces;
  const end = Math.min(length, at + pixels / scale);
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const seen: SeenPiece[] = [];
  for (let i = Math.max(0, low - 1); i < starts.length && (starts[i] ?? 0) < end; ) {
    const from = Math.max(0, ((starts[i] ?? 0) - at) * scale);
    let next = i + 1;
    while (next < starts.length && ((starts[next] ?? 0) - at) * scale < from + 1 / 3) next++;
    const to = Math.min(pixels, (((next < starts.length ? starts[next] : undefined) ?? length) - at) * scale);
    seen.push({ from, to, value: values[i] ?? 0, index: i });
    i = next;
  }
  return seen;
}

const seenKeys = ({ layout, view, matrix }: OverlayScene, { kv }: Documents): readonly SeenPiece[] =>
  seenPieces(kv, matrix.kvLen, view.x, view.scaleX, layout.cells.width);
const seenQueries = ({ layout, view, matrix }: OverlayScene, { q }: Documents): readonly SeenPiece[] =>
  seenPieces(q, matrix.qLen, view.y, view.scaleY, layout.cells.height);
/** Of the even documents and the odd ones: neighbours differ. */
const SHADES = [1, 0.4] as const;

/** The band along `length` pixels; where documents are thinner than two pixels it has one shade. */
function drawBand(
  ctx: CanvasRenderingContext2D,
  seen: readonly SeenPiece[],
  length: number,
  fill: (from: number, to: number) => void,
): void {
  if (2 * seen.length > length) {
    ctx.globalAlpha = (SHADES[0] + SHADES[1]) / 2;
    fill(seen[0]?.from ?? 0, seen.at(-1)?.to ?? 0);
    return;
  }
  // One shade after the other: changing it is dearer than a rectangle.
  for (const [parity, alpha] of SHADES.entries()) {
    ctx.globalAlpha = alpha;
    for (const { from, to, index } of seen) if (index % 2 === parity) fill(from, to);
  }
}

/** The band above the cells, and numbers where there is room. */
export function drawDocumentsAbove(ctx: CanvasRenderingContext2D, s: OverlayScene, documents: Documents): void {
  const { layout, view, theme } = s;
  const { left, top } = layout;
  const keys = seenKeys(s, documents);
  ctx.fillStyle = theme.css.muted;
  drawBand(ctx, keys, layout.cells.width, (from, to) => ctx.fillRect(left + from, top - BAND - 1, to - from, BAND));
  ctx.globalAlpha = 0.75;
  ctx.textAlign = "center";
  // The cursor's number stands there too.
  const taken = s.cursor === null ? Number.NaN : (s.cursor.kv + 0.5 - view.x) * view.scaleX;
  for (const { from, to, value } of keys) {
    const text = `doc ${integer(value)}`;
    const isFree = !(Math.abs((from + to) / 2 - taken) < BADGE);
    if (isFree && to - from > ctx.measureText(text).width + 8) ctx.fillText(text, left + (from + to) / 2, 6);
  }
  ctx.globalAlpha = 1;
}

/** The band at the left of the cells. */
export function drawDocumentsBeside(ctx: CanvasRenderingContext2D, s: OverlayScene, documents: Documents): void {
  const { left, top, cells } = s.layout;
  ctx.fillStyle = s.theme.css.muted;
  drawBand(ctx, seenQueries(s, documents), cells.height, (from, to) => ctx.fillRect(left - BAND - 1, top + from, BAND, to - from));
  ctx.globalAlpha = 1;
}

/** The lines across the cells; false: there are none. */
export function drawDocumentEdges(ctx: CanvasRenderingContext2D, s: OverlayScene, documents: Documents): boolean {
  const { left, top, cells } = s.layout;
  const edges = (seen: readonly SeenPiece[], pixels: number): number[] =>
    seen.length * NEAREST > pixels ? [] : seen.flatMap(({ from }) => (from > 0 ? [from] : []));
  const columns = edges(seenKeys(s, documents), cells.width);
  const rows = edges(seenQueries(s, documents), cells.height);
  if (columns.length + rows.length === 0) return false;
  ctx.globalAlpha = 0.75;
  ctx.fillStyle = dashes(ctx, s.theme.css.muted, 1, 2 * DASH);
  for (const from of columns) ctx.fillRect(Math.round(left + from) - 1, top, 1, cells.height);
  ctx.fillStyle = dashes(ctx, s.theme.css.muted, 2 * DASH, 1);
  for (const from of rows) ctx.fillRect(left, Math.round(top + from) - 1, cells.width, 1);
  ctx.globalAlpha = 1;
  return true;
}

/**
 * What a dashed line of that period is filled with: a path with dashes is drawn dash by dash, and a few hundred lines of it
 * take a third of a second where the processor draws.
 */
function dashes(ctx: CanvasRenderingContext2D, colour: string, width: number, height: number): CanvasPattern | string {
  const key = `${colour} ${width} ${height}`;
  let tile = TILES.get(key);
  if (tile === undefined) {
    tile = new OffscreenCanvas(width, height);
    const pen = tile.getContext("2d");
    if (pen === null) return colour;
    pen.fillStyle = colour;
    pen.fillRect(0, 0, Math.min(DASH, width), Math.min(DASH, height));
    TILES.set(key, tile);
  }
  return ctx.createPattern(tile, "repeat") ?? colour;
}

/** By colour and period. */
const TILES = new Map<string, OffscreenCanvas>();
