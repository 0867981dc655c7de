// Figures against bars, as the benchmarks print them.

/** The value below which the share `p` of `numbers` lies: 0.5 the median, 1 the largest. */
export function quantile(numbers, p) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Prints a bar with its figure; true where it is met. */
export function judge(name, value, bar, unit, note = "") {
  const met = value <= bar;
  console.log(`${name}: ${value.toFixed(1)} ${unit}, bar ${bar} ${unit}: ${met ? "met" : "missed"}${note === "" ? "" : ` (${note})`}`);
  return met;
}
