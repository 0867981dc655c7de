/**
 * Jobs in a worker: one worker a job, made from the page's own text and ended with the job, so that to give a job up is
 * to end its worker, whatever loop it is in. Where no worker starts (a policy, no memory) jobs run on the page from then
 * on, and the log says so once.
 */
import { type Input, inSlices, type JobName, type Output, stepsOf } from "./jobs.ts";
import { type LoopMemory, loopScript, type WorkerAnswer } from "./loops.ts";

/** How a job ended. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/**
 * Starts `job` and calls `done` later, once; `progress` hears of a long one how much of it is done, 0 to 1. Returns the
 * way to give it up, after which neither is called.
 */
export type OffThread = <J extends JobName>(
  job: J,
  input: Input<J>,
  done: (outcome: Outcome<Output<J>>) => void,
  progress?: (share: number) => void,
) => () => void;

/** What is used of a `Worker`. */
export interface WorkerLike {
  onmessage: ((event: { readonly data: WorkerAnswer }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

export interface OffThreadParts {
  /** Makes a worker whose text is the loops, then the bundle of worker.ts. May throw. */
  readonly spawn: (loops: string) => WorkerLike;
  readonly loops: LoopMemory;
  readonly log: (text: string) => void;
}

/** What a job may take of the page's own thread at a time: with a frame's drawing it stays within 16 ms. */
const PAGE_SLICE_MS = 6;

/** Time between two reports of how far a job is. */
const PROGRESS_MS = 200;

/** A job that asks for so many loops in turn is not worth a worker each time. */
const MOST_STARTS = 12;

export function createOffThread({ spawn, loops, log }: OffThreadParts): OffThread {
  let broken = false;

  const here = <J extends JobName>(
    job: J,
    input: Input<J>,
    done: (outcome: Outcome<Output<J>>) => void,
    progress: (share: number) => void,
  ): (() => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = (turn: () => void): void => {
      timer = setTimeout(() => {
        try {
          turn();
        } catch (error) {
          done({ ok: false, message: messageOf(error) });
        }
      }, 0);
    };
    later(() => inSlices(stepsOf(job, input), PAGE_SLICE_MS, later, (value) => done({ ok: true, value }), progress));
    return () => clearTimeout(timer);
  };

  return (job, input, done, onProgress) => {
    let said = 0;
    const progress = (share: number): void => {
      const now = performance.now();
      if (onProgress === undefined || now - said < PROGRESS_MS) return;
      said = now;
      onProgress(share);
    };
    let stop: () => void = () => undefined;
    const onPage = (why: string): void => {
      log(`A worker could not be used (${why}): long masks are built on the panel's own thread, between its frames, and take longer.`);
      broken = true;
      stop = here(job, input, done, progress);
    };
    const start = (starts: number): void => {
      if (broken || starts > MOST_STARTS) {
        stop = here(job, input, done, progress);
        return;
      }
      let worker: WorkerLike;
      try {
        worker = spawn(loopScript(loops.recent()));
      } catch (error) {
        onPage(messageOf(error));
        return;
      }
      let started = false;
      const end = (): void => {
        worker.onmessage = null;
        worker.onerror = null;
        worker.terminate();
      };
      stop = end;
      worker.onerror = ({ message }) => {
        end();
        if (started) done({ ok: false, message: message ?? "the worker has ended" });
        else onPage(message ?? "its script was refused");
      };
      worker.onmessage = ({ data }) => {
        switch (data.type) {
          case "started":
            started = true;
            return;
          case "progress":
            progress(data.share);
            return;
          case "missing":
            end();
            loops.add(data.loop);
            start(starts + 1);
            return;
          case "done":
            end();
            done({ ok: true, value: data.output as Output<typeof job> });
            return;
          case "fault":
            end();
            done({ ok: false, message: data.message });
            return;
        }
      };
      try {
        worker.postMessage({ job, input });
      } catch (error) {
        end();
        onPage(messageOf(error));
      }
    };
    start(1);
    return () => stop();
  };
}

/** A worker from text alone: what the page's policy allows with `worker-src blob:`. */
export function blobWorker(bundle: string): (loops: string) => WorkerLike {
  return (loops) => {
    const url = URL.createObjectURL(new Blob([loops, bundle], { type: "text/javascript" }));
    try {
      return new Worker(url) as WorkerLike;
    } finally {
      // The worker holds what it loads.
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    }
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
