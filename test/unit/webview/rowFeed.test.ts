import { describe, expect, it } from "vitest";
import type { Probabilities } from "../../../kernels/flash/probability.ts";
import type { PictureView } from "../../../kernels/mask/layer.ts";
import { createRowFeed, type RowFeed } from "../../../webview/mask/rowFeed.ts";

const view = (q0: number, scale = 1): PictureView => ({ b: 0, h: 0, q0, k0: 0, scale });

/** Rows of 64 keys that take `steps` steps of a millisecond each. */
function fake(steps: number, rowKeys = 64): { feed: RowFeed; started: number[]; pictures: () => number; turn: () => boolean } {
  let clock = 1000;
  let pictures = 0;
  let next: (() => void) | null = null;
  const started: number[] = [];
  const probabilities: Probabilities = {
    start({ q }) {
      started.push(q);
      let left = steps;
      return {
        left,
        advance() {
          clock++;
          left--;
          const logs = new Float64Array(rowKeys).fill(-Math.log(rowKeys));
          return left > 0 ? null : { q, allowed: rowKeys, lse: 1, entropy: Math.log(rowKeys), top: [], runs: [{ first: 0, logs }] };
        },
      };
    },
  };
  const feed = createRowFeed({
    probabilities,
    plane: { b: 0, h: 0 },
    qLen: 1000,
    kvLen: 2 ** 24,
    onRows: () => pictures++,
    now: () => clock,
    later: (then) => {
      next = then;
      return () => {
        next = null;
      };
    },
  });
  return {
    feed,
    started,
    pictures: () => pictures,
    turn: () => {
      const go = next;
      next = null;
      go?.();
      return go !== null;
    },
  };
}

describe("rows of probabilities in idle time", () => {
  it("begin with the row under the cursor, work a few milliseconds at a time, and end", () => {
    const { feed, started, turn, pictures } = fake(2);
    feed.want({ view: view(0), height: 16, cursor: 500 });
    expect(started.slice(0, 3)).toEqual([500, 0, 8]);
    expect(started.length).toBeLessThan(6);
    expect(feed.figures(500)?.allowed).toBe(64);
    expect(feed.probability(500, 3)).toBeCloseTo(1 / 64);
    expect(feed.probability(500, 70)).toBe(0);
    expect(feed.probability(499, 3)).toBeNull();
    let turns = 0;
    while (turn()) turns++;
    expect(turns).toBeGreaterThan(2);
    expect(feed.progress()).toEqual({ done: 16, wanted: 16, isFull: false });
    expect(started).toHaveLength(17);
    expect(pictures()).toBeGreaterThan(0);
    expect(turn()).toBe(false);
  });

  it("follow the view, and do no row twice", () => {
    const { feed, started, turn } = fake(1);
    feed.want({ view: view(0), height: 8, cursor: null });
    while (turn());
    feed.want({ view: view(4), height: 8, cursor: null });
    while (turn());
    expect(new Set(started).size).toBe(started.length);
    expect([...started].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(feed.progress()).toMatchObject({ done: 8, wanted: 8 });
  });

  it("leave a row that is begun for the cursor's, however long it is", () => {
    const { feed, started, turn } = fake(50);
    feed.want({ view: view(0), height: 4, cursor: null });
    feed.want({ view: view(0), height: 4, cursor: 2 });
    expect(started).toEqual([0, 2]);
    while (turn());
    expect(feed.progress()).toMatchObject({ done: 4, wanted: 4 });
  });

  it("stop when they are no longer wanted, and when no more can be kept", () => {
    const stopped = fake(5);
    stopped.feed.want({ view: view(0), height: 64, cursor: null });
    stopped.feed.stop();
    expect(stopped.turn()).toBe(false);
    const full = fake(1, 2 ** 23);
    full.feed.want({ view: view(0), height: 64, cursor: null });
    for (let i = 0; i < 100 && full.turn(); i++);
    expect(full.feed.progress()).toMatchObject({ isFull: true, wanted: 64, done: 4 });
    // What is not seen makes room.
    full.feed.want({ view: view(100), height: 2, cursor: null });
    while (full.turn());
    expect(full.feed.progress()).toEqual({ done: 2, wanted: 2, isFull: false });
  });
});
