/**
 * The structure report of the mask shown, made while nothing else is to be done: a slice of a few milliseconds at a
 * time, given up as soon as the mask is another. A change of the ranks keeps what does not depend on them.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Expr } from "../../kernels/ir/expr.ts";
import type { BlockMask } from "../../kernels/mask/blockMask.ts";
import { type ReportStep, type StructureReport, structureReport } from "../../kernels/mask/report.ts";

/** What is there of the report. */
export interface ReportState {
  /** The last one that was finished, of this mask or of the one before it. */
  readonly report: StructureReport | null;
  /** What is being done; null: nothing, `report` is of this mask and these ranks. */
  readonly step: ReportStep | null;
  /** Why there is none. */
  readonly fault: string | null;
}

export interface ReportWork {
  readonly body: Expr | null;
  readonly mask: BlockMask;
  readonly name: string;
  readonly ranks: number;
}

/** Time of one slice, milliseconds: well within a frame. */
const SLICE_MS = 6;
/** Between two words of what is being done, milliseconds. */
const TELL_MS = 150;

/** A mask that stands for so long is no longer being typed, milliseconds. */
const SETTLED_MS = 300;

/** What a run is driven by; tests put their own clock in. */
export interface Driver {
  now(): number;
  /** Calls `f` when there is time; gives the way to take that back. */
  later(f: () => void): () => void;
}

const IDLE: Driver = {
  now: () => performance.now(),
  later: (f) => {
    const timer = setTimeout(f, 4);
    return () => clearTimeout(timer);
  },
};

/** Makes the report in slices; `tell` hears of each change. Gives the way to give it up, after which `tell` is not called. */
export function runReport(
  { body, mask, name, ranks }: ReportWork,
  known: Pick<StructureReport, "tally" | "reorder"> | null,
  tell: (change: Partial<ReportState>) => void,
  driver: Driver = IDLE,
): () => void {
  const steps = structureReport(body, mask, name, ranks, known);
  let told = Number.NEGATIVE_INFINITY;
  let stop = driver.later(slice);
  function slice(): void {
    const began = driver.now();
    try {
      let step = steps.next();
      while (step.done !== true && driver.now() - began < SLICE_MS) step = steps.next();
      if (step.done === true) {
        tell({ report: step.value, step: null, fault: null });
        return;
      }
      if (began - told >= TELL_MS) {
        told = began;
        tell({ step: step.value, fault: null });
      }
      stop = driver.later(slice);
    } catch (error) {
      tell({ step: null, fault: error instanceof Error ? error.message : String(error) });
    }
  }
  return () => stop();
}

/** The report of `work` while `open`. */
export function useReport({ body, mask, name, ranks }: ReportWork, open: boolean): ReportState {
  const [state, setState] = useState<ReportState>({ report: null, step: null, fault: null });
  const made = useRef<{ readonly mask: BlockMask; readonly report: StructureReport } | null>(null);
  useEffect(() => {
    if (!open) return;
    const known = made.current?.mask === mask && made.current.report.name === name ? made.current.report : null;
    if (known?.shards.ranks === ranks) {
      // The mask was another for a moment, and is the one of the last report again.
      setState((before) => (before.step === null ? before : { report: known, step: null, fault: null }));
      return;
    }
    const tell = (change: Partial<ReportState>): void => {
      if (change.report !== undefined && change.report !== null) made.current = { mask, report: change.report };
      setState((before) => ({ ...before, ...change }));
    };
    // While a mask is being typed its report waits, and the old one is marked.
    const waits = made.current !== null && known === null;
    if (waits) tell({ step: { stage: "block sizes", fraction: 0 }, fault: null });
    let stop: () => void = () => undefined;
    const timer = setTimeout(
      () => {
        stop = runReport({ body, mask, name, ranks }, known, tell);
      },
      waits ? SETTLED_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [body, mask, name, ranks, open]);
  return state;
}
