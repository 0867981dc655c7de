import { describe, expect, test } from "vitest";
import { readAt } from "../../../extension/pace.ts";

/** When the text is read, if it is edited at these times and reading takes `usualMs`: played through on a clock of its own. */
function readings(edits: readonly number[], delay: number, usualMs: number): number[] {
  const read: number[] = [];
  let dueAt: number | null = null;
  let lastReadAt: number | null = null;
  for (const now of [...edits, Number.POSITIVE_INFINITY]) {
    if (dueAt !== null && dueAt <= now) {
      read.push(dueAt);
      lastReadAt = dueAt + usualMs;
      dueAt = null;
    }
    if (now < Number.POSITIVE_INFINITY) dueAt = readAt({ delay, usualMs, lastReadAt, dueAt, now });
  }
  return read;
}

const every = (ms: number, count: number): number[] => Array.from({ length: count }, (_, i) => 1000 + i * ms);

describe("an edited text is read", () => {
  test("at once after a rest", () => {
    expect(readings([1000], 30, 2)).toEqual([1000]);
    expect(readings([1000, 1500], 30, 2)).toEqual([1000, 1500]);
  });

  test("no more often than the setting says while edits follow each other, and after the last of them", () => {
    const edits = every(5, 40);
    const read = readings(edits, 30, 2);
    expect(read[0]).toBe(1000);
    const gaps = read.slice(1).map((at, i) => at - (read[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(37);
    expect(read.at(-1)).toBeGreaterThanOrEqual(edits.at(-1) ?? 0);
  });

  test("with every key where keys come slower than that", () => {
    const edits = every(120, 10);
    expect(readings(edits, 30, 4)).toEqual(edits);
  });

  test("at once each time where the setting is 0", () => {
    expect(readings([1000, 1001, 1002], 0, 0)).toEqual([1000, 1001, 1002]);
  });

  test("after a quiet where reading takes long, once for all edits", () => {
    const edits = every(100, 20);
    const last = edits.at(-1) ?? 0;
    expect(readings(edits, 30, 100)).toEqual([last + 300]);
    expect(readings(edits, 500, 20)).toEqual([last + 500]);
  });
});
