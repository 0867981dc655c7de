/**
 * Seeded q, k and v for benchmarks and tests: uniform in [-1.5, 1.5) (q, k) and [-1, 1) (v), the same on every machine,
 * from the hash that the PyTorch fixtures use (test/oracle/golden/README.md), so that both sides can make the same.
 */
import { roundF16 } from "../ir/number.ts";
import type { Problem } from "./problem.ts";

/** Tensors of a forward pass, row-major: q [B, HQ, Q_LEN, D], k [B, HKV, KV_LEN, D], v [B, HKV, KV_LEN, DV]. */
export interface Inputs<T extends Float32Array | Float64Array = Float32Array> {
  readonly q: T;
  readonly k: T;
  readonly v: T;
}

/** A 32-bit mix of `i` under `seed` (the finaliser of MurmurHash3), unsigned. */
export function hashU32(i: number, seed: number): number {
  let x = (Math.imul(i + 1, 0x9e3779b1) + Math.imul(seed, 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Element i of the sequence `seed`: a multiple of 2^-23 in [-1, 1), exact in f32. */
export function uniform(i: number, seed: number): number {
  return ((hashU32(i, seed) >>> 8) - 2 ** 23) / 2 ** 23;
}

/** The seeds of the fixtures. */
export const SEEDS = { q: 101, k: 102, v: 103 } as const;

/** Inputs of `p` as f32; rounded to f16 where the problem stores that. */
export function seededInputs(p: Problem): Inputs<Float32Array<ArrayBuffer>> {
  const inputs = seeded(p, (n) => new Float32Array(n));
  if (p.storage === "f16") for (const x of Object.values(inputs)) for (let i = 0; i < x.length; i++) x[i] = roundF16(x[i] ?? 0);
  return inputs;
}

/** Inputs of `p` as float64: what the fixtures were made from, to the bit. */
export function seededInputs64(p: Problem): Inputs<Float64Array<ArrayBuffer>> {
  return seeded(p, (n) => new Float64Array(n));
}

function seeded<T extends Float32Array | Float64Array>(p: Problem, make: (n: number) => T): Inputs<T> {
  const fill = (n: number, seed: number, scale: number): T => {
    const x = make(n);
    for (let i = 0; i < n; i++) x[i] = uniform(i, seed) * scale;
    return x;
  };
  return {
    q: fill(p.batch * p.qHeads * p.qLen * p.qkHeadDim, SEEDS.q, 1.5),
    k: fill(p.batch * p.kvHeads * p.kvLen * p.qkHeadDim, SEEDS.k, 1.5),
    v: fill(p.batch * p.kvHeads * p.kvLen * p.vHeadDim, SEEDS.v, 1),
  };
}
