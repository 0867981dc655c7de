/** TensorFlow.js' WebGPU backend as a contestant: matMul, softmax, matMul, a mask as an additive bias. */
import type { Inputs } from "../../../kernels/flash/inputs.ts";
import type { Problem } from "../../../kernels/flash/problem.ts";
import type { Variant } from "../../../kernels/ir/mod.ts";
import { openDevice } from "../../../kernels/runtime/device.ts";
import type { Contestant } from "../stage.ts";
import { additiveBias } from "./layouts.ts";

interface Tensor {
  readonly data: () => Promise<Float32Array<ArrayBuffer>>;
  readonly dispose: () => void;
}
interface Backend {
  readonly endComputePassEncoder: () => void;
  readonly submitQueue: () => void;
  readonly commandEncoder: GPUCommandEncoder | null;
}
interface TensorFlow {
  readonly WebGPUBackend: new (device: GPUDevice, info: GPUAdapterInfo) => Backend;
  readonly removeBackend: (name: string) => void;
  readonly registerBackend: (name: string, make: () => Backend) => boolean;
  readonly setBackend: (name: string) => Promise<boolean>;
  readonly ready: () => Promise<void>;
  readonly tidy: (f: () => Tensor) => Tensor;
  readonly tensor: (data: Float32Array, shape: readonly number[]) => Tensor;
  readonly scalar: (x: number) => Tensor;
  readonly matMul: (a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean) => Tensor;
  readonly mul: (a: Tensor, b: Tensor) => Tensor;
  readonly add: (a: Tensor, b: Tensor) => Tensor;
  readonly softmax: (a: Tensor) => Tensor;
}

/** The backend on a device of its own, one a page. */
let opened: Promise<{ tf: TensorFlow; backend: Backend; device: GPUDevice }> | null = null;

async function open(): Promise<{ tf: TensorFlow; backend: Backend; device: GPUDevice }> {
  const address = "/tf.js";
  const tf: TensorFlow = await import(address);
  const { device } = await openDevice(navigator.gpu);
  const backend = new tf.WebGPUBackend(device, device.adapterInfo);
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend);
  await tf.setBackend("webgpu");
  await tf.ready();
  return { tf, backend, device };
}

/** Every query head needs a key head of its own. */
export function tensorFlow(variant: Variant, p: Problem, most?: number): Contestant {
  const make = async ({ q, k, v }: Inputs<Float32Array<ArrayBuffer>>) => {
    opened ??= open();
    const { tf, backend, device } = await opened;
    const tensor = (x: Float32Array<ArrayBuffer>, heads: number, length: number, d: number): Tensor =>
      tf.tensor(x, [p.batch * heads, length, d]);
    const qs = tensor(q, p.qHeads, p.qLen, p.qkHeadDim);
    const ks = tensor(k, p.kvHeads, p.kvLen, p.qkHeadDim);
    const vs = tensor(v, p.kvHeads, p.kvLen, p.vHeadDim);
    const scale = tf.scalar(p.scale);
    const bias = variant.maskMod === null ? null : tf.tensor(additiveBias(variant, p), [p.qLen, p.kvLen]);
    const attention = (): Tensor =>
      tf.tidy(() => {
        const scores = tf.mul(tf.matMul(qs, ks, false, true), scale);
        return tf.matMul(tf.softmax(bias === null ? scores : tf.add(scores, bias)), vs);
      });
    let last: Tensor | null = null;
    return {
      run: async (repeats: number) => {
        for (let i = 0; i < repeats; i++) {
          last?.dispose();
          last = attention();
        }
        // It gathers commands: the pass has to be ended before what is gathered is submitted.
        if (backend.commandEncoder) {
          backend.endComputePassEncoder();
          backend.submitQueue();
        }
        await device.queue.onSubmittedWorkDone();
      },
      output: async () => {
        if (last === null) throw new Error("it was not run");
        return await last.data();
      },
      about: `matMul, softmax, matMul${bias === null ? "" : ", bias"}`,
    };
  };
  return { variant, problem: p, make, ...(most === undefined ? {} : { most }) };
}
