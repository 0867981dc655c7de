/**
 * GPU buffers of a plan: made with their sizes checked and inside an out-of-memory scope, filled, read back, and
 * destroyed together. Inputs may come from a set that several plans share.
 */
import type { PlanBuffer } from "../flash/plan.ts";
import { GpuError, orLost, scoped } from "./gpuError.ts";

// GPUBufferUsage and GPUMapMode are globals of a page; Dawn in Node has none.
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const MAP_MODE_READ = 0x1;

/** Buffers by name, with their owner's key to destroy them. */
export interface BufferSet {
  readonly get: (name: string) => GPUBuffer;
  /** Destroys the buffers this set made, not those it shares. */
  readonly destroy: () => void;
}

/**
 * Makes every buffer but those in `shared` (name → buffer), and uploads what the plan brings along. `what` names their
 * user in errors.
 * @throws GpuError "out of memory"; nothing stays allocated then.
 */
export async function makeBuffers(
  device: GPUDevice,
  what: string,
  buffers: readonly PlanBuffer[],
  shared: ReadonlyMap<string, GPUBuffer> = new Map(),
): Promise<BufferSet> {
  const made = new Map<string, GPUBuffer>();
  const destroy = (): void => {
    for (const buffer of made.values()) buffer.destroy();
    made.clear();
  };
  try {
    await scoped(device, `the buffers of ${what}`, () => {
      for (const buffer of buffers) if (!shared.has(buffer.name)) made.set(buffer.name, create(device, buffer));
    });
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    get: (name) => {
      const buffer = shared.get(name) ?? made.get(name);
      if (buffer === undefined) throw new Error(`there is no buffer \`${name}\``);
      return buffer;
    },
    destroy,
  };
}

/** A buffer of the plan's size, filled with its data where it has any. */
function create(device: GPUDevice, buffer: PlanBuffer): GPUBuffer {
  const most = device.limits.maxBufferSize;
  if (buffer.byteLength > most) {
    throw new GpuError("out of memory", `\`${buffer.name}\` needs ${buffer.byteLength} bytes; the device allows ${most} a buffer.`);
  }
  const made = device.createBuffer({
    label: buffer.name,
    size: Math.max(16, 4 * Math.ceil(buffer.byteLength / 4)),
    usage: (buffer.usage === "uniform" ? UNIFORM : STORAGE) | COPY_SRC | COPY_DST,
  });
  if (buffer.data !== null) device.queue.writeBuffer(made, 0, buffer.data);
  return made;
}

/** Uploads `data`, f32 or the bits of f16, into the front of `buffer`. */
export function writeFloats(device: GPUDevice, buffer: GPUBuffer, data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): void {
  device.queue.writeBuffer(buffer, 0, data);
}

/** Copies the first `count` floats of `buffer` back. */
export async function readFloats(device: GPUDevice, buffer: GPUBuffer, count: number): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await readBytes(device, buffer, 4 * count);
  return new Float32Array(bytes);
}

/** Copies the first `byteLength` bytes of `buffer` back; a multiple of four. */
export async function readBytes(device: GPUDevice, buffer: GPUBuffer, byteLength: number): Promise<ArrayBuffer> {
  const staging = await scoped(device, "the read-back buffer", () =>
    device.createBuffer({ size: Math.max(4, byteLength), usage: MAP_READ | COPY_DST }),
  );
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, byteLength);
    device.queue.submit([encoder.finish()]);
    await orLost(staging.mapAsync(MAP_MODE_READ));
    return staging.getMappedRange().slice(0, byteLength);
  } finally {
    staging.destroy();
  }
}
