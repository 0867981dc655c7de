/**
 * Textbook attention, one thread per output, three kernels: what the bars are measured against. Taken over unchanged
 * from the prototype that the project started with (S × S, D = 64, scale 1/8, no mask), so that figures stay
 * comparable over time. Do not improve it.
 */
import { dataBuffer, type KernelPlan, type Plan, packParams, tensorBuffers } from "../../kernels/flash/plan.ts";
import type { Problem } from "../../kernels/flash/problem.ts";

const HEAD = `struct Par { S:u32, scale:f32, maxb:u32, pad:u32 }; fn msk(q:u32,k:u32)->bool { return true; }`;

export const NAIVE_KERNELS: readonly [string, string, string] = [
  `${HEAD} @group(0) @binding(0) var<storage,read> Q:array<vec4f>; @group(0) @binding(1) var<storage,read> K:array<vec4f>; @group(0) @binding(2) var<storage,read_write> Sc:array<f32>; @group(0) @binding(3) var<uniform> P:Par;
 @compute @workgroup_size(8,8) fn main(@builtin(global_invocation_id) g:vec3u){ let q=g.y; let k=g.x; let qb=(g.z*P.S+q)*16u; let kb=(g.z*P.S+k)*16u; var s=0f; for(var d=0u;d<16u;d++){ s+=dot(Q[qb+d],K[kb+d]); } Sc[(g.z*P.S+q)*P.S+k]=s*P.scale; }`,
  `${HEAD} @group(0) @binding(0) var<storage,read_write> Sc:array<f32>; @group(0) @binding(1) var<uniform> P:Par; var<workgroup> red:array<f32,64>;
 @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) l:u32,@builtin(workgroup_id) w:vec3u){ let base=(w.y*P.S+w.x)*P.S; var m=-1e30f; for(var k=l;k<P.S;k+=64u){ m=max(m,Sc[base+k]); } red[l]=m; workgroupBarrier(); for(var s=32u;s>0u;s>>=1u){ if(l<s){ red[l]=max(red[l],red[l+s]); } workgroupBarrier(); } m=red[0]; workgroupBarrier();
  var t=0f; for(var k=l;k<P.S;k+=64u){ let e=exp(Sc[base+k]-m); Sc[base+k]=e; t+=e; } red[l]=t; workgroupBarrier(); for(var s=32u;s>0u;s>>=1u){ if(l<s){ red[l]+=red[l+s]; } workgroupBarrier(); } let inv=1f/red[0]; for(var k=l;k<P.S;k+=64u){ Sc[base+k]*=inv; } }`,
  `${HEAD} @group(0) @binding(0) var<storage,read> Sc:array<f32>; @group(0) @binding(1) var<storage,read> V:array<vec4f>; @group(0) @binding(2) var<storage,read_write> O:array<vec4f>; @group(0) @binding(3) var<uniform> P:Par;
 @compute @workgroup_size(16,4) fn main(@builtin(global_invocation_id) g:vec3u){ let q=g.y; let d=g.x; let sb=(g.z*P.S+q)*P.S; let vb=g.z*P.S*16u; var a=vec4f(); for(var k=0u;k<P.S;k++){ a+=Sc[sb+k]*V[vb+k*16u+d]; } O[(g.z*P.S+q)*16u+d]=a; }`,
];

/** The score, and the score with a soft-cap of `c`: c tanh(s / c), spelled without a built-in that drivers get wrong. */
const SCORE = "s*P.scale";
const capped = (c: number): string => `${c}.0 - ${2 * c}.0/(exp(${SCORE}*${2 / c}) + 1.0)`;

/** The three kernels as a plan; `softCap` is a whole number, or null. Q_LEN = KV_LEN, a multiple of eight, and D = 64. */
export function naivePlan(problem: Problem, softCap: number | null = null): Plan {
  const s = problem.qLen;
  if (s !== problem.kvLen || s % 8 !== 0 || problem.qkHeadDim !== 64 || problem.vHeadDim !== 64 || problem.kvHeads !== problem.qHeads)
    throw new Error("the textbook kernels take square problems of D = 64 and a length that is a multiple of eight");
  const params = packParams([
    [
      { name: "S", type: "u32", value: s },
      { name: "scale", type: "f32", value: problem.scale },
      { name: "maxb", type: "u32", value: 0 },
      { name: "pad", type: "u32", value: 0 },
    ],
  ]);
  const kernel = (
    pass: KernelPlan["pass"],
    wgsl: string,
    bindings: KernelPlan["bindings"],
    grid: readonly [number, number, number],
  ): KernelPlan => ({
    pass,
    name: `naive ${pass}`,
    wgsl,
    bindings,
    workgroups: grid,
    slices: [{ workgroups: grid, paramsOffset: 0 }],
  });
  const read = (name: string, buffer: string) => ({ name, kind: "storage-read", buffer }) as const;
  const write = (name: string, buffer: string) => ({ name, kind: "storage-write", buffer }) as const;
  const par = { name: "P", kind: "uniform", buffer: "params" } as const;
  const [scores, softmax, output] = NAIVE_KERNELS;
  const scored = softCap === null ? scores : scores.replace(SCORE, () => capped(softCap));
  return {
    engine: "materialized",
    tile: "one output a thread",
    problem,
    kernels: [
      kernel("scores", scored, [read("Q", "q"), read("K", "k"), write("Sc", "scores"), par], [s / 8, s / 8, problem.qHeads]),
      kernel("softmax", softmax, [write("Sc", "scores"), par], [s, problem.qHeads, 1]),
      kernel("output", output, [read("Sc", "scores"), read("V", "v"), write("O", "out"), par], [1, s / 4, problem.qHeads]),
    ],
    buffers: [
      ...tensorBuffers(problem),
      { name: "scores", byteLength: 4 * problem.qHeads * s * s, role: "scratch", usage: "storage", data: null },
      dataBuffer("params", "uniform", params),
    ],
    notes: [],
  };
}
