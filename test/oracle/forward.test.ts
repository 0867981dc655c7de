/**
 * Every kernel on the GPU against PyTorch's own float64 output and lse, for all fixtures. Tiles are small here, since
 * compiling is what takes time; test/gpu/forward.test.ts runs the default ones.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { LONGEST_QUERY, planDecode } from "../../kernels/flash/forward/decode.ts";
import { planQuad } from "../../kernels/flash/forward/quad.ts";
import { planRow } from "../../kernels/flash/forward/row.ts";
import { planTile } from "../../kernels/flash/forward/tile.ts";
import type { TileShape } from "../../kernels/flash/forward/tileShapes.ts";
import { planMaterialized } from "../../kernels/flash/materialized.ts";
import { allRows } from "../../kernels/flash/reference.ts";
import { type DeviceHandle, handleOf } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { decodeTensor, type FlexCase, fixtureNames, loadFixture } from "../support/fixtures.ts";
import { lowerFlexCase, padFlexCase } from "../support/flexCase.ts";
import { useGpu } from "../support/gpu.ts";

const WIDTH = 8;
/** The tile kernel takes one fixture in five, of every kind, for time: what differs between fixtures is the mods alone. */
const TILE_EVERY = 5;
const TILE: TileShape = { rows: 4, keys: 4, threadsX: 2, threadsY: 4, parts: 2, keepQ: false };
const gpu = useGpu();
let handle: DeviceHandle | null = null;
beforeAll(() => {
  handle = handleOf(gpu().device);
});
afterAll(() => {
  handle = null;
});

async function checkFixture(name: string): Promise<void> {
  const withTile = fixtureNames().indexOf(name) % TILE_EVERY === 0;
  for (const [size, flex] of Object.entries(loadFixture(name).flex_cases)) await checkCase(size, flex, withTile);
}

async function checkCase(size: string, flex: FlexCase, withTile: boolean): Promise<void> {
  if (handle === null) throw new Error("the device is open within tests only");
  const variant = lowerFlexCase(flex, "f32");
  const { problem, inputs, headDim } = padFlexCase(flex.cfg, WIDTH);
  const own = { ...problem, qkHeadDim: headDim, vHeadDim: headDim };
  const want = {
    rows: allRows(own),
    allRows: true,
    out: Float64Array.from(decodeTensor(flex.out).data),
    lse: Float64Array.from(decodeTensor(flex.lse).data),
  };
  const { limits } = handle;
  // The decode kernel as a GPU gets it, in several splits: it takes the fixtures with few queries.
  const split = planDecode(variant, problem, { ...limits, software: false }, { splits: 3, keys: 16 });
  const plans = [
    ...(problem.qLen <= LONGEST_QUERY ? [split] : []),
    planQuad(variant, problem, limits, undefined, { rows: 4, workgroupSize: 16 }),
    planRow(variant, problem, limits, undefined, { rows: 1, keys: 2, workgroupSize: 16 }),
    ...(withTile ? [planTile(variant, problem, limits, undefined, TILE)] : []),
    planMaterialized(variant, problem, limits, { rows: 2, keys: 4, columns: 1, softmaxThreads: 4 }),
  ];
  for (const planned of plans) {
    if (planned.kind === "refused") throw new Error(`${planned.refusal.engine}: ${planned.refusal.reason}`);
    const { out, lse } = await runPlan(handle, planned.plan, inputs);
    const narrow = out.filter((_, i) => i % WIDTH < headDim);
    expect(checkForward({ out: narrow, lse }, want, own), `${planned.plan.engine} on ${size}`).toMatchObject({
      passed: true,
      firstBad: null,
    });
  }
}

describe("out and lse of every engine lie within 1e-5 · (|b| + rms(b)) of PyTorch's", () => {
  it.each(fixtureNames())("%s", checkFixture, 120_000);
});
