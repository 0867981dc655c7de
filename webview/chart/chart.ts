/**
 * A chart as plain data: what it shows and what it finds, without a size, a colour or a place on a screen. The same value
 * is drawn (drawing.ts), read out point by point (focus.ts), written as a table (chartTable) and exported (svg.ts).
 */
import type { ScaleKind } from "./scale.ts";

/** A colour by its role; the page and an exported file each know what it is there. */
export type Ink = "s1" | "s2" | "s3" | "s4" | "base" | "ink" | "muted" | "grid" | "ground";

/** Shapes differ so that no two series are told apart by colour alone. */
export type Mark = "circle" | "diamond" | "triangle" | "square" | "wedge" | "cross";

export interface Axis {
  /** With its unit: `S`, `blocks skipped`. */
  readonly title: string;
  readonly kind: ScaleKind;
  /** Values are whole numbers, and so are ticks. */
  readonly whole?: boolean;
  /** A value as read-outs and tables have it. */
  readonly format: (value: number) => string;
  /** A round value, as short as it can be. */
  readonly tick: (value: number) => string;
  readonly from?: number;
  readonly to?: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** 95 % interval of y; null: not known. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Noisy, or of a text that has changed since: drawn as an outline. */
  readonly hollow: boolean;
  /** What a reader hears of it, in full. */
  readonly told: string;
  /** Written beside it; null: nothing. */
  readonly label: string | null;
}

export interface Series {
  readonly name: string;
  readonly ink: Ink;
  readonly mark: Mark;
  readonly dashed: boolean;
  /** Points in order of x are joined, and the name stands at the last. */
  readonly joined: boolean;
  readonly points: readonly Point[];
}

/** A line without measurements: an ideal, a bound, a change of the text. */
export interface Guide {
  readonly name: string;
  readonly dashed: boolean;
  /** The axes reach as far as it does; else it is cut where the points end. */
  readonly spans: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A place on the x axis that is named: a crossover, an edit. */
export interface Rule {
  readonly x: number;
  readonly name: string;
}

export interface Chart {
  /** In test ids. */
  readonly id: string;
  readonly title: string;
  /** After the title, quieter. */
  readonly note: string;
  /** What it shows, in a sentence: the chart's spoken name. */
  readonly finding: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly guides: readonly Guide[];
  readonly rules: readonly Rule[];
}

/** A chart that cannot be drawn yet: what is missing, and what would fill it. */
export interface NoChart {
  readonly id: string;
  readonly title: string;
  readonly missing: string;
}

export const isDrawn = (chart: Chart | NoChart): chart is Chart => "series" in chart;

export interface ChartTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The chart's data in words, a row for each point. */
export function chartTable({ x, y, series }: Chart): ChartTable {
  const interval = ([low, high]: readonly [number, number]): string => `${y.format(low)}…${y.format(high)}`;
  return {
    columns: ["series", x.title, y.title, "95 % interval", "doubt"],
    rows: series.flatMap((s) =>
      s.points.map((p) => [
        p.label === null || p.label === s.name ? s.name : `${s.name}, ${p.label}`,
        x.format(p.x),
        y.format(p.y),
        p.interval === null ? "–" : interval(p.interval),
        p.hollow ? "in doubt" : "",
      ]),
    ),
  };
}
