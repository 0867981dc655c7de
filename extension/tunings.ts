/**
 * What the autotuner found on this machine's devices, kept over workspaces in the extension's global state: a device is
 * the machine's, not the workspace's. The panel finds winners and reads them; the host only keeps them.
 */
import { findTuned, readTuned, readTunings, type Tuned, withoutTuned, withTuned } from "../kernels/flash/tuned.ts";
import type { Memory } from "./results.ts";

export interface TuningStore {
  all(): readonly Tuned[];
  /** Keeps a winner in the place of an older one; what is none is left out. */
  put(tuned: unknown): void;
  forget(device: string, problemClass: string): void;
}

const KEY = "flexlens.tunings";

/** `memory` is read anew each time: another window may have kept something meanwhile. */
export function createTuningStore(memory: Memory): TuningStore {
  const read = () => readTunings(memory.get<unknown>(KEY, null));
  return {
    all: () => read().tuned,
    put(given) {
      const tuned = readTuned(given);
      if (tuned !== null) void memory.update(KEY, withTuned(read(), tuned));
    },
    forget(device, problemClass) {
      const kept = read();
      if (findTuned(kept, device, problemClass) !== null) void memory.update(KEY, withoutTuned(kept, device, problemClass));
    },
  };
}
