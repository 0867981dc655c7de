import { describe, expect, it } from "vitest";
import { placeOn, type ScaleOptions, scaleFor, valueAt } from "../../../webview/chart/scale.ts";

const CASES: readonly (readonly [name: string, values: readonly number[], options: ScaleOptions, ticks: readonly number[]])[] = [
  ["sizes by doublings", [256, 512, 1024, 2048], { kind: "log2", most: 6 }, [256, 512, 1024, 2048]],
  ["many doublings by every other one", [16, 65_536], { kind: "log2", most: 7 }, [16, 64, 256, 1024, 4096, 16_384, 65_536]],
  ["sizes within one doubling by equal steps", [300, 500], { kind: "log2", most: 5 }, [300, 350, 400, 450, 500]],
  ["decades", [0.01, 900], { kind: "log10", most: 6 }, [0.01, 0.1, 1, 10, 100, 1000]],
  ["decades with their 2 and 5 where there is room", [1, 20], { kind: "log10", most: 6 }, [1, 2, 5, 10, 20]],
  ["decades with their 3 where there is less", [1, 100], { kind: "log10", most: 5 }, [1, 3, 10, 30, 100]],
  ["steps of 1, 2 and 5", [0, 87], { kind: "linear", most: 6 }, [0, 20, 40, 60, 80]],
  ["fractions without crumbs", [0, 0.31], { kind: "linear", most: 5 }, [0, 0.1, 0.2, 0.3]],
  ["a fixed beginning", [3, 8], { kind: "linear", most: 6, from: 0 }, [0, 2, 4, 6, 8]],
  ["one value", [5], { kind: "log10", most: 5 }, [5, 10]],
  ["values below zero", [-4, 4], { kind: "linear", most: 5 }, [-4, -2, 0, 2, 4]],
];

describe("ticks", () => {
  it.each(CASES)("show %s", (_, values, options, ticks) => {
    const scale = scaleFor(values, options);
    expect(scale.ticks.map((t) => Number(t.toPrecision(12)))).toEqual(ticks);
  });

  it("are never more than asked for, and never none, over seeded spans", () => {
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let i = 0; i < 2000; i++) {
      const low = 10 ** (8 * random() - 4);
      const high = low * 10 ** (6 * random() ** 3) + 1e-6;
      const most = 3 + Math.floor(6 * random());
      for (const kind of ["linear", "log2", "log10"] as const) {
        const scale = scaleFor([low, high], { kind, most, nice: random() < 0.5 });
        expect(scale.ticks.length, `${kind} ${low} ${high} ${most}`).toBeLessThanOrEqual(most);
        expect(scale.ticks.length, `${kind} ${low} ${high} ${most}`).toBeGreaterThanOrEqual(1);
        for (const tick of scale.ticks) {
          const place = placeOn(scale, tick);
          expect(place).toBeGreaterThan(-1e-6);
          expect(place).toBeLessThan(1 + 1e-6);
        }
      }
    }
  });
});

describe("a scale", () => {
  it.each(["linear", "log2", "log10"] as const)("places values and finds them again: %s", (kind) => {
    const scale = scaleFor([2, 700], { kind, most: 5 });
    for (const value of [2, 3, 88, 700]) expect(valueAt(scale, placeOn(scale, value))).toBeCloseTo(value, 9);
    expect(placeOn(scale, 2)).toBeGreaterThan(0);
    expect(placeOn(scale, 700)).toBeLessThan(1);
  });

  it("ends at ticks where it is to be nice", () => {
    expect(scaleFor([13, 370], { kind: "log10", most: 6, nice: true }).domain).toEqual([10, 500]);
    expect(scaleFor([13, 37], { kind: "linear", most: 6, nice: true }).domain).toEqual([10, 40]);
    expect(scaleFor([300, 900], { kind: "log2", most: 6, nice: true }).domain).toEqual([256, 1024]);
  });

  it("leaves out what a log axis cannot show, and has a domain for nothing at all", () => {
    expect(scaleFor([0, -1, Number.NaN, 10, 1000], { kind: "log10", most: 5, nice: true }).domain).toEqual([10, 1000]);
    for (const kind of ["linear", "log2", "log10"] as const) {
      const { domain } = scaleFor([], { kind, most: 5, nice: true });
      expect(domain[1]).toBeGreaterThan(domain[0]);
    }
  });
});
