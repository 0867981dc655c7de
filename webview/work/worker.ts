/**
 * The worker's script: takes one job, answers, and is done with. Its content security policy is the page's, so it can
 * compile nothing; the loops that its job runs stand in its own text, before this bundle (offThread.ts). A loop that is
 * missing is asked for, and the page starts the job anew in a worker that has it.
 */
import { useFunctionMaker } from "../../kernels/emit/js.ts";
import { type Input, inSlices, type JobName, stepsOf } from "./jobs.ts";
import { LOOPS, type Loop, type LoopTable, loopKey, type WorkerAnswer } from "./loops.ts";

class MissingLoop extends Error {
  constructor(readonly loop: Loop) {
    super("a loop is missing");
  }
}

const scope = globalThis as unknown as {
  readonly [LOOPS]?: LoopTable;
  postMessage(answer: WorkerAnswer): void;
  onmessage: ((event: MessageEvent<{ readonly job: JobName; readonly input: Input<JobName> }>) => void) | null;
};

useFunctionMaker((params, body) => {
  const loop = scope[LOOPS]?.[loopKey({ params, body })];
  if (loop === undefined) throw new MissingLoop({ params, body });
  return loop;
});

/** Work between two looks at what the page says, milliseconds. */
const SLICE_MS = 20;

/** Turns come one after the other without the wait that nested timers have. */
const turns = new MessageChannel();
let turn: () => void = () => undefined;
turns.port1.onmessage = () => answering(turn);

/** Says what went wrong in a turn: a loop that is missing, or a fault. */
function answering(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof MissingLoop) scope.postMessage({ type: "missing", loop: error.loop });
    else scope.postMessage({ type: "fault", message: error instanceof Error ? error.message : String(error) });
  }
}

const later = (next: () => void): void => {
  turn = next;
  turns.port2.postMessage(null);
};

scope.onmessage = ({ data }) =>
  answering(() =>
    inSlices(
      stepsOf(data.job, data.input),
      SLICE_MS,
      later,
      (output) => scope.postMessage({ type: "done", output }),
      (share) => scope.postMessage({ type: "progress", share }),
    ),
  );
scope.postMessage({ type: "started" });
