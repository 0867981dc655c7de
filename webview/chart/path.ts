/** Polylines in pixels: as an SVG path, and cut to the frame of a chart. Pure. */

export type Pixel = readonly [x: number, y: number];

/** The rectangle that a chart's points lie in. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function pathOf(pixels: readonly Pixel[]): string {
  return pixels.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x} ${y}`).join("");
}

/** Places along a polyline, at most `step` apart. */
export function along(pixels: readonly Pixel[], step: number): readonly Pixel[] {
  return pixels.flatMap(([x, y], i): readonly Pixel[] => {
    const [x0, y0] = pixels[i - 1] ?? [x, y];
    const count = Math.max(1, Math.ceil(Math.hypot(x - x0, y - y0) / step));
    return Array.from({ length: count }, (_, k) => [x0 + ((x - x0) * (k + 1)) / count, y0 + ((y - y0) * (k + 1)) / count]);
  });
}

/** What of a polyline lies within the frame, as polylines. */
export function clipped(pixels: readonly Pixel[], frame: Frame): readonly (readonly Pixel[])[] {
  const parts: Pixel[][] = [];
  for (const [i, to] of pixels.entries()) {
    const from = pixels[i - 1];
    const piece = from === undefined ? null : clippedSegment(from, to, frame);
    if (piece === null) continue;
    const open = parts.at(-1);
    const end = open?.at(-1);
    if (open !== undefined && end !== undefined && end[0] === piece[0][0] && end[1] === piece[0][1]) open.push(piece[1]);
    else parts.push([...piece]);
  }
  return parts;
}

/** By Y. D. Liang and B. A. Barsky's parameters (ACM Trans. Graph. 3, 1984). */
function clippedSegment([x0, y0]: Pixel, [x1, y1]: Pixel, { left, right, top, bottom }: Frame): readonly [Pixel, Pixel] | null {
  let enter = 0;
  let leave = 1;
  const edges = [
    [x0 - x1, x0 - left],
    [x1 - x0, right - x0],
    [y0 - y1, y0 - top],
    [y1 - y0, bottom - y0],
  ] as const;
  for (const [towards, distance] of edges) {
    if (towards === 0 && distance < 0) return null;
    if (towards < 0) enter = Math.max(enter, distance / towards);
    if (towards > 0) leave = Math.min(leave, distance / towards);
  }
  if (enter > leave) return null;
  const at = (t: number): Pixel => [x0 + t * (x1 - x0), y0 + t * (y1 - y0)];
  return [enter === 0 ? [x0, y0] : at(enter), leave === 1 ? [x1, y1] : at(leave)];
}
