/**
 * What a plan asks of memory, from its buffers and bindings alone: the bytes it allocates, and the bytes that must move
 * at least once between memory and the GPU. Each kernel reads every buffer it binds for reading once, whole, and writes
 * every one it binds for writing once; one that is bound for writing and was written by an earlier kernel (scores that
 * become weights in place) is read too. Caches decide how much more moves, and a block mask how much less: time over
 * these bytes is a bandwidth to compare kernels by, not what the memory bus sees.
 */
import type { Plan } from "./plan.ts";

/** Bytes. JSON-safe. */
export interface Memory {
  /** Of all buffers: tensors, block lists, captures, scratch. */
  readonly allocated: number;
  /** Read and written, each binding of each kernel once. */
  readonly moved: number;
}

/** The memory that one run of `plan` allocates and moves. */
export function memoryOf(plan: Pick<Plan, "kernels" | "buffers">): Memory {
  const sizes = new Map(plan.buffers.map((b) => [b.name, b.byteLength]));
  const written = new Set<string>();
  let moved = 0;
  for (const kernel of plan.kernels) {
    for (const { buffer, kind } of kernel.bindings) {
      const passes = kind === "storage-write" && written.has(buffer) ? 2 : 1;
      moved += passes * (sizes.get(buffer) ?? 0);
    }
    for (const { buffer, kind } of kernel.bindings) if (kind === "storage-write") written.add(buffer);
  }
  return { allocated: plan.buffers.reduce((sum, b) => sum + b.byteLength, 0), moved };
}
