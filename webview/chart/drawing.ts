/**
 * From a chart and a size to the shapes that are drawn: grid and ticks, guides, intervals, lines, marks, and names at the
 * ends of the lines instead of a legend. Units are CSS pixels. The page draws the shapes as elements (chartView.tsx), an
 * exported file as text (svg.ts). Pure; how wide a text is, is estimated.
 */
import type { Chart, Ink, Mark, Series } from "./chart.ts";
import type { Placed } from "./focus.ts";
import { type Anchor, boxOf, type EndLabel, endLabels, type Label, pointLabels, widthOf } from "./labels.ts";
import { along, clipped, type Frame, type Pixel, pathOf } from "./path.ts";
import { placeOn, type Scale, scaleFor } from "./scale.ts";

export type Shape =
  | { readonly kind: "path"; readonly d: string; readonly ink: Ink; readonly width: number; readonly dash: string | null }
  | { readonly kind: "text"; readonly x: number; readonly y: number; readonly text: string; readonly ink: Ink; readonly anchor: Anchor }
  | MarkShape;

export interface MarkShape extends Placed {
  readonly kind: "mark";
  readonly mark: Mark;
  readonly ink: Ink;
  readonly hollow: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Drawing extends Size {
  readonly shapes: readonly Shape[];
  readonly placed: readonly Placed[];
  readonly frame: Frame;
  readonly x: Scale;
  readonly y: Scale;
}

/** Outlines around (0, 0). */
export const MARK_PATHS: Readonly<Record<Mark, string>> = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
  diamond: "M0 -5.2L5.2 0L0 5.2L-5.2 0z",
  triangle: "M0 -5L4.8 3.6L-4.8 3.6z",
  square: "M-3.6 -3.6H3.6V3.6H-3.6z",
  wedge: "M0 5L4.8 -3.6L-4.8 -3.6z",
  cross: "M-1.6 -4.8H1.6V-1.6H4.8V1.6H1.6V4.8H-1.6V1.6H-4.8V-1.6H-1.6z",
};

const TOP = 10;
const BOTTOM = 34;
const CAP = 3;
/** Of the width, for names at the right. */
const MOST_NAMES = 0.36;
/** Of the width a tick's text and the gap after it may take. */
const TICK_GAP = 14;

export function drawChart(chart: Chart, size: Size): Drawing {
  const spans = chart.guides.filter((g) => g.spans).flatMap((g) => g.points);
  const ySpread = [...chart.series.flatMap((s) => s.points.flatMap((p) => [p.y, ...(p.interval ?? [])])), ...spans.map(([, y]) => y)];
  const yTicks = Math.max(2, Math.floor((size.height - TOP - BOTTOM) / 30));
  const y = scaleFor(ySpread, { ...bounds(chart.y), most: yTicks, nice: true });
  const tickWidth = Math.max(...y.ticks.map((t) => widthOf(chart.y.tick(t))), 0);
  const ends = chart.series.filter((s) => s.joined && s.points.length > 0).map((s) => widthOf(s.name));
  const right = Math.max(10, Math.min(MOST_NAMES * size.width, ends.length === 0 ? 10 : Math.max(...ends) + 14));
  const frame: Frame = { left: Math.ceil(tickWidth) + 8, right: size.width - right, top: TOP, bottom: size.height - BOTTOM };
  const xs = chart.series.flatMap((s) => s.points.map((p) => p.x));
  const x = xScale(chart, [...xs, ...chart.rules.map((r) => r.x), ...spans.map(([x]) => x)], frame);
  const at = (vx: number, vy: number): Pixel => [
    round(frame.left + placeOn(x, vx) * (frame.right - frame.left)),
    round(frame.bottom - placeOn(y, vy) * (frame.bottom - frame.top)),
  ];
  const placed = chart.series.flatMap((s, i) =>
    s.points.map((p, j): Placed => {
      const [px, py] = at(p.x, p.y);
      return { series: i, point: j, px, py };
    }),
  );
  const parts = { chart, frame, x, y, at, placed };
  const shapes = [...axes(parts), ...guides(parts), ...rules(parts), ...lines(parts), ...marks(parts), ...names(parts, size)];
  return { ...size, shapes, placed, frame, x, y };
}

interface Parts {
  readonly chart: Chart;
  readonly frame: Frame;
  readonly x: Scale;
  readonly y: Scale;
  readonly at: (x: number, y: number) => Pixel;
  readonly placed: readonly Placed[];
}

const round = (v: number): number => Math.round(v * 100) / 100;

const bounds = ({ kind, from, to }: Chart["x"]): Pick<Chart["x"], "kind" | "from" | "to"> => ({
  kind,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
});

/** As many ticks as their texts leave room for. */
function xScale(chart: Chart, values: readonly number[], frame: Frame): Scale {
  for (let most = 8; ; most--) {
    const full = scaleFor(values, { ...bounds(chart.x), most });
    const scale = chart.x.whole === true ? { ...full, ticks: full.ticks.filter(Number.isInteger) } : full;
    const room = (frame.right - frame.left) / Math.max(1, scale.ticks.length);
    const widest = Math.max(0, ...scale.ticks.map((t) => widthOf(chart.x.tick(t))));
    if (most <= 2 || widest + TICK_GAP <= room) return scale;
  }
}

const line = (from: Pixel, to: Pixel, ink: Ink, width = 1, dash: string | null = null): Shape => ({
  kind: "path",
  d: pathOf([from, to]),
  ink,
  width,
  dash,
});

function axes({ chart, frame, x, y, at }: Parts): readonly Shape[] {
  const text = (px: number, py: number, words: string, anchor: Anchor): Shape => ({
    kind: "text",
    x: px,
    y: py,
    text: words,
    ink: "muted",
    anchor,
  });
  const middle = (frame.top + frame.bottom) / 2;
  return [
    ...y.ticks.flatMap((t): Shape[] => {
      const [, py] = at(x.domain[0], t);
      return [line([frame.left, py], [frame.right, py], "grid"), text(frame.left - 6, py + 4, chart.y.tick(t), "end")];
    }),
    line([frame.left, frame.bottom], [frame.right, frame.bottom], "muted"),
    ...x.ticks.flatMap((t): Shape[] => {
      const [px] = at(t, y.domain[0]);
      return [line([px, frame.bottom], [px, frame.bottom + 4], "muted"), text(px, frame.bottom + 16, chart.x.tick(t), "middle")];
    }),
    text(frame.right, frame.bottom + 30, chart.x.title, "end"),
    ...(chart.series.every((s) => s.points.length === 0) ? [text((frame.left + frame.right) / 2, middle, "no points", "middle")] : []),
  ];
}

function guides({ chart, frame, at }: Parts): readonly Shape[] {
  return chart.guides.flatMap((guide): Shape[] => {
    const parts = clipped(
      guide.points.map(([x, y]) => at(x, y)),
      frame,
    );
    const dash = guide.dashed ? "3 3" : null;
    return parts.map((pixels): Shape => ({ kind: "path", d: pathOf(pixels), ink: guide.dashed ? "muted" : "ink", width: 1.5, dash }));
  });
}

function rules({ chart, frame, at, y }: Parts): readonly Shape[] {
  return chart.rules.map((rule): Shape => {
    const [px] = at(rule.x, y.domain[0]);
    return line([px, frame.top], [px, frame.bottom], "muted", 1, "2 3");
  });
}

/** Lines and intervals, under all marks. */
function lines({ chart, at }: Parts): readonly Shape[] {
  return chart.series.flatMap((s): Shape[] => {
    const joined: Shape = {
      kind: "path",
      d: pathOf(s.points.map((p) => at(p.x, p.y))),
      ink: s.ink,
      width: s.dashed ? 1.5 : 2,
      dash: s.dashed ? "5 4" : null,
    };
    return [...(s.joined && s.points.length > 1 ? [joined] : []), ...whiskers(s, at)];
  });
}

/** An interval that its mark covers is not drawn. */
function whiskers(series: Series, at: Parts["at"]): readonly Shape[] {
  return series.points.flatMap((p): Shape[] => {
    if (p.interval === null) return [];
    const [px, low] = at(p.x, p.interval[0]);
    const [, high] = at(p.x, p.interval[1]);
    if (low - high < 2) return [];
    const cap = (py: number): readonly Pixel[] => [
      [px - CAP, py],
      [px + CAP, py],
    ];
    const stem: readonly Pixel[] = [
      [px, low],
      [px, high],
    ];
    return [{ kind: "path", d: [stem, cap(low), cap(high)].map(pathOf).join(""), ink: series.ink, width: 1.5, dash: null }];
  });
}

function marks({ chart, placed }: Parts): readonly MarkShape[] {
  return placed.flatMap((p): MarkShape[] => {
    const series = chart.series[p.series];
    const point = series?.points[p.point];
    if (series === undefined || point === undefined) return [];
    return [{ ...p, kind: "mark", mark: series.mark, ink: series.ink, hollow: point.hollow }];
  });
}

/** Names at the ends of joined lines, of guides, of rules, and beside single points: what does not fit is left to the read-out. */
function names(parts: Parts, size: Size): readonly Shape[] {
  const { chart, frame, at, y, placed } = parts;
  const ends = endLabels(
    chart.series.flatMap((s, i) => {
      const last = s.joined ? placed.findLast((p) => p.series === i) : undefined;
      return last === undefined ? [] : [{ x: last.px, y: last.py, text: s.name, ink: s.ink }];
    }),
    frame,
  );
  const lines = chart.guides.map((guide) => {
    const pixels = guide.points.map(([vx, vy]) => at(vx, vy));
    return clipped(pixels, frame);
  });
  const taken = [...ends.map((e) => boxOf(e)), ...placed.map(({ px, py }) => around(px, py, 5))];
  const crossed = lines.flat().flatMap((pixels) => along(pixels, 6).map(([px, py]) => around(px, py, 1)));
  const wanted = [
    ...chart.rules.map((rule) => ({ at: [at(rule.x, y.domain[0])[0], frame.top + 6] as Pixel, text: rule.name, endsLine: false })),
    ...chart.guides.flatMap((guide, i) => {
      const end = lines[i]?.at(-1)?.at(-1);
      return end === undefined ? [] : [{ at: end, text: guide.name, endsLine: true }];
    }),
    ...placed.flatMap(({ series, point, px, py }) => {
      const label = chart.series[series]?.points[point]?.label ?? null;
      return label === null ? [] : [{ at: [px, py] as Pixel, text: label, endsLine: false }];
    }),
  ];
  const free = pointLabels(wanted, taken, crossed, { left: frame.left, right: size.width, top: 0, bottom: frame.bottom });
  return [...ends.flatMap(drawnEnd), ...free.map(drawnText)];
}

const around = (x: number, y: number, reach: number): Frame => ({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach });

const drawnText = ({ x, y, text, anchor }: Label): Shape => ({ kind: "text", x, y, text, ink: "ink", anchor });

/** A name that stands away from the end of its line is tied to it. */
function drawnEnd(label: EndLabel): readonly Shape[] {
  const name = drawnText(label);
  const [px, py] = label.from;
  if (Math.abs(label.y - 4 - py) < 5 && label.x - px < 24) return [name];
  return [line([px + 6, py], [label.x - 2, label.y - 4], label.ink, 0.75), name];
}
