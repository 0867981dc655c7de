/** The charts of the structure report: plain SVG in the panel's colours, each with its finding as label. */
import type { JSX } from "preact";
import type { SizeCost } from "../../kernels/mask/blockSizes.ts";
import { integer, percent } from "../number.ts";

/** Mean full and partial blocks of some neighbouring rows, and the most that one of them has. */
export interface RowBar {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
  readonly full: number;
  readonly partial: number;
}

/** Bars that fit. */
const MOST_BARS = 48;

/** The rows from..end (exclusive) as bars; several rows share one as their mean where there are many. */
export function rowBars(full: Int32Array, partial: Int32Array, from: number, end: number): readonly RowBar[] {
  const step = Math.max(1, Math.ceil((end - from) / MOST_BARS));
  const mean = (values: Int32Array, a: number, b: number): number => values.subarray(a, b).reduce((sum, n) => sum + n, 0) / (b - a);
  return Array.from({ length: Math.ceil((end - from) / step) }, (_, i) => {
    const a = from + i * step;
    const b = Math.min(end, a + step);
    return { first: a - from, end: b - from, full: mean(full, a, b), partial: mean(partial, a, b) };
  });
}

const WIDTH = 280;
const HEIGHT = 96;
const LEFT = 34;
const BOTTOM = 80;
const TOP = 10;

/** Blocks of the rows of one plane, full below partial, with the mean of all rows as a dashed line. */
export function RowChart(props: { readonly bars: readonly RowBar[]; readonly mean: number; readonly label: string }): JSX.Element {
  const { bars, mean, label } = props;
  const most = Math.max(1, mean, ...bars.map((b) => b.full + b.partial));
  const step = (WIDTH - LEFT - 4) / Math.max(1, bars.length);
  const width = Math.max(1, step - (step > 4 ? 1 : 0));
  const y = (n: number): number => BOTTOM - ((BOTTOM - TOP) * n) / most;
  const last = bars.at(-1)?.end ?? 1;
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {bars.map((bar, i) => {
        const x = LEFT + i * step;
        const middle = y(bar.full);
        const top = y(bar.full + bar.partial);
        return (
          <g key={bar.first}>
            <rect x={x} y={middle} width={width} height={BOTTOM - middle} fill="var(--fx-full)" />
            <rect x={x} y={top} width={width} height={middle - top} fill="var(--fx-partial)" />
          </g>
        );
      })}
      <line class="axis" x1={LEFT} x2={WIDTH - 4} y1={BOTTOM} y2={BOTTOM} />
      <line class="mean" x1={LEFT} x2={WIDTH - 4} y1={y(mean)} y2={y(mean)} />
      <text x={LEFT - 4} y={TOP + 4} text-anchor="end">
        {integer(most)}
      </text>
      <text x={LEFT - 4} y={BOTTOM + 3} text-anchor="end">
        0
      </text>
      <text x={LEFT} y={HEIGHT - 3}>
        row 0
      </text>
      <text x={WIDTH - 4} y={HEIGHT - 3} text-anchor="end">
        {integer(last - 1)}
      </text>
    </svg>
  );
}

/** Share of the visited area that is masked, for each block size; `now` is marked. */
export function WasteChart(props: {
  readonly sizes: readonly SizeCost[];
  readonly now: number | null;
  readonly label: string;
}): JSX.Element {
  const { sizes, now, label } = props;
  const x = (i: number): number => LEFT + 6 + (i * (WIDTH - LEFT - 24)) / Math.max(1, sizes.length - 1);
  const most = Math.max(0.1, Math.ceil(10 * Math.max(0, ...sizes.map((s) => s.waste))) / 10);
  const y = (waste: number): number => BOTTOM - ((BOTTOM - TOP) * waste) / most;
  const points = sizes.map((s, i) => `${x(i)},${y(s.waste)}`).join(" ");
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {[0, 0.5, 1].map((share) => (
        <g key={share}>
          <line class="grid" x1={LEFT} x2={WIDTH - 4} y1={y(share * most)} y2={y(share * most)} />
          <text x={LEFT - 4} y={y(share * most) + 3} text-anchor="end">
            {percent(share * most, 0)}
          </text>
        </g>
      ))}
      <polyline points={points} fill="none" stroke="var(--fx-partial)" stroke-width="1.5" />
      {sizes.map((s, i) => {
        const isNow = s.size === now;
        // A label beside the line would cross it: it stands above where that rises to the right, and inside of the picture.
        const labelY = Math.max(TOP, y(s.waste) - 7);
        return (
          <g key={s.size}>
            <circle cx={x(i)} cy={y(s.waste)} r={isNow ? 4 : 3} fill={isNow ? "var(--ink)" : "var(--fx-partial)"} />
            {isNow ? (
              <text class="strong" x={x(i) - 6} y={labelY} text-anchor="end">
                {percent(s.waste, 0)}
              </text>
            ) : null}
            <text x={x(i)} y={HEIGHT - 3} text-anchor="middle">
              {s.size}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
