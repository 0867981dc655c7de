// Rounds of contestants, as all benchmarks of kernels play them. A round is a page loaded anew: devices, pipelines,
// sessions and buffers are fresh, since one set of them can be 20 % off whatever is sampled. Within a round every
// contestant is made, run once, compared with the reference, and then sampled in turn with the others, in an order of
// chance, each sample after a run that is not timed. A contestant's figure of a round is the median of its samples; ratios are taken round by round.
import { median } from "./figures.mjs";

/**
 * Milliseconds that a sample lasts at least: runs are repeated up to it. Handing a submission to the browser's GPU process
 * and hearing that the queue is drained takes milliseconds of its own, the same for what is quick and for what is slow.
 */
export const MIN_SAMPLE_MS = 250;
/** As long as a run of dense attention: for groups that hold what is quick against what is slow, block by block. */
export const LONG_SAMPLE_MS = 800;
/** Milliseconds of timing that the autotuner has for each contestant, once before the rounds: as `flexlens tune --budget 120`. */
export const TUNE_MS = 120_000;
/** Samples of a round at most, and the milliseconds after which a slow contestant gets no further one. */
const SAMPLES = 9;
const ENOUGH_MS = 6000;

/** The contestants in an order of chance, so that none always follows the same other. */
function shuffled(contestants) {
  const order = [...contestants];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** What the contestants of a group that can be tuned take in all rounds. */
async function tuned(opened, group, setting, say) {
  await opened.reopen();
  await opened.page.evaluate(([g, s]) => window.bench.open(g, s), [group, setting]);
  const found = await opened.page.evaluate((ms) => window.bench.tune(ms), TUNE_MS);
  await opened.page.evaluate(() => window.bench.close());
  for (const [name, winner] of Object.entries(found)) say(`${group}, tuned: ${name} takes ${winner?.tile ?? "what it has"}`);
  return found;
}

/**
 * Plays `rounds` rounds of the group `group` of the page. Answers adapter and, by name, the medians (one a round), first
 * runs, largest errors and what the page says of each; `refused` holds the reason for each that could not be made or is
 * wrong. A contestant with `rounds` of its own (slow ones, for context) leaves after so many.
 */
export async function playRounds(opened, group, rounds, given, { sampleMs, say = console.log }) {
  const { page } = opened;
  const setting = { ...given, tuned: given.tune ? await tuned(opened, group, given, say) : {} };
  const results = new Map();
  const refused = new Map();
  let adapter = "";
  for (let round = 0; round < rounds; round++) {
    await opened.reopen();
    adapter = await page.evaluate(([g, s]) => window.bench.open(g, s), [group, setting]);
    const all = await page.evaluate(() => window.bench.contestants());
    const playing = [];
    for (const { name, most } of all) {
      if (refused.has(name) || (most !== null && round >= most)) continue;
      try {
        const made = await page.evaluate((n) => window.bench.make(n), name);
        const error = await page.evaluate((n) => window.bench.check(n), name);
        const once = await page.evaluate((n) => window.bench.time(n, 1), name);
        if (!results.has(name)) results.set(name, { medians: [], best: Number.POSITIVE_INFINITY, first: [], error: 0 });
        const result = results.get(name);
        Object.assign(result, {
          about: made.about,
          flops: made.flops,
          blocks: made.blocks,
          counts: made.counts,
          error: Math.max(result.error, error),
        });
        result.first.push(made.firstMs);
        // What is slow enough has its one sample already: the run after the first.
        const samples = once >= ENOUGH_MS ? [once] : [];
        playing.push({ name, once, samples, repeats: Math.max(1, Math.ceil(sampleMs / once)) });
      } catch (error) {
        const reason = String(error instanceof Error ? error.message : error)
          .replace(/^page\.evaluate: /, "")
          .split("\n")[0];
        refused.set(name, reason);
        results.delete(name);
        say(`${name}: ${reason}`);
      }
    }
    const wanted = (each) => (each.once >= ENOUGH_MS ? 0 : Math.min(SAMPLES, Math.ceil(ENOUGH_MS / each.once)));
    for (let sample = 0; sample < SAMPLES; sample++) {
      const turn = playing.filter((each) => sample < wanted(each));
      for (const each of shuffled(turn)) {
        // What ran before leaves caches and threads of its own: one run of the contestant's goes ahead of its time.
        if (each.once < ENOUGH_MS / SAMPLES) await page.evaluate((n) => window.bench.time(n, 1), each.name);
        each.samples.push(await page.evaluate(([n, r]) => window.bench.time(n, r), [each.name, each.repeats]));
      }
    }
    for (const { name, samples } of playing) {
      const result = results.get(name);
      result.medians.push(median(samples));
      result.best = Math.min(result.best, ...samples);
    }
    await page.evaluate(() => window.bench.close());
    say(
      `${group}, round ${round + 1} of ${rounds}: ${playing.map(({ name, samples }) => `${name} ${median(samples).toPrecision(3)}`).join(", ")} ms`,
    );
  }
  return { adapter, results, refused };
}
