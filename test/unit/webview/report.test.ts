import { describe, expect, test } from "vitest";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { visibleRegion } from "../../../webview/mask/export.ts";
import { rowBars } from "../../../webview/mask/reportChart.tsx";
import { type Driver, type ReportState, type ReportWork, runReport } from "../../../webview/mask/reportRun.ts";
import { maskOf } from "../../support/maskText.ts";

/** Time that passes by `tick` at each look, and a queue that is worked off by hand. */
function handDriver(tick: number): Driver & { run(): number; readonly waiting: number } {
  let time = 0;
  let queue: (() => void)[] = [];
  return {
    now: () => (time += tick),
    later: (f) => {
      queue.push(f);
      return () => {
        queue = queue.filter((each) => each !== f);
      };
    },
    run: () => {
      let slices = 0;
      for (let f = queue.shift(); f !== undefined; f = queue.shift()) {
        f();
        slices++;
      }
      return slices;
    },
    get waiting() {
      return queue.length;
    },
  };
}

const body = maskOf("(q_idx * 7 + kv_idx * 5) % 3 == 0");
const work: ReportWork = {
  body,
  mask: buildBlockMask(body, { batch: 1, heads: 1, qLen: 4096, kvLen: 4096 }, [128, 128]),
  name: "mask",
  ranks: 4,
};

describe("the report is made", () => {
  test("a slice at a time, and told of now and then", () => {
    const driver = handDriver(100);
    const told: Partial<ReportState>[] = [];
    runReport(work, null, (change) => told.push(change), driver);
    expect(told).toEqual([]);
    expect(driver.run()).toBeGreaterThan(3);
    expect(told.length).toBeGreaterThan(2);
    expect(told[0]?.step?.stage).toBe("block sizes");
    expect(told.at(-1)?.report?.tally.sizes.map((s) => s.size)).toEqual([16, 32, 64, 128, 256]);
    expect(told.at(-1)?.step).toBeNull();
  });

  test("in one slice where that is quick enough", () => {
    const driver = handDriver(0);
    let done = false;
    runReport(
      work,
      null,
      (change) => {
        done ||= change.report !== undefined;
      },
      driver,
    );
    expect(driver.run()).toBe(1);
    expect(done).toBe(true);
  });

  test("until nobody wants it any more", () => {
    const driver = handDriver(100);
    const told: unknown[] = [];
    const stop = runReport(work, null, (change) => told.push(change), driver);
    stop();
    expect(driver.waiting).toBe(0);
    expect(told).toEqual([]);
  });

  test("and what breaks is said", () => {
    const driver = handDriver(0);
    const told: Partial<ReportState>[] = [];
    const broken = {
      ...work,
      mask: {
        ...work.mask,
        get qLen(): number {
          throw new Error("no memory left");
        },
      },
    };
    runReport(broken, null, (change) => told.push(change), driver);
    driver.run();
    expect(told).toEqual([{ step: null, fault: "no memory left" }]);
  });
});

test("many rows share bars as their mean, few have one each", () => {
  const full = Int32Array.from({ length: 100 }, (_, i) => i);
  const partial = new Int32Array(100).fill(1);
  expect(rowBars(full, partial, 10, 14)).toEqual([10, 11, 12, 13].map((n, i) => ({ first: i, end: i + 1, full: n, partial: 1 })));
  const bars = rowBars(full, partial, 0, 100);
  expect(bars.length).toBe(34);
  expect(bars[1]).toEqual({ first: 3, end: 6, full: 4, partial: 1 });
  expect(bars.at(-1)).toEqual({ first: 99, end: 100, full: 99, partial: 1 });
});

describe("the region in view", () => {
  const problem = { qLen: 100, kvLen: 200 } as Parameters<typeof visibleRegion>[2];
  test.each([
    ["all", { x: 0, y: 0, scaleX: 2, scaleY: 2 }, { q0: 0, q1: 100, k0: 0, k1: 200 }],
    ["cells cut by the edges", { x: 10.5, y: 3.25, scaleX: 10, scaleY: 20 }, { q0: 3, q1: 14, k0: 10, k1: 51 }],
    ["more than there is", { x: -50, y: 90, scaleX: 1, scaleY: 1 }, { q0: 90, q1: 100, k0: 0, k1: 200 }],
  ])("%s", (_, view, region) => expect(visibleRegion(view, { width: 400, height: 200 }, problem, 1, 2)).toEqual({ b: 1, h: 2, ...region }));
});
