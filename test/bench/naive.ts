/**
 * Textbook attention, one thread per output, three kernels: what the bars are measured against. Taken over unchanged
 * from the prototype that the project started with (S × S, D = 64, scale 1/8, no mask), so that figures stay
 * comparable over time. Do not improve it.
 */
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
