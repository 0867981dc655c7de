/**
 * Where a chart's texts stand: names of lines at the right, pushed apart where lines end close together; texts of single
 * points on whichever side is free, or nowhere. Pure; a text's width is estimated from its characters.
 */
import type { Ink } from "./chart.ts";
import type { Frame, Pixel } from "./path.ts";

/** Height of a line of text at 11 px. */
const LINE = 13;
const GAP = 8;

export type Anchor = "start" | "middle" | "end";

export interface Label {
  readonly x: number;
  /** The baseline. */
  readonly y: number;
  readonly text: string;
  readonly anchor: Anchor;
}

export interface EndLabel extends Label {
  readonly ink: Ink;
  /** The end of its line. */
  readonly from: Pixel;
}

const NARROW = /[iljtfrI.,:;'|()[\]· \u202f]/;

/** About how wide a text is at 11 px, in pixels. */
export function widthOf(text: string): number {
  let width = 0;
  for (const c of text) width += NARROW.test(c) ? 3.4 : /[mwMW—…×]/.test(c) ? 9.2 : 6.2;
  return width;
}

/** The rectangle that a label covers. */
export function boxOf({ x, y, text, anchor }: Label): Frame {
  const width = widthOf(text);
  const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
  return { left, right: left + width, top: y - 10, bottom: y + 3 };
}

/** Names at the ends of lines, in the order of these, none over another, all within the frame's height where they fit. */
export function endLabels(
  ends: readonly { readonly x: number; readonly y: number; readonly text: string; readonly ink: Ink }[],
  frame: Frame,
): readonly EndLabel[] {
  const sorted = ends.toSorted((a, b) => a.y - b.y);
  const heights = sorted.map((e) => e.y);
  for (let i = 1; i < heights.length; i++) heights[i] = Math.max(heights[i] ?? 0, (heights[i - 1] ?? 0) + LINE);
  // Pushed down in turn, they are pushed up again from the bottom as far as they went beyond it.
  let floor = frame.bottom;
  for (let i = heights.length - 1; i >= 0; i--) {
    heights[i] = Math.min(heights[i] ?? 0, floor);
    floor = (heights[i] ?? 0) - LINE;
  }
  return sorted.map((e, i) => ({
    x: Math.max(e.x + GAP, frame.right + GAP),
    y: (heights[i] ?? e.y) + 4,
    text: e.text,
    anchor: "start",
    ink: e.ink,
    from: [e.x, e.y],
  }));
}

export interface Wanted {
  readonly at: Pixel;
  readonly text: string;
  /** At the end of a line that goes to the left: beside it there is the line itself. */
  readonly endsLine: boolean;
}

/**
 * Texts beside points: right, left, above or below, the first where nothing else stands. Where all of these are taken a
 * text may cross `lines`, which its halo parts; else there is none.
 */
export function pointLabels(wanted: readonly Wanted[], taken: readonly Frame[], lines: readonly Frame[], within: Frame): readonly Label[] {
  const boxes = [...taken];
  return wanted.flatMap(({ at: [x, y], text, endsLine }): Label[] => {
    const right: Label = { x: x + GAP, y: y + 4, text, anchor: "start" };
    const above = y - GAP;
    const below = y + GAP + 10;
    const places: readonly Label[] = endsLine
      ? [right, { x, y: above, text, anchor: "end" }, { x: x - GAP, y: y + 10, text, anchor: "end" }, { x, y: below, text, anchor: "end" }]
      : [
          right,
          { x: x - GAP, y: y + 4, text, anchor: "end" },
          { x, y: above, text, anchor: "middle" },
          { x, y: below, text, anchor: "middle" },
          { x, y: above, text, anchor: "start" },
          { x, y: above, text, anchor: "end" },
        ];
    const open = places.filter((place) => {
      const box = boxOf(place);
      const inside = box.left >= within.left && box.right <= within.right && box.top >= within.top && box.bottom <= within.bottom;
      return inside && boxes.every((b) => !overlaps(b, box));
    });
    const free = open.find((place) => lines.every((b) => !overlaps(b, boxOf(place)))) ?? open[0];
    if (free === undefined) return [];
    boxes.push(boxOf(free));
    return [free];
  });
}

const overlaps = (a: Frame, b: Frame): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
