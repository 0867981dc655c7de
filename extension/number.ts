/**
 * Numbers as the editor shows them, in the panel's spelling: thousands and units are set off with a narrow no-break
 * space, three digits count, percents have one decimal. The panel's own (webview/number.ts) knows more forms; a test
 * holds the shared ones together, since neither side may import the other.
 */

/** Narrow no-break space. */
const NARROW_SPACE = "\u202f";

/** `4096` → `4 096`. */
export function integer(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/** `digits` significant digits without exponent; whole numbers beyond them keep all their places. `x` ≥ 0. */
export function significant(x: number, digits = 3): string {
  if (x === 0) return "0";
  if (x >= 10 ** (digits - 1)) return integer(x);
  // Rounded first: 0.9999 is 1.00, not 1.000.
  return x.toFixed(Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(Number(x.toPrecision(digits))) + 1e-9))));
}

/** A duration in the unit of its size: `840 µs`, `1.84 ms`, `107.6 ms`, `12.3 s`. */
export function duration(ms: number): string {
  if (ms < 1) return `${significant(ms * 1000)}${NARROW_SPACE}µs`;
  if (ms < 10_000) return `${significant(ms, ms < 100 ? 3 : 4)}${NARROW_SPACE}ms`;
  return `${significant(ms / 1000)}${NARROW_SPACE}s`;
}

/** A share in [0, 1] as percent, one decimal. What is not all is never shown as all: 0.9999 is 99.9, not 100.0. */
export function percent(share: number): string {
  const step = 1e-3;
  const held = share > 0 && share < step / 2 ? step : share < 1 && share > 1 - step / 2 ? 1 - step : share;
  return `${(100 * held).toFixed(1)}${NARROW_SPACE}%`;
}

/** A share in [0, 1] as whole percents, rounded down: what is not done is never shown as done. */
export const wholePercent = (share: number): string => `${Math.floor(100 * share + 1e-9)}${NARROW_SPACE}%`;

/** A ratio: `5.1×`, `21.7×`, `340×`. */
export const times = (x: number): string => `${significant(x, x < 10 ? 2 : 3)}×`;

/** An error of a check: `4.1e−7`; what is not small is written out, `0.28`. */
export function errorSize(x: number): string {
  if (x === 0) return "0";
  return x >= 1e-3 && x < 1e4 ? significant(x, 2) : x.toExponential(1).replace("-", "−").replace("+", "");
}
