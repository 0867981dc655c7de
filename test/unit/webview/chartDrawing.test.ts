import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Axis, type Chart, chartTable, type Point, type Series } from "../../../webview/chart/chart.ts";
import { drawChart, type Shape } from "../../../webview/chart/drawing.ts";
import { nearestPoint, type PointId, pointByKey } from "../../../webview/chart/focus.ts";
import { boxOf, endLabels, pointLabels, widthOf } from "../../../webview/chart/labels.ts";
import { along, clipped, pathOf } from "../../../webview/chart/path.ts";
import { valueAt } from "../../../webview/chart/scale.ts";
import { chartSvg, PAPER } from "../../../webview/chart/svg.ts";

const axis = (kind: Axis["kind"], title: string): Axis => ({ title, kind, format: String, tick: String });
const point = (x: number, y: number, change: Partial<Point> = {}): Point => ({
  x,
  y,
  interval: null,
  hollow: false,
  told: `${x}: ${y}`,
  label: null,
  ...change,
});
const series = (name: string, points: readonly Point[], change: Partial<Series> = {}): Series => ({
  name,
  ink: "s1",
  mark: "circle",
  dashed: false,
  joined: true,
  points,
  ...change,
});
const FAST = series("quad", [point(256, 1), point(512, 4, { interval: [2, 8] }), point(1024, 16, { hollow: true })]);
const SLOW = series("materialised", [point(256, 2), point(1024, 64)], { ink: "base", mark: "square", dashed: true });
const CHART: Chart = {
  id: "time",
  title: "Time against S",
  note: "",
  finding: "quad is faster <everywhere>.",
  x: axis("log2", "S"),
  y: axis("log10", "ms"),
  series: [FAST, SLOW],
  guides: [],
  rules: [],
};
const SIZE = { width: 320, height: 190 };
const kinds = <K extends Shape["kind"]>(shapes: readonly Shape[], kind: K) =>
  shapes.filter((s): s is Extract<Shape, { kind: K }> => s.kind === kind);

describe("a drawing", () => {
  const drawing = drawChart(CHART, SIZE);

  it("has each point where the scales say", () => {
    const { frame, x, y } = drawing;
    for (const p of drawing.placed) {
      const of = CHART.series[p.series]?.points[p.point];
      expect(valueAt(x, (p.px - frame.left) / (frame.right - frame.left))).toBeCloseTo(of?.x ?? 0, 0);
      expect(Math.log(valueAt(y, (frame.bottom - p.py) / (frame.bottom - frame.top)))).toBeCloseTo(Math.log(of?.y ?? 0), 2);
    }
    expect(drawing.placed).toHaveLength(5);
  });

  it("joins the points of a line and nothing else", () => {
    const at = (s: number) => drawing.placed.filter((p) => p.series === s).map(({ px, py }) => [px, py] as const);
    const lines = kinds(drawing.shapes, "path").map((p) => p.d);
    expect(lines).toContain(pathOf(at(0)));
    expect(lines).toContain(pathOf(at(1)));
    expect(
      drawChart({ ...CHART, series: [{ ...FAST, joined: false }] }, SIZE).shapes.some(
        (s) => s.kind === "path" && s.ink === "s1" && s.width === 2,
      ),
    ).toBe(false);
  });

  it("dashes the baseline, hollows what is in doubt, and draws an interval that is larger than its mark", () => {
    const paths = kinds(drawing.shapes, "path");
    expect(paths.filter((p) => p.ink === "base").map((p) => p.dash)).toEqual(["5 4"]);
    expect(kinds(drawing.shapes, "mark").map((m) => m.hollow)).toEqual([false, false, true, false, false]);
    const whiskers = paths.filter((p) => p.ink === "s1" && p.width === 1.5);
    expect(whiskers).toHaveLength(1);
    const ys = [...(whiskers[0]?.d.matchAll(/[ML][\d.]+ ([\d.]+)/g) ?? [])].map((m) => Number(m[1]));
    const { frame, y } = drawing;
    const msAt = (py: number): number => valueAt(y, (frame.bottom - py) / (frame.bottom - frame.top));
    expect(msAt(Math.max(...ys))).toBeCloseTo(2, 1);
    expect(msAt(Math.min(...ys))).toBeCloseTo(8, 1);
  });

  it("names the lines at their ends, within the picture", () => {
    const names = kinds(drawing.shapes, "text").filter((t) => t.ink === "ink");
    expect(names.map((t) => t.text).sort()).toEqual(["materialised", "quad"]);
    for (const t of names) expect(t.x + widthOf(t.text)).toBeLessThanOrEqual(SIZE.width + 8);
  });

  it.each([240, 280, 320, 700])("has ticks that do not run into each other at %i px", (width) => {
    const narrow = drawChart({ ...CHART, x: { ...CHART.x, tick: (v) => `${v} tokens` } }, { width, height: 190 });
    const ticks = kinds(narrow.shapes, "text").filter((t) => t.anchor === "middle");
    expect(ticks.length).toBeGreaterThanOrEqual(1);
    for (const [i, t] of ticks.entries()) {
      const next = ticks[i + 1];
      if (next !== undefined && narrow.x.ticks.length > 2) expect(boxOf(t).right).toBeLessThan(boxOf(next).left);
    }
  });

  it("has whole ticks for whole numbers", () => {
    const runs = [point(1, 5), point(2, 6), point(3, 7)];
    const ticks = (whole: boolean) =>
      drawChart({ ...CHART, x: { ...axis("linear", "run"), whole }, series: [series("quad", runs)] }, SIZE).x.ticks;
    expect(ticks(true)).toEqual([1, 2, 3]);
    expect(ticks(false).length).toBeGreaterThan(3);
  });

  it("reaches as far as a guide that spans, and cuts one that does not", () => {
    const guide = {
      name: "roof",
      dashed: false,
      points: [
        [256, 1],
        [1024, 100_000],
      ] as const,
    };
    expect(drawChart({ ...CHART, guides: [{ ...guide, spans: true }] }, SIZE).y.domain[1]).toBeGreaterThanOrEqual(100_000);
    const cut = drawChart({ ...CHART, guides: [{ ...guide, spans: false }] }, SIZE);
    expect(cut.y.domain[1]).toBeLessThan(1000);
    for (const p of kinds(cut.shapes, "path")) {
      for (const [, py] of p.d.matchAll(/[ML][\d.]+ (-?[\d.]+)/g)) expect(Number(py)).toBeGreaterThanOrEqual(cut.frame.top - 0.01);
    }
  });

  it("names a line that is cut at the top, and writes no point's name across it", () => {
    const ideal = {
      name: "ideal",
      dashed: true,
      spans: false,
      points: Array.from({ length: 60 }, (_, i) => [i / 60, 60 / (60 - i)] as const),
    };
    const labelled = [point(0, 1), point(0.9, 4, { label: "window" })];
    const chart = {
      ...CHART,
      x: axis("linear", "x"),
      y: axis("linear", "y"),
      series: [series("quad", labelled, { joined: false })],
      guides: [ideal],
    };
    const drawn = drawChart(chart, SIZE);
    const texts = kinds(drawn.shapes, "text").filter((t) => t.ink === "ink");
    expect(texts.map((t) => t.text)).toContain("ideal");
    const curve = kinds(drawn.shapes, "path").find((p) => p.dash === "3 3")?.d ?? "";
    const pixels = [...curve.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])] as const);
    expect(pixels.length).toBeGreaterThan(5);
    for (const text of texts) {
      const box = boxOf(text);
      const crosses = pixels.some(([x, y]) => x > box.left && x < box.right && y > box.top && y < box.bottom);
      expect(crosses, text.text).toBe(false);
    }
  });

  it("says that it has no points", () => {
    expect(kinds(drawChart({ ...CHART, series: [] }, SIZE).shapes, "text").map((t) => t.text)).toContain("no points");
  });
});

describe("labels", () => {
  it("at line ends are pushed apart and stay in the frame", () => {
    const ends = [100, 101, 102, 155, 156].map((y, i) => ({ x: 200, y, text: `line ${i}`, ink: "s1" as const }));
    const placed = endLabels(ends, { left: 30, right: 200, top: 10, bottom: 156 });
    const heights = placed.map((l) => l.y).sort((a, b) => a - b);
    for (const [i, y] of heights.entries()) if (i > 0) expect(y - (heights[i - 1] ?? 0)).toBeGreaterThanOrEqual(13);
    expect(Math.max(...heights)).toBeLessThanOrEqual(160);
    expect(placed.map((l) => l.text)).toEqual(["line 0", "line 1", "line 2", "line 3", "line 4"]);
  });

  it("beside points avoid each other, and are left out where there is no room", () => {
    const within = { left: 0, right: 100, top: 0, bottom: 40 };
    const many = Array.from({ length: 20 }, () => ({ at: [50, 20] as const, text: "window", endsLine: false }));
    const placed = pointLabels(many, [], [], within);
    expect(placed.length).toBeGreaterThan(1);
    expect(placed.length).toBeLessThan(5);
    for (const [i, a] of placed.entries()) {
      for (const b of placed.slice(i + 1)) {
        const [p, q] = [boxOf(a), boxOf(b)];
        expect(p.left < q.right && q.left < p.right && p.top < q.bottom && q.top < p.bottom).toBe(false);
      }
    }
  });

  it("at the end of a line stand above or below it, where there is no room beyond", () => {
    const within = { left: 0, right: 100, top: 0, bottom: 40 };
    const [label] = pointLabels([{ at: [95, 20], text: "ideal", endsLine: true }], [], [], within);
    const box = label === undefined ? null : boxOf(label);
    expect(box?.bottom).toBeLessThan(20);
    expect(box?.right).toBeLessThanOrEqual(100);
  });

  it("of a point in a corner find room within", () => {
    const within = { left: 0, right: 100, top: 0, bottom: 40 };
    for (const [x, y] of [
      [0, 40],
      [100, 40],
    ] as const) {
      const [label] = pointLabels([{ at: [x, y], text: "window", endsLine: false }], [], [], within);
      expect(label?.y).toBeLessThan(40);
    }
  });

  it("beside points cross a line rather than be left out, and another text never", () => {
    const within = { left: 0, right: 100, top: 0, bottom: 40 };
    const everywhere = { left: 0, right: 100, top: 0, bottom: 40 };
    const wanted = [{ at: [50, 20] as const, text: "window", endsLine: false }];
    expect(pointLabels(wanted, [], [everywhere], within)).toHaveLength(1);
    expect(pointLabels(wanted, [everywhere], [], within)).toHaveLength(0);
    const right = { left: 55, right: 100, top: 0, bottom: 40 };
    expect(pointLabels(wanted, [], [right], within)[0]?.anchor).toBe("end");
  });

  it("at line ends stand right of the frame, however early their line ends", () => {
    const [label] = endLabels([{ x: 150, y: 40, text: "quad", ink: "s1" }], { left: 30, right: 200, top: 10, bottom: 156 });
    expect(label?.x).toBe(208);
  });
});

describe("a polyline in a frame", () => {
  const frame = { left: 0, right: 10, top: 0, bottom: 10 };
  it.each([
    [
      "inside stays",
      [
        [1, 1],
        [9, 9],
      ],
      [
        [
          [1, 1],
          [9, 9],
        ],
      ],
    ],
    [
      "across is cut at both sides",
      [
        [-5, 5],
        [15, 5],
      ],
      [
        [
          [0, 5],
          [10, 5],
        ],
      ],
    ],
    [
      "outside is gone",
      [
        [-5, -5],
        [15, -5],
      ],
      [],
    ],
    [
      "out and in again is two",
      [
        [5, 5],
        [5, 15],
        [8, 15],
        [8, 5],
      ],
      [
        [
          [5, 5],
          [5, 10],
        ],
        [
          [8, 10],
          [8, 5],
        ],
      ],
    ],
  ] as const)("%s", (_, pixels, parts) => {
    expect(clipped(pixels, frame)).toEqual(parts);
  });
});

describe("places along a polyline", () => {
  it("are no further apart than asked for, and end where it ends", () => {
    const places = along(
      [
        [0, 0],
        [10, 0],
        [10, 4],
      ],
      3,
    );
    expect(places.at(-1)).toEqual([10, 4]);
    for (const [i, [x, y]] of places.entries()) {
      const [x0, y0] = places[i - 1] ?? [x, y];
      expect(Math.hypot(x - x0, y - y0)).toBeLessThanOrEqual(3);
    }
  });
});

describe("the point that is read out", () => {
  const drawing = drawChart(CHART, SIZE);
  const walk = (from: PointId | null, ...keys: string[]): PointId | null | undefined =>
    keys.reduce<PointId | null | undefined>((now, key) => (now === undefined ? undefined : pointByKey(CHART, now, key)), from);

  it("is the nearest to the pointer, within reach", () => {
    const [, second] = drawing.placed;
    expect(nearestPoint(drawing.placed, (second?.px ?? 0) + 4, (second?.py ?? 0) - 3, 20)).toEqual({ series: 0, point: 1 });
    expect(nearestPoint(drawing.placed, 5, 5, 20)).toBeNull();
  });

  it.each([
    ["the first, by the first key", null, ["ArrowRight"], { series: 0, point: 0 }],
    ["the next of its line", null, ["ArrowRight", "ArrowRight"], { series: 0, point: 1 }],
    ["the last of its line and no further", null, ["ArrowRight", "End", "ArrowRight"], { series: 0, point: 2 }],
    ["the first again", null, ["End", "End", "Home"], { series: 0, point: 0 }],
    ["of the other line at the nearest place", { series: 0, point: 2 }, ["ArrowDown"], { series: 1, point: 1 }],
    ["of the first line after the last one", { series: 1, point: 0 }, ["ArrowDown"], { series: 0, point: 0 }],
    ["none after Escape", { series: 1, point: 0 }, ["Escape"], null],
  ] as const)("is %s", (_, from, keys, want) => {
    expect(walk(from, ...keys)).toEqual(want);
  });

  it("leaves other keys, and Escape with nothing read out, to the page", () => {
    expect(pointByKey(CHART, null, "a")).toBeUndefined();
    expect(pointByKey(CHART, null, "Escape")).toBeUndefined();
    expect(pointByKey({ ...CHART, series: [] }, null, "ArrowRight")).toBeUndefined();
  });
});

describe("a chart as a table", () => {
  it("has a row for each point, with its interval and doubt", () => {
    const { columns, rows } = chartTable(CHART);
    expect(columns).toEqual(["series", "S", "ms", "95 % interval", "doubt"]);
    expect(rows).toHaveLength(5);
    expect(rows[1]).toEqual(["quad", "512", "4", "2…8", ""]);
    expect(rows[2]).toEqual(["quad", "1024", "16", "–", "in doubt"]);
  });
});

describe("a chart as a file", () => {
  const svg = chartSvg(CHART, { width: 480, height: 320 }, PAPER);

  it("needs nothing else: every colour is written out, the texts are escaped", () => {
    expect(svg).not.toContain("var(");
    expect(svg).toContain("<title>quad is faster &lt;everywhere&gt;.</title>");
    expect(svg).not.toMatch(/href|url\(|<script|NaN|undefined/);
    expect(svg.match(/<path /g)?.length).toBe(drawChart(CHART, { width: 480, height: 294 }).shapes.filter((s) => s.kind !== "text").length);
  });

  it("has the light theme's colours on paper", () => {
    const css = readFileSync(new URL("../../../webview/palette.css", import.meta.url), "utf8");
    const light = css.slice(css.indexOf("body.vscode-light"));
    for (const ink of ["s1", "s2", "s3", "s4", "base"] as const) {
      expect(new RegExp(`--fx-${ink}: (#[0-9a-f]{6})`).exec(light)?.[1], ink).toBe(PAPER[ink]);
    }
  });
});
