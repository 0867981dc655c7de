/**
 * Causal attention as one writes it by hand, made from the kernel's own text: what the walk over block lists is measured
 * against. Taken from the text and not written anew, so that nothing but the walk differs.
 */
import type { Plan } from "../../kernels/flash/plan.ts";

/** Query rows of a workgroup, as the kernel's text has it. */
export function blockMOf(plan: Plan): number {
  const found = /const BLOCK_M = (\d+)u;/.exec(plan.kernels[0]?.wgsl ?? "");
  if (found?.[1] === undefined) throw new Error("the kernel has no BLOCK_M");
  return Number(found[1]);
}

/** `text` with `from` replaced once; throws where it is not there, so that a changed template does not go unseen. */
function replaced(text: string, from: string | RegExp, to: string): string {
  const out = text.replace(from, () => to);
  if (out === text) throw new Error(`the kernel's text has no ${String(from)}`);
  return out;
}

/**
 * The causal kernel as one writes it by hand: the same steps, but the walk over runs is two loops with bounds computed
 * from the tile's position: keys before the diagonal without a mask, the tile on it with one.
 */
export function byHand(plan: Plan): Plan {
  const [kernel, ...rest] = plan.kernels;
  if (kernel === undefined || rest.length > 0) throw new Error("one kernel");
  const runs = kernel.bindings.findIndex((b) => b.name === "runs");
  if (runs !== kernel.bindings.length - 1) throw new Error("causal binds nothing after the runs");
  let wgsl = replaced(
    kernel.wgsl,
    /let mask_head = [\s\S]*?run\.key < run\.end;\) \{\n *let key = run\.key;/,
    `let diagonal = q_tile * BLOCK_M;
  for (var key = 0u; key < min(diagonal, params.KV_LEN); key += BLOCK_N) {`,
  );
  wgsl = replaced(
    wgsl,
    /for \(var run = [^{]*row_end\); run\.key < run\.end;\) \{\n *let key = run\.key;/,
    "for (var key = diagonal; key < min(diagonal + BLOCK_M, params.KV_LEN); key += BLOCK_N) {",
  );
  for (const last of ["partial_runs", "row_end"])
    wgsl = replaced(wgsl, new RegExp(` *run\\.key \\+= BLOCK_N;\\s*if [^}]*${last}\\);\\s*\\}\\n`), "");
  wgsl = replaced(wgsl, /\/\/ Where a walk over[\s\S]*?\n\}\n\n[\s\S]*?\n\}\n/, "");
  wgsl = replaced(wgsl, /@group\(0\) @binding\(\d+\) var<storage, read> runs: array<u32>;\n/, "");
  return { ...plan, kernels: [{ ...kernel, name: "causal by hand", wgsl, bindings: kernel.bindings.slice(0, runs) }] };
}
