/**
 * What can go wrong on the GPU's side, as one kind of exception that says the cause and the way out. Compile errors
 * carry the line of WGSL they speak of.
 */

export type GpuErrorKind = "no adapter" | "lost" | "compile" | "out of memory" | "validation";

export interface WgslPlace {
  /** Name of the kernel plan. */
  readonly kernel: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** The line itself. */
  readonly text: string;
}

export class GpuError extends Error {
  override readonly name = "GpuError";
  readonly kind: GpuErrorKind;
  /** Where in the WGSL; null unless `kind` is "compile" and the driver said. */
  readonly place: WgslPlace | null;

  constructor(kind: GpuErrorKind, message: string, place: WgslPlace | null = null) {
    super(message);
    this.kind = kind;
    this.place = place;
  }
}

/** What the device was asked for; where it answers with an exception it is gone, and that is what is thrown. */
export function orLost<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((): never => {
    throw new GpuError("lost", "The GPU device was lost. Run again to open a new one.");
  });
}

/** Runs `work` between error scopes; what the GPU reports inside becomes a GpuError that names `what`. */
export async function scoped<T>(device: GPUDevice, what: string, work: () => T): Promise<T> {
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  let result: { readonly value: T } | { readonly thrown: unknown };
  try {
    result = { value: work() };
  } catch (thrown) {
    result = { thrown };
  }
  // Popped in any case, and before anything is awaited: scopes are a stack that concurrent work shares.
  const [memory, validation] = await orLost(Promise.all([device.popErrorScope(), device.popErrorScope()]));
  if ("thrown" in result) throw result.thrown;
  if (memory !== null) {
    throw new GpuError("out of memory", `The GPU is out of memory for ${what}. Use smaller lengths, fewer heads or a smaller batch.`);
  }
  if (validation !== null) throw new GpuError("validation", `WebGPU refuses ${what}: ${validation.message}`);
  return result.value;
}
