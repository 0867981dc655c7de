/**
 * How long a run takes: by the GPU's own timestamps where there are any, else by the wall clock around submission and
 * drained queue. Browsers round timestamps (to 65,536 or 100,000 ns); the step is measured, and samples are made long
 * enough (by repeats within one submission) for it not to show.
 */
import type { DeviceHandle } from "./device.ts";
import { execute, type Runnable } from "./execute.ts";
import { orLost, scoped } from "./gpuError.ts";

export interface Sample {
  /** Submission to drained queue, divided by the repeats. */
  readonly wallMs: number;
  /** By timestamps, divided by the repeats; null without them, or where they make no sense. */
  readonly gpuMs: number | null;
}

export interface Clock {
  /** What timestamps are rounded to; null: there are none. */
  readonly stepMs: number | null;
  /** The step of the wall clock: 0.005 ms in an isolated page, 0.1 in another. */
  readonly wallStepMs: number;
  /** One sample over `repeats` runs. */
  readonly sample: (prepared: Runnable, repeats: number, signal?: AbortSignal) => Promise<Sample>;
  readonly destroy: () => void;
}

const QUERY_RESOLVE = 0x200;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const MAP_READ = 0x1;
const PROBES = 16;

/** A clock for the device; measures the step of its timestamps first. */
export async function openClock(gpu: DeviceHandle): Promise<Clock> {
  if (!gpu.device.features.has("timestamp-query")) return wallClock(gpu);
  const { device } = gpu;
  const { querySet, resolved, staging } = await scoped(device, "the timestamp queries", () => ({
    querySet: device.createQuerySet({ type: "timestamp", count: PROBES }),
    resolved: device.createBuffer({ size: 8 * PROBES, usage: QUERY_RESOLVE | COPY_SRC }),
    staging: device.createBuffer({ size: 8 * PROBES, usage: MAP_READ | COPY_DST }),
  }));

  const read = async (count: number): Promise<bigint[]> => {
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * count);
    device.queue.submit([encoder.finish()]);
    await orLost(staging.mapAsync(MAP_READ, 0, 8 * count));
    const stamps = [...new BigUint64Array(staging.getMappedRange(0, 8 * count).slice(0))];
    staging.unmap();
    return stamps;
  };

  const probe = device.createCommandEncoder();
  for (let i = 0; i < PROBES; i++) {
    probe.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex: i } }).end();
  }
  device.queue.submit([probe.finish()]);
  const stepMs = stepOf(await read(PROBES));

  return {
    stepMs,
    wallStepMs: wallStep(now),
    async sample(prepared, repeats, signal) {
      const from = performance.now();
      await execute(gpu, prepared, { repeats, stamps: { querySet, first: 0, last: 1 }, ...(signal ? { signal } : {}) });
      const wallMs = (performance.now() - from) / repeats;
      const [begin = 0n, end = 0n] = await read(2);
      return { wallMs, gpuMs: end > begin ? Number(end - begin) / 1e6 / repeats : null };
    },
    destroy: () => {
      querySet.destroy();
      resolved.destroy();
      staging.destroy();
    },
  };
}

function wallClock(gpu: DeviceHandle): Clock {
  return {
    stepMs: null,
    wallStepMs: wallStep(now),
    async sample(prepared, repeats, signal) {
      const from = performance.now();
      await execute(gpu, prepared, { repeats, ...(signal ? { signal } : {}) });
      return { wallMs: (performance.now() - from) / repeats, gpuMs: null };
    },
    destroy: () => {},
  };
}

const now = (): number => performance.now();

/** Changes of the wall clock that are looked at: under two milliseconds where it is coarsest. */
const WALL_CHANGES = 16;

/** Step, in ms, of a clock that stands still for a million readings: the coarsest that a browser has (100 ms). */
const STILL_MS = 100;

/** The smallest change, in ms, that `now` shows. */
export function wallStep(now: () => number): number {
  let step = STILL_MS;
  let last = now();
  for (let changes = 0, readings = 0; changes < WALL_CHANGES && readings < 1_000_000; readings++) {
    const time = now();
    if (time === last) continue;
    step = Math.min(step, Math.abs(time - last));
    last = time;
    changes++;
  }
  return step;
}

/** The largest step, in ms, that all stamps (nanoseconds) are multiples of; never above the 100 µs that browsers use. */
export function stepOf(stamps: readonly bigint[]): number {
  let step = 0n;
  for (let x of stamps) while (x !== 0n) [step, x] = [x, step % x];
  return Math.min(0.1, Number(step) / 1e6);
}
