// Plays groups of contestants, prints every bar with its figure, and writes the section of docs/benchmarks.md.
import { circumstances, table, writeSection } from "./document.mjs";
import { barText, FEWEST_ROUNDS, median, ratioInterval, verdict } from "./figures.mjs";
import { MIN_SAMPLE_MS, playRounds, TUNE_MS } from "./rounds.mjs";

/**
 * One group of contestants. A ratio is time ÷ time of two of them; `bar` is what it has to reach, or null. `perBlock`
 * divides each time by the blocks that the contestant computes (Contestant.blocks); `counted` compares what they ask for
 * (Contestant.counts) in place of times; `says` names the ratio.
 *
 * @typedef {{ least?: number, most?: number } | null} Bar
 * @typedef {{ above: string, below: string, bar: Bar, says?: string, perBlock?: boolean, counted?: "loads" | "operations" }} Ratio
 * @typedef {{ name: string, title: string, setting: object, ratios: Ratio[], notes?: string[], sampleMs?: number }} Group
 */

const digits = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

/** Rows of the ratios' table, and how many bars were not cleared; a contestant that is missing clears none. */
function judgeRatios(group, results, refused) {
  let missed = 0;
  const rows = group.ratios.flatMap(({ above, below, bar, says, perBlock = false, counted }) => {
    const name = says ?? `${above} ÷ ${below}${counted === undefined ? "" : `, ${counted} counted`}`;
    const wanted = bar === null ? "–" : barText(bar);
    const absent = [above, below].find((each) => !results.has(each));
    // What took no part and has no bar is left out.
    if (absent !== undefined && bar === null && !refused.has(absent)) return [];
    if (absent !== undefined) {
      if (bar !== null) missed++;
      return [[name, `not measured: ${refused.get(absent) ?? "it took no part"}`, "", wanted, bar === null ? "" : "missed"]];
    }
    const [a, b] = [results.get(above), results.get(below)];
    const scale = perBlock ? b.blocks / a.blocks : 1;
    if (counted !== undefined) {
      const ratio = (scale * a.counts[counted]) / b.counts[counted];
      const word = verdict({ low: ratio, high: ratio, rounds: FEWEST_ROUNDS }, bar);
      if (word !== "met") missed++;
      return [[name, ratio.toFixed(4), "", wanted, word]];
    }
    const ratio = ratioInterval(
      a.medians.map((ms) => ms * scale),
      b.medians,
    );
    const word = bar === null ? "" : verdict(ratio, bar);
    if (bar !== null && !/\bmet\b/.test(word)) missed++;
    return [[name, digits(ratio.value), `${digits(ratio.low)} – ${digits(ratio.high)}`, wanted, word]];
  });
  return { rows, missed };
}

/** How a part was measured, in words: parts of one section may be of different runs. */
function terms(rounds, sampleMs, tune) {
  const tuned = tune ? `; the autotuner had ${TUNE_MS / 1000} s of timing a program before them` : "";
  return `${rounds} ${rounds === 1 ? "round" : "rounds"}, at least ${sampleMs} ms a sample${tuned}.`;
}

/** The groups of these names, all where there are none; ends the process where a name is no group's. */
export function wantedGroups(groups, names) {
  const unknown = names.filter((name) => groups.every((group) => group.name !== name));
  if (unknown.length > 0) {
    console.error(`There is no group \`${unknown.join(" ")}\`; there are: ${groups.map((group) => group.name).join(", ")}`);
    process.exit(2);
  }
  return groups.filter((group) => names.length === 0 || names.includes(group.name));
}

/** Plays all, prints, writes. Answers how many bars were missed (or not cleared by the whole interval). */
export async function reportGroups({ opened, groups, rounds, mark, title, write, head = [] }) {
  const words = [
    "Each round loads the page anew (fresh devices, pipelines, sessions and buffers), compares every output with the float64 reference, and samples the programs in an order of chance, after a run that is not timed, queue drained. Ratios are of the rounds' medians; a bar is met where the bootstrap's 95 % interval over the rounds clears it.",
    ...head,
  ].join("\n\n");
  let missed = 0;
  try {
    for (const group of groups) {
      const { sampleMs = MIN_SAMPLE_MS } = group;
      const played = await playRounds(opened, group.name, rounds, group.setting, { sampleMs });
      const { results, refused } = played;
      const contestants = [...results].map(([name, { medians, best, first, error, about, flops }]) => {
        const ms = median(medians);
        return [name, about, digits(ms), digits(best), digits(flops / ms / 1e6), `${Math.round(median(first))}`, error.toExponential(1)];
      });
      const ratios = judgeRatios(group, results, refused);
      missed += ratios.missed;
      const text = [
        `### ${group.title}`,
        `${circumstances(opened.driver ?? played.adapter, opened.version)}\n${terms(rounds, sampleMs, group.setting.tune)}`,
        table(
          ["program", "what ran", "median ms", "best ms", "GFLOP/s (dense)", "first run, ms", "largest error"],
          contestants,
          [2, 3, 4, 5, 6],
        ),
        table(["time ÷ time", "median of rounds", "95 % interval", "bar", ""], ratios.rows, [1, 2]),
        ...[...refused].map(([name, reason]) => `Without ${name}: ${reason.replace(/\.+$/, "")}.`),
        ...(group.notes ?? []),
      ].join("\n\n");
      console.log(`\n${text}\n`);
      if (write) writeSection(mark, title, words, [{ name: group.name, text }]);
    }
    if (!write) console.log(words);
  } finally {
    await opened.close();
  }
  return { missed };
}
