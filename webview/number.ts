/**
 * Numbers as people read them: one place that formats, everywhere the same. Thousands and units are set off with a
 * narrow no-break space, the minus is a minus, three digits count, percents have one decimal.
 */

/** Narrow no-break space. */
export const NARROW_SPACE = "\u202f";

/** `4096` → `4 096` (with narrow spaces). */
export function integer(n: number): string {
  const digits = String(Math.round(Math.abs(n))).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
  return n < 0 && Math.round(n) !== 0 ? `−${digits}` : digits;
}

/** `digits` significant digits without exponent; whole numbers beyond them keep all their places. */
export function significant(x: number, digits = 3): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const a = Math.abs(x);
  if (a >= 10 ** (digits - 1)) return integer(x);
  // Rounded first: 0.9999 is 1.00, not 1.000.
  const places = Math.min(12, digits - 1 - Math.floor(Math.log10(Number(a.toPrecision(digits))) + 1e-9));
  return (x < 0 ? "−" : "") + a.toFixed(Math.max(0, places));
}

/** A number with its unit: `1.84 ms`. */
export const withUnit = (x: number, unit: string, digits = 3): string => significant(x, digits) + NARROW_SPACE + unit;

/** A share in [0, 1] as percent, one decimal. What is not all is never shown as all: 0.9999 is 99.9, not 100.0. */
export function percent(share: number, decimals = 1): string {
  const step = 10 ** -(decimals + 2);
  const held = share > 0 && share < step / 2 ? step : share < 1 && share > 1 - step / 2 ? 1 - step : share;
  return `${(100 * held).toFixed(decimals)}${NARROW_SPACE}%`;
}

/** A ratio: `5.1×`, `21.7×`, `340×`. */
export const times = (x: number): string => `${significant(x, x < 10 ? 2 : 3)}×`;

/** Milliseconds, without unit, as a table's column shows them: four digits. */
export const milliseconds = (ms: number): string => significant(ms, 4);

/** A duration in words of its size: `65 ns`, `840 µs`, `1.84 ms`, `12.3 s`. */
export function duration(ms: number): string {
  if (ms > 0 && ms < 1e-3) return withUnit(ms * 1e6, "ns");
  if (ms < 1) return withUnit(ms * 1000, "µs");
  return ms < 10_000 ? withUnit(ms, "ms") : withUnit(ms / 1000, "s");
}

/** `4.1e−7`. */
export function exponent(x: number): string {
  return x === 0 ? "0" : x.toExponential(1).replace("-", "−").replace("+", "");
}

export function bytes(n: number): string {
  if (n >= 2 ** 40) return withUnit(n / 2 ** 40, "TiB");
  if (n >= 2 ** 30) return withUnit(n / 2 ** 30, "GiB");
  if (n >= 2 ** 20) return withUnit(n / 2 ** 20, "MiB");
  return n >= 1024 ? withUnit(n / 1024, "KiB") : `${integer(n)}${NARROW_SPACE}B`;
}

const SUFFIX: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2 };

/**
 * A size as people type it: `4096`, `4 096`, `4_096`, `4,096`, `4k` (1,024 each), `1M`. null where it is none, or
 * not a whole number from 1 to 2^31 − 1.
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([km]?)i?$/.exec(text.replace(/[\s\u202f\u00a0_,]/g, "").toLowerCase());
  if (match === null) return null;
  const value = Number(match[1]) * (SUFFIX[match[2] ?? ""] ?? Number.NaN);
  return Number.isInteger(value) && value >= 1 && value < 2 ** 31 ? value : null;
}
