// Figures against bars, as the benchmarks print them: quantiles, ratios of interleaved rounds with their interval, and
// the word "met" or "missed".

/** The value below which the share `p` of `numbers` lies: 0.5 the median, 1 the largest. */
export function quantile(numbers, p) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (numbers) => quantile(numbers, 0.5);

/** Prints a bar with its figure; true where it is met. */
export function judge(name, value, bar, unit, note = "") {
  const met = value <= bar;
  console.log(`${name}: ${value.toFixed(1)} ${unit}, bar ${bar} ${unit}: ${met ? "met" : "missed"}${note === "" ? "" : ` (${note})`}`);
  return met;
}

const RESAMPLES = 2000;

/**
 * The median of numbers measured once a round, with the bootstrap's 95 % interval over the rounds. Seeded: the same
 * numbers give the same interval. One number is its own interval, and `rounds` says so.
 */
export function medianInterval(numbers) {
  let state = 0x2545f491;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(numbers.map(() => numbers[Math.floor(random() * numbers.length)] ?? Number.NaN)),
  );
  return { value: median(numbers), low: quantile(medians, 0.025), high: quantile(medians, 0.975), rounds: numbers.length };
}

/**
 * By how much pairs differ: the median of all means of two differences (Hodges and Lehmann), with the 95 % interval that
 * goes with it (Wilcoxon's signed ranks, by the normal approximation: for 20 pairs and more). An outlier moves it no
 * more than a median, and it needs fewer pairs.
 */
export function pairedShift(differences) {
  const n = differences.length;
  const means = new Float64Array((n * (n + 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) means[at++] = ((differences[i] ?? Number.NaN) + (differences[j] ?? Number.NaN)) / 2;
  means.sort();
  const beyond = Math.max(1, Math.floor(means.length / 2 - 1.96 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24)));
  return { value: median(means), low: means[beyond - 1] ?? Number.NaN, high: means[means.length - beyond] ?? Number.NaN, rounds: n };
}

/** Time ÷ time round by round, over the rounds that both have. */
export function ratioInterval(above, below) {
  const rounds = Math.min(above.length, below.length);
  return medianInterval(Array.from({ length: rounds }, (_, i) => (above[i] ?? Number.NaN) / (below[i] ?? Number.NaN)));
}

/** Rounds below which an interval says too little to hold a bar. */
export const FEWEST_ROUNDS = 10;

/**
 * "met" where the whole interval is on the right side of the bar, "missed" where none of it is, else "open"; with fewer
 * rounds than FEWEST_ROUNDS the word stands in brackets, as a first look. `bar` is `{ least }`, `{ most }` or both.
 */
export function verdict({ low, high, rounds }, { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY }) {
  const word = low >= least && high <= most ? "met" : high < least || low > most ? "missed" : "open";
  return rounds < FEWEST_ROUNDS ? `(${word}: ${rounds} ${rounds === 1 ? "round" : "rounds"})` : word;
}

/** `≥ 7`, `≤ 1.05` or `0.9 – 1.1`. */
export function barText({ least, most }) {
  if (least !== undefined && most !== undefined) return `${least} – ${most}`;
  return least !== undefined ? `≥ ${least}` : `≤ ${most}`;
}
