/**
 * jax-js as a contestant: `nn.dotProductAttention`, jitted, which runs as a chain of generated kernels. It opens a device
 * of its own, and takes tensors as [B, length, heads, D].
 */
import type { Inputs } from "../../../kernels/flash/inputs.ts";
import type { Problem } from "../../../kernels/flash/problem.ts";
import type { Variant } from "../../../kernels/ir/mod.ts";
import type { Contestant } from "../stage.ts";
import { headsInside, headsOutside } from "./layouts.ts";

interface JaxArray {
  /** Another reference: functions use up the arrays that they are given. */
  readonly ref: JaxArray;
  readonly data: () => Promise<Float32Array<ArrayBuffer>>;
  readonly blockUntilReady: () => Promise<JaxArray>;
  readonly dispose: () => void;
}
type Attention = (q: JaxArray, k: JaxArray, v: JaxArray) => JaxArray;
interface Jax {
  readonly init: (device: "webgpu") => Promise<unknown>;
  readonly defaultDevice: (device: "webgpu") => unknown;
  readonly getWebGPUDevice: () => GPUDevice;
  readonly jit: (f: Attention) => Attention;
  readonly nn: { readonly dotProductAttention: (q: JaxArray, k: JaxArray, v: JaxArray, options: JaxOptions) => JaxArray };
  readonly numpy: { readonly array: (data: Float32Array, options: { shape: readonly number[] }) => JaxArray };
}

/** What `dotProductAttention` has words for; `localWindowSize` counts the keys before and after. */
export interface JaxOptions {
  readonly isCausal?: boolean;
  readonly localWindowSize?: readonly [before: number, after: number];
}

/** `options` must say what `variant` says; the comparison with the reference would tell. */
export function dotProductAttention(variant: Variant, p: Problem, options: JaxOptions): Contestant {
  const make = async (inputs: Inputs<Float32Array<ArrayBuffer>>) => {
    const address = "/jax.js";
    const jax: Jax = await import(address);
    await jax.init("webgpu");
    jax.defaultDevice("webgpu");
    const array = (x: Float32Array<ArrayBuffer>, heads: number, length: number, d: number): JaxArray =>
      jax.numpy.array(headsInside(x, p.batch, heads, length, d), { shape: [p.batch, length, heads, d] });
    const q = array(inputs.q, p.qHeads, p.qLen, p.qkHeadDim);
    const k = array(inputs.k, p.kvHeads, p.kvLen, p.qkHeadDim);
    const v = array(inputs.v, p.kvHeads, p.kvLen, p.vHeadDim);
    const attention = jax.jit((a, b, c) => jax.nn.dotProductAttention(a, b, c, options));
    let last: JaxArray | null = null;
    return {
      run: async (repeats: number) => {
        for (let i = 0; i < repeats; i++) {
          last?.dispose();
          last = attention(q.ref, k.ref, v.ref);
        }
        await last?.blockUntilReady();
        await jax.getWebGPUDevice().queue.onSubmittedWorkDone();
      },
      output: async () => {
        if (last === null) throw new Error("it was not run");
        return headsOutside(await last.ref.data(), p.batch, p.qHeads, p.qLen, p.vHeadDim);
      },
      about: `nn.dotProductAttention, jit${Object.keys(options).length === 0 ? "" : `, ${Object.keys(options).join(", ")}`}`,
    };
  };
  return { variant, problem: p, make };
}
