import { describe, expect, test } from "vitest";
import { presetEntry, readPresets, withEntry } from "../../../extension/presets.ts";
import type { Preset } from "../../../webview/protocol.ts";

const MINE: Preset = { name: "long", problem: { batch: 2, qHeads: 16, kvHeads: 4, qLen: 32768, kvLen: 32768, qkHeadDim: 128, scale: 0.1 } };
const ENTRY = { name: "long", B: 2, H: 16, HKV: 4, Q_LEN: 32768, KV_LEN: 32768, D: 128, SCALE: 0.1 };

describe("the setting of presets", () => {
  test("is read as it is written", () => {
    expect(presetEntry(MINE)).toEqual(ENTRY);
    expect(readPresets([ENTRY])).toEqual({ presets: [MINE], faults: [] });
    expect(readPresets([])).toEqual({ presets: [], faults: [] });
  });

  test.each<[string, unknown, string]>([
    ["no object", 3, "it is no object with a name and sizes"],
    ["no name", { B: 1 }, "it has no `name`"],
    ["a size that is none", { name: "a", Q_LEN: 1.5 }, "`Q_LEN` is 1.5; it must be a whole number from 1"],
    ["a size in words", { name: "a", D: "64" }, '`D` is "64"; it must be a whole number from 1'],
    ["a scale that is none", { name: "a", SCALE: "half" }, '`SCALE` is "half"; it must be a number'],
    ["a name that nobody knows", { name: "a", constructor: 1 }, "nobody knows `constructor`; there are B, H, HKV"],
    ["heads that do not share", { name: "a", H: 8, HKV: 3 }, "8 query heads (`H`) cannot share 3 key heads (`HKV`)"],
  ])("says what is wrong with %s, and keeps the others", (_, entry, words) => {
    const { presets, faults } = readPresets([entry, ENTRY]);
    expect(presets).toEqual([MINE]);
    expect(faults).toEqual([expect.stringContaining(`entry 1: ${words}`)]);
  });

  test("that is no list has a fault", () => {
    expect(readPresets("all")).toMatchObject({ presets: [], faults: [expect.stringContaining("is no list")] });
  });

  test("takes a preset in the place of one of its name, and leaves what it cannot read", () => {
    expect(withEntry(undefined, MINE)).toEqual([ENTRY]);
    expect(withEntry([{ name: "long", B: 1 }, 3], MINE)).toEqual([ENTRY, 3]);
    expect(withEntry([{ name: "other" }], MINE)).toEqual([{ name: "other" }, ENTRY]);
  });
});
