/**
 * Scales of a chart's axes. In: the values to show and the kind of axis. Out: a map from values to 0…1, and few ticks at
 * round numbers: decades with their 2 and 5 where there is room, powers of two for sizes, 1-2-5 steps on linear axes.
 * A log axis too short for two such ticks gets those of a linear one. Pure.
 */

export type ScaleKind = "linear" | "log2" | "log10";

export interface Scale {
  readonly kind: ScaleKind;
  readonly domain: readonly [low: number, high: number];
  readonly ticks: readonly number[];
}

export interface ScaleOptions {
  readonly kind: ScaleKind;
  /** Ticks at most; at least 2. */
  readonly most: number;
  /** Bounds the values are shown within whatever they are; the data's own where absent. */
  readonly from?: number;
  readonly to?: number;
  /** The domain ends at ticks; else a little beyond the values. */
  readonly nice?: boolean;
}

/** Of the axis beyond the outermost value on each side. */
const MARGIN = 0.04;

/** The scale for `values`; those that the axis cannot show (not finite, not above zero on a log axis) do not count. */
export function scaleFor(values: readonly number[], options: ScaleOptions): Scale {
  const { kind } = options;
  const shown = values.filter((v) => Number.isFinite(v) && (kind === "linear" || v > 0));
  const low = options.from ?? (shown.length === 0 ? (kind === "linear" ? 0 : 1) : Math.min(...shown));
  const high = Math.max(options.to ?? (shown.length === 0 ? 1 : Math.max(...shown)), low);
  const domain = options.nice === true ? niceDomain(low, high, options) : padded(low, high, options);
  return { kind, domain, ticks: ticksOf(kind, domain, options.most) };
}

/** Where a value lies: 0 at the low end, 1 at the high end, beyond them outside. */
export function placeOn({ kind, domain: [low, high] }: Scale, value: number): number {
  return kind === "linear" ? (value - low) / (high - low) : Math.log(value / low) / Math.log(high / low);
}

/** The value at a place: the inverse of `placeOn`. */
export function valueAt({ kind, domain: [low, high] }: Scale, place: number): number {
  return kind === "linear" ? low + place * (high - low) : low * (high / low) ** place;
}

function padded(low: number, high: number, { kind, from, to }: ScaleOptions): readonly [number, number] {
  if (kind === "linear") {
    const pad = high === low ? Math.abs(low) * 0.1 || 0.5 : MARGIN * (high - low);
    return [from ?? low - pad, to ?? high + pad];
  }
  const pad = high === low ? 2 : (high / low) ** MARGIN;
  return [from ?? low / pad, to ?? high * pad];
}

/** Outward to the next ticks. */
function niceDomain(low: number, high: number, options: ScaleOptions): readonly [number, number] {
  const { kind, most, from, to } = options;
  if (kind === "linear") {
    const top = high === low ? low + (Math.abs(low) * 0.1 || 1) : high;
    const [down, up] = [(s: number) => Math.floor(low / s + 1e-9), (s: number) => Math.ceil(top / s - 1e-9)];
    const step = linearStep((s) => up(s) - down(s) + 1, top - low, most);
    return [from ?? step * down(step), to ?? step * up(step)];
  }
  const bases = kind === "log2" ? [1] : [1, 2, 5];
  const base = kind === "log2" ? 2 : 10;
  const down = (v: number): number => {
    const power = base ** Math.floor(Math.log(v) / Math.log(base) + 1e-9);
    return power * Math.max(...bases.filter((b) => b * power <= v * (1 + 1e-9)));
  };
  const up = (v: number): number => {
    const power = base ** Math.floor(Math.log(v) / Math.log(base) + 1e-9);
    return power * Math.min(base, ...bases.filter((b) => b * power >= v * (1 - 1e-9)));
  };
  const [bottom, top] = [from ?? down(low), to ?? up(high)];
  return bottom === top ? [bottom / 2, top * 2] : [bottom, top];
}

function ticksOf(kind: ScaleKind, domain: readonly [number, number], most: number): readonly number[] {
  if (kind === "linear") return linearTicks(domain, most);
  const [low, high] = domain;
  const inside = (v: number): boolean => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9);
  const base = kind === "log2" ? 2 : 10;
  const first = Math.floor(Math.log(low) / Math.log(base) - 1e-9);
  const last = Math.ceil(Math.log(high) / Math.log(base) + 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const between = kind === "log2" ? [[1]] : [[1, 2, 5], [1, 3], [1]];
  for (const steps of between) {
    const ticks = powers.flatMap((p) => steps.map((s) => s * base ** p)).filter(inside);
    if (ticks.length <= most && ticks.length >= 2) return ticks;
  }
  const whole = powers.filter((p) => inside(base ** p));
  if (whole.length < 2) return linearTicks(domain, most);
  const every = Math.ceil(whole.length / most);
  // Counted from the power 0 where that is among them, so that a longer axis keeps the ticks of a shorter one.
  return whole.filter((p) => p % every === 0 || every === 1).map((p) => base ** p);
}

function linearTicks([low, high]: readonly [number, number], most: number): readonly number[] {
  const step = linearStep((s) => Math.floor(high / s + 1e-9) - Math.ceil(low / s - 1e-9) + 1, high - low, most);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  // By division where the step is a fraction, so that 3 × 0.1 is 0.3.
  return Array.from({ length: Math.max(0, count) }, (_, i) => (step < 1 ? (first + i) / Math.round(1 / step) : (first + i) * step));
}

/** The smallest of 1, 2 or 5 times a power of ten of which `countOf` is at most `most`. */
function linearStep(countOf: (step: number) => number, span: number, most: number): number {
  const least = 10 ** Math.floor(Math.log10(span / (most + 1)));
  return [1, 2, 5, 10, 20, 50].map((factor) => factor * least).find((step) => countOf(step) <= most) ?? 100 * least;
}
