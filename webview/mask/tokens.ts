/**
 * Token texts for the rulers: what a person gives (a list as JSON or Python writes it, or plain text to be split by white
 * space) → one text a token; and how they are drawn along the axes. Parsing is pure.
 */
import type { OverlayScene } from "./overlay.ts";
import type { Size } from "./viewport.ts";

/** Texts from a list in brackets, quoted or not, else from words. */
export function parseTokens(text: string): readonly string[] {
  const list = /^\s*\[([\s\S]*)\]\s*$/.exec(text)?.[1];
  if (list === undefined) return text.split(/\s+/).filter((word) => word !== "");
  const tokens: string[] = [];
  for (const [, double, single, bare] of list.matchAll(/"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|([^\s,"'][^,"']*)/g)) {
    tokens.push(double !== undefined ? unescaped(double) : single !== undefined ? unescaped(single) : (bare ?? "").trim());
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\s\S])/g, (_, e: string) =>
    e.length > 1 ? String.fromCharCode(Number.parseInt(e.slice(1), 16)) : (ESCAPES[e] ?? e),
  );
}

/** As a ruler writes it: white space made visible, at most `most` characters. */
export function tokenLabel(token: string, most = 9): string {
  // The tokenizers' own signs for a space before the word.
  const seen = token.replace(/[Ġ▁]/g, "·").replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll(" ", "·");
  const letters = [...seen];
  return letters.length === 0 ? "∅" : letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : seen;
}

/** Room beside the rulers' numbers that texts take, CSS pixels. */
export const tokenRoom = (tokens: readonly string[]): Size => (tokens.length === 0 ? { width: 0, height: 0 } : { width: 60, height: 56 });

/** A cell of fewer CSS pixels has no room for a line of text. */
const LEAST_CELL = 11;

/** Draws the texts of the keys in view, upright, where the cells are large enough. */
export function drawTokensAbove(ctx: CanvasRenderingContext2D, { layout, view, matrix, tokens, theme }: OverlayScene): void {
  if (view.scaleX < LEAST_CELL) return;
  const { left, top, cells } = layout;
  ctx.fillStyle = theme.css.ink;
  ctx.textAlign = "left";
  const end = Math.min(matrix.kvLen, tokens.length, Math.ceil(view.x + cells.width / view.scaleX));
  for (let k = Math.floor(view.x); k < end; k++) {
    const x = (k + 0.5 - view.x) * view.scaleX;
    if (x < 0 || x > cells.width) continue;
    ctx.save();
    ctx.translate(left + x, top - 6);
    ctx.rotate(-Math.PI / 2);
    ctx.fillText(tokenLabel(tokens[k] ?? ""), 0, 0);
    ctx.restore();
  }
}

/** Draws the texts of the queries in view, lying: those of the keys, where both are the same sequence, and none else. */
export function drawTokensBeside(ctx: CanvasRenderingContext2D, { layout, view, matrix, tokens, theme }: OverlayScene): void {
  if (view.scaleY < LEAST_CELL || matrix.qLen !== matrix.kvLen) return;
  const { left, top, cells } = layout;
  ctx.fillStyle = theme.css.ink;
  ctx.textAlign = "right";
  const end = Math.min(matrix.qLen, tokens.length, Math.ceil(view.y + cells.height / view.scaleY));
  for (let q = Math.floor(view.y); q < end; q++) {
    const y = (q + 0.5 - view.y) * view.scaleY;
    if (y >= 0 && y <= cells.height) ctx.fillText(tokenLabel(tokens[q] ?? ""), left - 6, top + y);
  }
}
